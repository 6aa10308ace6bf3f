"""Random solids as distance fields, about one unit in radius, with coordinates that follow their surface."""

from __future__ import annotations

import math
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor


def box_uv(p: Tensor, normals: Tensor) -> Tensor:
    """[N, 2]: the two coordinates across the main axis of the normal; height stays the second on walls."""
    main = normals.abs().argmax(-1, keepdim=True)
    first = torch.where(main == 0, p[:, 1:2], p[:, 0:1])
    second = torch.where(main == 2, p[:, 1:2], p[:, 2:3])
    return torch.cat([first, second], -1)


def plan_uv(p: Tensor, normals: Tensor, towards: Tensor) -> Tensor:
    """[N, 2]: walls as projected to a camera in direction `towards` [3], height second; level parts from above.

    Across solids of many round parts courses of bricks stay connected, which box mapping would break up. Nearness shifts both
    coordinates, so that courses bulge as the solid does and a pattern breaks where one part hides another.
    """
    out = F.normalize(torch.stack([towards[0], towards[1]]) + 1e-6, dim=0)
    near = p[:, :2] @ out
    across = p[:, 1] * out[0] - p[:, 0] * out[1]
    wall = torch.stack([across + 0.4 * near, p[:, 2] - 0.3 * near], -1)
    return torch.where(normals[:, 2:].abs() < 0.8, wall, p[:, :2])


def smooth_min(distances: Tensor, k: float) -> Tensor:
    """[N, K] -> [N]: the union of K parts, blended over about 4 k."""
    return -k * torch.logsumexp(distances / -k, -1)


class Solid:
    """A signed distance field: negative inside; outside at most the distance to the surface."""

    lowest = -25.0  # degrees: the lowest elevation of a camera

    def distance(self, p: Tensor) -> Tensor:
        """Points [N, 3] -> [N]."""
        raise NotImplementedError

    def uv(self, p: Tensor, normals: Tensor, towards: Tensor) -> Tensor:
        """Coordinates [N, 2] of surface points, in their units of length; `towards` [3] points to the camera: seams lie on
        the other side."""
        return box_uv(p, normals)


class Ellipsoids(Solid):
    """Ellipsoids, smoothly blended: heads with ears, animals, blobs."""

    def __init__(self, parts: list[tuple[float, ...]], blend: float, device: torch.device, bumps: float = 0.0) -> None:
        table = torch.tensor(parts, device=device)
        centres, inverse = table[:, :3], table[:, 3:].square().reciprocal()
        # |(p - c) / s|^2 and |(p - c) / s^2|^2 of all parts as one product of (p^2, p) with a matrix, and a constant
        weights = [torch.cat([w, -2 * w * centres], -1) for w in (inverse, inverse.square())]
        self._weights = torch.cat(weights).T.contiguous()  # [6, 2 K]
        self._constant = torch.cat([(w * centres.square()).sum(-1) for w in (inverse, inverse.square())])  # [2 K]
        self._k, self._bumps = blend / 4, bumps

    def distance(self, p: Tensor) -> Tensor:
        squares = torch.addmm(self._constant, torch.cat([p * p, p], -1), self._weights).clamp(min=1e-8).sqrt()
        k0, k1 = squares.chunk(2, -1)
        total = smooth_min(k0 * (k0 - 1) / k1, self._k)
        if self._bumps:
            total = total + self._bumps * torch.sin(9 * p[:, 0]) * torch.sin(8 * p[:, 1] + 1) * torch.sin(10 * p[:, 2])
        return total * 0.85

    def uv(self, p: Tensor, normals: Tensor, towards: Tensor) -> Tensor:
        return plan_uv(p, normals, towards)


class Boxes(Solid):
    """Rounded boxes side by side: cubes, chairs, robots."""

    def __init__(self, parts: list[tuple[float, ...]], rounding: float, device: torch.device) -> None:
        table = torch.tensor(parts, device=device)
        self._centres, self._sizes = table[:, :3], table[:, 3:] - rounding
        self._rounding = rounding

    def distance(self, p: Tensor) -> Tensor:
        # axis by axis: reductions over a last dimension of three are slow
        x, y, z = ((p[:, k, None] - self._centres[:, k]).abs() - self._sizes[:, k] for k in range(3))
        outside = (x.clamp(min=0).square() + y.clamp(min=0).square() + z.clamp(min=0).square()).sqrt()
        inside = torch.maximum(torch.maximum(x, y), z).clamp(max=0)
        return smooth_min(outside + inside - self._rounding, 0.008)


