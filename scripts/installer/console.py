"""What the installer says: lines for a person, or one JSON object a line for the add-on."""

from __future__ import annotations

import json
import sys
from typing import TextIO


class Failure(Exception):
    """The installation cannot go on: what happened and what to do, one sentence each.

    `kind` is a stable word for code that decides on it ("network", "no-match", "disk", ...).
    """

    def __init__(self, cause: str, remedy: str, *, kind: str) -> None:
        super().__init__(cause)
        self.cause, self.remedy, self.kind = cause, remedy, kind


class Console:
    """One line per event, flushed at once.

    Text: `[ 42 %] text`. JSON: an object with `kind` in progress (percent, text), note (text), failed (code, cause, remedy)
    and done (text, and whatever facts the caller adds, such as engine_python).
    """

    def __init__(self, style: str = "text", stream: TextIO | None = None) -> None:
        self._json = style == "json"
        self._stream = stream or sys.stdout
        self._last: tuple[int, str] | None = None

    def progress(self, fraction: float, text: str) -> None:
        """Report the share of the whole that is done, 0..1; a repeated line is left out."""
        percent = max(0, min(100, int(fraction * 100)))
        if (percent, text) != self._last:
            self._last = (percent, text)
            self._emit(f"[{percent:3d} %] {text}", kind="progress", percent=percent, text=text)

    def note(self, text: str) -> None:
        self._emit(text, kind="note", text=text)

    def failed(self, failure: Failure) -> None:
        text = f"FAILED: {failure.cause}\nREMEDY: {failure.remedy}"
        self._emit(text, kind="failed", code=failure.kind, cause=failure.cause, remedy=failure.remedy)

    def done(self, text: str, **facts: str) -> None:
        self._emit(text, kind="done", text=text, **facts)

    def _emit(self, line: str, **message: object) -> None:
        self._stream.write((json.dumps(message) if self._json else line) + "\n")
        self._stream.flush()


def megabytes(size: float) -> str:
    """A size in MB as people read it: `850 MB`, `2.7 GB`."""
    return f"{size / 1000:.1f} GB" if size >= 1000 else f"{size:.0f} MB"
