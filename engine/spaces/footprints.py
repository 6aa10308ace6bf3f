"""How rays read a mesh's texture: what part of it each of them stands for, and the texels and weights that average over it.

A footprint is read in a row of spots. A spot is the mean of 2x2 bilinear samples from one level of the texture, or of those
from the two levels nearest to its width (Heckbert 1989, "Fundamentals of texture mapping and image warping"; Williams 1983,
"Pyramidal parametrics"), so one ray per pixel is enough inside a surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from .pyramid import ChartPyramid, level_sizes
from .rasterize import GBuffer
from .surface import Surface
from .views import View, axes

ON_CHART = 1e-4  # of a spot's weight; with less on charts, it takes the nearest texel that is on one
ANISOTROPY = 16  # spots along a footprint at most
MORE = 0.2  # of a spot: another one is added where more than this is left over
TAPS = 9  # texels that a spot reads
WIDEST = 3**0.5  # texels that a spot of one level averages over at most; its samples are then one apart, where checks cancel
BILINEAR = 3  # squared width; see _square_at
ONE_LEVEL = 0.2  # nearer than this to what one level serves, that one alone is read


class Hits(NamedTuple):
    """Where rays [..., r] meet the object."""

    inside: Tensor  # [..., r] bool
    ray: Tensor  # [m] int64 flat indices of the rays that do, in order
    face: Tensor  # [m] int64
    uv: Tensor  # [m, 2] right and down, in textures
    depth: Tensor  # [m]


def find_hits(
    surface: Surface,
    seen: GBuffer,  # [..., r] on the surface's device; faces from surface.face_count on belong to occluders
) -> Hits:
    inside = (seen.face >= 0) & (seen.face < surface.face_count)
    ray = inside.flatten().nonzero()[:, 0]
    face, barycentric = seen.face.flatten().index_select(0, ray), seen.barycentric.reshape(-1, 3).index_select(0, ray)
    corners = surface.face_uv.index_select(0, face)
    uv = corners[:, 0] * barycentric[:, :1]
    for i in (1, 2):
        uv.addcmul_(corners[:, i], barycentric[:, i : i + 1])
    return Hits(inside, ray, face, uv, seen.depth.flatten().index_select(0, ray))


class Footprints(NamedTuple):
    """What pixels, or parts of them, cover of the texture: ellipses, the axes of which are as long as a square is wide."""

    uv: Tensor  # [m, 2] right and down, in textures
    major: Tensor  # [m] longest width, in texels
    minor: Tensor  # [m] width across that
    axis: Tensor  # [m, 2] unit vector of the major in the texture


def footprints_of(surface: Surface, view: View, hits: Hits, spacing: float) -> Footprints:
    """spacing: of the rays, one unit in front of the camera.

    The Jacobian of texture over picture, for a step along a camera axis a on the plane with normal n through corner c,
    seen from o: width * (G a - G (p - o) (n . a) / (n . (c - o))) where G takes steps on the face to texels and width is
    the spacing at the depth of the point p.
    """
    face, uv, width = hits.face, hits.uv, hits.depth * spacing
    camera = axes(view).float().to(surface.device)
    origin = torch.tensor(view.position, dtype=torch.float32, device=surface.device)
    offset = surface.face_corner - origin
    distance = (surface.face_normal * offset).sum(-1, keepdim=True)
    distance = torch.where(distance.abs() > 1e-6, distance, 1e-6)
    lean = (surface.face_normal @ camera[:, :2]) / distance  # [F, 2]
    steps = surface.face_gradient @ camera[:, :2]  # [F, 2 of the texture, 2 of the picture]
    start = (surface.face_gradient @ offset[:, :, None])[:, :, 0] - surface.face_uv[:, 0] * surface.size
    packed = torch.cat([steps.flatten(1), lean, start], dim=1).index_select(0, face)
    ux, uy, vx, vy, lean_x, lean_y, start_u, start_v = packed.T
    to_u, to_v = start_u + uv[:, 0] * surface.size, start_v + uv[:, 1] * surface.size
    ux, uy = width * (ux - to_u * lean_x), width * (uy - to_u * lean_y)
    vx, vy = width * (vx - to_v * lean_x), width * (vy - to_v * lean_y)
    uu, vv, uv_ = ux * ux + uy * uy, vx * vx + vy * vy, ux * vx + uy * vy
    half, mean = (uu - vv) / 2, (uu + vv) / 2
    root = (half * half + uv_ * uv_).sqrt()
    major, minor = (mean + root).sqrt(), (mean - root).clamp(min=0).sqrt()
    # Of the two ways to write the eigenvector, the one that does not cancel.
    flat = half > 0
    axis = torch.stack([torch.where(flat, root + half, uv_), torch.where(flat, uv_, root - half)], dim=1)
    return Footprints(uv, major, minor, axis / axis.square().sum(1, keepdim=True).sqrt().clamp(min=1e-12))


@dataclass(frozen=True)
class Spots:
    """Where to read the texture and its halvings so that the footprint of each ray is covered, ray after ray."""

    count: Tensor  # [m] int64 how many spots each ray has
    uv: Tensor  # [n, 2] right and down, 0..1
    level: Tensor  # [n] int64 halvings of the texture
    reach: Tensor  # [n, 2] texels of that level, 0..0.5: how far along u and v to place bilinear samples to either side
    share: Tensor  # [n] of the pixel


def spots_over(size: int, footprints: Footprints, quarters_from: int) -> Spots:
    """A row of at most ANISOTROPY spots, nearly round, over each footprint. From `quarters_from` on they are of quarters of
    a pixel."""
    uv, major, minor, axis = footprints
    part = torch.ones_like(major)
    part[quarters_from:] = 0.5
    row = (major / minor.clamp(min=WIDEST) - MORE).ceil().clamp(1, ANISOTROPY)
    across = minor.square()[:, None]
    squares = across + ((major / row).square()[:, None] - across) * axis.square()  # [m, 2] of a spot's width along u and v
    widest = squares.amax(1)
    coarsest = len(level_sizes(size)) - 1
    level = (torch.log2((widest + BILINEAR) / BILINEAR) / 2).clamp(max=coarsest).long()
    beyond = (_square_at(widest, level) - WIDEST**2) / (3 * BILINEAR - WIDEST**2)  # 1 where the next level begins to serve
    blend = torch.where(level < coarsest, ((beyond - ONE_LEVEL) / (1 - 2 * ONE_LEVEL)).clamp(0, 1), 0)
    level += blend == 1
    depths = 1 + ((blend > 0) & (blend < 1)).long()
    count = row.long() * depths
    step = axis * (major / (size * row))[:, None]
    start = uv - step * ((row - 1) / 2)[:, None]
    blend = torch.where(blend < 1, blend, 0.0)
    share = part.square() / row

    ray = torch.arange(len(major), device=major.device).repeat_interleave(count)
    place = torch.arange(len(ray), device=major.device) - (count.cumsum(0) - count).index_select(0, ray)
    depths = depths.index_select(0, ray)
    coarser = (place & 1) & (depths >> 1)  # of two levels every second spot is the coarser one's
    along = (place >> (depths - 1)).float()
    blend = blend.index_select(0, ray)
    level = level.index_select(0, ray) + coarser
    spots = torch.addcmul(start.index_select(0, ray), step.index_select(0, ray), along[:, None])
    return Spots(
        count,
        spots.remainder_(1.0),
        level,
        (_square_at(squares.index_select(0, ray), level[:, None]) / 12).clamp(0, WIDEST**2 / 12).sqrt(),
        share.index_select(0, ray) * torch.where(coarser > 0, blend, 1 - blend),
    )


def _square_at(square: Tensor, level: Tensor) -> Tensor:
    """Squared widths in texels -> in texels of a level: what is left of them to average over.

    In texels of the finest level, a bilinear sample of level l has the variance 4^l / 6, and the means that it is made of
    (4^l - 1) / 12; a mean over the width w adds w^2 / 12 to the 1/6 of level 0. So level l alone serves for the square
    BILINEAR * (4^l - 1), and what is left there is to be had by spacing its samples.
    """
    return (square + BILINEAR) * torch.exp2(-2.0 * level) - BILINEAR


def taps_of(spots: Spots, surface: Surface, charts: ChartPyramid) -> tuple[Tensor, Tensor]:
    """Pyramid rows [n, TAPS] int32 and their weights, from texels on charts alone; those of a spot add up to its share.

    A spot beside all charts takes the nearest texel that is on one.
    """
    sides = level_sizes(surface.size)
    device = surface.device
    starts = torch.tensor([sum(n * n for n in sides[:i]) for i in range(len(sides))], dtype=torch.int32, device=device)
    side = torch.tensor(sides, dtype=torch.int32, device=device).index_select(0, spots.level)
    (columns, across), (lines, down) = (_three(spots.uv[:, i] * side, spots.reach[:, i], side) for i in (0, 1))
    start = starts.index_select(0, spots.level)
    row = torch.empty(len(side), TAPS, dtype=torch.int32, device=device)
    weight = torch.empty(len(side), TAPS, device=device)
    for i in range(3):  # by columns: broadcasting over so short an axis takes five times as long
        line, share = lines[i] * side + start, down[i] * spots.share
        for j in range(3):
            torch.add(line, columns[j], out=row[:, 3 * i + j])
            torch.mul(share, across[j], out=weight[:, 3 * i + j])
    partly = (~charts.inner.index_select(0, row[:, TAPS // 2])).nonzero()[:, 0]
    rows, weights = row.index_select(0, partly), weight.index_select(0, partly)
    weights *= charts.share.index_select(0, rows.flatten()).reshape(rows.shape)
    share = spots.share.index_select(0, partly)
    on_chart = weights.sum(1) / share
    weights /= on_chart.clamp(min=ON_CHART)[:, None]
    stray = (on_chart < ON_CHART).nonzero()[:, 0]
    rows[stray] = surface.pad[flat_texel(spots.uv[partly[stray]], surface.size)].int()[:, None]
    weights[stray] = share[stray, None] / TAPS
    return row.index_copy_(0, partly, rows), weight.index_copy_(0, partly, weights)


def _three(position: Tensor, reach: Tensor, side: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The mean of the two bilinear samples `reach` to either side of a position, in texels, as a sum over three texels.

    position [n] 0..side; reach [n] 0..0.5; side [n] int32. Three texels, int32, and their weights, [n] each.
    """
    middle = position.floor()
    offset = position - middle - 0.5
    middle = middle.int()
    middle = torch.where(middle < side, middle, 0)
    before, after = torch.where(middle > 0, middle, side) - 1, torch.where(middle + 1 < side, middle + 1, 0)
    high, low = offset + reach, offset - reach
    right = (high.clamp(min=0) + low.clamp(min=0)) / 2
    left = right - offset
    return (before, middle, after), (left, 1 - left - right, right)


def flat_texel(uv: Tensor, size: int) -> Tensor:
    """[m] flat texel index of texture positions."""
    column, row = ((uv * size).long() % size).T
    return row * size + column
