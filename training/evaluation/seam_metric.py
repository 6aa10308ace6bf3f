"""Seams of panoramas: how far the colour jumps where views meet, whatever the views are. No network, no files."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class CentralView(Protocol):
    """The attributes that are read of a view from the centre of the sphere (`engine.spaces.views.View`)."""

    rotation: tuple[tuple[float, float, float], ...]  # camera -> world, row by row
    fov: float  # degrees, across and down


class Border(NamedTuple):
    """Points between the regions of two views, or of a view and none; each direction belongs to its most central view."""

    points: Tensor  # [n, 3] float64 unit directions
    across: Tensor  # [n, 3] float64 unit tangents at them, at right angles to the border


def seam_jump(
    z: Tensor,
    view_sets: Sequence[Sequence[CentralView]],
    bands: Sequence[tuple[float, float]] = ((0, 30), (30, 90)),
    at: Sequence[Sequence[CentralView]] | None = None,
    *,
    width: float = 4.0,
) -> tuple[float, ...]:
    """How much more the colour jumps at the borders of views than elsewhere, per band of latitude; 1: no seam.

    z: [3, H, 2 H], a whole panorama. view_sets: all sets that painted it; of each set, a direction belongs to the view that
    shows it most centrally. bands: degrees from the equator, from and to. at: the sets whose borders are measured (default: all).
    width: degrees on either side of a border whose mean colours are compared.

    Elsewhere is the same at points at least `width` from any border, for each border point at about its latitude (ten degrees up
    or down) and with the same bearing: skies differ from grounds, and horizons lie flat. nan where no border lies in a band.
    """
    generator = torch.Generator().manual_seed(0)
    borders = [border(views, generator) for views in (view_sets if at is None else at)]
    points, across = (torch.cat(part) for part in zip(*borders, strict=True))
    others, bearings = comparison_points(points, across, generator)
    free = off_borders(others, view_sets, width)  # [n, m]
    jump_at = colour_jump(z, points, across, width)
    jump_free = colour_jump(z, others[free], bearings[free], width)
    mean_free = torch.zeros(free.shape, dtype=jump_free.dtype).masked_scatter(free, jump_free).sum(1) / free.sum(1).clamp(min=1)
    latitude = torch.rad2deg(torch.asin(points[:, 2].clamp(-1, 1))).abs()
    found = []
    for low, high in bands:
        inside = (latitude >= low) & (latitude < high) & free.any(1)
        ratio = float(jump_at[inside].mean() / mean_free[inside].mean().clamp(min=1e-6)) if bool(inside.any()) else math.nan
        found.append(ratio)
    return tuple(found)


def centrality(views: Sequence[CentralView], directions: Tensor) -> Tensor:
    """[V, n]: 1 in the middle of each view's picture, 0 at its border, negative beyond it, -9 behind the camera."""
    rows = []
    for view in views:
        camera = directions @ torch.tensor(view.rotation, dtype=directions.dtype)
        depth = -camera[:, 2]
        offset = camera[:, :2].abs().amax(1) / (depth.clamp(min=1e-9) * math.tan(math.radians(view.fov) / 2))
        rows.append(torch.where(depth > 1e-9, (1 - offset).clamp(min=-9), torch.full_like(depth, -9)))
    return torch.stack(rows)


def owners(views: Sequence[CentralView], directions: Tensor) -> Tensor:
    """[n] the view that shows each direction most centrally, -1 where none shows it."""
    best, owner = centrality(views, directions).max(0)
    return torch.where(best > 0, owner, torch.full_like(owner, -1))


def border(views: Sequence[CentralView], generator: torch.Generator, count: int = 60_000) -> Border:
    """Points along the borders of ownership, as many per degree of border everywhere.

    `count` steps of one degree in random directions, evenly spread over the sphere, cross a border as often as it is long
    (Cauchy and Crofton); each crossing is then found by halving.
    """
    start = spread_over_sphere(count)
    end = moved(start, random_tangents(start, generator), math.radians(1))
    first, last = owners(views, start), owners(views, end)
    crossing = first != last
    start, end, first = start[crossing], end[crossing], first[crossing]
    for _ in range(8):
        middle = unit(start + end)
        same = (owners(views, middle) == first)[:, None]
        start, end = torch.where(same, middle, start), torch.where(same, end, middle)
    a, b = owners(views, start), owners(views, end)
    return Border(start, steepest(lambda x: centrality_difference(views, x, a, b), start))


