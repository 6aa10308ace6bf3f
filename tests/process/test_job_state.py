"""The fold behind the panel: progress never falls, strangers change nothing, an end is an end."""

from __future__ import annotations

import random

import pytest
from stochsync.engine.protocol.errors import EngineUnavailable
from stochsync.engine.protocol.messages import Failed, Heartbeat, Notice, Phase, Preview, Progress, Result
from stochsync.stochsync_addon.client.job_state import SPANS, JobState, begin, fail, fold, phase_text, report, time_left

FULL = Failed(job="a", code="disk_full")
CANCELLED = Failed(job="a", code="cancelled")


def progress(phase: Phase, step: int = 0, total: int = 1, eta: float = -1.0, job: str = "a", detail: str = "") -> Progress:
    return Progress(job=job, phase=phase, step=step, total=total, eta=eta, detail=detail)


def folded(*messages, state: JobState | None = None) -> JobState:
    state = begin("a") if state is None else state
    for message in messages:
        state = fold(state, message)
    return state


def test_spans_tile_the_bar():
    bounds = list(SPANS.values())
    assert bounds[0][0] == 0.0 and bounds[-1][1] == 1.0
    assert all(before[1] == after[0] for before, after in zip(bounds, bounds[1:], strict=False))


def test_progress_never_falls_whatever_order_messages_come_in():
    draw = random.Random(0)
    state = begin("a")
    for _ in range(2000):
        before = state.fraction
        state = fold(state, progress(draw.choice(list(Phase)), draw.randint(-5, 50), draw.randint(-1, 40)))
        assert before <= state.fraction <= 1.0
    assert state.fraction > 0.9


def test_a_job_runs_through():
    state = begin("a")
    assert (state.status, state.phase, state.fraction, state.active) == ("starting", Phase.STARTING, 0.0, True)
    assert phase_text(state) == "Starting the engine"
    state = folded(progress(Phase.LOADING), progress(Phase.GENERATING, 30, 60, 42.0), state=state)
    assert (state.status, time_left(state.eta), phase_text(state)) == ("running", "about 40 s left", "Generating")
    low, high = SPANS[Phase.GENERATING]
    assert state.fraction == pytest.approx((low + high) / 2)
    notices = (Notice("words_left_out", words="w"),)
    state = folded(Preview(job="a", path="/p.png"), Result(job="a", path="/r.png", notices=notices), state=state)
    assert (state.status, state.fraction, state.preview, state.result) == ("done", 1.0, "/p.png", "/r.png")
    assert state.notices == notices
    assert time_left(state.eta) == "" and not state.active


def test_download_counts_in_its_text():
    state = folded(progress(Phase.DOWNLOADING, 250, 1000, detail="unet"))
    assert phase_text(state) == "Downloading unet (25 %)" and state.fraction == 0.0


def test_words_are_translated_before_the_facts_are_put_in():
    """A file called like a phase keeps its name."""
    german = {"Downloading {detail}": "{detail} wird geladen", "about {count} s left": "noch etwa {count} s"}
    state = folded(progress(Phase.DOWNLOADING, 1, 2, detail="Downloading {detail}"))
    assert phase_text(state, lambda text: german.get(text, text)) == "Downloading {detail} wird geladen (50 %)"
    assert time_left(41.0, lambda text: german.get(text, text)) == "noch etwa 40 s"


@pytest.mark.parametrize(
    "message",
    [
        progress(Phase.GENERATING, 1, 2, job="b"),
        Result(job="b", path="x"),
        Heartbeat(busy=True),
        Failed(job="b", code="no_result"),
        Failed(job="", code="message_unknown"),
    ],
)
def test_what_belongs_to_another_job_changes_nothing(message):
    state = folded(progress(Phase.GENERATING, 1, 4))
    assert fold(state, message) is state


@pytest.mark.parametrize("end", [Result(job="a", path="x"), CANCELLED, FULL])
def test_nothing_comes_after_the_end(end):
    state = folded(end)
    late = progress(Phase.GENERATING, 1, 2), Result(job="a", path="late"), Failed(job="a", code="no_result")
    assert folded(*late, state=state) is state


def test_cancel_is_no_failure_and_a_failure_keeps_where_it_was():
    assert folded(CANCELLED).status == "cancelled"
    state = folded(progress(Phase.GENERATING, 1, 2, 9.0), Failed(job="a", code="out_of_memory"))
    assert (state.status, state.code, state.phase, time_left(state.eta)) == ("failed", "out_of_memory", Phase.GENERATING, "")
    assert (state.error.text, state.error.fix) == (
        "There is not enough memory for this job. Choose a smaller size, or close other programs.",
        "lower_size",
    )
    state = fail(begin("a"), EngineUnavailable("engine_not_installed"))
    assert (state.status, state.error.fix, state.active) == ("failed", "install_engine", False)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1.0, ""),
        (0.0, "a few seconds left"),
        (12.4, "about 10 s left"),
        (41.0, "about 40 s left"),
        (89.0, "about 90 s left"),
        (100.0, "about 2 min left"),
        (3000.0, "about 50 min left"),
        (9000.0, "about 2 h left"),
    ],
)
def test_time_left(seconds, text):
    assert time_left(seconds) == text


def test_report_holds_what_a_bug_report_needs():
    state = folded(
        progress(Phase.GENERATING, 1, 2), Failed(job="a", code="failure_unknown", facts={"type": "KeyError", "reason": "x"})
    )
    text = report(state, folder="/jobs/a", log="Traceback\nKeyError\n", versions={"Blender": "4.2.3", "System": "Linux"})
    for part in (
        "StochSync 0.",
        "Blender 4.2.3",
        "System Linux",
        "/jobs/a",
        "failure_unknown",
        "generating",
        "The engine failed",
        "KeyError",
    ):
        assert part in text
