"""Stone, and what is built or poured from it."""

from __future__ import annotations

import torch
from torch import Tensor

from ..noise import Field, mix, ramp, rgb, rotate, smooth
from .common import Material, Surface, Tint, bevel, choose, courses, dome, lightness, lit, pair, stretch, zoom


def brick(s: Surface, f: Field, tint: Tint) -> Tensor:
    uv = rotate(s.uv, f.uniform(-3, 3)) * zoom(f)
    default = f.pick(torch.stack([rgb(0.66, 0.22, 0.14), rgb(0.60, 0.26, 0.18), rgb(0.72, 0.30, 0.17)]))
    base = tint.over(default)
    cell, part, edge = courses(uv, 0.34, 0.15)
    number = f.hash(cell)
    rough = f.fbm(s.q, 8, 2)
    colour = base * (0.78 + f.uniform(0.2, 0.5)[..., None] * number[..., :1]) + (number[..., 1:] - 0.5) * 0.06
    colour = lit(colour * (0.88 + 0.24 * rough)[..., None], bevel(part, edge, 0.04), 0.55)
    # a pale brick lies in dark mortar, every other in pale
    pale = smooth(0.62, 0.72, lightness(base))
    mortar = mix(rgb(0.76, 0.74, 0.70), rgb(0.36, 0.34, 0.32), pale) * (0.85 + 0.25 * rough)[..., None]
    return mix(mortar, colour, smooth(0.010, 0.022, edge + 0.008 * (rough - 0.5))).clamp(0, 1)


def cobblestone(s: Surface, f: Field, tint: Tint) -> Tensor:
    uv = s.uv * zoom(f) * 3.7
    # rows of stones, each row set off against the next, so that no gap runs through
    uv = pair(uv[..., 0] + 0.5 * torch.remainder(torch.floor(uv[..., 1]), 2), uv[..., 1])
    base = tint.over(f.pick(torch.stack([rgb(0.52, 0.51, 0.50), rgb(0.50, 0.46, 0.41), rgb(0.44, 0.47, 0.52)])))
    cell, part, _ = courses(f.warp(uv, 1.0, 0.10), 1.0, 1.0, 0.0)
    number = f.hash(cell)
    # a rounded square of its own size: the distance to its middle in a norm between the circle and the square
    half = 0.44 + 0.05 * number[..., 3]
    reach = (part.abs() / half[..., None]).pow(3.2).sum(-1).pow(1 / 3.2)
    top = smooth(1.05, 0.35, reach)
    light = (part[..., 1] * 1.2 - part[..., 0] * 0.8) * smooth(0.2, 1.0, reach) * 1.6
    colour = base * (0.62 + 0.42 * number[..., :1]) * (0.80 + 0.4 * f.fbm(s.q, 9, 2))[..., None]
    colour = lit(colour * (0.72 + 0.42 * top)[..., None], light)
    gap = rgb(0.12, 0.11, 0.09) * (0.6 + 0.8 * f.value(s.q, 12))[..., None]
    return mix(gap, colour, smooth(1.06, 0.93, reach)).clamp(0, 1)


def marble(s: Surface, f: Field, tint: Tint) -> Tensor:
    base = tint.over(f.pick(torch.stack([rgb(0.93, 0.92, 0.90), rgb(0.90, 0.87, 0.82), rgb(0.86, 0.88, 0.90)])))
    q = s.q * zoom(f)
    q = f.warp(f.warp(q, 1.3, 0.35), 3.1, 0.10)
    thick = 1 - smooth(0.0, 0.085, (f.fbm(q, 1.5, 3) - 0.5).abs())
    thin = 1 - smooth(0.0, 0.045, (f.fbm(q, 3.0, 2) - 0.5).abs())
    body = base * (0.76 + 0.32 * f.fbm(q, 2.0, 2))[..., None]
    # pale stone has dark veins, deep stone has white ones
    vein = mix(rgb(0.95, 0.93, 0.88), base * 0.40, smooth(0.55, 0.62, lightness(base)))
    return mix(body, vein, (0.8 * thick + 0.5 * thin).clamp(0, 0.92)).clamp(0, 1)


