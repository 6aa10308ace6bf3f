"""The client's table of states: every state can be reached and left, nothing is ordered twice, and `stop` always works."""

from __future__ import annotations

import pytest
from stochsync.stochsync_addon.client.states import (
    SILENT,
    TRANSITIONS,
    UNWANTED,
    WANTED,
    WITHOUT_PROCESS,
    Event,
    State,
    after,
    diagram,
)


def reachable(start: State) -> set[State]:
    seen, waiting = set(), [start]
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting += TRANSITIONS[state].values()
    return seen


def test_every_state_is_reached_from_every_other():
    assert set(TRANSITIONS) == set(State)
    assert all(reachable(state) == set(State) for state in State)


def test_a_job_is_ordered_only_where_none_is_wanted():
    for state in State:
        assert (Event.RUN in TRANSITIONS[state]) == (state not in WANTED | WITHOUT_PROCESS)
        assert (Event.CANCEL in TRANSITIONS[state]) == (state in WANTED)


def test_only_a_job_in_hand_ends_and_only_a_cancelled_one_is_overdue():
    for state in State:
        assert (Event.END in TRANSITIONS[state]) == (state in UNWANTED | {State.BUSY})
        assert (Event.OVERDUE in TRANSITIONS[state]) == (state in UNWANTED)
        assert (Event.HELLO in TRANSITIONS[state]) == (state in SILENT)
        assert (Event.START in TRANSITIONS[state]) == (state in WITHOUT_PROCESS)


def test_a_wanted_job_stays_wanted_until_it_ends_is_cancelled_or_fails():
    ends = {Event.END, Event.CANCEL, Event.FAIL, Event.STOP}
    for state in WANTED:
        for event, target in TRANSITIONS[state].items():
            assert event in ends or target in WANTED, (state, event)
    assert TRANSITIONS[State.QUEUED][Event.FAIL] in WANTED, "the job that waits is not to blame"


def test_it_can_always_be_stopped_and_can_always_fail():
    assert {TRANSITIONS[state][Event.STOP] for state in State} == {State.STOPPED}
    assert all(Event.FAIL in TRANSITIONS[state] for state in State)


def test_what_the_table_does_not_allow_is_a_defect():
    with pytest.raises(ValueError, match="hello cannot happen while the engine is busy"):
        after(State.BUSY, Event.HELLO)


def test_the_diagram_shows_every_transition_but_stop():
    lines = diagram().splitlines()
    for state, events in TRANSITIONS.items():
        for event, target in events.items():
            shown = [line.split(": ")[1].split(", ") for line in lines if line.strip().startswith(f"{state} --> {target}:")]
            assert any(event in one for one in shown) == (event is not Event.STOP), (state, event)
