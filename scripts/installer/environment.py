"""Virtual environments: looked at, and mended after an installation that was killed half-way."""

from __future__ import annotations

import csv
import os
import re
import shutil
import sys
from pathlib import Path

from .console import Failure
from .locks import normalise
from .pythons import Python, clean_environment, probe
from .state import Layout


def python_of(env: Path) -> Path:
    """The environment's interpreter."""
    return env / "Scripts" / "python.exe" if sys.platform == "win32" else env / "bin" / "python"


def site_packages(env: Path) -> Path:
    """Where the environment's packages lie; the folder need not exist yet."""
    if sys.platform == "win32":
        return env / "Lib" / "site-packages"
    return next(iter(sorted(env.glob("lib/python3.*/site-packages"))), env / "lib" / "site-packages")


def interpreter(env: Path) -> Python | None:
    """The environment's Python, as it says of itself; None when it does not work."""
    return probe(python_of(env)) if (env / "pyvenv.cfg").is_file() else None


def refuse_foreign(env: Path) -> None:
    """Raises Failure when something lies where the environment belongs that is neither one, whole or half-made."""
    unknown = env.is_dir() and not (env / "pyvenv.cfg").is_file() and any(env.iterdir())
    if unknown or env.is_symlink() or (env.exists() and not env.is_dir()):
        cause = f"{env} exists and is not a virtual environment of this installer."
        raise Failure(cause, "Move it away, or choose another folder with --root.", kind="occupied")


def clear(env: Path) -> None:
    """Leave an empty folder with the mark of an environment in it: cut off at any moment, it is known to be ours."""
    env.mkdir(exist_ok=True)
    (env / "pyvenv.cfg").touch()
    for entry in env.iterdir():
        if entry.name != "pyvenv.cfg":
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def installed(env: Path) -> dict[str, str]:
    """Normalised name -> version of every package that the environment's folder lists."""
    pairs = (folder.name.removesuffix(".dist-info").split("-", 1) for folder in site_packages(env).glob("*.dist-info"))
    return {normalise(pair[0]): pair[1] for pair in pairs if len(pair) == 2}


def torch_kind(env: Path) -> str | None:
    """cpu, cuda or rocm, read from the installed torch's version file; None when there is none."""
    try:
        text = (site_packages(env) / "torch" / "version.py").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"^(hip|cuda)\b.*=\s*'", text, re.MULTILINE)
    return {"hip": "rocm", "cuda": "cuda"}[found[1]] if found else "cpu"


def mend(env: Path) -> list[str]:
    """Take every package that is not whole off the list, so that uv installs it again; their names.

    uv takes a package for installed as soon as its dist-info folder lies there, and a kill can come at any moment; so each
    file is compared with the size that RECORD gives it.
    """
    site = site_packages(env)
    broken = [info for info in site.glob("*.dist-info") if not _whole(site, info)]
    for info in broken:
        shutil.rmtree(info)
    return [info.name.partition("-")[0] for info in broken]


def _whole(site: Path, info: Path) -> bool:
    try:
        with open(info / "RECORD", encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        sizes = [(row[0], int(row[2])) for row in rows if len(row) == 3 and row[2]]
        return bool(sizes) and all(os.stat(site / name).st_size == size for name, size in sizes)
    except (OSError, ValueError):
        return False


def for_children(layout: Layout) -> dict[str, str]:
    """Variables of what is run in the environments: every cache under the one root, so that no other folder grows."""
    return {
        **clean_environment(),
        "STOCHSYNC_ROOT": str(layout.root),
        "STOCHSYNC_ENGINE_PYTHON": str(python_of(layout.engine)),
        "HF_HOME": str(layout.models),
        "TORCH_HOME": str(layout.cache / "torch"),
        "XDG_CACHE_HOME": str(layout.cache),
    }
