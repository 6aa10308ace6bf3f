"""What every view sees of a mesh, computed once each and shared by all sizes of its pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..threads import remembered, threads_on
from .borders import fade
from .footprints import find_hits
from .image_ops import sample
from .projection import Projection, build_projection, texels_under
from .pyramid import chart_pyramid
from .rasterize import Rasterizer
from .surface import Surface
from .views import View, ViewSet
from .visibility import CoarseView, visible_texels

COARSE = 64  # pixels along the side of the pictures that `unseen_share` compares


class ViewGeometry(NamedTuple):
    """One view, on the device of the surface; pixels [r, r] are those of its rays."""

    projection: Projection
    inverse_depth: Tensor  # [r, r] float32, 0 off the object
    texel_under: Tensor  # [r, r] int32 flat texel in the middle of the pixel, -1 off the object
    texels: Tensor  # [n] int64 indices into the surface's texels: those visible here
    grid: Tensor  # [n, 2] where in the picture they are, as `grid_sample` coordinates
    cosine: Tensor  # [n] between the line of sight and the surface normal, > visibility.MIN_COSINE

    def pixels_per_texel(self, size: int) -> float:
        """How many pixels of a picture of `size` lie side by side on a texel of this view, typically; 1 without any."""
        pixels = float(self.projection.pixel.numel()) * (size / self.projection.rays) ** 2
        return math.sqrt(pixels / self.texels.numel()) if self.texels.numel() else 1.0


class Shares(NamedTuple):
    """What each view of a set gives the canvas where the best view wins: no texel comes twice.

    Views follow one another, `counts` texels each.
    """

    counts: list[int]
    texel: Tensor  # [n] int64 flat index into the texture
    grid: Tensor  # [n, 2] where in its view's picture
    cosine: Tensor  # [n]
    fade: Tensor  # [n] 0 at the border of the view's own part .. 1 inside


class MeshViews:
    """Visibility, projections and ownership, for rays of one resolution."""

    def __init__(self, surface: Surface, rasterizer: Rasterizer, rays: int) -> None:
        self.surface, self.rays = surface, rays
        self._rasterizer = rasterizer
        self._charts = chart_pyramid(surface)
        self._geometry: dict[View, ViewGeometry] = {}
        self._shares: dict[ViewSet, tuple[Shares, Tensor]] = {}
        self._coarse: dict[View, CoarseView] = {}
        self._common: dict[tuple[View, View], Tensor] = {}

    def finer(self, rays: int) -> MeshViews:
        """The same mesh for larger pictures."""
        return MeshViews(self.surface, self._rasterizer, rays)

    def of(self, views: Sequence[View]) -> list[ViewGeometry]:
        return remembered(self._geometry, views, self._compute, threads_on(self.surface.device))

    def shares(self, views: ViewSet) -> Shares:
        return self._shares_and_owned(views)[0]

    def owned(self, views: ViewSet) -> Tensor:
        """[B, r, r] bool: the pixels of the object that each view shows best of its set."""
        return self._shares_and_owned(views)[1]

    def unseen_share(self, view: View, drawn: Sequence[View]) -> float:
        """The share of what `view` sees of the object that none of the views `drawn` sees, from coarse pictures."""
        coarse = self._coarse_of(view)
        seen = None
        for other in drawn:
            key = (view, other)
            if key not in self._common:
                self._common[key] = coarse.seen_by(self._coarse_of(other))
            seen = self._common[key] if seen is None else seen | self._common[key]
        if seen is None:
            return 1.0
        return 1.0 - float(seen.float().mean()) if seen.numel() else 0.0

    def _compute(self, view: View) -> ViewGeometry:
        surface, rays = self.surface, self.rays
        seen = self._rasterizer.render(view, rays, rays).to(surface.device)
        hits = find_hits(surface, seen)
        projection = build_projection(
            surface,
            view,
            hits,
            self._charts,
            lambda pixels: self._rasterizer.refine(view, rays, rays, pixels).to(surface.device),
        )
        return ViewGeometry(
            projection,
            torch.where(hits.inside, 1 / seen.depth, 0),
            texels_under(surface, hits),
            *visible_texels(surface, view, seen),
        )

    def _coarse_of(self, view: View) -> CoarseView:
        if view not in self._coarse:
            seen = self._rasterizer.render(view, COARSE, COARSE).to(self.surface.device)
            self._coarse[view] = CoarseView(self.surface, view, seen)
        return self._coarse[view]

    def _shares_and_owned(self, views: ViewSet) -> tuple[Shares, Tensor]:
        if views not in self._shares:
            self._shares[views] = self._compute_shares(views)
        return self._shares[views]

    def _compute_shares(self, views: ViewSet) -> tuple[Shares, Tensor]:
        surface = self.surface
        geometry = self.of(views)
        best = torch.zeros(len(surface.texel), device=surface.device)
        for g in geometry:
            best.index_copy_(0, g.texels, torch.maximum(best.index_select(0, g.texels), g.cosine))
        owner = torch.full((surface.size**2,), -1, dtype=torch.int16, device=surface.device)
        parts = []
        for i, g in enumerate(geometry):
            kept = (g.cosine == best.index_select(0, g.texels)).nonzero()[:, 0]
            won = g.texels.index_select(0, kept)
            best.index_fill_(0, won, torch.inf)  # two views that tie must not both win
            flat = surface.texel.index_select(0, won)
            owner.index_fill_(0, flat, i)
            parts.append((flat, g.grid.index_select(0, kept), g.cosine.index_select(0, kept)))
        owned = torch.stack([(g.texel_under >= 0) & (owner[g.texel_under.clamp(min=0)] == i) for i, g in enumerate(geometry)])
        fades = [
            sample(torch.from_numpy(fade(mask)).to(surface.device)[None], grid)[0]
            for mask, (_, grid, _) in zip(owned.cpu().numpy(), parts, strict=True)
        ]
        texel, grid, cosine = (torch.cat(column) for column in zip(*parts, strict=True))
        return Shares([len(part[0]) for part in parts], texel, grid, cosine, torch.cat(fades)), owned
