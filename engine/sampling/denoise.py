"""G: the deterministic solve from x_t to a clean sample, in one step or many (section 6, "Multi-Step x_0|t").

A generator: it hands the estimate out after every call of the denoiser, so that a caller can stop between two calls.
The last estimate is G(x_t).
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ..contracts import Denoiser
from .schedule import Schedule

Solver = Literal["ddim", "dpmpp"]


class Estimate(NamedTuple):
    """What is known after one call of the denoiser."""

    index: int  # 0..total-1
    total: int
    t: int  # the timestep of this call
    x0_hat: Tensor  # [B, C, h, w] E[x_0 | x_t]; with index == total-1 the result of the solve
    eps: Tensor  # [B, C, h, w] the noise that goes with it


class Keep(NamedTuple):
    """What a solve must preserve near the borders: the blending of the last outer steps (appendix B, after RePaint)."""

    clean: Tensor  # [B, C, h, w] latents of the current projection
    noise: Tensor  # [B, C, h, w] ~ N(0, 1), the same one through the whole solve
    mask: Tensor  # [B, 1, h, w] 0 at the border .. 1 deep inside


def denoise(
    denoiser: Denoiser,
    schedule: Schedule,
    x_t: Tensor,  # [B, C, h, w] at timesteps[0]
    timesteps: Sequence[int],  # strictly decreasing, as Schedule.solve_timesteps gives them; one alone is Tweedie's formula
    views: Sequence,
    condition: Tensor | None,
    *,
    guidance: Callable[[int], float],  # timestep -> guidance scale
    solver: Solver = "ddim",
    keep: Keep | None = None,
) -> Iterator[Estimate]:
    """G(x_t): from timesteps[0] to the clean end, by DDIM (eta = 0) or DPM-Solver++ 2M.

    ValueError where timesteps do not fall strictly, or where `keep` is asked of any solver but DDIM.
    """
    if not timesteps or any(b >= a for a, b in zip(timesteps, timesteps[1:], strict=False)):
        raise ValueError(f"timesteps must fall strictly, got {list(timesteps)}")
    if keep is not None and solver != "ddim":
        raise ValueError(f"blending re-noises what it keeps after each DDIM update; solver is {solver!r}")
    total = len(timesteps)
    former = None  # (x0_hat, timestep) of the call before, for the second order
    for i, t in enumerate(timesteps):
        output = denoiser(x_t, t, views, condition, guidance(t))
        x0_hat, eps = schedule.split(x_t, output, t, denoiser.prediction_type)
        if i + 1 == total:  # to the clean end both solvers take a first-order step, which is x0_hat itself
            if keep is not None:
                x0_hat = torch.where(_foreground(keep, i, total), x0_hat, keep.clean)
            yield Estimate(i, total, t, x0_hat, eps)
            return
        t_next = timesteps[i + 1]
        if solver == "ddim":
            x_next = schedule.mu(x0_hat, eps, t_next)
        elif solver == "dpmpp":
            x_next = _dpm_solver_pp(schedule, x_t, x0_hat, t, t_next, former)
        else:
            raise ValueError(f"solver is {solver!r}; known: ddim, dpmpp")
        if keep is not None:
            kept = schedule.add_noise(keep.clean, keep.noise, t_next)
            x_next = torch.where(_foreground(keep, i, total), x_next, kept)
        former = (x0_hat, t)
        yield Estimate(i, total, t, x0_hat, eps)
        x_t = x_next


def _foreground(keep: Keep, i: int, total: int) -> Tensor:
    """[B, 1, h, w] bool: what update i of `total` makes anew; grows from the centre to all but the borders."""
    return keep.mask >= 1 - i / total


def _dpm_solver_pp(
    schedule: Schedule, x_t: Tensor, x0_hat: Tensor, t: int, t_next: int, former: tuple[Tensor, int] | None
) -> Tensor:
    """One step of DPM-Solver++ 2M (Lu et al. 2022b, Algorithm 2, data prediction); first order where nothing came before.

    At zero terminal SNR lambda is -inf, and every factor below has its limit: exp(-h) = 0 and r = inf.
    """

    def half_log_snr(i: int) -> float:
        a = schedule.at(i)
        return 0.5 * (math.log(a) - math.log1p(-a)) if a > 0 else -math.inf

    h = half_log_snr(t_next) - half_log_snr(t)
    direction = x0_hat
    if former is not None:
        x0_before, t_before = former
        r = (half_log_snr(t) - half_log_snr(t_before)) / h
        direction = x0_hat + (x0_hat - x0_before) / (2 * r)
    a, a_next = schedule.at(t), schedule.at(t_next)
    return math.sqrt((1 - a_next) / (1 - a)) * x_t - math.sqrt(a_next) * math.expm1(-h) * direction
