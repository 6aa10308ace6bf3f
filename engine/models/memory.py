"""Whether a model's weights fit, asked before they are read."""
from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import torch

from ..protocol.errors import OutOfMemory
from .layout import parameters_in

ROOM_TO_WORK = 300_000_000
"""Bytes beside the weights that one view at 512 px takes in half precision, at the least."""


def free_memory(device: torch.device) -> int | None:
    """Bytes that `device` has free; None where it cannot be asked."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():  # what the kernel could give without swapping, caches included
        line = next(line for line in meminfo.read_text().splitlines() if line.startswith("MemAvailable:"))
        return int(line.split()[1]) * 1024
    if hasattr(os, "sysconf") and "SC_AVPHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def check_memory(weights: Iterable[Path], device: torch.device, dtype: torch.dtype) -> None:
    """OutOfMemory, with both figures, when the safetensors files in `weights` cannot fit on `device` as `dtype`."""
    needed = sum(parameters_in(path) for path in weights) * dtype.itemsize + ROOM_TO_WORK
    free = free_memory(device)
    if free is not None and needed > free:
        raise OutOfMemory(f"The model needs {needed / 1e9:.1f} GB and {device.type} has {free / 1e9:.1f} GB free. Close other "
                          "programs, or choose a smaller model.", fix="free_memory")
