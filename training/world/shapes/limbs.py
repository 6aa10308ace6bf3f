"""Solids that are recognised by their outline: limbs, thin parts, holes and notches."""

from __future__ import annotations

import math
from random import Random

import torch
from torch import Tensor

from .solids import Boxes, Lathe, Solid, Superquadric, plan_uv, smooth_min

ROUNDING = 0.03  # radius of a plate's edges
Rod = tuple[tuple[float, float, float], tuple[float, float, float], float, float]  # from, to, and the radius at either end


class Rods(Solid):
    """Round-ended rods, smoothly blended: figures, branches, tentacles.

    A rod tapers by at most 0.45 of its length: for a steeper cone `distance` would be too large.
    """

    def __init__(self, rods: list[Rod], blend: float, device: torch.device) -> None:
        self._start = torch.tensor([rod[0] for rod in rods], device=device)
        self._way = torch.tensor([rod[1] for rod in rods], device=device) - self._start
        self._thick = torch.tensor([rod[2] for rod in rods], device=device)
        self._taper = torch.tensor([rod[3] for rod in rods], device=device) - self._thick
        self._square = self._way.square().sum(-1).clamp(min=1e-6)
        self._k = blend / 4

    def distance(self, p: Tensor) -> Tensor:
        along = p @ self._way.T - (self._start * self._way).sum(-1)  # [N, K], as are all below
        share = (along / self._square).clamp(0, 1)
        away = p.square().sum(-1, keepdim=True) - 2 * p @ self._start.T + self._start.square().sum(-1)
        square = away - 2 * share * along + share.square() * self._square
        rods = square.clamp(min=1e-8).sqrt() - self._thick - share * self._taper
        # 0.9: the side of a tapering rod is nearer than its cross-section suggests
        return smooth_min(rods, self._k) * 0.9

    def uv(self, p: Tensor, normals: Tensor, towards: Tensor) -> Tensor:
        return plan_uv(p, normals, towards)


class Pierced(Solid):
    """A solid minus the volume of rods: tunnels, cups, arches."""

    def __init__(self, solid: Solid, tunnels: list[Rod], device: torch.device) -> None:
        self._solid, self._tunnels = solid, Rods(tunnels, 0.02, device)
        self.lowest = solid.lowest

    def distance(self, p: Tensor) -> Tensor:
        return torch.maximum(self._solid.distance(p), -self._tunnels.distance(p))

    def uv(self, p: Tensor, normals: Tensor, towards: Tensor) -> Tensor:
        return self._solid.uv(p, normals, towards)


class Plate(Solid):
    """A thick plate in the x-z plane whose rim oscillates about a circle, perhaps with a round hole.

    points: how often the rim oscillates. depth: by how much of its mean radius. sharp: 0 a flower, 1 a star or gear.
    hole: its radius, and how far it lies off the middle.
    """

    def __init__(self, points: int, depth: float, sharp: float, thick: float, hole: tuple[float, float]) -> None:
        self._points, self._depth, self._sharp, self._thick, self._hole = points, depth, sharp, thick, hole
        self._middle = 0.85 / (1 + depth)
        # how fast the rim turns away from the circle tells how much of the radial way is the way to it
        slope = depth * points * (1 + sharp) * 0.9
        self._factor = 1 / math.sqrt(1 + slope * slope)

    def distance(self, p: Tensor) -> Tensor:
        radius = torch.hypot(p[:, 0], p[:, 2])
        wave = torch.cos(self._points * torch.atan2(p[:, 0], p[:, 2]))
        wave = torch.lerp(wave, torch.tanh(2.2 * wave) / math.tanh(2.2), self._sharp)
        rim = (radius - self._middle * (1 + self._depth * wave)) * self._factor
        size, off = self._hole
        rim = torch.maximum(rim, size - torch.hypot(p[:, 0] - off, p[:, 2] - off))
        side = p[:, 1].abs() - self._thick
        rim, side = rim + ROUNDING, side + ROUNDING
        outside = torch.hypot(rim.clamp(min=0), side.clamp(min=0))
        return outside + torch.maximum(rim, side).clamp(max=0) - ROUNDING


