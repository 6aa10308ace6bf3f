"""Elements at and below the horizon: ground, ridges, mountains, hills, pines, the sea. Colours [B, N, 3], amounts [B, N]."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..noise import mix, ramp, rgb, smooth
from .view import View, dots

if TYPE_CHECKING:
    from . import World

STEPS = 2048  # of azimuth: heights are interpolated from a table, not computed for each pixel


def by_azimuth(w: World, v: View, part: int, heights: Callable[[Tensor], Tensor]) -> Tensor:
    """A number for each azimuth, [B, N]; `heights` takes points on a circle [B, STEPS, 3], so that noise of them wraps."""
    w.use_noise(part)
    angle = (torch.arange(STEPS + 1, device=v.d.device) / STEPS - 0.5) * 2 * math.pi
    circle = torch.stack([angle.cos(), angle.sin(), torch.zeros_like(angle)], -1)
    table = heights(circle.expand(len(v.d), -1, -1))
    place = (v.turn + 0.5) * STEPS
    index = place.long().clamp(0, STEPS - 1)
    return torch.lerp(table.gather(1, index), table.gather(1, index + 1), place - index)


def haze(w: World, surface: Tensor, fog: float | Tensor) -> Tensor:
    """A lit surface [B, N, 3] seen through air: `fog` 0..1 of its colour is haze, and nearly all in foggy weather."""
    fog = torch.as_tensor(fog, device=surface.device).expand(surface.shape[:-1])
    weather = 0.60 + 0.36 * smooth(0.0, 0.35, fog)
    fog = (
        fog + w.light.fog * (weather - fog).clamp(min=0) + (w.light.snow + w.light.rain) * 0.35 * (1 - fog) * smooth(0, 0.4, fog)
    )
    return mix(surface, w.light.horizon, fog)


def shade_ground(
    w: World, v: View, colour: Tensor, surface: Tensor, haziness: float = 0.8, snow: float = 1.0, wet: float = 1.0
) -> Tensor:
    """Draw the ground below the horizon with light, rain, snow and haze; `snow` and `wet` 0..1 scale the effect of weather."""
    light = w.light
    if light.snow.any() or light.rain.any() or light.storm.any():
        w.use_noise(40)
        patch = w.f.fbm(v.hit, 0.9, 2)
        patch = 0.5 + (patch - 0.5) * (0.15 + 0.85 * v.fade(0.6))
        white = ramp(patch, rgb(0.76, 0.82, 0.92), rgb(0.95, 0.97, 1.0), rgb(1.0, 1.0, 1.0))
        surface = mix(surface, white, snow * light.snow * smooth(0.12, 0.30, patch))
        damp = light.rain + 0.7 * light.storm
        surface = surface * (1 - 0.42 * wet * damp)[..., None]
    surface = surface * light.tint
    if light.rain.any() or light.storm.any():
        mirror = light.gradient(-v.up) * 1.1 + light.storm[..., None] * rgb(0.10, 0.07, 0.16).to(v.d.device)
        pool = smooth(0.54, 0.60, patch) * (0.30 + 0.42 * v.fade(0.3))
        drop, number = dots(w.f, v.hit * 2.2, 0.42, 9, 0.75)
        ring = 4 * drop * (1 - drop) * v.fade(1.2) * light.rain
        surface = mix(surface, mirror, (wet * damp * (0.10 + pool)).clamp(0, 1))
        surface = mix(surface, mirror * 1.25 + 0.06, 0.55 * ring * wet)
    fog = haziness * (1 - torch.exp(-(v.far - 1).clamp(min=0) / 24))
    melt = 0.18 + 0.80 * smooth(0.6, 3.6, v.far)
    fog = torch.maximum(fog, light.fog * melt)
    return mix(colour, mix(surface, light.horizon, fog), v.below)


def detail(w: World, v: View, part: int, frequency: float, octaves: int = 2) -> Tensor:
    """Noise of the ground that fades to its mean far away."""
    w.use_noise(part)
    n = w.f.fbm(v.hit, frequency, octaves)
    return 0.5 + (n - 0.5) * v.fade(frequency)


def ridge(w: World, v: View, part: int, base: float, height: float, frequency: float, sharp: bool) -> tuple[Tensor, Tensor]:
    """Inside 0..1 and depth below the crest, as tangents."""

    def heights(q: Tensor) -> Tensor:
        n = w.f.ridged(q, frequency, 4) ** 2 * 1.5 - 0.35 if sharp else w.f.fbm(q, frequency, 3)
        return base + height * n

    below = by_azimuth(w, v, part, heights) - v.tan
    return smooth(-0.006, 0.008, below), below


def mountains(
    w: World, v: View, colour: Tensor, part: int, base: float, height: float, frequency: float, rock: Tensor, snowline: float,
    fog: float,
) -> Tensor:  # fmt: skip
    """A chain of peaks, white above `snowline` under their crests."""
    inside, below = ridge(w, v, part, base, height, frequency, True)
    w.use_noise(part + 4)
    face = w.f.ridged(torch.cat([v.circle * 4, v.tan[..., None] * 6], -1), 1.0, 3)
    slope = smooth(0.42, 0.72, face)
    line = snowline + w.light.snow * 0.12
    snowy = smooth(line + 0.08, line - 0.02, below + 0.12 * (1 - slope))
    surface = rock.to(slope.device) * (0.55 + 0.75 * slope)[..., None]
    surface = mix(surface, ramp(slope, rgb(0.58, 0.68, 0.88), rgb(0.98, 0.99, 1.0)), snowy)
    return mix(colour, haze(w, surface * w.light.tint, fog), inside)


def hills(
    w: World, v: View, colour: Tensor, part: int, base: float, height: float, frequency: float, tint: Tensor, fog: float
) -> Tensor:
    """Rounded hills, lighter on the crest, with soft blotches."""
    inside, below = ridge(w, v, part, base, height, frequency, False)
    w.use_noise(part + 4)
    blotch = w.f.fbm(torch.cat([v.circle * 7, v.tan[..., None] * 16], -1), 1.0, 2)
    surface = tint.to(blotch.device) * ((0.8 + 0.4 * blotch) * (1.12 - 1.4 * below.clamp(0, 0.4)))[..., None]
    surface = mix(surface, rgb(0.93, 0.95, 0.99), 0.8 * w.light.snow * smooth(0.25, 0.5, blotch))
    return mix(colour, haze(w, surface * w.light.tint, fog), inside)


def in_sectors(w: World, v: View, count: int, salt: int, share: float = 1.0, sway: float = 0.5) -> tuple[Tensor, Tensor, Tensor]:
    """One element in each of `count` sectors of the horizon: radians from its middle [B, N], four random numbers [B, N, 4] and
    1.0 where it exists [B, N]. `share` of them exist; `sway` 0..1 shifts each within its sector."""
    place = (v.turn + 0.5) * count
    cell = place.floor().clamp(0, count - 1)
    number = w.f.hash(torch.stack([torch.remainder(cell, 32), cell.div(32).floor() + salt], -1), salt)
    aside = (place - cell - 0.5 - sway * (number[..., 0] - 0.5)) * (2 * math.pi / count)
    return aside, torch.remainder(number * 5.17, 1.0), (number[..., 3] < share).float()


def pines(w: World, v: View, colour: Tensor, salt: int, height: float, count: int, tint: Tensor, fog: float) -> Tensor:
    """A belt of pines with stepped outlines, two in each sector, shifted by half of it."""
    width = 2 * math.pi / count
    turned = View.__new__(View)
    for shift in (0.0, 0.5):
        turned.turn = torch.remainder(v.turn + 0.5 + shift / count, 1.0) - 0.5
        aside, number, _ = in_sectors(w, turned, count, salt + int(2 * shift), sway=0.3)
        part = (height * (0.55 + 0.45 * number[..., 1]) - v.tan) / height
        skirt = torch.remainder(part * 5, 1.0)
        step = 0.66 + 0.34 * skirt if height > 0.1 else 0.85
        half = (0.03 + 0.60 * part.clamp(min=0)) * step * (0.8 + 0.3 * number[..., 2]) * width
        inside = smooth(0.008, -0.008, aside.abs() - half) * smooth(-0.004, 0.01, part * height) * smooth(-0.05, 0.0, v.tan)
        shade = 0.60 + 0.5 * (skirt if height > 0.1 else 0.5) + 0.25 * (number[..., 3] - 0.5)
        surface = tint.to(shade.device) * shade[..., None]
        surface = mix(surface, rgb(0.92, 0.95, 1.0), w.light.snow * smooth(0.35, 0.75, 1 - skirt) * 0.85)
        colour = mix(colour, haze(w, surface * w.light.tint, fog), inside)
    return colour


def birds(w: World, v: View, colour: Tensor, salt: int, tint: Tensor, share: float = 0.5) -> Tensor:
    """A few gull shapes high up, so that upward views of this scene differ from others."""
    plane = v.d[..., :2] / (v.up[..., None].clamp(min=0) + 0.25) * 2.6
    cell = plane.floor()
    number = w.f.hash(cell, salt)
    x, y = ((plane - cell - 0.5 - 0.2 * (number[..., :2] - 0.5)) / (0.6 + 0.3 * number[..., 2:3])).unbind(-1)
    wing = (y - 0.20 * (1 - (x.abs() * 6 - 0.8).square()) * (x.abs() < 0.32)).abs()
    shown = (
        smooth(0.065, 0.03, wing - 0.02) * smooth(0.30, 0.24, x.abs()) * (number[..., 3] < share * 0.6) * smooth(0.25, 0.35, v.up)
    )
    shown = shown * (w.light.clouds_dry * (1 - w.light.night))  # none fly in the dark or in bad weather
    return mix(colour, haze(w, tint.to(x.device) * w.light.tint, 0.1), shown)


def sea(w: World, v: View, deep: Tensor) -> Tensor:
    """Water with swell, foam and the glitter of sun or moon, lit, [B, N, 3]."""
    light = w.light
    w.use_noise(44)
    q = w.f.warp(v.hit, 0.7, 0.35)
    fine = w.f.ridged(q, 1.1, 3)
    wave = 0.5 + (fine - 0.62) * 3.2 * (0.12 + 0.88 * v.fade(0.35))
    swell = torch.sin(v.tan * 240 + 5 * torch.sin(v.turn * 40)) * 0.10 * smooth(-0.4, -0.05, v.tan) * smooth(-0.02, -0.06, v.tan)
    body = deep.to(wave.device) * light.tint
    water = mix(body, light.horizon * 0.72 + light.zenith * 0.25, (1 + v.up).clamp(0, 1).pow(4.0) * 0.9)
    water = water * (0.70 + 0.62 * wave + swell)[..., None]
    rough = light.storm + 0.4 * light.rain
    foam = smooth(0.86 - 0.10 * rough, 0.94 - 0.06 * rough, fine) * v.fade(0.25)
    water = mix(water, rgb(0.95, 0.98, 1.0).to(wave.device) * light.tint.clamp(min=0.3), foam * 0.85)
    away = (v.circle * light.sun[..., :2] / light.sun[..., :2].norm(dim=-1, keepdim=True)).sum(-1).clamp(-1, 1).acos()
    glitter = torch.exp(-(away / 0.18).square()) * smooth(0.40, 0.75, wave + swell) * smooth(-0.9, -0.2, v.up)
    return mix(water, light.disc, glitter * 0.85 * light.open)
