"""Makes scripts/locks/ from pyproject.toml: every package in one exact version, with the hashes of all its wheels.

    <engine python> scripts/development/lock.py [--upgrade]      needs uv on PATH, and the package `packaging`

Requirement files, not uv.lock: uv.lock holds the address of each file, so that a studio's own index, or a folder of wheels,
could not take the index's place. The files serve every system and Python that we support. What they cannot hold are the
builds of torch that lie on PyTorch's own indexes alone (machine.py names them by exact version and index): those are checked
against the hashes that the index itself gives.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import parse_wheel_filename

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "scripts"))

from installer.locks import LOCKS, normalise, read_lock  # noqa: E402  (its folder must be on the path first)

TORCH = re.compile(r"torch|triton|nvidia-.*|cuda-.*")
MACHINES = {"linux": ("Linux", "x86_64"), "win32": ("Windows", "AMD64"), "darwin": ("Darwin", "arm64")}
FILES = {  # lock file -> what it locks, the oldest Python it is for, its heading
    "engine": (["pyproject.toml", "--extra", "cuda"], "3.11", "The engine's packages, without torch and its GPU libraries."),
    "torch-pypi": (
        ["pyproject.toml", "--extra", "cuda"], "3.11",
        "torch as it lies on PyPI: with CUDA 13.0 for Linux, for the CPU on Windows, with MPS for Macs.",
    ),
    "test": (["pyproject.toml", "--extra", "cuda", "--group", "test"], "3.11", "What the tests need beside the engine."),
    "uv": (["--group", "dev"], "3.11", "The tool that installs the rest."),
    "blender-4.2": (["--group", "blender-4-2"], "3.11", "Blender 4.2 LTS as a Python module (Python 3.11 only)."),
    "blender-5.2": (["--group", "blender-5-2"], "3.13", "Blender 5.2 LTS as a Python module (Python 3.13 only)."),
}  # fmt: skip


def main(arguments: list[str]) -> int:
    former = {} if "--upgrade" in arguments else {path.stem: path for path in LOCKS.glob("*.txt")}
    sizes = {(pin.name, pin.version): pin for path in LOCKS.glob("*.txt") for pin in read_lock(path, platform="win32")}
    sizes |= {(pin.name, pin.version): pin for path in LOCKS.glob("*.txt") for pin in read_lock(path)}
    engine: set[str] = set()
    for stem, (what, python, heading) in FILES.items():
        together = (stem,) if stem.startswith("blender") else (stem, "engine", "torch-pypi")  # locks of one environment
        packages = _resolve(what, python, [former[one] for one in together if one in former])
        chosen = {name: package for name, package in packages.items() if _belongs(stem, name, engine)}
        engine |= set(chosen) if stem == "engine" else set()
        with open(LOCKS / f"{stem}.txt", "w", encoding="utf-8", newline="\n") as file:
            file.write(f"# {heading}\n# Made by scripts/development/lock.py; sizes are of Linux x86-64.\n")
            for name, package in sorted(chosen.items()):
                marker = _marker(package, python)
                if marker is None:
                    continue
                known = sizes.get((name, package["version"]))
                download, disk = (known.download, known.disk) if known else _measure(package)
                hashes = "".join(f" \\\n    --hash=sha256:{one}" for one in _hashes(package))
                file.write(f"{name}=={package['version']}{marker}{hashes}\n    # {download:g} MB, {disk:g} MB on disk\n")
    return 0


def _belongs(stem: str, name: str, engine: set[str]) -> bool:
    return {
        "engine": not TORCH.fullmatch(name),
        "torch-pypi": bool(TORCH.fullmatch(name)),
        "test": name not in engine and not TORCH.fullmatch(name),
        "uv": name == "uv",
    }.get(stem, True)


def _resolve(what: list[str], python: str, former: list[Path]) -> dict[str, dict]:
    """Name -> the package's table in a pylock.toml (PEP 751). Neither this machine's settings nor its indexes take part."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "pylock.toml"
        pins = Path(folder) / "former.txt"
        pins.write_text("".join(re.sub(r" \\$|^ .*\n", "", path.read_text(), flags=re.MULTILINE) for path in former))
        options = ["--universal", "--no-sources", "--no-config", "--only-binary", ":all:", "--python-version", python]
        options += ["--fork-strategy", "fewest", "--default-index", "https://pypi.org/simple", "--constraint", str(pins)]
        command = ["uv", "pip", "compile", "--quiet", *what, *options, "--format", "pylock.toml", "--output-file", str(result)]
        subprocess.run(command, cwd=CHECKOUT, check=True)
        packages = tomllib.loads(result.read_text(encoding="utf-8"))["packages"]
    return {normalise(package["name"]): package for package in packages}


def _marker(package: dict, python: str) -> str | None:
    """The platform to write behind a requirement: "" for all of ours, None where none of them needs it."""
    pythons = [one for one in ("3.11", "3.12", "3.13") if python == "3.11" or one == python]
    applies = set()
    for platform, (system, machine) in MACHINES.items():
        for version in pythons:
            facts = {"sys_platform": platform, "platform_system": system, "platform_machine": machine, "extra": ""}
            facts |= {"python_version": version, "python_full_version": f"{version}.0"}
            if "marker" not in package or Marker(package["marker"]).evaluate(facts):
                applies.add(platform)
    if not applies:
        return None
    if applies == set(MACHINES):
        return ""
    if len(applies) > 1:
        raise SystemExit(f"{package['name']} is needed on {sorted(applies)}: the locks know one platform or all of them")
    return f" ; sys_platform == '{applies.pop()}'"


def _hashes(package: dict) -> list[str]:
    return sorted(wheel["hashes"]["sha256"] for wheel in package["wheels"])


def _measure(package: dict) -> tuple[float, float]:
    """MB of the wheel for Linux x86-64, and MB on disk: measured where it is installed beside this, else estimated."""
    sizes = {}
    for wheel in package["wheels"]:
        tags = {str(tag) for tag in parse_wheel_filename(wheel["url"].rpartition("/")[2].replace("%2B", "+"))[3]}
        if any(tag.endswith("-any") or ("linux" in tag and "x86_64" in tag) for tag in tags):
            sizes[max(tag.split("-")[0] in ("cp311", "py3", "abi3") for tag in tags)] = wheel["size"] / 1e6
    download = sizes.get(True) or next(iter(sizes.values()), 0.1)
    disk = 3 * download
    try:
        there = metadata.distribution(package["name"])
        if there.version == package["version"]:
            disk = sum(file.size or 0 for file in there.files or ()) / 1e6
    except metadata.PackageNotFoundError:
        pass  # not installed here: the estimate stands
    return max(round(download, 1), 0.1), max(round(disk, 1), 0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
