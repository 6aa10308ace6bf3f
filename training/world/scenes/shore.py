"""Water with land beside it: lake, waterfall, sea cliffs and harbour. Each paints over the sky and returns [B, N, 3]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..noise import mix, ramp, rgb, smooth
from .built import houses, lamp_brightness, rectangle
from .coast import haze_water
from .ground import birds, by_azimuth, detail, haze, hills, in_sectors, mountains, pines, sea, shade_ground
from .land import snow_tinted
from .view import View, along_bearing, cell_offset, dots

if TYPE_CHECKING:
    from . import World


def water_direction(w: World, v: View) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Direction of the water: azimuth [B, 1]; cosine of the angle to it, and ground coordinates along and across it, [B, N]."""
    bearing = w.light.sun_azimuth + (w.variation[1] - 0.5)
    return bearing, along_bearing(v.circle, bearing)[0], *along_bearing(v.hit, bearing)


def reflected(w: World, v: View, ripple: float) -> View:
    """The view with everything under the horizon reflected upward, as in water with waves of `ripple` radians."""
    w.use_noise(44)
    wave = (w.f.fbm(v.hit, 1.4, 2) - 0.5) * v.fade(0.3) + 0.5 * (w.f.value(v.hit, 0.35) - 0.5) * v.fade(0.05)
    lifted = torch.where(v.up < 0, (-v.up + ripple * wave * (v.up < -0.02)).clamp(min=1e-3), v.up)
    level = (1 - lifted.square()).clamp(min=1e-6).sqrt()
    return View(torch.cat([v.circle * level[..., None], lifted[..., None]], -1))


def lake(w: World, v: View, colour: Tensor) -> Tensor:
    """Mountains and firs mirrored in still water; a wooden jetty, reeds and a grassy shore below the eye."""
    light = w.light
    seen = reflected(w, v, 0.10)
    far = light.sky(seen)
    far = mountains(w, seen, far, 8, 0.10, 0.52, 1.5, rgb(0.36, 0.44, 0.58), 0.20, 0.32)
    far = hills(w, seen, far, 16, 0.02, 0.16, 1.8, snow_tinted(w, rgb(0.18, 0.42, 0.20)), 0.18)
    far = pines(w, seen, far, 4, 0.11, 64, rgb(0.09, 0.27, 0.15), 0.10)
    deep = rgb(0.02, 0.20, 0.30).to(v.d.device) * light.tint
    steep = (-v.up).clamp(0, 1)
    w.use_noise(50)
    streak = w.f.ridged(torch.stack([v.hit[..., 0] * 0.6, v.hit[..., 1] * 1.4], -1), 0.9, 2)
    water = mix(far * 0.94, deep, 0.12 + 0.75 * smooth(0.15, 0.85, steep))
    water = mix(water, light.horizon, 0.35 * smooth(0.78, 0.92, streak) * v.fade(0.25))
    water = haze_water(w, v, water, 0.10)
    colour = mix(birds(w, v, far, 6, rgb(0.14, 0.15, 0.20), 0.35), water, v.below)
    colour = mix(colour, light.horizon * 0.6 + rgb(0.03, 0.05, 0.04).to(v.d.device), smooth(0.010, 0.004, v.tan.abs()) * 0.7)
    _, facing, ahead, aside = water_direction(w, v)
    w.use_noise(56)  # a spit of land: water lies on every side, so that each view shows it
    edge = torch.maximum(ahead - 1.0, v.far - 3.4) + 1.2 * (w.f.fbm(v.hit, 0.4, 2) - 0.5)
    t = 0.5 * detail(w, v, 24, 0.7) + 0.5 * detail(w, v, 28, 3.0)
    grass = ramp(t, rgb(0.12, 0.30, 0.08), rgb(0.34, 0.54, 0.16), rgb(0.62, 0.76, 0.32))
    pebble, number = dots(w.f, v.hit * 2.6, 0.40, 4, 0.95)
    bank = mix(
        rgb(0.36, 0.31, 0.25), ramp(number[..., 0], rgb(0.46, 0.43, 0.40), rgb(0.78, 0.74, 0.68)), smooth(0.1, 0.4, pebble)
    )
    bank = mix(rgb(0.52, 0.48, 0.42).expand_as(bank), bank, v.fade(1.6))
    land = shade_ground(w, v, colour, mix(bank, grass, smooth(-0.35, -0.75, edge)), 0.4, snow=0.85)
    colour = mix(land, colour, smooth(-0.03, 0.05, edge))
    colour = mix(colour, light.horizon, 0.6 * smooth(0.10, 0.0, (edge - 0.06).abs()) * v.below * v.fade(0.6))
    reed_side, number, _ = in_sectors(w, v, 150, 2)
    tall = 0.05 + 0.25 * number[..., 0]
    reed = smooth(0.008, 0.002, (reed_side - 0.03 * (v.tan + 0.35)).abs() - 0.003) * smooth(0.0, -0.02, v.tan + 0.22 - tall)
    reed = reed * smooth(-0.34, -0.30, v.tan) * smooth(0.45, 0.35, (facing.abs() - 0.2).abs()) * (number[..., 1] < 0.5)
    colour = mix(colour, haze(w, ramp(number[..., 2], rgb(0.24, 0.40, 0.12), rgb(0.62, 0.60, 0.26)) * light.tint, 0.03), reed)
    off = aside - 0.6 * (w.variation[5] - 0.5)
    board = smooth(0.44, 0.47, cell_offset(ahead * 3.0).abs()) * v.fade(0.6)
    plank = mix(rgb(0.62, 0.46, 0.30), rgb(0.30, 0.20, 0.12), board) * (0.85 + 0.3 * detail(w, v, 60, 2.0))[..., None]
    jetty = smooth(0.42, 0.40, off.abs()) * smooth(6.0, 5.9, ahead) * smooth(-0.6, -0.55, ahead) * v.below
    colour = mix(
        colour, rgb(0.02, 0.04, 0.05).to(v.d.device), smooth(0.52, 0.42, (off + 0.06).abs()) * (ahead < 6.1) * (ahead > 0.3) * 0.5
    )
    return mix(colour, shade_ground(w, v, colour, plank, 0.3, snow=0.7), jetty)


