"""f_c on a mesh: every pixel of a view as a weighted sum of texels, and the picture that comes of it.

Each ray reads the texture in a row of spots along its own footprint, each bilinearly from the two halvings of the texture
whose texels are nearest to its width (anisotropic trilinear filtering), so one ray per pixel is enough inside a surface.
Where the surface ends or is cut off by a nearer part of itself, four rays share a pixel.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .rasterize import GBuffer
from .surface import Surface
from .views import View, axes, half_tangent

JUMP = 4  # ray spacings by which depth must leave a plane for a pixel to be cut into quarters
SCARCE = 1e-3  # share of known texels under which a filled-in colour comes from further away
ON_CHART = 1e-4  # of a spot's weight; with less on charts, it takes the nearest texel that is on one
ANISOTROPY = 16  # spots along a footprint at most
TAPS = 9  # texels that a spot reads
WIDEST = 3**0.5  # texels: what a spot can average over; its samples are then a texel apart, where checks of one cancel
ONE_LEVEL = 0.2  # nearer than this to a halving of the texture, that one alone is read


class Sums(NamedTuple):
    """A sparse matrix, row by row: output i is the sum of weight * input[index] from first[i] up to first[i + 1]."""

    index: Tensor  # [k] int32
    weight: Tensor  # [k] float32
    first: Tensor  # [p] int32

    def of(self, rows: Tensor) -> Tensor:
        """[rows, C] -> [p, C]; sums in a fixed order, so the same device gives the same bytes."""
        return F.embedding_bag(self.index, rows, self.first, mode="sum", per_sample_weights=self.weight)


class ChartPyramid(NamedTuple):
    """The surface's `on_chart` as a `pyramid`, row by row."""

    share: Tensor  # [rows] float32 share of the texel that is on charts
    inner: Tensor  # [rows] bool: it and its eight neighbours are wholly on charts


class Hits(NamedTuple):
    """Where rays [..., r] meet the object."""

    inside: Tensor  # [..., r] bool
    ray: Tensor  # [m] int64 flat indices of the rays that do, in order
    face: Tensor  # [m] int64
    uv: Tensor  # [m, 2] right and down, in textures
    depth: Tensor  # [m]


class Projection(NamedTuple):
    """One view's rays as sums over the rows of a `pyramid`."""

    rays: int  # along either side of the picture
    pixel: Tensor  # [p] int64 flat pixels of [rays, rays] that see the object, wholly or in part
    taps: Sums  # p sums; the weights of each add up to the coverage of its pixel
    levels: int  # how many levels of the pyramid are read
    coverage: Tensor  # [rays, rays] share of the pixel that sees the object


class Pooling(NamedTuple):
    """How the rays of a projection make a picture of [size, size] pixels."""

    size: int
    pixel: Tensor  # [q] int64 flat pixels of the picture that see the object, wholly or in part
    merge: Sums | None  # q sums over the projection's p; None where every ray is a pixel
    coverage: Tensor  # [size, size] share of the pixel that sees the object


