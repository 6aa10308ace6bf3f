"""Directions of a view and what every scene derives from them: azimuth, elevation and the intersection with the ground."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..noise import Field, smooth

if TYPE_CHECKING:
    from . import World

LEAST_DROP = 0.014  # downward component below which the ground is not drawn any farther away


class View:
    """Unit directions d [B, N, 3] and quantities derived from them, [B, N] where nothing else is stated."""

    def __init__(self, d: Tensor) -> None:
        self.d, self.up = d, d[..., 2]
        level = d[..., :2].norm(dim=-1).clamp(min=1e-4)
        self.circle = d[..., :2] / level[..., None]  # [B, N, 2] horizontal unit vectors
        self.turn = torch.atan2(d[..., 1], d[..., 0]) / (2 * math.pi)  # azimuth, -0.5..0.5 of a full turn
        self.tan = (self.up / level).clamp(-20, 20)  # of the elevation
        reach = 1 / (-self.up).clamp(min=LEAST_DROP)
        self.hit = d[..., :2] * reach[..., None]  # [B, N, 2], the ground one unit below the eye
        self.far = self.hit.norm(dim=-1)  # horizontal distance of that point
        self.below = smooth(0.004, -0.006, self.up)  # 1 under the horizon

    def fade(self, frequency: float) -> Tensor:
        """1 near, 0 where a ground pattern of this frequency is finer than the pixels."""
        return torch.exp(-self.far.square() * frequency / 50)


def dots(f: Field, p: Tensor, radius: float, salt: int, share: float) -> tuple[Tensor, Tensor]:
    """Soft discs 0..1, at most one in each cell of p [B, N, 2 or 3] and within it, and four random numbers of the cell.

    One look-up instead of the 9 or 27 of `cells`.
    """
    base = p.floor()
    number = f.hash(base, salt)
    room = 1 - 2 * radius
    centre = base + radius + room * number[..., : p.shape[-1]]
    distance = (p - centre).norm(dim=-1)
    return smooth(radius, radius * 0.45, distance) * (number[..., 3] < share), torch.remainder(number * 7.31, 1.0)


def along_bearing(p: Tensor, bearing: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates [B, N] of p [B, N, 2 or 3] along a horizontal bearing [B, 1], radians from +x toward +y, and to its left."""
    c, s = bearing.cos(), bearing.sin()
    return p[..., 0] * c + p[..., 1] * s, p[..., 1] * c - p[..., 0] * s


def random_bearing(w: World, number: int = 0) -> Tensor:
    """A direction that a world draws at random, 0..2 pi radians [B, 1]; `number`: which of its random numbers gives it."""
    return w.variation[number] * 2 * math.pi


def cell_offset(x: Tensor, period: float = 1.0, offset: float = 0.0) -> Tensor:
    """Signed distance from the middle of the cell that holds `x`, in its unit; `offset` shifts the cells, in periods."""
    place = x / period + offset
    return (place - place.floor() - 0.5) * period


def checkered(x: Tensor, y: Tensor, size: float) -> Tensor:
    """0.0 and 1.0 in turn over square tiles of `size`."""
    return (torch.remainder((x / size).floor() + (y / size).floor(), 2.0) > 0.5).float()
