"""The device of a job, and in which precision each network runs on it unless a job says otherwise."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..protocol.errors import BadResult, InvalidParameter

NAMES = {"auto": None, "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""What a job may ask for, and the dtype it means; None: what is best on the device."""


class Precision(NamedTuple):
    """The dtype of each part of a checkpoint. Latents, coefficients and pictures are float32 outside the networks."""

    networks: torch.dtype  # UNet and ControlNet
    vae: torch.dtype
    text: torch.dtype


def device_for(name: str) -> torch.device:
    """The device called `name`; "auto" is CUDA (or ROCm) where there is one, then Metal, then the CPU."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, here in found.items() if here))
    if not found[name]:
        raise InvalidParameter("device_unusable", device=repr(name), torch=torch.__version__)
    return torch.device(name)


def dtype_named(name: str) -> torch.dtype | None:
    """The dtype called `name`, None for "auto"; InvalidParameter for another name."""
    if name not in NAMES:
        raise InvalidParameter("precision_unknown", precision=repr(name), known=", ".join(NAMES))
    return NAMES[name]


def precision_for(device: torch.device, asked: torch.dtype | None = None, *, force_upcast: bool = False) -> Precision:
    """The dtypes on `device`. asked: the dtype wanted for the networks, None: the best one.

    force_upcast: the checkpoint says that its VAE overflows in half precision. Only float16 has that fault: bfloat16 has
    float32's range.
    """
    networks = asked or best_dtype(device)
    # Metal's half precision overflows in the decoder's upsampling.
    full_vae = device.type == "mps" or (force_upcast and networks == torch.float16)
    # A prompt is read once per job: on a processor nothing is gained by rounding its embeddings.
    text = torch.float32 if device.type == "cpu" else networks
    return Precision(networks, torch.float32 if full_vae else networks, text)


def best_dtype(device: torch.device) -> torch.dtype:
    """Half precision on a GPU; on a processor bfloat16 where it multiplies matrices in it, else float32."""
    if device.type != "cpu":
        return torch.float16
    return torch.bfloat16 if multiplies_bfloat16() else torch.float32


def multiplies_bfloat16() -> bool:
    """Whether this processor has instructions for bfloat16 products (AVX512-BF16, AMX), without which it is slower than float32.

    torch.ops.mkldnn._is_mkldnn_bf16_supported answers another question: it is true on every AVX-512 processor. False where
    torch cannot tell, as on ARM.
    """
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))


def check_finite(images: Tensor) -> None:
    """BadResult when `images` hold NaN or infinity, as half precision gives on some cards; the caller may retry in float32."""
    if not torch.isfinite(images).all():
        raise BadResult("result_not_finite")
