"""How much memory there is and how much a model needs, asked before it is taken."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from ..protocol.errors import OutOfMemory
from .layout import parameters_in
from .networks import Network

ROOM_TO_WORK = 300_000_000
"""Bytes beside the weights that one view at 512 px takes in half precision, at the least."""

UNET_WORK, VAE_WORK = 24, 5
"""Layers at full size that a network holds at once: counted on the networks of Stable Diffusion and the built-in model."""


def free_memory(device: torch.device) -> int | None:
    """Bytes that `device` has free, what torch keeps in reserve among them; None where it cannot be asked."""
    if device.type == "cuda":
        reserve = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + reserve
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():  # what the kernel could give without swapping, caches included
        line = next(line for line in meminfo.read_text().splitlines() if line.startswith("MemAvailable:"))
        return int(line.split()[1]) * 1024
    if hasattr(os, "sysconf") and "SC_AVPHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def free_cached_memory() -> None:
    """Give what torch's allocator keeps in reserve back to the device."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def check_memory(weights: Mapping[Path, torch.dtype], device: torch.device) -> None:
    """OutOfMemory, with both figures, when the safetensors files `weights`, each in its dtype, cannot fit on `device`."""
    needed = sum(parameters_in(path) * dtype.itemsize for path, dtype in weights.items()) + ROOM_TO_WORK
    free = free_memory(device)
    if free is not None and needed > free:
        raise OutOfMemory("memory_for_model", needed=needed / 1e9, device=device.type, free=free / 1e9)


def unet_bytes(unet: Network, size: Sequence[int], *, branches: int, controlnet: Network | None = None) -> int:
    """About how many bytes one view, with latents of `size` (h, w), takes while a UNet computes its branches.

    The most is held at full latent size by the last block of the way up, whose transformer has a feed-forward layer of 8
    times its width, beside what all the skip connections hold. A ControlNet adds as many residuals as there are skips, and
    before that reads its condition at the full size of a view. Attention never stores its scores.
    """
    area = size[0] * size[1]
    channels, layers = unet.config.block_out_channels, unet.config.layers_per_block
    skips = sum((layers + 1) * count / 4**level for level, count in enumerate(channels))
    held = branches * (UNET_WORK * channels[0] + skips) * area
    if controlnet is not None:
        widths = controlnet.config.conditioning_embedding_out_channels
        read = 2 * (widths[0] + controlnet.config.conditioning_channels) * 4 ** (len(widths) - 1) * area
        held = max(held + branches * skips * area, read)
    return int(held * unet.dtype.itemsize)


def vae_bytes(vae: Network, size: Sequence[int]) -> int:
    """About how many bytes one picture of `size` (h, w) pixels takes while a VAE encodes or decodes it.

    The most is held at full size: VAE_WORK layers with the channels that the level below has, and the picture of three.
    """
    height, width = size
    channels = getattr(vae.config, "decoder_block_out_channels", None) or vae.config.block_out_channels
    return int((VAE_WORK * max(channels[:2]) + 3) * height * width * vae.dtype.itemsize)
