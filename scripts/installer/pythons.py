"""Which Python to build an environment from: any usable one on this machine, not only the one that runs this."""

from __future__ import annotations

import json
import os
import re
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
print(json.dumps({"path": getattr(sys, "_base_executable", None) or sys.executable, "prefix": sys.base_prefix,
    "version": sys.version_info[:2], "usable": sys.implementation.name == "cpython" and sys.maxsize > 2**32
    and not sysconfig.get_config_var("Py_GIL_DISABLED") and bool(u.find_spec("_ssl") and u.find_spec("_ctypes"))}))
"""
# Where packages come from and how they are reached is the user's own choice; where they go to, and which, is not.
_KEPT_OF_PIP = re.compile(
    "PIP_(.*INDEX.*|FIND_LINKS|TRUSTED_HOST|.*CERT|PROXY|.*TIMEOUT|RETRIES|KEYRING_PROVIDER|CONFIG_FILE|USE_.*)"
)
_KEPT_OF_UV = re.compile("UV_(.*INDEX.*|FIND_LINKS|INSECURE_HOST|SYSTEM_CERTS|HTTP_.*|KEYRING_PROVIDER|LINK_MODE|CONCURRENT_.*)")


def dotted(version: tuple[int, int]) -> str:
    """(3, 11) -> "3.11"."""
    return f"{version[0]}.{version[1]}"


@dataclass(frozen=True, kw_only=True)
class Python:
    """A CPython that can carry a virtual environment."""

    path: str
    version: tuple[int, int]
    prefix: str

    @property
    def label(self) -> str:
        return f"Python {dotted(self.version)}"


def clean_environment() -> dict[str, str]:
    """This process's environment without what would leak another Python's packages, or another target, into a child."""
    kept = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "__PYVENV_LAUNCHER__")}
    for prefix, wanted in (("PYTHON", None), ("PIP_", _KEPT_OF_PIP), ("UV_", _KEPT_OF_UV)):
        for key in [key for key in kept if key.startswith(prefix) and not (wanted and wanted.fullmatch(key))]:
            del kept[key]
    return {**kept, "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}


def probe(path: str | Path) -> Python | None:
    """What the interpreter says of itself; None when it does not run or cannot serve."""
    command = [str(path), "-I", "-c", _PROBE]
    try:
        run = subprocess.run(command, capture_output=True, timeout=60, env=clean_environment(), stdin=subprocess.DEVNULL)
        answer = json.loads(run.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if not answer["usable"]:
        return None
    return Python(path=answer["path"], version=tuple(answer["version"]), prefix=answer["prefix"])


def _places(versions: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Paths where an interpreter may be, the running one first."""
    yield sys.executable
    yield from filter(None, map(shutil.which, [*(f"python{dotted(version)}" for version in versions), "python3", "python"]))
    home = Path.home()
    executable = "python.exe" if sys.platform == "win32" else "bin/python3"
    for folder in (Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions", home / ".local/share/uv/python"):
        yield from (str(path) for path in sorted(folder.glob(f"*/{executable}"), reverse=True))
    for major, minor in versions:
        if sys.platform == "darwin":
            yield f"/Library/Frameworks/Python.framework/Versions/{major}.{minor}/bin/python3"
            yield f"/opt/homebrew/opt/python@{major}.{minor}/bin/python{major}.{minor}"
        elif sys.platform == "win32":
            yield f"{os.environ.get('LOCALAPPDATA', '')}/Programs/Python/Python{major}{minor}/python.exe"
            yield f"C:/Program Files/Python{major}{minor}/python.exe"
        else:
            yield f"/usr/bin/python{major}.{minor}"
            yield f"/usr/local/bin/python{major}.{minor}"


def find(versions: Sequence[tuple[int, int]]) -> list[Python]:
    """Usable interpreters of these versions, in the given order; as soon as one of the first version is found, no more."""
    found: dict[str, Python] = {}
    for place in dict.fromkeys(_places(versions)):
        if os.path.isfile(place) and (python := probe(place)) and python.version in versions:
            found.setdefault(os.path.realpath(python.path), python)
            if python.version == versions[0]:
                break
    return sorted(found.values(), key=lambda python: list(versions).index(python.version))


def choose_engine_python(asked: str | None) -> Python:
    """The interpreter for the engine: the one asked for, else the best found. Raises Failure when there is none."""
    wanted = ", ".join(dotted(version) for version in sorted(SUPPORTED))
    if asked:
        python = probe(asked)
        if python is None or python.version not in SUPPORTED:
            cause = f"{asked} is not a usable 64-bit CPython {wanted}."
            raise Failure(cause, "Give another interpreter with --python, or leave the option out.", kind="python")
        return python
    found = find(SUPPORTED)
    if not found:
        cause = f"No usable 64-bit CPython ({wanted}) was found on this machine."
        remedy = "Install Python 3.11 (Debian: apt install python3), then run the same command again."
        raise Failure(cause, remedy, kind="python")
    return found[0]
