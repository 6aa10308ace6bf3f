"""Which build of torch fits this machine; decided before anything is downloaded."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .console import Failure
from .locks import Pin
from .pythons import dotted

TORCH = "2.13.0"
PYTORCH_INDEX = "https://download.pytorch.org/whl/"

# torch 2.13.0's CUDA build is made with CUDA 13.0, which dropped everything before Turing and wants an r580 driver.
OLDEST_CAPABILITY = (7, 5)
OLDEST_DRIVER = 580
DEVICES = ("auto", "cpu", "cuda", "rocm", "mps")


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """An NVIDIA GPU as nvidia-smi describes it. `capability` is None when the driver is too old to tell."""

    name: str
    capability: tuple[int, int] | None
    driver: int


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What decides on the build: system (`linux`, `win32`, `darwin`), architecture, GPUs."""

    system: str
    architecture: str
    nvidia: tuple[Gpu, ...]
    amd: bool


@dataclass(frozen=True, kw_only=True)
class Build:
    """The chosen torch: its kind, why, its local version (`+cpu`), and the sizes in MB.

    sources: where to try in turn. `configured` is what pip is configured with, `pytorch` is PyTorch's own index for this
    local version, and `lock` is torch-pypi.txt, with hashes: the build without a local version, as it lies on PyPI.
    """

    kind: str  # cpu, cuda, rocm, mps
    reason: str
    local: str = ""
    sources: tuple[str, ...] = ("lock",)
    download: float
    disk: float

    @property
    def pin(self) -> Pin:
        return Pin(name="torch", version=TORCH, download=self.download, disk=self.disk)

    def arguments(self, source: str, lock: Path) -> list[str]:
        """What to give to `uv pip install` for one of the sources."""
        if source == "lock":
            return ["--no-deps", "--require-hashes", "-r", str(lock)]
        index = ["--default-index", PYTORCH_INDEX + self.local[1:]] if source == "pytorch" else []
        # the libraries of the ROCm build are in no lock; torch itself pins them
        return [f"torch=={TORCH}{self.local}", *index, *([] if self.kind == "rocm" else ["--no-deps"])]


def look() -> Machine:
    """This machine."""
    system = "linux" if sys.platform.startswith("linux") else sys.platform
    return Machine(
        system=system,
        architecture={"amd64": "x86_64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower()),
        nvidia=_nvidia(),
        amd=system == "linux" and os.path.exists("/dev/kfd"),
    )


def _nvidia() -> tuple[Gpu, ...]:
    """The NVIDIA GPUs; none when there is no driver or it does not answer."""
    full = _query("name,compute_cap,driver_version")
    if full is None:  # drivers before r510 do not know compute_cap
        short = _query("name,driver_version")
        return tuple(Gpu(name=row[0], capability=None, driver=_major(row[1])) for row in short or () if len(row) == 2)
    return tuple(Gpu(name=row[0], capability=_capability(row[1]), driver=_major(row[2])) for row in full if len(row) == 3)


def _query(fields: str) -> list[list[str]] | None:
    command = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None
    if run.returncode != 0:
        return None
    return [[cell.strip() for cell in line.rsplit(",", fields.count(","))] for line in run.stdout.splitlines() if line]


def _capability(text: str) -> tuple[int, int] | None:
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None


def _major(text: str) -> int:
    head = text.partition(".")[0]
    return int(head) if head.isdigit() else 0


def choose_build(asked: str, machine: Machine) -> Build:
    """The build for the device asked for. Where the machine cannot run it, the CPU build and a sentence saying so.

    Raises Failure on a system for which torch has no build at all.
    """
    if machine.system == "darwin":
        return _mac(asked, machine)
    if asked == "mps":
        return _cpu(machine, "MPS exists on Macs only, so the CPU build is installed.")
    if asked == "cuda" or (asked == "auto" and machine.nvidia):
        return _nvidia_build(machine)
    if asked == "rocm" or (asked == "auto" and machine.amd):
        return _rocm(machine)
    return _cpu(machine, "Asked for." if asked == "cpu" else "No supported GPU was found, so the CPU build is installed.")


def _mac(asked: str, machine: Machine) -> Build:
    if machine.architecture != "arm64":
        cause = f"torch {TORCH} has no build for Macs with an Intel processor."
        raise Failure(cause, "Use a Mac with Apple silicon, or a Windows or Linux computer.", kind="platform")
    if asked == "auto":
        reason = "Apple silicon: the GPU is used through MPS."
    else:
        reason = "Asked for." if asked in ("mps", "cpu") else f"A Mac cannot run {asked}; the GPU is used through MPS."
    return Build(kind="cpu" if asked == "cpu" else "mps", reason=reason, download=90, disk=400)


def _cpu(machine: Machine, reason: str) -> Build:
    if machine.system == "win32":  # the build without a local version is the CPU's there
        return Build(kind="cpu", reason=reason, download=120, disk=560)
    # Linux's build on PyPI is large (CUDA), but runs on the CPU as well
    sources = ("configured", "pytorch", "lock")
    return Build(kind="cpu", reason=reason, local="+cpu", sources=sources, download=192, disk=757)


def _nvidia_build(machine: Machine) -> Build:
    if not machine.nvidia:
        return _cpu(machine, "No NVIDIA GPU with a working driver was found, so the CPU build is installed.")
    gpu = max(machine.nvidia, key=lambda gpu: gpu.capability or (0, 0))
    if gpu.capability is not None and gpu.capability < OLDEST_CAPABILITY:
        have, need = dotted(gpu.capability), dotted(OLDEST_CAPABILITY)
        return _cpu(machine, f"{gpu.name} has compute capability {have} and torch {TORCH} needs {need}: CPU build instead.")
    if gpu.capability is None or gpu.driver < OLDEST_DRIVER:
        return _cpu(
            machine,
            f"The NVIDIA driver {gpu.driver} is too old for {gpu.name} with torch {TORCH}, which needs {OLDEST_DRIVER} or"
            " newer: CPU build instead; update the driver and install again to use the GPU.",
        )
    reason = f"{gpu.name}, compute capability {dotted(gpu.capability)}, driver {gpu.driver}."
    if machine.system == "win32":
        sources = ("configured", "pytorch")
        return Build(kind="cuda", reason=reason, local="+cu130", sources=sources, download=1900, disk=4300)
    return Build(kind="cuda", reason=reason, download=2732, disk=4506)


def _rocm(machine: Machine) -> Build:
    if machine.system != "linux" or machine.architecture != "x86_64":
        return _cpu(machine, f"torch {TORCH} has its ROCm build on Linux x86-64 only: CPU build instead.")
    if not machine.amd:
        return _cpu(machine, "No AMD GPU with a working ROCm driver (/dev/kfd) was found: CPU build instead.")
    reason, sources = "AMD GPU with a ROCm driver.", ("configured", "pytorch")
    return Build(kind="rocm", reason=reason, local="+rocm7.2", sources=sources, download=4500, disk=15000)
