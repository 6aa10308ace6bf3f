"""The fold behind the panel: progress never falls, strangers change nothing, an end is an end."""
from __future__ import annotations

import random

import pytest
from stochsync.engine.protocol.errors import EngineUnavailable
from stochsync.engine.protocol.messages import STARTING, Failed, Heartbeat, Preview, Progress, Result
from stochsync.stochsync_addon.job_state import SPANS, JobState, begin, fail, fold, report, time_left


def progress(phase: str, step: int = 0, total: int = 1, eta: float = -1.0, job: str = "a") -> Progress:
    return Progress(job=job, phase=phase, step=step, total=total, eta=eta)


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
        state = fold(state, progress(draw.choice([*SPANS, "Downloading x"]), draw.randint(-5, 50), draw.randint(-1, 40)))
        assert before <= state.fraction <= 1.0
    assert state.fraction > 0.9


def test_a_job_runs_through():
    state = begin("a")
    assert (state.status, state.phase, state.fraction, state.active) == ("starting", STARTING, 0.0, True)
    state = folded(progress("Loading the model"), progress("Generating", 30, 60, 42.0), state=state)
    assert (state.status, state.eta, state.phase) == ("running", "about 40 s left", "Generating")
    low, high = SPANS["Generating"]
    assert state.fraction == pytest.approx((low + high) / 2)
    state = folded(Preview(job="a", path="/p.png"), Result(job="a", path="/r.png", warnings=("w",)), state=state)
    assert (state.status, state.fraction, state.preview, state.result) == ("done", 1.0, "/p.png", "/r.png")
    assert state.warnings == ("w",)
    assert state.eta == "" and not state.active


def test_download_counts_in_its_text():
    state = folded(progress("Downloading unet", 250, 1000))
    assert state.phase == "Downloading unet (25 %)" and state.fraction == 0.0


@pytest.mark.parametrize("message", [progress("Generating", 1, 2, job="b"), Result(job="b", path="x"), Heartbeat(busy=True),
                                     Failed(job="b", code="internal", text="t"), Failed(job="", code="protocol", text="t")])
def test_what_belongs_to_another_job_changes_nothing(message):
    state = folded(progress("Generating", 1, 4))
    assert fold(state, message) is state


@pytest.mark.parametrize("end", [Result(job="a", path="x"), Failed(job="a", code="cancelled", text="Cancelled."),
                                 Failed(job="a", code="disk_full", text="Full.", fix="open_log")])
def test_nothing_comes_after_the_end(end):
    state = folded(end)
    late = progress("Generating", 1, 2), Result(job="a", path="late"), Failed(job="a", code="x", text="late")
    assert folded(*late, state=state) is state


def test_cancel_is_no_failure_and_a_failure_keeps_where_it_was():
    assert folded(Failed(job="a", code="cancelled", text="Cancelled.")).status == "cancelled"
    state = folded(progress("Generating", 1, 2, 9.0), Failed(job="a", code="out_of_memory", text="Too big.", fix="lower_size"))
    assert (state.status, state.text, state.fix, state.phase, state.eta) == ("failed", "Too big.", "lower_size", "Generating", "")
    state = fail(begin("a"), EngineUnavailable("No engine."))
    assert (state.status, state.fix, state.active) == ("failed", "install_engine", False)


@pytest.mark.parametrize(("seconds", "text"), [
    (-1.0, ""), (0.0, "a few seconds left"), (12.4, "about 10 s left"), (41.0, "about 40 s left"), (89.0, "about 90 s left"),
    (100.0, "about 2 min left"), (3000.0, "about 50 min left"), (9000.0, "about 2 h left")])
def test_time_left(seconds, text):
    assert time_left(seconds) == text


def test_report_holds_what_a_bug_report_needs():
    state = folded(progress("Generating", 1, 2), Failed(job="a", code="internal", text="It failed."))
    text = report(state, folder="/jobs/a", log="Traceback\nKeyError\n", versions={"Blender": "4.2.3", "System": "Linux"})
    for part in ("StochSync 0.", "Blender 4.2.3", "System Linux", "/jobs/a", "internal", "Generating", "It failed.", "KeyError"):
        assert part in text