class Superquadric(Solid):
    """A superquadric: between a ball, a cylinder, a cushion and a cube."""

    def __init__(self, sizes: tuple[float, ...], around: float, along: float, device: torch.device) -> None:
        self._sizes = torch.tensor(sizes, device=device)
        self._around, self._along = around, along
        self._slope = min(sizes) * (1.0 if min(around, along) >= 2 else 0.7)

    def uv(self, p: Tensor, normals: Tensor, towards: Tensor) -> Tensor:
        return plan_uv(p, normals, towards)

    def distance(self, p: Tensor) -> Tensor:
        q = (p / self._sizes).abs().clamp(min=1e-4)
        ring = q[:, :2].pow(self._around).sum(-1).pow(self._along / self._around)
        return ((ring + q[:, 2].pow(self._along)).pow(1 / self._along) - 1) * self._slope


class Torus(Solid):
    """A ring about the z axis."""

    def __init__(self, radius: float, tube: float) -> None:
        self._radius, self._tube = radius, tube

    def distance(self, p: Tensor) -> Tensor:
        ring = torch.hypot(p[:, 0], p[:, 1]) - self._radius
        return (ring.square() + p[:, 2].square()).sqrt() - self._tube

    def uv(self, p: Tensor, normals: Tensor, towards: Tensor) -> Tensor:
        ring = torch.hypot(p[:, 0], p[:, 1]) - self._radius
        return torch.stack([_angle(p, towards) * self._radius, torch.atan2(p[:, 2], ring) * self._tube], -1)


class Knot(Solid):
    """A tube along a (p, q) torus knot: spheres swept along a curve."""

    def __init__(self, winds: tuple[int, int], radius: float, waist: float, tube: float, device: torch.device) -> None:
        self._winds, self._radius, self._waist, self._tube = winds, radius, waist, tube
        self._t = torch.arange(96, device=device) / 96 * 2 * math.pi
        self._curve = self._at(self._t)
        ahead = self._at(self._t + 1e-2) - self._at(self._t - 1e-2)
        self._speed = ahead.norm(dim=-1) / 2e-2
        self._tangent = F.normalize(ahead, dim=-1)

    def _at(self, t: Tensor) -> Tensor:
        p, q = self._winds
        ring = self._radius + self._waist * torch.cos(q * t)
        return torch.stack([ring * torch.cos(p * t), ring * torch.sin(p * t), self._waist * torch.sin(q * t)], -1)

    def _nearest(self, p: Tensor) -> tuple[Tensor, Tensor]:
        """The curve's nearest parameter [N] and point [N, 3]: of 96 samples, then along the tangent."""
        index = (self._curve.square().sum(-1) - 2 * p @ self._curve.T).argmin(-1)
        along = ((p - self._curve[index]) * self._tangent[index]).sum(-1)
        t = self._t[index] + (along / self._speed[index]).clamp(-0.05, 0.05)
        return t, self._at(t)

    def distance(self, p: Tensor) -> Tensor:
        return ((p - self._nearest(p)[1]).norm(dim=-1) - self._tube) * 0.95

    def uv(self, p: Tensor, normals: Tensor, towards: Tensor) -> Tensor:
        t, centre = self._nearest(p)
        off = p - centre
        outward = F.normalize(centre * centre.new_tensor((1, 1, 0)), dim=-1)
        angle = torch.atan2(off[:, 2], (off * outward).sum(-1))
        return torch.stack([t * float(self._speed.mean()), angle * self._tube], -1)


class Lathe(Solid):
    """A profile turned about the z axis, with or without handles: vases, bottles, pawns, pots."""

    def __init__(self, waves: list[tuple[float, float, float]], middle: float, height: float, handles: list[float]) -> None:
        self._waves, self._middle, self._height, self._handles = waves, middle, height, handles
        slope = sum(abs(size) * rate for size, rate, _ in waves)
        self._factor = 1 / math.sqrt(1 + slope * slope)

    def _profile(self, z: Tensor) -> Tensor:
        z = z.clamp(-self._height, self._height)
        return self._middle + sum(size * torch.sin(rate * z + start) for size, rate, start in self._waves)

    def distance(self, p: Tensor) -> Tensor:
        side = (torch.hypot(p[:, 0], p[:, 1]) - self._profile(p[:, 2]).clamp(min=0.1)) * self._factor
        lid = p[:, 2].abs() - self._height
        total = 0.03 * torch.logaddexp(side / 0.03, lid / 0.03)
        for place in self._handles:
            q = torch.hypot(p[:, 0] - place, p[:, 2] - 0.1) - 0.3
            total = torch.minimum(total, (q.square() + p[:, 1].square()).sqrt() - 0.075)
        return total * 0.95

    def uv(self, p: Tensor, normals: Tensor, towards: Tensor) -> Tensor:
        wall = torch.stack([_angle(p, towards) * self._middle, p[:, 2]], -1)
        return torch.where(normals[:, 2:].abs() < 0.8, wall, p[:, :2])


