"""What the spaces share: sampling, weights, distance to a seam, filling and padding."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from scipy.spatial import cKDTree
from torch import Tensor

FILL_NEIGHBOURS = 4  # enough to hide Voronoi edges, few enough to stay local
LEAF = 64  # points in a leaf of the search tree; with many dimensions and few queries, fewer leaves are found sooner
FILL_SOURCES = 200_000  # seen texels asked for their colour: a large texture has more than what is hidden needs


def sampling_grid(xy: Tensor, height: int, width: int, *, border: int = 0) -> Tensor:
    """Continuous positions (x, y) [..., 2] in a picture of [height, width] as `grid_sample` coordinates, float32.

    border: how many rows and columns the sampled picture was padded by on every side.
    """
    size = torch.tensor([width, height], dtype=torch.float64, device=xy.device)
    return (2 * (xy.double() + border) / (size + 2 * border) - 1).float()


def sample(image: Tensor, grid: Tensor) -> Tensor:
    """Bilinear samples of image [C, H, W] at grid [..., 2] (of `sampling_grid`): [C, ...]."""
    flat = grid.reshape(1, 1, -1, 2)
    out = F.grid_sample(image[None], flat, mode="bilinear", padding_mode="border", align_corners=False)
    return out.reshape(image.shape[0], *grid.shape[:-1])


def shrink(image: Tensor, factor: int) -> Tensor:
    """[C, H, W] averaged down by a whole factor, so that a coarser canvas does not alias it; `sample` grids still fit."""
    if factor == 1:
        return image
    size = (max(image.shape[1] // factor, 1), max(image.shape[2] // factor, 1))
    return F.interpolate(image[None], size=size, mode="area")[0]


def pad_circular(image: Tensor) -> Tensor:
    """[C, H, W] -> [C, H + 2, W + 2], repeating the picture past each edge as a tiled texture does."""
    image = torch.cat([image[:, :, -1:], image, image[:, :, :1]], dim=2)
    return torch.cat([image[:, -1:], image, image[:, :1]], dim=1)


def pad_equirect(image: Tensor) -> Tensor:
    """[C, H, W] -> [C, H + 2, W + 2]: longitude wraps; past a pole lies the same row half a turn away."""
    half = image.shape[2] // 2
    image = torch.cat([image[:, :1].roll(half, 2), image, image[:, -1:].roll(half, 2)], dim=1)
    return torch.cat([image[:, :, -1:], image, image[:, :, :1]], dim=2)


def distance_to_border(owned: np.ndarray) -> np.ndarray:
    """How deep inside its own ground a pixel lies: 0 outside and at its border (the picture's edge included) .. 1.

    owned: [h, w] bool. Generalises the reference's horizontal triangle to both axes and to any ownership.
    """
    depth = ndimage.distance_transform_edt(np.pad(owned, 1))[1:-1, 1:-1] - owned  # a pixel beside the border gets 0
    peak = depth.max()
    return (depth / peak if peak > 0 else depth).astype(np.float32)


def nearest_index(known: np.ndarray) -> np.ndarray:
    """[H, W] bool -> [H * W] int64: the flat index of the nearest known texel, itself where it is known."""
    if not known.any():
        return np.arange(known.size)
    rows, columns = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    return (rows.astype(np.int64) * known.shape[1] + columns).ravel()


def fill_from_surface(
    colours: Tensor,  # [3, N] of texels on the surface
    seen: Tensor,  # [N] bool
    keys: Tensor,  # [N, K] where "near" is measured: position, and what else tells two sides apart
) -> Tensor:
    """Colours [3, N] with every unseen texel given the inverse-distance mean of its nearest seen ones in space.

    Neighbours in a UV map are not neighbours on a surface, so the map is not asked. Nothing seen: nothing changes.
    """
    if bool(seen.all()) or not bool(seen.any()):
        return colours.clone()
    known = seen.nonzero()[:, 0]
    known = known[:: -(-len(known) // FILL_SOURCES)]
    source, wanted = (part.cpu().contiguous().numpy() for part in (keys[known], keys[~seen]))
    tree = cKDTree(source, balanced_tree=False, leafsize=LEAF)
    distance, index = tree.query(wanted, k=min(FILL_NEIGHBOURS, len(source)))
    if index.ndim == 1:
        distance, index = distance[:, None], index[:, None]
    weight = 1 / (distance + 1e-6)
    weight = torch.from_numpy(weight / weight.sum(1, keepdims=True)).float().to(colours.device)
    palette = colours.index_select(1, known)
    filled = colours.clone()
    filled[:, ~seen] = (palette[:, torch.from_numpy(index).to(colours.device)] * weight).sum(-1)
    return filled
