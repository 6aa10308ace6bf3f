"""The panorama: an equirectangular canvas, exactly as Blender's Environment Texture reads it."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..contracts import Canvas
from .blend import fill_from_surface, interior, sample, sampling_grid, shrink, sphere_border
from .views import View, ViewSet, axes, half_tangent, pixels, rays, views_cube

FEATHER = 0.03  # of a view's width, either side of an ownership border: where two views agree it shows nothing, and
# where they differ by a shade it hides the step; too thin to blur what they both show
MAX_SUPERSAMPLING = 8  # a canvas finer than that is one nobody needs to see through such small views
EMPTY = 0.5  # grey of a canvas nobody has painted


def directions_of(xy: Tensor, height: int, width: int) -> Tensor:
    """Unit world directions [..., 3] of continuous canvas positions (x, y) [..., 2]."""
    longitude = 2 * math.pi * (0.5 - xy[..., 0] / width)
    polar = math.pi * xy[..., 1] / height
    return torch.stack(
        [polar.sin() * longitude.cos(), polar.sin() * longitude.sin(), polar.cos()], dim=-1
    )


def canvas_directions(height: int, width: int) -> Tensor:
    """[H, W, 3] float32 unit world directions of the texel centres."""
    longitude = 2 * math.pi * (0.5 - (torch.arange(width, dtype=torch.float64) + 0.5) / width)
    polar = math.pi * (torch.arange(height, dtype=torch.float64) + 0.5) / height
    across = torch.stack([longitude.cos(), longitude.sin()], dim=-1).float()
    flat = polar.sin().float()[:, None, None] * across
    return torch.cat([flat, polar.cos().float()[:, None, None].expand(height, width, 1)], dim=-1)


def positions_of(directions: Tensor, height: int, width: int) -> Tensor:
    """Continuous canvas positions (x, y) [..., 2] of unit world directions [..., 3]."""
    x = 0.5 - torch.atan2(directions[..., 1], directions[..., 0]) / (2 * math.pi)
    y = torch.acos(directions[..., 2].clamp(-1, 1)) / math.pi
    return torch.stack([x * width, y * height], dim=-1)


class _Plan(NamedTuple):
    """How a set of views goes back into the canvas."""

    shares: list[tuple[Tensor, Tensor, Tensor]]  # per view: flat texels [n], where to sample it [n, 2], weights [n]
    quality: Tensor  # [H, W] centrality of each texel in the view that shows it most centrally, 0 where none does


class EquirectSpace:
    """Z is the whole sphere of directions, [3, width / 2, width]; every view looks out from its middle."""

    def __init__(
        self,
        width: int,
        view_resolution: int,
        device: torch.device | str = "cpu",
        *,
        view_sets: tuple[ViewSet, ...] | None = None,
    ) -> None:
        if width < 8 or width % 2:
            raise ValueError(f"width is {width}, but a panorama is an even number of texels wide, 8 or more")
        if view_resolution < 2:
            raise ValueError(f"view_resolution is {view_resolution}, but must be 2 or more pixels")
        self.width, self.height = width, width // 2
        self.view_resolution = view_resolution
        self.device = torch.device(device)
        self.view_sets = views_cube() if view_sets is None else view_sets
        self._grids: dict[View, Tensor] = {}
        self._plans: dict[tuple[ViewSet, bool], _Plan] = {}
        self._seams: dict[tuple[ViewSet, View], Tensor] = {}

    def blank(self) -> Canvas:
        size = (self.height, self.width)
        return Canvas(torch.full((3, *size), EMPTY, device=self.device), torch.zeros(size, device=self.device))

    def project(self, canvas: Canvas, views: Sequence[View]) -> Tensor:
        """f_c(z): [B, 3, h, w]. Each pixel is the mean of enough bilinear samples that a fine canvas does not alias."""
        padded = sphere_border(canvas.z)
        pictures = []
        for view in views:
            grid = self._grid(view)
            picture = sample(padded, grid)
            pictures.append(F.avg_pool2d(picture[None], grid.shape[0] // self.view_resolution)[0])
        return torch.stack(pictures)

    def unproject(self, canvas: Canvas, views: Sequence[View], images: Tensor, *, average: bool) -> Canvas:
        """Texels that some view covers take the weighted mean of its samples; the rest keep their value.

        average: True weighs every view by its centrality; False lets the most central one win, but for a feather.
        """
        plan = self._plan_of(tuple(views), average)
        total = torch.zeros_like(canvas.z).flatten(1)
        for view, (texels, grid, weight), image in zip(views, plan.shares, images, strict=True):
            picture = shrink(image.to(total), max(int(1 / self._texels_per_pixel(view)), 1))
            total.index_add_(1, texels, sample(picture, grid) * weight)
        z = torch.where(plan.quality > 0, total.reshape(canvas.z.shape), canvas.z)
        return Canvas(z, torch.maximum(canvas.best, plan.quality))

    def condition(self, views: Sequence[View]) -> None:
        """A panorama has no geometry."""
        return None

    def seam_mask(self, views: Sequence[View]) -> Tensor:
        key = tuple(views)
        return torch.stack([self._seam(key, view) for view in key])

    def coverage(self, canvas: Canvas) -> float:
        """Share of the sphere's solid angle that some view has seen."""
        row = torch.arange(self.height, dtype=torch.float64) + 0.5
        area = (math.pi * row / self.height).sin()
        return float(((canvas.best > 0).float().mean(1).cpu() * area).sum() / area.sum())

    def finish(self, canvas: Canvas) -> Tensor:
        """[3, H, W] with directions that no view saw filled from the nearest seen ones on the sphere."""
        directions = canvas_directions(self.height, self.width)
        filled = fill_from_surface(canvas.z.flatten(1), canvas.best.flatten() > 0, directions.reshape(-1, 3))
        return filled.reshape(canvas.z.shape).clamp(0, 1)

    def _texels_per_pixel(self, view: View) -> float:
        """How much finer the canvas is than the middle of the view."""
        return self.width / (2 * math.pi) * 2 * half_tangent(view) / self.view_resolution

    def _grid(self, view: View) -> Tensor:
        """[s h, s w, 2] where s supersamples as much as the canvas is finer than the middle of the view."""
        if view not in self._grids:
            samples = math.ceil(self._texels_per_pixel(view) - 0.25)
            fine = self.view_resolution * min(max(samples, 1), MAX_SUPERSAMPLING)
            _, directions = rays(view, fine, fine)
            xy = positions_of(directions, self.height, self.width)
            self._grids[view] = sampling_grid(xy, self.height, self.width, border=1).to(self.device)
        return self._grids[view]

    def _centrality(self, view: View, directions: Tensor) -> tuple[Tensor, Tensor]:
        """Pixel positions [..., 2] of directions, and 1 in the middle of the picture .. 0 at its border and beyond."""
        n = self.view_resolution
        xy, depth = pixels(view, directions, n, n)
        offset = (2 * xy / n - 1).abs().amax(-1)
        # A tiny floor, so that a texel exactly on a border is covered from both sides rather than from none.
        inside = (depth > 0) & (offset <= 1 + 1e-5)
        return xy, torch.where(inside, (1 - offset).clamp(min=1e-4), torch.zeros_like(offset))

    def _plan_of(self, views: ViewSet, average: bool) -> _Plan:
        key = (views, average)
        if key in self._plans:
            return self._plans[key]
        # Geometry is laid out on the CPU (some devices have no float64) and in float32 here, where it places a texel to a
        # ten-thousandth of a pixel and somebody waits for it.
        directions = canvas_directions(self.height, self.width).reshape(-1, 3)
        quality = torch.zeros(len(directions))
        surveys = []
        for view in views:
            backward = axes(view)[:, 2].float()
            farthest = 1 / math.sqrt(1 + 2 * half_tangent(view) ** 2)  # the cosine at the picture's corner
            texels = (directions @ -backward > farthest - 1e-4).nonzero()[:, 0]
            xy, central = self._centrality(view, directions[texels])
            quality[texels] = torch.maximum(quality[texels], central)
            surveys.append((texels, xy, central))
        feather = 2 * FEATHER * 2
        total = torch.zeros_like(quality)
        shares = []
        for texels, xy, central in surveys:
            weight = central if average else (central > 0) * (1 - (quality[texels] - central) / feather).clamp(min=0)
            kept = weight > 0
            texels, weight = texels[kept], weight[kept]
            total[texels] += weight
            shares.append((texels, sampling_grid(xy[kept], self.view_resolution, self.view_resolution), weight))
        self._plans[key] = _Plan(
            [tuple(part.to(self.device) for part in (at, grid, weight / total[at])) for at, grid, weight in shares],
            quality.reshape(self.height, self.width).to(self.device),
        )
        return self._plans[key]

    def _seam(self, views: ViewSet, view: View) -> Tensor:
        """[1, h, w]: 0 at this picture's border and where another view is more central .. 1 deep inside."""
        key = (views, view)
        if key not in self._seams:
            _, directions = rays(view, self.view_resolution, self.view_resolution)
            own = self._centrality(view, directions)[1]
            owned = torch.ones_like(own, dtype=torch.bool)
            for other in views:
                if other != view:
                    owned &= own >= self._centrality(other, directions)[1]
            mask = torch.from_numpy(interior(owned.numpy()))
            self._seams[key] = mask[None].to(self.device)
        return self._seams[key]
