"""Speed and size of a checkpoint, and the reconstruction error of its autoencoder."""

from __future__ import annotations

import platform
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.models.load import Checkpoint

from ..networks.common import psnr
from ..world import dataset
from ..world.captions import KINDS

VIEWS = 10
CYCLES = 8
MEGABYTE = 1024**2


class Speed(NamedTuple):
    """Milliseconds a view in batches of ten, and the sizes of the files."""

    unet: float
    controlnet: float
    vae: float  # encode and decode
    weights: float  # MB of safetensors files together
    largest: float  # MB
    threads: int
    device: str


class VaeQuality(NamedTuple):
    """PSNR in dB, averaged over nouns and scenes."""

    once: float
    eight: float
    worst: float
    worst_subject: str
    each: dict[str, float]


def speed(model: Checkpoint, folder: Path) -> Speed:
    """Time one forward of each network on ten views."""
    x = torch.randn(VIEWS, *model.codec.latent_shape(model.view_resolution)).to(model.device, model.dtype)
    text = torch.randn(VIEWS, model.tokenizer.model_max_length, model.unet.config.cross_attention_dim).to(x)
    t = torch.tensor(500, device=model.device)
    size = model.view_resolution
    images = torch.rand(VIEWS, 3, size, size)
    hint = torch.rand(VIEWS, 3, size, size).to(x)
    generators = [torch.Generator().manual_seed(k) for k in range(VIEWS)]
    with torch.inference_mode():
        unet = milliseconds(lambda: model.unet(x, t, encoder_hidden_states=text).sample, model.device)
        control = float("nan")
        if model.controlnet is not None:
            control = milliseconds(
                lambda: model.controlnet(x, t, encoder_hidden_states=text, controlnet_cond=hint, return_dict=False), model.device
            )
    vae = milliseconds(lambda: model.codec.decode(model.codec.encode(images, generators)), model.device)
    sizes = [file.stat().st_size / MEGABYTE for file in folder.rglob("*.safetensors")]
    device = platform.processor() or platform.machine() if model.device.type == "cpu" else torch.cuda.get_device_name()
    return Speed(unet, control, vae, sum(sizes), max(sizes), torch.get_num_threads(), device)


def milliseconds(call: Callable[[], object], device: torch.device, tries: int = 5) -> float:
    """Median time of a call on ten views, per view, after one warm-up call."""
    seconds = []
    for _ in range(tries + 1):
        begun = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begun)
    return 1000 * float(np.median(seconds[1:])) / VIEWS


def vae_quality(model: Checkpoint, pictures: Path, count: int) -> VaeQuality:
    """PSNR of `count` held-out pictures of every noun (flat and on objects) and scene; after eight cycles, of one of each."""
    chosen: dict[str, list[np.ndarray]] = defaultdict(list)
    for kind in KINDS:
        share = count if kind == "scene" else -(-count // 2)
        taken: dict[str, int] = defaultdict(int)
        for name in dataset.shards(pictures, "held", kind):
            loaded = dataset.load(pictures, [name])
            for picture, fact in zip(loaded.pictures, loaded.facts, strict=True):
                if taken[fact.subject] < share:
                    taken[fact.subject] += 1
                    margin = (picture.shape[0] - 256) // 2
                    chosen[fact.subject].append(picture[margin : margin + 256, margin : margin + 256].copy())
    each = {}
    for subject, members in chosen.items():
        wanted = unit(np.stack(members))
        each[subject] = float(psnr(round_trip(model, wanted, 1), wanted).mean())
    ones = unit(np.stack([members[0] for members in chosen.values()]))
    first = round_trip(model, ones, 1)
    lost = psnr(first, ones).mean() - psnr(round_trip(model, first, CYCLES - 1), ones).mean()
    worst = min(each, key=each.__getitem__)
    once = float(np.mean(list(each.values())))
    return VaeQuality(once, once - float(lost), each[worst], worst, each)


def unit(pictures: np.ndarray) -> Tensor:
    """[n, h, w, 3] uint8 -> [n, 3, h, w] in 0..1."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


def round_trip(model: Checkpoint, images: Tensor, cycles: int) -> Tensor:
    """`images` [n, 3, h, w] in 0..1, encoded (as in a job, with the posterior's noise) and decoded `cycles` times."""
    done = []
    for start in range(0, len(images), VIEWS):
        part = images[start : start + VIEWS]
        generators = [torch.Generator().manual_seed(start + k) for k in range(len(part))]
        for _ in range(cycles):
            part = model.codec.decode(model.codec.encode(part, generators)).float().cpu()
        done.append(part)
    return torch.cat(done)