def centrality_difference(views: Sequence[CentralView], directions: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """[n] how much more central view a [n] shows each direction than view b [n]; -1 is no view, whose centrality is 0."""
    every = torch.cat([centrality(views, directions), torch.zeros(1, len(directions), dtype=directions.dtype)])
    here = torch.arange(len(directions))
    return every[a, here] - every[b, here]  # -1 is the last row


def steepest(function: Callable[[Tensor], Tensor], points: Tensor, step: float = 1e-4) -> Tensor:
    """[n, 3] unit tangents at `points` along which `function` of directions changes most."""
    east, north = frame(points)
    slope = [function(moved(points, axis, step)) - function(moved(points, axis, -step)) for axis in (east, north)]
    return unit(slope[0][:, None] * east + slope[1][:, None] * north)


def comparison_points(points: Tensor, across: Tensor, generator: torch.Generator, count: int = 24) -> tuple[Tensor, Tensor]:
    """For each point `count` others of about its latitude at any longitude, [n, count, 3], and the same bearing at each."""
    east, north = frame(points)
    bearing = (across * east).sum(1)[:, None, None], (across * north).sum(1)[:, None, None]
    shape = (len(points), count)
    longitude = 2 * math.pi * torch.rand(shape, generator=generator, dtype=torch.float64)
    shift = math.radians(10) * (2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1)
    latitude = (torch.asin(points[:, 2].clamp(-1, 1))[:, None] + shift).clamp(-1.55, 1.55)
    flat = latitude.cos()
    others = torch.stack([flat * longitude.cos(), flat * longitude.sin(), latitude.sin()], -1)
    east, north = frame(others)
    return others, bearing[0] * east + bearing[1] * north


def off_borders(directions: Tensor, view_sets: Sequence[Sequence[CentralView]], width: float) -> Tensor:
    """[n, m] bool: around which of the directions [n, m, 3] every set has one owner within `width` degrees, and some a view."""
    flat = directions.reshape(-1, 3)
    east, north = frame(flat)
    good, shown = torch.ones(len(flat), dtype=torch.bool), torch.zeros(len(flat), dtype=torch.bool)
    for views in view_sets:
        owner = owners(views, flat)
        shown |= owner >= 0
        for k in range(12):
            angle = 2 * math.pi * k / 12
            around = moved(flat, math.cos(angle) * east + math.sin(angle) * north, math.radians(width))
            good &= owners(views, around) == owner
    return (good & shown).reshape(directions.shape[:-1])


def colour_jump(z: Tensor, points: Tensor, across: Tensor, width: float, samples: int = 8) -> Tensor:
    """[n] difference, mean over channels, of the mean colours within `width` degrees on either side of each point."""
    means = []
    for side in (-1, 1):
        angles = [side * math.radians(width) * (k + 0.5) / samples for k in range(samples)]
        strip = [sample_equirect(z, moved(points, across, angle)) for angle in angles]
        means.append(torch.stack(strip).mean(0))
    return (means[1] - means[0]).abs().mean(0)


def sample_equirect(z: Tensor, directions: Tensor) -> Tensor:
    """[3, n] bilinear samples of a panorama [3, H, W] at unit directions [n, 3]."""
    height, width = z.shape[1:]
    x = ((0.5 - torch.atan2(directions[:, 1], directions[:, 0]) / (2 * math.pi)) * width - 0.5) % width
    y = (torch.acos(directions[:, 2].clamp(-1, 1)) / math.pi * height - 0.5).clamp(0, height - 1)
    left, top = x.floor().long() % width, y.floor().long()
    right, below = (left + 1) % width, (top + 1).clamp(max=height - 1)
    u, v = (x % 1).to(z), (y % 1).to(z)
    upper = z[:, top, left] * (1 - u) + z[:, top, right] * u
    lower = z[:, below, left] * (1 - u) + z[:, below, right] * u
    return upper * (1 - v) + lower * v


def spread_over_sphere(count: int) -> Tensor:
    """[count, 3] float64 unit directions, evenly spread (a Fibonacci spiral)."""
    k = torch.arange(count, dtype=torch.float64) + 0.5
    z = 1 - 2 * k / count
    longitude = math.pi * (3 - math.sqrt(5)) * k
    flat = (1 - z**2).sqrt()
    return torch.stack([flat * longitude.cos(), flat * longitude.sin(), z], -1)


def frame(points: Tensor) -> tuple[Tensor, Tensor]:
    """Unit tangents [..., 3] to the east and to the north at unit directions [..., 3]."""
    east = torch.stack([-points[..., 1], points[..., 0], torch.zeros_like(points[..., 0])], -1)
    east = torch.where(east.norm(dim=-1, keepdim=True) > 1e-9, east, torch.tensor([0.0, 1, 0], dtype=points.dtype))
    east = unit(east)
    return east, torch.linalg.cross(points, east)


def random_tangents(points: Tensor, generator: torch.Generator) -> Tensor:
    """[n, 3] unit tangents at `points`, each in a random direction."""
    angle = 2 * math.pi * torch.rand(len(points), generator=generator, dtype=torch.float64)[:, None]
    east, north = frame(points)
    return angle.cos() * east + angle.sin() * north


def moved(points: Tensor, tangents: Tensor, angle: float) -> Tensor:
    """`points` [..., 3] moved by `angle` radians along the great circles that leave them along unit `tangents`."""
    return math.cos(angle) * points + math.sin(angle) * tangents


def unit(vectors: Tensor) -> Tensor:
    """Normalise vectors [..., 3]."""
    return vectors / vectors.norm(dim=-1, keepdim=True).clamp(min=1e-12)
