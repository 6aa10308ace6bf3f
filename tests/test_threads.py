"""Pieces of a computation on threads of their own."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from engine.threads import remembered, side_by_side, threads_on


def test_pieces_run_at_the_same_time_and_come_in_their_order():
    """Three that wait for each other: one after the other they would wait for ever."""
    meeting = threading.Barrier(3, timeout=30)

    def call(piece: int) -> int:
        meeting.wait()
        return -piece

    assert side_by_side(call, range(3), workers=3) == [0, -1, -2]


@pytest.mark.parametrize("inference", [True, False])
def test_pieces_keep_the_inference_mode_of_the_caller(inference):
    """A tensor made in that mode must not be written outside of it, nor one that autograd may meet be made inside."""
    with torch.inference_mode(inference):
        made = side_by_side(lambda _: torch.zeros(1), range(4), workers=2)
    assert [one.is_inference() for one in made] == [inference] * 4


def test_an_error_waits_for_the_pieces_that_compute():
    ended, started = [], threading.Event()

    def call(piece: int) -> None:
        if piece == 0:
            started.wait(30)
            raise MemoryError("no more")
        started.set()
        time.sleep(0.2)
        ended.append(piece)

    with pytest.raises(MemoryError, match="no more"):
        side_by_side(call, range(2), workers=2)
    assert ended == [1]


def test_torch_s_own_threads_are_shared_out_and_left_to_the_caller():
    before = torch.get_num_threads()
    assert side_by_side(lambda _: torch.get_num_threads(), range(2), workers=2, threads=6) == [3, 3]
    assert side_by_side(lambda _: torch.get_num_threads(), range(6), workers=6) == [1] * 6
    assert torch.get_num_threads() == before == threads_on(torch.device("cpu"))


def test_a_queue_of_a_gpu_is_filled_by_one_thread():
    assert threads_on(torch.device("cuda")) == 1
    caller = threading.current_thread()
    assert side_by_side(lambda _: threading.current_thread(), range(3), workers=1) == [caller] * 3


def test_only_what_is_missing_is_computed_and_once():
    cache, asked = {"a": 1}, []
    assert remembered(cache, ["b", "a", "b"], lambda key: asked.append(key) or 2, workers=2) == [2, 1, 2]
    assert asked == ["b"] and cache == {"a": 1, "b": 2}
