"""The panorama: an equirectangular canvas, exactly as Blender's Environment Texture reads it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..protocol.messages import Notice
from ..threads import Piece, Result, remembered, side_by_side, threads_on
from .equirect_maps import (
    EDGE,
    Layer,
    Ownership,
    Surroundings,
    Taps,
    assign,
    directions_of,
    owned_pixels,
    sample_atlas,
    sampling,
    surroundings,
    taps_of,
    turned_to_start,
)
from .image_ops import distance_to_border, fill_from_surface, pad_equirect, shrink
from .raster import RasterCanvas
from .views import View, ViewSet, axes, half_tangent, panorama_views, rays

SEAM_GAIN = 1.7  # how soon inside its border a seam mask reaches 1, as on a mesh
RESTORED_BORDER = 4  # view pixels over which the border of a known region is blended
EMPTY = 0.5  # grey of a canvas nobody has painted
SEEN_TOLERANCE = 1e-3  # of a pixel's weight on unseen texels: bilinear weights that round to this are none
SURVEY = 32  # directions across a view that stand for its picture when asking what has been seen
CHUNK = 1 << 16  # texels at a time, so that what is computed on the way stays in a processor's cache


class EquirectSpace:
    """Z is the whole sphere of directions, [3, width / 2, width]; every view looks out from its middle."""

    notices: tuple[Notice, ...] = ()

    def __init__(
        self,
        width: int,
        view_resolution: int,
        device: torch.device | str = "cpu",
        *,
        view_sets: tuple[ViewSet, ...] | None = None,
        fill_sets: tuple[ViewSet, ...] = (),
    ) -> None:
        """view_sets: None takes both from `panorama_views("auto")`."""
        if width < 8 or width % 2:
            raise ValueError(f"width is {width}, but a panorama is an even number of texels wide, 8 or more")
        self.width, self.height = width, width // 2
        self.view_resolution = _checked_resolution(view_resolution)
        self.device = torch.device(device)
        self.view_sets, self.fill_sets = panorama_views("auto") if view_sets is None else (view_sets, fill_sets)
        # Shared by `at` between all view sizes: the key names the size where the value depends on it.
        self._taps: dict[tuple[View, int], Taps] = {}  # the views turned so that they start at the first column
        # Overwritten by every projection; to fill memory that the system gives anew would take four times as long.
        self._tables: dict[int, Tensor] = {}
        self._owners: dict[tuple[ViewSet, bool], Ownership] = {}
        self._seams: dict[tuple[ViewSet, int], Tensor] = {}

    def at(self, view_resolution: int) -> EquirectSpace:
        """The same canvas seen through views of another size; all that is computed for either serves both."""
        if view_resolution == self.view_resolution:
            return self
        other = copy.copy(self)
        other.view_resolution = _checked_resolution(view_resolution)
        return other

    @property
    def texels_per_pixel(self) -> float:
        """How much finer the canvas is than the middle of the widest view, where views are least fine."""
        return max(self._texels_per_pixel(view) for views in self.view_sets + self.fill_sets for view in views)

    def blank(self) -> RasterCanvas:
        size = (self.height, self.width)
        return RasterCanvas(torch.full((3, *size), EMPTY, device=self.device), torch.zeros(size, device=self.device))

    def unseen_share(self, views: Sequence[View], drawn: Sequence[View]) -> list[float]:
        """For each of `views` the share of its picture, on a coarse grid, that lies in none of the pictures `drawn`."""
        if not drawn:
            return [1.0] * len(views)
        scale = [torch.tensor([half_tangent(view)] * 2 + [1.0], dtype=torch.float64, device="cpu") for view in drawn]
        cameras = torch.stack([axes(view) / units for view, units in zip(drawn, scale, strict=True)])
        shares = []
        for view in views:
            x, y, backward = (rays(view, SURVEY, SURVEY)[1].reshape(-1, 3) @ cameras).unbind(-1)
            seen = (torch.maximum(x.abs(), y.abs()) <= -backward * (1 + EDGE)).any(0)
            shares.append(1 - float(seen.double().mean()))
        return shares

    def project(self, canvas: RasterCanvas, views: Sequence[View], behind: Tensor | None = None) -> Tensor:
        """f_c(z): [B, 3, h, w]. Each pixel is the mean of enough bilinear samples that a fine canvas does not alias.

        Pixels on texels that no view has seen take the mean colour of the rest of their view, or grey.
        behind: not used, as no view looks past a panorama.
        """
        if not bool(canvas.view_quality.any()):
            size = self.view_resolution
            return torch.full((len(views), 3, size, size), EMPTY, device=self.device)
        images, seen = self._read(canvas, views)
        blank = _blank(seen)
        if not bool(blank.any()):
            return images
        known = (~blank).to(images)
        count = known.sum(dim=(2, 3), keepdim=True)
        mean = (images * known).sum(dim=(2, 3), keepdim=True) / count.clamp(min=1)
        return torch.where(blank, torch.where(count > 0, mean, torch.full_like(mean, EMPTY)), images)

    def unproject(self, canvas: RasterCanvas, views: Sequence[View], images: Tensor, *, average: bool) -> RasterCanvas:
        """Texels that some view covers take the weighted mean of its samples; the rest keep their value.

        average: True weighs every view by its centrality; False lets the most central one win, but for a feather.
        """
        owned = self._ownership(tuple(views), average)
        atlas = self._atlas(views, images.to(canvas.z))
        count, size = len(views), atlas.shape[-1]
        z, best = torch.empty_like(canvas.z), torch.empty_like(canvas.view_quality)

        def paint(part: slice) -> None:
            quality = owned.quality[part]
            torch.maximum(canvas.view_quality[part], quality, out=best[part])
            painted = sample_atlas(atlas, count, size, owned.view[part], owned.position[:, part])
            covered = quality > 0
            z[:, part] = painted if bool(covered.all()) else torch.where(covered, painted, canvas.z[:, part])

        self._side_by_side(paint, _slices(self.height, max(CHUNK // self.width, 1)))
        for layer in owned.layers:  # one after the other: each blends into what those before it have painted
            self._blend(z.flatten(1), layer, atlas, count)
        return RasterCanvas(z, best)

    def condition(self, views: Sequence[View]) -> None:
        """A panorama has no geometry."""
        return None

    def seam_mask(self, views: Sequence[View]) -> Tensor:
        """[B, 1, h, w]: 0 at a picture's border and where another view is more central, 1 deep inside."""
        key = (tuple(views), self.view_resolution)
        if key not in self._seams:
            alike = [surroundings(views, view) for view in views]  # most views of a ring have the same mask
            masks = remembered({}, alike, self._mask, threads_on(self.device))
            stacked = torch.stack(masks)[:, None]
            self._seams[key] = (stacked * SEAM_GAIN).clamp(max=1).to(self.device)
        return self._seams[key]

    def unknown_mask(self, canvas: RasterCanvas, views: Sequence[View]) -> Tensor:
        """[B, 1, h, w]: 1 where a pixel looks at texels that no view has seen, else 0."""
        return _blank(self._read(canvas, views)[1]).to(canvas.z)

    def restore(self, canvas: RasterCanvas, known: RasterCanvas) -> RasterCanvas:
        """`canvas` with the texels that `known` has seen as they are there, but for a border a few view pixels wide.

        Inside the border `known` fades in; where `canvas` has nothing it is taken at once.
        """
        share = self._depth_inside(known.view_quality > 0)
        share = torch.where((canvas.view_quality == 0) & (known.view_quality > 0), torch.ones_like(share), share)
        z = torch.where(share < 1, torch.lerp(canvas.z, known.z, share), known.z)
        return RasterCanvas(z, torch.maximum(canvas.view_quality, known.view_quality))

    def coverage(self, canvas: RasterCanvas) -> float:
        """Share of the sphere's solid angle that some view has seen."""
        row = torch.arange(self.height, dtype=torch.float64, device="cpu") + 0.5
        area = (math.pi * row / self.height).sin()
        return float(((canvas.view_quality > 0).float().mean(1).cpu() * area).sum() / area.sum())

    def to_image(self, canvas: RasterCanvas) -> Tensor:
        return canvas.z.clamp(0, 1)

    def fill_and_pad(self, canvas: RasterCanvas) -> Tensor:
        """[3, H, W] with directions that no view saw filled from the nearest seen ones on the sphere."""
        z = canvas.z.clamp(0, 1)
        unseen = canvas.view_quality <= 0
        if not bool(unseen.any()):
            return z
        # The nearest seen texel always lies beside an unseen one, so the rest of the canvas need not be searched.
        beside = F.max_pool2d(pad_equirect(unseen[None].float())[None], 3, 1)[0, 0] > 0
        texels = beside.flatten().nonzero()[:, 0]
        centres = torch.stack([texels % self.width, texels // self.width], dim=-1).float() + 0.5
        flat = z.flatten(1)
        flat[:, texels] = fill_from_surface(
            flat[:, texels], ~unseen.flatten()[texels], directions_of(centres, self.height, self.width)
        )
        return z

    def _mask(self, around: Surroundings) -> Tensor:
        """[h, w] on the processor: how deep inside a view's own part each of its pixels lies, 0..1."""
        return torch.from_numpy(distance_to_border(owned_pixels(around, self.view_resolution).numpy()))

    def _texels_per_pixel(self, view: View) -> float:
        """How much finer the canvas is than the middle of the view."""
        return self.width / (2 * math.pi) * 2 * half_tangent(view) / self.view_resolution

    def _read(self, canvas: RasterCanvas, views: Sequence[View]) -> tuple[Tensor, Tensor]:
        """[B, 3, h, w] the canvas as each view sees it; [B, 1, h, w] the share of each pixel that some view has seen before."""
        n = self.view_resolution
        images = torch.empty(len(views), 3, n, n, device=self.device)
        seen = torch.empty(len(views), 1, n, n, device=self.device)
        sampled = [sampling(self._texels_per_pixel(view), self.height) for view in views]
        turned = [turned_to_start(view, self.width >> level) for view, (level, _) in zip(views, sampled, strict=True)]
        details = {(view, n): size for (view, _), size in zip(turned, sampled, strict=True)}

        def new_taps(key: tuple[View, int]) -> Taps:
            level, samples = details[key]
            return taps_of(key[0], samples, n, self.height >> level, self.device)

        taps = remembered(self._taps, [(view, n) for view, _ in turned], new_taps, threads_on(self.device))
        tables = {level: self._look_up_table(canvas, level) for level, _ in dict.fromkeys(sampled)}

        def read(i: int) -> None:
            table = tables[sampled[i][0]][turned[i][1] :]
            parts = zip(*taps[i], strict=True)
            sums = [F.embedding_bag(texels, table, per_sample_weights=weights, mode="sum") for texels, weights in parts]
            for part in sums[1:]:
                sums[0] += part
            planes = sums[0].T.reshape(4, n, n)
            images[i], seen[i] = planes[:3], planes[3:]

        self._side_by_side(read, range(len(views)))
        return images, seen

    def _look_up_table(self, canvas: RasterCanvas, level: int) -> Tensor:
        """[2 H W, 4]: per texel its colour and whether it was seen, side by side, so that one look-up serves them all.

        The canvas, halved `level` times, lies there twice, so that columns counted on from any other need not be wrapped.
        """
        height, width = self.height >> level, self.width >> level
        if level not in self._tables:
            self._tables[level] = torch.empty(height, 2 * width, 4, device=self.device)
        table, finer = self._tables[level], 2**level

        def fill(rows: slice) -> None:
            under = slice(rows.start * finer, rows.stop * finer)
            table[rows, :width, :3] = shrink(canvas.z[:, under], finer).permute(1, 2, 0)
            table[rows, :width, 3] = shrink((canvas.view_quality[under] > 0).to(canvas.z)[None], finer)[0]
            table[rows, width:] = table[rows, :width]

        self._side_by_side(fill, _slices(height, max(CHUNK // width, 1)))
        return table.flatten(0, 1)

    def _ownership(self, views: ViewSet, average: bool) -> Ownership:
        key = (views, average)
        if key not in self._owners:
            self._owners[key] = assign(views, self.height, self.width, average, self.device)
        return self._owners[key]

    def _side_by_side(self, call: Callable[[Piece], Result], pieces: Sequence[Piece]) -> list[Result]:
        return side_by_side(call, pieces, threads_on(self.device))

    def _blend(self, flat: Tensor, layer: Layer, atlas: Tensor, count: int) -> None:
        """Mix one more view's samples into the texels [3, H W] that it takes part in."""

        def mix(part: slice) -> None:
            where = layer.view[None, part], layer.position[:, None, part]
            sampled, texels = sample_atlas(atlas, count, atlas.shape[-1], *where)[:, 0], layer.texels[part]
            flat.index_copy_(1, texels, torch.lerp(flat.index_select(1, texels), sampled, layer.alpha[part]))

        self._side_by_side(mix, _slices(len(layer.texels), CHUNK))

    def _atlas(self, views: Sequence[View], images: Tensor) -> Tensor:
        """[1, 3, B (n + 2), n + 2]: the pictures one below the other, each with its edge repeated by one pixel.

        Pictures finer than the canvas are averaged down first, so that they do not alias.
        """
        reduction = max(int(1 / max(self._texels_per_pixel(view) for view in views)), 1)
        small = shrink(images.flatten(0, 1), reduction)
        padded = F.pad(small.reshape(*images.shape[:2], *small.shape[1:]), (1, 1, 1, 1), mode="replicate")
        return padded.transpose(0, 1).flatten(1, 2)[None].contiguous()

    def _depth_inside(self, region: Tensor) -> Tensor:
        """[H, W]: 0 outside `region` [H, W] and at its border .. 1 RESTORED_BORDER view pixels inside it."""
        radius = min(max(round(RESTORED_BORDER * self.texels_per_pixel), 1), self.height // 2)
        row = torch.arange(self.height, dtype=torch.float32, device=self.device) + 0.5
        reach = (radius / torch.sin(math.pi * row / self.height)).long().clamp(max=self.width // 2 - 1)
        column = torch.arange(self.width, device=self.device)
        around = torch.cat([region, region, region], dim=1).cumsum(1, dtype=torch.int32)
        last = around.gather(1, self.width + column + reach[:, None])
        first = around.gather(1, self.width + column - reach[:, None] - 1)
        across = (last - first).float() / (2 * reach[:, None] + 1)
        half = self.width // 2
        above, below = across[:radius].flip(0).roll(half, 1), across[-radius:].flip(0).roll(half, 1)
        mean = F.avg_pool2d(torch.cat([above, across, below])[None, None], (2 * radius + 1, 1), 1)[0, 0]
        return torch.where(region, (2 * mean - 1).clamp(0, 1), torch.zeros_like(mean))


def _slices(length: int, step: int) -> list[slice]:
    """range(length) in pieces of at most `step`."""
    return [slice(start, min(start + step, length)) for start in range(0, length, step)]


def _checked_resolution(view_resolution: int) -> int:
    if view_resolution < 2:
        raise ValueError(f"view_resolution is {view_resolution}, but must be 2 or more pixels")
    return view_resolution


def _blank(seen: Tensor) -> Tensor:
    """bool: pixels that look at texels no view has seen, from the share of each that some view has."""
    return seen < 1 - SEEN_TOLERANCE
