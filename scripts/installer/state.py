"""Where things lie under the root, what has been done there, and the lock that keeps a second installer out."""
from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .console import Failure

FORMAT = 1
ENGINE = "engine-env"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The folders of one installation. Names are short: on Windows a path may not exceed 260 characters."""

    root: Path

    @property
    def engine(self) -> Path:
        return self.root / ENGINE

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def state(self) -> Path:
        return self.root / "state.json"

    @property
    def lock(self) -> Path:
        return self.root / "install.lock"

    def environment(self, name: str) -> Path:
        """The virtual environment of that name (`engine-env`, `blender-4.2`, ...)."""
        return self.root / name


class State:
    """`state.json`: what was begun and what was finished. Written whole after each change, by rename.

    A missing or unreadable file means that nothing is known; every stage then looks at the disk itself.
    """

    def __init__(self, layout: Layout) -> None:
        self._path = layout.state
        self.made: list[str] = []  # names under the root that this installer created
        self.begun: str | None = None  # the stage that was running when the file was last written
        self.facts: dict[str, str] = {}  # device, torch_build, engine_python, ...
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if isinstance(stored, dict) and stored.get("format") == FORMAT:
            self.made = [str(name) for name in stored.get("made", [])]
            self.begun = stored.get("begun")
            self.facts = {str(key): str(value) for key, value in stored.get("facts", {}).items()}

    @property
    def known(self) -> bool:
        """Has an installer ever worked under this root?"""
        return self._path.is_file()

    def begin(self, stage: str, *, makes: str | None = None) -> None:
        self.begun = stage
        if makes and makes not in self.made:
            self.made.append(makes)
        self.save()

    def finish(self, **facts: str) -> None:
        self.begun = None
        self.facts.update(facts)
        self.save()

    def save(self) -> None:
        text = json.dumps(
            {"format": FORMAT, "made": self.made, "begun": self.begun, "facts": self.facts}, indent=1, ensure_ascii=False
        )
        partial = self._path.with_suffix(".part")
        with open(partial, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self._path)


class InstallLock:
    """Only one installer per root. The operating system frees the lock when its holder dies, however it dies."""

    def __init__(self, path: Path, *, patience: float = 2.0) -> None:
        """patience: seconds to wait for a dying predecessor's last child."""
        self._path = path
        self._patience = patience
        self._file: IO[str] | None = None

    def __enter__(self) -> InstallLock:
        file = open(self._path, "a+", encoding="utf-8")
        deadline = time.monotonic() + self._patience
        while not _try_lock(file):
            if time.monotonic() > deadline:
                file.seek(1)  # the first byte is the one that is locked; Windows refuses to read it
                holder = file.read().strip() or "unknown"
                file.close()
                raise Failure(
                    f"Another installer is at work on this folder (process {holder}).",
                    "Wait until it has finished, or end that process, then try again.",
                    kind="busy",
                )
            time.sleep(0.1)
        file.truncate(0)
        file.write(f" {os.getpid()}\n")
        file.flush()
        self._file = file
        return self

    def __exit__(self, *_: object) -> None:
        assert self._file is not None
        self._file.close()
        self._file = None


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[str]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def existing_parent(path: Path) -> Path:
    """The nearest folder above (or at) `path` that exists."""
    while not path.exists():
        path = path.parent
    return path


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
