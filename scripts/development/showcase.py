"""--demo: sets the engine up, finds a Blender, and has scripts/demo.py make a texture and a panorama in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from installer.console import Failure
from installer.environment import for_children
from installer.pythons import Python
from installer.setup import Setup
from installer.state import ENGINE, writable

from .blenders import BLENDERS, blender_python

OLDEST = (4, 2)


def run(setup: Setup, checkout: Path, further: list[str]) -> int:
    """Set up and make the demo; `further` goes to demo.py. Raises Failure."""
    blender = blender_on_path()
    wheel = {} if blender else _wheel()
    pythons = setup.prepare((), wheel)
    if setup.options.dry_run:
        return 0
    out = checkout / "demo" if writable(checkout / "demo") else setup.layout.root / "demo"
    script = str(checkout / "scripts" / "demo.py")
    arguments = ["--out", str(out), "--engine", str(pythons[ENGINE]), "--root", str(setup.layout.root), *further]
    if blender:
        setup.console.note(f"Blender: {blender}")
        options = ["--background", "--factory-startup", "--python-exit-code", "3", "--python", script]
        command = [blender, *options, "--", *arguments]
    else:
        (name,) = wheel
        setup.console.note(f"Blender: the bpy {name.removeprefix('blender-')} wheel")
        command = [str(pythons[name]), script, *arguments]
    with tempfile.TemporaryDirectory(prefix="stochsync-demo-") as user:
        link_extension(checkout, Path(user))
        settings = {**for_children(setup.layout), "BLENDER_USER_RESOURCES": user}
        code = subprocess.run(command, env=settings, stdin=subprocess.DEVNULL).returncode
    if code != 0:
        raise Failure(
            f"The demo ended with code {code}; the lines above tell where.",
            "Try --check to see whether the engine is sound.",
            kind="demo",
        )
    return 0


def link_extension(checkout: Path, user: Path) -> None:
    """Make the checkout an installed extension for the Blender whose user folder this is; a copy where links are refused."""
    place = user / "extensions" / "user_default" / "stochsync"
    place.parent.mkdir(parents=True)
    try:
        place.symlink_to(checkout, target_is_directory=True)
    except OSError:  # Windows without developer mode
        place.mkdir()
        for name in ("blender_manifest.toml", "__init__.py"):
            shutil.copy(checkout / name, place)
        for name in ("stochsync_addon", "engine", "scripts"):
            shutil.copytree(checkout / name, place / name)


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


def _wheel() -> dict[str, Python]:
    """The environment for Blender as a Python module, and the Python that it needs."""
    for version in BLENDERS:
        if python := blender_python(version):
            return {f"blender-{version}": python}
    raise Failure(
        "There is no Blender 4.2 or later on PATH, and no Python 3.11 or 3.13 for Blender as a Python module.",
        "Install Blender 4.2 or later, or Python 3.11, then run the same command again.",
        kind="blender",
    )
