"""Denoisers in closed form: what a perfectly trained model would predict for a Gaussian or a Gaussian mixture, on any path.

They stand in for a network wherever a test must know the right answer. Their latents are pixels (IdentityCodec).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import get_args

import torch
from torch import Tensor

from ..contracts import PredictionType, Schedule, View

Posterior = Callable[[Tensor, float, float, Sequence[View]], Tensor]
"""(x_t [B, C, h, w] = signal x_0 + noise eps, signal, noise, views) -> E[x_0 | x_t]"""


class IdentityCodec:
    """Latents that are the pixels themselves, or `factor` times fewer each way where a subclass codes them so."""

    factor = 1

    def latent_shape(self, view_resolution: int) -> tuple[int, int, int]:
        """(3, h, w) of a view of so many pixels."""
        return 3, view_resolution // self.factor, view_resolution // self.factor

    def encode(self, images: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
        if len(generators) != len(images):
            raise ValueError(f"{len(images)} images need as many generators, got {len(generators)}")
        return images

    def decode(self, latents: Tensor) -> Tensor:
        return latents.clamp(0, 1)


class IdealDenoiser:
    """Turns posterior means into the contract's model output, with guidance and a count of network forwards.

    conditional, unconditional: the two branches; guidance > 1 needs both and counts both.
    """

    def __init__(
        self,
        conditional: Posterior,
        schedule: Schedule,
        *,
        prediction_type: PredictionType = "epsilon",
        unconditional: Posterior | None = None,
    ) -> None:
        if prediction_type not in get_args(PredictionType):
            raise ValueError(f"prediction_type is {prediction_type!r}; known: {', '.join(get_args(PredictionType))}")
        self.conditional, self.unconditional = conditional, unconditional
        self.schedule = schedule
        self.prediction_type = prediction_type
        self.nfe = 0

    def __call__(self, x_t: Tensor, t: int, views: Sequence[View], condition: Tensor | None, guidance: float) -> Tensor:
        output = self._branch(self.conditional, x_t, t, views)
        if guidance > 1:
            if self.unconditional is None:
                raise ValueError(f"guidance is {guidance}, but this denoiser has no unconditional branch")
            base = self._branch(self.unconditional, x_t, t, views)
            output = base + guidance * (output - base)
        return output

    def _branch(self, posterior: Posterior, x_t: Tensor, t: int, views: Sequence[View]) -> Tensor:
        self.nfe += len(x_t)
        signal, noise = self.schedule.signal(t), self.schedule.noise(t)
        x0 = posterior(x_t, signal, noise, views)
        eps = (x_t - signal * x0) / noise
        match self.prediction_type:
            case "sample":
                return x0
            case "v_prediction":
                return signal * eps - noise * x0
            case "flow_prediction":
                return eps - x0
        return eps


def gaussian(mean: Tensor, covariance: Tensor) -> Posterior:
    """Posterior mean for x_0 ~ N(mean, covariance).

    mean: [C, h, w]; covariance: [C, h, w] variances per pixel, or [D, D] with D = C h w.
    """
    if covariance.shape == mean.shape:

        def per_pixel(x_t: Tensor, signal: float, noise: float, views: Sequence[View]) -> Tensor:
            mu, variance = mean.to(x_t), covariance.to(x_t)
            return mu + signal * variance / (signal**2 * variance + noise**2) * (x_t - signal * mu)

        return per_pixel

    size = mean.numel()
    if covariance.shape != (size, size):
        raise ValueError(f"covariance must be {tuple(mean.shape)} or {(size, size)}, got {tuple(covariance.shape)}")
    eigenvalues, basis = torch.linalg.eigh(covariance.double())

    def full(x_t: Tensor, signal: float, noise: float, views: Sequence[View]) -> Tensor:
        gain = signal * eigenvalues / (signal**2 * eigenvalues + noise**2)
        offset = x_t.double().flatten(1) - signal * mean.double().flatten()
        moved = (offset @ basis * gain) @ basis.T
        return (mean.double().flatten() + moved).reshape(x_t.shape).to(x_t)

    return full


def mixture(means: Tensor, variance: float, weights: Tensor | None = None) -> Posterior:
    """Posterior mean for x_0 ~ sum_k weights_k N(means_k, variance I).

    means: [K, C, h, w]; weights: [K] summing to 1, default equal.
    """
    flat = means.double().flatten(1)
    count = len(flat)
    log_weights = torch.full((count,), -math.log(count), dtype=torch.float64) if weights is None else weights.log()

    def posterior(x_t: Tensor, signal: float, noise: float, views: Sequence[View]) -> Tensor:
        x = x_t.double().flatten(1)  # [B, D]
        spread = signal**2 * variance + noise**2
        offset = x[:, None] - signal * flat  # [B, K, D]
        share = torch.softmax(log_weights - offset.square().sum(-1) / (2 * spread), dim=1)  # [B, K]
        x0 = flat + signal * variance / spread * offset
        return (share[:, :, None] * x0).sum(dim=1).reshape(x_t.shape).to(x_t)

    return posterior