def waterfall(w: World, v: View, colour: Tensor) -> Tensor:
    """White water falls over mossy rock on three sides into a green pool; trees on the rim, spray at the foot."""
    light = w.light
    colour = birds(w, v, colour, 5, rgb(0.14, 0.15, 0.18), 0.3)
    aside, number, _ = in_sectors(w, v, 4, 6, 1.0, 0.3)
    wide = 0.26 + 0.14 * number[..., 0]
    notch = smooth(wide + 0.15, wide, aside.abs())
    crest = 0.80 + 0.5 * by_azimuth(w, v, 8, lambda q: w.f.fbm(q, 2.4, 3)) - 0.12 * notch
    rim = treeline(w, v, crest - 0.06)
    colour = mix(
        colour, haze(w, snow_tinted(w, rgb(0.12, 0.36, 0.13)) * light.tint * (0.7 + 0.5 * rim[1])[..., None], 0.12), rim[0]
    )
    y = v.tan
    w.use_noise(12)
    wall = torch.cat([v.circle * 4.2, y[..., None] * 1.6], -1)
    crack = w.f.ridged(w.f.warp(wall, 0.8, 0.25), 1.0, 3)
    ledge = w.f.value(torch.cat([v.circle * 1.8, y[..., None] * 5.5], -1), 1.0)
    rock = ramp(0.55 * (1 - crack) * 1.6 + 0.45 * ledge, rgb(0.12, 0.13, 0.14), rgb(0.38, 0.37, 0.36), rgb(0.60, 0.57, 0.52))
    moss = smooth(0.58, 0.72, ledge + 0.3 * smooth(0.4, 0.0, crest - y) + 0.35 * (crack - 0.6))
    rock = mix(rock, snow_tinted(w, rgb(0.22, 0.48, 0.14)) * (0.6 + 0.6 * crack)[..., None], moss)
    inside = smooth(-0.006, 0.01, crest - y)
    colour = mix(colour, haze(w, rock * light.tint, 0.10), inside)
    w.use_noise(20)
    strand = w.f.fbm(torch.cat([v.circle * 16, y[..., None] * 0.7], -1), 1.0, 2)
    width = wide * (0.72 + 0.18 * smooth(0.9, -0.1, y)) + 0.10 * (ledge - 0.5)
    fall = smooth(0.02, -0.02, aside.abs() - width) * inside * (y > -0.2)
    milk = ramp(0.10 + 1.1 * strand, rgb(0.50, 0.70, 0.82), rgb(0.86, 0.95, 0.99), rgb(1.0, 1.0, 1.0))
    lit = light.tint.clamp(min=0.22)
    colour = mix(colour, haze(w, milk * lit, 0.06), fall * (0.80 + 0.2 * strand))
    pool = mix(sea(w, v, rgb(0.03, 0.46, 0.42)), rgb(0.12, 0.50, 0.44).to(y.device) * light.tint, torch.full_like(y, 0.35))
    w.use_noise(60)
    churn = w.f.fbm(v.hit, 1.5, 2)
    froth = smooth(0.45, 0.72, churn + 0.45 * smooth(0.75, 0.2, aside.abs()) * smooth(1.0, 3.6, v.far) - 0.14) * (
        0.3 + 0.7 * v.fade(0.2)
    )
    pool = mix(pool, rgb(0.96, 0.99, 1.0).to(y.device) * lit, 0.85 * froth)
    stone, kind = dots(w.f, v.hit * 0.95 + 0.4, 0.40, 3, 0.45)
    boulder = ramp(stone, rgb(0.10, 0.12, 0.11), rgb(0.32, 0.33, 0.32), rgb(0.56, 0.54, 0.50))
    boulder = mix(boulder, rgb(0.24, 0.46, 0.16), smooth(0.6, 0.9, stone) * (kind[..., 0] > 0.5))
    pool = mix(pool, boulder * light.tint, smooth(0.12, 0.25, stone) * v.fade(0.25))
    pool = haze_water(w, v, pool, 0.05)
    foot = smooth(-0.10, -0.16, y + 0.05 * (ledge - 0.5))
    colour = mix(colour, pool, foot)
    spray = torch.exp(-(aside / (wide * 1.25)).square()) * torch.exp(-((y + 0.10) / 0.16).square())
    return mix(colour, mix(light.horizon, rgb(1.0, 1.0, 1.0).to(y.device) * lit, torch.full_like(light.fog, 0.7)), 0.85 * spray)


