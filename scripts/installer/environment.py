"""Virtual environments: made, looked at, and mended after an installation that was killed half-way."""
from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .console import Failure
from .failures import explain_os_error
from .locks import normalise
from .pythons import SUPPORTED, Python, clean_environment, find


def python_of(env: Path) -> Path:
    """The environment's interpreter."""
    return env / "Scripts" / "python.exe" if sys.platform == "win32" else env / "bin" / "python"


def site_packages(env: Path) -> Path | None:
    """Where the environment's packages lie; None when there is no such folder yet."""
    if sys.platform == "win32":
        candidates = [env / "Lib" / "site-packages"]
    else:
        candidates = sorted(env.glob("lib/python3.*/site-packages"))
    return next((folder for folder in candidates if folder.is_dir()), None)


def version_of(env: Path) -> tuple[int, int] | None:
    """The Python version of a working environment with pip in it; None when it does not work."""
    if not (env / "pyvenv.cfg").is_file():
        return None
    code = "import sys, pip; print(*sys.version_info[:2])"
    try:
        run = subprocess.run(
            [str(python_of(env)), "-I", "-c", code], capture_output=True, text=True, timeout=60,
            env=clean_environment(), stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    parts = run.stdout.split()
    return (int(parts[0]), int(parts[1])) if run.returncode == 0 and len(parts) == 2 else None


def refuse_foreign(env: Path) -> None:
    """Raises Failure when something lies where the environment belongs that is neither one, whole or half-made."""
    if env.is_symlink() or (env.exists() and not env.is_dir()):
        foreign = True
    else:
        foreign = env.is_dir() and not (env / "pyvenv.cfg").is_file() and any(env.iterdir())
    if foreign:
        raise Failure(
            f"{env} exists and is not a virtual environment of this installer.",
            "Move it away, or choose another folder with --root.",
            kind="occupied",
        )


def create(env: Path, python: Python, *, wheels: Path | None) -> None:
    """Make the environment anew, pip included, in place of a former one. Raises Failure when pip cannot be had."""
    try:
        if env.exists():
            _remove(env)
    except OSError as error:
        raise explain_os_error(error) from error
    with_pip = [] if python.ensurepip else ["--without-pip"]
    _run([python.path, "-I", "-m", "venv", *with_pip, str(env)], "The virtual environment could not be made")
    if not python.ensurepip:
        _bootstrap_pip(env, wheels)


def _remove(env: Path) -> None:
    """Remove an environment, its mark last: a removal that is cut off must leave something that is known to be ours."""
    for entry in env.iterdir():
        if entry.name == "pyvenv.cfg":
            continue
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    shutil.rmtree(env)


def _bootstrap_pip(env: Path, wheels: Path | None) -> None:
    """pip from a wheel: of the offline folder, or the one that any other Python on this machine carries."""
    folders = [wheels] if wheels else []
    folders.append(Path("/usr/share/python-wheels"))
    for python in find(SUPPORTED):
        folders += [library / "ensurepip" / "_bundled" for library in Path(python.prefix).glob("lib/python3.*")]
    found = [wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"), reverse=True)]
    if not found:
        raise Failure(
            "This Python lacks the module ensurepip, and no other Python on this machine can lend its pip.",
            "Install it (Debian and Ubuntu: apt install python3-venv), then run the same command again.",
            kind="python",
        )
    wheel = found[0]
    command = [str(python_of(env)), "-c", "import runpy,sys; sys.path.insert(0, sys.argv.pop(1)); "
               "sys.argv[0] = 'pip'; runpy.run_module('pip', run_name='__main__', alter_sys=True)", str(wheel)]  # fmt: skip
    _run([*command, "install", "--no-index", "--no-deps", str(wheel)], "pip could not be installed")


def _run(command: list[str], what: str) -> None:
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=300, env=clean_environment(), stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise explain_os_error(error) from error
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{what}: no answer within five minutes.", "Run the same command again.", kind="other") from error
    if run.returncode != 0:
        detail = (run.stderr or run.stdout).strip().splitlines()
        raise explain_os_error(OSError(f"{what}: {detail[-1] if detail else run.returncode}"))


def installed(env: Path) -> dict[str, str]:
    """Normalised name -> version of every package that the environment's folder lists."""
    site = site_packages(env)
    if site is None:
        return {}
    pairs = (folder.name.removesuffix(".dist-info").split("-", 1) for folder in site.glob("*.dist-info"))
    return {normalise(pair[0]): pair[1] for pair in pairs if len(pair) == 2}


def mend(env: Path) -> list[str]:
    """Remove every package that is not whole, so that pip installs it again; their names.

    pip takes a package for installed as soon as its dist-info folder lies there, and writes that before a kill can
    be noticed; so each file is compared with the size that RECORD gives it.
    """
    site = site_packages(env)
    if site is None:
        return []
    broken = []
    for info in site.glob("*.dist-info"):
        record = info / "RECORD"
        if _whole(site, record):
            continue
        broken.append(info.name.removesuffix(".dist-info"))
        shutil.rmtree(info)
    for leftover in site.glob("~*"):  # what pip had set aside while it replaced a package
        shutil.rmtree(leftover, ignore_errors=True)
    return broken


def _whole(site: Path, record: Path) -> bool:
    try:
        with open(record, encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        if not rows or not (record.parent / "METADATA").is_file():
            return False
        return all(os.stat(site / row[0]).st_size == int(row[2]) for row in rows if len(row) == 3 and row[2])
    except (OSError, ValueError):
        return False
