"""What canvases that are pictures have in common."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class RasterCanvas(NamedTuple):
    """A canonical sample and how well each of its texels has been seen."""

    z: Tensor  # [3, H, W] float32, sRGB-encoded 0..1, row 0 on top
    view_quality: Tensor  # [H, W] float32 >= 0, of the best view so far (a cosine on a mesh, else centrality); 0: unseen
