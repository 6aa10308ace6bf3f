"""Woven, knitted and tanned."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..noise import Field, mix, ramp, rgb, rotate, smooth
from .common import Material, Surface, Tint, dyed, lightness, pair, stretch, zoom
from .stamps import fold, polar


def leather(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Pebbled grain, dark creases and a soft shine; every so often a seam with pale stitches."""
    base = tint.over(f.pick(torch.stack([rgb(0.43, 0.23, 0.12), rgb(0.50, 0.28, 0.14), rgb(0.36, 0.17, 0.10)])))
    scale = zoom(f)
    q = f.warp(s.q, 4, 0.05) * scale
    _, edge, number = f.cells(q * 8.5, 0.95)
    grain = smooth(0.0, 0.26, edge)
    crease = smooth(0.045, 0.0, (f.fbm(q, 2.6, 2) - 0.5).abs())
    shine = f.fbm(q, 1.8, 2)
    light = (0.62 + 0.42 * grain + 0.12 * (number[..., 0] - 0.5)) * (0.72 + 0.5 * shine) * (1 - 0.4 * crease)
    colour = dyed(base, light) + (0.16 * smooth(0.5, 0.95, shine) * grain)[..., None]
    uv = rotate(s.uv, f.uniform(-35, 35)) * scale
    v = (torch.remainder(uv[..., 1] + 0.45, 0.95) - 0.475).abs()  # to the seam
    colour = colour * (1 - 0.65 * smooth(0.022, 0.008, v) - 0.15 * smooth(0.10, 0.02, v))[..., None]
    dash = (torch.remainder(uv[..., 0] * 10, 1) - 0.5).abs() / 10
    thread = smooth(0.0, 0.010, 0.036 - dash) * smooth(0.016, 0.008, (v - 0.058).abs())
    return mix(colour, mix(rgb(0.93, 0.85, 0.66), rgb(0.30, 0.22, 0.14), smooth(0.62, 0.8, lightness(base))), thread)