def granite(s: Surface, f: Field, tint: Tint) -> Tensor:
    base = tint.over(f.pick(torch.stack([rgb(0.60, 0.57, 0.56), rgb(0.66, 0.48, 0.42), rgb(0.55, 0.58, 0.62)])))
    q = s.q * zoom(f) * 10
    _, edge, number = f.cells(f.warp(q, 0.8, 0.25), 1.0)
    grain = number[..., 0]
    colour = base * (0.78 + 0.44 * number[..., 1:2]) * (0.94 + 0.12 * f.value(s.q, 2))[..., None]
    soft = smooth(0.0, 0.14, edge)
    colour = mix(colour, rgb(0.10, 0.10, 0.11), (grain > 0.80).float() * soft)
    return mix(colour, rgb(0.95, 0.93, 0.90), (grain < 0.18).float() * soft).clamp(0, 1)


def terrazzo(s: Surface, f: Field, tint: Tint) -> Tensor:
    base = tint.over(f.pick(torch.stack([rgb(0.92, 0.90, 0.86), rgb(0.86, 0.84, 0.80), rgb(0.94, 0.89, 0.84)])))
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
    uv = rotate(s.uv, f.uniform(-14, 14)) * zoom(f)
    bend = f.fbm(stretch(uv, 0.7, 1.0), 1.3, 3) - 0.5
    y = uv[..., 1] + f.uniform(0.15, 0.45) * bend
    # beds of unequal thickness: the height itself is bent before it is cut
    y = y * 7.5 + 1.1 * torch.sin(y * 5.1) + 0.6 * torch.sin(y * 13.7 + 1)
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
    colour = lit(colour, 0.5 * smooth(0.72, 0.95, part) - 0.9 * smooth(0.24, 0.03, part))
    return (colour * (0.88 + 0.24 * f.fbm(s.q, 6, 2))[..., None]).clamp(0, 1)


def slate(s: Surface, f: Field, tint: Tint) -> Tensor:
    uv = rotate(s.uv, f.uniform(-3, 3)) * zoom(f)
    base = tint.over(f.pick(torch.stack([rgb(0.34, 0.38, 0.44), rgb(0.38, 0.40, 0.42), rgb(0.36, 0.34, 0.42)])))
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
    colour = lit(colour, 0.55 * rim - 0.95 * smooth(0.13, 0.23, below))
    return mix(base * 0.16, colour, smooth(0.002, 0.016, torch.minimum(cut, below))).clamp(0, 1)


