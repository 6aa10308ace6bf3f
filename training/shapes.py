"""Random smooth solids seen by a random camera: surface points, box-mapped uv and exact inverse depth, by sphere tracing."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from .noise import Field, smooth


class Seen(NamedTuple):
    """What one camera sees of one solid, for the M pixels that it covers."""

    mask: Tensor  # [h, w] bool
    inverse_depth: Tensor  # [h, w] 0..1, near = 1, background = 0
    points: Tensor  # [M, 3] object space
    uv: Tensor  # [M, 2] the two coordinates across the main axis of the normal
    normals: Tensor  # [M, 3]
    view: str  # "front", "side", "back" or "overhead"


def _smooth_min(a: Tensor, b: Tensor, k: float) -> Tensor:
    h = (0.5 + 0.5 * (b - a) / k).clamp(0, 1)
    return b + (a - b) * h - k * h * (1 - h)


class Solid:
    """A smooth union of ellipsoids (a head with ears, muzzle and bumps), a rounded box, a torus, or a mix."""

    def __init__(self, f: Field) -> None:
        self._parts: list[tuple[str, Tensor, Tensor]] = []
        kind = f.random.choice(["head", "head", "head", "blob", "blob", "torus", "box", "vase", "ball"])
        self.kind = kind
        if kind == "head":
            self._ellipsoid(0, 0, 0, f.uniform(0.55, 0.72), f.uniform(0.5, 0.7), f.uniform(0.55, 0.78))
            self._ellipsoid(0, -f.uniform(0.4, 0.62), -f.uniform(0.1, 0.35), f.uniform(0.22, 0.42), 0.3, f.uniform(0.18, 0.32))
            x, z, size = f.uniform(0.5, 0.78), f.uniform(0.0, 0.7), f.uniform(0.16, 0.32)
            tall = f.uniform(0.9, 2.0)
            for side in (-1, 1):
                self._ellipsoid(side * x, f.uniform(-0.05, 0.1), z, size, size * 0.5, size * tall)
                self._ellipsoid(side * 0.24, -0.5, 0.15, 0.15, 0.15, 0.15)
        elif kind == "blob":
            for _ in range(f.random.randint(3, 6)):
                r = f.uniform(0.25, 0.55)
                self._ellipsoid(*(f.uniform(-0.45, 0.45) for _ in range(3)), r * f.uniform(0.7, 1.3), r, r * f.uniform(0.7, 1.3))
        elif kind == "torus":
            self._parts.append(("torus", torch.zeros(3), torch.tensor([f.uniform(0.5, 0.62), f.uniform(0.18, 0.3), 0.0])))
        elif kind == "box":
            self._parts.append(("box", torch.zeros(3), torch.tensor([f.uniform(0.35, 0.6) for _ in range(3)])))
        elif kind == "vase":
            for z, r in (
                (-0.6, f.uniform(0.3, 0.45)),
                (-0.15, f.uniform(0.4, 0.6)),
                (0.35, f.uniform(0.2, 0.4)),
                (0.7, f.uniform(0.25, 0.4)),
            ):
                self._ellipsoid(0, 0, z, r, r, 0.3)
        else:
            self._ellipsoid(0, 0, 0, 0.8, 0.8, f.uniform(0.7, 0.8))
        self._blend = f.uniform(0.06, 0.2)
        self._bumps = f.uniform(0.0, 0.02) if kind != "box" else 0.0
        self._turn = f.uniform(0, 360) if kind in ("torus", "box", "blob") else 0.0
        self._tip = f.uniform(0, 90) if kind == "torus" else 0.0

    def _ellipsoid(self, *numbers: float) -> None:
        self._parts.append(("ellipsoid", torch.tensor(numbers[:3]), torch.tensor(numbers[3:])))

    def distance(self, p: Tensor) -> Tensor:
        """Bound on the distance to the surface, [N]."""
        if self._tip:
            c, s = math.cos(math.radians(self._tip)), math.sin(math.radians(self._tip))
            p = torch.stack([p[:, 0], c * p[:, 1] - s * p[:, 2], s * p[:, 1] + c * p[:, 2]], -1)
        if self._turn:
            c, s = math.cos(math.radians(self._turn)), math.sin(math.radians(self._turn))
            p = torch.stack([c * p[:, 0] - s * p[:, 1], s * p[:, 0] + c * p[:, 1], p[:, 2]], -1)
        total = None
        for kind, centre, size in self._parts:
            q = p - centre
            if kind == "ellipsoid":
                k0 = (q / size).norm(dim=-1)
                k1 = (q / size.square()).norm(dim=-1).clamp(min=1e-6)
                d = k0 * (k0 - 1) / k1
            elif kind == "torus":
                ring = q[:, :2].norm(dim=-1) - size[0]
                d = (ring.square() + q[:, 2].square()).sqrt() - size[1]
            else:
                d = (q.abs() - size + 0.12).clamp(min=0).norm(dim=-1) + (q.abs() - size + 0.12).amax(-1).clamp(max=0) - 0.12
            total = d if total is None else _smooth_min(total, d, self._blend)
        if self._bumps:
            total = total + self._bumps * (torch.sin(9 * p[:, 0]) * torch.sin(8 * p[:, 1] + 1) * torch.sin(10 * p[:, 2]))
        return total * 0.85

    def radius(self) -> float:
        """Distance of the farthest surface from the origin, to 0.1."""
        axis = torch.linspace(-1.8, 1.8, 25)
        grid = torch.cartesian_prod(axis, axis, axis)
        return float(grid[self.distance(grid) < 0.05].norm(dim=-1).max())


def look(solid: Solid, f: Field, size: int) -> Seen:
    """One random orbiting view of `solid`, `size` pixels square."""
    overhead = f.chance(0.12)
    azimuth = f.uniform(-180, 180)
    elevation = f.uniform(62, 90) if overhead else f.uniform(-25, 45)
    fov = f.uniform(35, 55)
    reach = solid.radius()
    distance = f.uniform(0.85, 1.2) * reach / math.sin(math.radians(fov / 2))
    view = "overhead" if overhead else ("front" if abs(azimuth) < 45 else "back" if abs(azimuth) > 135 else "side")
    a, e = math.radians(azimuth), math.radians(elevation)
    back = torch.tensor([math.sin(a) * math.cos(e), -math.cos(a) * math.cos(e), math.sin(e)])
    right = torch.tensor([math.cos(a), math.sin(a), 0.0])
    up = torch.linalg.cross(back, right)
    axis = ((torch.arange(size) + 0.5) / size * 2 - 1) * math.tan(math.radians(fov / 2))
    x, y = torch.meshgrid(axis, -axis, indexing="xy")
    rays = torch.nn.functional.normalize(x[..., None] * right + y[..., None] * up - back, dim=-1).reshape(-1, 3)
    origin = back * distance
    travelled = torch.full((len(rays),), distance - reach - 0.1)
    alive = torch.arange(len(rays))
    hit = torch.zeros(len(rays), dtype=torch.bool)
    for _ in range(40):
        step = solid.distance(origin + rays[alive] * travelled[alive, None])
        travelled[alive] += step
        done = step < 0.002
        hit[alive[done]] = True
        alive = alive[~done & (travelled[alive] < distance + reach + 0.1)]
        if len(alive) == 0:
            break
    points = origin + rays[hit] * travelled[hit, None]
    normals = torch.stack(
        [solid.distance(points + 0.01 * unit) - solid.distance(points - 0.01 * unit) for unit in torch.eye(3)], -1
    )
    normals = torch.nn.functional.normalize(normals, dim=-1)
    main = normals.abs().argmax(-1)
    uv = torch.where(
        (main == 0)[:, None], points[:, [1, 2]], torch.where((main == 1)[:, None], points[:, [0, 2]], points[:, [0, 1]])
    )
    return Seen(
        hit.reshape(size, size), inverse_depth(travelled * (rays @ -back), hit).reshape(size, size), points, uv, normals, view
    )


def inverse_depth(depth: Tensor, hit: Tensor) -> Tensor:
    """1 / depth, stretched to 0..1 over the covered pixels (near = 1); background 0. Same shape as `depth`."""
    result = torch.zeros_like(depth)
    if hit.any():
        inverse = 1 / depth[hit]
        low, high = inverse.min(), inverse.max()
        result[hit] = (inverse - low) / (high - low).clamp(min=1e-6)
    return result


def shade(colour: Tensor, seen: Seen, f: Field) -> Tensor:
    """Barely lit: a texture must not carry strong light."""
    light = torch.nn.functional.normalize(torch.tensor([f.uniform(-0.5, 0.5), -0.6, 0.8]), dim=0)
    amount = 0.90 + 0.10 * smooth(-0.6, 0.9, seen.normals @ light)
    return colour * amount[:, None]
