"""Random solids seen by random cameras: surface points, coordinates, normals and exact inverse depth, by sphere tracing.

A small picture is traced first; the full one starts from the depths that its neighbours found there, and only near them.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .cameras import Camera, frame
from .shares import random_solid
from .solids import Solid

DEPTH_FLOOR = 0.2  # inverse depth of a solid's farthest point: at 0 its outline would be lost in the background there
STEPS = 300  # at most for a ray: one that grazes a part on its way to another needs many
TOLERANCE = 4e-4  # units; a step of 8-bit depth is ten times that
__all__ = ["DEPTH_FLOOR", "Camera", "Rendered", "Solid", "frame", "inverse_depth", "render", "render_random", "random_solid"]


class Rendered(NamedTuple):
    """One solid rendered by one camera; M is the number of pixels that it covers."""

    mask: Tensor  # [S, S] bool
    inverse_depth: Tensor  # [S, S] DEPTH_FLOOR..1, near = 1; background = 0
    depth: Tensor  # [S, S] distance along the view direction, 0 in the background
    points: Tensor  # [M, 3] in the solid's own space, in half widths of the view
    uv: Tensor  # [M, 2] in the same unit
    normals: Tensor  # [M, 3]
    facing: Tensor  # [M] cosine between normal and view, 0..1
    camera: Camera


def _march(solid: Solid, origin: Tensor, rays: Tensor, start: Tensor, far: float, steps: int, tolerance: float):
    """Distance travelled [N] along `rays` [N, 3] from `start` [N], and which rays met the solid [N]."""
    travelled, hit = start.clone(), torch.zeros(len(rays), dtype=torch.bool, device=rays.device)
    index, ray, at = torch.arange(len(rays), device=rays.device), rays, start
    for _ in range(steps):
        step = solid.distance(origin + ray * at[:, None])
        at = at + step
        done = step.abs() < tolerance
        travelled[index] = at
        hit[index[done]] = True
        alive = ~done & (at < far)
        index, ray, at = index[alive], ray[alive], at[alive]
        if len(index) == 0:
            break
    return travelled, hit


def _settle(solid: Solid, p: Tensor, rays: Tensor, h: float = 4e-3) -> tuple[Tensor, Tensor]:
    """Remaining distance [N] to the surface by one Newton step, and the unit normals [N, 3]."""
    corners = p.new_tensor([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1], [0, 0, 0]])
    values = solid.distance((p[:, None] + h * corners).reshape(-1, 3)).reshape(-1, 5)
    gradient = values @ corners / (4 * h)
    slope = (gradient * rays).sum(-1).clamp(max=-0.1)
    return values[:, 4] / -slope, F.normalize(gradient, dim=-1)


def render(solid: Solid, camera: Camera, size: int) -> Rendered:
    """Render `solid` with `camera`, `size` x `size` pixels; `size` is even."""
    small = size // 2
    rays = camera.rays(small)
    start = torch.full((small * small,), camera.near, device=rays.device)
    # a ray of the small picture stops where a neighbour within its pixel may touch: no sliver falls between two of them
    reach = 1.5 * camera.tangent * camera.far / small
    travelled, hit = _march(solid, camera.origin, rays, start, camera.far, STEPS, reach)
    known = torch.where(hit, travelled, torch.full_like(travelled, 1e3)).reshape(1, 1, small, small)
    nearest = -F.max_pool2d(-known, 3, 1, 1)
    nearest = nearest.repeat_interleave(2, -1).repeat_interleave(2, -2).reshape(-1)
    maybe = (nearest < 1e3).nonzero()[:, 0]
    rays = camera.rays(size)[maybe]
    travelled, hit = _march(solid, camera.origin, rays, nearest[maybe] - 2 * reach, camera.far, STEPS, TOLERANCE)
    rays, travelled, pixels = rays[hit], travelled[hit], maybe[hit]
    left, normals = _settle(solid, camera.origin + rays * travelled[:, None], rays)
    travelled = travelled + left
    points = camera.origin + rays * travelled[:, None]
    uv = solid.uv(points, normals, camera.back)
    depth = torch.zeros(size * size, device=rays.device)
    depth[pixels] = -(travelled * (rays @ camera.back))
    mask = torch.zeros(size * size, dtype=torch.bool, device=rays.device)
    mask[pixels] = True
    facing = -(normals * rays).sum(-1).clamp(-1, 0)
    mask, depth = mask.reshape(size, size), depth.reshape(size, size)
    return Rendered(mask, inverse_depth(depth, mask), depth, points / camera.width, uv / camera.width, normals, facing, camera)


def render_random(r: Random, view: str, size: int, device: torch.device) -> tuple[Rendered, Tensor]:
    """A random solid from the side named `view`, and its rotation [3, 3] to the world."""
    solid, rotation = random_solid(r, device)
    return render(solid, frame(solid, rotation, view, r), size), rotation


def inverse_depth(depth: Tensor, hit: Tensor) -> Tensor:
    """1 / depth, stretched to DEPTH_FLOOR..1 over the covered pixels (near = 1); background 0. Same shape as `depth`.

    `MeshSpace.condition` does the same, with the `depth_floor` of the model's entry in the catalogue.
    """
    result = torch.zeros_like(depth)
    if hit.any():
        inverse = 1 / depth[hit]
        low, high = inverse.min(), inverse.max()
        result[hit] = 1 - (1 - DEPTH_FLOOR) * (high - inverse) / (high - low).clamp(min=1e-6)
    return result