def level_sizes(size: int) -> list[int]:
    """Sides of the texture and of its halvings, down to one texel."""
    sizes = [size]
    while sizes[-1] > 1:
        sizes.append(-(-sizes[-1] // 2))
    return sizes


def halved(images: Tensor) -> Tensor:
    """[B, H, W, C] -> [B, H/2, W/2, C] by 2x2 means, rounded up: what sticks out is a mean of fewer."""
    _, h, w, channels = images.shape
    if h % 2 or w % 2:
        return F.avg_pool2d(images.permute(0, 3, 1, 2), 2, ceil_mode=True).permute(0, 2, 3, 1)
    pairs = (images[:, 0::2] + images[:, 1::2]).reshape(-1, h // 2, w // 2, 2, channels)
    return (pairs[..., 0, :] + pairs[..., 1, :]).mul_(0.25)


def pyramid(size: int, channels: int, levels: int, device: torch.device) -> Tensor:
    """[rows, C] for an image [size, size, C] and its halvings, level after level; to be filled by `fill_pyramid`."""
    return torch.empty(sum(side * side for side in level_sizes(size)[:levels]), channels, device=device)


def fill_pyramid(rows: Tensor, size: int, levels: int) -> None:
    """Make every coarser level from the finest, which is already there."""
    start, finer = 0, None
    for side in level_sizes(size)[:levels]:
        level = rows[start : start + side * side].reshape(1, side, side, -1)
        if finer is not None:
            level.copy_(halved(finer))
        start, finer = start + side * side, level


def chart_pyramid(surface: Surface) -> ChartPyramid:
    sides = level_sizes(surface.size)
    rows = pyramid(surface.size, 1, len(sides), surface.device)
    rows[: surface.size**2, 0] = surface.on_chart
    fill_pyramid(rows, surface.size, len(sides))
    inner = []
    for share in rows[:, 0].split([side * side for side in sides]):
        side = math.isqrt(len(share))
        margin = F.pad((share < 1).float().reshape(1, 1, side, side), (1, 1, 1, 1), mode="circular")
        inner.append(F.max_pool2d(margin, 3, stride=1).flatten() == 0)
    return ChartPyramid(rows[:, 0], torch.cat(inner))


def find_hits(surface: Surface, seen: GBuffer) -> Hits:
    inside = (seen.face >= 0) & (seen.face < surface.face_count)
    ray = inside.flatten().nonzero()[:, 0]
    face, barycentric = seen.face.flatten().index_select(0, ray), seen.barycentric.reshape(-1, 3).index_select(0, ray)
    corners = surface.face_uv.index_select(0, face)
    uv = corners[:, 0] * barycentric[:, :1]
    for i in (1, 2):
        uv.addcmul_(corners[:, i], barycentric[:, i : i + 1])
    return Hits(inside, ray, face, uv, seen.depth.flatten().index_select(0, ray))


def build_projection(
    surface: Surface,
    view: View,
    hits: Hits,  # of rays [r, r]
    charts: ChartPyramid,
    refine: Callable[[Tensor], GBuffer],  # flat pixels [n] -> [n, 4], on the surface's device
) -> Projection:
    rays = hits.inside.shape[0]
    spacing = 2 * half_tangent(view) / rays
    inverse = torch.zeros(rays * rays, device=surface.device).index_copy_(0, hits.ray, 1 / hits.depth)
    footprints = _footprints(surface, view, hits, spacing)
    edge = _edges(inverse.reshape(rays, rays), spacing).flatten()
    edge[_beside_jumps(hits, footprints.major / surface.size)] = True
    whole = (~edge.index_select(0, hits.ray)).nonzero()[:, 0]
    cut = edge.nonzero()[:, 0]
    quarters = find_hits(surface, refine(cut))
    footprints = _Footprints(*(
        torch.cat([part.index_select(0, whole), quarter])
        for part, quarter in zip(footprints, _footprints(surface, view, quarters, spacing / 2), strict=True)
    ))

    spots = _spots(surface.size, footprints, quarters_from=len(whole))
    row, weight = _taps(spots, surface, charts)
    of_cut = torch.zeros(len(cut) * 4, dtype=torch.int64, device=surface.device)
    of_cut[quarters.ray] = spots.count[len(whole):]
    taps = TAPS * torch.cat([spots.count[: len(whole)], of_cut.reshape(-1, 4).sum(1)])
    coverage = hits.inside.float().flatten()
    coverage[cut] = quarters.inside.float().mean(1)
    return Projection(
        rays=rays,
        pixel=torch.cat([hits.ray.index_select(0, whole), cut]),
        taps=Sums(row.flatten(), weight.flatten(), (taps.cumsum(0) - taps).int()),
        levels=int(spots.level.max()) + 1 if len(spots.level) else 1,
        coverage=coverage.reshape(rays, rays),
    )


def texels_under(surface: Surface, hits: Hits) -> Tensor:
    """[r, r] int32: the texel on a chart that each ray meets, as a flat index into the texture; -1 off the object."""
    under = torch.full((hits.inside.numel(),), -1, dtype=torch.int32, device=surface.device)
    under[hits.ray] = surface.pad.index_select(0, _texel(hits.uv, surface.size)).int()
    return under.reshape(hits.inside.shape)


def pooled(projection: Projection, size: int) -> Pooling:
    """How the rays of a view go into a picture of `size`, at most their own number, by the mean over each pixel."""
    rays, device = projection.rays, projection.pixel.device
    if size == rays:
        return Pooling(size, projection.pixel, None, projection.coverage)
    place = torch.arange(rays, device=device) * size // rays  # the pixel that each row or column of rays lies in
    share = 1 / place.bincount(minlength=size).float()
    row, column = projection.pixel // rays, projection.pixel % rays
    pixel, order = (place[row] * size + place[column]).sort(stable=True)
    weight = (share[place[row]] * share[place[column]])[order]
    pixel, counts = pixel.unique_consecutive(return_counts=True)
    merge = Sums(order.int(), weight, (counts.cumsum(0) - counts).int())
    coverage = torch.zeros(size * size, 1, device=device)
    coverage[pixel] = merge.of(projection.coverage.flatten()[projection.pixel, None])
    return Pooling(size, pixel, merge, coverage.reshape(size, size))


def gather(rows: Tensor, projections: Sequence[tuple[Projection, Pooling]]) -> Tensor:
    """Pictures [B, h, w, C] of pyramid rows [rows, C]; a pixel's weights sum to its coverage."""
    size, channels = projections[0][1].size, rows.shape[1]
    out = rows.new_zeros(len(projections), size * size, channels)
    for picture, (projection, pooling) in zip(out, projections, strict=True):
        colours = projection.taps.of(rows)
        picture.index_copy_(0, pooling.pixel, colours if pooling.merge is None else pooling.merge.of(colours))
    return out.reshape(-1, size, size, channels)


def compose(
    known: Tensor,  # [B, h, w, 4] colours of seen texels and their share of the pixel, both premultiplied by that share
    coverage: Tensor,  # [B, 1, h, w] the object's share of the pixel
    fallback: Tensor,  # [3] the colour of a view that sees nothing known
    behind: Tensor,  # [B, 3, h, w] or anything that broadcasts to it
) -> Tensor:
    """[B, 3, h, w]: unknown parts of the object take the colours beside them in the picture, over what lies behind it.

    The filling is a push-pull pyramid: the finest mean around a pixel that holds enough known colour.
    """
    means = [known]
    while max(means[-1].shape[1:3]) > 1:
        means.append(halved(means[-1]))
    filled = fallback.reshape(1, 3, 1, 1)
    for mean in means[:0:-1]:
        mean = mean.permute(0, 3, 1, 2)
        if filled.shape[-1] > 1:
            filled = F.interpolate(filled, size=mean.shape[-2:], mode="bilinear")
        filled = (mean[:, :3] + SCARCE * filled) / (mean[:, 3:] + SCARCE)
    known = known.permute(0, 3, 1, 2)
    filled = F.interpolate(filled.expand(len(known), -1, -1, -1), size=known.shape[-2:], mode="bilinear")
    picture = (1 - coverage) * behind + known[:, :3]
    return picture.addcmul_((coverage - known[:, 3:]).clamp_(min=0), filled)


def _edges(
    inverse: Tensor,  # [r, r] inverse depth of the object, 0 off it
    spacing: float,  # of the rays, one unit in front of the camera
) -> Tensor:
    """[r, r] bool: pixels beside a silhouette or a step in depth. Inverse depth is linear in the picture on any plane."""
    edge = torch.zeros_like(inverse, dtype=torch.bool)
    for axis in (0, 1):
        n = inverse.shape[axis] - 2
        before, here, after = (inverse.narrow(axis, i, n) for i in range(3))
        edge.narrow(axis, 1, n).logical_or_((before + after - 2 * here).abs() > JUMP * spacing * here)
    return edge


def _beside_jumps(hits: Hits, major: Tensor) -> Tensor:
    """Flat rays beside a seam of the texture, where the next ray lies further off in it than their footprints explain.

    major: [n] the length of the footprints, in textures. A whole texture is no jump: textures repeat.
    """
    rays = hits.inside.shape[1]
    number = torch.full((hits.inside.numel() + rays,), -1, dtype=torch.int32, device=major.device)
    number[hits.ray] = torch.arange(len(hits.ray), dtype=torch.int32, device=major.device)
    below = number.index_select(0, hits.ray + rays)
    above = (below >= 0).nonzero()[:, 0]
    # From the end of a row the next ray is the first of the row below: where both hit, they may be cut for nothing.
    left = (hits.ray.diff() == 1).nonzero()[:, 0]
    beside = []
    for here, there in ((left, left + 1), (above, below.index_select(0, above))):
        jump = hits.uv.index_select(0, there) - hits.uv.index_select(0, here)
        jump = (jump - jump.round()).abs_().amax(1)
        far = jump > major.index_select(0, here) + major.index_select(0, there)
        beside += [hits.ray[here[far]], hits.ray[there[far]]]
    return torch.cat(beside)


class _Spots(NamedTuple):
    """Where to read the texture and its halvings so that the footprint of each ray is covered, ray after ray."""

    count: Tensor  # [m] int64 how many spots each ray has
    uv: Tensor  # [n, 2] right and down, 0..1
    level: Tensor  # [n] int64 halvings of the texture
    reach: Tensor  # [n, 2] texels of that level, 0..0.5: how far along u and v to place bilinear samples to either side
    share: Tensor  # [n] of the pixel


def _spots(size: int, footprints: _Footprints, quarters_from: int) -> _Spots:
    """The footprint of a ray on the texture is an ellipse: a row of at most ANISOTROPY round spots covers it, each read from
    the one or two levels whose texels come nearest to its width. From `quarters_from` on they are of quarters of a pixel."""
    uv, major, minor, axis = footprints
    part = torch.ones_like(major)
    part[quarters_from:] = 0.5
    row = (major / minor.clamp(min=WIDEST) - 0.2).ceil().clamp(1, ANISOTROPY)
    across = minor.square()[:, None]
    squares = across + ((major / row).square()[:, None] - across) * axis.square()  # [m, 2] of a spot's width along u and v
    widest = squares.amax(1)
    coarsest = len(level_sizes(size)) - 1
    level = (torch.log2((widest + 3) / 3) / 2).clamp(max=coarsest).long()
    beyond = (_square_at(widest, level) / 3 - 1) / 2
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
    return _Spots(
        count,
        spots.remainder_(1.0),
        level,
        (_square_at(squares.index_select(0, ray), level[:, None]) / 12).clamp(0, 0.25).sqrt(),
        share.index_select(0, ray) * torch.where(coarser > 0, blend, 1 - blend),
    )


def _square_at(square: Tensor, level: Tensor) -> Tensor:
    """Squared widths in texels -> in texels of a level: what is left of them to average over.

    In texels of the finest level, a bilinear sample of level l has the variance 4^l / 6, and the means that it is made of
    (4^l - 1) / 12; a mean over the width w adds w^2 / 12 to the 1/6 of level 0.
    """
    return (square + 3) * torch.exp2(-2.0 * level) - 3


class _Footprints(NamedTuple):
    """What pixels, or parts of them, cover of the texture: ellipses, the axes of which are as long as a square is wide."""

    uv: Tensor  # [m, 2] right and down, in textures
    major: Tensor  # [m] longest width, in texels
    minor: Tensor  # [m] width across that
    axis: Tensor  # [m, 2] unit vector of the major in the texture


def _footprints(surface: Surface, view: View, hits: Hits, spacing: float) -> _Footprints:
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
    return _Footprints(uv, major, minor, axis / axis.square().sum(1, keepdim=True).sqrt().clamp(min=1e-12))


def _taps(spots: _Spots, surface: Surface, charts: ChartPyramid) -> tuple[Tensor, Tensor]:
    """Pyramid rows [n, 4] int32 and weights: bilinear, from texels on charts alone.

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
    rows[stray] = surface.pad[_texel(spots.uv[partly[stray]], surface.size)].int()[:, None]
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


def _texel(uv: Tensor, size: int) -> Tensor:
    """[m] flat texel index of texture positions."""
    column, row = ((uv * size).long() % size).T
    return row * size + column
