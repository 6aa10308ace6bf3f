"""Painted, printed and composite patterns."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..noise import Field, mix, rgb, rotate, smooth
from ..vocabulary import COLOURS
from .common import Material, Surface, Tint, bevel, choose, courses, dyed, grid, lightness, lit, zoom
from .stamps import polar, strewn


def _palette(*names: str) -> Tensor:
    """Named colours [K, 3]."""
    return torch.tensor([COLOURS[name] for name in names])


def candy(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Slanting stripes, a thin one beside each broad one, with a sugary gloss."""
    base = tint.or_default(rgb(0.86, 0.07, 0.12))
    other = mix(rgb(0.98, 0.96, 0.93), rgb(0.60, 0.60, 0.63), smooth(0.82, 0.9, lightness(base)))
    across = rotate(s.uv, f.uniform(25, 55) * (1 - 2 * f.chance(0.3))) * zoom(f)
    t = torch.remainder(across[..., 0] * 2.3, 1.0)
    broad = smooth(0.0, 0.02, t) * smooth(0.56, 0.54, t)
    thin = smooth(0.70, 0.72, t) * smooth(0.80, 0.78, t)
    colour = mix(other, base, broad + thin)
    round_ = torch.sin(t / 0.56 * math.pi) * broad + torch.sin((t - 0.56) / 0.44 * math.pi).clamp(min=0) * (1 - broad)
    gloss = smooth(0.035, 0.015, (t - 0.16).abs()) * smooth(0.35, 0.5, f.value(across * 1.0, 2.2))
    return mix(colour * (0.80 + 0.22 * round_)[..., None], rgb(1.0, 1.0, 1.0), 0.75 * gloss)


def dots(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Pale dots in staggered rows; dark ones on a pale ground."""
    base = tint.or_default(f.pick(_palette("red", "teal", "blue", "pink", "yellow")))
    dot = mix(rgb(0.97, 0.95, 0.90), rgb(0.14, 0.14, 0.17), smooth(0.82, 0.88, lightness(base)))
    uv = rotate(s.uv, f.uniform(-25, 25)) * zoom(f)
    _, part, _ = courses(uv, 0.34, 0.29)
    shade = (0.94 + 0.1 * f.fbm(uv, 2, 2))[..., None]
    return mix(base, dot, smooth(0.090, 0.076, part.norm(dim=-1))) * shade


def splatter(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Bright blots with long arms and droplets on white canvas."""
    canvas = rgb(0.95, 0.94, 0.91) * (0.95 + 0.07 * f.value(s.uv, 9))[..., None]
    colours = _palette("red", "blue", "yellow", "green", "pink", "orange", "purple", "teal")
    uv = s.uv * zoom(f)
    colour = canvas
    for layer, (scale, arms) in enumerate(((1.15, 0.15), (1.0, 0.15), (1.4, 0.14), (1.9, 0.12), (4.6, 0.02))):
        part, number = strewn(uv, f, scale, layer, 0.15 if arms > 0.1 else 0.5)
        radius, angle = polar(part)
        bumps = sum(torch.sin(k * angle + 40 * number[..., k % 3]) for k in (3, 5, 7)) / 3
        rim = 0.26 + arms * bumps * 1.2 if arms > 0.1 else 0.08 + 0.2 * number[..., 1]
        shown = number[..., 2] < (0.8 if arms > 0.1 else 0.35)
        inside = smooth(0.0, 0.02 * scale, (rim - radius)) * shown
        paint = choose(number[..., 0], colours)
        lean = torch.cos(angle + 2 * math.pi * number[..., 3] - 2.2)
        glint = smooth(0.05, 0.0, (radius - rim * 0.72).abs()) * smooth(0.2, 0.9, lean)
        paint = mix(paint * (0.84 + 0.16 * smooth(0.0, 0.05, rim - radius))[..., None], rgb(1.0, 1.0, 1.0), 0.5 * glint)
        colour = mix(colour, paint, inside)
    return colour


def glass(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Glowing panes of every colour in black lead."""
    distance, edge, number = f.cells(s.q * zoom(f) * 2.4, 0.95)
    pane = choose(number[..., 0], _palette("red", "blue", "green", "yellow", "purple", "orange", "teal"))
    pane = pane * (0.85 + 0.35 * number[..., 1:2]) + 0.26 * (0.55 - distance)[..., None]
    pane = pane * (0.76 + 0.42 * f.fbm(s.q, 3.0, 2))[..., None]
    return mix(rgb(0.05, 0.05, 0.06), pane, smooth(0.035, 0.06, edge))


def mosaic(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Square glazed tiles in wide pale grout: many colours, or light and dark shades of the colour in the caption."""
    size = 0.25
    uv = rotate(s.uv, f.uniform(-5, 5)) * zoom(f)
    cell, part, edge = grid(uv, size)
    number = f.hash(cell)
    many = choose(number[..., 0], _palette("teal", "blue", "orange", "white", "red", "yellow")) * (0.85 + 0.25 * number[..., 1:2])
    one = dyed(tint.colour, 0.58 + 0.62 * (number[..., 0] > 0.5) + 0.10 * number[..., 2])
    one = mix(one, tint.colour * 0.42 + 0.54, 0.9 * (number[..., 1] > 0.80))
    colour = mix(many, one, tint.given)
    grout = mix(rgb(0.90, 0.88, 0.84), rgb(0.25, 0.24, 0.24), smooth(0.7, 0.8, lightness(tint.colour)) * tint.given)
    glaze = smooth(0.0, 0.03, 0.5 * size - 0.055 - (part - part.new_tensor((-0.02, 0.02))).abs().amax(-1))
    colour = lit(colour * (0.88 + 0.14 * glaze)[..., None], bevel(part, edge - 0.018, 0.035), 0.7)
    return mix(grout, colour, smooth(0.014, 0.022, edge)).clamp(0, 1)


def camouflage(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Four flat shades in crisp blots."""
    q = f.warp(s.q * zoom(f), 3.0, 0.10)
    given = tint.given[..., None]
    base = tint.or_default(rgb(0.44, 0.45, 0.27))
    low = 0.3 * smooth(0.7, 0.9, lightness(base))[..., None]
    dark = base * (0.55 + low) * given + rgb(0.19, 0.28, 0.13) * (1 - given)
    pale = (base * 0.62 + 0.26) * given + rgb(0.60, 0.55, 0.38) * (1 - given)
    black = base * (0.25 + low) * given + rgb(0.13, 0.10, 0.07) * (1 - given)
    colour = base
    for shade, level in ((dark, 0.53), (pale, 0.60), (black, 0.66)):
        colour = mix(colour, shade, smooth(level - 0.012, level + 0.012, f.fbm(q, 3.0, 2, 0.4)))
    return colour


TABLE: dict[str, Material] = {
    "candy": candy, "dots": dots, "splatter": splatter, "glass": glass, "mosaic": mosaic, "camouflage": camouflage,
}  # fmt: skip
