"""Samples of a finished checkpoint, single pictures from pure noise, for the measurements.

The parts are loaded and run by the engine's own code, which uses plain diffusers classes, so that users get what is measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from engine.models.families.sd import StableDiffusion as Checkpoint
from engine.models.families.sd import load_checkpoint
from engine.models.layout import own_controlnet
from engine.sampling.denoise import denoise
from engine.sampling.schedule import Schedule

BATCH = 10


class LabelledView(NamedTuple):
    """All that the engine's denoiser reads of a view: the label that selects its prompt."""

    label: str


def checkpoint(folder: Path, device: str = "cpu") -> Checkpoint:
    """The diffusers folder with its ControlNet."""
    return load_checkpoint(folder, own_controlnet(folder), device=device, batch_views=BATCH if device == "cpu" else 0)


def fingerprint(folder: Path, *more: object) -> str:
    """A name for these weights and settings: kept samples must not be mistaken for those of another model."""
    digest = hashlib.sha256(repr(more).encode())
    for file in sorted(folder.rglob("*.safetensors")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def sample(
    model: Checkpoint,
    captions: Sequence[str],
    seeds: Sequence[int],
    depth: np.ndarray | None = None,  # [n, h, h] uint8, near = 255
    *,
    guidance: float,
    steps: int,
    half: bool = False,  # bfloat16 where torch's autocast takes it
) -> np.ndarray:
    """One picture per caption and seed, [n, H, H, 3] uint8, by DDIM on `steps` evenly spaced timesteps."""
    schedule = model.schedule(Schedule)
    timesteps = schedule.solve_timesteps(schedule.last, steps + 1, "linear")  # its points include the clean end
    latent_shape = model.codec.latent_shape(model.view_resolution)
    pictures = []
    for start in range(0, len(captions), BATCH):
        part = slice(start, start + BATCH)
        prompts = {str(k): caption for k, caption in enumerate(captions[part])}
        denoiser = model.denoiser(prompts)
        noise = [torch.randn(latent_shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds[part]]
        x = torch.stack(noise).to(model.device)
        condition = None if depth is None else torch.from_numpy(depth[part].copy()).to(x)[:, None] / 255
        views = [LabelledView(label) for label in prompts]
        with torch.autocast(model.device.type, torch.bfloat16) if half else nullcontext():
            *_, last = denoise(denoiser, schedule, x, timesteps, views, condition, guidance=lambda _: guidance)
            made = model.codec.decode(last.x0_hat)
        pictures.append((made * 255 + 0.5).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(pictures)
