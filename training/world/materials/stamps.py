"""Small shapes strewn or laid in rows over a surface: leaves, drops, scales, feathers.

A layer is a turned grid with one shape in each cell; several layers, each at another angle, hide the grid.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..noise import Field, rotate
from .common import pair


def strewn(uv: Tensor, f: Field, scale: Tensor | float, layer: int, jitter: float = 0.2) -> tuple[Tensor, Tensor]:
    """One shape per cell: the place [B, N, 2] in its own turned frame (-0.5..0.5 in the cell), and four random numbers.

    Shapes of radius 0.5 - jitter / 2 stay inside their cell. The fourth number is the angle: use the other three.
    """
    q = rotate(uv, 37.0 * layer + 11) * scale + 0.37 * layer
    cell = q.floor()
    number = f.hash(cell, layer)
    part = q - cell - 0.5 - jitter * (number[..., :2] - 0.5)
    return rotate(part, number[..., 3] * 360), number


def shingle(uv: Tensor, f: Field, width: Tensor | float, height: Tensor | float, back: int) -> tuple[Tensor, Tensor, Tensor]:
    """The shingle, hanging from above, whose row is `back` rows under the one here.

    Returns x across it in -1..1 [B, N], y [B, N] upward from its tip in row heights (in back..back + 1) and four random numbers.
    Paint `back` = 2, 1, 0 in this order: the higher row lies on top.
    """
    u, v = uv.unbind(-1)
    v = v / height
    row = v.floor() - back
    x = u / width + 0.5 * torch.remainder(row, 2)
    column = x.floor()
    return (x - column - 0.5) * 2, v - row, f.hash(pair(column, row))


def polar(part: Tensor) -> tuple[Tensor, Tensor]:
    """Radius and angle (-pi..pi) of places [B, N, 2]."""
    return part.norm(dim=-1), torch.atan2(part[..., 1], part[..., 0])


def fold(angle: Tensor, petals: int) -> Tensor:
    """Angle [B, N] folded into one of `petals` equal sectors: 0 in its middle, -pi/petals..pi/petals."""
    sector = 2 * math.pi / petals
    return torch.remainder(angle + sector / 2, sector) - sector / 2
