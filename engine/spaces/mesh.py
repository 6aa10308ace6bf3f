"""The mesh: a texture on the artist's own UVs, seen by cameras that orbit the object."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from ..contracts import Canvas
from .blend import fill_from_surface, interior, nearest_index, sample, sampling_grid, shrink, silhouette_index, wrap_border
from .charts import rasterize_charts
from .rasterize import EmbreeRasterizer, GBuffer, Rasterizer
from .views import View, ViewSet, half_tangent, pixels, views_orbit

SUPERSAMPLING = 2  # rays per pixel and axis: silhouettes and a texture finer than the view do not alias
HALO = 256  # view pixels for each pixel by which a decoded picture smears background over a silhouette
MIN_COSINE = 0.1  # seen flatter than this, a picture says nothing about a texel
BLEND_RANGE = 0.4  # cosines over which a later view takes over from what is there
SEAM_GAIN = 1.7  # how soon inside its border a seam mask reaches 1
FADE = 1 / 64  # of a view's width: how far inside its border a view's own part takes over wholly from what is there
FARTHEST_UV = 10_000.0  # farther out, float32 cannot tell neighbouring texels apart
HARD_EDGE = 0.8  # a face that leans further than this cosine from its vertex's mean normal keeps its own
NORMAL_WEIGHT = 0.2  # how far apart, in object radii, opposite sides count when looking for the nearest seen texel


class _ViewMaps(NamedTuple):
    """All that a view needs, computed once. Pixels at the view's resolution h; rays at SUPERSAMPLING times that."""

    rays: Tensor  # [R] flat indices of the rays that hit the object
    grid: Tensor  # [R, 2] where in the texture they hit
    level: int  # texture halvings that bring its texels to the spacing of the rays
    reduction: int  # by how much the picture is finer than the texture, where it is
    extend: Tensor  # [h * h] the pixel to read instead of each, well inside the silhouette
    texel_under: np.ndarray  # [h, h] flat texel index in the middle of the pixel, -1 off the object
    condition: Tensor  # [1, h, h]
    texels: Tensor  # [n] indices into the list of surface texels: those visible here
    pixel_grid: Tensor  # [n, 2] where in the picture they are
    cosine: Tensor  # [n] between the line of sight and the surface normal, > MIN_COSINE


