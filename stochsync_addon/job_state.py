"""What the panel shows of a job: messages folded into one immutable state. No bpy, no clock, no files."""
from __future__ import annotations

from dataclasses import dataclass, replace

from ..engine.protocol import VERSION
from ..engine.protocol.errors import Cancelled, EngineError
from ..engine.protocol.messages import STARTING, Failed, Message, Preview, Progress, Result

SPANS = {STARTING: (0.0, 0.02), "Loading the model": (0.02, 0.05), "Preparing the views": (0.05, 0.08),
         "Generating": (0.08, 0.96), "Filling and padding": (0.96, 0.98), "Writing the result": (0.98, 1.0)}
"""Which part of the bar each phase fills. A phase that is not here (a download) counts in its own text."""


@dataclass(frozen=True, kw_only=True)
class JobState:
    """One job as the panel draws it. `fraction` 0..1 never falls; `eta` is "" while nobody can tell."""

    status: str = "idle"  # "idle" | "starting" | "running" | "done" | "failed" | "cancelled"
    job: str = ""
    phase: str = ""
    fraction: float = 0.0
    eta: str = ""
    preview: str = ""  # path of a picture of the unfinished canvas
    result: str = ""  # path of the finished picture
    warnings: tuple[str, ...] = ()
    code: str = ""
    text: str = ""  # what went wrong and what to do
    fix: str = ""  # key of errors.FIXES

    @property
    def active(self) -> bool:
        """Whether there is something to wait for."""
        return self.status in ("starting", "running")


def begin(job: str) -> JobState:
    """The state of a job that was just ordered."""
    return JobState(status="starting", job=job, phase=STARTING)


def fold(state: JobState, message: Message) -> JobState:
    """`state` after `message`. What belongs to another job, or comes after the end, changes nothing."""
    if not state.active or getattr(message, "job", None) != state.job:
        return state
    match message:
        case Progress(phase=phase, step=step, total=total, eta=eta):
            fraction = max(state.fraction, fraction_at(phase, step, total, state.fraction))
            label = phase if phase in SPANS else f"{phase} ({100 * share(step, total):.0f} %)"
            return replace(state, status="running", phase=label, fraction=fraction, eta=time_left(eta))
        case Preview(path=path):
            return replace(state, status="running", preview=path)
        case Result(path=path, warnings=warnings):
            return replace(state, status="done", phase="", fraction=1.0, eta="", result=path, warnings=warnings)
        case Failed(code=code, text=text, fix=fix):
            status = "cancelled" if code == Cancelled.code else "failed"
            return replace(state, status=status, eta="", code=code, text=text, fix=fix)
    return state


def fail(state: JobState, error: EngineError) -> JobState:
    """`state` after `error` on this side: the engine could not be started, the result not be read."""
    return replace(state, status="failed", eta="", code=error.code, text=error.text, fix=error.fix)


def fraction_at(phase: str, step: int, total: int, otherwise: float) -> float:
    """Where the bar stands at `step` of `total` in `phase`, 0..1; `otherwise` for a phase that has no span."""
    if phase not in SPANS:
        return otherwise
    low, high = SPANS[phase]
    return low + (high - low) * share(step, total)


def share(step: int, total: int) -> float:
    """`step` of `total`, 0..1; 0 when there is no total."""
    return min(max(step / total, 0.0), 1.0) if total > 0 else 0.0


def time_left(seconds: float) -> str:
    """`seconds` as the panel says it, coarse enough not to flicker; "" when not known (below 0)."""
    if seconds < 0:
        return ""
    if seconds < 5:
        return "a few seconds left"
    if seconds < 90:
        return f"about {5 * round(seconds / 5)} s left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min left"
    return f"about {round(seconds / 3600)} h left"


def report(state: JobState, *, folder: str, log: str, versions: dict[str, str]) -> str:
    """What Copy Report puts on the clipboard. `log`: the last lines of the job's log; `versions`: Blender's, the system's."""
    lines = [f"StochSync {VERSION}", *(f"{name} {version}" for name, version in versions.items()),
             f"Job: {folder}", f"Status: {state.status} ({state.code or 'no error'}) in phase: {state.phase or 'none'}"]
    lines += [state.text] if state.text else []
    lines += [f"Warning: {warning}" for warning in state.warnings]
    return "\n".join([*lines, "Log:", log.strip() or "(empty)", ""])