def treeline(w: World, v: View, crest: Tensor) -> tuple[Tensor, Tensor]:
    """Round tree crowns along a rim: coverage 0..1 and brightness, [B, N]."""
    aside, number, _ = in_sectors(w, v, 44, 11)
    r = ((aside / 0.10).square() + ((v.tan - crest - 0.06 * number[..., 1]) / (0.16 + 0.10 * number[..., 2])).square()).sqrt()
    return smooth(1.05, 0.9, r) * 1.0, smooth(-0.2, 0.3, v.tan - crest)


def cliffs(w: World, v: View, colour: Tensor) -> Tensor:
    """Rugged cliffs and rock stacks rise from a breaking sea on either hand; turf at the brink, a lighthouse on the point."""
    light = w.light
    colour = birds(w, v, colour, 9, rgb(0.94, 0.95, 0.97), 0.6)
    bearing, facing, ahead, _ = water_direction(w, v)
    away = facing.clamp(-1, 1).acos()
    water = haze_water(w, v, sea(w, v, rgb(0.03, 0.28, 0.42)), 0.25)
    colour = mix(colour, water, v.below)
    for layer, (near, base, fog) in enumerate(((0.55, -0.07, 0.22), (1.05, -0.26, 0.04))):
        n = by_azimuth(w, v, 8 + 10 * layer, lambda q, k=layer: w.f.fbm(q, 3.2 - k, 3))
        step = by_azimuth(w, v, 12 + 10 * layer, lambda q: smooth(0.42, 0.50, w.f.fbm(q, 5.0, 2)))
        reach = away + 0.35 * (n - 0.5) + 0.10 * step
        crest = (
            base
            + (0.34 + 0.34 * layer) * smooth(near, near + 0.30, reach) * (0.72 + 0.5 * n)
            + 0.10 * smooth(near, near + 0.1, reach) * step
        )
        foot = base * (1 - 0.5 * smooth(near, near + 1.2, away) * (1 - layer))
        w.use_noise(14 + 10 * layer)
        face = w.f.ridged(torch.cat([v.circle * 9, v.tan[..., None] * 2.2], -1), 1.0, 3)
        band = w.f.value(torch.cat([v.circle * 1.5, v.tan[..., None] * 13], -1), 1.0)
        rock = ramp(
            1.5 * (face - 0.35) + 0.35 * (band - 0.5), rgb(0.20, 0.17, 0.16), rgb(0.50, 0.42, 0.36), rgb(0.80, 0.70, 0.58)
        )
        turf = snow_tinted(w, rgb(0.34, 0.52, 0.20)) * (0.8 + 0.4 * band)[..., None]
        rock = mix(rock, turf, smooth(0.07, 0.045, crest - v.tan + 0.04 * (band - 0.5)))
        inside = (
            smooth(-0.006, 0.006, crest - v.tan)
            * smooth(foot - 0.008, foot + 0.004, v.tan)
            * smooth(near - 0.05, near + 0.05, reach)
        )
        spray = smooth(near - 0.12, near, reach) * torch.exp(-((v.tan - foot) / (0.018 + 0.03 * n * (1 + layer))).square())
        colour = mix(colour, haze(w, rock * light.tint, fog), inside)
        colour = mix(colour, haze(w, rgb(0.97, 0.99, 1.0).to(n.device) * light.tint.clamp(min=0.3), fog), 0.9 * spray)
        if layer == 0:
            colour = lighthouse(w, v, colour, bearing, crest)
            aside, number, there = in_sectors(w, v, 14, 4, 0.8)
            tall = 0.10 + 0.16 * number[..., 0]
            y = (v.tan + 0.11) / tall
            half = 0.05 + 0.05 * (1 - y) + 0.05 * (face - 0.6) + 0.02 * number[..., 1]
            stack = smooth(0.006, -0.006, aside.abs() - half) * smooth(1.05, 0.95, y + 0.4 * (face - 0.6)) * smooth(0.0, 0.05, y)
            colour = mix(colour, haze(w, rock * 0.85 * light.tint, 0.10), stack * there)
            foam = torch.exp(-(y / 0.14).square()) * smooth(0.16, 0.06, aside.abs()) * there
            colour = mix(colour, rgb(0.97, 0.99, 1.0).to(n.device) * light.tint.clamp(min=0.3), 0.9 * foam)
    w.use_noise(60)
    # a headland: the sea lies on every side of it
    edge = torch.maximum(ahead - 1.5, v.far - 2.9) + 1.3 * (w.f.fbm(v.hit, 0.6, 3) - 0.5)
    t = 0.5 * detail(w, v, 30, 0.8) + 0.5 * detail(w, v, 34, 3.0)
    turf = ramp(t, rgb(0.20, 0.32, 0.10), rgb(0.42, 0.54, 0.20), rgb(0.70, 0.72, 0.36))
    stone, _ = dots(w.f, v.hit * 1.5, 0.36, 5, 0.45)
    turf = mix(turf, ramp(stone, rgb(0.30, 0.27, 0.25), rgb(0.66, 0.60, 0.52)), smooth(0.1, 0.35, stone) * v.fade(1.0))
    turf = mix(turf, rgb(0.40, 0.34, 0.30).to(t.device) * (0.5 + t)[..., None], smooth(-0.45, -0.2, edge))
    land = shade_ground(w, v, colour, turf, 0.35, snow=0.85)
    return mix(colour, land, v.below * smooth(0.0, -0.10, edge))


