"""--demo: sets the engine up, finds a Blender, and has scripts/demo.py make a texture and a panorama in it."""
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from .console import Failure
from .plan import BLENDERS
from .prepare import Request, Setup, blender_python, environment
from .state import ENGINE, writable

OLDEST = (4, 2)


def run(setup: Setup, checkout: Path) -> int:
    """Set up and make the demo; the exit code of Blender."""
    blender = blender_on_path()
    version = None if blender else _wheel()
    pythons = setup.prepare(Request(blenders=(version,) if version else ()))
    if setup.options.dry_run:
        return 0
    out = checkout / "demo" if writable(checkout / "demo") else setup.layout.root / "demo"
    script = str(checkout / "scripts" / "demo.py")
    arguments = ["--out", str(out), "--engine", str(pythons[ENGINE])]
    if blender:
        setup.console.note(f"Blender: {blender}")
        options = ["--background", "--factory-startup", "--python-exit-code", "3", "--python", script]
        command = [blender, *options, "--", *arguments]
    else:
        setup.console.note(f"Blender: the bpy {version} wheel")
        command = [str(pythons[f"blender-{version}"]), script, *arguments]
    code = subprocess.run(command, env=environment(setup.layout), stdin=subprocess.DEVNULL).returncode
    if code != 0:
        raise Failure(
            f"The demo ended with code {code}; the lines above tell where.",
            "Try --check to see whether the engine is sound.",
            kind="demo",
        )
    return 0


def blender_on_path() -> str | None:
    """A full Blender that is new enough, or None."""
    path = shutil.which("blender")
    if path is None:
        return None
    try:
        run = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"Blender (\d+)\.(\d+)", run.stdout)
    return path if found and (int(found[1]), int(found[2])) >= OLDEST else None


def _wheel() -> str:
    for version in BLENDERS:
        if blender_python(version):
            return version
    raise Failure(
        "There is no Blender 4.2 or later on PATH, and no Python 3.11 or 3.13 for Blender as a Python module.",
        "Install Blender 4.2 or later, or Python 3.11, then run the same command again.",
        kind="blender",
    )
