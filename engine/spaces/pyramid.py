"""A texture and its halvings, level after level in one table of rows."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .image_ops import pad_circular
from .surface import Surface


class ChartPyramid(NamedTuple):
    """The surface's `on_chart` as a `pyramid`, row by row."""

    share: Tensor  # [rows] float32 share of the texel that is on charts
    inner: Tensor  # [rows] bool: it and its eight neighbours are wholly on charts


def level_sizes(size: int) -> list[int]:
    """Sides of the texture and of its halvings, down to one texel."""
    sizes = [size]
    while sizes[-1] > 1:
        sizes.append(-(-sizes[-1] // 2))
    return sizes


def halved(images: Tensor) -> Tensor:
    """[B, H, W, C] -> [B, H/2, W/2, C] by 2x2 means, rounded up: what sticks out is a mean of fewer."""
    _, h, w, channels = images.shape
    if h % 2 or w % 2:
        return F.avg_pool2d(images.permute(0, 3, 1, 2), 2, ceil_mode=True).permute(0, 2, 3, 1)
    pairs = (images[:, 0::2] + images[:, 1::2]).reshape(-1, h // 2, w // 2, 2, channels)
    return (pairs[..., 0, :] + pairs[..., 1, :]).mul_(0.25)


def pyramid(size: int, channels: int, levels: int, device: torch.device) -> Tensor:
    """[rows, C] for an image [size, size, C] and its halvings, level after level; to be filled by `fill_pyramid`."""
    return torch.empty(sum(side * side for side in level_sizes(size)[:levels]), channels, device=device)


def fill_pyramid(rows: Tensor, size: int, levels: int) -> None:
    """Make every coarser level from the finest, which is already there."""
    start, finer = 0, None
    for side in level_sizes(size)[:levels]:
        level = rows[start : start + side * side].reshape(1, side, side, -1)
        if finer is not None:
            level.copy_(halved(finer))
        start, finer = start + side * side, level


def chart_pyramid(surface: Surface) -> ChartPyramid:
    sides = level_sizes(surface.size)
    rows = pyramid(surface.size, 1, len(sides), surface.device)
    rows[: surface.size**2, 0] = surface.on_chart
    fill_pyramid(rows, surface.size, len(sides))
    inner = []
    for share in rows[:, 0].split([side * side for side in sides]):
        side = math.isqrt(len(share))
        margin = pad_circular((share < 1).float().reshape(1, side, side))
        inner.append(F.max_pool2d(margin[None], 3, stride=1).flatten() == 0)
    return ChartPyramid(rows[:, 0], torch.cat(inner))
