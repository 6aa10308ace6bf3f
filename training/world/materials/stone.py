"""Stone and building materials made of it."""

from __future__ import annotations

import torch
from torch import Tensor

from ..noise import Field, mix, ramp, rgb, rotate, smooth
from .common import Material, Surface, Tint, bevel, choose, courses, lightness, lit, pair, sloped, stretch, tone, zoom


def brick(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Running bond of large bricks, at random light or dark, in wide mortar."""
    uv = rotate(s.uv, f.uniform(-3, 3)) * zoom(f)
    default = f.pick(torch.stack([rgb(0.66, 0.22, 0.14), rgb(0.60, 0.26, 0.18), rgb(0.72, 0.30, 0.17)]))
    base = tint.or_default(default)
    cell, part, edge = courses(uv, 0.42, 0.19)
    number = f.hash(cell)
    rough = f.fbm(s.q, 7, 2)
    colour = base * (0.74 + f.uniform(0.3, 0.55)[..., None] * number[..., :1]) + (number[..., 1:] - 0.5) * 0.035
    colour = lit(colour * (0.90 + 0.20 * rough)[..., None], bevel(part, edge - 0.016, 0.04), 0.6)
    # a pale brick lies in dark mortar, every other in pale
    pale = smooth(0.62, 0.72, lightness(base))
    mortar = mix(rgb(0.82, 0.80, 0.76), rgb(0.30, 0.28, 0.27), pale) * (0.90 + 0.15 * rough)[..., None]
    return mix(mortar, colour, smooth(0.016, 0.027, edge + 0.006 * (rough - 0.5))).clamp(0, 1)


def cobblestone(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Rounded stones in courses, with dark gaps."""
    uv = s.uv * zoom(f) * 3.7
    base = tint.or_default(f.pick(torch.stack([rgb(0.52, 0.51, 0.50), rgb(0.50, 0.46, 0.41), rgb(0.46, 0.48, 0.50)])))
    cell, part, _ = courses(f.warp(uv, 0.8, 0.14), 1.0, 1.0)
    number = f.hash(cell)
    # a rounded square of its own size: the distance to its middle in a norm between the circle and the square
    half = 0.44 + 0.05 * number[..., 3]
    reach = (part.abs() / half[..., None]).pow(3.2).sum(-1).pow(1 / 3.2)
    top = smooth(1.05, 0.35, reach)
    light = (part[..., 1] * 1.2 - part[..., 0] * 0.8) * smooth(0.2, 1.0, reach) * 1.6
    colour = base * (0.62 + 0.42 * number[..., :1]) * (0.80 + 0.4 * f.fbm(s.q, 9, 2))[..., None]
    colour = lit(colour * (0.72 + 0.42 * top)[..., None], light)
    gap = tone(rgb(0.12, 0.11, 0.09), 0.6 + 0.8 * f.value(s.q, 12))
    return mix(gap, colour, smooth(1.06, 0.93, reach)).clamp(0, 1)


def marble(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Ragged veins that run mostly one way, each sharp on one side and blurred on the other, and thin ones across."""
    base = tint.or_default(f.pick(torch.stack([rgb(0.95, 0.94, 0.92), rgb(0.94, 0.91, 0.86), rgb(0.89, 0.91, 0.93)])))
    q = s.q * zoom(f)
    along = f.vector(-1.0, 1.0, q.shape[-1])
    along = along / along.norm(dim=-1, keepdim=True).clamp(min=1e-3)
    across = f.vector(-1.0, 1.0, q.shape[-1])
    q = f.warp(q, 4.0, 0.03)
    ragged = f.fbm(q, 1.35, 3, 0.5)
    t = torch.remainder(1.7 * (q * along).sum(-1) + 1.9 * ragged + f.draw(), 1)
    width = 0.035 + 0.095 * f.value(q, 1.7)
    vein = smooth(width, 0.2 * width, (t - 0.5).abs())
    smoke = 0.8 * smooth(0.46, 0.0, t - 0.5) * (t > 0.5) * (0.4 + 0.8 * f.value(q, 2.2))
    thin = torch.remainder(1.7 * (q * across).sum(-1) + 1.6 * f.fbm(q, 2.2, 3, 0.55), 1)
    thin = 0.7 * smooth(0.036, 0.008, (thin - 0.5).abs()) * smooth(0.35, 0.6, f.value(q, 1.8))
    # pale stone has dark veins, deep stone has white ones
    deep = smooth(0.55, 0.62, lightness(base))
    line = mix(rgb(0.97, 0.96, 0.93), base * rgb(0.30, 0.31, 0.34).to(base.device), deep)
    haze = mix(base * 0.62 + 0.30, base * 0.66, deep)
    body = base * (0.92 + 0.12 * f.value(q, 1.3))[..., None]
    return mix(mix(body, haze, smoke.clamp(0, 1)), line, torch.maximum(vein, thin).clamp(0, 0.95)).clamp(0, 1)


def granite(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Crystals grown into one another: the colour, black mica in clusters, white quartz."""
    base = tint.or_default(f.pick(torch.stack([rgb(0.60, 0.57, 0.56), rgb(0.68, 0.48, 0.42), rgb(0.55, 0.58, 0.62)])))
    q = f.warp(s.q * zoom(f), 9, 0.025) * 11
    _, edge, number = f.cells(q, 1.0)
    swarm = f.value(s.q, 4.5)
    soft = smooth(-0.02, 0.20, edge)
    colour = base * (1 + (0.5 * number[..., 1:2] - 0.25) * soft[..., None])
    grain = number[..., 0]
    colour = mix(colour, rgb(0.95, 0.93, 0.90), smooth(0.10, 0.06, grain - 0.12 * swarm) * soft)
    return mix(colour, rgb(0.10, 0.10, 0.11), smooth(0.97, 1.03, grain + 0.30 * swarm) * soft).clamp(0, 1)


def terrazzo(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Chips of five colours in a pale ground."""
    base = tint.or_default(f.pick(torch.stack([rgb(0.92, 0.90, 0.86), rgb(0.86, 0.84, 0.80), rgb(0.94, 0.89, 0.84)])))
    chips = torch.stack(
        [rgb(0.78, 0.40, 0.27), rgb(0.22, 0.28, 0.34), rgb(0.92, 0.72, 0.38), rgb(0.97, 0.96, 0.93), rgb(0.30, 0.52, 0.48)]
    )
    q = f.warp(s.q * zoom(f), 4, 0.04) * 4.6
    distance, edge, number = f.cells(q, 1.0)
    colour = choose(number[..., 0], chips) * (0.88 + 0.24 * number[..., 1:2])
    # chips of many sizes, most of them well apart: the ground is the larger part
    gap = 0.09 + 0.16 * number[..., 3]
    shown = smooth(gap, gap + 0.035, edge) * (number[..., 2] > 0.12).float()
    return mix(base * (0.96 + 0.07 * f.fbm(s.q, 5, 2))[..., None], colour, shown).clamp(0, 1)


def sandstone(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Bent beds of unequal thickness and colour."""
    uv = rotate(s.uv, f.uniform(-14, 14)) * zoom(f)
    bend = f.fbm(stretch(uv, 0.7, 1.0), 1.3, 3) - 0.5
    y = uv[..., 1] + f.uniform(0.15, 0.45) * bend
    # beds of unequal thickness: the height itself is bent before it is cut
    y = y * 7.0 + 0.75 * torch.sin(y * 5.1) + 0.16 * torch.sin(y * 13.7 + 1)
    bed = torch.floor(y)
    part = y - bed
    number = f.hash(pair(bed, torch.zeros_like(bed)))
    beds = torch.stack(
        [rgb(0.80, 0.50, 0.28), rgb(0.66, 0.32, 0.18), rgb(0.91, 0.74, 0.50), rgb(0.74, 0.42, 0.22), rgb(0.95, 0.84, 0.64)]
    )
    colour = choose(number[..., 0], beds)
    fine = f.fbm(pair(uv[..., 0] * 2, y * 1.2), 2.0, 2)
    colour = colour * (0.84 + 0.28 * fine)[..., None]
    # each bed juts out a little: lit above, dark beneath
    colour = lit(colour, 0.5 * smooth(0.70, 0.90, part) - 0.9 * smooth(0.24, 0.0, part) - 1.4 * smooth(0.91, 1.0, part))
    return (colour * (0.88 + 0.24 * f.fbm(s.q, 6, 2))[..., None]).clamp(0, 1)


def slate(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Shingles with cut lower corners, in courses."""
    uv = rotate(s.uv, f.uniform(-3, 3)) * zoom(f) * 0.78
    base = tint.or_default(f.pick(torch.stack([rgb(0.34, 0.38, 0.44), rgb(0.38, 0.40, 0.41), rgb(0.31, 0.33, 0.36)])))
    ragged = 0.05 * (f.value(uv, 7) - 0.5)
    cell, part, _ = courses(pair(uv[..., 0], uv[..., 1] + ragged), 0.25, 0.23)
    number = f.hash(cell)
    # the lower corners are cut off; what shows there is the shadowed shingle of the next row
    below = part[..., 1] + 0.115
    side = 0.125 - part[..., 0].abs()
    cut = torch.minimum(side, (side + below - 0.06) * 0.7)
    layers = f.fbm(pair(uv[..., 0] * 1.5 + 9 * number[..., 3], uv[..., 1] * 4), 2.2, 3)
    colour = base * (0.70 + 0.45 * number[..., :1]) * (0.78 + 0.44 * layers)[..., None]
    rim = smooth(0.035, 0.012, torch.minimum(below, cut))
    colour = lit(colour, 0.35 * rim - 0.95 * smooth(0.13, 0.23, below))
    return mix(base * 0.16, colour, smooth(0.002, 0.016, torch.minimum(cut, below))).clamp(0, 1)


def concrete(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Cast in panels: seams, and the four holes of the formwork in each."""
    uv = rotate(s.uv, f.uniform(-3, 3)) * zoom(f)
    width, height = 0.92, 0.60
    cell, part, edge = courses(uv, width, height, 0.0)
    number = f.hash(cell)
    stain = f.fbm(s.q, 1.6, 4, 0.55)
    colour = ramp(stain, rgb(0.48, 0.48, 0.47), rgb(0.63, 0.62, 0.60), rgb(0.76, 0.75, 0.72))
    colour = colour * (0.90 + 0.18 * number[..., :1])
    hole = (part.abs() - part.new_tensor((width / 2 - 0.16, height / 2 - 0.14))).norm(dim=-1)
    colour = mix(colour, rgb(0.84, 0.83, 0.80), 0.6 * smooth(0.062, 0.05, hole))
    colour = mix(colour, rgb(0.17, 0.17, 0.17), smooth(0.046, 0.030, hole))
    pore = f.cells(s.q * 6.5, 1.0)
    colour = mix(colour, rgb(0.30, 0.30, 0.29), 0.7 * smooth(0.13, 0.07, pore[0]) * (pore[2][..., 3] > 0.72).float())
    return lit(mix(rgb(0.22, 0.22, 0.22), colour, smooth(0.003, 0.014, edge)), bevel(part, edge, 0.035), 0.6).clamp(0, 1)


def plaster(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Stucco thrown on and pressed flat: rough ground, smooth raised islands with lit and shadowed rims."""
    base = tint.or_default(f.pick(torch.stack([rgb(0.90, 0.86, 0.78), rgb(0.90, 0.80, 0.67), rgb(0.87, 0.86, 0.84)])))
    q = s.q * zoom(f)
    height, rise = sloped(f, q, 4.6, 3, 0.03)
    level = f.uniform(0.50, 0.57)
    raised = smooth(level - 0.05, level + 0.05, height)
    rim = smooth(0.12, 0.0, (height - level).abs())
    light = (-8.0 * rise * rim).clamp(-1, 1) * f.uniform(0.75, 1.0)
    trowel = f.value(stretch(rotate(s.uv, f.uniform(0, 180)), 2, 14), 1) - 0.5
    ground = base * (0.78 + 0.16 * height + raised * (0.10 + 0.10 * trowel))[..., None]
    return lit(ground, light - 3.2 * rise * (1 - raised) + 0.15 * raised).clamp(0, 1)


def asphalt(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Pale crumbs in black tar, poured joints, and a worn road line."""
    uv = rotate(s.uv, f.uniform(-25, 25)) * zoom(f)
    worn = f.fbm(s.q, 2.2, 3)
    colour = ramp(worn, rgb(0.15, 0.15, 0.16), rgb(0.22, 0.22, 0.23), rgb(0.30, 0.30, 0.30))
    distance, _, number = f.cells(s.q * 11, 1.0)
    size = 0.16 + 0.22 * number[..., 3]
    crumb = smooth(size + 0.12, size - 0.04, distance) * (number[..., 2] > 0.35).float()
    colour = mix(colour, tone(rgb(0.52, 0.51, 0.50), 0.6 + 0.6 * number[..., 0]), 0.75 * crumb)
    tar = (f.fbm(f.warp(s.q, 2.5, 0.1), 0.9, 2) - 0.5).abs()
    colour = mix(colour, rgb(0.06, 0.06, 0.07), smooth(0.026, 0.014, tar))
    across = torch.remainder(uv[..., 0] + f.uniform(0, 1.7), 1.7) - 0.85
    line = smooth(0.105, 0.09, across.abs()) * smooth(0.16, 0.26, worn + 0.2 * crumb) * (0.75 + 0.25 * (1 - crumb))
    paint = f.pick(torch.stack([rgb(0.92, 0.91, 0.87), rgb(0.92, 0.91, 0.87), rgb(0.93, 0.74, 0.16)]))
    return mix(colour, paint, 0.92 * line).clamp(0, 1)


def gravel(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Smooth pebbles of every size and colour, heaped: small ones show between the large."""
    pebbles = torch.stack(
        [rgb(0.82, 0.78, 0.70), rgb(0.58, 0.56, 0.53), rgb(0.68, 0.50, 0.37),
         rgb(0.94, 0.92, 0.88), rgb(0.40, 0.41, 0.44), rgb(0.76, 0.64, 0.48)]
    )  # fmt: skip
    uv = s.uv * zoom(f)
    colour = tone(rgb(0.15, 0.13, 0.11), 0.7 + 0.6 * f.value(s.q, 6))
    # each layer is a grid of its own, turned, one egg in every cell
    for layer, (count, degrees) in enumerate(((5.6, 17), (5.0, 63), (3.7, 41), (3.4, 8), (2.4, 29))):
        turned = rotate(uv, degrees) * count
        cell = torch.floor(turned)
        number, more = f.hash(cell, 2 * layer), f.hash(cell, 2 * layer + 1)
        offset = turned - cell - 0.5 - 0.24 * (number[..., 1:3] - 0.5)
        lean = 3.14 * more[..., :1]
        axis = torch.cat([torch.cos(lean), torch.sin(lean)], -1)
        far = (offset * axis).sum(-1)
        side = offset[..., 0] * axis[..., 1] - offset[..., 1] * axis[..., 0]
        radius = 0.30 + 0.09 * more[..., 1]
        reach = ((far / radius).square() + (side / (radius * (0.68 + 0.3 * more[..., 2]))).square()).sqrt()
        colour = colour * (0.42 + 0.58 * smooth(0.95, 1.35, reach))[..., None]
        light = rotate(offset, -degrees)
        light = (light[..., 1] - 0.7 * light[..., 0]) * 2.0 * smooth(0.0, 0.9, reach) - 0.35 * smooth(0.7, 1.0, reach)
        egg = lit(choose(number[..., 0], pebbles) * (0.78 + 0.3 * number[..., 3:]), light)
        colour = mix(colour, egg, smooth(1.04, 0.94, reach))
    return colour.clamp(0, 1)


TABLE: dict[str, Material] = {
    "brick": brick, "cobblestone": cobblestone, "marble": marble, "granite": granite, "terrazzo": terrazzo,
    "sandstone": sandstone, "slate": slate, "concrete": concrete, "plaster": plaster, "asphalt": asphalt, "gravel": gravel,
}  # fmt: skip