def lighthouse(w: World, v: View, colour: Tensor, bearing: Tensor, crest: Tensor) -> Tensor:
    """A white tower with red bands and a lamp that is lit at night, on one headland."""
    light = w.light
    centre = bearing + torch.where(w.variation[6] < 0.5, -0.95, 0.95)
    azimuth = v.turn * 2 * math.pi - centre
    x = torch.atan2(azimuth.sin(), azimuth.cos()) / 0.34
    y = (v.tan - 0.20) / 0.34
    soft = 0.02
    tower = smooth(soft, -soft, torch.maximum(x.abs() - 0.13 + 0.05 * y, (y - 0.45).abs() - 0.45))
    lamp = rectangle(x, y - 0.98, 0.07, 0.08, soft)
    cap = smooth(soft, -soft, torch.maximum(x.abs() - 0.11 * (1.22 - y) / 0.16, 1.06 - y))
    band = smooth(0.10, 0.14, cell_offset(y * 1.7 + 0.1).abs() - 0.12)
    paint = mix(rgb(0.84, 0.14, 0.12), rgb(0.97, 0.96, 0.93), band) * (1.0 - 0.3 * smooth(-0.1, 0.1, x))[..., None]
    colour = mix(colour, haze(w, paint * light.tint, 0.08), tower)
    colour = mix(colour, haze(w, rgb(0.62, 0.12, 0.10).to(x.device) * light.tint, 0.08), cap)
    shine = mix(rgb(0.40, 0.50, 0.56).to(x.device) * light.tint, rgb(1.0, 0.92, 0.55), lamp_brightness(w))
    colour = mix(colour, shine, lamp)
    glow = torch.exp(-((x.square() + (y - 0.98).square()) / 0.12)) * lamp_brightness(w)
    return mix(colour, rgb(1.0, 0.88, 0.5).to(x.device), 0.55 * glow)


