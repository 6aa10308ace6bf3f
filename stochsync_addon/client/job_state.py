"""What the panel shows of a job: messages folded into one immutable state. No bpy, no clock, no files.

Words are made of it at the very end: `translate` turns an English template into one of another language.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ...engine.protocol import VERSION
from ...engine.protocol.errors import Cancelled, EngineError, error_of
from ...engine.protocol.messages import Failed, Message, Notice, Phase, Preview, Progress, Result
from ...engine.protocol.wording import PHASES, Fact, facts_of, fill

SPANS = {
    Phase.STARTING: (0.0, 0.02),
    Phase.LOADING: (0.02, 0.05),
    Phase.PREPARING: (0.05, 0.08),
    Phase.GENERATING: (0.08, 0.96),
    Phase.FILLING: (0.96, 0.98),
    Phase.WRITING: (0.98, 1.0),
}
"""Which part of the bar each phase fills. One that is not here (a download) leaves the bar and counts for itself."""

SHARE_OF_PHASE = "{phase} ({percent} %)"
SECONDS_LEFT = "a few seconds left"
TIMES_LEFT: tuple[tuple[float, int, int, str], ...] = (
    (90, 5, 1, "about {count} s left"),
    (5400, 60, 60, "about {count} min left"),
    (math.inf, 3600, 3600, "about {count} h left"),
)
"""Below so many seconds: rounded to so many, told in units of so many, in these words. Coarse enough not to flicker."""


@dataclass(frozen=True, kw_only=True)
class JobState:
    """One job as the panel draws it. `fraction` 0..1 of all never falls; `share` 0..1 is that of the phase."""

    status: str = "idle"  # "idle" | "starting" | "running" | "done" | "failed" | "cancelled"
    job: str = ""
    phase: Phase | None = None
    detail: str = ""  # the file that is downloaded
    fraction: float = 0.0
    share: float = 0.0
    eta: float = -1.0  # seconds; -1: nobody can tell
    memory: int = 0  # peak bytes; 0: not known
    preview: str = ""  # path of a picture of the unfinished canvas
    result: str = ""  # path of the finished picture
    notices: tuple[Notice, ...] = ()
    code: str = ""  # what went wrong: a code of the error table, and its facts
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Whether there is something to wait for."""
        return self.status in ("starting", "running")

    @property
    def error(self) -> EngineError | None:
        """What went wrong, with its English text and its fix; None where nothing did."""
        return error_of(self.code, self.facts) if self.code else None


def begin(job: str) -> JobState:
    """The state of a job that was just ordered."""
    return JobState(status="starting", job=job, phase=Phase.STARTING)


def fold(state: JobState, message: Message) -> JobState:
    """`state` after `message`. What belongs to another job, or comes after the end, changes nothing."""
    if not state.active or getattr(message, "job", None) != state.job:
        return state
    match message:
        case Progress(phase=phase, step=step, total=total):
            fraction = max(state.fraction, fraction_at(phase, step, total, state.fraction))
            return replace(
                state,
                status="running",
                phase=phase,
                detail=message.detail,
                fraction=fraction,
                share=share(step, total),
                eta=message.eta,
                memory=max(state.memory, message.memory),
            )
        case Preview(path=path):
            return replace(state, status="running", preview=path)
        case Result(path=path, notices=notices):
            return replace(state, status="done", phase=None, detail="", fraction=1.0, eta=-1.0, result=path, notices=notices)
        case Failed():
            return fail(state, message.error)
    return state


def fail(state: JobState, error: EngineError) -> JobState:
    """`state` after `error`, of the engine or of this side: it could not be started, the result not be read."""
    status = "cancelled" if isinstance(error, Cancelled) else "failed"
    return replace(state, status=status, eta=-1.0, code=error.code, facts=error.facts)


def fraction_at(phase: Phase, step: int, total: int, otherwise: float) -> float:
    """Where the bar stands at `step` of `total` in `phase`, 0..1; `otherwise` for a phase that has no span."""
    if phase not in SPANS:
        return otherwise
    low, high = SPANS[phase]
    return low + (high - low) * share(step, total)


def share(step: int, total: int) -> float:
    """`step` of `total`, 0..1; 0 when there is no total."""
    return min(max(step / total, 0.0), 1.0) if total > 0 else 0.0


def phase_text(state: JobState, translate: Callable[[str], str] = str) -> str:
    """What the job is doing, in words; a phase that has no part of the bar tells its own share."""
    if state.phase is None:
        return ""
    template = PHASES[state.phase]
    text = fill(template, {"detail": state.detail} if facts_of(template) else {}, translate)
    if state.phase in SPANS:
        return text
    return fill(SHARE_OF_PHASE, {"phase": text, "percent": round(100 * state.share)}, translate)


def time_left(seconds: float, translate: Callable[[str], str] = str) -> str:
    """`seconds` in words; "" when not known (below 0)."""
    if seconds < 0:
        return ""
    if seconds < 5:
        return translate(SECONDS_LEFT)
    step, unit, template = next((step, unit, template) for limit, step, unit, template in TIMES_LEFT if seconds < limit)
    return fill(template, {"count": step * round(seconds / step) // unit}, translate)


def report(state: JobState, *, folder: str, log: str, versions: dict[str, str]) -> str:
    """What Copy Report puts on the clipboard, in English. `log`: the last lines of the job's log; `versions`: Blender's, …"""
    lines = [
        f"StochSync {VERSION}",
        *(f"{name} {version}" for name, version in versions.items()),
        f"Job: {folder}",
        f"Status: {state.status} ({state.code or 'no error'}) in phase: {state.phase or 'none'}",
    ]
    lines += [state.error.text] if state.error is not None else []
    lines += [f"Notice: {notice.text}" for notice in state.notices]
    return "\n".join([*lines, "Log:", log.strip() or "(empty)", ""])
