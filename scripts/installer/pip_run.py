"""One run of pip in an environment: progress while it runs, a Failure with cause and remedy when it fails."""
from __future__ import annotations

import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .environment import installed, python_of
from .failures import explain
from .locks import Pin, normalise
from .pythons import clean_environment

# pip ends as soon as this process does, however it ended: its standard input is a pipe that then closes.
_WATCHED_PIP = """
import os, runpy, sys, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(9)), daemon=True).start()
sys.argv[0] = "pip"
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""

_COLLECTING = re.compile(r"^\s*(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9._-]+)")
_BYTES = re.compile(r"^Progress (\d+) of (\d+)")
_DOWNLOAD_SHARE = 0.75  # of a stage's time, as measured on a fast connection; the rest is unpacking

Progress = Callable[[float, str], None]  # fraction of this run 0..1, what is being done


def install(
    env: Path,
    arguments: Sequence[str],
    *,
    pins: Sequence[Pin],
    cache: Path,
    wheels: Path | None,
    log: Path,
    report: Progress,
) -> None:
    """`pip install arguments` into the environment. `pins` is what will be installed, for the progress.

    wheels: a folder to install from without any network. Raises Failure.
    """
    raw = int(installed(env).get("pip", "0").split(".")[0]) >= 25
    options = ["--no-input", "--disable-pip-version-check", "--no-warn-script-location", "--only-binary", ":all:"]
    options += ["--progress-bar", "raw" if raw else "off"]
    options += ["--no-index", "--find-links", str(wheels)] if wheels else []
    _run(env, ["install", *options, *arguments], pins=pins, cache=cache, offline=bool(wheels), log=log, report=report)


def uninstall(env: Path, names: Sequence[str], *, cache: Path, log: Path) -> None:
    """`pip uninstall`, silently. Raises Failure."""
    _run(env, ["uninstall", "-y", *names], pins=(), cache=cache, offline=True, log=log, report=lambda *_: None)


def _run(
    env: Path, arguments: list[str], *, pins: Sequence[Pin], cache: Path, offline: bool, log: Path, report: Progress
) -> None:
    settings = {**clean_environment(), "PIP_CACHE_DIR": str(cache / "pip"), "PYTHONUNBUFFERED": "1"}
    if offline:  # neither the user's index nor a configured folder may add to what was given
        settings = {key: value for key, value in settings.items() if not key.startswith("PIP_")}
        settings.update(PIP_CONFIG_FILE=os.devnull, PIP_NO_CACHE_DIR="1")
    command = [str(python_of(env)), "-I", "-X", "utf8", "-c", _WATCHED_PIP, *arguments]
    log.parent.mkdir(parents=True, exist_ok=True)
    meter = _Meter(env, pins)
    tail: list[str] = []
    with (
        open(log, "a", encoding="utf-8") as file,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=settings,
            text=True, encoding="utf-8", errors="replace", bufsize=1,
        ) as process,
    ):  # fmt: skip
        file.write(f"\n$ {' '.join(command[6:])}\n")
        try:
            for line in _lines(process):
                if line is not None and not _BYTES.match(line):
                    file.write(line)
                    tail = [*tail[-400:], line]
                report(*meter.read(line))
        finally:
            if process.poll() is None:
                process.kill()
        code = process.wait()
    if code != 0:
        raise explain("".join(tail), code=code, log=log)


def _lines(process: subprocess.Popen[str]) -> object:
    """The process's lines as they come, and None each second in which there is none, so that progress goes on."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=1.0)
        except queue.Empty:
            yield None
            continue
        if line is None:
            return
        yield line


class _Meter:
    """How far pip has come: by bytes while it downloads, by finished packages while it unpacks."""

    def __init__(self, env: Path, pins: Sequence[Pin]) -> None:
        self._env = env
        self._pins = {pin.name: pin for pin in pins}
        self._download = max(sum(pin.download for pin in pins), 0.1)
        self._disk = max(sum(pin.disk for pin in pins), 0.1)
        self._before = 0.0  # MB of the packages that came before the current one
        self._current: Pin | None = None
        self._unpacking = False
        self._fraction = 0.0
        self._text = "starting pip"
        self._looked = 0.0

    def read(self, line: str | None) -> tuple[float, str]:
        if line and (match := _COLLECTING.match(line)):
            if self._current:
                self._before += self._current.download
            self._current = self._pins.get(normalise(match[1]))
            self._advance(_DOWNLOAD_SHARE * self._before / self._download, f"looking up {match[1]}")
        elif line and (match := _BYTES.match(line)) and self._current:
            done, total = int(match[1]), max(int(match[2]), 1)
            mb = self._before + self._current.download * done / total
            text = f"downloading {self._current.name} {self._current.version}: {done // 10**6} of {total // 10**6} MB"
            self._advance(_DOWNLOAD_SHARE * mb / self._download, text)
        elif line and line.startswith("Installing collected packages"):
            self._unpacking = True
            self._advance(_DOWNLOAD_SHARE, f"unpacking {len(self._pins)} packages")
        if self._unpacking and time.monotonic() - self._looked > 1.0:
            self._looked = time.monotonic()
            there = installed(self._env)
            mb = sum(pin.disk for pin in self._pins.values() if pin.name in there)
            count = sum(name in there for name in self._pins)
            self._advance(
                _DOWNLOAD_SHARE + (1 - _DOWNLOAD_SHARE) * mb / self._disk, f"unpacked {count} of {len(self._pins)} packages"
            )
        return self._fraction, self._text

    def _advance(self, fraction: float, text: str) -> None:
        self._fraction = max(self._fraction, min(fraction, 1.0))
        self._text = text
