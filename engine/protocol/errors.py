"""One tree of errors, to be told apart by `except`. An error is a code of the table (wording_errors.py) and its facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .wording import Fact, Wording, fill, row
from .wording_errors import CLASSES, ERRORS


class EngineError(Exception):
    """Something that the person at the keyboard can act on: `code`, `facts`, and from the table `text` and `fix`.

    `EngineError` itself is never raised: each code belongs to one of its subclasses.
    """

    def __init__(self, code: str, /, **facts: Fact) -> None:
        """ValueError unless `code` is one of this class's, and `facts` are exactly those that its template names."""
        if code not in CLASSES.get(type(self).__name__, {}):
            raise ValueError(f"{type(self).__name__} has no code {code!r}")
        self.code, self.facts = code, facts
        super().__init__(self.text)

    @property
    def wording(self) -> Wording:
        """The row of the table."""
        return row(ERRORS, self.code)

    @property
    def text(self) -> str:
        """What happened and what to do, in English."""
        return self.worded()

    def worded(self, translate: Callable[[str], str] = str) -> str:
        """The same in the language that `translate` turns English templates into."""
        return fill(self.wording.template, self.facts, translate)

    @property
    def fix(self) -> str:
        """Code of the button that helps, a key of FIXES; "" where none does."""
        return self.wording.fix


class InvalidParameter(EngineError, ValueError):
    """A value outside its range, or a key that nothing reads."""


class InvalidJob(EngineError):
    """A job folder that cannot be read, or a result that no longer fits the scene."""


class InvalidMesh(EngineError):
    """A mesh that cannot be textured: no faces, no area, not finite, no UVs."""


class ModelUnavailable(EngineError):
    """No usable copy of a checkpoint could be had."""


class OutOfMemory(EngineError):
    """The job does not fit even in the smallest chunks."""


class DiskFull(EngineError):
    """No room left where results or models go."""


class BadResult(EngineError):
    """The model gave NaN or one flat colour, in fp32 too."""


class EngineUnavailable(EngineError):
    """The engine cannot be started: not installed, broken, or silent."""


class EngineDied(EngineError):
    """The engine process ended or fell silent during a job."""


class ProtocolError(EngineError):
    """A message that is not ours, or from another version."""


class Cancelled(EngineError):
    """The job was cancelled: no failure, but nothing was made."""


class Busy(EngineError):
    """The engine does one job at a time, and one is running."""


class InternalError(EngineError):
    """A defect of ours; the log holds the traceback."""


TREE: Mapping[str, type[EngineError]] = {cls.__name__: cls for cls in EngineError.__subclasses__()}
"""Name -> class, for every name in wording_errors.CLASSES."""


def error_of(code: str, facts: Mapping[str, Fact]) -> EngineError:
    """The error that `code` and `facts`, as they come in a message, stand for; ValueError where they are not of the table."""
    for name, rows in CLASSES.items():
        if code in rows:
            return TREE[name](code, **facts)
    raise ValueError(f"the code {code!r} is not in the table")
