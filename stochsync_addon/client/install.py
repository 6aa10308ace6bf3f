"""Runs scripts/install_deps.py in a process of its own and reads what it reports, without waiting for it. No bpy.

Its output goes to a file, which is read from time to time: no pipe that could fill up, no thread.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from ...engine.protocol.errors import EngineUnavailable

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "install_deps.py"


class EngineInstall:
    """One run of the installer. Poll it until `running` is false; then `problem` is None or what went wrong."""

    def __init__(self, root: Path, device: str, *, python: str = sys.executable, script: Path = SCRIPT) -> None:
        """Start it. EngineUnavailable when even that fails."""
        self.log = root / "install.log"
        self.percent, self.text = 0, "Starting the installer"
        self.problem: EngineUnavailable | None = None
        self.running = True
        self._read, self._rest = 0, b""
        command = [python, str(script), "--root", str(root), "--device", device, "--progress", "json"]
        environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
        try:
            root.mkdir(parents=True, exist_ok=True)
            with open(self.log, "wb") as log:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    cwd=root,
                    start_new_session=os.name != "nt",
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except OSError as error:
            raise EngineUnavailable("installer_not_started", folder=str(root), reason=str(error.strerror or error)) from error

    def poll(self) -> bool:
        """Read what is new; returns whether anything was."""
        if not self.running:
            return False
        code = self._process.poll()
        with open(self.log, "rb") as log:
            log.seek(self._read)
            new = log.read(1 << 20)
        self._read += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            self._understand(line)
        if code is not None and not new:
            self.running = False
            if code and self.problem is None:
                self.problem = EngineUnavailable("installer_ended", exit_code=code, log=str(self.log))
        return bool(new) or not self.running

    def _understand(self, line: bytes) -> None:
        """Fold one line of the installer's into the state; whatever is not a message is other output of pip or Python."""
        try:
            message = json.loads(line)
        except ValueError:
            return
        match message:
            case {"kind": "progress", "percent": int(percent), "text": str(text)}:
                self.percent, self.text = percent, text
            case {"kind": "failed", "cause": str(cause), "remedy": str(remedy)}:
                self.problem = EngineUnavailable("installer_failed", cause=cause, advice=remedy)

    def stop(self) -> None:
        """End it, and what it started; a later run completes what this one began."""
        if self._process.poll() is None:
            if os.name == "nt":
                subprocess.run(["taskkill", "/F", "/T", "/PID", str(self._process.pid)], check=False, capture_output=True)
            else:
                os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(timeout=10)
        self.running = False
