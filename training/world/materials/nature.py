"""Ground, plants, water and minerals."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..noise import Field, mix, ramp, rgb, rotate, smooth
from .common import Material, Surface, Tint, dyed, lightness, pair, stretch, zoom
from .stamps import fold, polar, strewn


def sand(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Wind ripples: bright crests, short dark lee sides, now and then one that forks."""
    uv = rotate(s.uv, f.uniform(-20, 20)) * zoom(f)
    bent = f.value(stretch(uv, 0.8, 1.6), 1.3) + 0.35 * f.value(uv, 4)
    phase = torch.remainder(uv[..., 1] * 4.2 + 1.9 * bent, 1)
    wave = smooth(0, 0.72, phase) * smooth(1, 0.78, phase)
    shade = 0.12 + 0.68 * wave + 0.2 * f.fbm(uv, 1.6, 2)
    colour = ramp(shade, rgb(0.60, 0.42, 0.22), rgb(0.86, 0.69, 0.43), rgb(0.98, 0.89, 0.68))
    return colour * (0.95 + 0.1 * f.value(uv, 18))[..., None]


def mud(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Dried plates with curled pale rims, parted by deep dark cracks, finer cracks inside."""
    q = f.warp(s.q * zoom(f), 3.5, 0.07)
    _, edge, number = f.cells(q * 2.5, 1.0)
    _, fine, _ = f.cells(s.uv * 6 + 5, 1.0)
    rim = smooth(0.03, 0.09, edge) * smooth(0.22, 0.09, edge)
    shade = 0.30 + 0.22 * number[..., 0] + 0.30 * rim + 0.4 * (f.fbm(s.q, 5, 3) - 0.5)
    colour = ramp(shade, rgb(0.27, 0.18, 0.11), rgb(0.49, 0.35, 0.23), rgb(0.70, 0.56, 0.40))
    colour = colour * (1 - 0.5 * smooth(0.05, 0.015, fine))[..., None]
    return mix(rgb(0.11, 0.07, 0.04), colour, smooth(0.02, 0.055, edge))


def snow(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Soft drifts with blue shadows, and sparkles of four rays."""
    q = s.q * zoom(f)
    # the crest of a drift is sharp on its lee side
    bent = torch.remainder(1.3 * (q[..., -1] + 0.3 * q[..., 0]) + 1.6 * f.fbm(q, 0.9, 2), 1)
    drift = smooth(0, 0.8, bent) * smooth(1, 0.88, bent)
    shade = 0.22 + 0.62 * drift + 0.35 * (f.fbm(q, 4, 2) - 0.3)
    colour = ramp(shade, rgb(0.46, 0.60, 0.86), rgb(0.76, 0.85, 0.96), rgb(0.96, 0.98, 1.0))
    part, number = strewn(s.uv, f, 3.2, 1, 0.6)
    cross = (part.abs().amin(-1) * 9 + part.norm(dim=-1)) / (0.16 + 0.14 * number[..., 2])
    return mix(colour, rgb(1.0, 1.0, 1.0), smooth(1.0, 0.3, cross) * (number[..., 2] > 0.35))


def ice(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Blue plates, white straight cracks, frozen bubbles."""
    q = f.warp(s.q * zoom(f), 2.5, 0.06)
    _, edge, number = f.cells(q * 2.3, 0.95)
    _, fine, _ = f.cells(stretch(s.uv, 5.5, 4.0) + 7, 0.95)
    colour = ramp(f.fbm(q, 2.0, 3), rgb(0.16, 0.46, 0.70), rgb(0.48, 0.77, 0.90), rgb(0.78, 0.93, 0.98))
    colour = colour * (0.84 + 0.26 * number[..., :1])
    white = smooth(0.05, 0.0, edge) + 0.25 * smooth(0.18, 0.0, edge) + 0.5 * smooth(0.05, 0.0, fine)
    return mix(colour, rgb(0.97, 0.99, 1.0), white.clamp(0, 1))


def moss(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Plump fuzzy cushions, dark between them."""
    q = f.warp(s.q * zoom(f), 6, 0.035)
    distance, edge, number = f.cells(q * 3.4, 0.9)
    tuft, _, _ = f.cells(s.uv * 9.5, 0.9)
    plump = smooth(0.0, 0.34, edge) * (1 - 0.35 * distance)
    shade = 0.62 * plump + 0.50 * (0.55 - tuft) + 0.16 * number[..., 0]
    return ramp(shade, rgb(0.06, 0.10, 0.02), rgb(0.22, 0.33, 0.05), rgb(0.47, 0.57, 0.11), rgb(0.75, 0.79, 0.30))


def grass(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Blades, brighter where they stand in front."""
    uv = rotate(s.uv * zoom(f) * 0.68, f.uniform(-12, 12))
    uv = f.warp(uv, 2.5, 0.06)
    tall = torch.zeros_like(uv[..., 0])
    shade = torch.zeros_like(tall)
    for k, angle in enumerate((-32.0, 26.0, -10.0, 9.0)):
        q = rotate(uv, angle)
        lane = q[..., 0] * 11 + 0.37 * k
        column = lane.floor()
        number = f.hash(pair(column, column * 0 + k), k)
        along = q[..., 1] * 1.7 + 9 * number[..., 0]
        row = along.floor()
        number = f.hash(pair(column, row), k + 4)
        y = along - row  # 0 at the root, 1 at the tip
        x = (lane - column - 0.5 - 0.25 * (number[..., 1] - 0.5) - 0.3 * (number[..., 2] - 0.5) * y * y) * 2
        inside = smooth(1.0, 0.72, x.abs() / (0.75 * (1 - y).clamp(min=1e-3).sqrt())) * smooth(0.0, 0.06, y)
        blade = (0.18 + 0.55 * y + 0.16 * x.sign() * smooth(0, 0.2, x.abs())) * (0.7 + 0.5 * number[..., 3]) + 0.04 * k
        shade = torch.lerp(shade, blade, inside)
    colour = ramp(shade, rgb(0.03, 0.12, 0.02), rgb(0.13, 0.37, 0.06), rgb(0.37, 0.64, 0.13), rgb(0.72, 0.87, 0.34))
    return colour * (0.85 + 0.25 * f.fbm(uv, 1.5, 2))[..., None]


def leaves(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Large pointed leaves with one pale rib and side veins, the lower ones in deep shade, some of them yellowish."""
    base = tint.or_default(rgb(0.20, 0.50, 0.12))
    own = tint.given[..., None]
    uv = s.uv * zoom(f)
    key = lightness(base)
    vein = mix(base * 0.50 + 0.46, base * 0.58, smooth(0.6, 0.85, key))
    colour = (base * 0.13).expand(-1, uv.shape[1], -1)
    for layer in range(5):
        part, number = strewn(uv, f, 1.65, layer, 0.12)
        x, y = part.unbind(-1)
        t = (y + 0.47) / 0.94  # 0 at the stalk, 1 at the tip
        half = 0.31 * torch.sin(math.pi * t.clamp(0, 1) ** 0.75) * (1.08 - 0.25 * t)
        inside = smooth(0.0, 0.02, half - x.abs()) * ((t > 0) & (t < 1))
        # a leaf is folded along its rib: one half in light, the other in shade
        light = (0.40 + 0.155 * layer) * (0.84 + 0.28 * number[..., 0]) * (1 + 0.26 * torch.tanh(x * 20))
        light = light * smooth(-0.03, 0.05, half - x.abs()).clamp(min=0.55)
        warm = mix(base.expand(-1, uv.shape[1], -1), rgb(0.62, 0.66, 0.14), 0.5 * (number[..., 1] > 0.7) * (1 - own[..., 0]))
        leaf = dyed(base, light) * (warm / base.clamp(min=0.02))
        side = (torch.remainder(t * 5.5 - x.abs() * 6.0, 1) - 0.5).abs()
        ribs = 0.55 * smooth(0.13, 0.04, side) * smooth(0.02, 0.08, half - x.abs()) + smooth(0.030, 0.014, x.abs())
        leaf = mix(leaf, vein * (0.50 + 0.125 * layer), 0.85 * ribs.clamp(0, 1))
        shadow = smooth(-0.09, 0.02, half - x.abs()) * smooth(-0.06, 0.02, t) * smooth(1.06, 0.98, t)
        colour = mix(colour * (1 - 0.6 * shadow)[..., None], leaf, inside)
    return colour.clamp(0, 1)


def clover(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Three round leaflets with a pale crescent each; a white ball of flowers here and there."""
    uv = s.uv * zoom(f)
    colour = rgb(0.03, 0.13, 0.05).expand(*uv.shape[:2], 3)
    for layer in range(6):
        part, number = strewn(uv, f, 1.75, layer, 0.1)
        radius, angle = polar(part)
        turn = fold(angle, 3)
        leaflet = pair(radius * torch.cos(turn) - 0.245, radius * torch.sin(turn))
        round_, around = polar(leaflet)
        notch = 0.05 * smooth(0.7, 0.0, around.abs())
        inside = smooth(0.0, 0.03, 0.215 - notch - round_)
        shadow = smooth(-0.06, 0.03, 0.22 - round_)
        crescent = smooth(0.045, 0.018, (radius - 0.20 - 0.5 * turn.abs() * 0.25).abs())
        light = (0.46 + 0.09 * layer) * (0.85 + 0.3 * number[..., 0]) * (0.82 + 0.9 * radius * 0.5)
        leaf = mix(rgb(0.17, 0.50, 0.16) * light[..., None], rgb(0.72, 0.88, 0.62) * light[..., None], 0.75 * crescent)
        leaf = leaf * (1 - 0.35 * smooth(0.02, 0.0, leaflet[..., 1].abs()) * (radius > 0.05))[..., None]
        colour = mix(colour * (1 - 0.45 * shadow)[..., None], leaf, inside)
    part, number = strewn(uv, f, 1.3, 8, 0.7)
    radius, angle = polar(part)
    petals = 0.82 + 0.14 * torch.sin(angle * 12 + 40 * radius) + 0.6 * (0.13 - radius)
    flower = mix(rgb(0.93, 0.70, 0.78), rgb(1.0, 0.98, 0.97), smooth(0.02, 0.11, radius)) * petals[..., None]
    return mix(colour, flower, smooth(0.14, 0.12, radius) * (number[..., 2] > 0.45))


def water(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Caustics on a blue-green pool, in two layers of ripples."""
    q = f.warp(s.q * zoom(f), 1.8, 0.2)
    q = f.warp(q, 4.5, 0.05)
    distance, edge, _ = f.cells(q * 2.7, 0.9)
    body = ramp(f.fbm(s.q, 1.3, 2) + 0.3 * (0.5 - distance), rgb(0.02, 0.26, 0.46), rgb(0.05, 0.48, 0.66), rgb(0.20, 0.70, 0.78))
    net = smooth(0.13, 0.0, edge) ** 1.6 + 0.3 * smooth(0.35, 0.0, edge)
    return mix(body, rgb(0.88, 0.99, 0.98), (net * (0.35 + 0.75 * f.value(s.q, 2.4))).clamp(0, 1))


def lava(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Black crust on glowing melt."""
    q = f.warp(s.q * zoom(f), 2.6, 0.12)
    _, edge, number = f.cells(q * 2.8, 0.9)
    crust = rgb(0.12, 0.085, 0.08) * ((0.45 + 1.2 * f.fbm(s.q, 8, 3)) * (0.7 + 0.5 * number[..., 0]))[..., None]
    heat = smooth(0.19, 0.0, edge) * (0.6 + 0.7 * f.fbm(s.q, 2.2, 2))
    glow = ramp(heat, rgb(0.25, 0.02, 0.01), rgb(0.80, 0.11, 0.01), rgb(1.0, 0.52, 0.05), rgb(1.0, 0.93, 0.42))
    return mix(crust, glow, smooth(0.10, 0.40, heat))


def coral(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Star coral: cups with a thick pale rim, and in each a ring of tentacles about a dark opening."""
    base = tint.or_default(f.pick(torch.stack([rgb(0.96, 0.42, 0.34), rgb(0.95, 0.50, 0.45), rgb(0.94, 0.52, 0.28)])))
    pale = mix(base * 0.55 + 0.44, base * 0.82, smooth(0.8, 0.9, lightness(base)))
    uv = s.uv * zoom(f) * 0.72
    colour = dyed(base, 0.50 + 0.35 * f.fbm(uv, 6, 2))
    for layer in range(5):
        part, number = strewn(uv, f, 1.85, layer, 0.16)
        radius, angle = polar(part)
        size = 0.34 + 0.08 * number[..., 0]
        r = radius / size + 0.05 * torch.sin(3 * angle + 30 * number[..., 1])
        arms = smooth(-0.5, 0.5, torch.cos(angle * 9)) * smooth(0.20, 0.32, r)
        light = torch.where(r < 0.66, 0.40 + 0.65 * arms * smooth(0.75, 0.45, r), 1.15 - 1.2 * (r - 0.72).abs())
        cup = mix(dyed(base, light), pale, 0.75 * smooth(0.16, 0.04, (r - 0.74).abs()) + 0.5 * arms * smooth(0.5, 0.3, r))
        colour = mix(colour * (1 - 0.4 * smooth(1.2, 0.95, r))[..., None], cup, smooth(1.0, 0.94, r))
    return colour


def crystal(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Large cut stones: a pale flat table in each, facets from near white to deep about it, bright edges between facets.

    The slope of the way to the next cell makes the facets.
    """
    base = tint.or_default(f.pick(torch.stack([rgb(0.58, 0.26, 0.86), rgb(0.20, 0.62, 0.90), rgb(0.90, 0.30, 0.62)])))
    q = s.q * zoom(f) * 1.9
    _, edge, number = f.cells(q, 0.85)
    step = q.new_tensor((0.04, -0.03, 0.05)[: q.shape[-1]])
    _, beside, _ = f.cells(q + step, 0.85)
    slope = ((beside - edge) / step.norm()).clamp(-1, 1)
    key = lightness(base)
    deep = mix(base * 0.30, base * 0.62, smooth(0.75, 0.9, key))
    bright = base * 0.22 + 0.78
    facet = ramp(0.5 + 0.62 * slope + 0.30 * (number[..., 0] - 0.5), deep, base, bright)
    level = 0.22
    top = mix(base.expand_as(facet), bright, 0.30 + 0.55 * number[..., 1])
    top = mix(top, base * 0.75, smooth(0.50, 0.46, edge + 0.22 * number[..., 2]))
    colour = mix(facet, top, smooth(level, level + 0.012, edge))
    colour = mix(colour, rgb(1.0, 1.0, 1.0), 0.8 * smooth(0.022, 0.006, (edge - level).abs()))
    return mix(colour, base * 0.12, smooth(0.030, 0.014, edge)).clamp(0, 1)


def honeycomb(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Wax hexagons, some filled with honey, some capped."""
    q = rotate(s.uv, f.uniform(-20, 20)) * zoom(f) * 4.2
    step = q.new_tensor((1.0, math.sqrt(3)))
    near = ((q / step).round() * step, ((q / step - 0.5).round() + 0.5) * step)
    first = ((q - near[0]).square().sum(-1) < (q - near[1]).square().sum(-1))[..., None]
    centre = torch.where(first, *near)
    part = q - centre
    number = f.hash((centre * 2 / step).round())
    a = part.abs()
    edge = 0.5 - torch.maximum(a[..., 0], 0.5 * a[..., 0] + math.sqrt(3) / 2 * a[..., 1])
    depth = smooth(0.08, 0.34, edge)
    up = part[..., 1] * 1.6
    empty = ramp(0.62 - 0.6 * depth - up * 0.5, rgb(0.20, 0.09, 0.02), rgb(0.60, 0.33, 0.07), rgb(0.85, 0.56, 0.16))
    level = 0.4 - up * 0.7 + 0.2 * number[..., 1]
    honey = ramp(level, rgb(0.72, 0.36, 0.02), rgb(0.95, 0.62, 0.08), rgb(1.0, 0.80, 0.25))
    glint = smooth(0.13, 0.07, (part - part.new_tensor((-0.12, 0.17))).norm(dim=-1))
    honey = mix(honey, rgb(1.0, 0.97, 0.80), 0.8 * glint)
    cap = rgb(0.93, 0.77, 0.45) * (0.80 + 0.25 * f.value(q, 3) + 0.2 * up)[..., None]
    kind = number[..., 0]
    colour = torch.where((kind < 0.45)[..., None], honey, torch.where((kind < 0.75)[..., None], empty, cap))
    wall = rgb(0.98, 0.82, 0.40) * (0.86 + 0.2 * smooth(0.06, 0.0, edge))[..., None]
    return mix(wall, colour, smooth(0.05, 0.085, edge))


TABLE: dict[str, Material] = {
    "sand": sand, "mud": mud, "snow": snow, "ice": ice, "moss": moss, "grass": grass, "leaves": leaves, "clover": clover,
    "water": water, "lava": lava, "coral": coral, "crystal": crystal, "honeycomb": honeycomb,
}  # fmt: skip
