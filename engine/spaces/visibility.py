"""Which texels of a surface a view shows."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .rasterize import GBuffer
from .surface import Surface
from .views import View, axes, half_tangent

MIN_COSINE = 0.1  # seen flatter than this, a picture says nothing about a texel
STEEPEST = (1 - MIN_COSINE**2) ** 0.5 / MIN_COSINE  # how much deeper a surface gets per unit across, at that cosine
CELLS = (8, 32)  # rays along either side of the squares whose farthest depth is compared with whole faces; each divides
# the next


def visible_texels(
    surface: Surface,
    view: View,
    seen: GBuffer,  # [r, r] on the surface's device; faces from surface.face_count on belong to occluders
) -> tuple[Tensor, Tensor, Tensor]:
    """Texels that this view shows: [n] indices into the surface's texels, in order; [n, 2] where in the picture, as
    `grid_sample` coordinates; [n] cosines between the line of sight and the normal, > MIN_COSINE.

    A texel is visible where the ray beside it meets its own triangle, or a surface no nearer than the slope of the
    texel's own plane explains. It must be seen from the side from which the ray sees that surface (so inverted
    normals do no harm, and the back of a thin sheet is not mistaken for its front), and must keep a pixel away from
    anything that hides it, as a picture is never sharp there.
    """
    rays = seen.depth.shape[0]
    depths, hit_faces = seen.depth.flatten(), seen.face.flatten()
    nearest_depths = _minimum_3x3(seen.depth).flatten()
    origin, from_front = _origin(surface, view), _from_front(surface, view)

    texels = _faces_in_sight(surface, view, seen).index_select(0, surface.triangle).nonzero()[:, 0]
    offset = surface.position.index_select(1, texels) - origin[:, None]
    signed = _cosine(surface.normal.index_select(1, texels), offset)
    grid, depth = _picture(view, offset)
    chosen = ((grid.abs() < 1).all(0) & (depth > 0) & (signed.abs() > MIN_COSINE)).nonzero()[:, 0]
    texels, depth, signed = (part.index_select(0, chosen) for part in (texels, depth, signed))
    grid = grid.index_select(1, chosen)

    column, row = ((grid + 1) * (rays / 2)).int().clamp_(max=rays - 1)
    ray = row * rays + column
    face = hit_faces.index_select(0, ray)
    cosine = signed.abs()
    step = depth * (2 * half_tangent(view) / rays)  # spacing of the rays at the texel
    slope = (1 - cosine.square()).clamp(min=0).sqrt() / cosine
    on_object = (face >= 0) & (face < surface.face_count)
    same_side = (signed > 0) == from_front.index_select(0, face.clamp(0, surface.face_count - 1))
    nearby = on_object & same_side & (depths.index_select(0, ray) >= depth - step * (0.5 + slope))
    visible = (face == surface.triangle.index_select(0, texels)) | nearby
    visible &= nearest_depths.index_select(0, ray) >= depth - 2 * step * (1 + slope)
    kept = visible.nonzero()[:, 0]
    return texels.index_select(0, kept), grid.index_select(1, kept).T.contiguous(), cosine.index_select(0, kept)


class CoarseView:
    """A view at a low resolution, from which to tell what it sees and what others see of that, without textures."""

    def __init__(
        self,
        surface: Surface,
        view: View,
        seen: GBuffer,  # [r, r] on the surface's device
    ) -> None:
        self._surface, self.view, self._depth = surface, view, seen.depth
        on_object = (seen.face >= 0) & (seen.face < surface.face_count)
        face, weight = seen.face[on_object], seen.barycentric[on_object]
        self._point = (weight[:, None] @ surface.vertices[surface.faces[face]])[:, 0].T
        from_front = _from_front(surface, view)
        self._normal = torch.where(from_front[face], 1.0, -1.0) * surface.face_normal[face].T

    def seen_by(self, other: CoarseView) -> Tensor:
        """[p] bool: which of the points that this view's pixels see, `other` sees too, from the same side."""
        offset = self._point - _origin(self._surface, other.view)[:, None]
        cosine = _cosine(self._normal, offset)
        grid, depth = _picture(other.view, offset)
        inside = (grid.abs() < 1).all(0) & (depth > 0) & (cosine > MIN_COSINE)
        rays = other._depth.shape[0]
        column, row = ((grid.clamp(-1, 1) + 1) * (rays / 2)).long().clamp(0, rays - 1)
        step = depth * (2 * half_tangent(other.view) / rays)
        cosine = cosine.clamp(min=MIN_COSINE)
        slope = (1 - cosine.square()).clamp(min=0).sqrt() / cosine
        return inside & (other._depth[row, column] >= depth - step * (0.5 + slope))


