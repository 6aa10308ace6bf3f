"""A VAE as the LatentCodec of engine/contracts.py: AutoencoderKL, or AutoencoderTiny, which has no posterior to sample."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..protocol.errors import BadResult, InvalidParameter
from .chunks import Chunks
from .memory import vae_bytes


class StableDiffusionCodec:
    """Pictures 0..1 to latents in the model's scale and back; see `LatentCodec` in engine/contracts.py."""

    def __init__(self, vae, chunks: Chunks, latent_multiple: int = 1) -> None:
        """latent_multiple: width and height of latents must be a multiple of it, which the UNet's downsampling decides."""
        self.vae = vae
        self.chunks = chunks
        self.latent_multiple = latent_multiple
        self.scale = vae.config.scaling_factor
        self.shift = getattr(vae.config, "shift_factor", None) or 0.0

    def latent_shape(self, view_resolution: int) -> tuple[int, int, int]:
        """(C, h, w) of a view of so many pixels; InvalidParameter where the networks cannot take that size."""
        factor = pixels_per_latent(self.vae)
        multiple = factor * self.latent_multiple
        if view_resolution < multiple or view_resolution % multiple:
            below = max(view_resolution // multiple, 1) * multiple
            raise InvalidParameter("view_size_unfit", view_resolution=view_resolution, multiple=multiple, below=below,
                                   above=below + multiple)
        side = view_resolution // factor
        return self.vae.config.latent_channels, side, side

    def encode(self, images: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
        """[B, 3, H, W] 0..1 -> [B, C, h, w] float32: a sample of each posterior, its noise from that view's generator."""
        def call(part: slice) -> Tensor:
            pixels = images[part].to(self.vae.device) * 2 - 1
            encoded = self.vae.encode(pixels.to(self.vae.dtype))
            if hasattr(encoded, "latents"):  # AutoencoderTiny
                return torch.stack([encoded.latents, torch.zeros_like(encoded.latents)], 1).float()
            return torch.stack([encoded.latent_dist.mean, encoded.latent_dist.std], 1).float()

        with torch.inference_mode():
            mean, std = self.chunks.run(len(images), call, vae_bytes(self.vae, images.shape[-2:])).unbind(1)
        # Noise outside the chunks: a second try after a lack of memory must not draw twice.
        noise = torch.stack([torch.randn(mean.shape[1:], generator=g, device=g.device) for g in generators])
        return (mean + std * noise.to(mean.device) - self.shift) * self.scale

    def decode(self, latents: Tensor) -> Tensor:
        """[B, C, h, w] -> [B, 3, H, W] float32, clamped to 0..1. BadResult when the numbers overflowed."""
        def call(part: slice) -> Tensor:
            z = latents[part].to(self.vae.device) / self.scale + self.shift
            return (self.vae.decode(z.to(self.vae.dtype)).sample.float() / 2 + 0.5).clamp(0, 1)

        with torch.inference_mode():
            factor = pixels_per_latent(self.vae)
            size = (latents.shape[-2] * factor, latents.shape[-1] * factor)
            images = self.chunks.run(len(latents), call, vae_bytes(self.vae, size))
        check_finite(images)
        return images.clone()


def pixels_per_latent(vae) -> int:
    """How many pixels of a picture, in width, make one of its latents."""
    tiny = getattr(vae.config, "decoder_block_out_channels", None)
    return 2 ** (len(tiny or vae.config.block_out_channels) - 1)


def check_finite(images: Tensor) -> None:
    """BadResult when a picture holds NaN, which half precision gives on some cards; the caller may retry in float32."""
    if not torch.isfinite(images).all():
        raise BadResult("result_not_finite")