class MeshSpace:
    """Z is a square texture; texels that no triangle covers are margin: padded, and never counted."""

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
        background: float = 0.5,
        rasterizer: Callable[[np.ndarray, np.ndarray], Rasterizer] = EmbreeRasterizer,
    ) -> None:
        """Raises ValueError, in words an artist can use, when there is nothing here to paint."""
        vertices, faces, uv = _checked(vertices, faces, uv)
        if texture_size < 8 or view_resolution < 8:
            raise ValueError(f"texture_size {texture_size} and view_resolution {view_resolution} must be 8 or more")
        self.size, self.view_resolution, self.background = texture_size, view_resolution, background
        self.device = torch.device(device)
        self.view_sets = views_orbit() if view_sets is None else view_sets
        used = vertices[faces.ravel()]
        self.centre = (used.min(0) + used.max(0)) / 2
        self.radius = float(np.linalg.norm(used - self.centre, axis=1).max())
        if self.radius == 0:
            raise ValueError("The mesh has no extent: all its vertices are in one place.")
        vertices = (vertices - self.centre) / self.radius

        owner, weights = rasterize_charts(uv, texture_size)
        on_chart = owner >= 0
        if not on_chart.any():
            raise ValueError("The UV map is empty: its faces have no area. Unwrap the mesh first.")
        triangle = owner[on_chart]
        corners = vertices[faces]
        face_normals, corner_normals = _normals(vertices, faces)
        weights = weights[on_chart]
        positions = np.einsum("nk,nkc->nc", weights, corners[triangle])
        normals = np.einsum("nk,nkc->nc", weights, corner_normals[triangle])
        self._texel = self._tensor(np.flatnonzero(on_chart))
        self._position = torch.from_numpy(positions.astype(np.float32))
        self._triangle = torch.from_numpy(triangle)
        self._normal = F.normalize(torch.from_numpy(normals.astype(np.float32)), dim=-1)
        self._face_normal = torch.from_numpy(face_normals.astype(np.float32))
        self._face_corner = torch.from_numpy(corners[:, 0].astype(np.float32))
        self._square = self._position.square().sum(-1)
        self._offset = (self._normal * self._position).sum(-1)
        self._uv = torch.from_numpy(uv.astype(np.float32))
        self._pad = self._tensor(nearest_index(on_chart))

        self._on_chart = torch.from_numpy(on_chart)
        self._last_seen = (torch.zeros_like(self._on_chart), self._pad)

        self._face_count = len(faces)
        self._rasterizer = rasterizer(*self._scene(vertices, faces, occluders))
        self._maps: dict[View, _ViewMaps] = {}
        self._winners: dict[ViewSet, list[Tensor]] = {}
        self._seams: dict[ViewSet, Tensor] = {}
        self._fades: dict[ViewSet, Tensor] = {}

    def blank(self) -> Canvas:
        z = torch.full((3, self.size, self.size), self.background, device=self.device)
        return Canvas(z, torch.zeros(self.size, self.size, device=self.device))

    def project(self, canvas: Canvas, views: Sequence[View]) -> Tensor:
        """f_c(z): [B, 3, h, w], unlit, before a flat background.

        Texels that no view has seen yet show what lies beside them in the texture: a patch of blank canvas would look to
        the model like part of the object.
        """
        fine = self.view_resolution * SUPERSAMPLING
        pyramid = [_gathered(canvas.z, self._nearest_seen(canvas.best))]
        bordered: dict[int, Tensor] = {}
        pictures = []
        for view in views:
            maps = self._maps_of(view)
            while len(pyramid) <= maps.level:
                pyramid.append(F.avg_pool2d(pyramid[-1][None], 2, ceil_mode=True)[0])
            if maps.level not in bordered:
                bordered[maps.level] = wrap_border(pyramid[maps.level])
            grid = _bordered_grid(maps.grid, pyramid[maps.level].shape[-1])
            picture = torch.full((3, fine * fine), self.background, device=self.device)
            picture[:, maps.rays] = sample(bordered[maps.level], grid)
            pictures.append(F.avg_pool2d(picture.reshape(1, 3, fine, fine), SUPERSAMPLING)[0])
        return torch.stack(pictures)

    def unproject(self, canvas: Canvas, views: Sequence[View], images: Tensor, *, average: bool) -> Canvas:
        """Visible texels take the picture's colour.

        average: True takes the cosine-weighted mean over the set. False lets the view with the greatest cosine win, and
        blends it over what is there by clamp((cosine - 0.1) / 0.4, 0, 1), or wholly if no view ever saw the texel better.
        Over a texel seen before it also fades in from the border of its own part: where another view or an occluder
        begins, two pictures would else meet in a ragged step.
        """
        z, best = canvas.z.flatten(1).clone(), canvas.best.flatten().clone()
        total, weight = torch.zeros_like(z), torch.zeros_like(best)
        for i, (view, image) in enumerate(zip(views, images, strict=True)):
            texels, grid, cosine = self._share(tuple(views), i, average)
            # At and past the silhouette the picture repeats what lies inside it, so that no background bleeds in.
            solid = image.to(z).flatten(1)[:, self._maps_of(view).extend].reshape(image.shape)
            colour = sample(shrink(solid, self._maps_of(view).reduction), grid)
            if average:
                total.index_add_(1, texels, colour * cosine)
                weight.index_add_(0, texels, cosine)
            else:
                alpha = ((cosine - MIN_COSINE) / BLEND_RANGE).clamp(0, 1)
                alpha = torch.where(cosine >= best[texels], torch.ones_like(alpha), alpha)
                fade = sample(self._fade(tuple(views))[i], grid)[0]
                alpha = torch.where(best[texels] > 0, alpha * fade, torch.ones_like(alpha))
                z[:, texels] = torch.lerp(z[:, texels], colour, alpha)
            best[texels] = torch.maximum(best[texels], cosine)
        if average:
            z = torch.where(weight > 0, total / weight.clamp(min=1e-12), z)
        return Canvas(z.reshape(canvas.z.shape), best.reshape(canvas.best.shape))

    def condition(self, views: Sequence[View]) -> Tensor:
        return torch.stack([self._maps_of(view).condition for view in views])

    def seam_mask(self, views: Sequence[View]) -> Tensor:
        """Where this view wins the set's cosine, opened 5x5, as a distance to that region's border."""
        key = tuple(views)
        if key not in self._seams:
            opened = [ndimage.binary_opening(owned, np.ones((5, 5))) for owned in self._owned(key)]
            self._seams[key] = self._tensor(np.stack([np.minimum(interior(part) * SEAM_GAIN, 1) for part in opened])[:, None])
        return self._seams[key]

    def _owned(self, views: ViewSet) -> list[np.ndarray]:
        """[h, h] bool per view: the pixels of the object that this view shows best of its set."""
        owner = np.full(self.size * self.size, -1)
        for i in range(len(views)):
            owner[self._share(views, i, False)[0].cpu().numpy()] = i
        owner = owner[self._pad.cpu().numpy()]
        under = [self._maps_of(view).texel_under for view in views]
        return [(part >= 0) & (owner[part.clip(min=0)] == i) for i, part in enumerate(under)]

    def _fade(self, views: ViewSet) -> Tensor:
        """[B, 1, h, h]: 0 outside each view's own part, rising to 1 over FADE of the view's width inside it."""
        if views not in self._fades:
            width = FADE * self.view_resolution
            fades = [np.minimum(ndimage.distance_transform_edt(owned) / width, 1) for owned in self._owned(views)]
            self._fades[views] = self._tensor(np.stack(fades)[:, None].astype(np.float32))
        return self._fades[views]

    def coverage(self, canvas: Canvas) -> float:
        """Share of the texels on the surface that some view has seen."""
        return float((canvas.best.flatten()[self._texel] > 0).float().mean())

    def finish(self, canvas: Canvas) -> Tensor:
        """[3, H, W]: unseen texels filled from the nearest seen ones on the object, all the margin padded."""
        z = canvas.z.flatten(1).clone()
        keys = torch.cat([self._position, NORMAL_WEIGHT * self._normal], dim=1)
        seen = canvas.best.flatten()[self._texel] > 0
        z[:, self._texel] = fill_from_surface(z[:, self._texel], seen, keys)
        return _gathered(z.reshape(canvas.z.shape), self._pad).clamp(0, 1)

    def _scene(
        self, vertices: np.ndarray, faces: np.ndarray, occluders: tuple[np.ndarray, np.ndarray] | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The object's triangles, then what may hide it; broken triangles of other objects hide nothing."""
        if occluders is None or len(occluders[1]) == 0:
            return vertices, faces
        others = (np.asarray(occluders[0], dtype=np.float64) - self.centre) / self.radius
        other_faces = np.asarray(occluders[1], dtype=np.int64)
        other_faces = other_faces[np.isfinite(others[other_faces]).all((1, 2))]
        return np.concatenate([vertices, others]), np.concatenate([faces, other_faces + len(vertices)])

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def _nearest_seen(self, best: Tensor) -> Tensor:
        """[H * W] for every texel the nearest one that is on a chart and has been seen. Kept while that does not change."""
        seen = (best > 0).cpu() & self._on_chart
        if not torch.equal(seen, self._last_seen[0]):
            index = self._tensor(nearest_index(seen.numpy())) if bool(seen.any()) else self._pad
            self._last_seen = (seen, index)
        return self._last_seen[1]

    def _maps_of(self, view: View) -> _ViewMaps:
        if view not in self._maps:
            fine = self.view_resolution * SUPERSAMPLING
            seen = self._rasterizer.render(view, fine, fine)
            on_object = (seen.face >= 0) & (seen.face < self._face_count)
            self._maps[view] = self._compute_maps(view, seen, on_object)
        return self._maps[view]

    def _compute_maps(self, view: View, seen: GBuffer, on_object: Tensor) -> _ViewMaps:
        h, s = self.view_resolution, SUPERSAMPLING
        hit = on_object.flatten().nonzero()[:, 0]
        uv = (seen.barycentric.reshape(-1, 3)[hit, :, None] * self._uv[seen.face.flatten()[hit]]).sum(1)
        uv = torch.stack([uv[:, 0], 1 - uv[:, 1]], dim=-1) % 1.0
        texel = (uv * self.size).long().clamp(max=self.size - 1)
        under = torch.full((on_object.numel(),), -1)
        under[hit] = texel[:, 1] * self.size + texel[:, 0]
        under = under.reshape(h * s, h * s)[s // 2 :: s, s // 2 :: s]
        share = F.avg_pool2d(on_object[None, None].float(), s)[0, 0]
        texels, pixel_grid, cosine = self._visible(view, seen)
        # log2 of how many texels lie side by side between two neighbouring rays.
        finer = 0.5 * np.log2(max(len(texels), 1) / max(len(hit), 1))
        return _ViewMaps(
            rays=hit.to(self.device),
            grid=uv.to(self.device),
            level=max(0, int(np.floor(finer + 0.25))),
            reduction=2 ** max(0, int(np.floor(-finer - np.log2(s)))) if len(texels) else 1,
            extend=self._tensor(silhouette_index((share == 1).numpy(), max(h // HALO, 1))),
            texel_under=under.numpy(),
            condition=_inverse_depth(seen.depth, on_object, s).to(self.device),
            texels=texels.to(self.device),
            pixel_grid=pixel_grid.to(self.device),
            cosine=cosine.to(self.device),
        )

    def _visible(self, view: View, seen: GBuffer) -> tuple[Tensor, Tensor, Tensor]:
        """Surface texels that this view shows: their indices, picture positions and cosines.

        A texel is visible where the ray beside it meets its own triangle, or a surface no nearer than the slope of the
        texel's own plane explains. It must be seen from the side from which the ray sees that surface (so inverted
        normals do no harm, and the back of a thin sheet is not mistaken for its front), and must keep a pixel away from
        anything that hides it, as a picture is never sharp there.
        """
        fine, s = seen.depth.shape[0], SUPERSAMPLING
        origin = torch.tensor(view.position, dtype=torch.float32)
        # n . (o - p) / |o - p|, by products that need no [N, 3] in between: this runs for every texel and view.
        distance = (self._square - 2 * (self._position @ origin) + origin @ origin).sqrt()
        signed = (self._normal @ origin - self._offset) / distance
        xy, depth = pixels(view, self._position, fine, fine)
        inside = (xy >= 0).all(-1) & (xy < fine).all(-1) & (depth > 0) & (signed.abs() > MIN_COSINE)
        candidates = inside.nonzero()[:, 0]
        xy, depth, signed = xy[candidates], depth[candidates], signed[candidates]
        ray = xy[:, 1].long() * fine + xy[:, 0].long()
        hit_depth = seen.depth.flatten()[ray]

        cosine = signed.abs()
        step = 2 * half_tangent(view) * depth / fine  # spacing of the rays at the texel
        slope = (1 - cosine**2).clamp(min=0).sqrt() / cosine
        face = seen.face.flatten()[ray]
        from_front = self._seen_from_front(origin, seen).flatten()[ray]
        nearby = (face >= 0) & (face < self._face_count) & (hit_depth >= depth - step * (0.5 + slope))
        visible = (face == self._triangle[candidates]) | (nearby & ((signed > 0) == from_front))

        nearest = torch.from_numpy(ndimage.minimum_filter(seen.depth.numpy(), size=2 * s + 1)).flatten()[ray]
        visible &= nearest >= depth - step * 2 * s * (1 + slope)
        return candidates[visible], sampling_grid(xy[visible] / s, fine // s, fine // s), cosine[visible]

    def _seen_from_front(self, origin: Tensor, seen: GBuffer) -> Tensor:
        """[h, w] bool: the camera is on the side of the triangle hit that its normal points to."""
        face = seen.face.clamp(0, self._face_count - 1)
        front = (self._face_normal * (origin - self._face_corner)).sum(-1) > 0
        return front[face]

    def _share(self, views: ViewSet, i: int, average: bool) -> tuple[Tensor, Tensor, Tensor]:
        """What view i gives the set: flat canvas indices [n], where to sample its picture [n, 2], cosines [n]."""
        maps = self._maps_of(views[i])
        if average:
            return self._texel[maps.texels], maps.pixel_grid, maps.cosine
        keep = self._winners_of(views)[i]
        return self._texel[maps.texels[keep]], maps.pixel_grid[keep], maps.cosine[keep]

    def _winners_of(self, views: ViewSet) -> list[Tensor]:
        """Per view [n] bool: which of its visible texels it sees at a greater cosine than the rest of the set does."""
        if views not in self._winners:
            maps = [self._maps_of(view) for view in views]
            best = torch.zeros(len(self._texel), device=self.device)
            for m in maps:
                best[m.texels] = torch.maximum(best[m.texels], m.cosine)
            winners = []
            for m in maps:
                winners.append(m.cosine == best[m.texels])
                best[m.texels[winners[-1]]] = torch.inf  # two views that tie must not both win
            self._winners[views] = winners
        return self._winners[views]


def _checked(vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    vertices, uv = np.asarray(vertices, dtype=np.float64), np.asarray(uv, dtype=np.float64)
    faces = np.asarray(faces, dtype=np.int64)
    if faces.size == 0:
        raise ValueError("The mesh has no faces, so there is nothing to paint.")
    if vertices.ndim != 2 or vertices.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3:
        raise ValueError(f"vertices {vertices.shape} and faces {faces.shape} must be [V, 3] and [F, 3]")
    if uv.shape != (len(faces), 3, 2):
        raise ValueError(f"uv {uv.shape} must be [F, 3, 2] with one pair per corner of {len(faces)} faces")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise ValueError("The mesh is broken: a face names a vertex that does not exist.")
    if not np.isfinite(vertices[faces.ravel()]).all():
        raise ValueError("The mesh is broken: some vertices have no valid position (NaN or infinite).")
    if not np.isfinite(uv).all():
        raise ValueError("The UV map is broken: some coordinates are NaN or infinite. Unwrap the mesh again.")
    if np.abs(uv).max() > FARTHEST_UV:
        raise ValueError(f"The UV map is broken: some coordinates lie beyond {FARTHEST_UV:.0f}. Unwrap the mesh again.")
    return vertices, faces, uv


def _normals(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals of the faces [F, 3], and of their corners [F, 3, 3] smoothed over the vertex unless the edge is hard.

    Without smoothing, the border between two views would run in teeth along the facets. A triangle without area has
    normal 0: no view can see it.
    """
    corners = vertices[faces]
    crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])  # twice the area long
    at_vertex = np.stack(
        [np.bincount(faces.ravel(), np.repeat(crossed[:, i], 3), minlength=len(vertices)) for i in range(3)], axis=-1
    )
    flat, smooth = _unit(crossed), _unit(at_vertex)[faces]
    soft = (smooth * flat[:, None]).sum(-1, keepdims=True) > HARD_EDGE
    return flat, np.where(soft, smooth, flat[:, None])


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


def _inverse_depth(depth: Tensor, on_object: Tensor, factor: int) -> Tensor:
    """[1, h, w]: inverse depth, min-max over the object, nearest = 1, background and the object's farthest = 0."""
    inverse = torch.where(on_object, 1 / depth, torch.zeros_like(depth))[None, None]
    share = F.avg_pool2d(on_object[None, None].float(), factor)
    inverse = F.avg_pool2d(inverse, factor) / share.clamp(min=1e-6)
    solid = share >= 0.5
    if not bool(solid.any()):
        return torch.zeros_like(inverse[0])
    low, high = inverse[solid].min(), inverse[solid].max()
    return torch.where(solid, (inverse - low) / (high - low).clamp(min=1e-6), torch.zeros_like(inverse))[0]


def _gathered(z: Tensor, index: Tensor) -> Tensor:
    """[3, H, W] with each texel taken from another one, [H * W]."""
    return z.flatten(1)[:, index].reshape(z.shape)


def _bordered_grid(uv: Tensor, size: int) -> Tensor:
    """Texture positions 0..1 (right, down) as coordinates of a picture of `size` that has a border of one texel."""
    return (2 * (uv * size + 1) / (size + 2) - 1).float()
