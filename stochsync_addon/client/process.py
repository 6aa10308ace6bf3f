"""The engine as an operating system sees it: its command line, its start and end, its log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ...engine.protocol.environment import ROOT_VARIABLE, library_variables
from ...engine.protocol.wording import Cause

OLD_LOG = 7 * 24 * 3600.0  # seconds

BOOT = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('engine', run_name='__main__', alter_sys=True)"
"""Runs the package `engine` of the folder in argv[1]. Not `-m`: that would need PYTHONPATH (which cannot hold a path with a
colon) or the folder as working directory (which Windows then locks, so that the add-on could not be updated)."""


def engine_command(python: Path, root: Path) -> tuple[str, ...]:
    """The command line of the engine: `python` is its private interpreter, `root` the folder that holds `engine`.

    -I shuts out Blender's PYTHONHOME, PYTHONPATH and the user's site-packages; -B writes nothing beside the sources, which
    may be read-only; -u lets the log keep what was printed before a crash; UTF-8 makes any path and prompt safe.
    """
    python, root = python.absolute(), root.absolute()  # not resolved: a private environment's python may be a link
    return (str(python), "-I", "-B", "-u", "-X", "utf8", "-c", BOOT, str(root), "serve")


def engine_environment(root: Path) -> dict[str, str]:
    """Variables that keep whatever the engine's libraries store under the one folder `root` that the artist chose.

    A root that is set already (by the installer, for its demonstration) goes before.
    """
    return library_variables(Path(os.environ.get(ROOT_VARIABLE) or root.absolute()))


def spawn(command: Sequence[str], log: Path, key: bytes, environment: Mapping[str, str]) -> subprocess.Popen:
    """Start `command` with its output in `log` and the key on the first line of its stdin, which stays open.

    It inherits the environment, less what is meant for Blender's own Python, plus `environment`.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    forget_old_logs(log.parent)
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | getattr(os, "O_BINARY", 0)
    output = os.open(log, flags, 0o600)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            bufsize=0,
            cwd=log.parent,
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | dict(environment),
            # below Blender's own priority, as the engine makes itself elsewhere
            creationflags=subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else 0,
        )
    finally:
        os.close(output)
    try:
        process.stdin.write(key.hex().encode() + b"\n")
    except OSError:  # it ended already (a broken pipe has another name on Windows); poll tells how
        pass
    return process


def forget_old_logs(folder: Path) -> None:
    """Remove the engine logs that nothing wrote to for OLD_LOG seconds: each Blender process has one of its own."""
    for log in folder.glob("engine-*.log"):
        with suppress(OSError):  # another Blender was quicker, or still has it open
            if time.time() - log.stat().st_mtime > OLD_LOG:
                log.unlink()


def wait_for(processes: list[subprocess.Popen], seconds: float) -> list[subprocess.Popen]:
    """Wait up to `seconds` for `processes`; those that still run."""
    end = time.monotonic() + seconds
    while (alive := [process for process in processes if process.poll() is None]) and time.monotonic() < end:
        time.sleep(0.005)
    return alive


def exit_reason(code: int) -> Cause:
    """How a process with exit code `code` ended, as subprocess.Popen gives it: below 0 it is the number of a signal."""
    if code >= 0:
        return Cause("exit_code", code=code)
    if -code in set(signal.Signals):
        return Cause("signal_named", name=signal.Signals(-code).name)
    return Cause("signal", number=-code)


def last_line(log: Path, size: int = 4096) -> str:
    """The last line of `log` that says something, at most 300 characters; "" when there is none."""
    lines = [line.strip() for line in tail(log, size).splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def tail(log: Path, size: int = 4096) -> str:
    """The last `size` bytes of `log` as text, for a report; "" when it cannot be read."""
    try:
        with open(log, "rb") as handle:
            handle.seek(max(0, os.path.getsize(log) - size))
            return handle.read(size).decode(errors="replace")
    except OSError:
        return ""
