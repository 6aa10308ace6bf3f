"""A child process that cannot outlive the installer: orphaned, it would go on writing under the next run's hands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# Runs the command between us and it, in a session of its own; ends both, and what they started, as soon as the pipe on its
# standard input closes, which the system does however the installer ended.
_BETWEEN = """
import os, signal, subprocess, sys, threading
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
def follow():
    os.read(0, 1)
    if os.name == "nt":
        child.kill()
        os._exit(9)
    os.killpg(0, signal.SIGKILL)
threading.Thread(target=follow, daemon=True).start()
code = child.wait()
os._exit(code if code >= 0 else 128 - code)
"""


def run(command: Sequence[str], *, settings: Mapping[str, str], log: Path, tick: Callable[[], None]) -> tuple[int, str]:
    """Run to the end, calling `tick` twice a second; the exit code, and the output, which is also appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "a+b") as file:
        file.write(f"\n$ {' '.join(command)}\n".encode())
        file.flush()
        start = file.tell()
        between = [sys.executable, "-I", "-c", _BETWEEN, *command]
        own = sys.platform != "win32"
        # left by an exception, the inner `with` closes the pipe and waits
        with subprocess.Popen(
            between, stdin=subprocess.PIPE, stdout=file, stderr=file, env=settings, start_new_session=own
        ) as process:
            while process.poll() is None:
                tick()
                try:
                    process.wait(timeout=0.5)
                except subprocess.TimeoutExpired:
                    continue
        file.seek(start)
        return process.returncode, file.read().decode(errors="replace")
