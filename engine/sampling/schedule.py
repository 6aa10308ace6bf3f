"""The noise schedule, the formulas of section 4, and the timesteps that the loops visit.

Timesteps are integers 0..T-1. `alpha_bar` is the cumulative product that the paper writes alpha; sigma, where it means a
noise level, is sqrt((1 - alpha_bar) / alpha_bar). Coefficients are Python floats (float64), tensors keep their own dtype.
"""
from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

PredictionType = Literal["epsilon", "v_prediction", "sample"]
Grid = Literal["linear", "karras"]
KARRAS_RHO = 7.0  # Karras et al. 2022, table 1
KARRAS_TOP = 20.0  # noise level above which one step is enough: a zero-terminal-SNR schedule climbs to thousands


class Schedule:
    """alpha_bar [T] float64, strictly decreasing within [0, 1]; a last value of 0 (zero terminal SNR) is allowed."""

    def __init__(self, alpha_bar: Tensor) -> None:
        alpha_bar = torch.as_tensor(alpha_bar, dtype=torch.float64).cpu()
        if alpha_bar.ndim != 1 or len(alpha_bar) < 2:
            raise ValueError(f"alpha_bar must be one row of at least 2 values, got shape {tuple(alpha_bar.shape)}")
        if not (bool((alpha_bar[1:] < alpha_bar[:-1]).all()) and alpha_bar[0] < 1 and alpha_bar[-1] >= 0):
            raise ValueError("alpha_bar must fall strictly from below 1 to no less than 0")
        self.alpha_bar = alpha_bar
        self._alpha_bar = alpha_bar.tolist()

    @property
    def last(self) -> int:
        """The noisiest timestep, T - 1."""
        return len(self._alpha_bar) - 1

    def clamp(self, t: int) -> int:
        """t brought into 0..T-1 (the paper's T = 1000 means the last timestep, 999)."""
        return min(max(int(t), 0), self.last)

    def at(self, t: int) -> float:
        """alpha_bar at timestep t, IndexError outside 0..T-1."""
        if not 0 <= t <= self.last:
            raise IndexError(f"timestep {t} is outside 0..{self.last}")
        return self._alpha_bar[t]

    def noise_level(self, t: int) -> float:
        """sqrt((1 - alpha_bar) / alpha_bar); inf at zero terminal SNR."""
        a = self.at(t)
        return math.sqrt((1 - a) / a) if a > 0 else math.inf

    def half_log_snr(self, t: int) -> float:
        """log sqrt(alpha_bar / (1 - alpha_bar)); -inf at zero terminal SNR."""
        a = self.at(t)
        return 0.5 * (math.log(a) - math.log1p(-a)) if a > 0 else -math.inf

    def add_noise(self, x0: Tensor, eps: Tensor, t: int) -> Tensor:
        """x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) eps (Eq. 1)."""
        a = self.at(t)
        return math.sqrt(a) * x0 + math.sqrt(1 - a) * eps

    def tweedie(self, x_t: Tensor, eps: Tensor, t: int) -> Tensor:
        """Posterior mean E[x_0 | x_t] (Eq. 4). ValueError at zero SNR, where eps says nothing of x_0."""
        a = self.at(t)
        if a == 0:
            raise ValueError(f"alpha_bar is 0 at t={t}: noise alone does not tell x_0; the model must predict v or x_0")
        return (x_t - math.sqrt(1 - a) * eps) / math.sqrt(a)

    def split(self, x_t: Tensor, output: Tensor, t: int, prediction_type: PredictionType) -> tuple[Tensor, Tensor]:
        """(x0_hat, eps) from whatever the model predicts; for v and x_0 exact also where alpha_bar is 0."""
        a = self.at(t)
        signal, noise = math.sqrt(a), math.sqrt(1 - a)
        if prediction_type == "epsilon":
            return self.tweedie(x_t, output, t), output
        if prediction_type == "v_prediction":
            return signal * x_t - noise * output, signal * output + noise * x_t
        if prediction_type == "sample":
            return output, self.implied_noise(x_t, output, t)
        raise ValueError(f"prediction_type is {prediction_type!r}; known: epsilon, v_prediction, sample")

    def implied_noise(self, x_t: Tensor, x0: Tensor, t: int) -> Tensor:
        """The noise that takes x_0 to x_t: (x_t - sqrt(alpha_bar) x_0) / sqrt(1 - alpha_bar), as in Eq. 3."""
        a = self.at(t)
        return (x_t - math.sqrt(a) * x0) / math.sqrt(1 - a)

    def sigma_max(self, t: int) -> float:
        """The largest stochasticity of a step to t: sqrt(1 - alpha_bar), which cancels eps in Eq. 5 and leaves Eq. 6."""
        return math.sqrt(1 - self.at(t))

    def mu(self, x0: Tensor, eps: Tensor, t: int, sigma: float = 0.0) -> Tensor:
        """Mean of the step to t: sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar - sigma^2) eps (Eq. 5).

        sigma: 0..sigma_max(t); 0 is DDIM, sigma_max(t) is mu* of Eq. 6.
        """
        a = self.at(t)
        if not 0 <= sigma <= self.sigma_max(t):
            raise ValueError(f"sigma is {sigma}; at t={t} it must lie in 0..{self.sigma_max(t)}")
        return math.sqrt(a) * x0 + math.sqrt(max(1 - a - sigma**2, 0.0)) * eps

    def outer_timesteps(self, t_start: int, t_stop: int, n: int) -> list[int]:
        """t_k = int(t_start + (t_stop - t_start) k / n), k = 0..n-1: linear, t_stop itself not visited; clamped to T-1."""
        return [self.clamp(int(t_start + (t_stop - t_start) * k / n)) for k in range(n)]

    def solve_timesteps(self, t: int, n: int, grid: Grid) -> list[int]:
        """Timesteps at which a solve from t calls the denoiser: t first, strictly decreasing; the clean end is implied.

        n counts the points of the whole range T-1..0, clean end included for "linear"; a solve from a lower t takes fewer.
        linear: t and every point below it of the fixed grid linspace(T-1, 0, n) (the paper's "50, decreasing linearly";
            t=999, n=50 makes 49 calls, t=900 makes 45). The point 0 is the clean end, not a call.
        karras: spaced evenly in noise level^(1/7) from t to timestep 0, which is called too; n calls from T-1 and
            proportionally fewer from t, so that the spacing stays the same. Fewer where integers would repeat.
            Levels above KARRAS_TOP count as that level.
        """
        t = self.clamp(t)
        if grid == "linear":
            points = [int(p) for p in torch.linspace(self.last, 0, n, dtype=torch.float64).tolist()]
            return [t] + [p for p in points if 0 < p < t]
        if grid == "karras":
            return self._karras(t, n)
        raise ValueError(f"grid is {grid!r}; known: linear, karras")

    def _karras(self, t: int, n: int) -> list[int]:
        def root(i: int) -> float:
            return min(self.noise_level(i), KARRAS_TOP) ** (1 / KARRAS_RHO)

        top, whole, bottom = root(t), root(self.last), root(0)
        # round half up: n itself from T-1
        calls = max(1, math.floor(n * (top - bottom) / (whole - bottom) + 0.5))
        if calls == 1 or t == 0:
            return [t]
        levels = torch.tensor([root(i) for i in range(t + 1)], dtype=torch.float64)
        wanted = torch.linspace(top, bottom, calls, dtype=torch.float64)[1:]
        nearest = (levels[None, :] - wanted[:, None]).abs().argmin(dim=1).tolist()
        return sorted({t, *nearest}, reverse=True)