def figure(r: Random, device: torch.device) -> Solid:
    """A person in some pose: arms and legs of two parts each; it faces the front."""
    u = r.uniform
    hip, neck, wide, girth, skull = 0.0, u(0.48, 0.6), u(0.16, 0.24), u(0.13, 0.2), u(0.12, 0.18)
    rods: list[Rod] = [((0, 0, hip), (0, u(-0.05, 0.05), neck - 0.1), girth, girth * u(0.9, 1.3))]
    rods.append(((0, 0, neck + 0.17), (0, u(-0.04, 0), neck + 0.24), skull, skull * 0.9))
    rods.append(((0, 0, neck - 0.1), (0, 0, neck + 0.15), 0.09, 0.08))
    limb, arm, leg = u(0.07, 0.1), u(0.24, 0.32), u(0.3, 0.4)
    for side in (-1, 1):
        at = (side * wide, 0.0, neck - 0.06)
        for angle, turn in ((math.radians(u(-60, 150)), u(-0.3, 0.3)), (math.radians(u(-80, 170)), u(-0.6, 0.1))):
            # 0: straight down, 90: straight out
            to = (at[0] + side * arm * math.sin(angle + 0.35), at[1] + arm * turn, at[2] - arm * math.cos(angle + 0.35))
            rods.append((at, to, limb, limb * 0.85))
            at = to
        at = (side * wide * 0.6, 0.0, hip)
        for angle, turn in ((math.radians(u(-5, 50)), u(-0.5, 0.3)), (math.radians(u(-20, 20)), u(-0.1, 0.5))):
            to = (at[0] + side * leg * math.sin(angle), at[1] + leg * turn, at[2] - leg * math.cos(angle))
            rods.append((at, to, limb * 1.25, limb))
            at = to
        rods.append((at, (at[0], at[1] - 0.12, at[2] - 0.02), limb, limb * 0.8))
    return Rods(rods, 0.06, device)


def branches(r: Random, device: torch.device) -> Solid:
    """A trunk that forks and forks again: trees, antlers, candlesticks."""
    rods: list[Rod] = []

    def grow(at: tuple[float, float, float], lean: float, around: float, length: float, thick: float, left: int) -> None:
        way = (math.sin(lean) * math.cos(around), math.sin(lean) * math.sin(around), math.cos(lean))
        to = tuple(a + length * w for a, w in zip(at, way, strict=True))
        rods.append((at, to, thick, thick * 0.8))
        for fork in range(r.choice((2, 2, 3)) if left else 0):
            turn = around + fork * 2.4 + r.uniform(-0.6, 0.6) if left < 2 else 3.14 * fork + r.uniform(-0.7, 0.7)
            grow(to, lean * 0.5 + r.uniform(0.45, 0.9), turn, length * r.uniform(0.6, 0.9), thick * 0.72, left - 1)

    grow((0.0, 0.0, -0.8), r.uniform(0, 0.15), r.uniform(0, 6.3), r.uniform(0.5, 0.75), r.uniform(0.11, 0.17), 2)
    if r.random() < 0.5:
        foot = r.uniform(0.2, 0.35)
        rods.append(((-0.15, 0, -0.85), (0.15, 0, -0.85), foot, foot))
    return Rods(rods, 0.05, device)


def tentacles(r: Random, device: torch.device) -> Solid:
    """Bent arms round about a body: octopus, spider, starfish, jack."""
    u = r.uniform
    core, thick, bend, lift = u(0.16, 0.34), u(0.06, 0.12), u(-0.9, 0.9), u(-0.5, 0.6)
    rods: list[Rod] = [((0, 0, 0), (0, 0, u(0.15, 0.3)), core, core * u(0.85, 1.1))]
    count = r.randint(4, 8)
    for k in range(count):
        angle, at, reach, rise = 2 * math.pi * k / count + u(-0.15, 0.15), (0.0, 0.0, 0.0), u(0.3, 0.4), lift
        for joint in range(3):
            way = (math.cos(angle) * math.cos(rise), math.sin(angle) * math.cos(rise), math.sin(rise))
            to = tuple(a + reach * w for a, w in zip(at, way, strict=True))
            rods.append((at, to, thick * (1 - 0.22 * joint), thick * (0.78 - 0.22 * joint)))
            at, rise, angle = to, rise - bend, angle + u(-0.3, 0.3)
    return Rods(rods, 0.08, device)


def letter(r: Random, device: torch.device) -> Solid:
    """Three to six straight strokes between the points of a 3 by 3 grid, each joined to the last: letters, frames, zigzags."""
    places = [(x * 0.6, z * 0.65) for x in (-1, 0, 1) for z in (-1, 0, 1)]
    thick, at, parts = r.uniform(0.11, 0.19), r.choice(places), []
    for _ in range(r.randint(3, 6)):
        near = [place for place in places if place != at and math.dist(place, at) < 1.0]
        to = r.choice(near)
        parts.append(((at[0], 0.0, at[1]), (to[0], r.uniform(-0.15, 0.15), to[1]), thick, thick))
        at = to
    return Rods(parts, 0.03, device)


