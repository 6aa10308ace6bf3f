"""The states of the engine as the add-on sees it, and every transition between them: one table, which nothing else repeats.

A job is "wanted" while somebody waits for it, and "in hand" while the engine has it. A cancelled job is in hand but no longer
wanted; a job that was ordered meanwhile is wanted but not yet in hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """What there is of the engine, and of a job."""

    STOPPED = "stopped"  # no process
    DEAD = "dead"  # no process, and an error says why
    STARTING = "starting"  # a process that has not said hello
    ORDERED = "ordered"  # the same, and a job is wanted
    READY = "ready"  # it waits for orders
    BUSY = "busy"  # the wanted job is in hand
    CANCELLING = "cancelling"  # the job in hand was cancelled and has not ended
    QUEUED = "queued"  # the same, and another job is wanted


class Event(StrEnum):
    """What happens to it."""

    START = "start"  # a process was started
    HELLO = "hello"  # it answered, with our version of the protocol
    RUN = "run"  # a job was ordered
    END = "ended"  # Result or Failed of the job in hand
    CANCEL = "cancel"  # the wanted job was cancelled
    OVERDUE = "overdue"  # the cancelled job did not end in time: the process was killed
    FAIL = "fail"  # the process ended, fell silent or broke the protocol, or could not be started
    STOP = "stop"  # the process was ended on purpose


TRANSITIONS: Mapping[State, Mapping[Event, State]] = MappingProxyType(
    {
        State.STOPPED: {Event.START: State.STARTING, Event.FAIL: State.DEAD, Event.STOP: State.STOPPED},
        State.DEAD: {Event.START: State.STARTING, Event.FAIL: State.DEAD, Event.STOP: State.STOPPED},
        State.STARTING: {Event.HELLO: State.READY, Event.RUN: State.ORDERED, Event.FAIL: State.DEAD, Event.STOP: State.STOPPED},
        State.ORDERED: {Event.HELLO: State.BUSY, Event.CANCEL: State.STARTING, Event.FAIL: State.DEAD, Event.STOP: State.STOPPED},
        State.READY: {Event.RUN: State.BUSY, Event.FAIL: State.DEAD, Event.STOP: State.STOPPED},
        State.BUSY: {Event.END: State.READY, Event.CANCEL: State.CANCELLING, Event.FAIL: State.DEAD, Event.STOP: State.STOPPED},
        State.CANCELLING: {
            Event.END: State.READY,
            Event.RUN: State.QUEUED,
            Event.OVERDUE: State.STOPPED,
            Event.FAIL: State.DEAD,
            Event.STOP: State.STOPPED,
        },
        # The job that waits is not to blame for the one before it: it gets a fresh process.
        State.QUEUED: {
            Event.END: State.BUSY,
            Event.CANCEL: State.CANCELLING,
            Event.OVERDUE: State.ORDERED,
            Event.FAIL: State.ORDERED,
            Event.STOP: State.STOPPED,
        },
    }
)

WITHOUT_PROCESS = frozenset({State.STOPPED, State.DEAD})
SILENT = frozenset({State.STARTING, State.ORDERED})
"""A process that has not said hello: nothing can be sent to it."""
WANTED = frozenset({State.ORDERED, State.BUSY, State.QUEUED})
"""Somebody waits for a job."""
UNWANTED = frozenset({State.CANCELLING, State.QUEUED})
"""The job in hand was cancelled."""


def after(state: State, event: Event) -> State:
    """The state after `event` in `state`; ValueError for what the table does not allow, which is a defect of the caller."""
    if event not in TRANSITIONS[state]:
        raise ValueError(f"{event} cannot happen while the engine is {state}")
    return TRANSITIONS[state][event]


def diagram() -> str:
    """The table as a Mermaid diagram. Left out: `stop`, which leads from everywhere to stopped."""
    arrows: dict[tuple[State, State], list[Event]] = {}
    for state, events in TRANSITIONS.items():
        for event, target in events.items():
            if event is not Event.STOP:
                arrows.setdefault((state, target), []).append(event)
    lines = [f"    {state} --> {target}: {', '.join(events)}" for (state, target), events in arrows.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.STOPPED}", *lines]) + "\n"
