"""What the materials share: their arguments, and shapes that several of them use.

Colours are sRGB 0..1, [B, N, 3]; one unit is half the width of a view, 128 px of 256.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ..noise import Field, mix, ramp, smooth


class Surface(NamedTuple):
    """Points to be coloured: `p` [B, N, 3] in object space, `uv` [B, N, 2] their box-mapped coordinates."""

    p: Tensor
    uv: Tensor
    flat: bool

    @property
    def q(self) -> Tensor:
        """Points for noise and Voronoi cells: `uv` where the surface is flat, since two dimensions are cheaper, else `p`."""
        return self.uv if self.flat else self.p


class Tint(NamedTuple):
    """The colour word of a caption: `colour` [B, 1, 3], and `given` [B, 1], 1.0 where there is one."""

    colour: Tensor
    given: Tensor

    def or_default(self, default: Tensor) -> Tensor:
        """[B, 1, 3]: the colour of the caption, or `default` ([3] or [B, 1, 3]) where it has none."""
        return mix(default, self.colour, self.given)


Material = Callable[[Surface, Field, Tint], Tensor]  # -> sRGB 0..1 [B, N, 3]


def zoom(f: Field) -> Tensor:
    """[B, 1, 1]: random scale of the pattern; multiply points by it."""
    return f.uniform(0.8, 1.25)[..., None]


def lightness(colour: Tensor) -> Tensor:
    """[..., 3] -> [...]: perceived brightness 0..1."""
    return (colour * colour.new_tensor((0.30, 0.55, 0.15))).sum(-1)


def lit(colour: Tensor, light: Tensor, strength: float = 1.0) -> Tensor:
    """Colours [B, N, 3] in light [B, N] of -1 (shadow) .. 1 (glint): shows the relief of black and of white alike."""
    light = light * strength
    dark = colour * (1 + 0.7 * light.clamp(-1, 0))[..., None]
    return dark + (1 - dark) * (0.42 * light.clamp(0, 1))[..., None]


def tone(colour: Tensor, brightness: Tensor) -> Tensor:
    """A colour [3] at a given `brightness` [B, N]: [B, N, 3]."""
    return colour.to(brightness.device) * brightness[..., None]


def dyed(base: Tensor, light: Tensor) -> Tensor:
    """`base` [B, 1, 3] times `light` [B, N]: but shadows on white stay pale, and relief on black stays visible."""
    key = lightness(base)
    soft = light.clamp(min=0.02) ** (1 - 0.5 * smooth(0.7, 0.9, key))
    return base * soft[..., None] + (0.13 * smooth(0.25, 0.08, key) * light)[..., None]


def pair(x: Tensor, y: Tensor) -> Tensor:
    """Two coordinates [B, N] as points [B, N, 2]."""
    return torch.stack([x, y], -1)


def stretch(p: Tensor, *factors: float) -> Tensor:
    """Points scaled by one number per axis."""
    return p * p.new_tensor(factors)


def choose(number: Tensor, colours: Tensor) -> Tensor:
    """One of `colours` [K, 3] (or [B, K, 3]) for each number [B, N] in 0..1: [B, N, 3]."""
    index = (number * colours.shape[-2]).long().clamp(max=colours.shape[-2] - 1)
    if colours.dim() == 2:
        return colours.to(number.device)[index]
    return colours.gather(1, index[..., None].expand(-1, -1, 3))


def courses(uv: Tensor, width: float, height: float, shift: float = 0.5) -> tuple[Tensor, Tensor, Tensor]:
    """Running bond: the integer cell [B, N, 2], the offset from its centre [B, N, 2] and the distance to its border
    [B, N], in units."""
    row = torch.floor(uv[..., 1] / height)
    x = uv[..., 0] / width + shift * torch.remainder(row, 2)
    column = torch.floor(x)
    part = pair((x - column - 0.5) * width, (uv[..., 1] / height - row - 0.5) * height)
    edge = torch.minimum(width / 2 - part[..., 0].abs(), height / 2 - part[..., 1].abs())
    return pair(column, row), part, edge


def grid(uv: Tensor, size: float) -> tuple[Tensor, Tensor, Tensor]:
    """Square tiles: as `courses`, unshifted."""
    return courses(uv, size, size, 0.0)


def bevel(part: Tensor, edge: Tensor, width: float) -> Tensor:
    """Light on the rounded rim of a tile, -1..1: bright on one pair of sides, dark on the other, zero in the middle."""
    toward = torch.tanh((part[..., 1] - 0.35 * part[..., 0]) * 60)
    return toward * smooth(width, 0.0, edge)


def bowls(f: Field, q: Tensor, jitter: float, step: float = 0.05) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Voronoi cells as `Field.cells`, and the light on each as a shallow bowl lit from one side, about -1..1."""
    distance, edge, number = f.cells(q, jitter)
    beside = f.cells(q + step, jitter)[0]
    # the square of the distance rises evenly across a cell: the slope of a bowl
    return distance, edge, number, ((beside.square() - distance.square()) / (2 * step)).clamp(-1, 1)


def sloped(f: Field, q: Tensor, frequency: float, octaves: int, step: float) -> tuple[Tensor, Tensor]:
    """One noise and how much it rises toward the light, `step` units away: [B, N] each."""
    here, beside = f.fbm(torch.cat([q, q + step], 1), frequency, octaves).chunk(2, 1)
    return here, beside - here


def hammered(s: Surface, f: Field, scale: Tensor, dark: Tensor, mid: Tensor, bright: Tensor) -> Tensor:
    """Metal beaten into dents lit from one side [B, N, 3]; `scale` [B, 1, 1] dents per unit."""
    _, edge, number, light = bowls(f, s.q * scale, 0.9)
    t = 0.38 + 0.20 * number[..., 3] + 0.62 * light + 0.35 * smooth(0.20, 0.55, light) + 0.2 * (f.value(s.q, 2) - 0.5)
    return ramp(t + 0.16 * smooth(0.08, 0.0, edge), dark, mid, bright)
