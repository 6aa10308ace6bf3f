"""What the installer says: lines for a person, or one JSON object a line for the add-on."""
from __future__ import annotations

import json
import sys
from typing import TextIO


class Failure(Exception):
    """The installation cannot go on: what happened and what to do, one sentence each.

    `kind` is a stable word for code that decides on it ("network", "no-match", "disk", ...).
    """

    def __init__(self, cause: str, remedy: str, *, kind: str = "other") -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy
        self.kind = kind


class Console:
    """One line per event, flushed at once.

    Text: `[ 42 %] text`. JSON: an object with `kind` in progress (percent, text), note (text), failed (cause, remedy)
    and done (text, and whatever facts the caller adds, such as engine_python).
    """

    def __init__(self, style: str = "text", stream: TextIO | None = None) -> None:
        self.style = style
        self.stream = stream or sys.stdout
        self._last: tuple[int, str] | None = None

    def progress(self, fraction: float, text: str) -> None:
        """Report the share of the whole that is done, 0..1; a repeated line is left out."""
        percent = max(0, min(100, int(fraction * 100)))
        if (percent, text) == self._last:
            return
        self._last = (percent, text)
        if self.style == "json":
            self._emit({"kind": "progress", "percent": percent, "text": text})
        else:
            self._write(f"[{percent:3d} %] {text}")

    def note(self, text: str) -> None:
        if self.style == "json":
            self._emit({"kind": "note", "text": text})
        else:
            self._write(text)

    def failed(self, failure: Failure) -> None:
        if self.style == "json":
            self._emit({"kind": "failed", "code": failure.kind, "cause": failure.cause, "remedy": failure.remedy})
        else:
            self._write(f"FAILED: {failure.cause}\nREMEDY: {failure.remedy}")

    def done(self, text: str, **facts: str) -> None:
        if self.style == "json":
            self._emit({"kind": "done", "text": text, **facts})
        else:
            self._write(text)

    def _emit(self, message: dict[str, object]) -> None:
        self._write(json.dumps(message))

    def _write(self, line: str) -> None:
        self.stream.write(line + "\n")
        self.stream.flush()


def megabytes(size: float) -> str:
    """A size in MB as people read it: `850 MB`, `2.7 GB`."""
    return f"{size / 1000:.1f} GB" if size >= 1000 else f"{size:.0f} MB"
