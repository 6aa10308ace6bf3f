"""The lock files: one exact version a line, with its size, so that a plan can be told without the network."""
from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

LOCKS = Path(__file__).resolve().parent.parent / "locks"

_LINE = re.compile(
    r"""^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.+!]+)
        (\s*;\s*sys_platform\s*==\s*"(?P<platform>\w+)")?
        \s+\#\s+(?P<download>[\d.]+)\ MB,\ (?P<disk>[\d.]+)\ MB\ on\ disk$""",
    re.VERBOSE,
)


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One package: normalised name, exact version, sizes in MB (measured on Linux x86-64)."""

    name: str
    version: str
    download: float
    disk: float


def normalise(name: str) -> str:
    """Package names compare without regard to case, dots, dashes and underscores."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(path: Path, *, platform: str = sys.platform) -> list[Pin]:
    """The pins of a lock file that apply on this platform. Raises ValueError for a line that is not an exact pin."""
    pins = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.match(line.rstrip())
        if match is None:
            raise ValueError(f"{path.name}:{number}: expected `name==version # N MB, N MB on disk`, got {line!r}")
        if match["platform"] in (None, platform):
            pins.append(
                Pin(
                    name=normalise(match["name"]),
                    version=match["version"],
                    download=float(match["download"]),
                    disk=float(match["disk"]),
                )
            )
    return pins


def missing(pins: list[Pin], installed: dict[str, str]) -> list[Pin]:
    """The pins that the environment does not hold in exactly that version. A local tag (`+cpu`) does not count."""
    return [pin for pin in pins if installed.get(pin.name, "").split("+")[0] != pin.version.split("+")[0]]
