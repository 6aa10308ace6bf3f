"""The materials: functions from surface points to sRGB colour, unlit, with relief only as base colour shows it.

`p` [N, 3] are points in object space, `uv` [N, 2] the box-mapped surface coordinates there. One unit is about half the
width of a view (128 px); a pattern repeats every 0.15 to 0.35 units so that a 32x32 latent can hold it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .noise import Field, mix, ramp, rgb, rotate, smooth
from .vocabulary import COLOURS

Material = Callable[[Tensor, Tensor, Field, Tensor | None], Tensor]


def _tint(tint: Tensor | None, default: tuple[float, float, float]) -> Tensor:
    return rgb(*default) if tint is None else tint


def _pad(uv: Tensor) -> Tensor:
    """uv as points of the noise."""
    return torch.cat([uv, torch.zeros(len(uv), 1)], -1)


def _relief(f: Field, p: Tensor, frequency: float, octaves: int = 3) -> Tensor:
    """Fake light from one side, -0.5..0.5: the difference of one noise at two points."""
    used = f._used
    a = f.fbm(p, frequency, octaves)
    f._used = used
    return (f.fbm(p + rgb(0.18, 0.12, 0.18) / frequency, frequency, octaves) - a).clamp(-0.5, 0.5)


def _solid(f: Field, p: Tensor, q: Tensor, jitter: float) -> tuple[Tensor, Tensor, Tensor]:
    """Voronoi cells of `q`: in the picture plane where the surface `p` is flat (y constant), else in space."""
    flat = bool((p[:, 1] == p[0, 1]).all())
    return f.cells(q[:, [0, 2]] if flat else q, jitter)


def _courses(uv: Tensor, width: float, height: float, shift: float = 0.5) -> tuple[Tensor, Tensor]:
    """Running bond: integer cell [N, 2] and distance to the border of its brick in units, [N]."""
    row = torch.floor(uv[:, 1] / height)
    x = uv[:, 0] / width + shift * torch.remainder(row, 2)
    column = torch.floor(x)
    dx = (0.5 - (x - column - 0.5).abs()) * width
    dy = (0.5 - (uv[:, 1] / height - row - 0.5).abs()) * height
    return torch.stack([column, row], -1), torch.minimum(dx, dy)


def brick(p, uv, f, tint):
    base = _tint(tint, (0.66, 0.22, 0.14))
    cell, edge = _courses(uv, 0.31, 0.135)
    number = f.hash(cell)
    colour = base * (0.72 + 0.5 * number[:, :1]) + (number[:, 1:4] - 0.5) * 0.07
    colour = colour * (0.86 + 0.28 * f.fbm(p, 9, 3))[:, None]
    light = f.uniform(0.66, 0.8)
    mortar = rgb(light, light * 0.97, light * 0.92) * (0.82 + 0.3 * f.fbm(p, 14, 2))[:, None]
    if tint is not None and float(tint.mean()) > 0.75:
        mortar = mortar * 0.62
    wobble = edge + 0.006 * (f.value(p, 18) - 0.5)
    return mix(
        mortar * smooth(-0.01, 0.008, 0.012 - wobble + 0.006)[:, None].clamp(min=0.72), colour, smooth(0.010, 0.019, wobble)
    )


def cobblestone(p, uv, f, tint):
    base = _tint(tint, (0.50, 0.49, 0.48))
    distance, edge, number = f.cells(uv * 4.6, 0.75)
    colour = base * (0.62 + 0.6 * number[:, :1]) * (1.12 - 0.5 * distance[:, None].square())
    colour = colour * (0.82 + 0.36 * f.fbm(p, 12, 3))[:, None]
    gap = rgb(0.13, 0.12, 0.10) * (0.7 + 0.6 * f.value(p, 16))[:, None]
    return mix(gap, colour, smooth(0.045, 0.14, edge))


def planks(p, uv, f, tint):
    base = _tint(tint, (0.58, 0.38, 0.21))
    cell, edge = _courses(uv, 1.3, 0.21, 0.37)
    number = f.hash(cell)
    along = _pad(uv * rgb(1.2, 11.0)) + number[:, :3] * 9
    grain = f.fbm(along, 1.6, 4)
    lines = 0.5 + 0.5 * torch.sin(26 * f.fbm(along * rgb(0.5, 0.35, 1), 1.0, 2))
    colour = base * (0.72 + 0.42 * number[:, :1]) * (0.72 + 0.38 * grain + 0.16 * lines)[:, None]
    return mix(colour * 0.25, colour, smooth(0.002, 0.012, edge))


def oak(p, uv, f, tint):
    turned = rotate(uv, f.uniform(-8, 8))
    q = _pad(turned * rgb(0.55, 2.4))
    rings = f.fbm(q, 1.0, 3)
    lines = 0.5 + 0.5 * torch.sin(60 * rings)
    pores = f.value(_pad(turned * rgb(4, 60)), 1)
    colour = ramp(lines * 0.65 + 0.35 * f.fbm(q, 5, 2), rgb(0.42, 0.25, 0.12), rgb(0.66, 0.44, 0.23), rgb(0.80, 0.60, 0.36))
    return colour * (0.84 + 0.22 * pores)[:, None]


def marble(p, uv, f, tint):
    base = _tint(tint, (0.92, 0.91, 0.89))
    dark = float(base.mean()) < 0.3
    q = f.warp(f.warp(p, 1.3, 0.35), 3.1, 0.10)
    thick = 1 - smooth(0.0, 0.085, (f.fbm(q, 1.5, 3) - 0.5).abs())
    thin = 1 - smooth(0.0, 0.045, (f.fbm(q, 3.2, 3) - 0.5).abs())
    cloudy = f.fbm(q, 2.0, 3)
    vein = rgb(0.93, 0.91, 0.86) if dark or (tint is not None and float(base.mean()) < 0.6) else base * 0.36
    body = base * (0.74 + 0.34 * cloudy)[:, None]
    return mix(body, vein.expand_as(p), (0.75 * thick + 0.5 * thin).clamp(0, 0.9))


def granite(p, uv, f, tint):
    base = _tint(tint, (0.62, 0.58, 0.56))
    _, _, number = f.cells(uv * 17, 1.0)
    n = number[:, 0]
    colour = base * (0.75 + 0.4 * number[:, 1:2])
    colour = mix(colour, rgb(0.12, 0.12, 0.13).expand_as(colour), smooth(0.74, 0.76, n))
    return mix(colour, rgb(0.92, 0.90, 0.87).expand_as(colour), smooth(0.24, 0.22, n)) * (0.9 + 0.2 * f.fbm(p, 6, 3))[:, None]


def sand(p, uv, f, tint):
    bent = f.fbm(p, 1.4, 2)
    wave = 0.5 + 0.5 * torch.sin(rotate(uv, f.uniform(-20, 20))[:, 1] * 34 + 9 * bent)
    colour = ramp(0.2 * bent + 0.8 * wave**1.3, rgb(0.66, 0.49, 0.29), rgb(0.85, 0.70, 0.46), rgb(0.96, 0.85, 0.63))
    return colour * (0.9 + 0.2 * f.value(p, 42))[:, None]


def grass(p, uv, f, tint):
    tall = torch.zeros(len(p))
    for angle in (-24.0, 4.0, 28.0):
        blade = f.value(_pad(rotate(uv, angle) * rgb(30, 7.5)), 1)
        tall = torch.maximum(tall, blade)
    patch = f.fbm(p, 1.6, 3)
    t = smooth(0.35, 0.98, tall) * 0.85 + 0.15 * patch
    colour = ramp(t, rgb(0.05, 0.16, 0.03), rgb(0.16, 0.38, 0.07), rgb(0.38, 0.62, 0.14), rgb(0.66, 0.82, 0.30))
    return colour * (0.85 + 0.3 * patch)[:, None]


def moss(p, uv, f, tint):
    distance, edge, number = f.cells(uv * 4.2, 0.9)
    stone = rgb(0.46, 0.45, 0.42) * (0.7 + 0.5 * number[:, :1]) * (0.8 + 0.4 * f.fbm(p, 12, 3))[:, None]
    fuzz = f.fbm(p, 15, 3)
    green = ramp(fuzz, rgb(0.10, 0.19, 0.03), rgb(0.26, 0.40, 0.07), rgb(0.50, 0.62, 0.16))
    cover = f.fbm(p, 2.6, 3) + 0.8 * (0.25 - edge)
    return mix(stone, green, smooth(0.46, 0.58, cover))


def rust(p, uv, f, tint):
    q = f.warp(p, 2.0, 0.15)
    t = f.fbm(q, 3.0, 5, 0.6)
    rusty = ramp(f.fbm(q, 7, 4, 0.6), rgb(0.22, 0.08, 0.04), rgb(0.52, 0.21, 0.07), rgb(0.78, 0.41, 0.13))
    metal = rgb(0.40, 0.42, 0.44) * (0.85 + 0.3 * f.fbm(p, 9, 2))[:, None]
    return mix(metal, rusty, smooth(0.30, 0.42, t))


def _hammered(p, uv, f, dark, mid, bright):
    distance, edge, number = f.cells(uv * 5.5, 0.9)
    lean = torch.atan2(number[:, 1] - 0.5, number[:, 0] - 0.5)
    t = (0.62 - 0.55 * distance + 0.28 * torch.sin(lean + 6 * distance) + 0.25 * (f.fbm(p, 3, 2) - 0.5)).clamp(0, 1)
    return ramp(t, dark, mid, bright)


def gold(p, uv, f, tint):
    return _hammered(p, uv, f, rgb(0.42, 0.24, 0.03), rgb(0.86, 0.62, 0.14), rgb(1.0, 0.93, 0.58))


def copper(p, uv, f, tint):
    metal = _hammered(p, uv, f, rgb(0.33, 0.12, 0.06), rgb(0.74, 0.38, 0.22), rgb(0.98, 0.72, 0.54))
    patina = ramp(f.fbm(p, 10, 3), rgb(0.16, 0.44, 0.38), rgb(0.45, 0.76, 0.66))
    return mix(metal, patina, smooth(0.54, 0.62, f.fbm(f.warp(p, 2, 0.2), 2.4, 4, 0.55)))


def snow(p, uv, f, tint):
    t = f.fbm(p, 2.2, 4)
    colour = ramp(t + 1.1 * _relief(f, p, 3.0, 3), rgb(0.60, 0.70, 0.86), rgb(0.86, 0.91, 0.97), rgb(0.99, 0.99, 1.0))
    return (colour + smooth(0.93, 0.99, f.value(p, 50))[:, None] * 0.1).clamp(0, 1)


def ice(p, uv, f, tint):
    q = f.warp(p, 2.5, 0.08)
    _, edge, number = _solid(f, p, q * 2.6, 0.95)
    _, fine, _ = _solid(f, p, q * 5.5 + 7, 0.95)
    colour = ramp(f.fbm(q, 2.0, 4), rgb(0.22, 0.52, 0.72), rgb(0.52, 0.78, 0.90), rgb(0.80, 0.93, 0.98))
    colour = colour * (0.86 + 0.26 * number[:, :1])
    white = (1 - smooth(0.0, 0.05, edge)) + 0.45 * (1 - smooth(0.0, 0.05, fine))
    return mix(colour, rgb(0.97, 0.99, 1.0).expand_as(p), white.clamp(0, 1))


def lava(p, uv, f, tint):
    q = f.warp(p, 2.6, 0.12)
    _, edge, number = _solid(f, p, q * 3.2, 0.9)
    crust = rgb(0.11, 0.08, 0.08) * (0.5 + 1.2 * f.fbm(p, 9, 4))[:, None] * (0.7 + 0.5 * number[:, :1])
    heat = (1 - smooth(0.0, 0.17, edge)) * (0.55 + 0.7 * f.fbm(p, 2.2, 2))
    glow = ramp(heat, rgb(0.25, 0.02, 0.01), rgb(0.80, 0.11, 0.01), rgb(1.0, 0.52, 0.05), rgb(1.0, 0.93, 0.42))
    return mix(crust, glow, smooth(0.12, 0.42, heat))


def leather(p, uv, f, tint):
    base = _tint(tint, (0.43, 0.23, 0.12))
    distance, edge, number = f.cells(uv * 12, 0.95)
    colour = base * (0.9 + 0.22 * number[:, :1]) * (0.72 + 0.42 * smooth(0.0, 0.22, edge))[:, None]
    return colour * (0.75 + 0.5 * f.fbm(p, 2.2, 3))[:, None] + 0.05 * smooth(0.3, 0.0, distance)[:, None]


def tartan(p, uv, f, tint):
    base = _tint(tint, (0.72, 0.08, 0.10))
    second = rgb(*f.random.choice([(0.05, 0.15, 0.35), (0.04, 0.26, 0.14), (0.08, 0.08, 0.09)]))
    if float((second - base).abs().sum()) < 0.45:
        second = rgb(0.92, 0.90, 0.84)

    def threads(x: Tensor) -> Tensor:
        t = torch.remainder(x * 2.1, 1.0)
        colour = base.expand(len(t), 3)
        colour = mix(colour, second.expand(len(t), 3), smooth(0.30, 0.32, t) * smooth(0.70, 0.68, t))
        for centre, width, line in (
            (0.5, 0.035, rgb(0.95, 0.82, 0.30)),
            (0.06, 0.025, rgb(0.95, 0.94, 0.90)),
            (0.94, 0.025, rgb(0.95, 0.94, 0.90)),
        ):
            colour = mix(colour, line.expand(len(t), 3), smooth(width, width - 0.015, (t - centre).abs()))
        return colour

    weave = 0.5 + 0.5 * torch.sin((uv[:, 0] + uv[:, 1]) * 90)
    return (threads(uv[:, 0]) * 0.5 + threads(uv[:, 1]) * 0.5) * (0.86 + 0.2 * weave)[:, None]


def zebra(p, uv, f, tint):
    q = f.warp(p, 1.5, 0.22)
    angle = f.uniform(-25, 25)
    stripe = torch.sin(rotate(q[:, [0, 2]] + q[:, 1:2] * 0.4, angle)[:, 0] * 21 + 3.2 * f.fbm(p, 1.2, 2))
    fur = f.value(_pad(uv * rgb(12, 40)), 1)
    return (
        mix(rgb(0.95, 0.93, 0.88).expand_as(p), rgb(0.06, 0.05, 0.05).expand_as(p), smooth(-0.12, 0.12, stripe + 0.1))
        * (0.88 + 0.14 * fur)[:, None]
    )


def tiger(p, uv, f, tint):
    q = f.warp(p, 2.2, 0.20)
    stripe = torch.sin(q[:, 0] * 4 + q[:, 2] * 17 + q[:, 1] * 5 + 4.5 * f.fbm(p, 1.8, 2)) + 1.3 * (f.fbm(q, 2.6, 2) - 0.5)
    orange = ramp(f.fbm(p, 1.3, 2), rgb(0.80, 0.40, 0.08), rgb(0.94, 0.58, 0.18), rgb(0.98, 0.82, 0.52))
    fur = f.value(_pad(uv * rgb(12, 40)), 1)
    return mix(orange, rgb(0.07, 0.05, 0.04).expand_as(p), smooth(0.42, 0.62, stripe)) * (0.86 + 0.18 * fur)[:, None]


def leopard(p, uv, f, tint):
    q = f.warp(p, 5, 0.03)
    distance, edge, number = _solid(f, p, q * 4.6, 0.7)
    angle_break = f.value(q, 9)
    ring = smooth(0.17, 0.23, distance) * smooth(0.43, 0.35, distance) * smooth(0.28, 0.40, angle_break)
    coat = ramp(f.fbm(p, 1.4, 2), rgb(0.80, 0.56, 0.24), rgb(0.93, 0.74, 0.42))
    colour = mix(coat, coat * 0.72, smooth(0.32, 0.18, distance))
    return mix(colour, rgb(0.09, 0.06, 0.04).expand_as(p), ring) * (0.88 + 0.16 * f.value(_pad(uv * 34), 1))[:, None]


def giraffe(p, uv, f, tint):
    q = f.warp(p, 3, 0.05)
    distance, edge, number = _solid(f, p, q * 3.6, 0.75)
    patch = rgb(0.55, 0.29, 0.10) * (0.75 + 0.45 * number[:, :1]) * (1.1 - 0.35 * distance)[:, None]
    return (
        mix(rgb(0.94, 0.84, 0.62).expand_as(p), patch, smooth(0.055, 0.10, edge))
        * (0.9 + 0.14 * f.value(_pad(uv * 34), 1))[:, None]
    )


def scales(p, uv, f, tint):
    base = _tint(tint, (0.12, 0.44, 0.22))
    best = torch.zeros(len(p), 3)
    height, width = 0.13, 0.24
    row = torch.floor(uv[:, 1] / height)
    for step in (1.0, 0.0):  # lower row drawn last lies on top
        r = row + step
        x = uv[:, 0] / width + 0.5 * torch.remainder(r, 2)
        column = torch.floor(x)
        dx = (x - column - 0.5) * 2
        dy = (uv[:, 1] / height - r + 1.0) / 2
        d = (dx.square() + (1 - dy).clamp(min=0).square() * 1.15).sqrt()
        number = f.hash(torch.stack([column, r], -1))
        shade = (
            base * (0.72 + 0.4 * number[:, :1]) * (0.45 + 0.95 * (1 - d).clamp(0, 1).sqrt())[:, None]
            + 0.16 * smooth(0.35, 0.0, (d - 0.62).abs())[:, None]
        )
        best = mix(best, shade, smooth(1.0, 0.93, d))
    return best.clamp(0, 1)


def mosaic(p, uv, f, tint):
    size = 0.125
    cell = torch.floor(uv / size)
    edge = (0.5 - (uv / size - cell - 0.5).abs()).amin(-1)
    number = f.hash(cell)
    if tint is None:
        colours = torch.stack([rgb(*COLOURS[name]) for name in ("teal", "blue", "orange", "white", "red", "yellow")])
        colour = colours[(number[:, 0] * 5.99).long()] * (0.8 + 0.3 * number[:, 1:2])
    else:
        colour = mix(
            tint * (0.55 + 0.7 * number[:, :1]), rgb(0.95, 0.95, 0.93).expand_as(p), smooth(0.80, 0.82, number[:, 1]) * 0.8
        )
    return mix(rgb(0.84, 0.82, 0.78).expand_as(p), colour * (0.92 + 0.16 * f.fbm(p, 6, 2))[:, None], smooth(0.06, 0.12, edge))


def glass(p, uv, f, tint):
    distance, edge, number = f.cells(uv * 3.0, 0.95)
    colours = torch.stack([rgb(*COLOURS[name]) for name in ("red", "blue", "green", "yellow", "purple", "orange", "teal")])
    pane = colours[(number[:, 0] * 6.99).long()] * (0.85 + 0.35 * number[:, 1:2]) + 0.22 * (0.5 - distance)[:, None]
    pane = pane * (0.78 + 0.42 * f.fbm(p, 3.2, 3))[:, None]
    return mix(rgb(0.05, 0.05, 0.06).expand_as(p), pane, smooth(0.03, 0.06, edge))


def camouflage(p, uv, f, tint):
    q = f.warp(p, 3.5, 0.10)
    names = [(0.42, 0.43, 0.25), (0.20, 0.28, 0.13), (0.36, 0.26, 0.16), (0.08, 0.09, 0.07)]
    if tint is not None:
        names = [tuple((tint * k + add).clamp(0, 1).tolist()) for k, add in ((1.0, 0.0), (0.55, 0.0), (0.75, 0.22), (0.22, 0.02))]
    colour = rgb(*names[0]).expand_as(p)
    for extra, level in zip(names[1:], (0.52, 0.57, 0.63), strict=True):
        colour = mix(colour, rgb(*extra).expand_as(p), smooth(level - 0.015, level + 0.015, f.fbm(q, 1.9, 3, 0.4)))
    return colour * (0.94 + 0.1 * f.value(_pad(uv * 45), 1))[:, None]


def knit(p, uv, f, tint):
    base = _tint(tint, (0.78, 0.14, 0.16))
    width, height = 0.15, 0.105
    x = uv[:, 0] / width
    column = torch.floor(x)
    side = (x - column - 0.5).abs() * 2
    y = uv[:, 1] / height + side * 0.85
    row = torch.floor(y)
    v = (y - row - 0.5).abs() * 2
    shade = 0.50 + 0.62 * (1 - v.square()) * smooth(0.0, 0.28, side) * smooth(1.0, 0.75, side)
    fibre = f.value(_pad(torch.stack([uv[:, 0] * 14, y * 5], -1)), 1)
    number = f.hash(torch.stack([column, row], -1))
    return (
        base * (0.94 + 0.12 * number[:, :1]) * (shade * (0.86 + 0.24 * fibre))[:, None] + 0.05 * (shade - 0.6)[:, None]
    ).clamp(0, 1)


def stripes(p, uv, f, tint):
    base = _tint(tint, (0.86, 0.07, 0.12))
    phase = torch.remainder(rotate(uv, f.uniform(25, 55))[:, 0] * 3.6, 1.0)
    t = smooth(0.0, 0.03, phase) * smooth(0.5, 0.47, phase)
    return mix(rgb(0.97, 0.95, 0.92).expand_as(p), base.expand_as(p), t) * (0.92 + 0.1 * f.fbm(p, 2, 2))[:, None]


def dots(p, uv, f, tint):
    base = _tint(tint, (0.85, 0.10, 0.14))
    light = rgb(0.97, 0.95, 0.90) if float(base.mean()) < 0.8 else rgb(0.12, 0.12, 0.14)
    cell, _ = _courses(uv, 0.26, 0.22)
    centre = (cell + 0.5) * rgb(0.26, 0.22) - torch.stack([0.13 * torch.remainder(cell[:, 1], 2), torch.zeros(len(p))], -1)
    return (
        mix(base.expand_as(p), light.expand_as(p), smooth(0.074, 0.062, (uv - centre).norm(dim=-1)))
        * (0.93 + 0.1 * f.fbm(p, 2, 2))[:, None]
    )


def concrete(p, uv, f, tint):
    t = f.fbm(p, 1.6, 5, 0.6)
    colour = ramp(t, rgb(0.46, 0.46, 0.45), rgb(0.62, 0.61, 0.59), rgb(0.76, 0.75, 0.72))
    _, _, number = f.cells(uv * 15, 1.0)
    distance = f.cells(uv * 7 + 3, 1.0)[0]
    colour = colour * (0.95 + 0.1 * number[:, :1])
    return mix(
        colour,
        rgb(0.25, 0.25, 0.25).expand_as(p),
        smooth(0.15, 0.09, distance) * smooth(0.4, 0.6, f.value(uv.new_zeros(len(p), 3) + _pad(uv), 6)),
    )


def circuit(p, uv, f, tint):
    size = 0.105
    board = rgb(0.03, 0.27, 0.14) * (0.85 + 0.3 * f.fbm(p, 5, 2))[:, None]
    cell = torch.floor(uv / size)
    part = uv / size - cell - 0.5
    number = f.hash(cell)
    kind = number[:, 0]
    right, up = f.hash(torch.floor(cell / rgb(5, 1)))[:, 1] > 0.35, f.hash(torch.floor(cell / rgb(1, 4)))[:, 2] > 0.55
    line = torch.where(right, part[:, 1].abs(), torch.ones(len(p)))
    line = torch.minimum(line, torch.where(up, part[:, 0].abs(), torch.ones(len(p))))
    colour = mix(board, rgb(0.20, 0.58, 0.26).expand_as(p), smooth(0.14, 0.08, line))
    r = part.norm(dim=-1)
    pad = (kind > 0.72).float() * smooth(0.34, 0.28, r)
    colour = mix(colour, rgb(0.88, 0.74, 0.34).expand_as(p), pad)
    colour = mix(colour, rgb(0.05, 0.06, 0.05).expand_as(p), (kind > 0.72).float() * smooth(0.14, 0.09, r))
    big = torch.floor(uv / (size * 4))
    inside = (0.5 - (uv / (size * 4) - big - 0.5).abs()).amin(-1)
    chip = (f.hash(big, 3)[:, 0] > 0.78).float()
    colour = mix(
        colour, rgb(0.72, 0.73, 0.75).expand_as(p), chip * smooth(0.13, 0.15, inside) * (torch.sin(uv.sum(-1) * 110) > 0).float()
    )
    return mix(colour, rgb(0.08, 0.08, 0.09).expand_as(p), chip * smooth(0.19, 0.205, inside))


def terrazzo(p, uv, f, tint):
    base = rgb(0.91, 0.89, 0.85) if tint is None else tint
    distance, edge, number = f.cells(f.warp(_pad(uv), 6, 0.03)[:, :2] * 6.5, 1.0)
    chips = torch.stack(
        [rgb(0.75, 0.42, 0.30), rgb(0.28, 0.32, 0.36), rgb(0.90, 0.72, 0.42), rgb(0.96, 0.95, 0.93), rgb(0.38, 0.55, 0.50)]
    )
    colour = chips[(number[:, 0] * 4.99).long()] * (0.85 + 0.3 * number[:, 1:2])
    shown = smooth(0.10, 0.13, edge) * (number[:, 2] > 0.25).float()
    return mix(base * (0.94 + 0.1 * f.fbm(p, 8, 2))[:, None], colour, shown)


def bark(p, uv, f, tint):
    q = _pad(uv * rgb(7.0, 1.7))
    q = f.warp(q, 0.8, 0.5)
    ridge = f.ridged(q, 1.0, 3)
    colour = ramp(
        smooth(0.45, 0.92, ridge) + 0.25 * (f.fbm(p, 12, 3) - 0.5),
        rgb(0.62, 0.49, 0.36),
        rgb(0.42, 0.30, 0.20),
        rgb(0.13, 0.08, 0.05),
    )
    return colour * (0.85 + 0.3 * f.fbm(p, 3, 2))[:, None]


def water(p, uv, f, tint):
    q = f.warp(f.warp(_pad(uv), 2.2, 0.16), 5, 0.05)
    _, edge, _ = f.cells(q[:, :2] * 3.2, 0.9)
    body = ramp(f.fbm(p, 1.3, 3), rgb(0.03, 0.28, 0.46), rgb(0.06, 0.50, 0.66), rgb(0.22, 0.68, 0.76))
    return mix(body, rgb(0.88, 0.98, 0.98).expand_as(p), (1 - smooth(0.0, 0.10, edge)) * (0.25 + 0.75 * f.fbm(p, 2.4, 2)))


TABLE: dict[str, Material] = {
    "brick": brick, "cobblestone": cobblestone, "planks": planks, "oak": oak, "marble": marble, "granite": granite,
    "sand": sand, "grass": grass, "moss": moss, "rust": rust, "gold": gold, "copper": copper, "snow": snow, "ice": ice,
    "lava": lava, "leather": leather, "tartan": tartan, "zebra": zebra, "leopard": leopard, "giraffe": giraffe,
    "tiger": tiger, "scales": scales, "mosaic": mosaic, "glass": glass, "camouflage": camouflage, "knit": knit,
    "stripes": stripes, "dots": dots, "concrete": concrete, "circuit": circuit, "terrazzo": terrazzo, "bark": bark,
    "water": water,
}  # fmt: skip


def modify(name: str, colour: Tensor, p: Tensor, uv: Tensor, f: Field) -> Tensor:
    """The same colours [N, 3] after weather: one of vocabulary.MODIFIERS."""
    if name == "cracked":
        q = f.warp(p, 3.5, 0.10)
        _, edge, _ = _solid(f, p, q * 2.4, 1.0)
        return mix(colour, colour * 0.15, smooth(0.035, 0.012, edge))
    if name == "wet":
        shine = smooth(0.60, 0.70, f.fbm(f.warp(p, 2, 0.2), 2.6, 3))
        return mix(colour * 0.62, rgb(0.80, 0.86, 0.92).expand_as(p), 0.55 * shine * f.value(p, 9))
    cover = smooth(0.50, 0.58, f.fbm(f.warp(p, 2.4, 0.12), 2.3, 4, 0.55))
    if name == "mossy":
        top = ramp(f.fbm(p, 15, 3), rgb(0.10, 0.20, 0.03), rgb(0.28, 0.42, 0.08), rgb(0.50, 0.62, 0.18))
    elif name == "rusty":
        top = ramp(f.fbm(p, 8, 4, 0.6), rgb(0.24, 0.09, 0.04), rgb(0.55, 0.23, 0.08), rgb(0.78, 0.42, 0.14))
    elif name == "snowy":
        top = ramp(f.fbm(p, 4, 3), rgb(0.78, 0.85, 0.95), rgb(1.0, 1.0, 1.0))
    elif name == "worn":
        cover = smooth(0.52, 0.66, f.fbm(f.warp(p, 4, 0.1), 4.0, 4, 0.65))
        top = colour * 0.35 + rgb(0.50, 0.48, 0.44) * (0.8 + 0.3 * f.fbm(p, 14, 2))[:, None]
    else:
        raise ValueError(f"unknown modifier {name!r}")
    return mix(colour, top, cover)
