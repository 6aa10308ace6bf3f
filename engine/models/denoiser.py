"""A Stable Diffusion UNet, its text and its depth ControlNet as the Denoiser of engine/contracts.py."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..contracts import PredictionType
from .chunks import Chunks
from .depth_reader import DepthMemory
from .memory import unet_bytes


class StableDiffusionDenoiser:
    """eps(x_t, t, c), v or x0 for views, each with the prompt of its label; see `Denoiser` in engine/contracts.py."""

    def __init__(self, *, unet, controlnet, embeddings: Mapping[str, Tensor], negative: Tensor,
                 prediction_type: PredictionType, controlnet_scale: float, chunks: Chunks) -> None:
        """embeddings: [L, D] for each view label; negative: [L, D]; controlnet may be None."""
        self.unet = unet
        self.controlnet = controlnet
        self.embeddings = embeddings
        self.negative = negative
        self.prediction_type = prediction_type
        self.controlnet_scale = controlnet_scale
        self.chunks = chunks
        self.nfe = 0
        self._memory = None if controlnet is None else DepthMemory(controlnet)

    def __call__(self, x_t: Tensor, t: int, views: Sequence, condition: Tensor | None, guidance: float) -> Tensor:
        """Guided model output, float32: uncond + guidance (cond - uncond), both in one call; guidance <= 1: cond alone."""
        if condition is not None and self.controlnet is None:
            raise ValueError("A depth condition was given to a denoiser that has no ControlNet.")
        text = torch.stack([self.embeddings[view.label] for view in views])

        def call(part: slice) -> Tensor:
            hint = None
            if condition is not None:
                hint = self._memory.read(condition, part, lambda: self._hint(condition[part], x_t))
            return self._guided(x_t[part], t, text[part], hint, guidance)

        branches = 2 if guidance > 1 else 1
        controlnet = None if condition is None else self.controlnet
        needed = unet_bytes(self.unet, x_t.shape[-2:], branches=branches, controlnet=controlnet)
        with torch.inference_mode():
            output = self.chunks.run(len(views), call, needed)
        self.nfe += len(views) * branches
        return output.clone()  # a normal tensor: what inference_mode made may not meet autograd later

    def _guided(self, x_t: Tensor, t: int, text: Tensor, hint: Tensor | None, guidance: float) -> Tensor:
        if guidance <= 1:
            return self._forward(x_t, t, text, hint).float()
        text = torch.cat([self.negative.expand_as(text), text])
        hint = None if hint is None else torch.cat([hint, hint])
        without, with_prompt = self._forward(torch.cat([x_t, x_t]), t, text, hint).float().chunk(2)
        return without + guidance * (with_prompt - without)

    def _forward(self, x: Tensor, t: int, text: Tensor, hint: Tensor | None) -> Tensor:
        """One call of the networks in their own precision."""
        dtype, device = self.unet.dtype, self.unet.device
        x, text = x.to(device, dtype), text.to(device, dtype)
        timestep = torch.full((), t, device=device)  # unlike torch.tensor it copies nothing from the host, which would wait
        if hint is None:
            return self.unet(x, timestep, encoder_hidden_states=text).sample
        down, middle = self.controlnet(x, timestep, encoder_hidden_states=text, controlnet_cond=hint,
                                       conditioning_scale=self.controlnet_scale, return_dict=False)
        return self.unet(x, timestep, encoder_hidden_states=text, down_block_additional_residuals=down,
                         mid_block_additional_residual=middle).sample

    def _hint(self, condition: Tensor, x_t: Tensor) -> Tensor:
        """[B, 1, h, w] inverse depth as the ControlNet wants it: channels, precision, and the resolution it reduces to x_t's."""
        factor = 2 ** (len(self.controlnet.config.conditioning_embedding_out_channels) - 1)
        size = (x_t.shape[-2] * factor, x_t.shape[-1] * factor)
        if condition.shape[-2:] != size:
            condition = F.interpolate(condition, size=size, mode="bilinear", antialias=True)
        hint = condition.expand(-1, self.controlnet.config.conditioning_channels, -1, -1)
        return hint.to(self.controlnet.device, self.controlnet.dtype)
