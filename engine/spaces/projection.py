"""f_c on a mesh: every pixel of a view as a weighted sum of texels, and the picture that comes of it.

Each ray reads the texture bilinearly from the two halvings of it whose texels are nearest to the ray's own footprint
(trilinear filtering), so one ray per pixel is enough inside a surface. Where the surface ends or is cut off by a nearer
part of itself, four rays share a pixel.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .rasterize import GBuffer
from .surface import Surface
from .views import View, half_tangent

JUMP = 4  # ray spacings by which depth must leave a plane for a pixel to be cut into quarters
SCARCE = 1e-3  # share of known texels under which a filled-in colour comes from further away
ON_CHART = 1e-4  # of a ray's weight; with less on charts, the ray takes the nearest texel that is on one


class Projection(NamedTuple):
    """One view's rays as sums over the rows of a `pyramid`."""

    rays: int  # along either side of the picture
    pixel: Tensor  # [p] int64 flat pixels of [rays, rays] that see the object, wholly or in part
    row: Tensor  # [k] int32 rows of the pyramid
    weight: Tensor  # [k] float32; those of a pixel sum to its coverage
    first: Tensor  # [p] int32 where in `row` each pixel begins
    levels: int  # how many levels of the pyramid are read
    coverage: Tensor  # [rays, rays] share of the pixel that sees the object


class Pooling(NamedTuple):
    """How the rays of a projection make a picture of [size, size] pixels."""

    size: int
    pixel: Tensor  # [q] int64 flat pixels of the picture that see the object, wholly or in part
    order: Tensor  # [p] int32 the projection's pixels, sorted by the pixel of the picture they lie in
    weight: Tensor  # [p] float32 share of that pixel which each of them is
    first: Tensor  # [q] int32 where in `order` each pixel begins
    coverage: Tensor  # [size, size] share of the pixel that sees the object