def knit(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Columns of V-shaped stitches."""
    base = tint.over(f.pick(torch.stack([rgb(0.78, 0.14, 0.16), rgb(0.85, 0.80, 0.70), rgb(0.20, 0.40, 0.55)])))
    uv = rotate(s.uv, f.uniform(-8, 8)) * zoom(f)
    x = uv[..., 0] / 0.20
    column = x.floor()
    side = (x - column - 0.5).abs() * 2
    y = uv[..., 1] / 0.135 - side * 0.85
    row = y.floor()
    v = (y - row - 0.5).abs() * 2
    stitch = (1 - v.square()) * smooth(0.0, 0.28, side) * smooth(1.0, 0.72, side)
    fibre = f.value(pair(uv[..., 0] * 12, y * 4))
    number = f.hash(pair(column, row))
    light = (0.38 + 0.78 * stitch) * (0.88 + 0.2 * fibre) * (0.94 + 0.12 * number[..., 0])
    return dyed(base, light) + (0.07 * smooth(0.5, 1.0, stitch))[..., None]


def denim(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Steep twill with white wear along it, and double rows of orange stitches."""
    base = tint.over(rgb(0.17, 0.27, 0.48))
    uv = rotate(s.uv, f.uniform(-6, 6)) * zoom(f)
    slub = f.value(stretch(rotate(uv, 58), 2.0, 14.0))
    twill = torch.sin(rotate(uv, 58)[..., 1] * 72)
    fade = f.fbm(stretch(uv, 1, 0.5), 1.6, 2)
    pale = base * 0.55 + 0.42
    colour = base * (0.78 + 0.24 * slub)[..., None]
    colour = mix(colour, pale, (0.20 + 0.24 * twill + 0.35 * (slub - 0.5) + 0.5 * (fade - 0.45)).clamp(0, 0.75))
    colour = mix(colour, colour * 0.55, smooth(0.8, 0.95, lightness(base)) * (0.35 - 0.3 * twill).clamp(0, 1))
    x = torch.remainder(uv[..., 0] + 0.25, 1.1) - 0.55
    colour = colour * (1 - 0.45 * smooth(0.03, 0.0, (x - 0.13).abs()) - 0.22 * smooth(0.12, 0.05, x.abs()))[..., None]
    dash = (torch.remainder(uv[..., 1] * 8.5, 1) - 0.5).abs() / 8.5
    thread = smooth(0.0, 0.01, 0.046 - dash) * smooth(0.019, 0.010, (x.abs() - 0.052).abs())
    return mix(colour, rgb(0.96, 0.58, 0.16) * (0.8 + 0.25 * smooth(0.05, 0, dash))[..., None], thread)


def velvet(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Crushed pile: folds that run from deep shade to a bright sheen."""
    base = tint.over(f.pick(torch.stack([rgb(0.50, 0.05, 0.16), rgb(0.30, 0.08, 0.42), rgb(0.05, 0.30, 0.26)])))
    q = f.warp(s.q * zoom(f), 1.8, 0.25)
    q = f.warp(q, 4.2, 0.07)
    fold_ = 0.5 + 0.5 * torch.sin(15 * f.value(q, 1.6) + 6 * f.value(q, 3.3))
    light = 0.34 + 0.72 * fold_ + 0.14 * (f.value(q, 11) - 0.5)
    sheen = smooth(0.68, 1.0, fold_)
    return mix(dyed(base, light), base * 0.45 + 0.55, 0.62 * sheen)


def tartan(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Bands and fine lines, the same along both ways, crossing half and half."""
    base = tint.over(rgb(0.72, 0.08, 0.10))
    dark = f.pick(torch.stack([rgb(0.05, 0.14, 0.34), rgb(0.04, 0.25, 0.13), rgb(0.08, 0.08, 0.09)]))
    near = smooth(0.75, 0.55, (dark - base).abs().sum(-1))
    second = mix(dark, rgb(0.90, 0.88, 0.83), near)
    uv = rotate(s.uv, f.uniform(-10, 10)) * zoom(f)

    def threads(x: Tensor) -> Tensor:
        t = torch.remainder(x * 1.75, 1.0)
        colour = mix(base, second, smooth(0.30, 0.32, t) * smooth(0.66, 0.64, t))
        for centre, width, line in (
            (0.48, 0.035, rgb(0.95, 0.80, 0.28)),
            (0.08, 0.024, rgb(0.96, 0.95, 0.91)),
            (0.88, 0.024, rgb(0.10, 0.10, 0.11)),
        ):
            colour = mix(colour, line, smooth(width, width - 0.016, (t - centre).abs()))
        return colour

    weave = torch.sin((uv[..., 0] + uv[..., 1]) * 75)
    return (threads(uv[..., 0]) * 0.5 + threads(uv[..., 1]) * 0.5) * (0.96 + 0.07 * weave)[..., None]


def carpet(s: Surface, f: Field, tint: Tint) -> Tensor:
    """A Persian rug: framed fields, each with a medallion of petals and a flower in every corner."""
    base = tint.over(f.pick(torch.stack([rgb(0.62, 0.08, 0.09), rgb(0.55, 0.10, 0.08)])))
    bright = smooth(0.55, 0.7, lightness(base))
    cream = mix(rgb(0.93, 0.85, 0.66), rgb(0.42, 0.10, 0.09), bright)
    navy = mix(rgb(0.09, 0.12, 0.26), rgb(0.16, 0.18, 0.36), bright)
    navy = mix(navy, rgb(0.60, 0.13, 0.12), smooth(0.5, 0.3, (navy - base).abs().sum(-1)))
    gold = rgb(0.85, 0.62, 0.22)
    uv = (rotate(s.uv, f.uniform(-6, 6)) * zoom(f) + 0.5) / 1.0
    part = uv - uv.floor() - 0.5
    a = part.abs()
    edge = 0.5 - a.amax(-1)
    radius, angle = polar(part)
    petal = fold(angle, 8).abs()
    colour = base.expand(-1, uv.shape[1], -1)

    def flower(place: Tensor, size: float, petals: int, leaf: Tensor, heart: Tensor, under: Tensor) -> Tensor:
        r, w = polar(place)
        lobes = size * (0.72 + 0.28 * torch.cos(petals * w))
        return mix(mix(under, leaf, smooth(0.012, -0.008, r - lobes)), heart, smooth(0.012, -0.006, r - size * 0.36))

    star = 0.315 - 0.16 * petal / (math.pi / 8) * 0.5
    for inset, shade in ((0.0, navy), (0.022, gold), (0.040, base), (0.115, cream), (0.135, navy)):
        colour = mix(colour, shade, smooth(0.006, -0.006, radius - (star - inset)))
    colour = flower(part, 0.125, 8, gold, base, colour)
    colour = flower(0.365 - a, 0.075, 4, cream, navy, colour)
    colour = flower(pair(radius - 0.235, radius * fold(angle, 8)), 0.036, 4, cream, navy, colour)
    frame = smooth(0.095, 0.085, edge)
    along = torch.where(a[..., 0] > a[..., 1], part[..., 1], part[..., 0])
    bead = pair(edge - 0.045, torch.remainder(along * 9, 1) / 9 - 0.5 / 9)
    border = flower(bead, 0.034, 4, cream, base * 0.9, navy.expand_as(colour))
    colour = mix(colour, border, frame)
    colour = mix(colour, gold, smooth(0.012, 0.004, (edge - 0.09).abs()) + smooth(0.014, 0.006, edge))
    knots = torch.sin(uv[..., 1] * 110) * torch.sin(uv[..., 0] * 50)
    return colour * (0.95 + 0.06 * knots + 0.12 * (f.fbm(uv, 2.5, 2) - 0.5))[..., None]


def basket(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Straps of cane going over and under each other."""
    uv = rotate(s.uv, f.uniform(-8, 8) + 45 * f.chance(0.35)) * zoom(f) / 0.2
    cell = uv.floor()
    part = (uv - cell - 0.5) * 2
    over = torch.remainder(cell.sum(-1), 2) > 0.5
    x = torch.where(over, part[..., 0], part[..., 1])  # along the strap on top
    y = torch.where(over, part[..., 1], part[..., 0])
    number = f.hash(torch.where(over[..., None], cell * cell.new_tensor((0.0, 1.0)), cell * cell.new_tensor((1.0, 0.0)) + 13))
    cane = 0.5 + 0.5 * torch.cos(y * math.pi * 3)
    light = (1.0 - 0.55 * x.square()) * (0.74 + 0.26 * cane) * (0.85 + 0.3 * number[..., 0])
    fibre = f.value(torch.where(over[..., None], stretch(uv, 0.8, 7.0), stretch(uv, 7.0, 0.8)))
    colour = ramp(light * (0.86 + 0.2 * fibre), rgb(0.22, 0.12, 0.04), rgb(0.62, 0.43, 0.20), rgb(0.93, 0.77, 0.48))
    return colour * smooth(1.0, 0.88, y.abs()).clamp(min=0.25)[..., None]


TABLE: dict[str, Material] = {
    "leather": leather, "knit": knit, "denim": denim, "velvet": velvet, "tartan": tartan, "carpet": carpet, "basket": basket,
}  # fmt: skip
