"""Where everything that is printed goes: file descriptors 1 and 2, C libraries included, into one capped file.

A file and not a pipe, so that what was printed before a crash is on disk and a print never waits for a reader. The price is
that the cap is kept from outside: whoever calls `Output.trim` often enough (five times a second here) bounds the file.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

CAP = 1 << 20
KEPT = 1 << 18  # bytes kept of the beginning, and as many of the end
FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)


class Unfailing(io.RawIOBase):
    """A raw stream on descriptor `number` that swallows what cannot be written.

    On a full disk a library's progress bar would else raise in the middle of loading a model, and the artist read that the
    model is broken. What the job itself writes still fails, and says why.
    """

    def __init__(self, number: int) -> None:
        self._number = number

    @property
    def name(self) -> int:
        return self._number

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def write(self, data: ReadableBuffer, /) -> int:
        with suppress(OSError):
            os.write(self._number, data)
        return memoryview(data).nbytes


def make_prints_unfailing() -> None:
    """Put unfailing, unbuffered streams in the place of sys.stdout and sys.stderr, before any library keeps hold of those."""
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(Unfailing(number), encoding="utf-8", errors="backslashreplace", write_through=True) for number in (1, 2)
    )


class Output:
    """What descriptors 1 and 2 point at. The lock keeps `trim` from cutting a file that is just being exchanged."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def to(self, path: Path) -> Iterator[None]:
        """Let everything printed inside go to a fresh file at `path`; where it cannot be opened, to where it went before."""
        try:
            log = os.open(path, FLAGS | os.O_TRUNC, 0o600)
        except OSError as error:
            print(f"{path} cannot be opened ({error}): this log goes on here.", file=sys.stderr)
            yield
            return
        before = [os.dup(number) for number in (1, 2)]
        try:
            self._point(log, log)
            os.close(log)
            yield
        finally:
            self.trim()
            self._point(*before)
            for number in before:
                os.close(number)

    def _point(self, out: int, err: int) -> None:
        with self._lock:
            os.dup2(out, 1)
            os.dup2(err, 2)

    def trim(self) -> None:
        """Cut the file behind descriptor 2 down to its beginning and its end, if it has grown beyond the cap."""
        with self._lock:
            status = os.fstat(2)
            if stat.S_ISREG(status.st_mode) and status.st_size > CAP:
                cut(2, status.st_size)


def cut(number: int, size: int) -> None:
    """Keep KEPT bytes of the beginning and of the end of the file behind descriptor `number`, which has `size`."""
    os.lseek(number, size - KEPT, os.SEEK_SET)  # moves no writer: all of them append
    try:
        end = os.read(number, KEPT)
    except OSError:  # somebody's own redirection, open for writing only: the beginning has to do
        end = b""
    os.ftruncate(number, KEPT)
    with suppress(OSError):  # a full disk: the beginning is kept, and room was just made
        os.write(number, b"\n[... %d bytes left out ...]\n" % (size - 2 * KEPT) + end)


def log_traceback(error: BaseException) -> None:
    """The full story of `error`, into whichever log is open."""
    with suppress(OSError):  # on a full disk: the message to the artist says so
        os.write(2, "".join(traceback.format_exception(error)).encode(errors="backslashreplace"))
