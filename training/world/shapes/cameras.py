"""Cameras that orbit a solid and frame it."""

from __future__ import annotations

import math
from random import Random
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .solids import Solid

AZIMUTHS = {"front": (-45, 45), "side": (45, 135), "back": (135, 225), "overhead": (-180, 180)}


class Camera(NamedTuple):
    """A perspective camera in the object space of a solid."""

    origin: Tensor  # [3]
    right: Tensor  # [3]
    up: Tensor  # [3]
    back: Tensor  # [3], against the view direction
    tangent: float  # of half the field of view
    width: float  # half the width of the view at the solid's middle
    near: float  # nothing of the solid is nearer,
    far: float  # nor farther

    def rays(self, size: int) -> Tensor:
        """Unit directions [size * size, 3], row by row from the top left."""
        axis = ((torch.arange(size, device=self.origin.device) + 0.5) / size * 2 - 1) * self.tangent
        x, y = torch.meshgrid(axis, -axis, indexing="xy")
        return F.normalize(x[..., None] * self.right + y[..., None] * self.up - self.back, dim=-1).reshape(-1, 3)


def frame(solid: Solid, rotation: Tensor, view: str, r: Random) -> Camera:
    """A random camera on the side named `view` (front is -y), the solid filling 70..97 % of its picture."""
    device = rotation.device
    azimuth = math.radians(r.uniform(*AZIMUTHS[view]) * (r.choice((-1, 1)) if view == "side" else 1))
    elevation = math.radians(r.uniform(62, 88) if view == "overhead" else r.triangular(solid.lowest, 45, max(solid.lowest, 12)))
    tangent, fill = math.tan(math.radians(r.uniform(35, 55) / 2)), r.triangular(0.70, 0.97, 0.93)
    a, e = azimuth, elevation
    back = [math.sin(a) * math.cos(e), -math.cos(a) * math.cos(e), math.sin(e)]
    right = [math.cos(a), math.sin(a), 0.0]
    back, right = torch.tensor([back, right], device=device) @ rotation  # into the solid's space: rotation.T from the left
    up = torch.linalg.cross(back, right)
    # points of a grid near the surface, with the distance by which the surface can lie beyond them
    axis = torch.linspace(-1.6, 1.6, 25, device=device)
    grid = torch.cartesian_prod(axis, axis, axis)
    distance = solid.distance(grid)
    close = distance < 0.1
    grid, beyond = grid[close], -distance[close, None]
    seen = grid @ torch.stack([right, up, back], -1)  # [M, 3]
    low, high = (seen - beyond).amin(0), (seen + beyond).amax(0)
    middle = (low + high) / 2
    reach = (seen - middle)[:, :2].abs().amax(-1) + beyond[:, 0]
    away = float((reach / (fill * tangent) + (seen[:, 2] - middle[2])).amax())
    x, y, z = middle.tolist()
    origin = x * right + y * up + (z + away) * back
    half = float(high[2] - low[2]) / 2
    return Camera(origin, right, up, back, tangent, away * tangent, max(away - half - 0.1, 0.05), away + half + 0.2)
