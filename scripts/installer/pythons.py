"""Which Python to build an environment from: any usable one on this machine, not only the one that runs this."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .console import Failure

SUPPORTED = ((3, 11), (3, 13), (3, 12))  # the engine's, in order of preference
_PROBE = """
import json, sys, sysconfig, importlib.util as u
print(json.dumps({
    "path": getattr(sys, "_base_executable", None) or sys.executable, "version": list(sys.version_info[:2]),
    "cpython": sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED"),
    "bits": 64 if sys.maxsize > 2**32 else 32, "venv": u.find_spec("venv") is not None,
    "ensurepip": u.find_spec("ensurepip") is not None, "ssl": u.find_spec("_ssl") is not None,
    "ctypes": u.find_spec("_ctypes") is not None, "prefix": sys.base_prefix}))
"""


def dotted(version: tuple[int, int]) -> str:
    """(3, 11) -> "3.11"."""
    return f"{version[0]}.{version[1]}"


@dataclass(frozen=True, kw_only=True)
class Python:
    """A CPython that can make virtual environments. `ensurepip` is false on a Debian without python3-venv."""

    path: str
    version: tuple[int, int]
    ensurepip: bool
    prefix: str

    @property
    def label(self) -> str:
        return f"Python {dotted(self.version)}"


def clean_environment() -> dict[str, str]:
    """This process's environment without what would leak another Python's packages into a child.

    pip's own settings (index, certificate, proxy, extra wheels) are inherited on purpose; where it would install to
    is not.
    """
    unwanted = {
        "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONPLATLIBDIR", "__PYVENV_LAUNCHER__",
        "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_PYTHON",
        "PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_NO_DEPS", "PIP_DRY_RUN", "PIP_QUIET",
    }  # fmt: skip
    kept = {key: value for key, value in os.environ.items() if key not in unwanted}
    return {**kept, "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}


def probe(path: str) -> Python | None:
    """What the interpreter says of itself; None when it does not run or cannot serve."""
    try:
        run = subprocess.run(
            [path, "-I", "-c", _PROBE], capture_output=True, text=True, timeout=30, env=clean_environment(),
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        answer = json.loads(run.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if not (answer["cpython"] and answer["bits"] == 64 and answer["venv"] and answer["ssl"] and answer["ctypes"]):
        return None
    return Python(
        path=answer["path"], version=tuple(answer["version"]), ensurepip=answer["ensurepip"], prefix=answer["prefix"]
    )


def _places(versions: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Paths where an interpreter may be, the running one first."""
    yield sys.executable
    names = [f"python{dotted(version)}" for version in versions] + ["python3", "python"]
    for name in names:
        if found := shutil.which(name):
            yield found
    home = Path.home()
    folders = [Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions", home / ".local/share/uv/python"]
    suffix = "python.exe" if sys.platform == "win32" else "bin/python3"
    for folder in folders:
        if folder.is_dir():
            yield from (str(path / suffix) for path in sorted(folder.iterdir(), reverse=True))
    for major, minor in versions:
        if sys.platform == "darwin":
            yield f"/Library/Frameworks/Python.framework/Versions/{major}.{minor}/bin/python3"
            yield f"/opt/homebrew/opt/python@{major}.{minor}/bin/python{major}.{minor}"
        elif sys.platform == "win32":
            yield str(Path(os.environ.get("LOCALAPPDATA", "")) / f"Programs/Python/Python{major}{minor}/python.exe")
            yield f"C:/Program Files/Python{major}{minor}/python.exe"
        else:
            yield f"/usr/bin/python{major}.{minor}"
            yield f"/usr/local/bin/python{major}.{minor}"


def find(versions: Sequence[tuple[int, int]]) -> list[Python]:
    """Usable interpreters of these versions, best first: with ensurepip before without, then in the given order."""
    found: dict[str, Python] = {}
    seen: set[str] = set()
    for place in _places(versions):
        if place in seen or not os.path.isfile(place):
            continue
        seen.add(place)
        if (python := probe(place)) and python.version in versions:
            found.setdefault(os.path.realpath(python.path), python)
        if any(python.version == versions[0] and python.ensurepip for python in found.values()):
            break  # nothing better can follow
    return sorted(found.values(), key=lambda python: (not python.ensurepip, list(versions).index(python.version)))


def choose_engine_python(asked: str | None) -> Python:
    """The interpreter for the engine: the one asked for, else the best found. Raises Failure when there is none."""
    wanted = ", ".join(dotted(version) for version in sorted(SUPPORTED))
    if asked:
        python = probe(asked)
        if python is None or python.version not in SUPPORTED:
            raise Failure(
                f"{asked} is not a usable 64-bit CPython {wanted}.",
                "Give another interpreter with --python, or leave the option out.",
                kind="python",
            )
        return python
    found = find(SUPPORTED)
    if not found:
        raise Failure(
            f"No usable 64-bit CPython ({wanted}) was found on this machine.",
            "Install Python 3.11 (Debian: apt install python3 python3-venv), then run the same command again.",
            kind="python",
        )
    return found[0]
