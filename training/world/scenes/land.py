"""Dry land: desert, mountains, meadow, forest and canyon. Each paints over the sky [B, N, 3] and returns [B, N, 3]."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..noise import mix, ramp, rgb, smooth
from .ground import birds, by_azimuth, detail, haze, hills, in_sectors, mountains, pines, ridge, shade_ground
from .view import View, dots

if TYPE_CHECKING:
    from . import World


def desert(w: World, v: View, colour: Tensor) -> Tensor:
    """Dunes with a lit and a dark side, saguaros, and wind ripples underfoot."""
    light = w.light
    colour = birds(w, v, colour, 5, rgb(0.16, 0.12, 0.10), 0.3)
    for part, base, height, frequency, fog in ((8, 0.03, 0.24, 1.3, 0.30), (12, -0.02, 0.20, 1.9, 0.12)):
        inside, below = ridge(w, v, part, base, height, frequency, False)
        edge = by_azimuth(w, v, part + 2, lambda q, frequency=frequency: w.f.fbm(q, frequency * 1.5, 2)) - 0.5
        side = smooth(-0.03, 0.03, torch.sin(v.turn * 2 * torch.pi * 9 + 14 * edge + 12 * below) - 0.1)
        sand = mix(rgb(0.98, 0.78, 0.46), rgb(0.66, 0.42, 0.23), side * smooth(0.0, 0.03, below))
        sand = mix(sand, rgb(0.94, 0.95, 0.98), 0.7 * light.snow * (1 - side))
        colour = mix(colour, haze(w, sand * light.tint, fog), inside)
    w.use_noise(20)
    dune = w.f.fbm(v.hit, 0.22, 2)
    bend = w.f.value(v.hit, 0.7)
    ripple = torch.sin(v.hit[..., 0] * 15 + v.hit[..., 1] * 5 + 9 * bend)
    t = 0.5 + 0.9 * (dune - 0.5) * v.fade(0.08) + 0.22 * ripple * v.fade(1.6)
    sand = ramp(t, rgb(0.62, 0.40, 0.21), rgb(0.88, 0.66, 0.38), rgb(1.0, 0.87, 0.60))
    colour = shade_ground(w, v, colour, sand, 0.55, snow=0.85)
    for salt, count, size in ((3, 26, 0.13), (4, 9, 0.34)):
        aside, number, there = in_sectors(w, v, count, salt, 0.72)
        size = size * (0.7 + 0.5 * number[..., 0])
        x, y = aside / size, (v.tan + 0.12 * size) / size
        arm = x * torch.sign(number[..., 1] - 0.5)
        body = rod(x, y, 0.0, -0.05, 0.0, 0.85) - 0.13
        body = torch.minimum(body, rod(arm, y, 0.0, 0.35, 0.30, 0.38) - 0.075)
        body = torch.minimum(body, rod(arm, y, 0.30, 0.38, 0.30, 0.68) - 0.085)
        body = torch.minimum(body, rod(-arm, y, 0.0, 0.48, 0.26, 0.52) - 0.07)
        body = torch.minimum(body, rod(-arm, y, 0.26, 0.52, 0.26, 0.72) - 0.075)
        green = mix(rgb(0.26, 0.48, 0.22), rgb(0.09, 0.22, 0.12), smooth(-0.12, 0.14, x))
        soft = 0.009 / size
        green = haze(w, green * light.tint, 0.30 - 0.25 * (count < 20))
        colour = mix(colour, green, smooth(soft, -soft, body) * there)
    return colour


def rod(x: Tensor, y: Tensor, x0: float, y0: float, x1: float, y1: float) -> Tensor:
    """Distance to the segment from (x0, y0) to (x1, y1)."""
    dx, dy = x1 - x0, y1 - y0
    t = (((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)).clamp(0, 1)
    return ((x - x0 - t * dx).square() + (y - y0 - t * dy).square()).clamp(min=1e-9).sqrt()


def snow_tinted(w: World, tint: Tensor) -> Tensor:
    """`tint` [3], or half white where snow is falling: [B, 1, 3]."""
    return mix(tint.expand(1, 1, 3), rgb(0.90, 0.93, 0.97), 0.55 * w.light.snow)


def mountains_scene(w: World, v: View, colour: Tensor) -> Tensor:
    """Two chains of steep snowy peaks, a belt of firs, and snow broken by rock."""
    colour = birds(w, v, colour, 6, rgb(0.14, 0.15, 0.20), 0.35)
    colour = mountains(w, v, colour, 8, 0.22, 0.72, 1.5, rgb(0.42, 0.47, 0.60), 0.34, 0.30)
    colour = mountains(w, v, colour, 16, 0.04, 0.50, 2.2, rgb(0.29, 0.31, 0.38), 0.15, 0.06)
    colour = pines(w, v, colour, 4, 0.085, 80, rgb(0.11, 0.23, 0.18), 0.10)
    snow = ramp(detail(w, v, 24, 0.6), rgb(0.50, 0.61, 0.82), rgb(0.90, 0.94, 0.99), rgb(1, 1, 1))
    stone = detail(w, v, 28, 0.9)
    face = ramp(detail(w, v, 32, 2.2, 2), rgb(0.18, 0.19, 0.23), rgb(0.46, 0.46, 0.50))
    return shade_ground(w, v, colour, mix(snow, face, smooth(0.56, 0.62, stone)), 0.7, snow=0.7)


def meadow(w: World, v: View, colour: Tensor) -> Tensor:
    """Blue peaks far away, green hills, and grass full of flowers."""
    colour = birds(w, v, colour, 7, rgb(0.20, 0.18, 0.24), 0.4)
    colour = mountains(w, v, colour, 8, 0.06, 0.30, 1.5, rgb(0.40, 0.48, 0.64), 0.10, 0.42)
    colour = hills(w, v, colour, 16, 0.01, 0.17, 1.6, snow_tinted(w, rgb(0.24, 0.52, 0.17)), 0.16)
    colour = pines(w, v, colour, 4, 0.07, 60, rgb(0.10, 0.30, 0.12), 0.10)
    colour = hills(w, v, colour, 24, -0.04, 0.11, 2.2, snow_tinted(w, rgb(0.40, 0.68, 0.17)), 0.04)
    t = 0.55 * detail(w, v, 32, 0.5, 2) + 0.45 * detail(w, v, 36, 3.2, 2)
    grass = ramp(t, rgb(0.13, 0.34, 0.06), rgb(0.34, 0.60, 0.12), rgb(0.66, 0.84, 0.28))
    petals = torch.stack([rgb(0.99, 0.98, 0.94), rgb(0.99, 0.84, 0.14), rgb(0.94, 0.24, 0.40), rgb(0.62, 0.36, 0.88)])
    for salt, scale, reach in ((1, 2.3, 1.6), (2, 3.6, 2.4)):
        disc, number = dots(w.f, v.hit * scale + 0.3 * salt, 0.24, salt, 0.62)
        tint = petals.to(disc.device)[(number[..., 1] * 3.99).long()]
        tint = mix(tint, rgb(0.98, 0.74, 0.16), smooth(0.80, 1.0, disc) * (number[..., 1] < 0.24))
        grass = mix(grass, tint, smooth(0.1, 0.45, disc) * v.fade(reach))
    spread = w.f.value(v.hit, 0.35)  # far flowers merge into patches of colour
    bloom = petals.to(spread.device)[(spread * 3.99).long().clamp(0, 3)]
    grass = mix(grass, bloom, 0.20 * smooth(0.04, 0.1, (torch.remainder(spread * 4, 1) - 0.5).abs()) * (1 - v.fade(0.3)))
    return shade_ground(w, v, colour, grass, 0.5, snow=0.85)


def forest(w: World, v: View, colour: Tensor) -> Tensor:
    """Pines behind pines, tall enough to surround the sky; litter, moss and fallen needles underfoot."""
    floor = ramp(detail(w, v, 20, 2.6), rgb(0.17, 0.10, 0.05), rgb(0.38, 0.25, 0.13), rgb(0.60, 0.42, 0.22))
    green = ramp(detail(w, v, 24, 3.0, 2), rgb(0.07, 0.20, 0.05), rgb(0.22, 0.44, 0.12), rgb(0.46, 0.64, 0.24))
    floor = mix(floor, green, smooth(0.44, 0.56, detail(w, v, 28, 0.8)))
    leaf, number = dots(w.f, v.hit * 2.7, 0.27, 3, 0.5)
    tint = ramp(number[..., 0], rgb(0.80, 0.42, 0.10), rgb(0.90, 0.66, 0.20), rgb(0.55, 0.22, 0.10))
    colour = shade_ground(w, v, colour, mix(floor, tint, leaf * v.fade(1.8)), 0.5, snow=0.8)
    for salt, height, count, fog in ((3, 0.55, 56, 0.42), (5, 1.0, 34, 0.20), (7, 1.9, 18, 0.03)):
        colour = trunks(w, v, colour, salt, height, count, fog)
        colour = pines(w, v, colour, salt, height, count, rgb(0.09, 0.30, 0.13), fog)
    return colour


def trunks(w: World, v: View, colour: Tensor, salt: int, height: float, count: int, fog: float) -> Tensor:
    """Bare stems below near pines."""
    aside, number, _ = in_sectors(w, v, count, salt, sway=0.3)
    half = 0.10 * torch.pi / count * 2 * (0.8 + 0.3 * number[..., 2])
    inside = smooth(0.008, -0.008, aside.abs() - half) * smooth(-0.10, -0.08, v.tan) * smooth(height * 0.5, height * 0.3, v.tan)
    bark = mix(rgb(0.42, 0.28, 0.18), rgb(0.16, 0.10, 0.07), smooth(-0.03, 0.04, aside))
    return mix(colour, haze(w, bark * w.light.tint, fog), inside)


def canyon(w: World, v: View, colour: Tensor) -> Tensor:
    """Banded red walls with flat tops, before and behind, and dusty ground with stones and shrubs."""
    colour = birds(w, v, colour, 8, rgb(0.20, 0.10, 0.08), 0.3)
    for part, base, height, fog in ((8, 0.12, 0.44, 0.34), (20, -0.06, 1.05, 0.05)):
        frequency = 1.5 if part == 8 else 1.9

        def heights(q: Tensor, frequency: float = frequency) -> Tensor:
            return 0.70 * smooth(0.38, 0.60, w.f.fbm(q, frequency, 3)) + 0.30 * smooth(0.45, 0.56, w.f.fbm(q, 3.6, 2))

        crest = base + height * by_azimuth(w, v, part, heights)
        depth = by_azimuth(w, v, part + 5, lambda q: w.f.fbm(q, 5.0, 3))
        y = v.tan + 0.05 * depth
        w.use_noise(part + 8)
        band = torch.sin(y / (height + 0.1) * 26 + 4 * w.f.value(torch.cat([v.circle * 1.5, y[..., None] * 3], -1))) * 0.5 + 0.5
        rock = ramp(band, rgb(0.52, 0.19, 0.10), rgb(0.80, 0.37, 0.18), rgb(0.97, 0.68, 0.43))
        rock = rock * (0.45 + 0.75 * smooth(0.32, 0.62, depth))[..., None]
        rock = mix(rock, rgb(0.95, 0.96, 1.0), 0.75 * w.light.snow * smooth(0.06, 0.02, crest - v.tan))
        colour = mix(colour, haze(w, rock * w.light.tint, fog), smooth(-0.006, 0.008, crest - v.tan))
    t = 0.6 * detail(w, v, 34, 0.6, 2) + 0.4 * detail(w, v, 37, 2.6, 2)
    ground = ramp(t, rgb(0.52, 0.23, 0.12), rgb(0.80, 0.45, 0.25), rgb(0.95, 0.70, 0.46))
    stone, number = dots(w.f, v.hit * 1.6, 0.32, 2, 0.55)
    lit = ramp(stone, rgb(0.44, 0.19, 0.11), rgb(0.62, 0.29, 0.17), rgb(0.76, 0.42, 0.27))
    lit = mix(lit, ramp(stone, rgb(0.24, 0.26, 0.12), rgb(0.46, 0.52, 0.24)), (number[..., 0] > 0.72).float())
    ground = mix(ground, lit, smooth(0.05, 0.3, stone) * v.fade(1.3))
    return shade_ground(w, v, colour, ground, 0.45, snow=0.75)
