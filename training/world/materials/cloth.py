"""Textiles and leather."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..noise import Field, mix, ramp, rgb, rotate, smooth
from .common import Material, Surface, Tint, dyed, lightness, pair, stretch, zoom
from .stamps import fold, polar


def leather(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Padded panels with a sheen in their middle, sewn together with long pale saddle stitches; a soft grain all over."""
    base = tint.or_default(f.pick(torch.stack([rgb(0.46, 0.23, 0.11), rgb(0.54, 0.29, 0.13), rgb(0.40, 0.17, 0.09)])))
    scale = zoom(f)
    q = f.warp(s.q, 3, 0.04) * scale
    _, edge, number = f.cells(q * 6.5, 0.9)
    grain = smooth(0.0, 0.22, edge)
    uv = rotate(s.uv, f.uniform(-35, 35)) * scale
    place = uv[..., 1] + f.uniform(0, 0.58)
    panel = (place / 0.58).floor()
    v = (place / 0.58 - panel - 0.5) * 0.58  # from a panel's middle
    seam = 0.29 - v.abs()
    pad = smooth(0.0, 0.22, seam)
    tone_ = f.hash(pair(panel, torch.zeros_like(panel)), 3)[..., 0]
    sheen = smooth(0.22, 0.0, (v - 0.06 - 0.10 * (f.value(q, 1.6) - 0.5)).abs())
    light = (0.34 + 0.46 * pad + 0.18 * grain + 0.12 * (number[..., 0] - 0.5)) * (0.86 + 0.28 * tone_)
    colour = dyed(base, light)
    colour = mix(colour, base * 0.45 + 0.52, 0.42 * sheen * (0.55 + 0.45 * grain))
    colour = colour * (1 - 0.85 * smooth(0.026, 0.010, seam))[..., None]
    stitch = (torch.remainder(uv[..., 0] / 0.17, 1) - 0.5).abs() * 0.17
    lane = (seam - 0.075).abs()
    hole = smooth(0.078, 0.070, stitch) * smooth(0.040, 0.026, lane)
    thread = smooth(0.060, 0.048, stitch) * smooth(0.026, 0.017, lane)
    pale = mix(rgb(0.96, 0.88, 0.68), rgb(0.28, 0.19, 0.12), smooth(0.62, 0.8, lightness(base)))
    return mix(colour * (1 - 0.45 * hole)[..., None], pale * (1.08 - 8 * lane)[..., None], thread).clamp(0, 1)


