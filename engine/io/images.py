"""Canvases to picture files, written so that a reader never sees half of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from ..protocol.files import write_atomically

PREVIEW_WIDTH = 1024
JPEG_QUALITY = 88


def to_uint8(z: Tensor) -> np.ndarray:
    """[3, H, W] sRGB 0..1 -> [H, W, 3] uint8, rounded."""
    return (z.detach().clamp(0, 1) * 255 + 0.5).to(torch.uint8).permute(1, 2, 0).cpu().numpy()


def shrink_to(z: Tensor, width: int) -> Tensor:
    """[3, H, W] averaged down on its own device to at most `width` pixels across."""
    if z.shape[2] <= width:
        return z
    return F.interpolate(z[None], size=(max(1, round(z.shape[1] * width / z.shape[2])), width), mode="area")[0]


def save_png(path: Path, z: Tensor) -> Path:
    """Write `z` [3, H, W] to `path`. DiskFull when there is no room."""
    picture = Image.fromarray(to_uint8(z))
    write_atomically(path, lambda temporary: picture.save(temporary, format="PNG", compress_level=3))
    return path


def save_jpeg(path: Path, z: Tensor, *, width: int) -> Path:
    """Write `z` [3, H, W] to `path`, shrunk to at most `width` pixels across: a tenth of a PNG's time. DiskFull as above."""
    picture = Image.fromarray(to_uint8(shrink_to(z, width)))
    write_atomically(path, lambda temporary: picture.save(temporary, format="JPEG", quality=JPEG_QUALITY))
    return path


def load_png(path: Path) -> Tensor:
    """[3, H, W] float32 sRGB 0..1 from any picture file that Pillow reads."""
    with Image.open(path) as picture:
        return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1).float() / 255
