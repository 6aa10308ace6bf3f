"""Pictures for canvases of meshes, and cameras to paint them by."""

from __future__ import annotations

import torch

from engine.spaces.mesh import MeshSpace
from engine.spaces.raster import RasterCanvas
from engine.spaces.views import View


def front(**changes) -> View:
    return View.orbiting(**{"azimuth": 0, "elevation": 0} | changes)


def paint(space: MeshSpace, images_of) -> RasterCanvas:
    """Every set once; images_of(views) gives the pictures."""
    canvas = space.blank()
    for views in space.view_sets:
        canvas = space.unproject(canvas, views, images_of(views), average=False)
    return canvas


def flat(value: float, resolution: int):
    return lambda views: torch.full((len(views), 3, resolution, resolution), value)


def smooth_texture(size: int) -> torch.Tensor:
    """[3, size, size] that also tiles, so that the globe's wrap column is no edge in it."""
    x = (torch.arange(size) + 0.5) / size * 2 * torch.pi
    waves = torch.stack(
        [
            torch.sin(3 * x)[None] + torch.cos(2 * x)[:, None],
            torch.cos(2 * x)[None] + 0 * x[:, None],
            torch.sin(x)[None] * torch.sin(2 * x)[:, None],
        ]
    )
    return 0.5 + 0.2 * waves
