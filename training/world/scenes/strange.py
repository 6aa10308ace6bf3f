"""Night skies and unusual worlds: stars, aurora, volcano and alien. Each paints over the sky [B, N, 3] and returns [B, N, 3]."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..noise import mix, per_point, ramp, rgb, smooth
from .ground import by_azimuth, detail, haze, in_sectors, mountains, pines, ridge, shade_ground
from .view import View, dots, random_bearing

if TYPE_CHECKING:
    from . import World


def stars(w: World, v: View, colour: Tensor) -> Tensor:
    """The milky way over black hills; starlit stones below."""
    axis = torch.cat([w.variation[1].mul(6.3).cos(), w.variation[1].mul(6.3).sin(), torch.full_like(w.variation[1], 0.45)], -1)[
        :, None
    ]
    axis = torch.nn.functional.normalize(axis, dim=-1)
    w.use_noise(8)
    dust = w.f.fbm(w.f.warp(v.d, 1.5, 0.2), 2.2, 3)
    across = (v.d * axis).sum(-1) + 0.16 * (dust - 0.5)
    lane = 1 - 0.85 * torch.exp(-(across / 0.07).square()) * smooth(0.40, 0.60, dust)
    band = torch.exp(-(across / 0.26).square()) * (0.30 + 0.85 * dust) * lane
    milky = ramp(dust, rgb(0.34, 0.24, 0.62), rgb(0.72, 0.54, 0.80), rgb(1.0, 0.86, 0.80))
    colour = colour + milky * (band * 0.85 * smooth(-0.05, 0.15, v.up))[..., None]
    colour = colour + w.light.star_field(v.d.flip(-1), 0.9 * smooth(-0.02, 0.1, v.up))
    inside, _ = ridge(w, v, 20, 0.0, 0.24, 1.6, True)
    colour = mix(colour, rgb(0.012, 0.016, 0.035), inside)
    floor = ramp(detail(w, v, 28, 0.8), rgb(0.02, 0.03, 0.07), rgb(0.09, 0.11, 0.20), rgb(0.20, 0.23, 0.36))
    stone, _ = dots(w.f, v.hit * 1.7, 0.36, 3, 0.5)
    floor = mix(floor, ramp(stone, rgb(0.08, 0.09, 0.16), rgb(0.34, 0.37, 0.54)), smooth(0.05, 0.4, stone) * v.fade(1.2))
    return mix(colour, mix(floor, rgb(0.03, 0.045, 0.10), 1 - torch.exp(-v.far / 12)), v.below)


def aurora(w: World, v: View, colour: Tensor) -> Tensor:
    """Green and violet curtains over snow and firs; the snow takes their colour."""
    plane = v.d[..., :2] / (v.up[..., None].clamp(min=0) + 0.35)
    ray = by_azimuth(w, v, 8, lambda q: w.f.fbm(q, 9.0, 2))
    ray = torch.lerp(torch.full_like(ray, 0.6), ray, smooth(0.98, 0.8, v.up))
    for k, hue in ((0, rgb(0.10, 1.0, 0.45)), (1, rgb(0.14, 0.90, 0.70)), (2, rgb(0.66, 0.24, 0.95))):
        w.use_noise(12 + 6 * k)
        fold = w.f.fbm(w.f.warp(plane, 0.7, 0.35), 0.75, 2)
        curtain = torch.exp(-((fold - 0.5) / 0.055).square()) + 0.35 * torch.exp(-((fold - 0.44) / 0.12).square())
        colour = colour + hue.to(ray.device) * (0.85 * curtain * (0.35 + 0.9 * ray) * smooth(0.03, 0.22, v.up))[..., None]
    inside, _ = ridge(w, v, 34, 0.0, 0.20, 1.7, True)
    colour = mix(colour, rgb(0.09, 0.17, 0.24), inside)
    w.use_noise(38)
    colour = pines(w, v, colour, 4, 0.16, 50, rgb(0.16, 0.40, 0.38), 0.0)
    t = detail(w, v, 40, 0.6)
    snow = ramp(t, rgb(0.07, 0.20, 0.30), rgb(0.22, 0.50, 0.52), rgb(0.54, 0.86, 0.78))
    drift = torch.sin(v.hit[..., 0] * 5 + 2 * v.hit[..., 1] + 10 * t)
    snow = snow * (1 + 0.22 * drift * v.fade(0.7))[..., None]
    snow = mix(snow, rgb(0.40, 0.26, 0.62), 0.55 * smooth(0.5, 0.8, detail(w, v, 44, 0.4, 2)))
    return mix(colour, mix(snow, rgb(0.10, 0.32, 0.32), 1 - torch.exp(-(v.far - 1).clamp(min=0) / 20)), v.below)


def volcano(w: World, v: View, colour: Tensor) -> Tensor:
    """Four cones with glowing craters, lava down their flanks and ash above; cracked basalt below."""
    light = w.light
    lava = (rgb(0.85, 0.12, 0.02), rgb(1.0, 0.45, 0.05), rgb(1.0, 0.88, 0.35))
    w.use_noise(8)
    ash = w.f.fbm(v.d[..., :2] / (v.up[..., None].clamp(min=0) + 0.35), 1.0, 3)
    smoke = mix(rgb(0.30, 0.24, 0.24), rgb(0.62, 0.52, 0.48), smooth(0.3, 0.8, ash)) * light.tint.clamp(min=0.25)
    colour = mix(colour, smoke * rgb(1.0, 0.72, 0.55).to(ash.device), torch.full_like(ash, 0.5))  # ash reddens the air
    colour = mix(colour, smoke, 0.75 * smooth(0.42, 0.60, ash) * smooth(0.25, 0.6, v.up))
    colour = mountains(w, v, colour, 12, 0.0, 0.16, 2.4, rgb(0.22, 0.18, 0.20), -9.0, 0.3)
    aside, number, _ = in_sectors(w, v, 4, 3, 1.0, 0.25)
    size = 0.62 + 0.22 * number[..., 1]
    x, y = aside / size, (v.tan + 0.06) / size
    w.use_noise(22)
    q = torch.cat([v.circle * 5, v.tan[..., None] * 4], -1)
    rough = w.f.fbm(q, 1.0, 3) - 0.5
    half = 0.15 + 0.85 * (1 - y / 0.92).clamp(min=0).pow(1.35) + 0.10 * rough
    top = 0.92 - 0.04 * torch.cos(x * 20)
    cone = smooth(0.012, -0.012, (x.abs() - half) * size) * smooth(0.012, -0.012, (y - top) * size)
    w.use_noise(28)
    puff = w.f.fbm(torch.cat([v.circle * 6, v.tan[..., None] * 5], -1), 1.0, 3)
    rise = (y - 0.85).clamp(min=0)
    plume = smooth(
        0.08, -0.10, (x - 0.25 * rise * (number[..., 2] - 0.5)).abs() - 0.12 - 0.30 * rise.sqrt() - 0.25 * (puff - 0.5)
    ) * (y > 0.85)
    plume = plume * smooth(3.2, 1.6, y)
    cloud = mix(rgb(0.20, 0.17, 0.18), rgb(0.60, 0.54, 0.52), smooth(0.35, 0.75, puff)) * light.tint.clamp(min=0.22)
    cloud = mix(cloud, lava[1], 0.85 * smooth(0.45, 0.0, rise))
    colour = mix(colour, haze(w, cloud, 0.05), plume)
    drop = y - 0.92 - 0.55 * (1 - (x / 0.36).square())
    fountain = (
        smooth(0.05, -0.02, drop) * smooth(-0.9, -0.2, drop) * smooth(0.36, 0.2, x.abs()) * (y > 0.88) * smooth(0.35, 0.5, puff)
    )
    colour = mix(colour, ramp(puff, *lava), fountain)
    rock = ramp(rough + 0.5, rgb(0.10, 0.08, 0.09), rgb(0.30, 0.24, 0.24), rgb(0.46, 0.38, 0.36)) * light.tint
    rock = mix(rock, rgb(0.9, 0.92, 0.95).to(y.device) * light.tint, 0.7 * light.snow * smooth(0.0, 0.15, rough))
    stream = (x / (0.15 + half) * 2.6 + 0.9 * rough + 0.25 * torch.sin(y * 9)) + 0.2
    flow = smooth(0.20, 0.10, (torch.remainder(stream, 1.0) - 0.5).abs()) * smooth(0.05, 0.35, y) * (stream.abs() < 1.7)
    flow = torch.maximum(flow, smooth(0.78, 0.88, y))
    rock = haze(w, rock, 0.06)
    colour = mix(colour, mix(rock, ramp(0.35 + 0.6 * y + rough, *lava), flow), cone)
    first, border, number = w.f.cells(w.f.warp(v.hit, 1.2, 0.12) * 1.5, 0.9)
    plate = ramp(
        0.6 * number[..., 0] + 0.4 * detail(w, v, 36, 2.0, 2), rgb(0.09, 0.08, 0.09), rgb(0.24, 0.20, 0.21), rgb(0.36, 0.31, 0.31)
    )
    colour = shade_ground(w, v, colour, plate, 0.45, snow=0.55)
    fade = v.fade(0.5)
    heat = smooth(0.16, 0.02, border) * fade + 0.22 * (1 - fade)
    colour = mix(colour, rgb(0.75, 0.16, 0.03), 0.5 * smooth(0.34, 0.05, border) * fade * v.below * (1 - 0.6 * light.fog))
    return mix(colour, ramp(smooth(0.14, 0.0, border), *lava), heat * v.below * (1 - light.fog * 0.9 * smooth(0.8, 3.0, v.far)))


def alien_sky(w: World) -> None:
    """Set `air`: an alien sky has the same hues at every time of day, with the brightness of that time."""
    light = w.light
    palettes = torch.stack(
        [
            torch.stack([rgb(0.24, 0.06, 0.46), rgb(1.0, 0.48, 0.60)]),
            torch.stack([rgb(0.02, 0.24, 0.32), rgb(0.42, 0.90, 0.72)]),
            torch.stack([rgb(0.36, 0.05, 0.12), rgb(1.0, 0.66, 0.30)]),
        ]
    )
    air = w.f.pick(palettes)  # [B, 1, 2, 3]
    w.air = air[:, :, 0], air[:, :, 1]
    share = per_point(0.62 * light.open + 0.25 * (1 - light.open))
    light.zenith = light.zenith + share * (air[:, :, 0] * light.tint - light.zenith)
    light.horizon = light.horizon + share * (air[:, :, 1] * light.tint - light.horizon)


def alien(w: World, v: View, colour: Tensor) -> Tensor:
    """Ringed and banded planets in a strange sky, leaning spires, glowing craters."""
    light = w.light
    zenith, horizon = w.air
    for k, size, rise in ((0, 0.40, 0.42), (1, 0.16, 0.75), (2, 0.26, 1.25), (3, 0.20, 0.35)):
        place, height = random_bearing(w, 4) + k * 2.1, rise + 0.2 * (w.variation[8 + k] - 0.5)
        c = torch.stack([height.cos() * place.cos(), height.cos() * place.sin(), height.sin()], -1)
        angle = torch.acos((v.d * c).sum(-1).clamp(-1, 1))
        off = v.d - c
        lit = smooth(-0.7, 0.8, (off * torch.nn.functional.normalize(rgb(0.4, 0.3, 0.8), dim=0).to(off.device)).sum(-1) / size)
        band = torch.sin((off[..., 2] + 0.3 * off[..., 0]) / size * 9 + 2 * torch.sin(off[..., 1] / size * 2)) * 0.5 + 0.5
        ball = (
            ramp(band, rgb(0.46, 0.26, 0.44), rgb(0.92, 0.64, 0.54), rgb(0.99, 0.92, 0.80))
            if k % 2 == 0
            else ramp(band, rgb(0.20, 0.42, 0.50), rgb(0.50, 0.80, 0.74), rgb(0.88, 0.97, 0.86))
        )
        ball = ball * (0.32 + 0.72 * lit)[..., None] * light.tint.clamp(min=0.55)
        shown = smooth(size + 0.008, size - 0.008, angle) * (0.35 + 0.65 * light.open)
        if k == 0:
            tilt = ((off[..., 2] + 0.35 * (off[..., 0] * place.sin() - off[..., 1] * place.cos())) * 4.2).square()
            wide = (off.square().sum(-1) + tilt).sqrt() / size
            front = smooth(0.0, 0.01, -(off[..., 2])).clamp(0, 1)
            ring = smooth(0.22, 0.16, (wide - 1.75).abs()) * (0.35 + 0.65 * light.open)
            colour = mix(
                mix(colour, ball, shown),
                rgb(0.98, 0.88, 0.72).to(ring.device) * light.tint.clamp(min=0.5),
                ring * torch.maximum(front, 1 - shown) * 0.85,
            )
        else:
            colour = mix(colour, ball, shown)
    rock = zenith * 0.8 + rgb(0.16, 0.12, 0.18).to(v.d.device)
    colour = mountains(w, v, colour, 8, 0.02, 0.30, 2.4, rock * 0.7 + horizon * 0.3, -9.0, 0.25)
    for salt, count, size, fog in ((3, 22, 0.30, 0.20), (5, 9, 0.75, 0.02)):
        aside, number, there = in_sectors(w, v, count, salt, 0.75)
        size = size * (0.6 + 0.5 * number[..., 0])
        y = (v.tan + 0.16 * size) / size
        x = aside / size - 0.35 * (number[..., 1] - 0.5) * y.clamp(0, 1.2).square() * 2
        soft = 0.009 / size
        stem = smooth(soft, -soft, x.abs() - 0.05 - 0.10 * (1 - y).clamp(min=0).square()) * (y > -0.1) * (y < 0.9)
        cap = smooth(soft, -soft, torch.maximum((x.square() + ((y - 0.80) * 1.7).square()).sqrt() - 0.34, 0.78 - y))
        spot = smooth(0.0, 0.1, torch.sin(x * 24) * torch.sin(y * 24) - 0.4)
        flesh = mix(horizon * 0.9, 1.0 - zenith * 0.7, 0.6 + 0 * x)
        hood = mix(flesh, rgb(0.98, 0.98, 0.80), spot * 0.8) * (1.05 - 0.5 * smooth(-0.3, 0.35, x))[..., None]
        colour = mix(colour, haze(w, (rock * 1.2).expand_as(colour) * light.tint, fog), stem * there)
        colour = mix(colour, haze(w, hood * light.tint.clamp(min=0.35), fog), cap * there)
    base = ramp(detail(w, v, 28, 0.8), rock * 0.5, rock, horizon * 0.80)
    bowl, number = dots(w.f, v.hit * 1.05, 0.38, 2, 0.7)
    shade = smooth(0.0, 0.25, bowl) * v.fade(0.6)
    rim = 4 * shade * (1 - shade)
    base = mix(base, zenith * 0.6, 0.85 * smooth(0.3, 0.9, bowl) * v.fade(0.6))
    base = mix(base, horizon * 0.9 + 0.1, rim * 0.75)
    colour = shade_ground(w, v, colour, base, 0.5, snow=0.75)
    glow = smooth(0.80, 0.98, bowl) * (number[..., 0] < 0.5) * v.fade(0.6) * v.below
    return mix(colour, (1.05 - zenith).clamp(0, 1), 0.75 * glow)