class Terrain(Solid):
    """A square piece of hilly ground."""

    lowest = 12.0

    def __init__(self, waves: list[tuple[float, float, float, float]], half: float, base: float) -> None:
        self._waves, self._half, self._base = waves, half, base
        self._factor = 1 / math.sqrt(1 + sum(size * math.hypot(x, y) for size, x, y, _ in waves) ** 2)

    def distance(self, p: Tensor) -> Tensor:
        height = sum(size * torch.sin(x * p[:, 0] + y * p[:, 1] + start) for size, x, y, start in self._waves)
        top = (p[:, 2] - height) * self._factor
        sides = p[:, :2].abs().amax(-1) - self._half
        return torch.maximum(torch.maximum(top, sides), -p[:, 2] - self._base)


class Rock(Solid):
    """Flat faces with soft edges: stones, gems, houses."""

    def __init__(self, faces: Tensor, edge: float) -> None:
        self._faces, self._edge = faces, edge

    def distance(self, p: Tensor) -> Tensor:
        heights = p @ self._faces[:, :3].T - self._faces[:, 3]
        return self._edge * torch.logsumexp(heights / self._edge, -1)


def _angle(p: Tensor, towards: Tensor) -> Tensor:
    """Angle about the z axis, -pi..pi, whose seam lies away from the camera."""
    x, y = F.normalize(towards[:2] + 1e-6, dim=0).unbind()
    return torch.atan2(p[:, 1] * x - p[:, 0] * y, p[:, 0] * x + p[:, 1] * y)


def head(r: Random, device: torch.device) -> Solid:
    """A head with muzzle, ears, eyes and brows; it faces -y, the front."""
    u = r.uniform
    parts = [(0, 0, 0, u(0.55, 0.72), u(0.5, 0.7), u(0.55, 0.78))]
    parts.append((0, -u(0.4, 0.62), -u(0.1, 0.35), u(0.22, 0.42), 0.3, u(0.18, 0.32)))
    x, y, z, size, tall = u(0.5, 0.85), u(-0.05, 0.1), u(0.0, 0.7), u(0.16, 0.32), u(0.8, 2.0)
    eye, ball = u(0.2, 0.3), u(0.12, 0.18)
    for side in (-1, 1):
        parts.append((side * x, y, z, size, size * 0.5, size * tall))
        parts.append((side * eye, -0.5, 0.15, ball, ball, ball))
    return Ellipsoids(parts, u(0.05, 0.16), device, u(0, 0.02))


def animal(r: Random, device: torch.device) -> Solid:
    """A body on legs, with a head and perhaps a tail; it faces the front."""
    u = r.uniform
    length, girth, leg = u(0.5, 0.75), u(0.25, 0.4), u(0.25, 0.5)
    parts = [(0, 0, 0, girth, length, girth * u(0.9, 1.2))]
    z, size = girth * u(0.5, 1.5), u(0.22, 0.34)
    parts.append((0, -length, z, size, size * u(1, 1.4), size))
    for side in (-1, 1):
        parts.append((side * size * 0.6, -length, z + size, size * 0.35, size * 0.25, size * u(0.5, 1.4)))
        for end in (-0.62, 0.62):
            parts.append((side * girth * 0.6, end * length, -girth - leg * 0.4, 0.13, 0.14, leg))
    if r.random() < 0.6:
        parts.append((0, length * 1.1, girth * 0.6, 0.1, u(0.15, 0.3), u(0.15, 0.4)))
    return Ellipsoids(parts, u(0.06, 0.14), device)


def blob(r: Random, device: torch.device) -> Solid:
    """A few balls, smoothly blended."""
    u = r.uniform
    parts = []
    for _ in range(r.randint(3, 6)):
        size = u(0.25, 0.5)
        parts.append((u(-0.4, 0.4), u(-0.4, 0.4), u(-0.4, 0.4), size * u(0.7, 1.3), size, size * u(0.7, 1.3)))
    return Ellipsoids(parts, u(0.1, 0.3), device)


def ball(r: Random, device: torch.device) -> Solid:
    """A ball, a cushion, a drum or an egg."""
    u = r.uniform
    if r.random() < 0.4:
        return Superquadric((0.85, 0.85, 0.85), 2, 2, device)
    return Superquadric((u(0.6, 0.9), u(0.6, 0.9), u(0.55, 0.95)), r.choice((1.5, 2, 2, 3, 5)), r.choice((1.5, 2, 3, 5)), device)