def harbour(w: World, v: View, colour: Tensor) -> Tensor:
    """Fishing boats and yachts at their moorings, coloured houses along the quay, and a stone quay with bollards below."""
    light = w.light
    colour = birds(w, v, colour, 9, rgb(0.94, 0.95, 0.97), 0.6)
    bearing, facing, ahead, aside_ground = water_direction(w, v)
    sector = ((v.turn + 0.5) * 13).floor() + 0.5  # whole houses: each of the near ones stands on land or not at all
    landward = ((sector / 13 - 0.5) * 2 * math.pi - bearing).cos() < -0.55
    colour = hills(w, v, colour, 8, 0.03, 0.20, 1.6, snow_tinted(w, rgb(0.24, 0.40, 0.26)), 0.28)
    town = houses(w, v, colour, 2, 26, 0.15, 0.14)
    water = haze_water(w, v, sea(w, v, rgb(0.03, 0.26, 0.36)), 0.20)
    mole = rgb(0.46, 0.43, 0.40).to(v.d.device) * light.tint
    town = mix(town, haze(w, mole.expand_as(town), 0.14), smooth(0.0, 0.006, 0.0 - v.tan) * smooth(-0.05, -0.04, v.tan))
    colour = mix(town, water, smooth(-0.040, -0.046, v.tan))
    for salt, count, size, sink, fog in ((3, 22, 0.22, 0.055, 0.10), (6, 12, 0.44, 0.12, 0.02)):
        colour = boats(w, v, colour, salt, count, size, sink, fog, smooth(-0.55, -0.45, facing))
    w.use_noise(60)
    slab = torch.maximum(
        smooth(0.44, 0.49, cell_offset(ahead * 1.1).abs()),
        smooth(0.46, 0.49, cell_offset(aside_ground * 0.7 + 0.5 * (ahead * 1.1).floor()).abs()),
    )
    stone = ramp(detail(w, v, 30, 1.8), rgb(0.44, 0.41, 0.38), rgb(0.62, 0.58, 0.53), rgb(0.76, 0.72, 0.66))
    stone = mix(stone, rgb(0.26, 0.24, 0.22), slab * v.fade(0.5) * 0.9)
    edge = torch.maximum(ahead - 1.15, aside_ground.abs() - 2.3)  # a pier that joins the land behind
    stone = mix(stone, rgb(0.80, 0.76, 0.68), smooth(-0.32, -0.28, edge) * 0.8)
    rope = ((cell_offset(aside_ground * 0.5) * 2).square() + (ahead - 0.45).square()).sqrt()
    coil = smooth(0.30, 0.28, rope) * (0.6 + 0.4 * torch.sin(rope * 70))
    stone = mix(stone, rgb(0.80, 0.62, 0.34), coil.clamp(0, 1))
    colour = mix(colour, shade_ground(w, v, colour, stone, 0.35, snow=0.8), v.below * smooth(0.02, -0.02, edge))
    wall = smooth(0.0, 0.03, edge) * smooth(0.32, 0.25, edge)
    colour = mix(colour, rgb(0.14, 0.15, 0.14).to(v.d.device) * light.tint, wall * v.below)
    near = houses(w, v, colour, 7, 13, 0.46, 0.02)
    return torch.where(landward[..., None], near, colour)


