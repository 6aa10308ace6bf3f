"""Seeded noise over points: the one source of irregularity in every picture. All functions take points [N, 3]."""

from __future__ import annotations

import math
import random

import torch
import torch.nn.functional as F
from torch import Tensor

PERIOD = 32  # lattice cells after which the noise repeats; pictures span far fewer


class Field:
    """Random lattices of one seed. The same seed gives the same field on every machine that has the same torch."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        generator = torch.Generator().manual_seed(seed)
        lattice = torch.rand(PERIOD, PERIOD, PERIOD, generator=generator)
        self._volume = F.pad(lattice[None, None], (0, 1, 0, 1, 0, 1), mode="circular")
        self._jitter = torch.rand(PERIOD**3, 4, generator=generator)
        self._offsets = torch.rand(64, 3, generator=generator) * PERIOD
        self._used = 0

    def uniform(self, low: float, high: float) -> float:
        return self.random.uniform(low, high)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def value(self, p: Tensor, frequency: float = 1.0) -> Tensor:
        """Smooth value noise [N] in 0..1; each call reads another part of the lattice."""
        self._used = (self._used + 1) % len(self._offsets)
        q = torch.remainder(p * frequency + self._offsets[self._used], PERIOD)
        cell = q.floor()
        part = q - cell
        q = cell + part * part * (3 - 2 * part)
        grid = (q / PERIOD * 2 - 1).flip(-1)[None, None, None]
        return F.grid_sample(self._volume, grid, align_corners=True)[0, 0, 0, 0]

    def fbm(self, p: Tensor, frequency: float, octaves: int = 4, gain: float = 0.5) -> Tensor:
        """Sum of octaves, stretched so that 0..1 is well used, [N]."""
        total, amplitude, weight = torch.zeros(len(p)), 1.0, 0.0
        for octave in range(octaves):
            total = total + amplitude * self.value(p, frequency * 2.03**octave)
            weight += amplitude
            amplitude *= gain
        return ((total / weight - 0.5) * 1.6 + 0.5).clamp(0, 1)

    def ridged(self, p: Tensor, frequency: float, octaves: int = 4) -> Tensor:
        """Sharp crests, 0..1, [N]."""
        total, amplitude, weight = torch.zeros(len(p)), 1.0, 0.0
        for octave in range(octaves):
            total = total + amplitude * (1 - (2 * self.value(p, frequency * 2.03**octave) - 1).abs())
            weight += amplitude
            amplitude *= 0.5
        return total / weight

    def warp(self, p: Tensor, frequency: float, amount: float) -> Tensor:
        """Points pushed about by three noises."""
        push = torch.stack([self.value(p, frequency) for _ in range(3)], -1) - 0.5
        return p + 2 * amount * push

    def hash(self, cell: Tensor, salt: int = 0) -> Tensor:
        """Random numbers [N, 4] in 0..1 for integer cells [N, 2 or 3]."""
        index = torch.remainder(cell[:, 0] + 7 * salt, PERIOD)
        for axis in range(1, cell.shape[1]):
            index = index * PERIOD + torch.remainder(cell[:, axis] + 5 * salt, PERIOD)
        return self._jitter[torch.remainder(index * 5 + salt * 977, PERIOD**3).long()]

    def cells(self, p: Tensor, jitter: float = 0.9) -> tuple[Tensor, Tensor, Tensor]:
        """Voronoi cells of points [N, 2 or 3]: nearest distance, distance to the border, four random numbers per cell."""
        base = p.floor()
        part = p - base
        first = torch.full((len(p),), 9.0)
        second = torch.full((len(p),), 9.0)
        owner = torch.zeros(len(p), 4)
        steps = (-1.0, 0.0, 1.0)
        for offset in torch.cartesian_prod(*[torch.tensor(steps)] * p.shape[1]):
            number = self.hash(base + offset)
            centre = offset + 0.5 + jitter * (number[:, : p.shape[1]] - 0.5)
            distance = (centre - part).square().sum(-1)
            nearer = distance < first
            second = torch.where(nearer, first, torch.minimum(second, distance))
            owner = torch.where(nearer[:, None], number, owner)
            first = torch.where(nearer, distance, first)
        first, second = first.sqrt(), second.sqrt()
        return first, (second - first) / 2, owner


def smooth(low: float, high: float, x: Tensor) -> Tensor:
    """Smoothstep; `low` > `high` falls."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def rgb(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def mix(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Colours [3] or [N, 3] blended by [N]."""
    return a + (b - a) * t[:, None]


def ramp(t: Tensor, *colours: Tensor) -> Tensor:
    """Piecewise linear colour map over t [N] in 0..1."""
    x = t.clamp(0, 1) * (len(colours) - 1)
    table = torch.stack(colours)
    low = x.floor().clamp(max=len(colours) - 2).long()
    return table[low] + (table[low + 1] - table[low]) * (x - low)[:, None]


def rotate(uv: Tensor, degrees: float) -> Tensor:
    """Points [N, 2] turned about the origin."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return torch.stack([c * uv[:, 0] - s * uv[:, 1], s * uv[:, 0] + c * uv[:, 1]], -1)
