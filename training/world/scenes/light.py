"""The sky and its light for each time of day and weather: gradient, sun or moon, stars, clouds and lightning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..noise import Field, mix, ramp, rgb, smooth
from .view import View, along_bearing, dots

Colour = tuple[float, float, float]


class Time(NamedTuple):
    """Colours of a time of day under a clear sky; the greys of the weather are multiplied with `tone`."""

    zenith: Colour
    horizon: Colour
    tint: Colour  # of sunlight on surfaces
    tone: Colour
    disc: Colour  # the sun or the moon
    bright: Colour  # clouds, where lit
    dark: Colour  # clouds, in shadow
    heights: tuple[float, float]  # of the sun, radians
    glow: float  # of the sky about the sun
    stars: float
    lamps: float  # share of windows lit


class Weather(NamedTuple):
    """How the weather changes the sky; its greys are multiplied with the tone of the time of day."""

    zenith: Colour
    horizon: Colour
    cover: float  # 0..1: how far these replace the colours of the time of day
    bright: Colour
    dark: Colour
    clouds: float  # noise level where clouds begin; 1 has none
    light: float  # share of the sunlight that remains


LIGHT = {
    "day": Time(
        (0.12, 0.40, 0.88), (0.72, 0.88, 0.99), (1.0, 1.0, 0.98), (1.0, 1.0, 1.0), (1.0, 0.99, 0.86),
        (1.0, 1.0, 1.0), (0.64, 0.71, 0.82), (0.55, 0.9), 0.15, 0.0, 0.0,
    ),
    "dawn": Time(
        (0.50, 0.48, 0.78), (1.0, 0.66, 0.70), (0.88, 0.70, 0.76), (0.92, 0.72, 0.78), (1.0, 0.93, 0.84),
        (1.0, 0.80, 0.82), (0.60, 0.44, 0.62), (0.04, 0.10), 0.55, 0.0, 0.2,
    ),
    "morning": Time(
        (0.44, 0.66, 0.88), (1.0, 0.93, 0.68), (1.0, 0.93, 0.74), (1.0, 0.94, 0.80), (1.0, 0.98, 0.82),
        (1.0, 0.98, 0.88), (0.76, 0.72, 0.68), (0.18, 0.28), 0.60, 0.0, 0.0,
    ),
    "sunset": Time(
        (0.40, 0.20, 0.36), (1.0, 0.50, 0.12), (0.98, 0.58, 0.32), (0.95, 0.62, 0.40), (1.0, 0.88, 0.48),
        (1.0, 0.62, 0.30), (0.50, 0.22, 0.30), (0.04, 0.12), 0.75, 0.0, 0.3,
    ),
    "dusk": Time(
        (0.15, 0.09, 0.36), (0.62, 0.34, 0.66), (0.46, 0.36, 0.62), (0.50, 0.38, 0.66), (0.90, 0.74, 0.88),
        (0.66, 0.42, 0.70), (0.24, 0.15, 0.40), (0.02, 0.05), 0.30, 0.5, 0.5,
    ),
    "night": Time(
        (0.02, 0.05, 0.21), (0.09, 0.16, 0.42), (0.15, 0.22, 0.48), (0.15, 0.21, 0.40), (0.93, 0.94, 0.97),
        (0.24, 0.29, 0.50), (0.06, 0.08, 0.20), (0.30, 0.6), 0.20, 1.0, 0.65,
    ),
}  # fmt: skip
WEATHER = {
    "clear": Weather((1, 1, 1), (1, 1, 1), 0.0, (1, 1, 1), (1, 1, 1), 1.0, 1.0),
    "cloudy": Weather((0.60, 0.66, 0.76), (0.86, 0.88, 0.92), 0.25, (1, 1, 1), (0.6, 0.64, 0.72), 0.40, 0.88),
    "foggy": Weather((0.82, 0.85, 0.88), (0.88, 0.90, 0.91), 0.92, (0.94, 0.95, 0.95), (0.72, 0.75, 0.80), 0.36, 0.90),
    "rainy": Weather((0.40, 0.44, 0.50), (0.62, 0.66, 0.70), 0.88, (0.62, 0.65, 0.70), (0.36, 0.40, 0.46), 0.30, 0.62),
    "snowfall": Weather((0.84, 0.87, 0.92), (0.92, 0.94, 0.97), 0.88, (0.97, 0.98, 1.0), (0.80, 0.83, 0.89), 0.42, 0.88),
    "stormy": Weather((0.09, 0.07, 0.15), (0.36, 0.29, 0.48), 0.90, (0.38, 0.31, 0.50), (0.06, 0.045, 0.11), 0.32, 0.48),
}


class Light:
    """Sky colours [B, 1, 3] and amounts [B, 1] of B worlds."""

    def __init__(self, times: Sequence[str], weathers: Sequence[str], f: Field) -> None:
        self._f = f
        moment, weather = [LIGHT[name] for name in times], [WEATHER[name] for name in weathers]

        def colours(rows: Sequence[NamedTuple], field: str) -> Tensor:
            return torch.tensor([getattr(row, field) for row in rows], dtype=torch.float32, device=f.device)[:, None]

        def amounts(rows: Sequence[NamedTuple], field: str) -> Tensor:
            return torch.tensor([[getattr(row, field)] for row in rows], dtype=torch.float32, device=f.device)

        def when(name: str) -> Tensor:
            return torch.tensor([[float(w == name)] for w in weathers], device=f.device)

        self.fog, self.rain, self.snow, self.storm = (when(w) for w in ("foggy", "rainy", "snowfall", "stormy"))
        tone, cover = colours(moment, "tone"), amounts(weather, "cover")
        tone = mix(tone, tone * 0.55 + 0.35, self.storm)  # lightning brightens a storm at any time of day
        tone = mix(tone, tone.mean(-1, keepdim=True).expand_as(tone), 0.35 * self.fog)  # mist is less saturated
        self.tone = tone
        self.zenith = mix(colours(moment, "zenith"), colours(weather, "zenith") * tone, cover)
        self.horizon = mix(colours(moment, "horizon"), colours(weather, "horizon") * tone, cover)
        grey = 0.75 * (cover > 0.5).float()
        tint = mix(colours(moment, "tint"), tone, grey)
        self.tint = tint * amounts(weather, "light")[..., None]
        self.bright = mix(colours(moment, "bright"), colours(weather, "bright") * tone, grey / 0.75)
        self.dark = mix(colours(moment, "dark"), colours(weather, "dark") * tone, grey / 0.75)
        self.disc = colours(moment, "disc")
        self.open = 1 - (cover > 0.5).float()  # 1 where sun and stars are seen
        self.clouds_dry = self.open * (1 - self.snow)
        self.moon = torch.ones_like(self.open)  # 0 where neither sun nor moon is in the sky
        self.glow, self.stars, self.lamps = (amounts(moment, name) for name in ("glow", "stars", "lamps"))
        self.night = self.stars  # 1 at night, half at dusk
        self.clouds = amounts(weather, "clouds")
        low, high = torch.tensor([m.heights for m in moment], device=f.device).T[..., None]
        self.sun_height = low + (high - low) * f.draw()
        self.sun_azimuth = f.uniform(-math.pi, math.pi)
        flat = self.sun_height.cos()
        self.sun = torch.stack([flat * self.sun_azimuth.cos(), flat * self.sun_azimuth.sin(), self.sun_height.sin()], -1)
        self._bolt = f.uniform(-math.pi, math.pi)
        self._lean = f.uniform(0.3, 1.0)

    def gradient(self, up: Tensor) -> Tensor:
        """Sky without sun and clouds [B, N, 3] by the sine `up` of the elevation; also the colour of haze and wet ground."""
        return mix(self.horizon, self.zenith, up.clamp(0, 1).pow(0.6))

    def sky(self, v: View) -> Tensor:
        """Everything above the horizon, [B, N, 3]."""
        f = self._f
        up = v.up.clamp(0, 1)
        colour = self.gradient(up)
        angle = torch.acos((v.d * self.sun).sum(-1).clamp(-1, 1))
        if (self.stars * self.open).any():
            colour = colour + self.star_field(v.d, self.stars * self.open * smooth(-0.02, 0.12, v.up))
        warm = mix(self.horizon, self.disc, torch.full_like(self.glow, 0.5))
        colour = mix(colour, warm, self.glow * self.open * self.moon * torch.exp(-angle * 2.6))
        veiled = (self.fog + 0.6 * self.snow) * torch.exp(-angle * 1.6)  # a sun behind mist
        colour = mix(colour, self.disc * self.tone, 0.55 * veiled)
        colour = mix(colour, self.disc, self.open * self.moon * smooth(0.080, 0.060, angle))
        colour = colour + self.disc * (0.30 * self.open * self.moon * torch.exp(-angle * 9) * (1 - 0.5 * self.stars))[..., None]
        if (self.clouds < 1).any():
            f._used = 0
            plane = v.d[..., :2] / (up[..., None] + 0.20)
            puffs = f.fbm(plane, 0.95, 4)
            f._used = 0
            lit = f.fbm(plane + 0.22, 0.95, 2)
            shade = smooth(-0.16, 0.20, puffs - lit + 0.35 * (0.75 - puffs))
            shown = smooth(self.clouds, self.clouds + 0.14, puffs) * smooth(0.0, 0.14, up) * (self.clouds < 1).float()
            colour = mix(colour, mix(self.dark, self.bright, shade), 0.95 * shown)
        if self.storm.any():
            colour = self._lightning(v, colour)
        return colour

    def star_field(self, d: Tensor, amount: Tensor) -> Tensor:
        """Light of large stars, [B, N, 3] to be added; `amount` 0..1 scales it."""
        total = torch.zeros_like(d)
        for salt, scale, share, radius in ((1, 12.0, 0.55, 0.20), (2, 19.0, 0.35, 0.24)):
            disc, number = dots(self._f, d * scale, radius, salt, share)
            tint = ramp(number[..., 1], rgb(0.75, 0.85, 1.0), rgb(1.0, 1.0, 1.0), rgb(1.0, 0.88, 0.70))
            total = total + tint * (disc * (0.5 + 0.5 * number[..., 2]) * amount)[..., None]
        return total

    def _lightning(self, v: View, colour: Tensor) -> Tensor:
        """Five bolts about the horizon, so that every view has one, and one across the zenith."""
        for k in range(6):
            turn = self._bolt + k * 2 * math.pi / 5
            ahead, aside = along_bearing(v.d, turn)
            along = v.up if k < 5 else ahead
            span = (
                smooth(-0.02, 0.0, along) * smooth(0.62, 0.56, along) * (ahead > 0)
                if k < 5
                else (smooth(0.75, 0.65, along.abs()) * (v.up > 0))
            )
            for branch in range(2):
                drift = 0.22 * self._lean * (along - 0.3) * (1 if branch == 0 else -2.6) - (0.0 if branch == 0 else 0.06)
                zigzag = 0.07 * saw(along * 4.6 + k * 0.37) + 0.035 * saw(along * 11.3 + k * 0.71 + branch * 0.5)
                off = (aside - drift - zigzag + 0.04).abs()
                on = span * self.storm * (1.0 if branch == 0 else smooth(0.30, 0.26, along))
                colour = mix(colour, rgb(0.68, 0.55, 1.0), on * 0.55 * torch.exp(-off / 0.05))
                colour = mix(colour, rgb(1.0, 0.98, 1.0), on * smooth(0.024, 0.008, off))
        return colour


def saw(x: Tensor) -> Tensor:
    """Triangle wave -0.5..0.5."""
    return (torch.remainder(x, 1.0) - 0.5).abs() * 2 - 0.5
