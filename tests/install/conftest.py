"""Tiny wheels, lock files and interpreters, so that a whole installation takes seconds and no network."""
from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
SCRIPT = CHECKOUT / "scripts" / "install_deps.py"
sys.path.insert(0, str(CHECKOUT / "scripts"))  # the installer is a script's package, not part of the product
PACKAGES = {"tiny-a": "1.0", "tiny-b": "2.5"}


def make_wheel(folder: Path, name: str, version: str, files: dict[str, bytes]) -> Path:
    """A valid pure wheel: `files` beside its dist-info, with a true RECORD."""
    base = f"{name.replace('-', '_')}-{version}"
    info = f"{base}.dist-info"
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')},{len(data)}\n"
        for path, data in content.items()
    )
    content[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    path = folder / f"{base}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name_inside, data in content.items():
            wheel.writestr(name_inside, data)
    return path


def write_lock(path: Path, pins: dict[str, str]) -> None:
    path.write_text("".join(f"{name}=={version} # 0.1 MB, 0.1 MB on disk\n" for name, version in pins.items()))


@dataclass(frozen=True, kw_only=True)
class World:
    """A folder of wheels, a folder of locks, and a root to install into."""

    wheels: Path
    locks: Path
    root: Path

    @property
    def options(self) -> list[str]:
        return ["--root", str(self.root), "--offline", str(self.wheels), "--locks", str(self.locks), "--device", "cpu"]

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(SCRIPT), *self.options, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, encoding="utf-8", env={**os.environ, **settings},
        )  # fmt: skip

    def run(self, *arguments: str, **settings: str) -> tuple[int, str]:
        """Exit code and everything that was printed."""
        process = self.start(*arguments, **settings)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def make_wheel(self, name: str, version: str, files: dict[str, bytes]) -> None:
        """Put a wheel into the folder, in place of one of the same name and version."""
        make_wheel(self.wheels, name, version, files)

    def module(self, name: str) -> Path:
        """A package's module file in the engine's environment."""
        return next(self.root.glob("engine-env/lib/python3.*/site-packages")) / f"{name}.py"


def make_world(folder: Path) -> World:
    """Three tiny packages (torch is one of them) to install under a root with spaces and non-ASCII letters."""
    wheels, locks = folder / "wheels", folder / "locks"
    wheels.mkdir()
    locks.mkdir()
    for name, version in PACKAGES.items():
        make_wheel(wheels, name, version, {f"{name.replace('-', '_')}.py": b"VALUE = 1\n"})
    make_wheel(wheels, "torch", "2.13.0+cpu", {"torch/__init__.py": b"", "torch/version.py": b"cuda = None\n"})
    write_lock(locks / "engine.txt", PACKAGES)
    write_lock(locks / "pip.txt", {"pip": "99.0"})  # not among the wheels: the environment's own pip must do
    write_lock(locks / "torch-cpu.txt", {"torch": "2.13.0"})
    write_lock(locks / "torch-cuda.txt", {"torch": "2.13.0"})
    return World(wheels=wheels, locks=locks, root=folder / "Mein Ördner 木")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Nothing is installed yet."""
    return make_world(tmp_path)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of one finished installation; what was printed lies beside it in `output`."""
    world = make_world(tmp_path_factory.mktemp("template"))
    (world.root.parent / "output").write_text(world.run()[1], encoding="utf-8")
    return world.root


@pytest.fixture
def installed(world: World, template: Path) -> World:
    """Everything is installed: a copy, since making an environment takes seconds."""
    shutil.copytree(template, world.root, symlinks=True)
    return world


@pytest.fixture
def half(installed: World) -> World:
    """The environment is there, and no package in it."""
    site = installed.module("x").parent
    for path in [*site.glob("tiny*"), *site.glob("torch*")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return installed


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Puts a shell script of the given name in front of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(name: str, body: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return make
