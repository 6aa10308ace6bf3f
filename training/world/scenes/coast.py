"""Water and cloud: ocean, beach, underwater, and a sea of clouds. Each paints over the sky [B, N, 3] and returns [B, N, 3]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..noise import mix, ramp, rgb, smooth
from .ground import birds, by_azimuth, detail, haze, hills, in_sectors, sea, shade_ground
from .view import View, dots

if TYPE_CHECKING:
    from . import World


def ocean(w: World, v: View, colour: Tensor) -> Tensor:
    """Open water to the horizon, with a few sails on it and gulls above."""
    colour = birds(w, v, colour, 5, rgb(0.92, 0.93, 0.95), 0.6)
    water = haze_water(w, v, sea(w, v, rgb(0.02, 0.26, 0.50)), 0.30)
    colour = mix(colour, water, v.below)
    aside, number, there = in_sectors(w, v, 7, 3, 0.7)
    size = 0.10 + 0.10 * number[..., 0]
    x, y = aside / size, (v.tan + 0.03) / size
    soft = 0.008 / size
    mast = (x + 0.05).abs()
    sail = smooth(soft, -soft, torch.maximum(torch.maximum(-x - 0.02, x - 0.62 * (1 - y)), 0.20 - y))
    jib = smooth(soft, -soft, torch.maximum(torch.maximum(x + 0.08, -x - 0.42 * (0.85 - y)), 0.20 - y))
    hull = smooth(soft, -soft, torch.maximum((y - 0.06).abs() - 0.09, x.abs() - 0.42 - 0.9 * (y - 0.06)))
    cloth = rgb(0.98, 0.96, 0.90).to(x.device) * w.light.tint
    boat = mix(cloth, rgb(0.42, 0.14, 0.10).to(x.device) * w.light.tint, hull)
    return mix(colour, haze(w, boat, 0.12), torch.maximum(torch.maximum(sail, jib), hull).clamp(max=1) * there * (mast < 2))


def haze_water(w: World, v: View, water: Tensor, far: float) -> Tensor:
    """Water under haze, rain and falling snow, as `shade_ground` shows land."""
    light = w.light
    drop, _ = dots(w.f, v.hit * 2.2, 0.42, 9, 0.75)
    water = mix(water, light.horizon, 0.5 * 4 * drop * (1 - drop) * v.fade(1.2) * light.rain)
    floe, _ = dots(w.f, v.hit * 1.2, 0.36, 8, 0.6)
    water = mix(water, light.horizon * 0.98, 0.6 * smooth(0.1, 0.7, floe) * v.fade(0.3) * light.snow)
    fog = far * (1 - torch.exp(-(v.far - 1).clamp(min=0) / 24))
    return mix(water, light.horizon, torch.maximum(fog, light.fog * (0.18 + 0.80 * smooth(0.6, 3.6, v.far))))


def beach(w: World, v: View, colour: Tensor) -> Tensor:
    """Turquoise water on one side, palms and jungle on the other, foam, sand and shells between."""
    light = w.light
    colour = birds(w, v, colour, 9, rgb(0.94, 0.95, 0.97), 0.5)
    shore = light.sun_azimuth + (w.variation[1] - 0.5)
    toward = torch.stack([shore.cos(), shore.sin()], -1)  # [B, 1, 2], out to sea
    inland = smooth(0.12, -0.12, (v.circle * toward).sum(-1) + 0.05)
    jungle = hills(w, v, colour, 8, 0.05, 0.24, 2.5, rgb(0.12, 0.40, 0.12), 0.08)
    colour = mix(colour, jungle, inland)
    w.use_noise(24)
    edge = (v.hit * toward).sum(-1) - 1.7 + 1.6 * (w.f.fbm(v.hit, 0.35, 2) - 0.5)
    w.use_noise(28)
    water = sea(w, v, rgb(0.03, 0.62, 0.68))
    shallow = rgb(0.42, 0.88, 0.80).to(edge.device) * light.tint
    water = haze_water(w, v, mix(water, shallow, 0.75 * smooth(2.6, 0.2, edge)), 0.25)
    sand = ramp(detail(w, v, 32, 1.3), rgb(0.82, 0.66, 0.42), rgb(0.96, 0.85, 0.62), rgb(1.0, 0.95, 0.80))
    shell, number = dots(w.f, v.hit * 1.7, 0.15, 4, 0.55)
    tint = ramp(number[..., 0], rgb(0.98, 0.52, 0.36), rgb(1.0, 0.97, 0.92), rgb(0.86, 0.46, 0.56))
    sand = mix(sand, tint, smooth(0.1, 0.5, shell) * v.fade(1.4))
    sand = sand * (1 - 0.30 * smooth(-1.0, -0.1, edge))[..., None]
    land = shade_ground(w, v, colour, sand, 0.4, snow=0.75)
    foam = smooth(0.30, 0.08, (edge - 0.15).abs()) + 0.7 * smooth(0.14, 0.04, (edge - 0.75).abs()) * v.fade(0.5)
    water = mix(water, rgb(0.99, 1.0, 1.0).to(edge.device) * light.tint.clamp(min=0.3), foam.clamp(max=1) * 0.9)
    water = mix(water, light.horizon, light.fog * (0.18 + 0.80 * smooth(0.6, 3.6, v.far)))
    colour = mix(land, water, v.below * smooth(0.0, 0.25, edge))
    return palms(w, v, colour, shore)


def palms(w: World, v: View, colour: Tensor, shore: Tensor) -> Tensor:
    """Six leaning palms on either hand and inland; the nearest reach overhead."""
    azimuth = v.turn * 2 * math.pi
    for k in range(6):
        place = w.variation[3 + k]
        centre = shore + (1 if k % 2 else -1) * (0.45 + 0.85 * (k // 2) + 0.5 * place)
        size = 0.42 + 0.42 * w.variation[12 + k % 6] + (0.45 if k % 3 == 0 else 0.0)
        x = torch.atan2(torch.sin(azimuth - centre), torch.cos(azimuth - centre)) / size
        h = (v.tan + 0.16 * size) / size
        lean = (place - 0.5) * 0.8
        soft = 0.008 / size
        bend = x - lean * h.clamp(0, 1.2).square()
        trunk = smooth(soft, -soft, bend.abs() - 0.045 + 0.018 * h) * (h > 0) * (h < 1)
        dx, dy = x - lean, h - 1.0
        r = (dx.square() + dy.square()).clamp(min=1e-6).sqrt()
        droop = dy + 0.85 * dx.square() + 0.25 * r.square()
        angle = torch.atan2(droop, dx)
        blade = torch.cos(angle * 4.5 + k).abs()
        frond = smooth(0.34, 0.54, blade) * smooth(0.66, 0.56, r)
        frond = torch.maximum(frond, smooth(0.14, 0.08, r))
        green = ramp(
            0.5 * smooth(-0.35, 0.4, droop) + 0.5 * smooth(0.5, 1.0, blade), rgb(0.04, 0.20, 0.08), rgb(0.34, 0.66, 0.18)
        )
        bark = mix(rgb(0.56, 0.42, 0.27), rgb(0.30, 0.20, 0.12), smooth(-0.03, 0.03, bend))
        colour = mix(colour, haze(w, bark * w.light.tint, 0.04), trunk)
        colour = mix(colour, haze(w, green * w.light.tint, 0.04), frond)
    return colour


def underwater(w: World, v: View, colour: Tensor) -> Tensor:
    """Blue water lit from above, sandy floor with caustics, coral and weed, fish and bubbles."""
    light, f = w.light, w.f
    glow = light.tint * (0.35 + 0.65 * light.tint)
    deep = rgb(0.01, 0.17, 0.38).to(v.d.device) * glow
    mid = rgb(0.04, 0.46, 0.66).to(v.d.device) * glow
    top = rgb(0.55, 0.93, 0.95).to(v.d.device) * light.tint
    water = ramp(((v.up + 1) / 2).pow(1.6), deep * 1.2, mid, mix(mid, top, torch.full_like(light.fog, 0.35)), top)
    plane = v.d[..., :2] / (v.up[..., None].clamp(min=0) + 0.30)
    w.use_noise(8)
    net = f.ridged(f.warp(plane, 1.2, 0.25), 1.6, 2)
    water = mix(water, top * 1.15, smooth(0.80, 0.92, net) * smooth(0.25, 0.75, v.up) * 0.8)
    shaft = by_azimuth(w, v, 13, lambda q: f.fbm(q, 4.5, 2))
    water = mix(water, top, 0.42 * smooth(0.50, 0.72, shaft) * smooth(-0.15, 0.35, v.up) * smooth(0.97, 0.7, v.up))
    water = mix(water, light.disc, (1 - light.night * 0.4) * 0.75 * smooth(0.80, 1.0, v.up).square())
    for part, base, height, fog in ((16, -0.02, 0.32, 0.62), (20, -0.08, 0.26, 0.34)):
        crest = base + height * by_azimuth(w, v, part, lambda q: f.fbm(q, 2.6, 3))
        water = mix(
            water,
            mix(rgb(0.10, 0.20, 0.30).to(v.d.device) * glow, mid, torch.full_like(v.up, fog)),
            smooth(-0.008, 0.01, crest - v.tan),
        )
    sand = ramp(detail(w, v, 24, 1.0, 2), rgb(0.42, 0.56, 0.52), rgb(0.72, 0.80, 0.66), rgb(0.88, 0.90, 0.74))
    w.use_noise(28)
    caustic = f.ridged(f.warp(v.hit, 1.1, 0.3), 1.3, 2)
    sand = mix(sand, rgb(0.92, 1.0, 0.92), 0.75 * smooth(0.80, 0.93, caustic) * v.fade(0.5))
    star, number = dots(f, v.hit * 1.5, 0.30, 5, 0.45)
    reef = coral_tint(number[..., 0])
    sand = mix(sand, reef * (0.5 + 0.6 * star)[..., None], smooth(0.08, 0.3, star) * v.fade(1.2))
    sand = mix(sand * light.tint, mid, 1 - torch.exp(-(v.far - 1).clamp(min=0) / 5))
    colour = mix(water, sand, smooth(0.0, -0.10, v.up))
    for salt, count, size, fog in ((2, 38, 0.22, 0.42), (4, 22, 0.40, 0.10)):
        aside, number, there = in_sectors(w, v, count, salt, 0.8, 0.6)
        size = size * (0.6 + 0.6 * number[..., 0])
        x, y = aside / size, (v.tan + 0.30 * size + 0.10) / size
        r, angle = (x.square() + y.square()).clamp(min=1e-6).sqrt(), torch.atan2(y, x)
        soft = 0.009 / size
        fan = smooth(soft, -soft, r - 0.62 - 0.16 * torch.cos(angle * 9 + 6 * number[..., 1])) * (y > -0.1)
        weed = (
            smooth(soft, -soft, (x - 0.10 * torch.sin(y * 7 + 6 * number[..., 2])).abs() - 0.11 * (1.3 - y))
            * (y > -0.1)
            * (y < 1.3)
        )
        tall = (number[..., 1] > 0.62).float()
        tint = mix(coral_tint(number[..., 2]), rgb(0.20, 0.55, 0.26), tall)
        shade = 0.60 + 0.45 * smooth(-0.4, 0.5, torch.cos(angle * 9 + 6 * number[..., 1])) * r
        colour = mix(
            colour, mix(tint * shade[..., None] * light.tint, mid, torch.full_like(r, fog)), torch.lerp(fan, weed, tall) * there
        )
    return bubbles(w, v, fish(w, v, colour))


def coral_tint(t: Tensor) -> Tensor:
    """Reef colours over t 0..1."""
    return ramp(t, rgb(0.95, 0.36, 0.30), rgb(0.98, 0.62, 0.24), rgb(0.90, 0.34, 0.62), rgb(0.58, 0.30, 0.80))


def fish(w: World, v: View, colour: Tensor) -> Tensor:
    """Fish at all elevations below the zenith."""
    for salt, count, rise in ((6, 12, 0.30), (7, 15, -0.12)):
        aside, number, there = in_sectors(w, v, count, salt, 0.75)
        size = 0.06 + 0.06 * number[..., 0]
        x = aside / size * torch.sign(number[..., 1] - 0.5)
        y = (v.tan - rise - 0.5 * (number[..., 2] - 0.5)) / size
        soft = 0.009 / size
        body = smooth(soft, -soft, (x.square() + (y / 0.46).square()).sqrt() - 0.62)
        tail = smooth(soft, -soft, torch.maximum((x - 0.72).abs() - 0.22, y.abs() - 0.15 - 0.75 * (x - 0.55)))
        tint = ramp(number[..., 2], rgb(1.0, 0.62, 0.12), rgb(1.0, 0.88, 0.30), rgb(0.95, 0.96, 1.0))
        tint = mix(tint, rgb(0.98, 0.98, 1.0), smooth(0.16, 0.10, (x + 0.05).abs()) * 0.9)
        colour = mix(colour, tint * w.light.tint.clamp(min=0.25), torch.maximum(body, tail) * there)
    return colour


def bubbles(w: World, v: View, colour: Tensor) -> Tensor:
    """Pale rings with a light centre, anchored in space."""
    disc, _ = dots(w.f, v.d * 6.0 + 0.5, 0.20, 8, 0.45)
    ring = 4 * disc * (1 - disc)
    return mix(colour, w.light.tint * rgb(0.85, 1.0, 1.0).to(disc.device), 0.75 * ring + 0.2 * disc)


def domes(w: World, p: Tensor, frequency: float) -> Tensor:
    """Round tops with creases between them, 0..1: cumulus."""
    return (2 * w.f.value(p, frequency) - 1).abs().clamp(min=1e-4).sqrt()


def clouds(w: World, v: View, colour: Tensor) -> Tensor:
    """Towers of cloud on the horizon, billows below."""
    light = w.light
    plane = v.d[..., :2] / (v.up[..., None].clamp(min=0) + 0.3)
    w.use_noise(4)
    streak = w.f.fbm(torch.stack([plane[..., 0] * 0.35, plane[..., 1]], -1) + w.f.value(plane, 0.8)[..., None] * 0.4, 2.2, 2)
    colour = mix(colour, light.bright, 0.85 * smooth(0.46, 0.72, streak) * smooth(0.15, 0.45, v.up))
    for part, base, height, fog in ((8, 0.0, 0.52, 0.45), (16, -0.06, 0.40, 0.10)):
        crest = base + height * by_azimuth(
            w, v, part, lambda q: 1.5 * w.f.value(q, 2.2) ** 2 + 0.34 * domes(w, q, 4.5) + 0.16 * domes(w, q, 11.0)
        )
        below = crest - v.tan
        w.use_noise(part + 4)
        billow = domes(w, torch.cat([v.circle * 4.5, v.tan[..., None] * 8], -1), 1.0)
        puff = mix(light.dark, light.bright, smooth(0.05, 0.75, 0.75 - below.clamp(min=0) * 1.6 + 0.9 * (billow - 0.45)))
        colour = mix(colour, haze(w, puff, fog), smooth(-0.004, 0.02, below))
    w.use_noise(24)
    q = w.f.warp(v.hit, 0.5, 0.3)
    w.use_noise(28)
    first, _, number = w.f.cells(q * 1.25, 0.9)
    w.use_noise(30)
    low = w.f.value(v.hit, 0.4)
    high = 1 - 1.2 * first.square() + 0.35 * (number[..., 0] - 0.5)
    t = 0.08 + 0.75 * high + 0.5 * (low - 0.5) + 0.45 * (w.f.value(v.hit, 3.0) - 0.5) * v.fade(2.0)
    t = 0.62 + (t - 0.62) * (0.35 + 0.65 * v.fade(0.12))
    floor = mix(light.dark, light.bright, smooth(0.0, 1.0, t))
    gap = smooth(0.42, 0.28, high + 0.8 * (low - 0.3)) * v.fade(0.3)  # gaps that show the blue below
    floor = mix(floor, light.zenith * 0.8, gap * 0.8)
    fog = 0.55 * (1 - torch.exp(-(v.far - 1).clamp(min=0) / 24))
    return mix(colour, mix(floor, light.horizon, fog), v.below)
