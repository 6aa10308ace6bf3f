"""Canvases of panoramas and views of them, for tests."""

from __future__ import annotations

import math

import torch

from engine.spaces.equirect_maps import directions_of
from engine.spaces.raster import RasterCanvas
from engine.spaces.views import ViewSet, panorama_views, pixel_centres, ring


def waves(width: int, cycles: float = 6.0) -> torch.Tensor:
    """[3, W/2, W] smooth on the sphere: at most `cycles` periods per radian-and-a-bit, whatever the direction."""
    generator = torch.Generator().manual_seed(0)
    directions = directions_of(pixel_centres(width // 2, width), width // 2, width)
    z = torch.zeros(3, width // 2, width, dtype=torch.float64)
    for _ in range(6):
        axis = torch.nn.functional.normalize(torch.randn(3, 3, generator=generator, dtype=torch.float64), dim=1)
        phase = 6.28 * torch.rand(3, 1, 1, generator=generator, dtype=torch.float64)
        z += torch.sin(2 * math.pi * cycles * torch.einsum("hwc,kc->khw", directions, axis) / 2 + phase)
    return (0.5 + 0.07 * z).clamp(0, 1).float()


def cube(fov: float, start: float = 0) -> ViewSet:
    """Six views that cover the sphere from 90 degrees on."""
    return (
        ring(4, elevation=0, fov=fov, start=start)
        + ring(1, elevation=90, fov=fov, start=start)
        + ring(1, elevation=-90, fov=fov, start=start)
    )


CUBES = (cube(98), cube(98, 45))
AUTO, PAPER = panorama_views("auto"), panorama_views("paper")
EVERYWHERE = [CUBES, AUTO.view_sets, PAPER.view_sets + PAPER.fill_sets]  # each sees the whole sphere


def canvas_of(z: torch.Tensor, best: float = 1.0) -> RasterCanvas:
    return RasterCanvas(z, torch.full(z.shape[1:], float(best)))


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(-10 * torch.log10(((a - b) ** 2).mean()))


CUBES = (cube(98), cube(98, 45))
AUTO, PAPER = panorama_views("auto"), panorama_views("paper")
EVERYWHERE = [CUBES, AUTO.view_sets, PAPER.view_sets + PAPER.fill_sets]  # each sees the whole sphere
