"""Reading a depth condition once per solve instead of once per step."""
from __future__ import annotations

import threading
from collections.abc import Callable

from torch import Tensor, nn


class DepthReader(nn.Module):
    """Stands in for a ControlNet's conditioning embedding and lets through what it has read before.

    The embedding works at the full size of a view, on a processor for as long as the rest of the ControlNet together, and knows
    neither x_t nor t: a solve of many steps needs it once.
    """

    def __init__(self, embedding: nn.Module, channels: int) -> None:
        """channels: of a depth picture; what has more has been read."""
        super().__init__()
        self.embedding = embedding
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        return self.embedding(x) if x.shape[1] == self.channels else x


class DepthMemory:
    """What a ControlNet reads in the condition of the present solve, piece by piece."""

    def __init__(self, controlnet: nn.Module) -> None:
        """controlnet: gets a DepthReader, but not one of "bgr" order, of which diffusers flips what it is given."""
        config = controlnet.config
        channels = config.conditioning_channels
        allowed = config.controlnet_conditioning_channel_order == "rgb" and config.block_out_channels[0] != channels
        if allowed and not isinstance(controlnet.controlnet_cond_embedding, DepthReader):
            controlnet.controlnet_cond_embedding = DepthReader(controlnet.controlnet_cond_embedding, channels)
        self._reader = controlnet.controlnet_cond_embedding if allowed else None
        self._condition: Tensor | None = None
        self._pieces: dict[tuple, Tensor] = {}
        self._turn = threading.Lock()

    def read(self, condition: Tensor, part: slice, hint: Callable[[], Tensor]) -> Tensor:
        """What to give the ControlNet as `controlnet_cond` for the views `part` of `condition`.

        hint: makes the depth pictures of that part, in the ControlNet's precision and on its device.
        """
        if self._reader is None:
            return hint()
        with self._turn:  # pieces are read side by side
            if condition is not self._condition:
                self._condition, self._pieces = condition, {}
            pieces = self._pieces
        weight = next(self._reader.parameters())  # moves to full precision where half overflows
        key = (part.start, part.stop, weight.dtype)
        if key not in pieces:
            pieces[key] = self._reader(hint())
        return pieces[key]
