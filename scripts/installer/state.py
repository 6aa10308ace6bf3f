"""Where things lie under the root, what has been done there, and the lock that keeps a second installer out."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import IO

from .console import Failure

FORMAT = 1
ENGINE = "engine-env"


class Layout:
    """The folders of one installation. Names are short: on Windows a path may not exceed 260 characters."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.engine, self.models, self.cache, self.logs = (root / name for name in (ENGINE, "models", "cache", "logs"))
        self.state, self.lock = root / "state.json", root / "install.lock"

    def environment(self, name: str) -> Path:
        """The virtual environment of that name (`engine-env`, `blender-4.2`, ...)."""
        return self.root / name


class State:
    """`state.json`: what was begun and what was finished. Written whole after each change, by rename.

    A missing or unreadable file means that nothing is known; every step then looks at the disk itself.
    """

    def __init__(self, layout: Layout) -> None:
        self._path = layout.state
        self.made: list[str] = []  # names under the root that this installer created
        self.begun: str | None = None  # the step that was running when the file was last written
        self.facts: dict[str, str] = {}  # device, torch_build, engine_python
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if isinstance(stored, dict) and stored.get("format") == FORMAT:
            self.made, self.begun, self.facts = stored["made"], stored["begun"], stored["facts"]

    @property
    def known(self) -> bool:
        """Has an installer ever worked under this root?"""
        return self._path.is_file()

    def begin(self, step: str, *, makes: str) -> None:
        self.begun = step
        if makes not in self.made:
            self.made.append(makes)
        self._save()

    def finish(self, **facts: str) -> None:
        self.begun = None
        self.facts.update(facts)
        self._save()

    def _save(self) -> None:
        stored = {"format": FORMAT, "made": self.made, "begun": self.begun, "facts": self.facts}
        partial = self._path.with_suffix(".part")
        with open(partial, "w", encoding="utf-8") as file:
            json.dump(stored, file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self._path)


class InstallLock:
    """Only one installer per root. The operating system frees the lock when its holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = open(self._path, "a+", encoding="utf-8")
        deadline = time.monotonic() + 2.0  # a predecessor that is being ended needs a moment
        while not _try_lock(self._file):
            if time.monotonic() > deadline:
                self._file.seek(1)  # the first byte is the one that is locked; Windows refuses to read it
                holder = self._file.read().strip() or "unknown"
                self._file.close()
                cause = f"Another installer is at work on this folder (process {holder})."
                raise Failure(cause, "Wait until it has finished, or end that process, then try again.", kind="busy")
            time.sleep(0.1)
        self._file.truncate(0)
        self._file.write(f" {os.getpid()}\n")
        self._file.flush()

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _try_lock(file: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def existing_parent(path: Path) -> Path:
    """The nearest folder above (or at) `path` that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def writable(folder: Path) -> bool:
    """Can files be made in the folder, or in the nearest parent that exists?

    `os.access` tells the truth on POSIX; on Windows it looks only at the read-only flag, so there a file is tried.
    """
    folder = existing_parent(folder)
    if sys.platform != "win32":
        return os.access(folder, os.W_OK | os.X_OK)
    trial = folder / f".stochsync-{os.getpid()}"
    try:
        trial.touch()
        trial.unlink()
    except OSError:
        return False
    return True


def default_root(checkout: Path) -> Path:
    """`<checkout>/.stochsync` where that can be written, else the user's own data folder."""
    if (checkout / "pyproject.toml").is_file() and writable(checkout):
        return checkout / ".stochsync"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "stochsync"
