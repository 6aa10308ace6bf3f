"""A VAE as the LatentCodec of engine/contracts.py: AutoencoderKL, or AutoencoderTiny, which has no posterior to sample."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..protocol.errors import BadResult
from .chunks import Chunks


class StableDiffusionCodec:
    """Pictures 0..1 to latents in the model's scale and back; see `LatentCodec` in engine/contracts.py."""

    def __init__(self, vae, latent_shape: tuple[int, int, int], chunks: Chunks) -> None:
        self.vae = vae
        self.latent_shape = latent_shape
        self.chunks = chunks
        self.scale = vae.config.scaling_factor
        self.shift = getattr(vae.config, "shift_factor", None) or 0.0

    def encode(self, images: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
        """[B, 3, H, W] 0..1 -> [B, C, h, w] float32: a sample of each posterior, its noise from that view's generator."""
        def call(part: slice) -> Tensor:
            pixels = images[part].to(self.vae.device, self.vae.dtype) * 2 - 1
            encoded = self.vae.encode(pixels)
            if hasattr(encoded, "latents"):  # AutoencoderTiny
                return torch.stack([encoded.latents, torch.zeros_like(encoded.latents)], 1).float()
            return torch.stack([encoded.latent_dist.mean, encoded.latent_dist.std], 1).float()

        with torch.inference_mode():
            mean, std = self.chunks.run(len(images), call).unbind(1)
        # Noise outside the chunks: a second try after a lack of memory must not draw twice.
        noise = torch.stack([torch.randn(mean.shape[1:], generator=g, device=g.device).to(mean.device) for g in generators])
        return (mean + std * noise - self.shift) * self.scale

    def decode(self, latents: Tensor) -> Tensor:
        """[B, C, h, w] -> [B, 3, H, W] float32, clamped to 0..1. BadResult when the numbers overflowed."""
        def call(part: slice) -> Tensor:
            z = latents[part].to(self.vae.device, self.vae.dtype) / self.scale + self.shift
            return (self.vae.decode(z).sample.float() / 2 + 0.5).clamp(0, 1)

        with torch.inference_mode():
            images = self.chunks.run(len(latents), call)
        check_finite(images)
        return images.clone()


def check_finite(images: Tensor) -> None:
    """BadResult when a picture holds NaN, which half precision gives on some cards; the caller may retry in float32."""
    if not torch.isfinite(images).all():
        raise BadResult("The model gave no picture: its numbers overflowed (NaN).")
