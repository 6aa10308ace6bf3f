"""What has to be done to have an environment, step by step with sizes; looking only, so that --dry-run can tell it."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from .environment import installed, site_packages, version_of
from .locks import Pin, missing, read_lock
from .machine import TORCH, Build
from .pythons import Python

BLENDERS = {"4.2": (3, 11), "5.2": (3, 13)}  # the bpy wheels in use: Blender -> the one Python it exists for


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of an installation. `key` names it in state.json; sizes in MB; `needed` is false when it is done."""

    key: str
    env: str
    what: str  # venv, packages, torch
    title: str
    needed: bool
    lock: Path | None = None
    pins: tuple[Pin, ...] = field(default=())
    download: float = 0.0
    disk: float = 0.0

    @property
    def weight(self) -> float:
        """Its share of the whole time, in MB-like units: a download costs more than the unpacking."""
        return 5.0 + self.download + 0.2 * self.disk


@dataclass(frozen=True, kw_only=True)
class Locks:
    """The folder of lock files; tests put their own in its place. wheels: the --offline folder."""

    folder: Path
    wheels: Path | None = None

    def path(self, name: str) -> Path:
        return self.folder / name

    @property
    def renews_pip(self) -> bool:
        """Offline, the pip that came with Python has to do where the folder holds no newer one."""
        return self.wheels is None or any(self.wheels.glob(f"pip-{read_lock(self.path('pip.txt'))[0].version}-*.whl"))


def plan_engine(root: Path, *, env: str, python: Python, build: Build, locks: Locks, extras: tuple[str, ...],
                torch_build: str | None) -> list[Step]:  # fmt: skip
    """The steps to an engine environment. torch_build: what state.json says was installed, None when unknown."""
    there = installed(root / env)
    steps = _base(root, env=env, python=python, locks=locks, there=there)
    fits = there.get("torch", "").split("+")[0] == TORCH and (torch_build or torch_kind(root / env)) == build.kind
    steps.append(
        Step(
            key=f"{env}/torch", env=env, what="torch", title=f"torch {TORCH} ({build.kind} build)", needed=not fits,
            download=0 if fits else build.download, disk=0 if fits else build.disk,
        )  # fmt: skip
    )
    for name in ("engine", *extras):
        steps.append(_packages(env, locks.path(f"{name}.txt"), there))
    return steps


def plan_blender(root: Path, *, env: str, version: str, python: Python, locks: Locks) -> list[Step]:
    """The steps to an environment with Blender as a Python module."""
    there = installed(root / env)
    steps = _base(root, env=env, python=python, locks=locks, there=there)
    steps.append(_packages(env, locks.path(f"blender-{version}.txt"), there))
    return steps


def _base(root: Path, *, env: str, python: Python, locks: Locks, there: dict[str, str]) -> list[Step]:
    works = version_of(root / env) == python.version
    if not works:
        there.clear()  # the environment will be made anew
    venv = Step(
        key=f"{env}/venv", env=env, what="venv", title=f"virtual environment with {python.label}", needed=not works,
        disk=0 if works else 15,
    )  # fmt: skip
    return [venv, _packages(env, locks.path("pip.txt"), there)] if locks.renews_pip else [venv]


def _packages(env: str, lock: Path, there: dict[str, str]) -> Step:
    pins = read_lock(lock)
    absent = missing(pins, there)
    return Step(
        key=f"{env}/{lock.stem}", env=env, what="packages", title=f"{lock.stem} packages", needed=bool(absent),
        lock=lock, pins=tuple(absent), download=sum(pin.download for pin in absent), disk=sum(pin.disk for pin in absent),
    )  # fmt: skip


def torch_kind(env: Path) -> str | None:
    """cpu, cuda or rocm, read from the installed torch's version file; None when there is none."""
    site = site_packages(env)
    try:
        text = (site / "torch" / "version.py").read_text(encoding="utf-8") if site else ""
    except OSError:
        return None
    if re.search(r"^hip\b.*=\s*'", text, re.MULTILINE):
        return "rocm"
    if re.search(r"^cuda\b.*=\s*'", text, re.MULTILINE):
        return "cuda"
    return "cpu" if text else None
