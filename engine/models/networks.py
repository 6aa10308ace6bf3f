"""What is used here of diffusers' and transformers' parts, whose own types do not tell: the fields of a configuration, which come
from a file, and diffusers' classes, which it only imports when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import nn


class Pretrained(Protocol):
    """A class of either library."""

    def from_pretrained(self, *args: Any, **kwargs: Any) -> Any:
        """What is in a folder; with output_loading_info a pair of it and how well its weights fitted."""


class Network(Protocol):
    """A torch module with a configuration."""

    @property
    def config(self) -> Any:
        """Its fields are those of its config.json, and defaults."""

    @property
    def dtype(self) -> torch.dtype: ...

    @property
    def device(self) -> torch.device: ...

    def __call__(self, *inputs: Any, **options: Any) -> Any: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def to(self, *args: Any, **kwargs: Any) -> Any: ...

    def float(self) -> Any: ...

    def compile(self) -> None: ...


class Autoencoder(Network, Protocol):
    """A VAE: AutoencoderKL, or AutoencoderTiny."""

    decoder: nn.Module

    def encode(self, pixels: torch.Tensor, /) -> Any:
        """[B, 3, H, W] -1..1 -> an object with `latent_dist`, or with `latents` of AutoencoderTiny."""

    def decode(self, latents: torch.Tensor, /) -> Any:
        """[B, C, h, w] -> an object with `sample`, [B, 3, H, W] -1..1."""


class ControlNet(Network, Protocol):
    controlnet_cond_embedding: nn.Module  # takes the condition at full size down to the size of latents


class Tokenizer(Protocol):
    model_max_length: int

    def __call__(self, text: str | list[str], /, **options: Any) -> Any:
        """An object with `input_ids` and `attention_mask`."""

    def decode(self, ids: Sequence[int], /) -> str: ...
