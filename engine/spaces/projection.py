"""f_c on a mesh: every pixel of a view as a weighted sum of texels, and the picture that comes of it.

Inside a surface one ray per pixel is enough, as it reads all that its footprint covers of the texture. Where the surface
ends, is cut off by a nearer part of itself or passes from one part of the texture to another, four rays share a pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..threads import side_by_side, threads_on
from .footprints import TAPS, Footprints, Hits, find_hits, flat_texel, footprints_of, spots_over, taps_of
from .pyramid import ChartPyramid, halved
from .rasterize import GBuffer
from .surface import Surface
from .views import View, half_tangent

JUMP = 4  # ray spacings by which depth must leave a plane for a pixel to be cut into quarters
SCARCE = 1e-3  # share of known texels under which a filled-in colour comes from further away


@dataclass(frozen=True)
class Sums:
    """A sparse matrix, row by row: output i is the sum of weight * input[index] from first[i] up to first[i + 1]."""

    index: Tensor  # [k] int32
    weight: Tensor  # [k] float32
    first: Tensor  # [p] int32

    def of(self, rows: Tensor) -> Tensor:
        """[rows, C] -> [p, C]; sums in a fixed order, so the same device gives the same bytes."""
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
    footprints = footprints_of(surface, view, hits, spacing)
    edge = _edges(inverse.reshape(rays, rays), spacing).flatten()
    edge[_beside_jumps(hits, footprints.major / surface.size)] = True
    whole = (~edge.index_select(0, hits.ray)).nonzero()[:, 0]
    cut = edge.nonzero()[:, 0]
    quarters = find_hits(surface, refine(cut))
    footprints = Footprints(
        *(
            torch.cat([part.index_select(0, whole), quarter])
            for part, quarter in zip(footprints, footprints_of(surface, view, quarters, spacing / 2), strict=True)
        )
    )

    spots = spots_over(surface.size, footprints, quarters_from=len(whole))
    row, weight = taps_of(spots, surface, charts)
    of_cut = torch.zeros(len(cut) * 4, dtype=torch.int64, device=surface.device)
    of_cut[quarters.ray] = spots.count[len(whole) :]
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
    under[hits.ray] = surface.pad.index_select(0, flat_texel(hits.uv, surface.size)).int()
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

    def read(i: int) -> None:
        projection, pooling = projections[i]
        colours = projection.taps.of(rows)
        out[i].index_copy_(0, pooling.pixel, colours if pooling.merge is None else pooling.merge.of(colours))

    side_by_side(read, range(len(projections)), threads_on(rows.device))
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