def _origin(surface: Surface, view: View) -> Tensor:
    """The camera's place [3]."""
    return torch.tensor(view.position, dtype=torch.float32, device=surface.device)


def _from_front(surface: Surface, view: View) -> Tensor:
    """[F] bool: which faces turn their normal to the camera."""
    return (surface.face_normal * (_origin(surface, view) - surface.face_corner)).sum(-1) > 0


def _cosine(normal: Tensor, offset: Tensor) -> Tensor:
    """[n] of the angle between unit normals [3, n] and the way back to the camera, from points [3, n] away from it."""
    return -(normal * offset).sum(0) / offset.square().sum(0).sqrt()


def _picture(
    view: View,
    offset: Tensor,  # [3, n] from the camera, in world directions
) -> tuple[Tensor, Tensor]:
    """[2, n] `grid_sample` coordinates, which mean nothing behind the camera; [n] depth along the axis."""
    camera = axes(view).T.float().to(offset.device) @ offset
    depth = -camera[2]
    scale = 1 / (depth.clamp(min=1e-6) * half_tangent(view))
    return torch.stack([camera[0] * scale, -camera[1] * scale]), depth


def _minimum_3x3(depth: Tensor) -> Tensor:
    """[h, w] the least of each value and its eight neighbours."""
    for axis in (0, 1):
        low = depth.clone()
        inner, outer = low.narrow(axis, 0, low.shape[axis] - 1), low.narrow(axis, 1, low.shape[axis] - 1)
        torch.minimum(inner, depth.narrow(axis, 1, depth.shape[axis] - 1), out=inner)
        torch.minimum(outer, depth.narrow(axis, 0, depth.shape[axis] - 1), out=outer)
        depth = low
    return depth


def _faces_in_sight(surface: Surface, view: View, seen: GBuffer) -> Tensor:
    """[F] bool: False for faces that are surely hidden, or outside the picture, as a whole. It leaves a third to do.

    A face is hidden where its nearest corner lies behind the farthest thing that any ray sees around it, by more than
    `visible_texels` forgives for slopes. Of one that turns away with all its normals only rays that meet backs of faces
    can show anything.
    """
    rays = seen.depth.shape[0]
    origin, from_front = _origin(surface, view), _from_front(surface, view)
    away = ~from_front & ((surface.corner_normal @ (surface.corner - origin).mT).amin((1, 2)) >= 0)
    may_show_back = F.pad(~from_front, (0, 1))  # no occluder does; where a ray meets nothing, it shows nothing either
    hit = torch.where(seen.face >= 0, seen.face, surface.face_count).clamp_(max=surface.face_count).flatten()
    meets_back = may_show_back.index_select(0, hit).reshape(seen.face.shape)
    grid, vertex_depth = _picture(view, (surface.vertices - origin).T)
    corner_depth = vertex_depth[surface.faces]
    nearest = corner_depth.amin(1)
    corner = ((grid + 1) * (rays / 2)).T[surface.faces]  # [F, 3, 2]
    low, high = corner.amin(1) - 1, corner.amax(1) + 1
    in_front = nearest > 1e-3
    outside = in_front & ((high < 0) | (low > rays)).any(1)
    bound = nearest * (1 - (0.5 + STEEPEST) * 2 * half_tangent(view) / rays)
    hidden, side = torch.zeros_like(in_front), away.long()
    farthest, done = torch.stack([seen.depth, torch.where(meets_back, seen.depth, 0)]), 1
    for cell in CELLS:
        farthest, done = F.max_pool2d(farthest[None], cell // done, ceil_mode=True)[0], cell
        last = farthest.shape[1] - 1
        first = (low.clamp(0, rays) / cell).long().clamp(max=last)
        final = (high.clamp(0, rays) / cell).long().clamp(max=last)
        fits = (final - first <= 1).all(1)
        around = farthest[side, first[:, 1], first[:, 0]]
        for row, column in ((first, final), (final, first), (final, final)):
            around = torch.maximum(around, farthest[side, row[:, 1], column[:, 0]])
        hidden |= in_front & fits & (around < bound)
    return ~(hidden | outside)