def plate(r: Random, device: torch.device) -> Solid:
    """A star, a flower, a gear or a ring."""
    u = r.uniform
    points = r.choice((3, 4, 5, 5, 6, 8, 10))
    hole = r.choice(((-1.0, 0.0), (u(0.18, 0.34), 0.0), (u(0.25, 0.4), u(0.0, 0.2))))
    return Plate(points, u(0.18, 0.4) if points < 7 else u(0.1, 0.2), u(0, 1), u(0.1, 0.28), hole)


def crescent(r: Random, device: torch.device) -> Solid:
    """A disc or a ball with a large round notch."""
    size, thick = r.uniform(0.75, 0.9), r.uniform(0.2, 0.8)
    whole = Superquadric((size, thick, size), 2.0, 2.0, device)
    x, z, bite = r.uniform(0.3, 0.6), r.uniform(-0.3, 0.4), r.uniform(0.4, 0.65)
    return Pierced(whole, [((x, -1.5, z), (x, 1.5, z), bite, bite)], device)


def pierced(r: Random, device: torch.device) -> Solid:
    """A block, a ball or a drum with one to three tunnels through it."""
    u = r.uniform
    whole = r.choice(
        (
            Boxes([(0, 0, 0, u(0.55, 0.75), u(0.3, 0.65), u(0.5, 0.75))], 0.06, device),
            Superquadric((u(0.7, 0.9), u(0.5, 0.85), u(0.7, 0.9)), r.choice((2, 3, 6)), r.choice((2, 3, 6)), device),
        )
    )
    tunnels: list[Rod] = []
    for axis in r.sample((1, 1, 0, 2), r.randint(1, 3)):
        near, far, bore = [u(-0.22, 0.22) for _ in range(3)], [u(-0.22, 0.22) for _ in range(3)], u(0.17, 0.36)
        near[axis], far[axis] = -1.2, 1.2
        tunnels.append((tuple(near), tuple(far), bore, bore))
    return Pierced(whole, tunnels, device)


def cup(r: Random, device: torch.device) -> Solid:
    """A mug or a pot, open above, with one handle or two."""
    u = r.uniform
    middle, tall = u(0.38, 0.55), u(0.4, 0.65)
    waves = [(u(0.0, 0.09), u(1.5, 3.0), u(0, 6.3))]
    handles = [side * (middle + 0.06) for side in r.choice(([1], [-1], [-1, 1]))]
    room = ((0.0, 0.0, -tall * 0.4), (0.0, 0.0, 1.4), middle * 0.72, middle * 0.8)
    return Pierced(Lathe(waves, middle, tall, handles), [room], device)


def furniture(r: Random, device: torch.device) -> Solid:
    """A table, a gate, stairs, a cross or a rack: boxes with gaps between them."""
    u = r.uniform
    thick = u(0.08, 0.15)
    kind = r.randrange(5)
    if kind == 0:
        wide, deep, tall = u(0.6, 0.85), u(0.4, 0.7), u(0.35, 0.55)
        parts = [(0, 0, tall, wide, deep, thick)]
        parts += [(x * (wide - thick), y * (deep - thick), 0, thick, thick, tall) for x in (-1, 1) for y in (-1, 1)]
    elif kind == 1:
        wide, tall = u(0.4, 0.65), u(0.5, 0.75)
        parts = [(x * wide, 0, 0, thick, thick * 1.4, tall) for x in (-1, 1)]
        parts += [(0, 0, tall, wide + u(0.1, 0.3), thick * 1.5, thick)]
        parts += [(0, 0, tall * u(0.2, 0.6), wide, thick, thick * 0.7)] if r.random() < 0.6 else []
    elif kind == 2:
        count = r.randint(3, 5)
        step = 1.3 / count
        parts = [(-0.65 + step * (k + 0.5), 0, (k + 1) * step / 2 - 0.6, step / 2, 0.4, (k + 1) * step / 2) for k in range(count)]
    elif kind == 3:
        parts = [(0, 0, 0, thick, thick, 0.85), (0, 0, u(0.1, 0.4), u(0.45, 0.65), thick, thick)]
        parts += [(0, 0, -0.8, u(0.25, 0.45), u(0.25, 0.45), 0.1)]
    else:
        parts = [(x * 0.55, 0, 0, thick * 0.7, 0.3, 0.8) for x in (-1, 1)]
        parts += [(0, 0, z, 0.55, 0.3, thick * 0.6) for z in (-0.7, u(-0.25, -0.05), u(0.2, 0.4), 0.75)]
    return Boxes(parts, 0.03, device)
