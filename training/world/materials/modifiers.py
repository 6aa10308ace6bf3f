"""Weathering, wear and treatment of a material: functions of its colours."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..noise import Field, mix, ramp, rgb, rotate, smooth
from .common import Surface, lightness, pair, stretch
from .stamps import strewn

Modifier = Callable[[Tensor, Surface, Field], Tensor]


def _cover(s: Surface, f: Field, frequency: float, share: float, soft: float = 0.035) -> Tensor:
    """Patches [B, N], 1 inside, over about `share` of the area."""
    t = f.fbm(f.warp(s.q, 2.4, 0.12), frequency, 3, 0.55) + 0.36 * (share - 0.5)
    return smooth(0.5 - soft, 0.5 + soft, t)


def _upright(s: Surface) -> Tensor:
    """The surface as a plane [B, N, 2] with up as second coordinate."""
    return s.uv if s.flat else pair(s.p[..., 0] + 0.6 * s.p[..., 1], s.p[..., 2])


def mossy(colour: Tensor, s: Surface, f: Field) -> Tensor:
    """Green cushions that grow over half of it."""
    cover = _cover(s, f, 2.4, 0.46, 0.05)
    colour = colour * (1 - 0.55 * smooth(0.0, 0.4, cover))[..., None]
    fuzz = 0.75 * f.fbm(s.q, 11, 2) + 0.4 * smooth(0.3, 1.0, cover) - 0.1
    green = ramp(fuzz, rgb(0.07, 0.13, 0.02), rgb(0.30, 0.42, 0.05), rgb(0.64, 0.72, 0.20))
    return mix(colour, green, smooth(0.3, 0.6, cover))


def cracked(colour: Tensor, s: Surface, f: Field) -> Tensor:
    """Wide black cracks from edge to edge, thin ones branching off."""
    q = f.warp(s.q, 3.0, 0.12)
    _, edge, number = f.cells(q * 1.7, 1.0)
    _, fine, _ = f.cells(s.uv * 4.0 + 3, 1.0)
    crack = torch.maximum(smooth(0.055, 0.025, edge), smooth(0.035, 0.012, fine) * smooth(0.45, 0.6, f.value(s.q, 2.1)))
    lip = smooth(0.10, 0.06, edge) * 0.22
    return mix(mix(colour * (0.85 + 0.25 * number[..., :1]), rgb(1.0, 1.0, 1.0), lip), colour * 0.06 + 0.02, crack)


def wet(colour: Tensor, s: Surface, f: Field) -> Tensor:
    """Deeper colours under beads of water, each with its glint and its shadow."""
    colour = colour * (0.55 + 0.22 * colour)
    for layer, scale in enumerate((2.3, 2.9, 4.4)):
        q = rotate(_upright(s), 37.0 * layer + 11) * scale + 0.37 * layer
        cell = q.floor()
        number = f.hash(cell, layer)
        part = rotate(q - cell - 0.5 - 0.3 * (number[..., :2] - 0.5), -37.0 * layer - 11)
        size = 0.12 + 0.2 * number[..., 2]
        r = part.norm(dim=-1) / size
        tilt = (part[..., 1] - 0.6 * part[..., 0]) / size
        bead = (colour * (1.15 - 0.4 * tilt)[..., None] + 0.10).clamp(0, 1)
        glint = smooth(0.34, 0.16, (part / size[..., None] - part.new_tensor((-0.30, 0.42))).norm(dim=-1))
        bead = mix(bead, rgb(1.0, 1.0, 1.0), glint + 0.3 * smooth(0.25, 0.0, (r - 0.85).abs()) * smooth(-0.2, -0.8, tilt))
        shown = number[..., 3] > 0.35
        shade = 1 - 0.5 * smooth(1.25, 0.95, r) * shown
        colour = mix(colour * shade[..., None], bead, smooth(1.0, 0.9, r) * shown)
    return colour


def dusty(colour: Tensor, s: Surface, f: Field) -> Tensor:
    """A matt film everywhere, thick in soft drifts with crumbs in them: pale on dark things, dark on pale ones."""
    film = 0.26 + 0.60 * smooth(0.40, 0.60, f.fbm(f.warp(s.q, 1.6, 0.2), 1.9, 3))
    bright = smooth(0.55, 0.68, lightness(colour).mean(1, keepdim=True))
    dirt = mix(rgb(0.76, 0.61, 0.42), rgb(0.43, 0.33, 0.23), bright)
    dirt = dirt * (0.72 + 0.5 * f.fbm(s.q, 9, 2))[..., None]
    grey = lightness(colour)[..., None]
    return mix(grey + (colour - grey) * 0.7, dirt, film)


def rusty(colour: Tensor, s: Surface, f: Field) -> Tensor:
    """Orange-brown scabs, and streaks that run down from them."""
    q = _upright(s)
    streak = f.fbm(stretch(q, 7, 0.8), 1.0, 2)
    crust = ramp(f.fbm(s.q, 7, 3, 0.6), rgb(0.25, 0.09, 0.04), rgb(0.57, 0.23, 0.07), rgb(0.82, 0.44, 0.14))
    colour = mix(colour * rgb(0.88, 0.80, 0.72), rgb(0.52, 0.24, 0.09), 0.85 * smooth(0.48, 0.68, streak))
    return mix(colour, crust, _cover(s, f, 3.0, 0.38, 0.03))


def worn(colour: Tensor, s: Surface, f: Field) -> Tensor:
    """The top flaked off in crisp patches: a pale ground with a dark lip, and grime round about."""
    t = f.fbm(f.warp(s.q, 4, 0.08), 2.9, 4, 0.6) - 0.545
    ground = mix(colour, rgb(0.70, 0.67, 0.61), torch.full_like(t, 0.78)) * (0.86 + 0.24 * f.fbm(s.q, 9, 2))[..., None]
    grime = colour * (0.62 + 0.32 * f.fbm(s.q, 2.1, 2))[..., None]
    colour = mix(grime, grime * 0.35, smooth(-0.05, -0.01, t))
    return mix(colour, ground, smooth(-0.004, 0.016, t))


def polished(colour: Tensor, s: Surface, f: Field) -> Tensor:
    """Richer, deeper colours under the sharp slanting reflection of windows, each with a dark stripe beside it."""
    q = rotate(_upright(s), f.uniform(25, 50))
    grey = lightness(colour)[..., None]
    colour = (grey + (colour - grey) * 1.3).clamp(0, 1)
    # a pale surface must darken, or the reflection would not be visible
    colour = colour * (0.70 + 0.20 * colour * (1 - grey))
    x = torch.remainder(q[..., 0] + f.uniform(0, 1) + 0.02 * torch.sin(q[..., 1] * 5), 0.92)
    broad = smooth(0.0, 0.02, x) * smooth(0.27, 0.25, x)
    thin = smooth(0.34, 0.36, x) * smooth(0.43, 0.41, x)
    dark = smooth(0.47, 0.50, x) * smooth(0.74, 0.52, x)
    fade = 0.70 + 0.22 * torch.sin(q[..., 1] * 2.3 + 6 * f.draw())
    return mix(colour * (1 - 0.45 * dark)[..., None], rgb(1.0, 1.0, 1.0), (broad + 0.9 * thin) * fade)


def painted(colour: Tensor, s: Surface, f: Field) -> Tensor:
    """A coat of glossy paint that stands out from what is under it, run down in long drips."""
    paints = torch.stack([rgb(0.96, 0.95, 0.92), rgb(0.10, 0.55, 0.90), rgb(0.98, 0.82, 0.12), rgb(0.93, 0.25, 0.58)])
    mean = colour.mean(1, keepdim=True)
    taste = torch.cat([f.draw() for _ in paints], 1)
    best = ((paints.to(mean.device) - mean).abs().sum(-1) + 1.0 * taste).argmax(1)
    paint = paints.to(mean.device)[best][:, None]
    u, v = _upright(s).unbind(-1)
    v = v + 0.10 * torch.sin(u * 2.1 + 6 * f.draw())
    height = torch.remainder(v + 1.1 * f.draw(), 1.1)
    return _drips(colour, paint, f, u / 0.11 + 9 * f.draw(), height)


def snowy(colour: Tensor, s: Surface, f: Field) -> Tensor:
    """White heaps with blue shadows at their feet."""
    t = f.fbm(f.warp(s.q, 2.0, 0.12), 2.4, 3, 0.45) - 0.545
    heap = smooth(0.0, 0.16, t) * 0.75 + 0.3 * f.fbm(s.q, 6, 2)
    snow = ramp(heap, rgb(0.50, 0.66, 0.93), rgb(0.86, 0.92, 1.0), rgb(1.0, 1.0, 1.0))
    colour = mix(colour, rgb(0.86, 0.91, 0.98), 0.22 * f.fbm(s.q, 8, 2))
    colour = colour * (1 - 0.45 * smooth(-0.06, 0.0, t))[..., None]
    return mix(colour, snow, smooth(-0.008, 0.022, t))


def burnt(colour: Tensor, s: Surface, f: Field) -> Tensor:
    """Black char with a brown scorch around it, and embers along the rim."""
    t = f.fbm(f.warp(s.q, 2.4, 0.12), 2.4, 4, 0.55) - 0.545
    colour = mix(colour, colour * rgb(0.45, 0.28, 0.16), smooth(-0.16, -0.02, t))
    char = rgb(0.07, 0.06, 0.06) * (0.6 + 1.1 * f.fbm(s.q, 8, 2))[..., None] + 0.10 * colour
    colour = mix(colour, char, smooth(-0.02, 0.01, t))
    ember = smooth(0.022, 0.004, (t - 0.012).abs()) * (0.35 + 0.65 * smooth(0.35, 0.6, f.value(s.q, 5)))
    return mix(colour, mix(rgb(0.95, 0.28, 0.02), rgb(1.0, 0.80, 0.30), smooth(0.6, 1.0, ember)), ember)


def scratched(colour: Tensor, s: Surface, f: Field) -> Tensor:
    """Long straight cuts every way, pale with a dark flank."""
    for layer in range(7):
        part, number = strewn(s.uv, f, 1.15 + 0.1 * layer, layer, 0.2)
        x, y = part.unbind(-1)
        x = x - 0.25 * y * y * (number[..., 1] - 0.5)
        width = 0.014 + 0.014 * number[..., 0]
        ends = smooth(0.44, 0.2, y.abs())
        colour = mix(colour, colour * 0.3, 0.85 * ends * smooth(width, 0.4 * width, (x - 1.5 * width).abs()))
        colour = mix(colour, colour * 0.2 + 0.78, 0.9 * ends * smooth(width, 0.4 * width, x.abs()))
    return colour


def faded(colour: Tensor, s: Surface, f: Field) -> Tensor:
    """Bleached by the sun to a chalky cream, with little contrast, but for a few soft islands."""
    mean = colour.mean(1, keepdim=True)
    flat = mean + (colour - mean) * 0.75
    grey = lightness(flat)[..., None]
    flat = grey + (flat - grey) * 0.65
    bleach = 0.28 + 0.36 * smooth(0.40, 0.56, f.fbm(f.warp(s.q, 1.5, 0.15), 1.5, 2))
    chalk = rgb(0.97, 0.93, 0.81) * (0.94 + 0.10 * f.fbm(s.q, 6, 2))[..., None]
    return mix(flat, chalk, bleach)


def _drips(colour: Tensor, paint: Tensor, f: Field, lane: Tensor, y: Tensor) -> Tensor:
    """Paint in the upper part of a band y 0..1.1 [B, N], with one round-ended drip in each lane."""
    column = lane.floor()
    number = f.hash(pair(column, torch.zeros_like(column)), 2)
    x = (lane - column - 0.5) * 2
    end = 0.62 - 0.5 * number[..., 0].square()
    tip = y - end - 0.05 * (1 - (1 - x.square()).clamp(min=0).sqrt()) * 2
    gap = y - 0.62 - 0.03
    run = torch.minimum(tip, 0.09 - 0.10 * x.abs())
    inside = torch.maximum(run, gap)
    wet_ = smooth(0.0, 0.02, inside) * smooth(1.1, 1.085, y)
    light = 0.86 + 0.16 * smooth(0.02, 0.07, inside) - 0.12 * smooth(0.3, 0.9, x) * (gap < 0)
    glint = smooth(0.22, 0.08, (x + 0.35).abs()) * smooth(0.03, 0.06, tip) * (gap < 0.03)
    coat = mix(paint * light[..., None], rgb(1.0, 1.0, 1.0), 0.5 * glint)
    shadow = smooth(-0.04, 0.01, inside)
    return mix(colour * (1 - 0.4 * shadow)[..., None], coat, wet_)


TABLE: dict[str, Modifier] = {
    "mossy": mossy, "cracked": cracked, "wet": wet, "dusty": dusty, "rusty": rusty, "worn": worn, "polished": polished,
    "painted": painted, "snowy": snowy, "burnt": burnt, "scratched": scratched, "faded": faded,
}  # fmt: skip
