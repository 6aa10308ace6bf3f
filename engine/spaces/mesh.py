"""The mesh: a texture on the artist's own UVs, seen by cameras that orbit the object."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..threads import Result, remembered, side_by_side, threads_on
from .borders import inward_pixels, seam_mask
from .image_ops import fill_from_surface, sample, shrink
from .mesh_checks import bounding_sphere, checked, with_occluders
from .mesh_views import MeshViews
from .projection import Pooling, compose, gather, pooled
from .pyramid import fill_pyramid, level_sizes, pyramid
from .raster import RasterCanvas
from .rasterize import Rasterizer, make_rasterizer
from .surface import Surface
from .views import View, ViewSet, half_tangent, views_orbit
from .visibility import MIN_COSINE

BLEND_RANGE = 0.4  # cosines over which a later view takes over from what is there
RESTORE_RANGE = 0.1  # cosines from MIN_COSINE on, over which what is restored takes over
NORMAL_WEIGHT = 0.2  # how far apart, in object radii, opposite sides count when looking for the nearest seen texel
LEAST_RELIEF = 1e-4  # range of inverse depth below which a surface counts as flat, and all of it as nearest
KNOWN = 1 - 1e-3  # share of a pixel on seen texels from which on nothing in it is unknown but rounding


class MeshSpace:
    """Z is a square texture; texels that no triangle covers are margin: padded in the end, never shown nor counted.

    `notices` are for the job's report. `centre` [3] and `radius` say how the mesh was moved into the unit
    sphere: object space = (world - centre) / radius.
    """

    def __init__(
        self,
        vertices: np.ndarray,  # [V, 3] any scale; +Z up, front at -Y
        faces: np.ndarray,  # [F, 3]
        uv: np.ndarray,  # [F, 3, 2] per corner, u right, v up
        texture_size: int,
        view_resolution: int,
        device: torch.device | str = "cpu",
        *,
        occluders: tuple[np.ndarray, np.ndarray] | None = None,  # vertices, faces of what may hide the object
        view_sets: tuple[ViewSet, ...] | None = None,
        fill_sets: tuple[ViewSet, ...] = (),
        background: float = 0.5,
        depth_floor: float = 0.0,  # what `condition` gives the farthest visible surface, 0..1
        rasterizer: Callable[[np.ndarray, np.ndarray], Rasterizer] | None = None,  # None: the best there is
    ) -> None:
        """InvalidMesh, in words an artist can use and with the fix that fits, when there is nothing here to paint.

        view_resolution should be the largest that is needed: `at` serves smaller pictures from the same rays.
        """
        vertices, faces, uv = checked(vertices, faces, uv)
        if texture_size < 8 or view_resolution < 8:
            raise ValueError(f"texture_size {texture_size} and view_resolution {view_resolution} must be 8 or more")
        if not 0 <= depth_floor < 1:
            raise ValueError(f"depth_floor is {depth_floor}, but must be at least 0 and less than 1")
        self.size, self.view_resolution = texture_size, view_resolution
        self.background, self.depth_floor = background, depth_floor
        self.device = torch.device(device)
        self.view_sets = views_orbit() if view_sets is None else view_sets
        self.fill_sets = fill_sets
        self.centre, self.radius = bounding_sphere(vertices, faces)
        vertices = (vertices - self.centre) / self.radius
        if occluders is not None:
            occluders = (np.asarray(occluders[0], dtype=np.float64) - self.centre) / self.radius, occluders[1]
        self._surface = Surface(vertices, faces, uv, texture_size, self.device)
        scene = with_occluders(vertices, faces, occluders)
        caster, self.notices = make_rasterizer(*scene, self.device) if rasterizer is None else (rasterizer(*scene), ())
        self._views = MeshViews(self._surface, caster, view_resolution)
        self._sizes: dict[int, MeshSpace] = {}
        self._forget_pictures()

    def at(self, view_resolution: int) -> MeshSpace:
        if view_resolution == self.view_resolution:
            return self
        if view_resolution < 8:
            raise ValueError(f"view_resolution is {view_resolution}, but must be 8 or more")
        if view_resolution not in self._sizes:
            self._sizes.setdefault(self.view_resolution, self)
            other = copy.copy(self)
            other.view_resolution = view_resolution
            other._forget_pictures()
            if view_resolution > self._views.rays:
                other._views, other._sizes = self._views.finer(view_resolution), {}
            self._sizes[view_resolution] = other
        return self._sizes[view_resolution]

    @property
    def texels_per_pixel(self) -> float:
        """From the texels per length of the surface, and the length that a pixel covers as far away as the centre is."""
        view = (self.view_sets + self.fill_sets)[0][0]
        pixel = 2 * half_tangent(view) * math.dist(view.position, (0, 0, 0)) / self.view_resolution
        return self._surface.texels_per_length * pixel

    def blank(self) -> RasterCanvas:
        z = torch.full((3, self.size, self.size), self.background, device=self.device)
        return RasterCanvas(z, torch.zeros(self.size, self.size, device=self.device))

    def unseen_share(self, views: Sequence[View], drawn: Sequence[View]) -> list[float]:
        return [self._views.unseen_share(view, drawn) for view in views]

    def project(self, canvas: RasterCanvas, views: Sequence[View], behind: Tensor | None = None) -> Tensor:
        """f_c(z): [B, 3, h, w], unlit.

        What no view has seen yet takes the colours beside it in the picture: a patch of blank canvas would look to the
        model like part of the object. A view that sees nothing known shows the mean of the canvas, or the background's
        grey while that is blank.
        """
        known, mean = self._known(canvas, views)
        if behind is None:
            behind = torch.full((), self.background, device=self.device)
        return compose(known, self._coverage(views), mean, behind).clamp_(0, 1)

    def unproject(self, canvas: RasterCanvas, views: Sequence[View], images: Tensor, *, average: bool) -> RasterCanvas:
        """Visible texels take the picture's colour.

        average: True takes the cosine-weighted mean over the set. False lets the view with the greatest cosine win, and
        blends it over what is there by clamp((cosine - 0.1) / 0.4, 0, 1), or wholly if no view ever saw the texel better.
        Over a texel seen before it also fades in from the border of its own part: where another view or an occluder
        begins, two pictures would else meet in a ragged step.
        """
        z, best = canvas.z.flatten(1).clone(), canvas.view_quality.flatten().clone()
        pictures = self._solid(views, images.to(z))
        if average:
            self._mean_into(z, best, views, pictures)
        else:
            self._best_into(z, best, tuple(views), pictures)
        return RasterCanvas(z.reshape(canvas.z.shape), best.reshape(canvas.view_quality.shape))

    def condition(self, views: Sequence[View]) -> Tensor:
        """[B, 1, h, w]: depth_floor + (1 - depth_floor) * inverse depth, min-max over the object; background 0."""
        self._views.of(views)
        return torch.stack(self._remembered(self._conditions, views, self._condition))

    def seam_mask(self, views: Sequence[View]) -> Tensor:
        """Where this view wins the set's cosine, opened 5x5, as a distance to that region's border; 1 off the object."""
        key = tuple(views)
        if key not in self._seams:
            owned = self._at_this_size(self._views.owned(key)).cpu().numpy()
            under = torch.stack([seen.texel_under for seen in self._views.of(key)])
            on_object = self._at_this_size(under >= 0).cpu().numpy()
            masks = np.stack(self._side_by_side(lambda i: seam_mask(owned[i], on_object[i]), range(len(key))))
            self._seams[key] = torch.from_numpy(masks)[:, None].to(self.device)
        return self._seams[key]

    def unknown_mask(self, canvas: RasterCanvas, views: Sequence[View]) -> Tensor:
        return (self._known(canvas, views)[0][:, None, ..., 3] < KNOWN).float()

    def restore(self, canvas: RasterCanvas, known: RasterCanvas) -> RasterCanvas:
        """What `known` has seen, as it is there; blended over `canvas` where it was seen at a cosine near MIN_COSINE."""
        weight = ((known.view_quality - MIN_COSINE) / RESTORE_RANGE).clamp(0, 1)
        weight = torch.where((known.view_quality > 0) & (canvas.view_quality <= 0), torch.ones_like(weight), weight)
        z = torch.where(weight >= 1, known.z, torch.lerp(canvas.z, known.z, weight))
        return RasterCanvas(z, torch.maximum(canvas.view_quality, known.view_quality))

    def coverage(self, canvas: RasterCanvas) -> float:
        """Share of the texels on the surface that some view has seen."""
        return float((canvas.view_quality.flatten()[self._surface.texel] > 0).float().mean())

    def to_image(self, canvas: RasterCanvas) -> Tensor:
        return canvas.z.clamp(0, 1)

    def fill_and_pad(self, canvas: RasterCanvas) -> Tensor:
        """[3, H, W]: unseen texels filled from the nearest seen ones on the object, all the margin padded."""
        surface = self._surface
        z = canvas.z.flatten(1).clone()
        keys = torch.cat([surface.position, NORMAL_WEIGHT * surface.normal]).T
        seen = canvas.view_quality.flatten()[surface.texel] > 0
        z[:, surface.texel] = fill_from_surface(z[:, surface.texel], seen, keys)
        return z.index_select(1, surface.pad).reshape(canvas.z.shape).clamp(0, 1)

    def _mean_into(self, z: Tensor, best: Tensor, views: Sequence[View], pictures: list[Tensor]) -> None:
        total, weight = torch.zeros_like(z), torch.zeros_like(best)
        for seen, picture in zip(self._views.of(views), pictures, strict=True):
            texel = self._surface.texel[seen.texels]
            total.index_add_(1, texel, sample(picture, seen.grid) * seen.cosine)
            weight.index_add_(0, texel, seen.cosine)
            best[texel] = torch.maximum(best[texel], seen.cosine)
        z.copy_(torch.where(weight > 0, total / weight.clamp(min=1e-12), z))

    def _best_into(self, z: Tensor, best: Tensor, views: ViewSet, pictures: list[Tensor]) -> None:
        shares = self._views.shares(views)
        grids = shares.grid.split(shares.counts)
        colour = torch.cat(self._side_by_side(lambda i: sample(pictures[i], grids[i]), range(len(views))), dim=1)
        before = best.index_select(0, shares.texel)
        alpha = ((shares.cosine - MIN_COSINE) / BLEND_RANGE).clamp(0, 1)
        alpha = torch.where(shares.cosine >= before, 1.0, alpha) * shares.fade
        alpha = torch.where(before > 0, alpha, 1.0)
        z.index_copy_(1, shares.texel, torch.lerp(z.index_select(1, shares.texel), colour, alpha))
        best.index_copy_(0, shares.texel, torch.maximum(before, shares.cosine))

    def _forget_pictures(self) -> None:
        """Start empty what depends on the size of the pictures."""
        self._poolings: dict[View, Pooling] = {}
        self._inward: dict[View, tuple[Tensor, Tensor]] = {}
        self._conditions: dict[View, Tensor] = {}
        self._seams: dict[ViewSet, Tensor] = {}

    def _known(self, canvas: RasterCanvas, views: Sequence[View]) -> tuple[Tensor, Tensor]:
        """[B, h, w, 4]: colour of seen texels and their share of the pixel, the colour premultiplied by that share.

        And [3], the mean colour of all seen texels; the background's grey where there are none.
        """
        poolings = self._poolings_of(views)
        projections = [(seen.projection, pooling) for seen, pooling in zip(self._views.of(views), poolings, strict=True)]
        seen = (canvas.view_quality > 0) & self._surface.on_chart.reshape(canvas.view_quality.shape)
        levels = max(projection.levels for projection, _ in projections)
        rows = pyramid(self.size, 4, levels, self.device)
        image = rows[: self.size**2].reshape(self.size, self.size, 4)
        torch.mul(canvas.z.permute(1, 2, 0), seen[..., None], out=image[..., :3])
        image[..., 3] = seen
        fill_pyramid(rows, self.size, levels)
        total = rows[-(level_sizes(self.size)[levels - 1] ** 2) :].sum(0)
        mean = torch.where(total[3] > 0, total[:3] / total[3].clamp(min=1e-6), self.background)
        return gather(rows, projections), mean

    def _coverage(self, views: Sequence[View]) -> Tensor:
        """[B, 1, h, w] the object's share of every pixel."""
        return torch.stack([pooling.coverage[None] for pooling in self._poolings_of(views)])

    def _poolings_of(self, views: Sequence[View]) -> list[Pooling]:
        projections = {view: seen.projection for view, seen in zip(views, self._views.of(views), strict=True)}
        return self._remembered(self._poolings, views, lambda view: pooled(projections[view], self.view_resolution))

    def _solid(self, views: Sequence[View], images: Tensor) -> list[Tensor]:
        """The pictures for `sample`: what may show background repeats what lies inside, so that none bleeds in."""
        coverage = {view: pooling.coverage for view, pooling in zip(views, self._poolings_of(views), strict=True)}
        inward = self._remembered(self._inward, views, lambda view: inward_pixels(coverage[view]))
        geometry = self._views.of(views)

        def solid(i: int) -> Tensor:
            pixel, source = inward[i]
            flat = images[i].flatten(1)
            finer = geometry[i].pixels_per_texel(self.view_resolution)
            whole = flat.index_copy(1, pixel, flat.index_select(1, source)).reshape(images.shape[1:])
            return shrink(whole, 2 ** max(0, math.floor(math.log2(finer))))

        return self._side_by_side(solid, range(len(views)))

    def _condition(self, view: View) -> Tensor:
        inverse = self._views.of([view])[0].inverse_depth[None, None]
        share = (inverse > 0).float()
        if self.view_resolution < self._views.rays:
            size = (self.view_resolution, self.view_resolution)
            share, inverse = (F.interpolate(part, size=size, mode="area") for part in (share, inverse))
            inverse = inverse / share.clamp(min=1e-6)
        solid = share >= 0.5
        low = torch.where(solid, inverse, torch.inf).amin()
        high = torch.where(solid, inverse, 0).amax()
        farness = (high - inverse) / (high - low).clamp(min=LEAST_RELIEF)
        return torch.where(solid, 1 - (1 - self.depth_floor) * farness, 0)[0]

    def _side_by_side(self, call: Callable[[int], Result], pieces: Sequence[int]) -> list[Result]:
        return side_by_side(call, pieces, threads_on(self.device))

    def _remembered(self, cache: dict[View, Result], views: Sequence[View], compute: Callable[[View], Result]) -> list[Result]:
        return remembered(cache, views, compute, threads_on(self.device))

    def _at_this_size(self, pixels: Tensor) -> Tensor:
        """[B, r, r] of the rays -> [B, h, w]: the ray in the middle of each pixel."""
        rays, size = pixels.shape[-1], self.view_resolution
        middle = ((torch.arange(size, device=self.device) + 0.5) * rays / size).long()
        return pixels[:, middle][:, :, middle]
