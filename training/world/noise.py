"""Seeded noise over batches of points: the only source of randomness within a picture.

Everything works on B pictures at once, points [B, N, 2 or 3] in, numbers [B, N] out, on any device. A picture depends on its own
seed alone: the same seed gives the same picture in a batch of one and in a batch of fifty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor

PERIOD = 32  # lattice cells after which the noise repeats; pictures span far fewer
DRAWS = 256  # random numbers available to a picture


class Field:
    """Random lattices and numbers of `seeds`, one picture each, B = len(seeds)."""

    def __init__(self, seeds: Sequence[int], device: torch.device | str = "cpu") -> None:
        self.seeds = tuple(seeds)
        self.device = torch.device(device)
        lattices, offsets, draws = [], [], []
        for seed in self.seeds:
            # A processor's generator keeps only the low 32 bits of its seed: fold all of them in.
            generator = torch.Generator().manual_seed(Random(seed).getrandbits(32))
            lattices.append(torch.rand(PERIOD, PERIOD, PERIOD, generator=generator))
            offsets.append(torch.rand(64, 3, generator=generator) * PERIOD)
            draws.append(torch.rand(DRAWS, generator=generator))
        self._volume = F.pad(torch.stack(lattices)[:, None], (0, 1, 0, 1, 0, 1), mode="circular").to(self.device)
        self._offsets = torch.stack(offsets).to(self.device)  # [B, 64, 3]
        self._draws = torch.stack(draws).to(self.device)  # [B, DRAWS]
        self._jitter = torch.rand(PERIOD**3, 4, generator=torch.Generator().manual_seed(0)).to(self.device)
        self._salt = (self._draws[:, 0] * PERIOD**3).long()  # [B]
        self._used, self._drawn = 0, 1

    def __len__(self) -> int:
        return len(self.seeds)

    def draw(self) -> Tensor:
        """[B, 1] uniform in 0..1."""
        if self._drawn == DRAWS:
            raise RuntimeError(f"a picture needs more than {DRAWS} random numbers")
        self._drawn += 1
        return self._draws[:, self._drawn - 1 : self._drawn]

    def uniform(self, low: float, high: float) -> Tensor:
        """[B, 1] in low..high: broadcasts against [B, N]."""
        return low + (high - low) * self.draw()

    def chance(self, probability: float) -> Tensor:
        """[B, 1] of 0.0 or 1.0."""
        return (self.draw() < probability).float()

    def vector(self, low: float, high: float, size: int) -> Tensor:
        """[B, 1, size]: broadcasts against points and colours [B, N, size]."""
        return low + (high - low) * torch.stack([self.draw() for _ in range(size)], -1)

    def pick(self, options: Tensor) -> Tensor:
        """One row of `options` [K, ...] for each picture: [B, 1, ...]."""
        index = (self.draw()[:, 0] * len(options)).long().clamp(max=len(options) - 1)
        return options.to(self.device)[index][:, None]

    def value(self, p: Tensor, frequency: float | Tensor = 1.0) -> Tensor:
        """Smooth value noise [B, N] in 0..1; each call reads another part of the lattice. `frequency`: cells per unit."""
        self._used = (self._used + 1) % self._offsets.shape[1]
        q = torch.remainder(to_3d(p) * per_point(frequency) + self._offsets[:, self._used, None], PERIOD)
        cell = q.floor()
        part = q - cell
        q = cell + part * part * (3 - 2 * part)
        grid = (q / PERIOD * 2 - 1).flip(-1)[:, None, None]
        return F.grid_sample(self._volume, grid, align_corners=True)[:, 0, 0, 0]

    def fbm(self, p: Tensor, frequency: float | Tensor, octaves: int = 4, gain: float = 0.5) -> Tensor:
        """Fractal Brownian motion: a sum of octaves with its contrast raised about 0.5, clamped to 0..1, [B, N]."""
        total, amplitude, weight = 0.0, 1.0, 0.0
        for octave in range(octaves):
            total = total + amplitude * self.value(p, frequency * 2.03**octave)
            weight += amplitude
            amplitude *= gain
        return ((total / weight - 0.5) * 1.6 + 0.5).clamp(0, 1)

    def ridged(self, p: Tensor, frequency: float | Tensor, octaves: int = 4) -> Tensor:
        """Ridged noise: a sum of octaves with sharp crests, 0..1, [B, N]."""
        total, amplitude, weight = 0.0, 1.0, 0.0
        for octave in range(octaves):
            total = total + amplitude * (1 - (2 * self.value(p, frequency * 2.03**octave) - 1).abs())
            weight += amplitude
            amplitude *= 0.5
        return total / weight

    def warp(self, p: Tensor, frequency: float | Tensor, amount: float | Tensor) -> Tensor:
        """Domain warping: points [B, N, 2 or 3] displaced by up to `amount`, a number or [B, 1], along each axis."""
        push = torch.stack([self.value(p, frequency) for _ in range(p.shape[-1])], -1) - 0.5
        return p + 2 * per_point(amount) * push

    def relief(self, p: Tensor, frequency: float | Tensor, octaves: int = 3) -> Tensor:
        """Shading by light from one side, -0.5..0.5 [B, N]: the difference of one noise at two points."""
        used = self._used
        here = self.fbm(p, frequency, octaves)
        self._used = used
        step = torch.tensor([0.18, 0.12, 0.18], device=self.device)[: p.shape[-1]]
        return (self.fbm(p + step / per_point(frequency), frequency, octaves) - here).clamp(-0.5, 0.5)

    def hash(self, cell: Tensor, salt: int = 0) -> Tensor:
        """Random numbers [B, N, 4] in 0..1 for integer cells [B, N, 2 or 3] (as floats)."""
        index = torch.remainder(cell[..., 0] + 7 * salt, PERIOD)
        for axis in range(1, cell.shape[-1]):
            index = index * PERIOD + torch.remainder(cell[..., axis] + 5 * salt, PERIOD)
        index = index.long() * 5 + salt * 977 + self._salt[:, None]
        return self._jitter[torch.remainder(index, PERIOD**3)]

    def cells(self, p: Tensor, jitter: float = 0.9) -> tuple[Tensor, Tensor, Tensor]:
        """Voronoi cells of points [B, N, 2 or 3]: nearest distance, distance to the border, four random numbers per cell.

        Three dimensions cost three times two: where a surface is flat, pass its uv.
        """
        base = p.floor()
        part = p - base
        first = torch.full(p.shape[:-1], 9.0, device=p.device)
        second = torch.full_like(first, 9.0)
        owner = torch.zeros(*p.shape[:-1], 4, device=p.device)
        steps = torch.tensor((-1.0, 0.0, 1.0), device=p.device)
        for offset in torch.cartesian_prod(*[steps] * p.shape[-1]):
            number = self.hash(base + offset)
            centre = offset + 0.5 + jitter * (number[..., : p.shape[-1]] - 0.5)
            distance = (centre - part).square().sum(-1)
            nearer = distance < first
            second = torch.where(nearer, first, torch.minimum(second, distance))
            owner = torch.where(nearer[..., None], number, owner)
            first = torch.where(nearer, distance, first)
        first, second = first.sqrt(), second.sqrt()
        return first, (second - first) / 2, owner


def per_point(number: float | Tensor) -> float | Tensor:
    """A number, or one per picture [B, 1], made to broadcast against points [B, N, 3]."""
    return number[..., None] if isinstance(number, Tensor) else number


def to_3d(p: Tensor) -> Tensor:
    """Points [..., 2] as points in space, [..., 3]; those in space unchanged."""
    return p if p.shape[-1] == 3 else torch.cat([p, torch.zeros_like(p[..., :1])], -1)


def smooth(low: float | Tensor, high: float | Tensor, x: Tensor) -> Tensor:
    """Smoothstep: 0 at `low`, 1 at `high`; decreasing where `low` > `high`."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def rgb(*values: float) -> Tensor:
    """A colour [3], sRGB 0..1."""
    return torch.tensor(values, dtype=torch.float32)


def mix(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Colours that broadcast to [B, N, 3], blended by [B, N] or [B, 1]."""
    return a.to(t.device) + (b.to(t.device) - a.to(t.device)) * t[..., None]


def ramp(t: Tensor, *colours: Tensor) -> Tensor:
    """Piecewise linear colour map over t [B, N] in 0..1; each colour [3] or [B, 1, 3]."""
    x = t.clamp(0, 1) * (len(colours) - 1)
    result = colours[0].to(t.device)
    for k in range(1, len(colours)):
        result = mix(result, colours[k], (x - (k - 1)).clamp(0, 1))
    return result


def rotate(uv: Tensor, degrees: float | Tensor) -> Tensor:
    """Points [B, N, 2] rotated about the origin; `degrees` a number or [B, 1]."""
    angle = torch.as_tensor(degrees, device=uv.device) * (math.pi / 180)
    c, s = torch.cos(angle), torch.sin(angle)
    return torch.stack([c * uv[..., 0] - s * uv[..., 1], s * uv[..., 0] + c * uv[..., 1]], -1)
