"""The three seams that `tasks` joins: a canonical space, a denoiser, a latent codec.

`sampling`, `spaces` and `models` never import one another; each only keeps to these shapes.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class Canvas(NamedTuple):
    """A canonical sample and how well each of its texels has been seen.

    z:    [3, H, W] float32, sRGB-encoded 0..1, row 0 on top.
    best: [H, W] float32 >= 0, the best view quality so far (cosine on a mesh, centrality on a panorama);
          0 marks a texel that no view has seen.
    """

    z: Tensor
    best: Tensor


class Space(Protocol):
    """A canonical space Z with its projections f_c (z -> x) and their least-squares inverse (x -> z)."""

    view_sets: tuple[tuple, ...]  # sets of non-overlapping views, used in turn

    def blank(self) -> Canvas: ...

    def project(self, canvas: Canvas, views: Sequence) -> Tensor:
        """f_c(z) for each view: [B, 3, h, w] sRGB 0..1."""

    def unproject(self, canvas: Canvas, views: Sequence, images: Tensor, *, average: bool) -> Canvas:
        """arg-min over z of sum_i |f_ci(z) - images_i|^2 (Algorithm 4, lines 7 and 16); texels unseen keep their value.

        average: True solves it by the weighted mean of overlapping views (Algorithm 2); False lets the best view win.
        """

    def condition(self, views: Sequence) -> Tensor | None:
        """[B, 1, h, w] inverse depth, nearest = 1, background = 0; None where the space has no geometry."""

    def seam_mask(self, views: Sequence) -> Tensor:
        """[B, 1, h, w]: 0 at the border of what each view owns, 1 deep inside."""

    def coverage(self, canvas: Canvas) -> float:
        """Share of the texels that matter which some view has seen, 0..1."""

    def finish(self, canvas: Canvas) -> Tensor:
        """[3, H, W] with unseen texels filled and margins padded: what is written to disk."""


class Denoiser(Protocol):
    """A diffusion model in its own latent scale."""

    prediction_type: str  # "epsilon" | "v_prediction" | "sample"
    alpha_bar: Tensor  # [T] float64, cumulative product
    forwards: int  # network forwards so far, one per view and branch (NFE)

    def __call__(self, x_t: Tensor, t: int, views: Sequence, condition: Tensor | None, guidance: float) -> Tensor:
        """Guided model output [B, C, h, w]; guidance <= 1 runs the conditional branch alone."""


class LatentCodec(Protocol):
    """Pictures to latents and back."""

    latent_shape: tuple[int, int, int]  # (C, h, w) of one view

    def encode(self, images: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
        """[B, 3, H, W] sRGB 0..1 -> [B, C, h, w]; one generator per view, so that batching changes nothing."""

    def decode(self, latents: Tensor) -> Tensor:
        """[B, C, h, w] -> [B, 3, H, W] clamped to 0..1."""