def boats(
    w: World, v: View, colour: Tensor, salt: int, count: int, size: float, sink: float, fog: float, afloat: Tensor
) -> Tensor:
    """Moored boats with bare masts, or a wheelhouse; `sink` is the tangent of their waterline below the horizon."""
    light = w.light
    aside, number, there = in_sectors(w, v, count, salt, 0.85, 0.3)
    size = size * (0.75 + 0.4 * number[..., 0])
    x, y = aside / size * torch.sign(number[..., 1] - 0.5), (v.tan + sink) / size
    soft = 0.008 / size
    hull = smooth(soft, -soft, torch.maximum((y - 0.10).abs() - 0.12 - 0.05 * x.clamp(min=0), x.abs() - 0.44 - 0.5 * (y - 0.1)))
    stripe = smooth(0.02, -0.02, (y - 0.17).abs() - 0.025)
    mast = smooth(soft, -soft, torch.maximum(x.abs() - 0.016, (y - 0.65).abs() - 0.62))
    boom = smooth(soft, -soft, torch.maximum((y - 0.36 - 0.05 * x).abs() - 0.028, (x + 0.2).abs() - 0.22))
    stay = smooth(soft, 0.0, ((x - 0.44) * 0.95 + (y - 0.2) * 0.41).abs() - 0.006) * (y > 0.2) * (y < 1.2) * (x > 0)
    cabin = rectangle(x - 0.06, y - 0.32, 0.17, 0.13, soft)
    pane = rectangle(cell_offset(x * 7) / 7, y - 0.36, 0.045, 0.05, soft)
    paint = ramp(number[..., 2], rgb(0.80, 0.16, 0.12), rgb(0.95, 0.94, 0.90), rgb(0.10, 0.34, 0.60), rgb(0.14, 0.48, 0.42))
    glass = mix(rgb(0.12, 0.18, 0.24).to(x.device) * light.tint, rgb(1.0, 0.82, 0.42), lamp_brightness(w).expand_as(x))
    house = mix(rgb(0.96, 0.95, 0.92).to(x.device) * light.tint, glass, pane)
    spar = rgb(0.36, 0.26, 0.18).to(x.device) * light.tint
    on = there * afloat
    mirror = smooth(0.5, 0.0, -y) * smooth(0.0, -0.02, y) * smooth(0.46, 0.36, x.abs()) * 0.55
    colour = mix(colour, haze(w, paint * 0.55 * light.tint, fog), mirror * on)
    colour = mix(colour, haze(w, spar.expand_as(colour), fog), torch.maximum(torch.maximum(mast, stay * 0.6), boom) * on)
    colour = mix(colour, haze(w, house, fog), cabin * on)
    return mix(colour, haze(w, mix(paint, rgb(0.97, 0.95, 0.90), stripe) * light.tint, fog), hull * on)
