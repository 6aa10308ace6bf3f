"""Wood: grain, bark, planks and parquet."""

from __future__ import annotations

import torch
from torch import Tensor

from ..noise import Field, mix, ramp, rgb, rotate, smooth
from .common import Material, Surface, Tint, bevel, courses, lit, pair, sloped, stretch, zoom


def planks(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Boards in courses, each with a grain of its own, and nails."""
    uv = rotate(s.uv, f.uniform(-3, 3)) * zoom(f) * 0.8
    base = tint.or_default(f.pick(torch.stack([rgb(0.62, 0.41, 0.22), rgb(0.52, 0.33, 0.19), rgb(0.72, 0.53, 0.32)])))
    cell, part, edge = courses(uv, 1.25, 0.24, 0.37)
    number = f.hash(cell)
    # every board reads another part of the noise
    along = pair(uv[..., 0] * 1.1 + 9 * number[..., 1], uv[..., 1] * 7.0 + 9 * number[..., 2])
    grain = f.fbm(along, 1.4, 3)
    lines = torch.sin(14 * f.fbm(stretch(along, 0.6, 0.45), 1.0, 2))
    colour = base * (0.66 + 0.52 * number[..., :1]) * (0.76 + 0.32 * grain)[..., None]
    colour = lit(colour, 0.35 * lines)
    nail = (part.abs() - part.new_tensor((0.56, 0.0))).norm(dim=-1)
    colour = mix(colour, base * 0.22, smooth(0.030, 0.018, nail))
    return mix(base * 0.15, lit(colour, bevel(part, edge, 0.03), 0.5), smooth(0.004, 0.016, edge)).clamp(0, 1)


def wood(s: Surface, f: Field, tint: Tint) -> Tensor:
    """One broad board: growth rings that run past knots."""
    uv = rotate(s.uv, f.uniform(-8, 8)) * zoom(f)
    q = stretch(uv, 0.55, 2.0)
    distance, edge, number = f.cells(stretch(uv, 0.75, 1.5), 0.7)
    knot = (number[..., 2] > 0.4).float() * torch.exp(-((distance / 0.24) ** 2)) * smooth(0.0, 0.16, edge)
    rings = f.fbm(q, 0.8, 2) * 1.05 + 0.55 * knot
    lines = 0.5 + 0.5 * torch.sin(f.uniform(32, 44) * rings)
    light = f.vector(0.88, 1.08, 1)
    fine = f.value(stretch(uv, 3, 26), 1)
    colour = ramp(lines * 0.72 + 0.28 * f.fbm(q, 4, 2), rgb(0.44, 0.25, 0.11), rgb(0.68, 0.44, 0.22), rgb(0.84, 0.63, 0.37))
    colour = mix(colour * light, rgb(0.24, 0.12, 0.05), smooth(0.72, 0.95, knot))
    return (colour * (0.90 + 0.16 * fine)[..., None]).clamp(0, 1)


def bark(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Tall corky plates, grey on top, parted by deep dark furrows."""
    uv = f.warp(s.uv * zoom(f), 2.2, 0.09)
    _, edge, number = f.cells(stretch(uv, 5.0, 1.25), 1.0)
    wide = smooth(0.0, 0.17, edge)
    rough, rise = sloped(f, stretch(uv, 3.0, 1.2), 2.8, 2, 0.05)
    plate = ramp(rough, rgb(0.34, 0.23, 0.15), rgb(0.55, 0.41, 0.28), rgb(0.74, 0.62, 0.48))
    colour = lit(plate * (0.72 + 0.45 * number[..., :1]), -2.5 * rise)
    furrow = mix(rgb(0.12, 0.07, 0.04), rgb(0.36, 0.23, 0.14), wide)
    return mix(furrow, colour, smooth(0.15, 0.75, wide + 0.3 * (rough - 0.5))).clamp(0, 1)


def parquet(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Herringbone: blocks of 1 by 4 in alternating directions."""
    width, blocks = 0.17, 4
    uv = rotate(s.uv, 45 + f.uniform(-4, 4)) * zoom(f) / width
    cell = torch.floor(uv)
    step = torch.remainder(cell[..., 0] - cell[..., 1], 2 * blocks)
    lying = step < blocks
    # where the block under each point begins
    start = torch.where(
        lying[..., None],
        pair(cell[..., 0] - step, cell[..., 1]),
        pair(cell[..., 0], cell[..., 1] - (2 * blocks - 1 - step)),
    )
    part = uv - start
    part = torch.where(lying[..., None], part, part.flip(-1))  # along, across
    edge = torch.minimum((blocks / 2 - (part[..., 0] - blocks / 2).abs()), 0.5 - (part[..., 1] - 0.5).abs()) * width
    number = f.hash(start, 1)
    along = pair(part[..., 0] * 0.22 + 9 * number[..., 1], part[..., 1] * 1.4 + 9 * number[..., 2])
    grain = f.fbm(along, 1.6, 3)
    base = f.pick(torch.stack([rgb(0.68, 0.45, 0.24), rgb(0.58, 0.35, 0.17), rgb(0.78, 0.57, 0.33)]))
    colour = base * (0.66 + 0.34 * number[..., :1] + 0.28 * lying[..., None].float()) * (0.86 + 0.24 * grain)[..., None]
    return mix(base * 0.22, colour, smooth(0.005, 0.018, edge)).clamp(0, 1)


TABLE: dict[str, Material] = {"planks": planks, "wood": wood, "bark": bark, "parquet": parquet}
