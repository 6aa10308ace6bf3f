"""Metals, bare or weathered, and circuit boards."""

from __future__ import annotations

import torch
from torch import Tensor

from ..noise import Field, mix, ramp, rgb, rotate, smooth
from .common import Material, Surface, Tint, bevel, courses, grid, hammered, lightness, lit, pair, stretch, tone, zoom


def rust(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Scaling red-brown crust with islands of bare blue-grey iron."""
    q = f.warp(s.q * zoom(f), 2.0, 0.18)
    crust = ramp(f.fbm(q, 5, 2), rgb(0.20, 0.07, 0.03), rgb(0.52, 0.20, 0.06), rgb(0.82, 0.42, 0.12))
    crust = lit(crust, 1.2 * f.relief(q, 5, 2))
    bare = tone(rgb(0.40, 0.42, 0.45), 0.85 + 0.3 * f.fbm(s.q, 6, 2))
    eaten = f.fbm(q, 2.6, 3, 0.6)
    level = f.uniform(0.30, 0.40)
    # the edge of the crust is dark, and orange just inside
    colour = mix(crust, rgb(0.86, 0.45, 0.13), 0.5 * smooth(level + 0.14, level + 0.07, eaten))
    colour = mix(rgb(0.14, 0.07, 0.05), colour, smooth(level, level + 0.05, eaten))
    return mix(bare, colour, smooth(level - 0.06, level - 0.01, eaten)).clamp(0, 1)


def steel(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Brushed along one direction, with broad reflections across it."""
    uv = rotate(s.uv, f.uniform(-6, 6) + 90 * f.chance(0.3)) * zoom(f)
    broad = torch.sin(uv[..., 0] * 3.6 + f.uniform(0, 6.28) + 1.2 * f.value(uv, 0.8))
    brushed = f.value(stretch(uv, 0.9, 20), 1) + 0.6 * f.value(stretch(uv, 1.6, 34), 1) - 0.8
    t = 0.5 + 0.34 * broad * broad.abs() + 0.42 * brushed
    cold = f.uniform(-0.02, 0.03)[..., None] * rgb(-1, 0, 1).to(uv.device)
    return (ramp(t, rgb(0.30, 0.32, 0.35), rgb(0.62, 0.64, 0.67), rgb(0.97, 0.98, 0.99)) + cold).clamp(0, 1)


def copper(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Hammered copper with patches of green patina."""
    metal = hammered(s, f, zoom(f) * 5, rgb(0.36, 0.12, 0.05), rgb(0.78, 0.40, 0.23), rgb(1.0, 0.74, 0.56))
    patina = ramp(f.fbm(s.q, 8, 2), rgb(0.16, 0.46, 0.40), rgb(0.48, 0.80, 0.70))
    level = f.uniform(0.50, 0.56)
    cover = f.fbm(s.q, 2.2, 3)
    metal = metal * (0.55 + 0.45 * smooth(level, level - 0.12, cover))[..., None]
    return mix(metal, patina, smooth(level, level + 0.06, cover)).clamp(0, 1)


def gold(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Hammered gold."""
    return hammered(s, f, zoom(f) * 4.6, rgb(0.44, 0.25, 0.03), rgb(0.88, 0.63, 0.13), rgb(1.0, 0.94, 0.58)).clamp(0, 1)


def rivets(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Plates in courses, light and dark, separated by black seams; a row of large round heads along every seam."""
    uv = rotate(s.uv, f.uniform(-3, 3)) * zoom(f)
    base = tint.or_default(f.pick(torch.stack([rgb(0.50, 0.53, 0.57), rgb(0.42, 0.47, 0.54), rgb(0.56, 0.53, 0.48)])))
    pitch = 0.22
    width, height = 4 * pitch, 3 * pitch
    cell, part, edge = courses(uv, width, height)
    number = f.hash(cell)
    sheen = 0.5 + part[..., 1] / height
    colour = base * (0.72 + 0.36 * number[..., :1]) * (0.86 + 0.22 * sheen + 0.12 * (f.fbm(s.q, 2.4, 2) - 0.5))[..., None]
    colour = lit(colour, bevel(part, edge - 0.018, 0.035))
    colour = mix(colour, base * 0.10, smooth(0.024, 0.012, edge))
    # heads stand on a grid of `pitch` whose outermost ring of holes alone is used
    count = part.new_tensor((4.0, 3.0))
    spot = (torch.floor(part / pitch + count / 2) + 0.5 - count / 2) * pitch
    offset = part - spot
    outer = (spot[..., 0].abs() > width / 2 - pitch) | (spot[..., 1].abs() > height / 2 - pitch)
    reach = offset.norm(dim=-1)
    shadow = smooth(0.098, 0.058, (offset + offset.new_tensor((-0.020, 0.026))).norm(dim=-1))
    on = outer.float()
    colour = colour * (1 - 0.75 * shadow * on)[..., None]
    glint = smooth(0.050, 0.008, (offset + offset.new_tensor((0.020, -0.024))).norm(dim=-1))
    head = lit(base * 1.08, 1.6 * glint - 0.75 * smooth(0.03, 0.075, reach + 0.25 * (offset[..., 0] - offset[..., 1])))
    return mix(colour, head, smooth(0.076, 0.062, reach) * on).clamp(0, 1)


def corrugated(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Upright waves of sheet metal, sheets that lap over each other, screws and a little rust below them."""
    uv = rotate(s.uv, f.uniform(-3, 3)) * zoom(f)
    base = tint.or_default(f.pick(torch.stack([rgb(0.64, 0.67, 0.69), rgb(0.58, 0.62, 0.64), rgb(0.68, 0.67, 0.63)])))
    pitch, sheet = 0.20, 1.05
    x = uv[..., 0] / pitch
    wave = torch.sin(x * 6.283)
    facing = torch.cos(x * 6.283)
    y = torch.remainder(uv[..., 1] + 0.035 * wave, sheet)
    streak = f.fbm(stretch(uv, 4.0, 0.7), 1.6, 3)
    colour = lit(base * (0.86 + 0.24 * streak)[..., None], 0.62 * facing + 0.35 * wave - 0.15)
    colour = lit(colour, -1.0 * smooth(0.13, 0.01, sheet - y) + 0.4 * smooth(0.03, 0.01, y))
    column = torch.floor(x)
    screw = pair((x - column - 0.25) * pitch, y - 0.12).norm(dim=-1)
    on = torch.remainder(column, 2)
    drip = on * smooth(0.042, 0.0, ((x - column - 0.25) * pitch).abs()) * smooth(0.14, 0.11, y) * smooth(-0.25, 0.08, y)
    colour = mix(colour, rgb(0.45, 0.20, 0.08), 0.65 * drip)
    return mix(colour, rgb(0.16, 0.15, 0.15), on * smooth(0.034, 0.020, screw)).clamp(0, 1)


def circuit(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Broad traces and gold rings on a lacquered board, and black chips on silver legs."""
    uv = s.uv * zoom(f)
    base = tint.or_default(rgb(0.02, 0.36, 0.16))
    size = 0.155
    cell, part, _ = grid(uv, size)
    part = part / size
    number = f.hash(cell)
    across = f.hash(torch.floor(cell / cell.new_tensor((5, 1))), 1)[..., 1] > 0.35
    upward = f.hash(torch.floor(cell / cell.new_tensor((1, 4))), 2)[..., 2] > 0.60
    none = torch.ones_like(part[..., 0])
    line = torch.minimum(torch.where(across, part[..., 1].abs(), none), torch.where(upward, part[..., 0].abs(), none))
    # traces are a lighter tone of the board; on a pale board a darker one
    pale = smooth(0.60, 0.72, lightness(base))
    trace = mix(base * 0.62 + 0.38, base * 0.52, pale)
    colour = mix(base * 0.86, trace, smooth(0.22, 0.13, line))
    reach = part.norm(dim=-1)
    pad = (number[..., 0] > 0.74).float()
    colour = mix(colour, rgb(0.98, 0.80, 0.28), pad * smooth(0.47, 0.40, reach))
    colour = mix(colour, rgb(0.05, 0.05, 0.05), pad * smooth(0.24, 0.17, reach))
    big, within, inside = grid(uv + 0.2, size * 4)
    chip = (f.hash(big, 3)[..., 0] > 0.58).float()
    # legs stand out on the four sides, none about a corner
    beside = torch.where(within[..., 0].abs() > within[..., 1].abs(), within[..., 1], within[..., 0])
    legs = smooth(-0.2, 0.2, torch.cos(beside * 6.283 / 0.094)) * smooth(0.200, 0.190, within.abs().amin(-1))
    colour = mix(colour, rgb(0.88, 0.89, 0.91), chip * smooth(0.030, 0.040, inside) * legs)
    body = mix(rgb(0.07, 0.07, 0.08), rgb(0.26, 0.26, 0.28), bevel(within, inside - 0.088, 0.03).clamp(0, 1))
    body = mix(body, rgb(0.72, 0.73, 0.74), smooth(0.034, 0.024, (within - within.new_tensor((-0.13, 0.13))).norm(dim=-1)))
    return mix(colour, body, chip * smooth(0.088, 0.098, inside)).clamp(0, 1)


TABLE: dict[str, Material] = {
    "rust": rust, "steel": steel, "copper": copper, "gold": gold, "rivets": rivets, "corrugated": corrugated, "circuit": circuit,
}  # fmt: skip
