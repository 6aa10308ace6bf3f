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
NEVER = "0" * 64  # the hash of no file


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
    path.unlink(missing_ok=True)  # it may share its content with another folder's
    with zipfile.ZipFile(path, "w") as wheel:
        for name_inside, data in content.items():
            member = zipfile.ZipInfo(name_inside)
            member.external_attr = (0o100755 if "/scripts/" in name_inside else 0o100644) << 16
            wheel.writestr(member, data)
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_lock(path: Path, pins: dict[str, tuple[str, str]]) -> None:
    """pins: name -> version and hash of its wheel."""
    lines = [
        f"{name}=={version} \\\n    --hash=sha256:{sha256}\n    # 0.1 MB, 0.1 MB on disk\n"
        for name, (version, sha256) in pins.items()
    ]
    path.write_text("".join(lines))


@dataclass(frozen=True, kw_only=True)
class World:
    """A folder of wheels, a folder of locks, and a root to install into."""

    wheels: Path
    locks: Path
    root: Path
    python: str = sys.executable

    @property
    def options(self) -> list[str]:
        return ["--root", str(self.root), "--offline", str(self.wheels), "--locks", str(self.locks), "--device", "cpu"]

    @property
    def online_options(self) -> list[str]:
        return [option for option in self.options if option not in ("--offline", str(self.wheels))]

    def start(self, *arguments: str, options: list[str] | None = None, **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.python, str(SCRIPT), *(options or self.options), *arguments], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, encoding="utf-8", env={**os.environ, **settings},
        )  # fmt: skip

    def run(self, *arguments: str, options: list[str] | None = None, **settings: str) -> tuple[int, str]:
        """Exit code and everything that was printed."""
        process = self.start(*arguments, options=options, **settings)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output

    def make_wheel(self, name: str, version: str, files: dict[str, bytes], *, lock: bool = True) -> Path:
        """Put a wheel into the folder, in place of one of the same name and version; with `lock` into the lock too."""
        path = make_wheel(self.wheels, name, version, files)
        if lock:
            self.lock_packages()
        return path

    def lock_packages(self) -> None:
        """Write the engine's lock with the hashes of the wheels that lie in the folder."""
        wheels = {name: next(self.wheels.glob(f"{name.replace('-', '_')}-*.whl")) for name in PACKAGES}
        write_lock(self.locks / "engine.txt", {name: (PACKAGES[name], digest(wheel)) for name, wheel in wheels.items()})

    def module(self, name: str) -> Path:
        """A package's module file in the engine's environment."""
        return next(self.root.glob("engine-env/lib/python3.*/site-packages")) / f"{name}.py"


@pytest.fixture(scope="session")
def uv_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pinned uv as a wheel, packed from the one that this environment was set up with: --offline needs one."""
    from installer.locks import LOCKS
    from installer.state import Layout
    from installer.uv import Uv

    roots = [Path(os.environ.get("STOCHSYNC_ROOT") or CHECKOUT / ".stochsync"), Path(sys.prefix).parent]
    uvs = [Uv(Layout(root), LOCKS / "uv.txt", None) for root in [*roots, tmp_path_factory.mktemp("uv-root")]]
    there = next((uv for uv in uvs if uv.there), None)
    if there is None:
        there = uvs[-1]
        there.fetch()
    folder, version = there.folder, there.pin.version
    files = {str(path.relative_to(folder)): path.read_bytes() for path in (folder / "uv").rglob("*.py")}
    files[f"uv-{version}.data/scripts/uv"] = (folder / "bin" / "uv").read_bytes()
    return make_wheel(tmp_path_factory.mktemp("uv-wheel"), "uv", version, files)


def make_world(folder: Path, uv_wheel: Path) -> World:
    """Three tiny packages (torch is one of them) to install under a root with spaces and non-ASCII letters."""
    wheels, locks = folder / "the wheels", folder / "locks"
    wheels.mkdir()
    locks.mkdir()
    os.link(uv_wheel, wheels / uv_wheel.name)
    for name, version in PACKAGES.items():
        make_wheel(wheels, name, version, {f"{name.replace('-', '_')}.py": b"VALUE = 1\n"})
    make_wheel(wheels, "torch", "2.13.0+cpu", {"torch/__init__.py": b"", "torch/version.py": b"cuda = None\n"})
    write_lock(locks / "uv.txt", {"uv": (uv_wheel.name.split("-")[1], digest(uv_wheel))})
    write_lock(locks / "torch-pypi.txt", {"torch": ("2.13.0", NEVER)})
    world = World(wheels=wheels, locks=locks, root=folder / "Mein Ördner 木")
    world.lock_packages()
    return world


@pytest.fixture
def world(tmp_path: Path, uv_wheel: Path) -> World:
    """Nothing is installed yet."""
    return make_world(tmp_path, uv_wheel)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, uv_wheel: Path) -> Path:
    """The root of one finished installation; what was printed lies beside it in `output`."""
    world = make_world(tmp_path_factory.mktemp("template"), uv_wheel)
    (world.root.parent / "output").write_text(world.run()[1], encoding="utf-8")
    return world.root


@pytest.fixture
def installed(world: World, template: Path) -> World:
    """Everything is installed: a copy, since making an environment takes seconds. Files that are one in uv's cache and in the
    environment are one here too."""
    subprocess.run(["cp", "-a", str(template), str(world.root)], check=True)
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