def level_sizes(size: int) -> list[int]:
    """Sides of the texture and of its halvings, down to one texel."""
    sizes = [size]
    while sizes[-1] > 1:
        sizes.append(-(-sizes[-1] // 2))
    return sizes


def pyramid(image: Tensor, levels: int) -> Tensor:
    """[H, W, C] and its halvings by 2x2 means, level after level: [rows, C]."""
    parts = [image]
    for _ in range(levels - 1):
        finer = parts[-1].permute(2, 0, 1)[None]
        parts.append(F.avg_pool2d(finer, 2, ceil_mode=True)[0].permute(1, 2, 0))
    channels = image.shape[2]
    return torch.cat([part.reshape(-1, channels) for part in parts]) if levels > 1 else image.reshape(-1, channels)


def build_projection(
    surface: Surface,
    view: View,
    seen: GBuffer,  # [r, r] on the surface's device
    chart_rows: Tensor,  # [rows] pyramid of the surface's `on_chart`
    refine: Callable[[Tensor], GBuffer],  # flat pixels [n] -> [n, 4], on the surface's device
) -> Projection:
    rays = seen.depth.shape[0]
    inside = _on(surface, seen)
    edge = _edges(torch.where(inside, 1 / seen.depth, 0), 2 * half_tangent(view) / rays)
    whole = (inside & ~edge).flatten().nonzero()[:, 0]
    cut = edge.flatten().nonzero()[:, 0]
    quarters = refine(cut)
    hits = _on(surface, quarters)
    face = torch.cat([seen.face.flatten()[whole], quarters.face[hits]])
    barycentric = torch.cat([seen.barycentric.reshape(-1, 3)[whole], quarters.barycentric[hits]])
    depth = torch.cat([seen.depth.flatten()[whole], quarters.depth[hits]])

    uv = _texture_position(surface, face, barycentric)
    detail = _detail(surface, view, rays, face, depth).clamp(max=len(level_sizes(surface.size)) - 1)
    levels = int(detail.max().ceil()) + 1 if len(detail) else 1
    row, weight = _taps(uv, detail, levels, surface.size)
    on_chart = (chart_rows[row] * weight).sum(1, keepdim=True)
    weight = weight / on_chart.clamp(min=ON_CHART)
    stray = on_chart[:, 0] < ON_CHART
    nearest = surface.pad[_texel(uv, surface.size)].int()
    row = torch.where(stray[:, None], nearest[:, None], row)
    weight = torch.where(stray[:, None], torch.full_like(weight, 1 / weight.shape[1]), weight)

    taps = weight.shape[1]
    of_cut = row.new_zeros(len(cut), 4, taps), weight.new_zeros(len(cut), 4, taps)
    of_cut[0][hits], of_cut[1][hits] = row[len(whole):], weight[len(whole):] / 4
    first = torch.cat([
        torch.arange(len(whole), device=surface.device) * taps,
        len(whole) * taps + torch.arange(len(cut), device=surface.device) * 4 * taps,
    ])
    coverage = inside.float().flatten()
    coverage[cut] = hits.float().mean(1)
    return Projection(
        rays=rays,
        pixel=torch.cat([whole, cut]),
        row=torch.cat([row[: len(whole)].flatten(), of_cut[0].flatten()]),
        weight=torch.cat([weight[: len(whole)].flatten(), of_cut[1].flatten()]),
        first=first.int(),
        levels=levels,
        coverage=coverage.reshape(rays, rays),
    )


def texels_under(surface: Surface, seen: GBuffer) -> Tensor:
    """[r, r] int32: the texel on a chart that each ray meets, as a flat index into the texture; -1 off the object."""
    inside = _on(surface, seen).flatten()
    hit = inside.nonzero()[:, 0]
    uv = _texture_position(surface, seen.face.flatten()[hit], seen.barycentric.reshape(-1, 3)[hit])
    under = torch.full((inside.numel(),), -1, dtype=torch.int32, device=surface.device)
    under[hit] = surface.pad[_texel(uv, surface.size)].int()
    return under.reshape(seen.depth.shape)


def pooled(projection: Projection, size: int) -> Pooling:
    """How the rays of a view go into a picture of `size`, at most their own number, by the mean over each pixel."""
    rays, device = projection.rays, projection.pixel.device
    place = torch.arange(rays, device=device) * size // rays  # the pixel that each row or column of rays lies in
    share = 1 / place.bincount(minlength=size).float()
    row, column = projection.pixel // rays, projection.pixel % rays
    pixel, order = (place[row] * size + place[column]).sort(stable=True)
    weight = share[place[row]] * share[place[column]]
    pixel, counts = pixel.unique_consecutive(return_counts=True)
    first = counts.cumsum(0) - counts
    order, first, weight = order.int(), first.int(), weight[order]
    alone = projection.coverage.flatten()[projection.pixel, None]
    coverage = torch.zeros(size * size, 1, device=device)
    coverage[pixel] = F.embedding_bag(order, alone, first, mode="sum", per_sample_weights=weight)
    return Pooling(size, pixel, order, weight, first, coverage.reshape(size, size))


def gather(rows: Tensor, projections: Sequence[tuple[Projection, Pooling]]) -> Tensor:
    """Pictures [B, C, h, w] of pyramid rows [rows, C]; a pixel's weights sum to its coverage."""
    size, channels = projections[0][1].size, rows.shape[1]
    out = rows.new_zeros(len(projections), size * size, channels)
    for picture, (rays, pool) in zip(out, projections, strict=True):
        colours = F.embedding_bag(rays.row, rows, rays.first, mode="sum", per_sample_weights=rays.weight)
        if size != rays.rays:
            colours = F.embedding_bag(pool.order, colours, pool.first, mode="sum", per_sample_weights=pool.weight)
        picture[pool.pixel] = colours
    return out.reshape(-1, size, size, channels).permute(0, 3, 1, 2)


def compose(
    known: Tensor,  # [B, 4, h, w] colours of seen texels and their share of the pixel, both premultiplied by that share
    coverage: Tensor,  # [B, 1, h, w] the object's share of the pixel
    fallback: Tensor,  # [3] the colour of a view that sees nothing known
    behind: Tensor,  # [B, 3, h, w] or anything that broadcasts to it
) -> Tensor:
    """[B, 3, h, w]: unknown parts of the object take the colours beside them in the picture, over what lies behind it.

    The filling is a push-pull pyramid: the finest mean around a pixel that holds enough known colour.
    """
    colour, share = known[:, :3], known[:, 3:]
    means, width = [known], known.shape[-1]
    while width > 1:
        width = -(-width // 2)
        means.append(F.avg_pool2d(means[-1], 2, ceil_mode=True))
    filled = fallback.reshape(1, 3, 1, 1)
    for mean in means[:0:-1]:
        if filled.shape[-1] > 1:
            filled = F.interpolate(filled, size=mean.shape[-2:], mode="bilinear")
        filled = (mean[:, :3] + SCARCE * filled) / (mean[:, 3:] + SCARCE)
    filled = F.interpolate(filled.expand(len(known), -1, -1, -1), size=known.shape[-2:], mode="bilinear")
    return colour + (coverage - share).clamp(min=0) * filled + (1 - coverage) * behind


def _on(surface: Surface, seen: GBuffer) -> Tensor:
    return (seen.face >= 0) & (seen.face < surface.face_count)


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


def _detail(surface: Surface, view: View, rays: int, face: Tensor, depth: Tensor) -> Tensor:
    """[m] log2 of how many texels lie side by side within the footprint of each ray, at least 0.

    The footprint's area on a plane with normal n through c is (spacing * depth)^2 * depth / |n . (c - camera)|.
    """
    origin = torch.tensor(view.position, dtype=torch.float32, device=surface.device)
    distance = (surface.face_normal * (surface.face_corner - origin)).sum(-1).abs()
    texels = surface.face_density * (2 * half_tangent(view) / rays) ** 2 / distance.clamp(min=1e-6)
    return 0.5 * torch.log2((texels[face] * depth**3).clamp(min=1))


def _taps(uv: Tensor, detail: Tensor, levels: int, size: int) -> tuple[Tensor, Tensor]:
    """Pyramid rows [m, 4 or 8] int32 and weights: bilinear in each of the two levels around `detail`."""
    sides = level_sizes(size)
    starts = torch.tensor([sum(side * side for side in sides[:i]) for i in range(len(sides))], device=uv.device)
    side_of = torch.tensor(sides, device=uv.device)
    coarse = detail.floor().long()
    blend = detail - coarse
    rows, weights = [], []
    for level, share in ((coarse, 1 - blend), ((coarse + 1).clamp(max=levels - 1), blend))[: min(levels, 2)]:
        side = side_of[level]
        xy = uv * side[:, None] - 0.5
        corner = xy.floor()
        right, down = (xy - corner).T
        column, row = corner.long().T
        for dy, wy in ((0, 1 - down), (1, down)):
            line = starts[level] + (row + dy) % side * side
            for dx, wx in ((0, 1 - right), (1, right)):
                rows.append((line + (column + dx) % side).int())
                weights.append(wx * wy * share)
    return torch.stack(rows, 1), torch.stack(weights, 1)


def _texture_position(surface: Surface, face: Tensor, barycentric: Tensor) -> Tensor:
    """[m, 2] right and down, 0..1, where in the texture points of faces [m] with weights [m, 3] lie."""
    corners = surface.face_uv[face]
    uv = corners[:, 0] * barycentric[:, :1]
    for i in (1, 2):
        uv.addcmul_(corners[:, i], barycentric[:, i : i + 1])
    return uv.remainder_(1.0)


def _texel(uv: Tensor, size: int) -> Tensor:
    """[m] flat texel index of texture positions 0..1."""
    column, row = (uv * size).long().clamp(max=size - 1).T
    return row * size + column
