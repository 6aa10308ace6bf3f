"""A ControlNet's embedding of its depth condition, computed once per solve instead of once per step."""

from __future__ import annotations

import threading
from collections.abc import Callable

import torch
from torch import Tensor, nn

from .networks import ControlNet


class CachedEmbedding(nn.Module):
    """Takes the place of a ControlNet's conditioning embedding, and returns unchanged what has been embedded before.

    The embedding works at the full size of a view, on a processor for as long as the rest of the ControlNet together, and depends
    on neither x_t nor t: a solve of many steps needs it once.
    """

    def __init__(self, embedding: nn.Module, channels: int) -> None:
        """channels: of a depth picture; a tensor with another number of them has been embedded."""
        super().__init__()
        self.embedding = embedding
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        return self.embedding(x) if x.shape[1] == self.channels else x


class ControlNetCache:
    """The embedded condition of the present solve, piece by piece of its batch."""

    def __init__(self, controlnet: ControlNet) -> None:
        """controlnet: gets a CachedEmbedding, but not one of "bgr" order, of which diffusers flips what it is given."""
        config = controlnet.config
        channels = config.conditioning_channels
        allowed = config.controlnet_conditioning_channel_order == "rgb" and config.block_out_channels[0] != channels
        if allowed and not isinstance(controlnet.controlnet_cond_embedding, CachedEmbedding):
            controlnet.controlnet_cond_embedding = CachedEmbedding(controlnet.controlnet_cond_embedding, channels)
        self._embedding = controlnet.controlnet_cond_embedding if allowed else None
        self._condition: Tensor | None = None
        self._pieces: dict[tuple[int, int, torch.dtype], Tensor] = {}
        self._turn = threading.Lock()

    def embed(self, condition: Tensor, part: slice, hint: Callable[[], Tensor]) -> Tensor:
        """`controlnet_cond` for the views `part` of `condition`, embedded already where that is allowed.

        hint: makes the depth pictures of that part, in the ControlNet's precision and on its device.
        """
        if self._embedding is None:
            return hint()
        with self._turn:  # pieces are computed side by side
            if condition is not self._condition:
                self._condition, self._pieces = condition, {}
            pieces = self._pieces
        weight = next(self._embedding.parameters())  # moves to full precision where half overflows
        key = (part.start, part.stop, weight.dtype)
        if key not in pieces:
            pieces[key] = self._embedding(hint())
        return pieces[key]
