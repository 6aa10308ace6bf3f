"""Rooms and blocks in perspective by ray casting: the nearest intersection of each ray with planes, boxes and columns."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..noise import mix, smooth
from .view import along_bearing

Paint = Callable[[Tensor, Tensor, Tensor], Tensor]  # x, y, z [B, N] of the surface -> colour that broadcasts to [B, N, 3]
Span = tuple[float | Tensor, float | Tensor]
FACES = (0.80, 0.66, 1.06)  # shading of faces perpendicular to x, y and z
FAR = 1e4


class RayCast:
    """Rays of a view, turned by `turn` [B, 1] radians about the vertical, and the nearest surface on each. The eye is at 0."""

    def __init__(self, d: Tensor, turn: Tensor) -> None:
        x, y = along_bearing(d, turn)
        self.d = tuple(torch.where(one.abs() < 1e-5, torch.full_like(one, 1e-5), one) for one in (x, y, d[..., 2]))
        self.depth = torch.full_like(x, FAR)
        self.colour = torch.zeros_like(d)

    def at(self, reach: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x, y and z [B, N] of the points at distance `reach` [B, N] along the rays."""
        return tuple(one * reach for one in self.d)

    def put(self, reach: Tensor, seen: Tensor, colour: Tensor) -> None:
        """Add a surface of `colour` [B, N, 3] at distance `reach` [B, N], where `seen` (bool) holds and nothing nearer is."""
        nearest = seen & (reach < self.depth) & (reach > 0)
        self.depth = torch.where(nearest, reach, self.depth)
        self.colour = torch.where(nearest[..., None], colour, self.colour)

    def plane(self, axis: int, place: float | Tensor, paint: Paint, seen: Callable[..., Tensor] | None = None) -> None:
        """Add the plane perpendicular to `axis` (0 to 2) at `place`, or its part where `seen(x, y, z)` (bool) holds."""
        reach = place / self.d[axis]
        p = self.at(reach)
        shown = (reach > 0) & (reach < FAR)
        self.put(reach, shown & seen(*p) if seen else shown, paint(*p).to(reach.device))

    def box(self, x: Span, y: Span, z: Span, colour: Tensor | Paint) -> None:
        """Add an upright block; a colour [3] or [B, 1, 3] is shaded by its faces."""
        near, far, face = None, None, None
        for axis, (low, high) in enumerate((x, y, z)):
            a, b = low / self.d[axis], high / self.d[axis]
            first, last = torch.minimum(a, b), torch.maximum(a, b)
            if near is None:
                near, far, face = first, last, torch.full_like(first, FACES[0])
            else:
                face = torch.where(first > near, torch.full_like(face, FACES[axis]), face)
                near, far = torch.maximum(near, first), torch.minimum(far, last)
        hit = (near < far) & (near > 0) & (near < self.depth)
        if not hit.any():
            return
        body = colour(*self.at(near)) if callable(colour) else colour
        self.put(near, hit, body.to(near.device) * face[..., None])

    def column(self, x: float, y: float, radius: float, z: Span, colour: Tensor | Paint) -> None:
        """Add an upright round column, lit from one side."""
        dx, dy, dz = self.d
        a = dx.square() + dy.square()
        b = dx * x + dy * y
        under = b.square() - a * (x * x + y * y - radius * radius)
        near = (b - under.clamp(min=0).sqrt()) / a
        hit = (under > 0) & (near > 0) & (near * dz > z[0]) & (near * dz < z[1]) & (near < self.depth)
        if not hit.any():
            return
        p = self.at(near)
        body = colour(*p) if callable(colour) else colour
        self.put(near, hit, body.to(near.device) * (0.74 + 0.34 * (0.8 * (p[0] - x) + 0.6 * (p[1] - y)) / radius)[..., None])

    def room(self, half: tuple[float, float], height: Span, walls: Callable[..., Tensor], floor: Paint, ceiling: Paint) -> None:
        """Add the inside of a box about the eye; `walls(u, z, wall)` gets metres along the wall, and 0..3 for +x, +y, -x, -y."""
        dx, dy, dz = self.d
        reach_x, reach_y = half[0] / dx.abs(), half[1] / dy.abs()
        across = reach_x < reach_y
        side = torch.minimum(reach_x, reach_y)
        px, py, pz = self.at(side)
        u = torch.where(across, py * torch.sign(dx), -px * torch.sign(dy))
        wall = torch.where(across, torch.where(dx > 0, 0.0, 2.0), torch.where(dy > 0, 1.0, 3.0))
        long = torch.where(across, half[1], half[0])
        corner = torch.minimum(long - u.abs(), torch.minimum(pz - height[0], height[1] - pz))
        face = walls(u, pz, wall) * (0.72 + 0.28 * smooth(0.0, 0.45, corner))[..., None]
        self.put(side, torch.ones_like(across), face * torch.where(across, 1.0, 0.88)[..., None])
        for level, paint in ((height[0], floor), (height[1], ceiling)):
            reach = level / dz
            p = self.at(reach)
            inner = torch.minimum(half[0] - p[0].abs(), half[1] - p[1].abs())
            lit = paint(*p) * (0.60 + 0.40 * smooth(0.0, 0.9, inner))[..., None]
            self.put(reach, (inner > 0) & (reach > 0), lit)


def arch(x: Tensor, z: Tensor, half: float, foot: float, spring: float) -> Tensor:
    """Signed distance, about, to a pointed arch: straight up to `spring`, then two arcs of radius 2 * half."""
    arc = ((x.abs() + half).square() + (z - spring).clamp(min=0).square()).sqrt() - 2 * half
    return torch.maximum(torch.where(z > spring, arc, x.abs() - half), foot - z)


def round_arch(x: Tensor, z: Tensor, half: float, foot: float, spring: float) -> Tensor:
    """Signed distance to a door with a half-round head."""
    return torch.maximum((x.square() + (z - spring).clamp(min=0).square()).sqrt() - half, foot - z)


def blocks(w, a: Tensor, b: Tensor, wide: float, tall: float, salt: int) -> tuple[Tensor, Tensor]:
    """Courses of ashlar: joint 0..1, and a random number of each stone, [B, N]."""
    row = (b / tall).floor()
    place = a / wide + 0.5 * torch.remainder(row, 2.0)
    number = w.f.hash(torch.stack([place.floor(), row], -1), salt)[..., 0]
    off = torch.minimum((0.5 - (place - place.floor() - 0.5).abs()) * wide, (0.5 - (b / tall - row - 0.5).abs()) * tall)
    return smooth(0.035, 0.010, off), number


def stone(w, a: Tensor, b: Tensor, wide: float, tall: float, salt: int, dark: Tensor, pale: Tensor) -> Tensor:
    """A wall of ashlar in two tones, [B, N, 3]."""
    joint, number = blocks(w, a, b, wide, tall, salt)
    return mix(mix(dark, pale, number), dark * 0.55, 0.85 * joint)


def lamp_light(c: RayCast, x: float, y: float, z: float, spread: float) -> Tensor:
    """Light of a lamp at (x, y, z) on the visible surface, 0..1 [B, N]; 1/e where the squared distance is `spread`."""
    p = c.at(c.depth)
    return torch.exp(-((p[0] - x).square() + (p[1] - y).square() + (p[2] - z).square()) / spread)
