"""Files that readers find whole or not at all, however the writer ends."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .errors import DiskFull
from .exhaustion import is_disk_full


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it: readers see the old file, the new one, or none."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        write(temporary)
        with open(temporary, "rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if is_disk_full(error):
            raise DiskFull("disk_full_file", name=path.name, folder=str(path.parent)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, data: object) -> None:
    """`data` as indented UTF-8 JSON, written atomically."""
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    write_atomically(path, lambda temporary: temporary.write_bytes(text.encode()))


def sweep(folder: Path, pid: int) -> None:
    """Remove the temporary files that process `pid` left in `folder` when it was killed in mid-write."""
    for leftover in folder.glob(f".*.{pid}.*"):
        with suppress(OSError):  # Windows keeps a file until the dying process has let go of it; it is hidden and harmless
            leftover.unlink()
