"""Street, ruins and cave: walls and columns in perspective. Each returns colours [B, N, 3]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..noise import mix, ramp, rgb, smooth
from .built import lamp_brightness, rectangle
from .ground import birds, by_azimuth, detail, haze, hills, in_sectors, shade_ground
from .land import snow_tinted
from .raycast import RayCast, round_arch, stone
from .view import View, along_bearing, cell_offset, dots, random_bearing

if TYPE_CHECKING:
    from . import World


def street(w: World, v: View, colour: Tensor) -> Tensor:
    """Between two rows of old town houses: shops with awnings, lit windows at night, street lamps, pavements and cobbles."""
    c = RayCast(v.d, random_bearing(w))
    half, kerb, floor, reach = 2.3, 1.25, -1.0, 34.0
    lamps = lamp_brightness(w)

    facing = half / c.d[1].abs()  # both rows at once
    x, y, z = c.at(facing)
    side = torch.where(y > 0, 0.0, 17.0)
    number = w.f.hash(torch.stack([(x / 2.6).floor() + 16, side], -1), 3)
    house = (z - floor < 3.1 + 1.3 * number[..., 1]) & (z > floor) & (x.abs() < reach)
    c.put(facing, house, facade(w, x, z - floor, (y > 0).float(), lamps))
    ground = w.f.cells(torch.stack(c.at(floor / c.d[2].clamp(max=-0.02))[:2], -1) * 3.2, 0.5)
    gx, gy, _ = c.at(floor / c.d[2].clamp(max=-0.02))
    near = smooth(9.0, 2.5, (gx.square() + gy.square()).sqrt())
    cobble = ramp(0.5 + (ground[2][..., 0] - 0.5) * near, rgb(0.34, 0.33, 0.34), rgb(0.50, 0.48, 0.47), rgb(0.64, 0.61, 0.57))
    cobble = mix(cobble, rgb(0.20, 0.19, 0.19), smooth(0.14, 0.04, ground[1]) * near)
    slab = torch.maximum(smooth(0.30, 0.335, cell_offset(gx, 0.7).abs()), smooth(0.23, 0.255, cell_offset(gy - kerb, 0.52).abs()))
    paving = mix(rgb(0.70, 0.67, 0.62), rgb(0.46, 0.44, 0.41), slab * near)
    paving = mix(paving, rgb(0.86, 0.84, 0.79), smooth(kerb + 0.12, kerb + 0.09, gy.abs()))
    surface = mix(cobble, paving, smooth(kerb - 0.01, kerb + 0.01, gy.abs()))
    road = shade_ground(w, v, colour, surface, 0.3, snow=0.8)
    pool = torch.exp(-((cell_offset(gx, 4.2).square() + (gy.abs() - 1.45).square()) / 0.9)) * lamps * v.below
    road = road + rgb(0.62, 0.42, 0.16).to(pool.device) * (0.7 * pool)[..., None]
    seen = c.depth
    walls = mix(colour, haze(w, c.colour, 0.35 * smooth(3.0, 30.0, seen)), (seen < 1e3).float())
    colour = torch.where((v.below > 0.5)[..., None] & (gy.abs() < half)[..., None] & (gx.abs() < reach)[..., None], road, walls)
    for side in (1.32, -1.32):
        for k in range(-4, 4):
            colour = lamp_post(w, c, colour, (k + 0.5 + (0.25 if side > 0 else -0.25)) * 4.2, side, floor, lamps)
    return colour


def facade(w: World, x: Tensor, z: Tensor, side: Tensor, lamps: Tensor) -> Tensor:
    """Houses 2.6 wide, each of its own colour: a shop below, three rows of windows above, z from the ground, lit, [B, N, 3]."""
    light = w.light
    cell = (x / 2.6).floor()
    u = cell_offset(x, 2.6)
    number = w.f.hash(torch.stack([cell + 16, 17.0 * (1 - side)], -1), 3)
    top = 3.1 + 1.3 * number[..., 1]
    paint = ramp(
        number[..., 0],
        rgb(0.94, 0.80, 0.55),
        rgb(0.80, 0.42, 0.32),
        rgb(0.60, 0.72, 0.76),
        rgb(0.93, 0.90, 0.82),
        rgb(0.88, 0.60, 0.48),
        rgb(0.62, 0.70, 0.50),
    )
    paint = paint * (0.86 + 0.10 * side)[..., None]
    face = mix(paint, paint * 0.62, smooth(1.27, 1.30, u.abs()))
    trim = rgb(0.97, 0.95, 0.90).to(x.device)
    face = mix(face, trim.expand_as(face), torch.maximum(smooth(0.06, 0.04, (z - 1.12).abs()), smooth(top - 0.16, top - 0.13, z)))
    wu, wz = cell_offset(u, 0.82), cell_offset(z - 1.22, 0.88)
    storey = (z > 1.22) & (z < top - 0.2) & (u.abs() < 1.22)
    frame = rectangle(wu, wz, 0.25, 0.34, 0.01) * storey
    pane = rectangle(wu, wz, 0.20, 0.29, 0.01) * storey * smooth(0.012, 0.03, torch.minimum(wu.abs(), (wz - 0.08).abs()))
    shutter = rectangle(wu.abs() - 0.31, wz, 0.07, 0.31, 0.01) * storey * (number[..., 2] > 0.4)
    key = w.f.hash(torch.stack([((u + 1.3) / 0.82).floor() + 4 * cell, ((z - 1.22) / 0.88).floor() + 9 * side], -1), 6)
    on = (key[..., 0] < light.lamps * 1.1).float()
    glass = mix(
        (light.gradient((key[..., 1] * 0.5)) * 0.55).expand_as(face),
        ramp(key[..., 2], rgb(1.0, 0.72, 0.30), rgb(1.0, 0.90, 0.58)),
        on,
    )
    hue = ramp(number[..., 3], rgb(0.20, 0.38, 0.24), rgb(0.62, 0.16, 0.14), rgb(0.16, 0.28, 0.46))
    face = mix(mix(face, trim.expand_as(face), frame), hue, shutter) * light.tint
    face = mix(face, rgb(0.97, 0.98, 1.0).to(x.device) * light.tint, light.snow * smooth(0.05, 0.02, (wz + 0.36).abs()) * storey)
    face = mix(face, glass, pane)
    shop = rectangle(u + 0.28, z - 0.44, 0.66, 0.38, 0.01)
    door = rectangle(u - 0.82, z - 0.44, 0.24, 0.46, 0.01)
    inside = mix((light.gradient(key[..., 1] * 0.3) * 0.5).expand_as(face), rgb(1.0, 0.82, 0.48), (lamps * 0.9).expand_as(x))
    goods = smooth(0.08, 0.05, (z - 0.28 - 0.06 * torch.sin(u * 22)).abs())
    face = mix(face, hue * light.tint * 0.9, torch.maximum(rectangle(u + 0.28, z - 0.44, 0.72, 0.46, 0.01), door))
    face = mix(face, mix(inside, hue.flip(-1) * light.tint, goods * 0.6), shop)
    face = mix(face, inside, rectangle(u - 0.82, z - 0.60, 0.16, 0.22, 0.01))
    stripe = (torch.remainder(u * 5.0, 1.0) > 0.5).float()
    awning = rectangle(u + 0.28, z - 0.93, 0.80, 0.14, 0.01)
    return mix(face, mix(hue * 1.3, trim, stripe) * light.tint * (1.05 - 0.9 * (z - 0.93))[..., None], awning)


def lamp_post(w: World, c: RayCast, colour: Tensor, x: float, y: float, floor: float, lamps: Tensor) -> Tensor:
    """A street lamp at (x, y), drawn over everything: nothing in the street is nearer than the kerb."""
    dx, dy, dz = c.d
    far = math.hypot(x, y)
    ahead = (dx * x + dy * y) / far
    reach = far / ahead.clamp(min=1e-3)
    aside = (dy * x - dx * y) / far * reach
    z = dz * reach - floor
    soft = 0.006 * far + 0.004
    shown = (ahead > 0.05).float()
    post = torch.maximum(rectangle(aside, z - 0.85, 0.030, 0.85, soft), rectangle(aside, z - 0.10, 0.07, 0.12, soft))
    head = smooth(soft, -soft, torch.maximum((z - 1.84).abs() - 0.15, aside.abs() - 0.09 - 0.25 * (z - 1.84)))
    cap = smooth(soft, -soft, torch.maximum(aside.abs() - 0.16 * (2.12 - z) / 0.13, 1.99 - z))
    iron = rgb(0.10, 0.12, 0.12).to(z.device) * (0.4 + 0.6 * w.light.tint)
    colour = mix(colour, haze(w, iron.expand_as(colour), 0.012 * far), torch.maximum(post, cap).clamp(0, 1) * shown)
    shine = mix(rgb(0.80, 0.84, 0.82).to(z.device) * w.light.tint, rgb(1.0, 0.92, 0.62), lamps)
    colour = mix(colour, shine, head * shown)
    glow = torch.exp(-((aside.square() + (z - 1.84).square()) / 0.10)) * lamps * shown
    return mix(colour, rgb(1.0, 0.84, 0.46).to(z.device), 0.55 * glow)


def ruins(w: World, v: View, colour: Tensor) -> Tensor:
    """A collapsed ancient temple: standing and broken columns, some still joined, drums in the grass, cracked paving, arches."""
    light = w.light
    colour = birds(w, v, colour, 7, rgb(0.16, 0.15, 0.16), 0.35)
    colour = hills(w, v, colour, 8, 0.04, 0.20, 1.6, snow_tinted(w, rgb(0.46, 0.50, 0.28)), 0.30)
    colour = arches(w, v, colour)
    t = 0.5 * detail(w, v, 24, 0.8) + 0.5 * detail(w, v, 28, 3.0)
    grass = ramp(t, rgb(0.28, 0.34, 0.10), rgb(0.50, 0.54, 0.22), rgb(0.76, 0.72, 0.40))
    turn = random_bearing(w)
    x, y = along_bearing(v.hit, turn)
    flags = stone(w, x, y, 0.95, 0.75, 3, rgb(0.62, 0.55, 0.45).to(x.device), rgb(0.88, 0.81, 0.68).to(x.device))
    w.use_noise(34)
    crack = smooth(0.90, 0.96, w.f.ridged(v.hit, 0.8, 2)) * v.fade(0.4)
    flags = mix(flags * (0.75 + 0.5 * t)[..., None], rgb(0.30, 0.27, 0.22), crack)
    worn = smooth(0.50, 0.56, detail(w, v, 40, 0.5) + 0.10 * (t - 0.5) + 0.30 * smooth(2.5, 6.0, v.far))
    colour = shade_ground(w, v, colour, mix(flags, grass, worn), 0.4, snow=0.85)
    lump, number = dots(w.f, v.hit * 1.0, 0.36, 5, 0.40)
    rubble = ramp(lump, rgb(0.34, 0.29, 0.23), rgb(0.72, 0.65, 0.54), rgb(0.90, 0.84, 0.72)) * light.tint
    colour = mix(colour, haze(w, rubble, 0.03), smooth(0.1, 0.3, lump) * v.fade(0.3) * v.below * (number[..., 1] > 0.3))
    colour = colonnade(w, v, colour, 2, 22, 0.34, 0.16)
    return colonnade(w, v, colour, 4, 9, 0.78, 0.02)


def colonnade(w: World, v: View, colour: Tensor, salt: int, count: int, size: float, fog: float) -> Tensor:
    """Fluted columns around the eye: whole, broken, or joined to the next by a beam."""
    light = w.light
    aside, number, _ = in_sectors(w, v, count, salt, sway=0.0)
    x, y = aside / size, (v.tan + 0.30 * size + 0.06) / size
    soft = 0.008 / size
    place = (v.turn + 0.5) * count
    pair = torch.remainder(place.floor(), 3.0)  # two of three are joined by a beam
    key = w.f.hash(torch.stack([torch.remainder((place / 3).floor(), 32), torch.full_like(place, 3.0)], -1), salt)
    beam_here = (pair < 2) & (key[..., 0] < 0.65)
    w.use_noise(46)
    ragged = w.f.value(torch.cat([v.circle * 9, v.tan[..., None] * 9], -1), 1.0) - 0.5
    top = torch.where(beam_here, torch.full_like(x, 1.25), 0.35 + 0.75 * number[..., 1])
    broken = torch.where(beam_here, torch.zeros_like(x), 0.28 * ragged + 0.5 * (number[..., 2] - 0.5) * x / 0.13 * 0.3)
    shaft = smooth(soft, -soft, torch.maximum(x.abs() - 0.135 + 0.02 * y, y - top - broken)) * (y > 0)
    base = rectangle(x, y - 0.03, 0.20, 0.06, soft)
    capital = rectangle(x, y - 1.20, 0.12 + 0.10 * smooth(1.12, 1.25, y), 0.06, soft) * beam_here
    ends = torch.where(pair < 0.5, x > -0.24, x < 0.24)  # from the first column of a pair to the second
    beam = smooth(soft, -soft, (y - 1.39).abs() - 0.13) * ends * beam_here
    pale = mix(rgb(0.92, 0.86, 0.74), rgb(0.52, 0.46, 0.39), smooth(-0.10, 0.13, x))
    flute = smooth(0.1, 0.45, cell_offset(torch.asin((x / 0.14).clamp(-1, 1)) * 2.6).abs())
    marble = pale * (1.02 - 0.28 * flute)[..., None] * (0.92 + 0.3 * ragged)[..., None]
    marble = mix(marble, rgb(0.34, 0.46, 0.16), smooth(0.10, 0.25, ragged + 0.25 * (0.4 - y)) * 0.8)
    slab = mix(
        rgb(0.88, 0.82, 0.70), rgb(0.50, 0.44, 0.37), torch.maximum(smooth(0.02, 0.01, (y - 1.36).abs()), smooth(1.32, 1.26, y))
    )
    slab = mix(slab, rgb(0.95, 0.97, 1.0), light.snow * smooth(1.46, 1.50, y))
    colour = mix(colour, haze(w, marble * light.tint, fog), torch.maximum(shaft, torch.maximum(base, capital)))
    return mix(colour, haze(w, slab * light.tint * (0.9 + 0.3 * ragged)[..., None], fog), beam)


def arches(w: World, v: View, colour: Tensor) -> Tensor:
    """A far aqueduct of round arches, broken off here and there."""
    aside, number, _ = in_sectors(w, v, 30, 11, sway=0.0)
    x, y = aside / 0.2, (v.tan + 0.03) / 0.2
    crest = 1.15 * by_azimuth(w, v, 50, lambda q: smooth(0.36, 0.42, w.f.fbm(q, 1.3, 2))) * (0.9 + 0.2 * number[..., 0])
    hole = round_arch(x, y, 0.33, -1.0, 0.42)
    wall = smooth(0.04, -0.04, torch.maximum(y - crest, -hole)) * (y > -0.05)
    face = mix(rgb(0.84, 0.74, 0.58), rgb(0.52, 0.44, 0.34), smooth(0.10, 0.04, hole))
    return mix(colour, haze(w, face * w.light.tint, 0.24), wall)


def cave(w: World, v: View, colour: Tensor) -> Tensor:
    """Rock on every side, stalactites above and stalagmites below, a mouth with daylight, a still glowing pool and crystals."""
    light, f = w.light, w.f
    day = light.tint
    bearing = random_bearing(w)
    ahead = along_bearing(v.circle, bearing)[0]
    w.use_noise(8)
    bump = f.warp(v.d, 2.0, 0.25)
    fold = f.ridged(bump, 2.0, 3)
    layer = f.value(torch.stack([v.d[..., 0], v.d[..., 1], v.d[..., 2] * 4], -1), 1.6)
    hue = ramp(w.variation[1], rgb(0.50, 0.38, 0.28), rgb(0.38, 0.40, 0.46), rgb(0.48, 0.34, 0.36))
    shade = 0.45 + 2.2 * (fold - 0.50) + 0.5 * (layer - 0.5)
    rock = hue * shade.clamp(0.22, 1.4)[..., None]
    # the mouth: a ragged hole, with light that spreads from it
    away = (1 - (along_bearing(v.d, bearing)[0] * 0.985 + v.up * 0.17)).clamp(min=0).sqrt()
    w.use_noise(16)
    mouth = away - 0.30 - 0.20 * (f.fbm(v.d, 3.4, 2) - 0.5)
    glow = torch.exp(-mouth.clamp(min=0) * 1.9)
    deep = ramp(w.variation[2], rgb(0.10, 0.55, 0.72), rgb(0.14, 0.66, 0.48), rgb(0.42, 0.30, 0.85))
    below = torch.exp(-(v.tan + 0.55).clamp(min=0) * 2.6)
    lighting = 0.44 + day * (0.95 * glow)[..., None] + deep * (0.75 * below)[..., None]
    cavern = rock * lighting
    for salt, count, long, up, dim in (
        (3, 54, 0.30, 1, 0.62),
        (5, 30, 0.55, 1, 0.9),
        (4, 40, 0.22, -1, 0.62),
        (6, 18, 0.42, -1, 0.95),
    ):
        aside, number, there = in_sectors(w, v, count, salt, 0.85)
        tip = 0.62 - long * (0.35 + 0.65 * number[..., 1]) if up > 0 else -0.42 + long * (0.35 + 0.65 * number[..., 1])
        y = (v.tan - tip) * up  # from the tip toward ceiling or floor
        ringed = 0.010 * torch.sin(y * 40 + 6 * number[..., 0]) * smooth(0.0, 0.2, y)
        half = (0.012 + 0.16 * y.clamp(min=0) * (0.7 + 0.5 * number[..., 2]) + ringed).clamp(
            max=math.pi / count * 0.62 + 0.10 * y.clamp(min=0.0, max=0.5).square()
        )
        inside = smooth(0.008, -0.008, aside.abs() - half) * smooth(-0.015, 0.015, y) * there
        inside = inside * (smooth(1.5, 0.9, v.tan) if up > 0 else smooth(-0.75, -0.5, v.tan))
        body = hue * (1.15 - 0.75 * smooth(-half, half, aside))[..., None] * (0.85 + 6 * ringed)[..., None] * dim
        cavern = mix(cavern, body * (lighting + 0.10), inside)
    outside = light.gradient(v.up.clamp(0, 1) + 0.08) + light.star_field(v.d, light.stars)
    crest = 0.02 + 0.07 * by_azimuth(w, v, 24, lambda q: f.fbm(q, 5.0, 2))
    outside = mix(outside, rgb(0.24, 0.44, 0.20).to(v.up.device) * day, smooth(0.01, -0.01, v.tan - crest))
    cavern = mix(cavern, outside, smooth(0.02, -0.02, mouth) * smooth(-0.12, -0.06, v.tan))
    floor = ramp(0.5 * detail(w, v, 30, 0.9) + 0.5 * detail(w, v, 34, 3.0), hue * 0.25, hue * 0.7, hue * 1.15)
    pebble, _ = dots(f, v.hit * 1.6, 0.36, 7, 0.5)
    floor = mix(floor, ramp(pebble, hue * 0.3, hue * 1.25), smooth(0.1, 0.35, pebble) * v.fade(1.0))
    w.use_noise(40)
    edge = f.fbm(v.hit, 0.45, 2) - 0.10 * smooth(1.5, 0.4, v.far)
    ripple = f.ridged(f.warp(v.hit, 1.0, 0.3), 1.2, 2)
    pool = (
        mix(deep * 0.45, deep * 1.15, smooth(0.46, 0.62, edge))
        + deep * (0.5 * smooth(0.80, 0.93, ripple) * v.fade(0.5))[..., None]
    )
    pool = mix(pool, day * 0.9, 0.6 * smooth(0.80, 0.99, ahead) * smooth(0.6, 2.5, v.far))
    ground = mix(floor * (lighting + 0.12), pool, smooth(0.46, 0.49, edge))
    cavern = mix(cavern, ground, smooth(-0.22, -0.30, v.tan + 0.10 * (fold - 0.5)))
    return crystals(w, v, cavern, deep)


def crystals(w: World, v: View, colour: Tensor, hue: Tensor) -> Tensor:
    """Clusters of glowing prisms on the floor and walls."""
    aside, number, there = in_sectors(w, v, 11, 9, 0.7)
    size = 0.16 + 0.14 * number[..., 0]
    x, y = aside / size, (v.tan + 0.34) / size
    soft = 0.008 / size
    for lean, tall in ((0.0, 1.0), (0.5, 0.7), (-0.45, 0.75)):
        s = x - lean * y * 0.8
        prism = torch.maximum(s.abs() - 0.14, y + 0.9 * s.abs() - tall)
        inside = smooth(soft, -soft, torch.maximum(prism, -y)) * there
        facet = mix(hue * 1.25 + 0.25, hue * 0.7, smooth(-0.03, 0.03, s))
        colour = mix(colour, facet, inside * 0.95)
    glow = torch.exp(-(x.square() + (y - 0.4).square()) / 0.9) * there
    return colour + hue * (0.30 * glow)[..., None]
