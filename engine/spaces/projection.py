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


class Sums(NamedTuple):
    """A sparse matrix, row by row: output i is the sum of weight * input[index] from first[i] up to first[i + 1]."""

    index: Tensor  # [k] int32
    weight: Tensor  # [k] float32
    first: Tensor  # [p] int32

    def of(self, rows: Tensor) -> Tensor:
        """[rows, C] -> [p, C]"""
        return F.embedding_bag(self.index, rows, self.first, mode="sum", per_sample_weights=self.weight)


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


def pyramid(image: Tensor, levels: int) -> Tensor:
    """[H, W, C] and its halvings, level after level: [rows, C]."""
    parts = [image[None]]
    for _ in range(levels - 1):
        parts.append(halved(parts[-1]))
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
    face = torch.cat([seen.face.flatten().index_select(0, whole), quarters.face[hits]])
    barycentric = torch.cat([seen.barycentric.reshape(-1, 3).index_select(0, whole), quarters.barycentric[hits]])
    depth = torch.cat([seen.depth.flatten().index_select(0, whole), quarters.depth[hits]])

    uv = _texture_position(surface, face, barycentric)
    detail = _detail(surface, view, rays, face, depth).clamp(max=len(level_sizes(surface.size)) - 1)
    levels = int(detail.max().ceil()) + 1 if len(detail) else 1
    row, weight = _taps(uv, detail, levels, surface.size)
    on_chart = (chart_rows.index_select(0, row.flatten()).reshape(row.shape) * weight).sum(1, keepdim=True)
    weight = weight / on_chart.clamp(min=ON_CHART)
    stray = on_chart[:, 0] < ON_CHART
    nearest = surface.pad.index_select(0, _texel(uv, surface.size)).int()
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
        taps=Sums(
            torch.cat([row[: len(whole)].flatten(), of_cut[0].flatten()]),
            torch.cat([weight[: len(whole)].flatten(), of_cut[1].flatten()]),
            first.int(),
        ),
        levels=levels,
        coverage=coverage.reshape(rays, rays),
    )


def texels_under(surface: Surface, seen: GBuffer) -> Tensor:
    """[r, r] int32: the texel on a chart that each ray meets, as a flat index into the texture; -1 off the object."""
    inside = _on(surface, seen).flatten()
    hit = inside.nonzero()[:, 0]
    uv = _texture_position(surface, seen.face.flatten().index_select(0, hit), seen.barycentric.reshape(-1, 3).index_select(0, hit))
    under = torch.full((inside.numel(),), -1, dtype=torch.int32, device=surface.device)
    under[hit] = surface.pad.index_select(0, _texel(uv, surface.size)).int()
    return under.reshape(seen.depth.shape)


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
    return 0.5 * torch.log2((texels.index_select(0, face) * depth**3).clamp(min=1))


def _taps(uv: Tensor, detail: Tensor, levels: int, size: int) -> tuple[Tensor, Tensor]:
    """Pyramid rows [m, 4 or 8] int32 and weights: bilinear in each of the two levels around `detail`."""
    sides = level_sizes(size)
    starts = torch.tensor([sum(side * side for side in sides[:i]) for i in range(len(sides))], device=uv.device)
    side_of = torch.tensor(sides, device=uv.device)
    coarse = detail.floor().long()
    blend = detail - coarse
    rows, weights = [], []
    for level, share in ((coarse, 1 - blend), ((coarse + 1).clamp(max=levels - 1), blend))[: min(levels, 2)]:
        side = side_of.index_select(0, level)
        xy = uv * side[:, None] - 0.5
        corner = xy.floor()
        right, down = (xy - corner).T
        column, row = corner.long().T
        for dy, wy in ((0, 1 - down), (1, down)):
            line = starts.index_select(0, level) + (row + dy) % side * side
            for dx, wx in ((0, 1 - right), (1, right)):
                rows.append((line + (column + dx) % side).int())
                weights.append(wx * wy * share)
    return torch.stack(rows, 1), torch.stack(weights, 1)


def _texture_position(surface: Surface, face: Tensor, barycentric: Tensor) -> Tensor:
    """[m, 2] right and down, 0..1, where in the texture points of faces [m] with weights [m, 3] lie."""
    corners = surface.face_uv.index_select(0, face)
    uv = corners[:, 0] * barycentric[:, :1]
    for i in (1, 2):
        uv.addcmul_(corners[:, i], barycentric[:, i : i + 1])
    return uv.remainder_(1.0)


def _texel(uv: Tensor, size: int) -> Tensor:
    """[m] flat texel index of texture positions 0..1."""
    column, row = (uv * size).long().clamp(max=size - 1).T
    return row * size + column
