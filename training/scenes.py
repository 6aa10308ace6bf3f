"""Worlds without geometry: a colour for every direction, the same world for every view of it (world: +Z up, Blender's).

A world is a sky, layers of ridges (silhouettes that depend on azimuth only), and a ground plane one unit below the eye.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .noise import Field, mix, ramp, rgb, smooth

# zenith, horizon, sunlight tint on things, stars 0..1
LIGHT = {
    "day": (rgb(0.16, 0.42, 0.84), rgb(0.74, 0.86, 0.96), rgb(1.0, 1.0, 0.98), 0.0),
    "sunset": (rgb(0.22, 0.20, 0.46), rgb(0.99, 0.56, 0.24), rgb(0.98, 0.66, 0.46), 0.0),
    "night": (rgb(0.02, 0.04, 0.14), rgb(0.12, 0.19, 0.38), rgb(0.33, 0.39, 0.60), 1.0),
    "dawn": (rgb(0.36, 0.50, 0.78), rgb(0.99, 0.80, 0.74), rgb(0.90, 0.82, 0.86), 0.0),
}


class World:
    """One place at one time of day. Call it with unit directions [N, 3] to get sRGB [N, 3]."""

    def __init__(self, scene: str, time: str, f: Field) -> None:
        self.scene, self.time, self._f = scene, time, f
        self.zenith, self.horizon, self.light, self.stars = LIGHT[time]
        if scene in ("stars", "aurora"):
            self.zenith, self.horizon, self.light, self.stars = LIGHT["night"]
        if scene == "alien":
            self.zenith, self.horizon = f.random.choice(
                [
                    (rgb(0.20, 0.05, 0.36), rgb(0.96, 0.48, 0.56)),
                    (rgb(0.02, 0.20, 0.28), rgb(0.40, 0.86, 0.72)),
                    (rgb(0.30, 0.04, 0.10), rgb(0.98, 0.62, 0.30)),
                ]
            )
            self.light = rgb(0.9, 0.9, 0.95)
            if time == "night":
                self.zenith, self.horizon, self.light, self.stars = (
                    self.zenith * 0.3,
                    self.horizon * 0.45,
                    rgb(0.45, 0.45, 0.6),
                    1.0,
                )
        self.sun_azimuth = f.uniform(-math.pi, math.pi)
        self.sun_height = {
            "day": f.uniform(0.5, 0.9),
            "sunset": f.uniform(0.03, 0.12),
            "dawn": f.uniform(0.05, 0.16),
            "night": f.uniform(0.35, 0.7),
        }[time]
        self.cloudy = f.uniform(0.50, 0.62)
        self._salt = [f.uniform(0, 30) for _ in range(24)]

    def __call__(self, d: Tensor) -> Tensor:
        self._f._used = 0  # every call reads the same parts of the lattice: one world
        colour = self.horizon.repeat(len(d), 1)
        above = d[:, 2] > -0.02  # below, the ground covers it
        if above.any():
            colour[above] = self.sky(d[above])
        self._f._used = 16
        ground = d[:, 2] < 0
        painter = getattr(self, "_" + self.scene)
        return painter(d, colour, ground).clamp(0, 1)

    # sky ---------------------------------------------------------------------------------------------------------

    def sky(self, d: Tensor) -> Tensor:
        f = self._f
        up = d[:, 2].clamp(0, 1)
        colour = mix(self.horizon, self.zenith, up.pow(0.55))
        s = rgb(
            math.cos(self.sun_height) * math.cos(self.sun_azimuth),
            math.cos(self.sun_height) * math.sin(self.sun_azimuth),
            math.sin(self.sun_height),
        )
        angle = torch.acos((d @ s).clamp(-1, 1))
        if self.stars:
            colour = self._star_field(d, colour)
        if self.time in ("sunset", "dawn") and self.scene not in ("stars", "aurora"):
            warm = rgb(1.0, 0.80, 0.42) if self.time == "sunset" else rgb(1.0, 0.92, 0.80)
            colour = mix(colour, warm.expand_as(colour), 0.75 * torch.exp(-angle * 3.0))
        cover = self.cloudy if self.scene not in ("stars", "aurora") else 0.0
        if cover and self.time != "night":
            plane = torch.cat([d[:, :2] / (up[:, None] + 0.12), torch.zeros(len(d), 1)], -1)
            puffs = f.fbm(plane + self._salt[0], 0.85, 5)
            lit = f.fbm(plane + self._salt[0] + 0.25, 0.85, 3)
            white = mix(
                rgb(1.0, 1.0, 1.0) if self.time == "day" else rgb(1.0, 0.80, 0.66),
                self.horizon * 0.72 + self.zenith * 0.18,
                smooth(0.35, 0.85, lit),
            )
            colour = mix(colour, white, 0.92 * smooth(cover, cover + 0.16, puffs) * smooth(0.02, 0.20, up))
        if self.scene not in ("stars", "aurora"):
            disc = rgb(1.0, 0.99, 0.90) if self.time != "night" else rgb(0.93, 0.94, 0.96)
            size = 0.055 if self.time != "day" else 0.05
            colour = mix(colour, disc.expand_as(colour), smooth(size + 0.014, size - 0.006, angle))
            colour = colour + (0.30 if self.time != "night" else 0.14) * torch.exp(-angle * 9)[:, None] * disc
        return colour

    def _star_field(self, d: Tensor, colour: Tensor) -> Tensor:
        f = self._f
        for scale, density, radius in ((13.0, 0.32, 0.17), (26.0, 0.30, 0.22)):
            distance, _, number = f.cells(d * scale + self._salt[1], 0.6)
            on = (number[:, 3] < density).float() * (0.45 + 0.55 * number[:, 2])
            tintc = ramp(number[:, 1], rgb(0.75, 0.85, 1.0), rgb(1.0, 1.0, 1.0), rgb(1.0, 0.88, 0.70))
            colour = colour + tintc * (on * smooth(radius, radius * 0.3, distance) * smooth(-0.02, 0.12, d[:, 2]))[:, None]
        return colour

    # helpers -----------------------------------------------------------------------------------------------------

    def _circle(self, d: Tensor, salt: int) -> Tensor:
        """Points on a circle by azimuth: noise of them wraps."""
        flat = d[:, :2] / d[:, :2].norm(dim=-1, keepdim=True).clamp(min=1e-4)
        return torch.cat([flat, torch.full((len(d), 1), self._salt[salt])], -1)

    @staticmethod
    def _tan(d: Tensor) -> Tensor:
        return d[:, 2] / d[:, :2].norm(dim=-1).clamp(min=1e-4)

    def _ridge(
        self, d: Tensor, salt: int, base: float, height: float, frequency: float, sharp: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Inside mask [N], height of the crest [N], depth below the crest [N] (all as tangents of elevation)."""
        q = self._circle(d, salt)
        n = self._f.ridged(q, frequency, 5) ** 2 * 1.5 - 0.35 if sharp else self._f.fbm(q, frequency, 4)
        crest = base + height * n
        below = crest - self._tan(d)
        return smooth(-0.004, 0.006, below), crest, below

    def _floor(self, d: Tensor) -> tuple[Tensor, Tensor]:
        """Ground hit points [N, 3] and fog 0..1 [N]; directions at or above the horizon get the horizon's."""
        down = (-d[:, 2]).clamp(min=0.012)
        t = 1 / down
        hit = torch.cat([d[:, :2] * t[:, None], torch.zeros(len(d), 1)], -1)
        return hit, 1 - torch.exp(-(t - 1).clamp(min=0) / 26)

    def _fade(self, hit: Tensor, frequency: float) -> Tensor:
        """1 near, 0 where a pattern of this frequency is finer than the pixels."""
        return torch.exp(-(hit[:, :2].norm(dim=-1) * frequency / 22).square())

    def _detail(self, hit: Tensor, frequency: float, octaves: int = 3) -> Tensor:
        """Noise on the ground that fades to its mean far away, [N]."""
        n = self._f.fbm(hit + self._salt[5], frequency, octaves)
        return 0.5 + (n - 0.5) * self._fade(hit, frequency)

    def _lay(self, colour: Tensor, d: Tensor, ground: Tensor, surface: Tensor, fog: Tensor) -> Tensor:
        surface = mix(surface * self.light, self.horizon.expand_as(surface), fog * 0.85)
        return torch.where(ground[:, None], surface, colour)

    def _mountains_layer(self, colour, d, salt, base, height, frequency, rock, snowline, fog):
        inside, crest, below = self._ridge(d, salt, base, height, frequency, True)
        az = self._circle(d, salt)
        q = torch.cat([az[:, :2] * 5, self._tan(d)[:, None] * 9], -1)
        face = self._f.ridged(q + self._salt[3], 1.0, 4)
        slope = smooth(0.35, 0.65, face)
        surface = rock * (0.55 + 0.75 * slope)[:, None]
        snowy = smooth(snowline + 0.10, snowline - 0.02, below + 0.13 * (1 - slope) + 0.05 * (face - 0.5))
        surface = mix(surface, ramp(slope, rgb(0.60, 0.70, 0.88), rgb(0.98, 0.99, 1.0)), snowy)
        surface = mix(surface * self.light, self.horizon.expand_as(surface), torch.full((len(d),), fog))
        return mix(colour, surface, inside)

    def _hills(self, colour, d, salt, base, height, frequency, tint, fog, speckle=0.3):
        inside, crest, below = self._ridge(d, salt, base, height, frequency, False)
        az = self._circle(d, salt)
        q = torch.cat([az[:, :2] * 9, self._tan(d)[:, None] * 22], -1)
        surface = (
            tint * (1 - speckle / 2 + speckle * self._f.fbm(q, 1.3, 3))[:, None] * (1.12 - 1.2 * below.clamp(0, 0.4))[:, None]
        )
        surface = mix(surface * self.light, self.horizon.expand_as(surface), torch.full((len(d),), fog))
        return mix(colour, surface, inside)

    def _trees(self, colour, d, salt, base, height, count, tint, fog):
        """A belt of pines: triangles with ragged edges, one per azimuth cell, two belts shifted by half."""
        azimuth = torch.atan2(d[:, 1], d[:, 0]) / (2 * math.pi)
        y = self._tan(d)
        for shift in (0.0, 0.5):
            x = azimuth * count + shift
            cell = torch.floor(x)
            number = self._f.hash(
                torch.stack([torch.remainder(cell, count), torch.full_like(cell, salt)], -1), salt + int(2 * shift)
            )
            top = base + height * (0.55 + 0.45 * number[:, 0])
            part = ((top - y) / height).clamp(min=0)
            ragged = 0.62 + 0.38 * torch.remainder(part * 7, 1.0)
            half = (0.05 + 0.56 * part) * ragged * (0.8 + 0.3 * number[:, 2])
            off = (x - cell - 0.5 - 0.3 * (number[:, 1] - 0.5)).abs()
            inside = smooth(0.03, -0.03, off - half) * (part > 0).float()
            shade = 0.55 + 0.45 * torch.remainder(part * 7, 1.0) + 0.2 * (number[:, 3] - 0.5)
            surface = mix(tint * shade[:, None] * self.light, self.horizon.expand_as(colour), torch.full((len(d),), fog))
            colour = mix(colour, surface, inside)
        return colour

    # scenes ------------------------------------------------------------------------------------------------------

    def _desert(self, d, colour, ground):
        f = self._f
        for salt, base, height, fog in ((6, 0.02, 0.14, 0.45), (7, 0.0, 0.10, 0.25)):
            inside, crest, below = self._ridge(d, salt, base, height, 1.6 + salt % 3, False)
            side = smooth(-0.02, 0.02, torch.sin(9 * f.fbm(self._circle(d, salt), 1.6, 2) * 4) * 0.05 + below - 0.05)
            sand = mix(rgb(0.95, 0.76, 0.46), rgb(0.66, 0.44, 0.24), side)
            colour = mix(colour, mix(sand * self.light, self.horizon.expand_as(sand), torch.full((len(d),), fog)), inside)
        hit, fog = self._floor(d)
        dune = f.fbm(hit + self._salt[8], 0.16, 3)
        ripple = 0.5 + 0.5 * torch.sin(hit[:, 0] * 9 + hit[:, 1] * 3 + 9 * f.fbm(hit, 0.5, 2))
        t = (
            0.15
            + 0.55 * smooth(0.3, 0.7, dune)
            + 0.35 * (ripple - 0.5) * self._fade(hit, 3.2)
            + 0.2 * (self._detail(hit, 3.0) - 0.5)
        )
        return self._lay(colour, d, ground, ramp(t, rgb(0.58, 0.38, 0.20), rgb(0.86, 0.65, 0.38), rgb(0.99, 0.85, 0.58)), fog)

    def _mountains(self, d, colour, ground):
        f = self._f
        colour = self._mountains_layer(colour, d, 6, 0.10, 0.42, 1.3, rgb(0.42, 0.46, 0.58), 0.20, 0.36)
        colour = self._mountains_layer(colour, d, 7, 0.02, 0.34, 1.9, rgb(0.30, 0.31, 0.37), 0.09, 0.08)
        colour = self._trees(colour, d, 4, 0.0, 0.055, 110, rgb(0.10, 0.20, 0.14), 0.12)
        hit, fog = self._floor(d)
        snow = ramp(0.25 + 0.75 * self._detail(hit, 0.5, 5), rgb(0.52, 0.62, 0.80), rgb(0.90, 0.94, 0.99), rgb(1, 1, 1))
        rock = rgb(0.30, 0.29, 0.30) * (0.6 + 0.8 * self._detail(hit, 2.5))[:, None]
        return self._lay(colour, d, ground, mix(snow, rock, smooth(0.66, 0.72, f.fbm(hit + self._salt[9], 0.8, 4)) * 0.9), fog)

    def _meadow(self, d, colour, ground):
        f = self._f
        colour = self._mountains_layer(colour, d, 6, 0.06, 0.30, 1.5, rgb(0.40, 0.46, 0.60), 0.12, 0.45)
        colour = self._hills(colour, d, 7, 0.0, 0.17, 1.7, rgb(0.22, 0.46, 0.16), 0.22)
        colour = self._trees(colour, d, 4, 0.005, 0.045, 96, rgb(0.10, 0.28, 0.10), 0.12)
        colour = self._hills(colour, d, 8, -0.03, 0.10, 2.3, rgb(0.36, 0.62, 0.16), 0.06)
        hit, fog = self._floor(d)
        green = ramp(
            0.5 * self._detail(hit, 0.5) + 0.5 * self._detail(hit, 4.5, 3),
            rgb(0.10, 0.26, 0.04),
            rgb(0.30, 0.54, 0.10),
            rgb(0.62, 0.80, 0.26),
        )
        distance, _, number = f.cells(hit[:, :2] * 2.4, 0.9)
        petals = torch.stack([rgb(0.98, 0.97, 0.92), rgb(0.98, 0.84, 0.16), rgb(0.92, 0.28, 0.40), rgb(0.62, 0.40, 0.86)])[
            (number[:, 1] * 3.99).long()
        ]
        flowers = smooth(0.24, 0.16, distance) * (number[:, 0] < 0.55).float() * self._fade(hit, 2.4)
        return self._lay(colour, d, ground, mix(green, petals, flowers), fog * 0.6)

    def _forest(self, d, colour, ground):
        colour = self._hills(colour, d, 6, 0.05, 0.16, 1.5, rgb(0.20, 0.34, 0.26), 0.55)
        for salt, height, count, fog in ((3, 0.28, 90, 0.55), (4, 0.46, 56, 0.30), (5, 0.80, 30, 0.04)):
            colour = self._trees(colour, d, salt, 0.0, height, count, rgb(0.09, 0.26, 0.12), fog)
        hit, fog = self._floor(d)
        patch = self._detail(hit, 0.7, 4)
        floor = ramp(self._detail(hit, 4.0), rgb(0.12, 0.08, 0.04), rgb(0.34, 0.23, 0.12), rgb(0.55, 0.40, 0.22))
        green = ramp(self._detail(hit, 5.0), rgb(0.06, 0.16, 0.04), rgb(0.20, 0.38, 0.10), rgb(0.42, 0.58, 0.20))
        return self._lay(colour, d, ground, mix(floor, green, smooth(0.42, 0.56, patch)), fog * 0.5)

    def _sea(self, d: Tensor, deep: Tensor) -> tuple[Tensor, Tensor]:
        f = self._f
        hit, fog = self._floor(d)
        q = f.warp(hit * rgb(1.0, 1.0, 1.0) + self._salt[7], 0.5, 0.5)
        fine = f.ridged(q, 0.9, 4)
        wave = 0.5 + (fine - 0.62) * 2.2 * torch.exp(-(hit[:, :2].norm(dim=-1) / 26).square())
        mirror = mix(deep, self.horizon * 0.75 + self.zenith * 0.25, (1 + d[:, 2]).clamp(0, 1).pow(4.0))
        surface = mirror * (0.72 + 0.55 * wave)[:, None]
        foam = smooth(0.91, 0.97, fine) * torch.exp(-hit[:, :2].norm(dim=-1) / 8)
        surface = mix(surface, rgb(0.95, 0.98, 1.0) * self.light.clamp(min=0.4), foam * 0.8)
        azimuth = torch.atan2(d[:, 1], d[:, 0])
        away = torch.atan2(torch.sin(azimuth - self.sun_azimuth), torch.cos(azimuth - self.sun_azimuth)).abs()
        glitter = torch.exp(-(away / 0.16).square()) * smooth(0.45, 0.8, wave) * smooth(-0.9, -0.1, d[:, 2])
        surface = mix(
            surface, (rgb(1.0, 0.93, 0.72) if self.time != "night" else rgb(0.8, 0.86, 0.98)).expand_as(surface), glitter * 0.85
        )
        return surface, fog

    def _deep(self) -> Tensor:
        return {
            "day": rgb(0.02, 0.22, 0.42),
            "sunset": rgb(0.16, 0.14, 0.30),
            "night": rgb(0.01, 0.03, 0.08),
            "dawn": rgb(0.16, 0.28, 0.44),
        }[self.time]

    def _ocean(self, d, colour, ground):
        surface, fog = self._sea(d, self._deep())
        return torch.where(ground[:, None], mix(surface, self.horizon.expand_as(surface), fog * 0.35), colour)

    def _beach(self, d, colour, ground):
        f = self._f
        shore = math.pi * 0.5 + self.sun_azimuth if self.time == "day" else self.sun_azimuth
        toward = rgb(math.cos(shore), math.sin(shore), 0.0)
        deep = {
            "day": rgb(0.03, 0.55, 0.66),
            "sunset": rgb(0.20, 0.20, 0.36),
            "night": rgb(0.01, 0.05, 0.10),
            "dawn": rgb(0.20, 0.46, 0.56),
        }[self.time]
        sea, sea_fog = self._sea(d, deep)
        hit, fog = self._floor(d)
        edge = hit @ toward - 2.2 + 0.9 * (f.fbm(hit + self._salt[6], 0.35, 3) - 0.5)
        sand = (
            ramp(
                self._detail(hit, 1.2, 4) * 0.6 + 0.4 * self._detail(hit, 6, 2),
                rgb(0.74, 0.60, 0.40),
                rgb(0.93, 0.82, 0.60),
                rgb(1.0, 0.94, 0.78),
            )
            * self.light
        )
        sand = sand * (1 - 0.28 * smooth(-0.9, -0.1, edge))[:, None]
        foam = smooth(0.30, 0.05, (edge - 0.15).abs())
        land_azimuth = smooth(0.10, -0.10, (d[:, :2] / d[:, :2].norm(dim=-1, keepdim=True).clamp(min=1e-4)) @ toward[:2] + 0.05)
        jungle = self._hills(colour, d, 7, 0.02, 0.16, 2.5, rgb(0.12, 0.34, 0.10), 0.10, 0.9)
        colour = mix(colour, jungle, land_azimuth)
        surface = mix(sand, mix(sea, self.horizon.expand_as(sea), sea_fog * 0.3), smooth(0.0, 0.25, edge))
        surface = mix(surface, rgb(0.99, 1.0, 1.0) * self.light.clamp(min=0.4), foam * 0.9)
        colour = torch.where(ground[:, None], surface, colour)
        return self._palms(d, colour, shore)

    def _palms(self, d: Tensor, colour: Tensor, shore: float) -> Tensor:
        azimuth, y = torch.atan2(d[:, 1], d[:, 0]), self._tan(d)
        for index in range(7):
            place = self._salt[8 + index] / 30
            centre = shore + (1 if index % 2 else -1) * (0.55 + 2.2 * place)
            size = 0.35 + 0.5 * self._salt[15 + index % 6] / 30
            x = torch.atan2(torch.sin(azimuth - centre), torch.cos(azimuth - centre)) / size
            h = (y + 0.10 * size) / size
            lean = (place - 0.5) * 0.7
            trunk = smooth(0.045, 0.02, (x - lean * h.clamp(min=0).square()).abs()) * (h > 0).float() * (h < 1).float()
            dx, dy = x - lean, h - 1.0
            r = (dx.square() + dy.square()).sqrt()
            droop = dy + 0.75 * dx.square() + 0.3 * r.square()
            angle = torch.atan2(droop, dx)
            frond = smooth(0.30, 0.5, torch.cos(angle * 4.5 + index).abs()) * smooth(0.62, 0.5, r + 0.08 * torch.sin(angle * 31))
            frond = torch.maximum(frond, smooth(0.12, 0.08, r))
            green = rgb(0.10, 0.36, 0.10) * (0.6 + 0.9 * smooth(-0.3, 0.4, droop))[:, None]
            colour = mix(colour, (rgb(0.38, 0.27, 0.17) * self.light).expand_as(colour), trunk)
            colour = mix(colour, green * self.light, frond)
        return colour

    def _canyon(self, d, colour, ground):
        f = self._f
        for salt, base, height, fog in ((6, 0.06, 0.30, 0.34), (7, -0.05, 0.62, 0.04)):
            q = self._circle(d, salt)
            n = smooth(0.36, 0.60, f.fbm(q, 1.4 + 0.4 * (salt - 6), 3)) * 0.7 + 0.3 * smooth(0.45, 0.55, f.fbm(q, 3.5, 3))
            crest = base + height * n
            y = self._tan(d)
            inside = smooth(-0.004, 0.006, crest - y)
            strata = torch.sin((y / (height + 0.1)) * 34 + 5 * f.fbm(q, 2.0, 2)) * 0.5 + 0.5
            cracks = f.fbm(torch.cat([q[:, :2] * 16, y[:, None] * 2], -1), 1.0, 3)
            rock = ramp(
                strata * 0.6 + 0.4 * f.fbm(torch.cat([q[:, :2] * 3, y[:, None] * 18], -1), 1.0, 2),
                rgb(0.48, 0.19, 0.10),
                rgb(0.76, 0.36, 0.18),
                rgb(0.95, 0.66, 0.42),
            )
            rock = rock * (0.5 + 0.75 * smooth(0.25, 0.6, cracks))[:, None]
            colour = mix(colour, mix(rock * self.light, self.horizon.expand_as(rock), torch.full((len(d),), fog)), inside)
        hit, fog = self._floor(d)
        t = 0.5 * self._detail(hit, 0.5, 4) + 0.5 * self._detail(hit, 3.5, 3)
        surface = ramp(t, rgb(0.44, 0.20, 0.11), rgb(0.74, 0.42, 0.24), rgb(0.92, 0.66, 0.44))
        distance, _, number = f.cells(hit[:, :2] * 1.5, 0.9)
        stone = smooth(0.26, 0.18, distance) * (number[:, 0] < 0.35).float() * self._fade(hit, 1.5)
        surface = mix(surface, surface * 0.45, stone)
        shrub = smooth(0.30, 0.2, distance) * (number[:, 0] > 0.80).float() * self._fade(hit, 1.5)
        return self._lay(
            colour, d, ground, mix(surface, rgb(0.26, 0.32, 0.14) * (0.6 + 0.8 * f.value(hit, 9))[:, None], shrub), fog * 0.7
        )

    def _stars(self, d, colour, ground):
        f = self._f
        axis = torch.nn.functional.normalize(rgb(math.cos(self._salt[4]), math.sin(self._salt[4]), 0.75), dim=0)
        across = d @ axis + 0.10 * (f.fbm(d + self._salt[2], 1.5, 3) - 0.5)
        dust = f.fbm(f.warp(d, 2, 0.2) + self._salt[3], 3.0, 4)
        band = (
            torch.exp(-(across / 0.20).square())
            * (0.35 + 0.9 * dust)
            * (1 - 0.8 * torch.exp(-(across / 0.05).square()) * smooth(0.4, 0.6, dust))
        )
        milky = ramp(dust, rgb(0.30, 0.26, 0.52), rgb(0.62, 0.54, 0.72), rgb(0.96, 0.86, 0.80))
        colour = colour + milky * (band * 0.75 * smooth(-0.05, 0.2, d[:, 2]))[:, None]
        colour = mix(colour, rgb(0.016, 0.02, 0.035).expand_as(colour), self._ridge(d, 7, 0.0, 0.22, 1.8, True)[0])
        hit, fog = self._floor(d)
        floor = ramp(self._detail(hit, 0.8, 4), rgb(0.03, 0.04, 0.07), rgb(0.12, 0.14, 0.20), rgb(0.22, 0.25, 0.33))
        return torch.where(ground[:, None], mix(floor, rgb(0.04, 0.06, 0.11).expand_as(floor), fog), colour)

    def _aurora(self, d, colour, ground):
        f = self._f
        plane = d[:, :2] / (d[:, 2:].clamp(min=0) + 0.35)
        for k, hue in ((0, rgb(0.12, 0.95, 0.48)), (1, rgb(0.16, 0.86, 0.70)), (2, rgb(0.60, 0.26, 0.92))):
            q = torch.cat([plane, torch.full((len(d), 1), self._salt[10 + k])], -1)
            fold = f.fbm(f.warp(q, 0.7, 0.35), 0.75, 2)
            curtain = torch.exp(-((fold - 0.5) / 0.045).square()) + 0.35 * torch.exp(-((fold - 0.46) / 0.10).square())
            rays = 0.55 + 0.6 * f.fbm(self._circle(d, 14 + k), 9, 2)
            colour = colour + hue * (0.85 * curtain * rays * smooth(0.04, 0.25, d[:, 2]))[:, None]
        colour = mix(colour, rgb(0.10, 0.16, 0.22).expand_as(colour), self._ridge(d, 7, 0.0, 0.20, 1.7, True)[0])
        colour = self._trees(colour, d, 4, 0.0, 0.10, 80, rgb(0.08, 0.16, 0.16), 0.0)
        hit, fog = self._floor(d)
        snow = ramp(self._detail(hit, 0.6, 4), rgb(0.08, 0.18, 0.26), rgb(0.26, 0.48, 0.50), rgb(0.55, 0.80, 0.76))
        return torch.where(ground[:, None], mix(snow, rgb(0.12, 0.30, 0.30).expand_as(snow), fog), colour)

    def _city(self, d, colour, ground):
        f = self._f
        azimuth, y = torch.atan2(d[:, 1], d[:, 0]) / (2 * math.pi), self._tan(d)
        dark = self.time == "night"
        for layer, (count, tall, fog) in enumerate(((64, 0.34, 0.45), (44, 0.52, 0.22), (30, 0.62, 0.0))):
            x = azimuth * count + 0.3 * layer
            cell = torch.floor(x)
            number = f.hash(torch.stack([torch.remainder(cell, count), torch.full_like(cell, layer)], -1), layer + 1)
            top = tall * (0.22 + 0.78 * number[:, 0].square())
            half = 0.36 + 0.13 * number[:, 1]
            off = (x - cell - 0.5).abs()
            half = half * torch.where(y > top * 0.82, 0.45 + 0.55 * (number[:, 3] > 0.5).float(), torch.ones_like(y))
            inside = smooth(0.012, -0.012, off - half) * smooth(0.004, -0.004, y - top)
            wall = ramp(number[:, 2], rgb(0.36, 0.40, 0.46), rgb(0.58, 0.60, 0.64), rgb(0.62, 0.52, 0.44)) * (
                0.9 if not dark else 0.5
            )
            u, v = (x - cell) * 9, y * 46
            window = smooth(0.22, 0.30, (u - torch.floor(u) - 0.5).abs() * -1 + 0.55) * smooth(
                0.2, 0.28, (v - torch.floor(v) - 0.5).abs() * -1 + 0.55
            )
            lit = f.hash(torch.stack([torch.floor(u) + 9 * cell, torch.floor(v)], -1), layer + 5)
            share = {"night": 0.55, "sunset": 0.30, "dawn": 0.18, "day": 0.0}[self.time]
            pane = torch.where(
                (lit[:, 0] < share)[:, None],
                ramp(lit[:, 1], rgb(1.0, 0.72, 0.32), rgb(1.0, 0.92, 0.66)),
                (self.zenith * 0.5 + self.horizon * 0.35).expand_as(wall),
            )
            surface = mix(wall * self.light.clamp(min=0.22), pane, window * 0.9)
            haze = torch.full((len(d),), fog) * (0.8 if dark else 1.0)
            colour = mix(colour, mix(surface, self.horizon.expand_as(surface), haze), inside)
        hit, fog = self._floor(d)
        block = (torch.remainder(hit[:, :2] * 0.22 + 0.5, 1) - 0.5).abs().amin(-1)
        asphalt = rgb(0.27, 0.28, 0.30) * (0.75 + 0.5 * self._detail(hit, 4.0))[:, None]
        line = smooth(0.022, 0.012, block) * (torch.remainder(hit[:, :2].sum(-1) * 0.9, 1) < 0.55).float() * self._fade(hit, 1.2)
        walk = rgb(0.55, 0.54, 0.52) * (0.85 + 0.3 * self._detail(hit, 3.0))[:, None]
        surface = mix(mix(asphalt, walk, smooth(0.19, 0.20, block)), rgb(0.95, 0.92, 0.80).expand_as(colour), line)
        surface = surface * self.light.clamp(min=0.30)
        if dark:
            glow = smooth(0.55, 0.0, f.cells(hit[:, :2] * 0.45, 0.5)[0])
            surface = surface + rgb(0.62, 0.42, 0.18) * (glow * 0.55)[:, None]
        return torch.where(ground[:, None], mix(surface, self.horizon.expand_as(surface), fog * 0.6), colour)

    def _alien(self, d, colour, ground):
        f = self._f
        for k, size in ((0, 0.42), (1, 0.13)):
            place, height = self._salt[11 + k], 0.30 + 0.35 * self._salt[13 + k] / 30
            c = rgb(math.cos(height) * math.cos(place), math.cos(height) * math.sin(place), math.sin(height))
            angle = torch.acos((d @ c).clamp(-1, 1))
            lit = smooth(-0.6, 0.8, (d - c) @ torch.nn.functional.normalize(rgb(0.4, 0.3, 0.8), dim=0) / size)
            bands = f.fbm(torch.cat([(d - c)[:, :2] * 1.5, (d - c)[:, 2:] * 14], -1) + self._salt[15], 0.8 / size * 0.4, 3)
            ball = ramp(bands, rgb(0.50, 0.28, 0.42), rgb(0.90, 0.66, 0.56), rgb(0.98, 0.92, 0.82)) * (0.35 + 0.75 * lit)[:, None]
            colour = mix(colour, ball, smooth(size, size - 0.012, angle))
        rock = self.zenith * 0.9 + rgb(0.14, 0.10, 0.16)
        colour = self._mountains_layer(colour, d, 6, 0.02, 0.36, 2.6, rock * 0.9 + self.horizon * 0.2, -9.0, 0.35)
        colour = self._mountains_layer(colour, d, 7, -0.04, 0.26, 3.4, rock, -9.0, 0.05)
        hit, fog = self._floor(d)
        distance, _, number = f.cells(hit[:, :2] * 0.55, 0.8)
        base = ramp(self._detail(hit, 0.9, 4), rock * 0.45, rock, self.horizon * 0.75)
        rim = torch.exp(-((distance - 0.36) / 0.05).square()) * (number[:, 0] < 0.6).float()
        bowl = smooth(0.36, 0.22, distance) * (number[:, 0] < 0.6).float()
        surface = mix(
            mix(base, base * 0.5, bowl * 0.8), (self.horizon * 0.9 + 0.1).expand_as(base), rim * 0.6 * self._fade(hit, 1.0)
        )
        return self._lay(colour, d, ground, surface, fog * 0.7)

    def _clouds(self, d, colour, ground):
        f = self._f
        for salt, base, height, fog in ((6, 0.0, 0.10, 0.5), (7, -0.03, 0.10, 0.2)):
            q = self._circle(d, salt)
            bumps = f.fbm(q, 3.5, 4)
            crest = base + height * (0.4 + 0.9 * (bumps - 0.3))
            below = (crest - self._tan(d)).clamp(min=0)
            puff = ramp(
                1 - below * 6 + 0.5 * (f.fbm(torch.cat([q[:, :2] * 7, self._tan(d)[:, None] * 20], -1), 1, 3) - 0.5),
                rgb(0.55, 0.62, 0.76),
                rgb(0.88, 0.90, 0.95),
                rgb(1, 1, 1),
            )
            colour = mix(
                colour,
                mix(puff * self.light, self.horizon.expand_as(puff), torch.full((len(d),), fog)),
                smooth(0.0, 0.012, below),
            )
        hit, fog = self._floor(d)
        q = f.warp(hit + self._salt[8], 0.3, 0.5)
        high = f.fbm(q, 0.42, 5)
        lit = f.fbm(q + rgb(0.3, 0.2, 0.0), 0.42, 3)
        t = (0.05 + 0.8 * high + 1.5 * (high - lit)).clamp(0, 1)
        return self._lay(colour, d, ground, ramp(t, rgb(0.46, 0.56, 0.74), rgb(0.84, 0.87, 0.94), rgb(1, 1, 1)), fog * 0.7)


def directions(azimuth: float, elevation: float, fov: float, size: int) -> Tensor:
    """Unit directions [size * size, 3] of a square view; azimuth (degrees) grows to the right, elevation upward."""
    a, e = math.radians(azimuth), math.radians(elevation)
    forward = rgb(math.sin(a) * math.cos(e), math.cos(a) * math.cos(e), math.sin(e))
    right = rgb(math.cos(a), -math.sin(a), 0.0)
    up = torch.linalg.cross(right, forward)
    axis = ((torch.arange(size) + 0.5) / size * 2 - 1) * math.tan(math.radians(fov / 2))
    x, y = torch.meshgrid(axis, -axis, indexing="xy")
    return torch.nn.functional.normalize(forward + x[..., None] * right + y[..., None] * up, dim=-1).reshape(-1, 3)
