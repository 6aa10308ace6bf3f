"""Precipitation between the camera and the scene: rain in slanted streaks and snow in soft flakes, fixed in world space."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..noise import Field, mix, smooth
from .light import Light
from .view import View, dots


def add_precipitation(light: Light, f: Field, v: View, colour: Tensor) -> Tensor:
    """The scene's `colour` [B, N, 3] seen through the precipitation."""
    if light.rain.any():
        colour = _streaks(light, f, v, colour)
    if light.snow.any():
        white = (light.tone * 1.15 + 0.12).clamp(max=1.0)
        for salt, scale, radius, share in ((3, 4.3, 0.23, 0.9), (4, 7.0, 0.22, 0.85), (5, 11.0, 0.22, 0.7)):
            disc, _ = dots(f, v.d * scale + 0.5, radius, salt, share)
            colour = mix(colour, white, 0.92 * disc * light.snow)
    return colour


def _streaks(light: Light, f: Field, v: View, colour: Tensor) -> Tensor:
    """Rain runs along great circles through one point near the zenith, as parallel lines do in perspective."""
    lean = 0.30
    z = (v.d[..., 2] + lean * v.d[..., 0]) / math.hypot(1, lean)
    x = (v.d[..., 0] - lean * v.d[..., 2]) / math.hypot(1, lean)
    turn = torch.atan2(v.d[..., 1], x) / (2 * math.pi) + 0.5
    round_ = (1 - z.square()).clamp(min=1e-4).sqrt()  # the sine of the angle from that point
    height = torch.asin(z.clamp(-1, 1))
    pale = light.horizon * 1.15 + 0.10
    for salt, count, length in ((6, 64, 0.34), (7, 96, 0.24)):
        place = turn * count
        lane = place.floor().clamp(0, count - 1)
        first = f.hash(torch.stack([torch.remainder(lane, 32), lane.div(32).floor()], -1), salt)
        along = height / length + first[..., 0] * 3
        number = f.hash(torch.stack([torch.remainder(lane, 32), along.floor() + 8 * lane.div(32).floor()], -1), salt + 2)
        part = along - along.floor()
        off = (place - lane - 0.5 - 0.4 * (number[..., 0] - 0.5)).abs() * (2 * math.pi / count) * round_
        on = smooth(0.011, 0.003, off) * smooth(0.10, 0.3, part) * smooth(0.80, 0.6, part) * (number[..., 1] < 0.7)
        colour = mix(colour, pale, 0.58 * on * light.rain * smooth(0.15, 0.75, round_))
    return colour