def knit(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Columns of V-shaped stitches."""
    base = tint.or_default(f.pick(torch.stack([rgb(0.78, 0.14, 0.16), rgb(0.85, 0.80, 0.70), rgb(0.20, 0.40, 0.55)])))
    uv = rotate(s.uv, f.uniform(-8, 8)) * zoom(f)
    x = uv[..., 0] / 0.28
    column = x.floor()
    side = (x - column - 0.5).abs() * 2
    y = uv[..., 1] / 0.19 - side * 0.85
    row = y.floor()
    v = (y - row - 0.5).abs() * 2
    stitch = (1 - v.square()) * smooth(0.0, 0.28, side) * smooth(1.0, 0.72, side)
    fibre = f.value(pair(uv[..., 0] * 12, y * 4))
    number = f.hash(pair(column, row))
    light = (0.26 + 0.90 * stitch) * (0.93 + 0.12 * fibre) * (0.94 + 0.12 * number[..., 0])
    return dyed(base, light) + (0.07 * smooth(0.5, 1.0, stitch))[..., None]


def denim(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Steep twill of pale stepped dashes on dark ribs, worn pale in places, and double rows of long orange stitches."""
    base = tint.or_default(rgb(0.13, 0.22, 0.46))
    uv = rotate(s.uv, f.uniform(-6, 6)) * zoom(f)
    along, across = rotate(uv, 55).unbind(-1)
    rib = (across / 0.10).floor()
    side = (across / 0.10 - rib - 0.5).abs() * 2
    # each rib's dashes start a third of a step after its neighbour's: what makes a weave a twill
    dash = (torch.remainder(along / 0.30 + rib / 3 + 0.1 * (f.value(uv, 5) - 0.5), 1) - 0.5).abs() * 2
    thread_over = smooth(0.95, 0.6, dash).clamp(min=0.35) * smooth(0.8, 0.4, side)
    fade = f.fbm(stretch(uv, 1, 0.6), 1.5, 2)
    key = lightness(base)
    pale = mix(base * 0.50 + 0.46, base * 0.70, smooth(0.7, 0.85, key))
    colour = dyed(base, 0.62 + 0.40 * smooth(1.0, 0.3, side))
    colour = mix(colour, pale, (thread_over * (0.42 + 0.75 * (fade - 0.2))).clamp(0.12, 0.85) * smooth(0.0, 0.3, thread_over))
    x = torch.remainder(uv[..., 0] + f.uniform(0, 0.95), 0.95) - 0.475
    colour = colour * (1 - 0.45 * smooth(0.16, 0.13, x.abs()))[..., None]
    colour = colour * (1 - 0.55 * smooth(0.03, 0.01, (x - 0.145).abs()))[..., None]
    stitch = (torch.remainder(uv[..., 1] / 0.20, 1) - 0.5).abs() * 0.20
    lane = (x.abs() - 0.072).abs()
    thread = smooth(0.0, 0.012, 0.074 - stitch) * smooth(0.030, 0.020, lane)
    orange = rgb(0.97, 0.60, 0.15) * (1.05 - 12 * lane)[..., None]
    return mix(colour * (1 - 0.4 * smooth(0.05, 0.03, lane) * smooth(0.09, 0.07, stitch))[..., None], orange, thread)


def velvet(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Draped in long soft folds, from deep shade to a bright sheen along each crest; crushed a little."""
    base = tint.or_default(f.pick(torch.stack([rgb(0.52, 0.04, 0.16), rgb(0.32, 0.07, 0.46), rgb(0.04, 0.32, 0.27)])))
    uv = rotate(s.uv, f.uniform(-25, 25)) * zoom(f)
    bent = uv[..., 0] * 2.6 + 1.1 * f.value(stretch(uv, 1.5, 0.55), 1.4) + 0.35 * f.value(stretch(uv, 2.5, 1.2), 2.0)
    phase = torch.remainder(bent, 1)
    # a fold rises slowly and falls off fast
    crest = smooth(0.0, 0.62, phase) * smooth(1.0, 0.70, phase)
    nap = f.value(s.q, 12) - 0.5
    light = 0.20 + 0.80 * crest + 0.12 * nap
    sheen = smooth(0.78, 1.0, crest) * (0.5 + 0.5 * smooth(0.25, 0.6, f.value(stretch(uv, 1.5, 0.8), 1.8)))
    return mix(dyed(base, light), base * 0.42 + 0.58, 0.8 * sheen)


def tartan(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Bands and fine lines, the same along both ways, crossing half and half."""
    base = tint.or_default(rgb(0.72, 0.08, 0.10))
    dark = f.pick(torch.stack([rgb(0.05, 0.14, 0.34), rgb(0.04, 0.25, 0.13), rgb(0.08, 0.08, 0.09)]))
    near = smooth(0.75, 0.55, (dark - base).abs().sum(-1))
    second = mix(dark, rgb(0.90, 0.88, 0.83), near)
    uv = rotate(s.uv, f.uniform(-10, 10)) * zoom(f)

    def threads(x: Tensor) -> Tensor:
        t = torch.remainder(x * 1.4, 1.0)
        colour = mix(base, second, smooth(0.30, 0.32, t) * smooth(0.66, 0.64, t))
        for centre, width, line in (
            (0.48, 0.035, rgb(0.95, 0.80, 0.28)),
            (0.08, 0.024, rgb(0.96, 0.95, 0.91)),
            (0.88, 0.024, rgb(0.10, 0.10, 0.11)),
        ):
            colour = mix(colour, line, smooth(width, width - 0.016, (t - centre).abs()))
        return colour

    weave = torch.sin((uv[..., 0] + uv[..., 1]) * 52)
    return (threads(uv[..., 0]) * 0.5 + threads(uv[..., 1]) * 0.5) * (0.96 + 0.07 * weave)[..., None]


def carpet(s: Surface, f: Field, tint: Tint) -> Tensor:
    """A Persian rug: framed fields, each with a large star of petals and a flower in every corner."""
    base = tint.or_default(f.pick(torch.stack([rgb(0.66, 0.08, 0.09), rgb(0.58, 0.10, 0.08)])))
    bright = smooth(0.55, 0.7, lightness(base))
    cream = mix(rgb(0.95, 0.87, 0.68), rgb(0.42, 0.10, 0.09), bright)
    navy = mix(rgb(0.08, 0.11, 0.27), rgb(0.16, 0.18, 0.36), bright)
    navy = mix(navy, rgb(0.60, 0.13, 0.12), smooth(0.5, 0.3, (navy - base).abs().sum(-1)))
    gold = rgb(0.88, 0.64, 0.20)
    period = 1.4
    uv = (rotate(s.uv, f.uniform(-6, 6)) * zoom(f)) / period + 0.5
    part = uv - uv.floor() - 0.5
    a = part.abs()
    edge = 0.5 - a.amax(-1)
    radius, angle = polar(part)
    petal = fold(angle, 8).abs()
    colour = base.expand(-1, uv.shape[1], -1)

    def flower(place: Tensor, size: float, petals: int, leaf: Tensor, heart: Tensor, under: Tensor) -> Tensor:
        r, w = polar(place)
        lobes = size * (0.74 + 0.26 * torch.cos(petals * w))
        return mix(mix(under, leaf, smooth(0.010, -0.008, r - lobes)), heart, smooth(0.010, -0.006, r - size * 0.40))

    star = 0.335 - 0.10 * petal / (math.pi / 8)
    for inset, shade in ((0.0, navy), (0.045, gold), (0.090, base), (0.150, cream)):
        colour = mix(colour, shade, smooth(0.006, -0.006, radius - (star - inset)))
    colour = flower(part, 0.125, 8, navy, gold, colour)
    colour = flower(0.325 - a, 0.080, 4, cream, navy, colour)
    along = torch.where(a[..., 0] > a[..., 1], part[..., 1], part[..., 0])
    bead = pair(edge - 0.055, torch.remainder(along * 5 + 0.5, 1) / 5 - 0.5 / 5)
    diamond = bead[..., 0].abs() + bead[..., 1].abs()
    border = mix(mix(navy.expand_as(colour), cream, smooth(0.056, 0.044, diamond)), base, smooth(0.028, 0.018, diamond))
    colour = mix(colour, border, smooth(0.118, 0.108, edge))
    colour = mix(colour, gold, smooth(0.016, 0.008, (edge - 0.112).abs()) + smooth(0.018, 0.008, edge))
    return colour * (0.95 + 0.16 * (f.fbm(uv, 2.5, 2) - 0.5))[..., None]


def basket(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Straps of cane going over and under each other."""
    uv = rotate(s.uv, f.uniform(-8, 8) + 45 * f.chance(0.35)) * zoom(f) / 0.28
    cell = uv.floor()
    part = (uv - cell - 0.5) * 2
    over = torch.remainder(cell.sum(-1), 2) > 0.5
    x = torch.where(over, part[..., 0], part[..., 1])  # along the strap on top
    y = torch.where(over, part[..., 1], part[..., 0])
    number = f.hash(torch.where(over[..., None], cell * cell.new_tensor((0.0, 1.0)), cell * cell.new_tensor((1.0, 0.0)) + 13))
    cane = 0.5 + 0.5 * torch.cos(y * math.pi * 3)
    light = (1.0 - 0.55 * x.square()) * (0.74 + 0.26 * cane) * (0.85 + 0.3 * number[..., 0])
    fibre = f.value(torch.where(over[..., None], stretch(uv, 0.8, 7.0), stretch(uv, 7.0, 0.8)))
    colour = ramp(light * (0.92 + 0.12 * fibre), rgb(0.22, 0.12, 0.04), rgb(0.62, 0.43, 0.20), rgb(0.93, 0.77, 0.48))
    return colour * smooth(1.0, 0.88, y.abs()).clamp(min=0.25)[..., None]


TABLE: dict[str, Material] = {
    "leather": leather, "knit": knit, "denim": denim, "velvet": velvet, "tartan": tartan, "carpet": carpet, "basket": basket,
}  # fmt: skip
