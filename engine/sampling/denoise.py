"""G: the deterministic solve from x_t to a clean sample, in one step or many (section 6, "Multi-Step x_0|t").

A generator: it hands the estimate out after every call of the denoiser, so that a caller can stop between two calls.
The last estimate is G(x_t).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, get_args

import torch
from torch import Tensor

from ..contracts import Denoiser, View
from ..protocol.params import Solver
from .schedule import Schedule

SOLVERS = get_args(Solver)


@dataclass(frozen=True)
class Estimate:
    """What is known after one call of the denoiser."""

    index: int  # 0..total-1
    total: int
    t: int  # the timestep of this call
    x0_hat: Tensor  # [B, C, h, w] E[x_0 | x_t], the known region put in its place; with index == total-1 the result of the solve


class KnownRegion(NamedTuple):
    """A known region (RePaint) that a solve must preserve: borders of views (appendix B), or what is painted already (Eq. 9).

    Where the mask is 0 it is kept throughout, where it is 1 never; in between, the kept region shrinks as the solve goes on.
    """

    clean: Tensor  # [B, C, h, w] latents of what is known
    mask: Tensor  # [B, 1, h, w] 0 at the border .. 1 deep inside

    def blend(self, x0_hat: Tensor, call: int, calls: int) -> Tensor:
        """x0_hat with the known latents wherever update `call` of `calls` keeps them."""
        return torch.where(self.mask >= 1 - call / calls, x0_hat, self.clean)


def denoise(
    denoiser: Denoiser,
    schedule: Schedule,
    x_t: Tensor,  # [B, C, h, w] at timesteps[0]
    timesteps: Sequence[int],  # strictly decreasing, as Schedule.solve_timesteps gives them; one alone is Tweedie's formula
    views: Sequence[View],
    condition: Tensor | None,
    *,
    guidance: Callable[[int], float],  # timestep -> guidance scale
    solver: Solver = "ddim",
    known: KnownRegion | None = None,
) -> Iterator[Estimate]:
    """G(x_t): from timesteps[0] to the clean end, by DDIM (eta = 0) or DPM-Solver++ 2M.

    known: x_t must be the noised `known.clean` wherever the mask is 0. Blending x_0 and leaving x_t alone keeps that region on
    its own noisy track, with the noise it started from, whatever the solver: both are exact where x_0 is constant.

    ValueError where timesteps do not fall strictly, or for an unknown solver.
    """
    if not timesteps or any(b >= a for a, b in zip(timesteps, timesteps[1:], strict=False)):
        raise ValueError(f"timesteps must fall strictly, got {list(timesteps)}")
    if solver not in SOLVERS:
        raise ValueError(f"solver is {solver!r}; known: {', '.join(SOLVERS)}")
    total = len(timesteps)
    before = None  # (the denoiser's own x0_hat, timestep) of the call before, for the second order
    for i, t in enumerate(timesteps):
        output = denoiser(x_t, t, views, condition, guidance(t))
        x0_hat, _ = schedule.to_x0_eps(x_t, output, t, denoiser.prediction_type)
        t_next = timesteps[i + 1] if i + 1 < total else None
        direction = x0_hat
        if solver == "dpmpp" and before is not None and t_next is not None:
            direction = _second_order(schedule, x0_hat, t, t_next, *before)
        before = (x0_hat, t)
        if known is not None:
            x0_hat, direction = (known.blend(estimate, i, total) for estimate in (x0_hat, direction))
        yield Estimate(i, total, t, x0_hat)
        if t_next is not None:  # to the clean end both solvers take a first-order step, which is x0_hat itself
            x_t = _step(schedule, x_t, direction, t, t_next)


def _step(schedule: Schedule, x_t: Tensor, x0: Tensor, t: int, t_next: int) -> Tensor:
    """From t to t_next along constant x_0: DDIM with eta = 0, which is DPM-Solver++ of first order."""
    return schedule.mu(x0, schedule.implied_noise(x_t, x0, t), t_next)


def _second_order(schedule: Schedule, x0_hat: Tensor, t: int, t_next: int, x0_before: Tensor, t_before: int) -> Tensor:
    """x_0 extrapolated to the middle of the step: DPM-Solver++ 2M (Lu et al. 2022b, Algorithm 2, data prediction).

    At zero terminal SNR the half log-SNR is -inf, and r has its limit, infinity.
    """
    h = schedule.half_log_snr(t_next) - schedule.half_log_snr(t)
    r = (schedule.half_log_snr(t) - schedule.half_log_snr(t_before)) / h
    return x0_hat + (x0_hat - x0_before) / (2 * r) if math.isfinite(r) else x0_hat