def concrete(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Cast in panels: seams, and the four holes of the formwork in each."""
    uv = rotate(s.uv, f.uniform(-3, 3)) * zoom(f)
    width, height = 0.92, 0.60
    cell, part, edge = courses(uv, width, height, 0.0)
    number = f.hash(cell)
    stain = f.fbm(f.warp(s.q, 1.6, 0.2), 1.8, 4, 0.55)
    colour = ramp(stain, rgb(0.48, 0.48, 0.47), rgb(0.63, 0.62, 0.60), rgb(0.76, 0.75, 0.72))
    colour = colour * (0.90 + 0.18 * number[..., :1])
    hole = (part.abs() - part.new_tensor((width / 2 - 0.16, height / 2 - 0.14))).norm(dim=-1)
    colour = mix(colour, rgb(0.84, 0.83, 0.80), 0.6 * smooth(0.062, 0.05, hole))
    colour = mix(colour, rgb(0.17, 0.17, 0.17), smooth(0.046, 0.030, hole))
    pore = f.cells(s.q * 6.5, 1.0)
    colour = mix(colour, rgb(0.30, 0.30, 0.29), 0.7 * smooth(0.13, 0.07, pore[0]) * (pore[2][..., 3] > 0.72).float())
    return lit(mix(rgb(0.22, 0.22, 0.22), colour, smooth(0.003, 0.014, edge)), bevel(part, edge, 0.035), 0.6).clamp(0, 1)


def plaster(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Stucco, drawn with a trowel: arcs about many middles."""
    base = tint.over(f.pick(torch.stack([rgb(0.90, 0.86, 0.78), rgb(0.88, 0.78, 0.66), rgb(0.86, 0.85, 0.83)])))
    q = f.warp(s.q * zoom(f), 3.0, 0.06) * 2.6
    distance, edge, number = f.cells(q, 0.9)
    phase = distance * 24 + 6.28 * number[..., 3]
    # a stroke is steep on one side: a swept sine
    arc = torch.sin(phase + 0.7 * torch.sin(phase))
    light = 0.7 * arc * smooth(0.0, 0.10, edge) - 0.5 * smooth(0.06, 0.0, edge)
    light = light * (0.45 + 0.75 * f.value(s.q, 3)) + 0.9 * f.relief(s.q, 6.0, 2)
    return lit(base * (0.90 + 0.12 * f.fbm(s.q, 2, 2))[..., None], light, 0.85).clamp(0, 1)


def asphalt(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Pale crumbs in black tar, poured joints, and a worn road line."""
    uv = rotate(s.uv, f.uniform(-25, 25)) * zoom(f)
    worn = f.fbm(s.q, 2.2, 3)
    colour = ramp(worn, rgb(0.15, 0.15, 0.16), rgb(0.22, 0.22, 0.23), rgb(0.30, 0.30, 0.30))
    distance, _, number = f.cells(s.q * 11, 1.0)
    size = 0.16 + 0.22 * number[..., 3]
    crumb = smooth(size + 0.12, size - 0.04, distance) * (number[..., 2] > 0.35).float()
    colour = mix(colour, rgb(0.52, 0.51, 0.50) * (0.6 + 0.6 * number[..., :1]), 0.75 * crumb)
    tar = (f.fbm(f.warp(s.q, 2.5, 0.1), 0.9, 2) - 0.5).abs()
    colour = mix(colour, rgb(0.06, 0.06, 0.07), smooth(0.034, 0.020, tar))
    across = torch.remainder(uv[..., 0] + f.uniform(0, 1.7), 1.7) - 0.85
    line = smooth(0.105, 0.09, across.abs()) * smooth(0.16, 0.26, worn + 0.2 * crumb) * (0.75 + 0.25 * (1 - crumb))
    paint = f.pick(torch.stack([rgb(0.92, 0.91, 0.87), rgb(0.92, 0.91, 0.87), rgb(0.93, 0.74, 0.16)]))
    return mix(colour, paint, 0.92 * line).clamp(0, 1)


def gravel(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Pebbles of every size and colour, heaped: small ones show between the large."""
    pebbles = torch.stack(
        [rgb(0.80, 0.76, 0.69), rgb(0.56, 0.54, 0.51), rgb(0.66, 0.52, 0.40),
         rgb(0.93, 0.91, 0.87), rgb(0.38, 0.38, 0.40), rgb(0.72, 0.62, 0.50)]
    )  # fmt: skip
    q = f.warp(s.q * zoom(f), 2.5, 0.05)
    _, edge, number = f.cells(q * 7.5, 1.0)
    small = choose(number[..., 0], pebbles) * (0.45 + 0.25 * smooth(0.0, 0.3, edge))[..., None]
    small = mix(rgb(0.10, 0.09, 0.08), small, smooth(0.03, 0.12, edge))
    distance, edge, number, light = dome(f, q * 3.9, 1.0)
    large = lit(choose(number[..., 0], pebbles) * (0.80 + 0.3 * number[..., 1:2]), light)
    rim = 0.10 + 0.10 * number[..., 3]
    shadow = small * (0.45 + 0.55 * smooth(rim, rim - 0.12, edge))[..., None]
    return mix(shadow, large, smooth(rim, rim + 0.05, edge) * (number[..., 2] > 0.1).float()).clamp(0, 1)


TABLE: dict[str, Material] = {
    "brick": brick, "cobblestone": cobblestone, "marble": marble, "granite": granite, "terrazzo": terrazzo,
    "sandstone": sandstone, "slate": slate, "concrete": concrete, "plaster": plaster, "asphalt": asphalt, "gravel": gravel,
}  # fmt: skip
