"""The lock files: exact versions with the hashes of their files, and their sizes, so that a plan needs no network."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

LOCKS = Path(__file__).resolve().parent.parent / "locks"

# A requirement as `uv pip compile --generate-hashes` writes it; the comment with the sizes is added by development/lock.py.
_PIN = re.compile(
    r"""(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.+!]+)
        (\ ;\ sys_platform\ ==\ '(?P<platform>\w+)')?
        (\ \\\n\ {4}--hash=sha256:[0-9a-f]{64})+
        \n\ {4}\#\ (?P<download>[\d.]+)\ MB,\ (?P<disk>[\d.]+)\ MB\ on\ disk\n""",
    re.VERBOSE,
)
_COMMENT = re.compile(r"#.*\n")


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
    """The pins of a lock file that apply on this platform. Raises ValueError for anything but an exact pin with a hash."""
    pins = []
    text = path.read_text(encoding="utf-8") + "\n"
    at = 0
    while heading := _COMMENT.match(text, at):
        at = heading.end()
    while text[at:].strip():
        match = _PIN.match(text, at)
        if match is None:
            line = text.count("\n", 0, at) + 1
            raise ValueError(f"{path.name}:{line}: not an exact version with hashes and sizes: {text[at : at + 60]!r}")
        at = match.end()
        if match["platform"] in (None, platform):
            sizes = {key: float(match[key]) for key in ("download", "disk")}
            pins.append(Pin(name=normalise(match["name"]), version=match["version"], **sizes))
    return pins


def missing(pins: list[Pin], installed: dict[str, str]) -> list[Pin]:
    """The pins that the environment does not hold in exactly that version. A local tag (`+cpu`) does not count."""
    return [pin for pin in pins if installed.get(pin.name, "").split("+")[0] != pin.version.split("+")[0]]
