"""Denoisers in closed form: what a perfectly trained model would predict for a Gaussian or a Gaussian mixture.

They stand in for a network wherever a test must know the right answer. Their latents are pixels (IdentityCodec).
"""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Posterior = Callable[[Tensor, float, Sequence], Tensor]  # (x_t [B, C, h, w], alpha_bar, views) -> E[x_0 | x_t]


def scaled_linear_alpha_bar(steps: int = 1000, start: float = 0.00085, end: float = 0.012) -> Tensor:
    """Stable Diffusion's alpha_bar [steps] float64: betas linear in their square roots."""
    betas = torch.linspace(start**0.5, end**0.5, steps, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, dim=0)


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
    """Turns posterior means into the contract's model output, with guidance and a count of forwards.

    conditional, unconditional: the two branches; guidance > 1 needs both and counts both.
    """

    def __init__(
        self,
        conditional: Posterior,
        alpha_bar: Tensor,
        *,
        prediction_type: str = "epsilon",
        unconditional: Posterior | None = None,
    ) -> None:
        if prediction_type not in ("epsilon", "v_prediction", "sample"):
            raise ValueError(f"prediction_type is {prediction_type!r}; known: epsilon, v_prediction, sample")
        self.conditional, self.unconditional = conditional, unconditional
        self.alpha_bar = alpha_bar.to(torch.float64)
        self.prediction_type = prediction_type
        self.forwards = 0

    def __call__(self, x_t: Tensor, t: int, views: Sequence, condition: Tensor | None, guidance: float) -> Tensor:
        a = float(self.alpha_bar[t])
        output = self._output(x_t, self.conditional(x_t, a, views), a)
        self.forwards += len(x_t)
        if guidance > 1:
            if self.unconditional is None:
                raise ValueError(f"guidance is {guidance}, but this denoiser has no unconditional branch")
            base = self._output(x_t, self.unconditional(x_t, a, views), a)
            self.forwards += len(x_t)
            output = base + guidance * (output - base)
        return output

    def _output(self, x_t: Tensor, x0: Tensor, a: float) -> Tensor:
        if self.prediction_type == "sample":
            return x0
        eps = (x_t - math.sqrt(a) * x0) / math.sqrt(1 - a)
        return eps if self.prediction_type == "epsilon" else math.sqrt(a) * eps - math.sqrt(1 - a) * x0


def gaussian(mean: Tensor, covariance: Tensor) -> Posterior:
    """Posterior mean for x_0 ~ N(mean, covariance).

    mean: [C, h, w]; covariance: [C, h, w] variances per pixel, or [D, D] with D = C h w.
    """
    if covariance.shape == mean.shape:
        def per_pixel(x_t: Tensor, a: float, views: Sequence) -> Tensor:
            mu, variance = mean.to(x_t), covariance.to(x_t)
            return mu + math.sqrt(a) * variance / (a * variance + 1 - a) * (x_t - math.sqrt(a) * mu)

        return per_pixel

    size = mean.numel()
    if covariance.shape != (size, size):
        raise ValueError(f"covariance must be {tuple(mean.shape)} or {(size, size)}, got {tuple(covariance.shape)}")
    eigenvalues, basis = torch.linalg.eigh(covariance.double())

    def full(x_t: Tensor, a: float, views: Sequence) -> Tensor:
        gain = math.sqrt(a) * eigenvalues / (a * eigenvalues + 1 - a)
        offset = x_t.double().flatten(1) - math.sqrt(a) * mean.double().flatten()
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

    def posterior(x_t: Tensor, a: float, views: Sequence) -> Tensor:
        x = x_t.double().flatten(1)  # [B, D]
        spread = a * variance + 1 - a
        offset = x[:, None] - math.sqrt(a) * flat  # [B, K, D]
        share = torch.softmax(log_weights - offset.square().sum(-1) / (2 * spread), dim=1)  # [B, K]
        x0 = flat + math.sqrt(a) * variance / spread * offset
        return (share[:, :, None] * x0).sum(dim=1).reshape(x_t.shape).to(x_t)

    return posterior
