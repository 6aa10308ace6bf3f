"""Broad-leaved trees and cultivated land: jungle, autumn forest, blossom garden, swamp and farmland. Each paints over the sky
[B, N, 3] and returns [B, N, 3].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..noise import mix, ramp, rgb, smooth
from .built import lamp_brightness, rectangle
from .coast import haze_water
from .ground import birds, detail, haze, hills, in_sectors, shade_ground
from .land import rod, snow_tinted
from .shore import reflected
from .view import View, along_bearing, cell_offset, dots, random_bearing

if TYPE_CHECKING:
    from . import World


def crowns(
    w: World, v: View, colour: Tensor, salt: int, count: int, size: float, lift: float, leaf: tuple[Tensor, ...], bark: Tensor,
    fog: float,
) -> Tensor:  # fmt: skip
    """Broad-leaved trees: a forked stem and a round crown of blobs, whose middle is `lift` above the horizon (tangent).

    `leaf` are the colours of trees; each tree has its own.
    """
    aside, number, _ = in_sectors(w, v, count, salt, sway=0.4)
    mean_size = size
    size = size * (0.75 + 0.4 * number[..., 1])
    x, y = aside / size, (v.tan - lift) / size
    soft = 0.010 / size
    foot = -(lift + 0.16 * size) / size
    stem = torch.where((y < 0.1) & (y > foot), x.abs() - 0.055 - 0.05 * (y / foot).clamp(0, 1).square(), torch.ones_like(x))
    stem = torch.minimum(stem, rod(x, y, 0.0, -0.45, 0.24, -0.05) - 0.035)
    stem = torch.minimum(stem, rod(x, y, 0.0, -0.60, -0.26, -0.10) - 0.035)
    wood = mix(bark, bark * 0.5, smooth(-0.05, 0.06, x))
    colour = mix(colour, haze(w, wood * w.light.tint, fog), smooth(soft, -soft, stem))
    w.use_noise(62)
    lobe = w.f.value(torch.cat([v.circle, v.tan[..., None]], -1) * (2.6 / mean_size), 1.0)
    fine = w.f.value(torch.cat([v.circle, v.tan[..., None]], -1), 24.0)
    edge = ((x / 0.95).square() + ((y - 0.12) / 0.72).square()).sqrt() - 0.78 - 0.55 * (lobe - 0.5) - 0.16 * (fine - 0.5)
    sector = cell_offset((v.turn + 0.5) * count).abs() - 0.5  # a crown ends, as raggedly as elsewhere, where its sector does
    edge = torch.maximum(edge, sector * (2 * math.pi / count) / size + 0.02 + 0.2 * lobe + 0.1 * fine)
    lit = 0.52 + 0.34 * (y - 0.1) + 0.55 * (lobe - 0.5) + 0.5 * (fine - 0.5)
    own = ramp(number[..., 2], *leaf)
    foliage = own * (0.45 + 0.85 * lit.clamp(0, 1))[..., None]
    foliage = mix(foliage, rgb(0.94, 0.96, 1.0), w.light.snow * smooth(0.45, 0.7, lit) * 0.75)
    return mix(colour, haze(w, foliage * w.light.tint, fog), smooth(soft, -soft, edge))


def canopy(w: World, v: View, colour: Tensor, leaf: tuple[Tensor, ...], share: float, scale: float = 0.0) -> Tensor:
    """Foliage overhead with the sky in the gaps: most of it above, none near the horizon.

    `share` of the zenith is covered; with a `scale` the nearest leaves are seen one by one.
    """
    plane = v.d[..., :2] / (v.up[..., None].clamp(min=0) + 0.35)
    w.use_noise(66)
    cover = w.f.fbm(plane, 1.6, 2)
    fine = w.f.value(plane, 13.0)
    shown = smooth(1 - share - 0.03, 1 - share + 0.03, cover + 0.22 * (fine - 0.5)) * smooth(0.30, 0.50, v.up)
    foliage = ramp(w.f.value(plane, 2.2), *leaf) * (0.45 + 0.5 * fine + 0.4 * smooth(0.5, 0.8, cover))[..., None]
    colour = mix(colour, haze(w, foliage * w.light.tint, 0.03), shown)
    if scale:
        disc, number = dots(w.f, plane * 3.4 * scale, 0.46, 13, 0.8)
        blade = ramp(number[..., 0], *leaf) * (0.5 + 0.6 * number[..., 2] + 0.2 * (disc - 0.5))[..., None]
        shown = smooth(0.05, 0.30, disc) * smooth(0.9 - share, 1.0 - share, cover) * smooth(0.30, 0.50, v.up)
        colour = mix(colour, haze(w, blade * w.light.tint, 0.03), shown)
    return colour


def autumn(w: World, v: View, colour: Tensor) -> Tensor:
    """Crowns of red, orange and yellow over pale stems, and a floor of fallen leaves with a path through it."""
    leaf = (rgb(0.78, 0.13, 0.06), rgb(0.95, 0.42, 0.06), rgb(0.99, 0.72, 0.12), rgb(0.92, 0.34, 0.07))
    colour = hills(w, v, colour, 8, 0.10, 0.30, 2.0, rgb(0.78, 0.38, 0.10), 0.30)
    t = detail(w, v, 24, 0.8)
    floor = ramp(0.5 * t + 0.5 * detail(w, v, 20, 3.0), rgb(0.42, 0.18, 0.05), rgb(0.78, 0.38, 0.09), rgb(0.93, 0.62, 0.18))
    for salt, scale in ((3, 2.2), (4, 3.2)):
        disc, number = dots(w.f, v.hit * scale + 0.3 * salt, 0.36, salt, 0.85)
        floor = mix(floor, ramp(number[..., 0], *leaf) * (0.7 + 0.5 * disc)[..., None], smooth(0.1, 0.35, disc) * v.fade(1.6))
    turn = random_bearing(w, 2)
    off, along = along_bearing(v.hit, turn)
    path = smooth(0.62, 0.45, (off + 0.4 * torch.sin(along * 0.55)).abs() + 0.25 * (t - 0.5))
    floor = mix(floor, rgb(0.56, 0.44, 0.33).to(t.device) * (0.7 + 0.6 * t)[..., None], path * 0.85)
    colour = shade_ground(w, v, colour, floor, 0.35, snow=0.7)
    birch = rgb(0.86, 0.82, 0.76)
    colour = crowns(w, v, colour, 2, 34, 0.26, 0.20, leaf, birch * 0.6, 0.22)
    colour = crowns(w, v, colour, 5, 18, 0.46, 0.42, leaf, rgb(0.34, 0.22, 0.15), 0.08)
    colour = canopy(w, v, colour, leaf, 0.46)
    return falling(w, crowns(w, v, colour, 7, 8, 0.95, 0.92, leaf, rgb(0.30, 0.19, 0.13), 0.0), v, leaf)


def falling(w: World, colour: Tensor, v: View, leaf: tuple[Tensor, ...]) -> Tensor:
    """A few leaves or petals in the air."""
    disc, number = dots(w.f, v.d * 6.5 + 0.5, 0.13, 15, 0.22)
    return mix(colour, ramp(number[..., 0], *leaf) * w.light.tint, 0.9 * smooth(0.2, 0.5, disc))


def blossom(w: World, v: View, colour: Tensor) -> Tensor:
    """Cherry trees in bloom on a lawn strewn with petals, flower beds, stepping stones and stone lanterns."""
    leaf = (rgb(0.98, 0.62, 0.76), rgb(1.0, 0.80, 0.87), rgb(0.95, 0.48, 0.68), rgb(1.0, 0.90, 0.93))
    colour = hills(w, v, colour, 8, 0.03, 0.14, 1.8, snow_tinted(w, rgb(0.30, 0.54, 0.26)), 0.25)
    t = 0.5 * detail(w, v, 24, 0.7) + 0.5 * detail(w, v, 28, 3.0)
    lawn = ramp(t, rgb(0.20, 0.44, 0.12), rgb(0.38, 0.62, 0.20), rgb(0.58, 0.78, 0.32))
    for salt, scale in ((3, 2.6), (4, 4.0)):
        petal, number = dots(w.f, v.hit * scale + 0.3 * salt, 0.22, salt, 0.75)
        lawn = mix(lawn, ramp(number[..., 0], *leaf), smooth(0.1, 0.4, petal) * v.fade(2.2))
    turn = random_bearing(w, 2)
    off, along = along_bearing(v.hit, turn)
    off = off + 0.3
    middle = off + 0.35 * torch.sin(along * 0.7)
    flag = (middle.square() + (cell_offset(along * 1.1) / 1.1).square()).sqrt()
    lawn = mix(lawn, rgb(0.66, 0.64, 0.62).to(t.device) * (0.75 + 0.4 * t)[..., None], smooth(0.42, 0.38, flag) * v.fade(0.5))
    bed = smooth(0.25, 0.15, ((middle.abs() - 1.5).abs()))
    bloom, number = dots(w.f, v.hit * 3.2, 0.40, 6, 0.95)
    tulip = ramp(number[..., 0], rgb(0.90, 0.14, 0.22), rgb(0.99, 0.80, 0.20), rgb(0.62, 0.26, 0.80), rgb(0.98, 0.45, 0.62))
    tulip = mix(rgb(0.16, 0.40, 0.12).expand_as(tulip), tulip, torch.maximum(smooth(0.05, 0.3, bloom), 0.55 * (1 - v.fade(1.0))))
    lawn = mix(lawn, tulip, bed * v.fade(0.05))
    colour = shade_ground(w, v, colour, lawn, 0.35, snow=0.8)
    bark = rgb(0.26, 0.17, 0.15)
    colour = crowns(w, v, colour, 2, 30, 0.22, 0.13, (rgb(0.30, 0.54, 0.22), *leaf[:2], leaf[0]), bark, 0.16)
    colour = lanterns(w, v, colour)
    colour = crowns(w, v, colour, 5, 13, 0.44, 0.32, leaf, bark, 0.05)
    colour = canopy(w, v, colour, leaf, 0.44)
    return falling(w, crowns(w, v, colour, 7, 6, 0.85, 0.82, leaf, bark, 0.0), v, leaf)


def lanterns(w: World, v: View, colour: Tensor) -> Tensor:
    """Stone lanterns with a curved roof, which glow in the dark."""
    aside, number, there = in_sectors(w, v, 7, 9, 0.8)
    size = 0.26
    x, y = aside / size, (v.tan + 0.30) / size
    soft = 0.008 / size
    shape = torch.maximum(rectangle(x, y - 0.06, 0.24, 0.08, soft), rectangle(x, y - 0.40, 0.09, 0.36, soft))
    shape = torch.maximum(shape, rectangle(x, y - 0.94, 0.20, 0.16, soft))
    roof = smooth(soft, -soft, torch.maximum(x.abs() - 0.40 * (1.50 - y).clamp(min=0) / 0.42 * (1.5 - y).clamp(0, 1), 1.08 - y))
    stone = mix(rgb(0.74, 0.72, 0.68), rgb(0.44, 0.43, 0.42), smooth(-0.1, 0.12, x)) * w.light.tint
    glow = mix(rgb(0.20, 0.19, 0.18).to(x.device) * w.light.tint, rgb(1.0, 0.82, 0.42), lamp_brightness(w))
    stone = mix(stone, glow, rectangle(x, y - 0.94, 0.11, 0.09, soft))
    return mix(colour, haze(w, stone, 0.04), torch.maximum(shape, roof) * there)


def jungle(w: World, v: View, colour: Tensor) -> Tensor:
    """Several layers of green: huge fronds, buttressed trunks, hanging vines with flowers, and a roof of leaves."""
    light = w.light
    leaf = (rgb(0.04, 0.22, 0.08), rgb(0.14, 0.46, 0.12), rgb(0.40, 0.66, 0.16), rgb(0.08, 0.36, 0.20))
    mist = rgb(0.52, 0.72, 0.44).to(v.d.device) * light.tint
    w.use_noise(8)
    thick = w.f.fbm(torch.cat([v.circle * 2.4, v.tan[..., None] * 2.4], -1), 1.0, 3)
    wall = mix(mist, rgb(0.10, 0.32, 0.13).to(v.d.device) * light.tint, smooth(0.28, 0.62, thick))
    colour = mix(colour, haze(w, wall, 0.10), smooth(1.5, 0.8, v.tan + 0.9 * (thick - 0.5)))
    t = 0.5 * detail(w, v, 24, 0.9) + 0.5 * detail(w, v, 28, 3.0)
    floor = ramp(t, rgb(0.10, 0.08, 0.03), rgb(0.26, 0.22, 0.08), rgb(0.30, 0.44, 0.12))
    fern, number = dots(w.f, v.hit * 1.3, 0.47, 3, 0.8)
    cell = v.hit * 1.3 - (v.hit * 1.3).floor() - 0.5
    spoke = torch.cos(torch.atan2(cell[..., 1], cell[..., 0]) * 6 + 6 * number[..., 1]).abs()
    blade = ramp(number[..., 0], *leaf[1:]) * (0.55 + 0.6 * spoke)[..., None]
    floor = mix(floor, blade, smooth(0.30, 0.50, spoke + 0.6 * (fern - 0.4)) * smooth(0.0, 0.15, fern) * v.fade(0.7))
    colour = shade_ground(w, v, colour, floor, 0.2, snow=0.35)
    colour = fronds(w, v, colour, 3, 26, 0.34, -0.02, 0.24, leaf)
    for salt, count, fat, fog in ((4, 17, 0.055, 0.14), (6, 7, 0.12, 0.02)):
        aside, number, there = in_sectors(w, v, count, salt, 0.8)
        half = fat * (0.7 + 0.5 * number[..., 0]) * (1 + 1.6 * torch.exp(-(v.tan + 0.3).clamp(min=0) * 5))
        x = (aside - 0.05 * torch.sin(v.tan * 1.4 + 6 * number[..., 1])) / half
        ringed = 0.85 + 0.15 * torch.sin(v.tan * 34 + 3 * x)
        bark = mix(rgb(0.50, 0.40, 0.27), rgb(0.14, 0.11, 0.07), smooth(-0.8, 0.9, x)) * ringed[..., None]
        bark = mix(bark, rgb(0.20, 0.44, 0.12), smooth(0.45, 0.6, thick) * 0.8)
        inside = smooth(0.08, -0.08, x.abs() - 1) * smooth(-0.34, -0.30, v.tan) * there
        colour = mix(colour, haze(w, bark * light.tint, fog), inside)
    colour = canopy(w, v, colour, leaf, 0.74, 0.8)
    colour = vines(w, v, colour)
    colour = fronds(w, v, colour, 5, 13, 0.70, -0.16, 0.05, leaf)
    return fronds(w, v, colour, 9, 7, 1.15, -0.42, 0.0, leaf)


def fronds(
    w: World, v: View, colour: Tensor, salt: int, count: int, size: float, foot: float, fog: float, leaf: tuple[Tensor, ...]
) -> Tensor:
    """Plants of long arching leaves with a pale rib, fanned about a foot at tangent `foot`."""
    aside, number, _ = in_sectors(w, v, count, salt)
    size = size * (0.75 + 0.4 * number[..., 0])
    x, y = aside / size, (v.tan - foot) / size
    r = (x.square() + y.square()).clamp(min=1e-6).sqrt()
    angle = torch.atan2(x, y + 0.75 * x.square())  # leaves hang at their tips
    fan = angle * 3.2 + 4 * number[..., 1]
    off = cell_offset(fan).abs()
    key = w.f.hash(torch.stack([fan.floor() + 16, 31 * number[..., 2].mul(31).floor()], -1), salt)
    long = 0.55 + 0.40 * key[..., 0]
    room = 0.75 * math.pi / count / size  # from the foot to the border of its sector
    long = torch.minimum(long, room / (x.abs() / r).clamp(min=0.05))
    wide = 0.40 * (r / long * (1.04 - r / long)).clamp(min=0).mul(4).sqrt()
    soft = 0.03 + 0.012 / size
    inside = smooth(soft, -soft, off - wide) * (angle.abs() < 2.0) * smooth(0.02, -0.02, r - long)
    rib = smooth(0.07, 0.02, off)
    shade = 0.55 + 0.55 * smooth(0.0, 0.4, r) - 0.35 * smooth(0.05, 0.45, off)
    green = ramp(key[..., 1], *leaf) * (0.55 + 0.75 * shade)[..., None]
    green = mix(green, rgb(0.66, 0.82, 0.36), 0.6 * rib)
    green = mix(green, rgb(0.92, 0.95, 1.0), 0.35 * w.light.snow * smooth(0.4, 0.8, shade))
    return mix(colour, haze(w, green * w.light.tint, fog), inside)


def vines(w: World, v: View, colour: Tensor) -> Tensor:
    """Lianas that hang from above, some with red flowers."""
    aside, number, there = in_sectors(w, v, 30, 8, 0.75)
    low = 0.05 + 0.7 * number[..., 0]
    x = aside - 0.035 * torch.sin(v.tan * 3.0 + 6 * number[..., 1])
    inside = smooth(0.012, 0.006, x.abs()) * smooth(low - 0.01, low + 0.01, v.tan)
    colour = mix(colour, ramp(number[..., 2], rgb(0.16, 0.26, 0.08), rgb(0.34, 0.27, 0.15)) * w.light.tint, inside * there)
    bud = ((x.square() + (cell_offset((v.tan - low) * 4) / 4 + 0.10).square()).sqrt()) / 0.034
    bud = smooth(1.1, 0.8, bud) * (v.tan > low - 0.05) * (v.tan < low + 0.3) * (number[..., 2] > 0.6)
    return mix(colour, rgb(0.94, 0.16, 0.26).to(x.device) * w.light.tint, bud * there)


def swamp(w: World, v: View, colour: Tensor) -> Tensor:
    """Dark still water with duckweed and lily pads; flared bare trees with hanging moss, cattails, and mist over it all."""
    light = w.light
    murk = rgb(0.42, 0.48, 0.30).to(v.d.device) * light.tint
    seen = reflected(w, v, 0.06)
    far = mix(light.sky(seen), murk * 1.2, torch.full_like(v.up, 0.35) * smooth(1.0, 0.2, seen.up))
    far = hills(w, seen, far, 8, 0.14, 0.26, 3.2, rgb(0.20, 0.27, 0.15), 0.30)
    for salt, count, fat, fog in ((3, 30, 0.030, 0.40), (5, 15, 0.065, 0.16), (7, 7, 0.12, 0.02)):
        far = cypress(w, seen, far, salt, count, fat, fog)
    water = mix(far * 0.62, rgb(0.07, 0.09, 0.04).to(v.d.device) * light.tint, 0.25 + 0.55 * smooth(0.1, 0.9, -v.up))
    w.use_noise(52)
    scum = w.f.fbm(w.f.warp(v.hit, 0.8, 0.4), 0.8, 3)
    weed = ramp(detail(w, v, 30, 3.4), rgb(0.24, 0.32, 0.06), rgb(0.46, 0.56, 0.14), rgb(0.66, 0.74, 0.26)) * light.tint
    water = mix(water, weed, smooth(0.50, 0.58, scum) * (0.25 + 0.75 * v.fade(0.15)))
    pad, number = dots(w.f, v.hit * 1.5, 0.42, 6, 0.65)
    cell = v.hit * 1.5 - (v.hit * 1.5).floor() - 0.5
    cleft = smooth(0.1, 0.3, (torch.remainder(torch.atan2(cell[..., 1], cell[..., 0]) + 6 * number[..., 1], 6.28)))
    lily = ramp(pad, rgb(0.10, 0.26, 0.08), rgb(0.24, 0.50, 0.16), rgb(0.44, 0.66, 0.26)) * light.tint
    lily = mix(lily, rgb(0.98, 0.86, 0.92).to(pad.device) * light.tint, smooth(0.93, 0.99, pad) * (number[..., 2] > 0.6))
    water = mix(water, lily, smooth(0.06, 0.16, pad) * cleft * v.fade(0.3))
    water = haze_water(w, v, water, 0.15)
    colour = mix(far, water, v.below)
    tuft, number, there = in_sectors(w, v, 60, 2, 0.8)
    foot = -0.10 - 0.25 * number[..., 1]
    y = (v.tan - foot) / (0.26 - 0.4 * foot)
    x = tuft - 0.02 * y
    stalk = smooth(0.008, 0.003, x.abs() - 0.003) * (y > 0) * (y < 0.95)
    head = smooth(0.004, -0.004, torch.maximum(x.abs() - 0.013, (y - 0.82).abs() - 0.13))
    blade = smooth(0.010, 0.002, (tuft.abs() - 0.06 * y.clamp(0, 1).square()).abs() - 0.004) * (y > 0) * (y < 0.75)
    colour = mix(colour, haze(w, rgb(0.36, 0.46, 0.16).to(y.device) * light.tint, 0.05), torch.maximum(stalk, blade) * there)
    colour = mix(colour, haze(w, rgb(0.30, 0.16, 0.08).to(y.device) * light.tint, 0.03), head * there)
    veil_low = 0.55 * torch.exp(-(v.tan / 0.07).square())
    return mix(colour, mix(light.horizon, murk * 1.35, torch.full_like(light.fog, 0.45)), veil_low)


def cypress(w: World, v: View, colour: Tensor, salt: int, count: int, fat: float, fog: float) -> Tensor:
    """Bare trees on flared feet, with a few arms and grey moss hanging from them."""
    aside, number, _ = in_sectors(w, v, count, salt)
    half = fat * (0.7 + 0.5 * number[..., 0])
    bend = aside - half * 0.8 * torch.sin(v.tan * 2.2 + 6 * number[..., 1])
    x, y = bend / half, v.tan / (fat * 9)
    flare = 0.55 + 1.3 * torch.exp(-y.clamp(min=0) * 7) * (1 + 0.25 * torch.sin(x * 5)) - 0.25 * y.clamp(0, 1)
    soft = 0.008 / half
    tree = x.abs() - flare
    for k, (rise, way) in enumerate(((0.62, 1), (0.85, -1), (1.15, 1), (1.4, -1))):
        tip = 2.6 + number[..., (k + 1) % 4] * 1.5
        along = (x * way / tip).clamp(0, 1)
        arm = (y - rise - 0.20 * along.sqrt() + 0.04 * number[..., k % 4]).abs() * 9 - 0.42 * (1.1 - along)
        tree = torch.minimum(tree, torch.maximum(arm, torch.maximum(-x * way, x * way - tip)))
    bark = mix(rgb(0.42, 0.38, 0.30), rgb(0.15, 0.14, 0.10), smooth(-0.5, 0.6, x))
    colour = mix(colour, haze(w, bark * w.light.tint, fog), smooth(soft, -soft, tree) * (y > -0.02))
    drape = torch.remainder(x * 1.3 + number[..., 2], 1.0)
    length = 0.22 + 0.26 * torch.sin(drape * math.pi)
    hang = 0.0 * x
    for k, (rise, way) in enumerate(((0.62, 1), (0.85, -1), (1.15, 1), (1.4, -1))):
        tip = 2.6 + number[..., (k + 1) % 4] * 1.5
        along = x * way / tip
        top = rise + 0.20 * along.clamp(0, 1).sqrt()
        hang = torch.maximum(
            hang,
            smooth(0.15, 0.25, along)
            * smooth(1.02, 0.95, along)
            * smooth(top - length, top - length + 0.1, y)
            * smooth(0.02, -0.02, y - top),
        )
    moss = ramp(drape, rgb(0.30, 0.36, 0.22), rgb(0.54, 0.58, 0.40))
    return mix(colour, haze(w, moss * w.light.tint, fog), hang * smooth(0.12, 0.3, torch.sin(drape * math.pi)))


def farmland(w: World, v: View, colour: Tensor) -> Tensor:
    """Fields in rows of wheat, green crops and ploughed earth that run to the horizon; a red barn, a silo, a mill, bales."""
    light = w.light
    colour = birds(w, v, colour, 7, rgb(0.16, 0.15, 0.18), 0.4)
    colour = hills(w, v, colour, 8, 0.0, 0.10, 1.6, snow_tinted(w, rgb(0.36, 0.54, 0.28)), 0.32)
    colour = hills(w, v, colour, 16, -0.01, 0.06, 3.0, snow_tinted(w, rgb(0.22, 0.42, 0.16)), 0.16)
    turn = random_bearing(w, 2)
    x, y = along_bearing(v.hit, turn)
    plot = torch.stack([((x + 0.9) / 7.0).floor(), ((y + 1.1) / 11.0).floor()], -1)
    key = w.f.hash(plot, 5)
    sort = torch.remainder(key[..., 0] + 0.38 * plot[..., 0] + 0.5 * plot[..., 1], 1.0)
    # rows follow y: seen along them they meet at the horizon
    phase = torch.cos(x * 2 * math.pi * 1.15)
    fade = (1 - smooth(5.0, 22.0, v.far)) * 0.75 + 0.25 * (1 - smooth(15.0, 50.0, v.far))
    row = 0.5 + 0.5 * phase * fade
    grain = detail(w, v, 30, 3.2)
    wheat = ramp(0.55 * row + 0.45 * grain, rgb(0.62, 0.42, 0.10), rgb(0.90, 0.70, 0.22), rgb(1.0, 0.88, 0.46))
    crop = mix(
        rgb(0.34, 0.22, 0.12).to(grain.device) * (0.7 + 0.6 * grain)[..., None],
        ramp(grain, rgb(0.12, 0.40, 0.08), rgb(0.44, 0.70, 0.18)),
        smooth(0.30, 0.55, row),
    )
    earth = ramp(0.6 * row + 0.4 * grain, rgb(0.24, 0.13, 0.07), rgb(0.44, 0.27, 0.15), rgb(0.60, 0.40, 0.24))
    field = mix(mix(wheat, crop, (sort > 0.40).float()), earth, (sort > 0.76).float())
    gap = torch.minimum((cell_offset((x + 0.9) / 7.0 + 0.5) * 7.0).abs(), (cell_offset((y + 1.1) / 11.0 + 0.5) * 11.0).abs())
    track = smooth(0.62, 0.50, gap)
    rut = smooth(0.16, 0.10, (gap - 0.28).abs())
    lane = mix(ramp(grain, rgb(0.26, 0.46, 0.12), rgb(0.50, 0.66, 0.26)), rgb(0.62, 0.48, 0.32), rut)
    colour = shade_ground(w, v, colour, mix(field, lane, track), 0.45, snow=0.8)
    leaf = (rgb(0.16, 0.38, 0.12), rgb(0.28, 0.50, 0.16), rgb(0.38, 0.56, 0.20))
    colour = crowns(w, v, colour, 2, 30, 0.075, 0.03, tuple(snow_tinted(w, one) for one in leaf), rgb(0.28, 0.2, 0.14), 0.16)
    colour = barns(w, v, colour)
    aside, number, there = in_sectors(w, v, 16, 8, 0.6)
    size = 0.05 + 0.07 * number[..., 0]
    px, py = aside / size, (v.tan + 1.3 * size) / size
    r = (px.square() + (py - 0.5).square()).sqrt()
    bale = (
        ramp(0.5 + 0.5 * torch.sin(r * 22), rgb(0.70, 0.50, 0.18), rgb(0.94, 0.78, 0.38))
        * (1.05 - 0.4 * smooth(-0.3, 0.6, px))[..., None]
    )
    soft = 0.008 / size
    colour = mix(colour, haze(w, bale * light.tint, 0.06), smooth(0.6 + soft, 0.6 - soft, r) * there)
    side, number, _ = in_sectors(w, v, 40, 9, sway=0.0)
    post = rectangle(side, v.tan + 0.19, 0.010, 0.075, 0.004)
    rail = torch.maximum(smooth(0.010, 0.006, (v.tan + 0.15).abs()), smooth(0.010, 0.006, (v.tan + 0.20).abs()))
    fence = torch.maximum(post, rail) * smooth(-0.1, 0.1, along_bearing(v.circle, turn)[0].abs() - 0.55)
    return mix(colour, haze(w, rgb(0.56, 0.44, 0.32).to(r.device) * light.tint, 0.04), fence)


def barns(w: World, v: View, colour: Tensor) -> Tensor:
    """A red barn with white trim and a silo in each quarter of the horizon, and windmills between."""
    light = w.light
    aside, number, _ = in_sectors(w, v, 4, 6, sway=0.5)
    size = 0.22 + 0.08 * number[..., 1]
    x, y = aside / size, (v.tan + 0.055) / size
    soft = 0.009 / size
    silo = torch.maximum(
        rectangle(x - 0.92, y - 0.55, 0.16, 0.56, soft),
        smooth(soft, -soft, ((x - 0.92).square() + (y - 1.1).square()).sqrt() - 0.16),
    )
    metal = mix(rgb(0.84, 0.86, 0.88), rgb(0.50, 0.53, 0.57), smooth(-0.12, 0.15, x - 0.92)) * light.tint
    colour = mix(colour, haze(w, metal, 0.10), silo * (y > 0))
    gambrel = torch.where(y < 0.74, 0.62 - 0.45 * (y - 0.46).clamp(min=0), 0.494 - 1.35 * (y - 0.74))
    body = smooth(soft, -soft, torch.maximum(x.abs() - gambrel.clamp(max=0.58), -y))
    trim = smooth(0.05, 0.035, (x.abs() - gambrel.clamp(max=0.58)).abs())
    door = rectangle(x, y - 0.22, 0.20, 0.22, soft)
    cross = smooth(
        0.04,
        0.025,
        torch.minimum(
            (x.abs() / 0.20 - ((y - 0.22) / 0.22).abs()).abs() * 0.14,
            torch.minimum((x.abs() - 0.19).abs(), ((y - 0.22).abs() - 0.21).abs()),
        ),
    )
    loft = rectangle(x, y - 0.66, 0.09, 0.09, soft)
    red = mix(rgb(0.74, 0.14, 0.10), rgb(0.56, 0.10, 0.08), smooth(0.40, 0.46, cell_offset(x * 7).abs()))
    red = mix(red, rgb(0.96, 0.94, 0.90), torch.maximum(trim, door * cross)) * light.tint
    red = mix(red, mix(rgb(0.16, 0.10, 0.08).to(x.device) * light.tint, rgb(1.0, 0.8, 0.4), lamp_brightness(w)), loft)
    red = mix(red, rgb(0.95, 0.97, 1.0).to(x.device) * light.tint, 0.9 * light.snow * trim * (y > 0.46))
    colour = mix(colour, haze(w, red, 0.08), body)
    aside, number, there = in_sectors(w, v, 5, 12, 0.6, 0.5)
    x, y = aside / 0.26, (v.tan + 0.03) / 0.26
    soft = 0.03
    tower = smooth(soft, -soft, torch.maximum(x.abs() - 0.16 + 0.08 * y, (y - 0.5).abs() - 0.5))
    angle = torch.atan2(y - 1.0, x) + 3 * number[..., 0]
    r = (x.square() + (y - 1.0).square()).sqrt()
    blade = cell_offset(angle / (math.pi / 2)) * (math.pi / 2)
    sail = smooth(soft, -soft, torch.maximum((r * blade.sin() - 0.04).abs() - 0.07, (r - 0.35).abs() - 0.35))
    colour = mix(
        colour, haze(w, mix(rgb(0.93, 0.90, 0.84), rgb(0.62, 0.58, 0.54), smooth(-0.1, 0.1, x)) * light.tint, 0.12), tower * there
    )
    return mix(colour, haze(w, rgb(0.50, 0.38, 0.28).to(x.device) * light.tint, 0.10), sail * there)
