"""A Gaussian path x_t = signal(t) x_0 + noise(t) eps: the formulas of section 4 over it, and the timesteps that the loops visit.

Every formula is written once, for any signal and noise; what kind of path it is only its constructor knows. Timesteps are
integers 0..T-1, the noisier the higher. The paper writes alpha for what is alpha_bar here, and signal = sqrt(alpha_bar), noise =
sqrt(1 - alpha_bar). Coefficients are Python floats (float64), tensors keep their own dtype.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

import torch
from torch import Tensor

from ..contracts import PredictionType
from ..protocol.params import Grid

KARRAS_RHO = 7.0  # Karras et al. 2022, table 1
KARRAS_TOP = 20.0  # noise level above which one step is enough: paths that end in noise alone climb to infinity
KARRAS_BOTTOM = 0.029  # noise level below which no step is needed; Stable Diffusion's own lowest, 0.0292, lies just above
PAPER_STEPS = 1000  # T of the paper, whose t is a timestep of Stable Diffusion


def scaled_linear_alpha_bar(steps: int = PAPER_STEPS, start: float = 0.00085, end: float = 0.012) -> Tensor:
    """Stable Diffusion's alpha_bar [steps] float64: betas linear in their square roots. The paper's t is an index into it."""
    betas = torch.linspace(start**0.5, end**0.5, steps, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, dim=0)


def paper_times(t_start: int, t_stop: int, n: int) -> list[int]:
    """t_k = int(t_start + (t_stop - t_start) k / n), k = 0..n-1, in the paper's time: linear, t_stop itself not visited.

    1000, which the paper starts from in places, means the last timestep, 999.
    """
    return [min(int(t_start + (t_stop - t_start) * k / n), PAPER_STEPS - 1) for k in range(n)]


class Schedule:
    """signal(t) and noise(t) of one path; made by `variance_preserving` or `flow`."""

    def __init__(self, signal: Sequence[float], noise: Sequence[float], *, in_paper_time: bool = False) -> None:
        """signal, noise: [T] each, with noise / signal rising strictly from above 0; the last signal may be 0.

        in_paper_time: the timesteps are the paper's t themselves, see `from_paper_time`.
        """
        if len(signal) != len(noise) or len(signal) < 2:
            raise ValueError(f"signal and noise must have the same length, at least 2, got {len(signal)} and {len(noise)}")
        self._signal, self._noise = list(signal), list(noise)
        self._levels = [n / s if s > 0 else math.inf for s, n in zip(signal, noise, strict=True)]
        rising = all(a < b for a, b in zip(self._levels, self._levels[1:], strict=False))
        if not (rising and self._levels[0] > 0 and min(self._signal) >= 0):
            raise ValueError("noise / signal must rise strictly from above 0, and no signal be negative")
        self._from_paper = list(range(PAPER_STEPS)) if in_paper_time else _by_noise_level(self._levels)

    @classmethod
    def variance_preserving(cls, alpha_bar: Tensor) -> Schedule:
        """signal = sqrt(alpha_bar), noise = sqrt(1 - alpha_bar) (Eq. 1): DDPM, and Stable Diffusion 1 and 2.

        alpha_bar: [T], strictly decreasing within [0, 1), the cumulative product of 1 - beta; a last value of 0 (zero terminal
        SNR) is allowed. With T = 1000 its timesteps are the paper's t, see `from_paper_time`.
        """
        alpha_bar = torch.as_tensor(alpha_bar, dtype=torch.float64).cpu()
        if alpha_bar.ndim != 1 or len(alpha_bar) < 2:
            raise ValueError(f"alpha_bar must be one row of at least 2 values, got shape {tuple(alpha_bar.shape)}")
        if not (bool((alpha_bar[1:] < alpha_bar[:-1]).all()) and alpha_bar[0] < 1 and alpha_bar[-1] >= 0):
            raise ValueError("alpha_bar must fall strictly from below 1 to no less than 0")
        values = alpha_bar.tolist()
        return cls([math.sqrt(a) for a in values], [math.sqrt(1 - a) for a in values], in_paper_time=len(values) == PAPER_STEPS)

    @classmethod
    def flow(cls, steps: int = PAPER_STEPS, *, shift: float = 1.0) -> Schedule:
        """signal = 1 - s, noise = s: rectified flow, from s = 1 (noise alone) to nearly 0.

        Timestep t stands for s = shift u / (1 + (shift - 1) u) with u = (t + 1) / steps, as in diffusers'
        FlowMatchEulerDiscreteScheduler, whose config gives `shift` (exp(mu) where it is dynamic). The shift only spreads the
        timesteps: what a flow network is told of the time is a function of s alone, which is noise(t).
        """
        if shift <= 0:
            raise ValueError(f"shift must be above 0, got {shift}")
        times = [shift * u / (1 + (shift - 1) * u) for u in ((t + 1) / steps for t in range(steps))]
        return cls([1 - s for s in times], times)

    @property
    def last(self) -> int:
        """The noisiest timestep, T - 1."""
        return len(self._signal) - 1

    def signal(self, t: int) -> float:
        """The factor of x_0 at timestep t, >= 0. IndexError outside 0..T-1."""
        return self._signal[self._checked(t)]

    def noise(self, t: int) -> float:
        """The factor of eps at timestep t, > 0. IndexError outside 0..T-1."""
        return self._noise[self._checked(t)]

    def noise_level(self, t: int) -> float:
        """Noise-to-signal ratio noise / signal, the sigma of Karras et al. 2022; inf where there is no signal."""
        return self._levels[self._checked(t)]

    def half_log_snr(self, t: int) -> float:
        """log(signal / noise), the lambda of DPM-Solver; -inf where there is no signal."""
        signal = self.signal(t)
        return math.log(signal) - math.log(self.noise(t)) if signal > 0 else -math.inf

    def add_noise(self, x0: Tensor, eps: Tensor, t: int) -> Tensor:
        """x_t = signal x_0 + noise eps (Eq. 1)."""
        return self.signal(t) * x0 + self.noise(t) * eps

    def tweedie(self, x_t: Tensor, eps: Tensor, t: int) -> Tensor:
        """Posterior mean E[x_0 | x_t] (Eq. 4). ValueError at zero SNR, where eps says nothing of x_0."""
        signal = self.signal(t)
        if signal == 0:
            raise ValueError(f"there is no signal at t={t}: noise alone does not tell x_0; the model must predict v or x_0")
        return (x_t - self.noise(t) * eps) / signal

    def implied_noise(self, x_t: Tensor, x0: Tensor, t: int) -> Tensor:
        """The noise that takes x_0 to x_t: (x_t - signal x_0) / noise, as in Eq. 3."""
        return (x_t - self.signal(t) * x0) / self.noise(t)

    def to_x0_eps(self, x_t: Tensor, output: Tensor, t: int, prediction_type: PredictionType) -> tuple[Tensor, Tensor]:
        """(x0_hat, eps) from whatever the model predicts; each type but epsilon is exact also where there is no signal.

        v_prediction: v = signal eps - noise x_0 (Salimans and Ho 2022).
        flow_prediction: the flow's velocity dx/ds = eps - x_0.
        Both are solved together with Eq. 1 for x_0 and eps.
        """
        signal, noise = self.signal(t), self.noise(t)
        match prediction_type:
            case "epsilon":
                return self.tweedie(x_t, output, t), output
            case "sample":
                return output, self.implied_noise(x_t, output, t)
            case "v_prediction":
                power = signal * signal + noise * noise  # 1 on a variance-preserving path
                along, across = signal / power, noise / power
                return along * x_t - across * output, along * output + across * x_t
            case "flow_prediction":
                total = signal + noise  # 1 on a flow path
                return (x_t - noise * output) / total, (x_t + signal * output) / total
        raise ValueError(f"prediction_type is {prediction_type!r}; known: epsilon, v_prediction, sample, flow_prediction")

    def sigma_max(self, t: int) -> float:
        """The largest stochasticity of a step to t, noise(t): it cancels eps in Eq. 5 and leaves Eq. 6.

        On any Gaussian path: eps and the fresh noise of Eq. 5 are independent and of unit variance, so that a step to
        signal x_0 + sqrt(noise^2 - sigma^2) eps + sigma eps' has variance noise^2 - sigma^2 + sigma^2 = noise^2 given x_0, which
        is Eq. 1's, whatever sigma is. The root bounds sigma by noise(t); there x_t depends on x_0 alone. Nowhere does
        signal^2 + noise^2 = 1 come in, which only turns the bound into the paper's sqrt(1 - alpha). On a flow path sigma_max is
        s itself, and the step is diffusers' `stochastic_sampling`.
        """
        return self.noise(t)

    def mu(self, x0: Tensor, eps: Tensor, t: int, sigma: float = 0.0) -> Tensor:
        """Mean of the step to t: signal x_0 + sqrt(noise^2 - sigma^2) eps (Eq. 5).

        sigma: 0..sigma_max(t); 0 is DDIM (on a flow path Euler's step), sigma_max(t) is mu* of Eq. 6.
        """
        if not 0 <= sigma <= self.sigma_max(t):
            raise ValueError(f"sigma is {sigma}; at t={t} it must lie in 0..{self.sigma_max(t)}")
        noise = self.noise(t)
        return self.signal(t) * x0 + math.sqrt((noise - sigma) * (noise + sigma)) * eps  # for sigma = 0 exactly noise

    def clamp(self, t: int) -> int:
        """t brought into 0..T-1."""
        return min(max(int(t), 0), self.last)

    def from_paper_time(self, t: int) -> int:
        """The timestep here that means what t means in the paper and in presets (0..1000, of Stable Diffusion's schedule).

        Of a variance-preserving schedule over 1000 timesteps that is t itself, whatever its betas: presets, the paper's too, are
        stated in timesteps of the checkpoint that they were chosen on, not in noise levels, and checkpoints of this kind share
        those numbers; so the built-in one, whose schedule ends in zero SNR, has the same t as Stable Diffusion.
        Any other path (flow, or another number of timesteps) takes its timestep of the nearest noise-to-signal ratio, by
        logarithm: a step then removes as much noise, relative to the picture, as on Stable Diffusion. The ends stand for the
        ends: 999 and more, which the paper takes for noise alone, is the last timestep, and 0 the first.
        """
        return self._from_paper[min(max(int(t), 0), PAPER_STEPS - 1)]

    def solve_timesteps(self, t: int, n: int, grid: Grid) -> list[int]:
        """Timesteps at which a solve from t calls the denoiser: t first, strictly decreasing; the clean end is implied.

        n counts the points of the whole range, clean end included for "linear"; a solve from a lower t takes fewer.
        linear: t and every point below it of the fixed grid linspace(999, 0, n) in the paper's time (its "50, decreasing
            linearly"; t=999, n=50 makes 49 calls, t=900 makes 45). The point 0 is the clean end, not a call.
        karras: spaced evenly in noise level^(1/7) from t to the first timestep of at least KARRAS_BOTTOM (timestep 0 of Stable
            Diffusion), which is called too; n calls from T-1 and proportionally fewer from t, so that the spacing stays the
            same. Fewer where integers would repeat. Levels above KARRAS_TOP count as that level.
        """
        t = self.clamp(t)
        if grid == "linear":
            points = [int(p) for p in torch.linspace(PAPER_STEPS - 1, 0, n, dtype=torch.float64).tolist()]
            here = dict.fromkeys(self.from_paper_time(p) for p in points if p > 0)
            return [t] + [point for point in here if point < t]
        if grid == "karras":
            return self._karras(t, n)
        raise ValueError(f"grid is {grid!r}; known: linear, karras")

    def _karras(self, t: int, n: int) -> list[int]:
        def root(i: int) -> float:
            return min(self.noise_level(i), KARRAS_TOP) ** (1 / KARRAS_RHO)

        first = min(bisect_left(self._levels, KARRAS_BOTTOM), self.last)
        if t <= first:
            return [t]
        top, whole, bottom = root(t), root(self.last), root(first)
        # round half up: n itself from T-1
        calls = max(1, math.floor(n * (top - bottom) / (whole - bottom) + 0.5))
        if calls == 1:
            return [t]
        levels = torch.tensor([root(i) for i in range(first, t + 1)], dtype=torch.float64)
        wanted = torch.linspace(top, bottom, calls, dtype=torch.float64)[1:]
        nearest = (levels[None, :] - wanted[:, None]).abs().argmin(dim=1) + first
        return sorted({t, *nearest.tolist()}, reverse=True)

    def _checked(self, t: int) -> int:
        if not 0 <= t <= self.last:
            raise IndexError(f"timestep {t} is outside 0..{self.last}")
        return t


def _by_noise_level(levels: Sequence[float]) -> list[int]:
    """For each t of the paper, the index of the nearest of `levels` (rising); its two ends go to theirs."""
    last, found = len(levels) - 1, [0]
    for a in scaled_linear_alpha_bar()[1:-1].tolist():
        level = math.sqrt((1 - a) / a)
        above = min(max(bisect_left(levels, level), 1), last)
        found.append(above - 1 if level / levels[above - 1] < levels[above] / level else above)
    return [*found, last]
