"""Where a view's own part of the picture ends: silhouettes, and the lines where another view of its set takes over."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from .image_ops import distance_to_border

HALO = 256  # view pixels for each pixel by which a decoded picture smears background over a silhouette
SEAM_GAIN = 1.7  # how soon inside its border a seam mask reaches 1
FADE = 1 / 64  # of a view's width: how far inside its border a view's own part takes over wholly from what is there
FADE_GRID = 256  # pixels along the side of the picture that a fade is measured on


def inward_pixels(coverage: Tensor) -> tuple[Tensor, Tensor]:
    """Flat pixels [k] of a picture that must not be read, as they may show background, and [k] what to read instead.

    coverage: [h, w] share of each pixel that lies on the object. What is read lies as far inside the silhouette as a
    decoded picture is smeared, unless the part is too thin to have such an inside nearby.
    """
    h, w = coverage.shape
    halo = max(h // HALO, 1)
    reach = 2 * halo + 2
    whole = coverage > 1 - 1e-4
    deep = ~_dilated(~whole, halo)
    pixel = (_dilated(coverage > 0, 2) & ~deep).flatten().nonzero()[:, 0]
    dy, dx = _disc(reach, coverage.device)
    row, column = pixel // w, pixel % w
    start = (row + reach) * (w + 2 * reach) + column + reach
    source = pixel.clone()
    open_ = torch.arange(len(pixel), device=coverage.device)
    jump = dy * (w + 2 * reach) + dx
    close = int((dy.square() + dx.square() <= (halo + 1) ** 2 + 1).sum())  # where most are found, at a third of the cost
    for wanted, tried in ((deep, close), (deep, len(jump)), (whole, len(jump)), (coverage >= 0.5, len(jump))):
        allowed = F.pad(wanted, (reach, reach, reach, reach)).flatten().byte()
        at = (start[open_, None] + jump[:tried]).flatten()
        found, first = allowed.index_select(0, at).reshape(-1, tried).max(1)
        hit = found > 0
        at = open_[hit]
        source[at] = pixel[at] + (dy * w + dx)[first[hit]]
        open_ = open_[~hit]
    return pixel, source


def seam_mask(owned: np.ndarray, on_object: np.ndarray) -> np.ndarray:
    """[h, w] float32: distance to the border of `owned`, opened 5x5, up to 1; 1 off the object.

    owned: [h, w] bool, the part of the object that this view shows best of its set.
    """
    opened = ndimage.binary_opening(owned, np.ones((5, 5)))
    return np.where(on_object, np.minimum(distance_to_border(opened) * SEAM_GAIN, 1), 1).astype(np.float32)


def fade(owned: np.ndarray) -> np.ndarray:
    """[g, g] float32, g <= FADE_GRID: 0 outside a view's own part, rising to 1 over FADE of the view's width inside it."""
    stride = max(owned.shape[0] // FADE_GRID, 1)
    small = owned[stride // 2 :: stride, stride // 2 :: stride]
    return np.minimum(ndimage.distance_transform_edt(small) / (FADE * small.shape[0]), 1).astype(np.float32)


def _dilated(mask: Tensor, reach: int) -> Tensor:
    """[h, w] bool: `mask` grown by `reach` pixels in every direction, diagonals included."""
    for axis in (0, 1):
        grown, n = mask.clone(), mask.shape[axis]
        for i in range(1, min(reach, n - 1) + 1):
            grown.narrow(axis, i, n - i).logical_or_(mask.narrow(axis, 0, n - i))
            grown.narrow(axis, 0, n - i).logical_or_(mask.narrow(axis, i, n - i))
        mask = grown
    return mask


def _disc(reach: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Rows and columns of the steps within `reach`, the shortest first."""
    side = torch.arange(-reach, reach + 1, device=device)
    dy, dx = torch.meshgrid(side, side, indexing="ij")
    dy, dx = dy.flatten(), dx.flatten()
    order = (dy.square() + dx.square()).sort(stable=True)
    kept = order.indices[order.values <= reach**2]
    return dy[kept], dx[kept]
