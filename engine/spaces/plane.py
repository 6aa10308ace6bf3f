"""The plane: a flat picture of any size, seen through square windows that lie on it (the paper's wide pictures)."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..protocol.messages import Notice
from .image_ops import distance_to_border, fill_from_surface
from .raster import RasterCanvas

SEAM_GAIN = 1.7  # how soon inside its border a seam mask reaches 1, as on a mesh
EMPTY = 0.5  # grey of a canvas nobody has painted
FEATHER = 0.08  # of half a window: where windows of one set touch, each fades in over what was there before
LEAST_QUALITY = 1e-4  # of a texel at a window's border, which is seen all the same


@dataclass(frozen=True, kw_only=True)
class Window:
    """A square of `side` texels whose first texel is in row `top` and column `left`. Hashable."""

    left: int
    top: int
    side: int
    label: str = "window"

    @property
    def part(self) -> tuple[slice, slice, slice]:
        """What it shows of a [C, H, W]."""
        return slice(None), slice(self.top, self.top + self.side), slice(self.left, self.left + self.side)


WindowSet = tuple[Window, ...]


def window_sets(width: int, height: int, side: int) -> tuple[WindowSet, ...]:
    """Sets of windows of `side` texels on a canvas of width x height, used in turn.

    The first covers the canvas; its windows overlap only where the canvas is no multiple of them. Each of the others is
    shifted by half a window along one axis, so that it paints over all seams across that axis.
    """
    columns, rows = _starts(width, side), _starts(height, side)
    sets = [(columns, rows), (_between(columns), rows), (columns, _between(rows))]
    return tuple(
        tuple(Window(left=x, top=y, side=side) for y, x in itertools.product(down, across))
        for across, down in sets
        if across and down
    )


def _starts(length: int, side: int) -> list[int]:
    count = -(-length // side)
    return [round(i * (length - side) / (count - 1)) for i in range(count)] if count > 1 else [0]


def _between(starts: list[int]) -> list[int]:
    return [(a + b) // 2 for a, b in itertools.pairwise(starts)]


class PlaneSpace:
    """Z is a picture [3, height, width]; a window of it, as many texels wide as a view has pixels, is a view.

    Windows of a canvas that is smaller than a view are as large as fit, and are enlarged.
    """

    notices: tuple[Notice, ...] = ()
    fill_sets: tuple[WindowSet, ...] = ()

    def __init__(self, width: int, height: int, view_resolution: int, device: torch.device | str = "cpu") -> None:
        if min(width, height, view_resolution) < 8:
            raise ValueError(f"width {width}, height {height} and view_resolution {view_resolution} must be 8 or more")
        self.width, self.height, self.view_resolution = width, height, view_resolution
        self.device = torch.device(device)
        self._side = min(width, height, view_resolution)
        self.view_sets = window_sets(width, height, self._side)

    @property
    def texels_per_pixel(self) -> float:
        return self._side / self.view_resolution

    def at(self, view_resolution: int) -> PlaneSpace:
        other = copy.copy(self)
        other.view_resolution = view_resolution
        return other

    def blank(self) -> RasterCanvas:
        size = self.height, self.width
        return RasterCanvas(torch.full((3, *size), EMPTY, device=self.device), torch.zeros(size, device=self.device))

    def unseen_share(self, views: Sequence[Window], drawn: Sequence[Window]) -> list[float]:
        seen = torch.zeros(1, self.height, self.width)
        for view in drawn:
            seen[view.part] = 1
        return [1 - float(seen[view.part].mean()) for view in views]

    def project(self, canvas: RasterCanvas, views: Sequence[Window], behind: Tensor | None = None) -> Tensor:
        """f_c(z): [B, 3, h, w]. Texels that no view has seen take the mean colour of the rest of their window, or grey.

        behind: not used, as no window looks past its canvas.
        """
        shown = []
        for view in views:
            image, known = canvas.z[view.part], (canvas.view_quality[None] > 0)[view.part]
            count = known.sum()
            mean = (image * known).sum(dim=(1, 2), keepdim=True) / count if count > 0 else torch.full_like(image, EMPTY)
            shown.append(torch.where(known, image, mean))
        return self._resized(torch.stack(shown), self.view_resolution)

    def unproject(self, canvas: RasterCanvas, views: Sequence[Window], images: Tensor, *, average: bool) -> RasterCanvas:
        """Texels in some window take its picture's colour.

        average: True weighs all windows by their centrality; False lets the most central one win, which over texels seen
        before fades in from its border: two pictures would else meet in a step.
        """
        pictures, quality = self._resized(images.to(canvas.z), self._side), self._centrality()
        total, weight = torch.zeros_like(canvas.z), torch.zeros_like(canvas.view_quality)
        share = torch.ones_like(weight)
        for view, picture in zip(views, pictures, strict=True):
            _, *part = view.part
            if average:
                total[view.part] += picture * quality
                weight[*part] += quality
            else:
                wins = quality > weight[*part]
                total[view.part] = torch.where(wins, picture * quality, total[view.part])
                weight[*part] = torch.where(wins, quality, weight[*part])
                share[*part] = torch.where(wins, self._fade(view), share[*part])
        share = torch.where(canvas.view_quality > 0, share, 1.0) * (weight > 0)
        z = torch.lerp(canvas.z, total / weight.clamp(min=LEAST_QUALITY), share)
        best = canvas.view_quality.clone()
        for view in views:
            _, *part = view.part
            best[*part] = torch.maximum(best[*part], quality)
        return RasterCanvas(z, best)

    def condition(self, views: Sequence[Window]) -> None:
        """A flat picture has no geometry."""
        return None

    def seam_mask(self, views: Sequence[Window]) -> Tensor:
        """[B, 1, h, w]: 0 at a window's border and where another window is more central, 1 deep inside."""
        quality = self._centrality()
        best = torch.zeros(1, self.height, self.width, device=self.device)
        for view in views:
            best[view.part] = torch.maximum(best[view.part], quality)
        masks = []
        for view in views:
            owned = quality >= best[view.part][0]
            size = (self.view_resolution, self.view_resolution)
            owned = F.interpolate(owned[None, None].float(), size=size, mode="nearest")[0, 0] > 0
            masks.append(torch.from_numpy(distance_to_border(owned.cpu().numpy())))
        return (torch.stack(masks)[:, None] * SEAM_GAIN).clamp(max=1).to(self.device)

    def unknown_mask(self, canvas: RasterCanvas, views: Sequence[Window]) -> Tensor:
        unseen = (canvas.view_quality[None] <= 0).float()
        return (self._resized(torch.stack([unseen[view.part] for view in views]), self.view_resolution) > 0).to(canvas.z)

    def restore(self, canvas: RasterCanvas, known: RasterCanvas) -> RasterCanvas:
        """`canvas` with the texels that `known` has seen as they are there."""
        z = torch.where(known.view_quality > 0, known.z, canvas.z)
        return RasterCanvas(z, torch.maximum(canvas.view_quality, known.view_quality))

    def coverage(self, canvas: RasterCanvas) -> float:
        return float((canvas.view_quality > 0).float().mean())

    def to_image(self, canvas: RasterCanvas) -> Tensor:
        return canvas.z.clamp(0, 1)

    def fill_and_pad(self, canvas: RasterCanvas) -> Tensor:
        """[3, H, W] with texels that no window saw filled from the nearest seen ones."""
        rows, columns = torch.meshgrid(torch.arange(self.height), torch.arange(self.width), indexing="ij")
        keys = torch.stack([rows, columns], dim=-1).reshape(-1, 2).float()
        filled = fill_from_surface(canvas.z.flatten(1), canvas.view_quality.flatten() > 0, keys)
        return filled.reshape(canvas.z.shape).clamp(0, 1)

    def _centrality(self) -> Tensor:
        """[side, side] 1 in the middle of a window .. a little over 0 at its border."""
        offset = ((torch.arange(self._side, device=self.device) + 0.5) * (2 / self._side) - 1).abs()
        return (1 - torch.maximum(offset, offset[:, None])).clamp(min=LEAST_QUALITY)

    def _fade(self, window: Window) -> Tensor:
        """[side, side] 0 at those borders of a window beside which others may lie .. 1 FEATHER inside them."""
        distance = (torch.arange(self._side, device=self.device) + 0.5) * (2 / self._side / FEATHER)
        ramps = []
        for start, length in ((window.left, self.width), (window.top, self.height)):
            low = distance if start > 0 else torch.ones_like(distance)
            high = distance.flip(0) if start + window.side < length else torch.ones_like(distance)
            ramps.append(torch.minimum(low, high).clamp(max=1))
        return torch.minimum(ramps[0], ramps[1][:, None])

    def _resized(self, images: Tensor, size: int) -> Tensor:
        """[B, C, size, size]: averaged where that is smaller, interpolated where it is larger."""
        if images.shape[-1] == size:
            return images
        return F.interpolate(images, size=(size, size), mode="bilinear", antialias=True)
