"""One error tree. Every error says what happened and what to do, in the artist's words."""
from __future__ import annotations

FIXES = {
    "": "",
    "install_engine": "Install Engine",
    "restart_engine": "Restart Engine",
    "allow_online": "Allow Online Access",
    "choose_model": "Choose Another Model",
    "open_preferences": "Open Preferences",
    "free_memory": "Free Memory",
    "lower_size": "Use a Smaller Size",
    "unwrap": "Unwrap the Mesh",
    "select_mesh": "Select a Mesh",
    "open_log": "Open the Log",
}
"""Remedy codes and the label of the button that the panel makes of each; "" makes none."""


class EngineError(Exception):
    """Something an artist can act on. `code` names the kind, `fix` is a key of FIXES."""

    code = "engine"
    default_fix = ""

    def __init__(self, text: str, *, fix: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.fix = self.default_fix if fix is None else fix
        if self.fix not in FIXES:
            raise ValueError(f"unknown fix {self.fix!r}; known: {sorted(FIXES)}")


class InvalidParameter(EngineError, ValueError):
    """A value outside its range, or a key that nothing reads."""

    code = "invalid_parameter"


class InvalidJob(EngineError):
    """A job folder that cannot be read: missing, half-written, or from another version."""

    code = "invalid_job"


class InvalidMesh(EngineError):
    """A mesh that cannot be textured: no faces, no area, not finite, no UVs."""

    code = "invalid_mesh"


class ModelUnavailable(EngineError):
    """No copy of a checkpoint could be had; the text names what was tried."""

    code = "model_unavailable"
    default_fix = "choose_model"


class OutOfMemory(EngineError):
    """The job does not fit even in the smallest chunks."""

    code = "out_of_memory"
    default_fix = "lower_size"


class DiskFull(EngineError):
    """No room left where results or models go."""

    code = "disk_full"


class BadResult(EngineError):
    """The model gave NaN or one flat colour, in fp32 too."""

    code = "bad_result"
    default_fix = "choose_model"


class EngineUnavailable(EngineError):
    """The engine cannot be started: not installed, broken, or silent."""

    code = "engine_unavailable"
    default_fix = "install_engine"


class EngineDied(EngineError):
    """The engine process ended or fell silent during a job."""

    code = "engine_died"
    default_fix = "restart_engine"


class ProtocolError(EngineError):
    """A message that is not ours, or from another version."""

    code = "protocol"
    default_fix = "install_engine"


class Cancelled(EngineError):
    """The artist cancelled: no failure, but nothing was made."""

    code = "cancelled"


class Busy(EngineError):
    """The engine does one job at a time, and one is running."""

    code = "busy"


class InternalError(EngineError):
    """A defect of ours; the log holds the traceback."""

    code = "internal"
    default_fix = "open_log"
