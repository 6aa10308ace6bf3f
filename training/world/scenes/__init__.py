"""Worlds without geometry: a colour for every direction, the same world for every view of it (world: +Z up, Blender's).

A world is a sky, silhouettes that depend on azimuth, and a ground plane one unit below the eye.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..noise import Field
from ..vocabulary import ALWAYS_NIGHT, NO_WEATHER
from . import built, coast, halls, land, old, shore, space, strange, woods
from .light import Light
from .view import View
from .weather import add_precipitation

PAINTERS: dict[str, Callable[[World, View, Tensor], Tensor]] = {
    "desert": land.desert,
    "mountains": land.mountains_scene,
    "meadow": land.meadow,
    "forest": land.forest,
    "canyon": land.canyon,
    "ocean": coast.ocean,
    "beach": coast.beach,
    "underwater": coast.underwater,
    "clouds": coast.clouds,
    "lake": shore.lake,
    "waterfall": shore.waterfall,
    "cliffs": shore.cliffs,
    "harbour": shore.harbour,
    "jungle": woods.jungle,
    "autumn": woods.autumn,
    "blossom": woods.blossom,
    "swamp": woods.swamp,
    "farmland": woods.farmland,
    "city": built.city,
    "village": built.village,
    "room": built.room,
    "street": old.street,
    "ruins": old.ruins,
    "cave": old.cave,
    "hall": halls.hall,
    "library": halls.library,
    "kitchen": halls.kitchen,
    "planet": space.planet,
    "station": space.station,
    "stars": strange.stars,
    "aurora": strange.aurora,
    "volcano": strange.volcano,
    "alien": strange.alien,
}
OWN_SKY = (
    "room",
    "underwater",
    "lake",
    "swamp",
    "hall",
    "library",
    "kitchen",
    "cave",
)  # scenes that draw every direction themselves


class World:
    """B worlds of one scene, each with its own time and weather. Calling it with unit directions returns their colours."""

    def __init__(self, scene: str, times: Sequence[str], weathers: Sequence[str], f: Field) -> None:
        if scene in ALWAYS_NIGHT:
            times = ["night"] * len(times)
        if scene in NO_WEATHER:
            weathers = ["clear"] * len(weathers)
        self.scene, self.f = scene, f
        self.light = Light(times, weathers, f)
        if scene in ALWAYS_NIGHT:
            self.light.moon = self.light.moon * 0
        self.variation = [f.draw() for _ in range(24)]  # [B, 1] each, uniform in 0..1: for all else that varies
        self.air: tuple[Tensor, Tensor] | None = None  # an alien sky: its own zenith and horizon [B, 1, 3]
        if scene == "alien":
            strange.alien_sky(self)

    def use_noise(self, number: int) -> None:
        """Let the next noise be that of element `number` of the world, whatever was evaluated or skipped before."""
        self.f._used = number

    def __call__(self, d: Tensor) -> Tensor:
        """sRGB 0..1 [B, N, 3] for unit directions [B, N, 3]."""
        v = View(d)
        if self.scene in OWN_SKY:
            sky = torch.zeros_like(d)
        elif (v.up > -0.02).any():
            sky = self.light.sky(v)
        else:  # the ground covers everything
            sky = self.light.horizon.expand_as(d)
        return add_precipitation(self.light, self.f, v, PAINTERS[self.scene](self, v, sky)).clamp(0, 1)


def directions(azimuth: Tensor, elevation: Tensor, fov: Tensor, size: int) -> Tensor:
    """Unit directions [B, size * size, 3] of square views; degrees [B]; azimuth grows to the right, elevation upward."""
    a, e = torch.deg2rad(azimuth), torch.deg2rad(elevation)
    zero = torch.zeros_like(a)
    forward = torch.stack([a.sin() * e.cos(), a.cos() * e.cos(), e.sin()], -1)
    right = torch.stack([a.cos(), -a.sin(), zero], -1)
    up = torch.linalg.cross(right, forward)
    axis = (torch.arange(size, device=a.device) + 0.5) / size * 2 - 1
    x, y = torch.meshgrid(axis, -axis, indexing="xy")
    reach = torch.tan(fov * (math.pi / 360))[:, None, None]
    rays = forward[:, None] + reach * (x.reshape(1, -1, 1) * right[:, None] + y.reshape(1, -1, 1) * up[:, None])
    return torch.nn.functional.normalize(rays, dim=-1)