def cube(r: Random, device: torch.device) -> Solid:
    """One rounded box, or two or three of them piled up."""
    u = r.uniform
    parts = [(0, 0, 0, u(0.45, 0.65), u(0.45, 0.65), u(0.4, 0.65))]
    for _ in range(r.choice((0, 0, 1, 2))):
        parts.append((u(-0.5, 0.5), u(-0.5, 0.5), u(-0.3, 0.6), u(0.2, 0.4), u(0.2, 0.4), u(0.2, 0.45)))
    return Boxes(parts, u(0.03, 0.15), device)


def chair(r: Random, device: torch.device) -> Solid:
    """Seat, back and four legs."""
    u = r.uniform
    wide, deep, leg, thick, back = u(0.4, 0.55), u(0.4, 0.5), u(0.4, 0.6), u(0.07, 0.12), u(0.4, 0.65)
    parts = [(0, 0, 0, wide, deep, thick), (0, deep - thick, back, wide, thick, back)]
    for x in (-1, 1):
        for y in (-1, 1):
            parts.append((x * (wide - thick), y * (deep - thick), -leg, thick, thick, leg))
    return Boxes(parts, 0.04, device)


def robot(r: Random, device: torch.device) -> Solid:
    """A standing figure of boxes."""
    u = r.uniform
    wide, tall, arm, leg = u(0.25, 0.4), u(0.28, 0.42), u(0.09, 0.14), u(0.3, 0.45)
    parts = [(0, 0, 0, wide, u(0.18, 0.3), tall), (0, -0.03, tall + 0.24, u(0.18, 0.28), 0.2, 0.22)]
    for side in (-1, 1):
        parts.append((side * (wide + arm), 0, tall - 0.42 + u(-0.03, 0.03), arm, arm, 0.4))
        parts.append((side * wide * 0.55, 0, -tall - leg * 0.8, arm * 1.1, arm * 1.2, leg))
    return Boxes(parts, u(0.03, 0.08), device)


def torus(r: Random, device: torch.device) -> Solid:
    """A ring."""
    return Torus(r.uniform(0.5, 0.65), r.uniform(0.18, 0.32))


def knot(r: Random, device: torch.device) -> Solid:
    """A knotted tube."""
    winds, tube = r.choice((((2, 3), 0.19), ((2, 3), 0.16), ((3, 2), 0.14), ((2, 1), 0.18)))
    return Knot(winds, 0.6, r.uniform(0.24, 0.3), tube * r.uniform(0.85, 1.1), device)


def vase(r: Random, device: torch.device) -> Solid:
    """A turned vessel."""
    u = r.uniform
    waves = [(u(0.06, 0.16), u(2.0, 4.5), u(0, 6.3)), (u(0.02, 0.06), u(5, 8), u(0, 6.3))]
    middle = u(0.34, 0.5)
    handles = r.choice(([], [], [1], [-1, 1]))
    return Lathe(waves, middle, u(0.6, 0.85), [side * (middle + 0.05) for side in handles])


def terrain(r: Random, device: torch.device) -> Solid:
    """Hills."""
    waves = []
    for rate, size in ((2.5, 0.16), (4.0, 0.10), (6.5, 0.05), (9.0, 0.025)):
        angle = r.uniform(0, 6.3)
        waves.append((size * r.uniform(0.6, 1.3), rate * math.cos(angle), rate * math.sin(angle), r.uniform(0, 6.3)))
    return Terrain(waves, 0.8, 0.45)


def rock(r: Random, device: torch.device) -> Solid:
    """A stone with 9 to 16 faces."""
    faces = []
    for _ in range(r.randint(9, 16)):
        n = torch.tensor([r.gauss(0, 1) for _ in range(3)])
        faces.append([*F.normalize(n, dim=0).tolist(), r.uniform(0.5, 0.75)])
    sides = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
    return Rock(torch.tensor(faces + [[*n, 0.85] for n in sides], device=device), r.uniform(0.01, 0.03))


def house(r: Random, device: torch.device) -> Solid:
    """Four walls and a gable roof."""
    u = r.uniform
    wide, deep, wall, steep = u(0.4, 0.6), u(0.4, 0.7), u(0.1, 0.3), math.radians(u(30, 50))
    ridge = wall + wide * math.tan(steep)
    c, s = math.cos(steep), math.sin(steep)
    faces = [
        (1, 0, 0, wide),
        (-1, 0, 0, wide),
        (0, 1, 0, deep),
        (0, -1, 0, deep),
        (0, 0, -1, 0.5),
        (s, 0, c, c * ridge),
        (-s, 0, c, c * ridge),
    ]
    return Rock(torch.tensor(faces, device=device), 0.01)
