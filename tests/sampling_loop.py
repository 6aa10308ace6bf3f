"""The two Gaussian paths that samplers are tested on, ideal denoisers for both, and a short run of the loop over a toy space."""

from __future__ import annotations

from typing import NamedTuple

import torch

from engine.contracts import PredictionType
from engine.models.ideal import IdealDenoiser, IdentityCodec, Posterior, gaussian, mixture
from engine.protocol.params import SamplingParams
from engine.sampling.plan import plan
from engine.sampling.schedule import Schedule, paper_times, scaled_linear_alpha_bar
from engine.sampling.synchronize import synchronize

SIZE = 8
CODEC = IdentityCodec()
ROWS = {  # Table 2: maximum stochasticity, multi-step x0, non-overlapping views
    1: (False, False, False),
    2: (True, False, False),
    3: (False, True, False),
    4: (True, True, False),
    5: (True, False, True),
    6: (True, True, True),
}


class GaussianPath(NamedTuple):
    """A schedule and what models on it predict."""

    name: str
    schedule: Schedule
    prediction_type: PredictionType

    def ideal(self, posterior: Posterior, unconditional: Posterior | None = None, cls=IdealDenoiser) -> IdealDenoiser:
        """The closed-form denoiser of this path, of class `cls`."""
        return cls(posterior, self.schedule, prediction_type=self.prediction_type, unconditional=unconditional)

    def times(self, *paper_times: int) -> list[int]:
        """The schedule's timesteps for these of the paper."""
        return [self.schedule.from_paper_time(t) for t in paper_times]


STABLE_DIFFUSION = GaussianPath("Stable Diffusion", Schedule.variance_preserving(scaled_linear_alpha_bar()), "epsilon")
FLOW = GaussianPath("flow", Schedule.flow(), "flow_prediction")
PATHS = (STABLE_DIFFUSION, FLOW)


def outer(path: GaussianPath, count: int) -> list[int]:
    """The timesteps of a job's outer steps from 900 to 270, the defaults."""
    return path.times(*paper_times(900, 270, count))


def settings(row: int = 6, **changes) -> SamplingParams:
    """Few steps, so that tests are quick."""
    stochastic, multi, disjoint = ROWS[row]
    base = {
        "outer_steps": 5,
        "ode_steps": 8,
        "ode_grid": "karras",
        "solver": "dpmpp",
        "guidance": 1.0,
        "warmup": 1,
        "blend_steps": 0,
    }
    return SamplingParams(max_stochasticity=stochastic, multi_step=multi, non_overlapping=disjoint, **(base | changes))


def one_mode(path: GaussianPath, spread: float = 0.1) -> IdealDenoiser:
    posterior = gaussian(torch.full((3, SIZE, SIZE), 0.5), torch.full((3, SIZE, SIZE), spread**2))
    return path.ideal(posterior, posterior)


def two_modes(path: GaussianPath, cls=IdealDenoiser) -> IdealDenoiser:
    means = torch.tensor([0.3, 0.7]).reshape(2, 1, 1, 1).expand(2, 3, SIZE, SIZE)
    return path.ideal(mixture(means, 0.01), mixture(means, 0.02), cls)


class Recorder(IdealDenoiser):
    """Remembers every call: (timestep, views, x_t, condition, guidance)."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.calls = []

    def __call__(self, x_t, t, views, condition, guidance):
        self.calls.append((t, tuple(views), x_t, condition, guidance))
        return super().__call__(x_t, t, views, condition, guidance)


def run(path: GaussianPath, space, denoiser, params, *, codec=CODEC, seed=0, canvas=None) -> list:
    """All events of one job."""
    steps = plan(params, space, path.schedule, refine=canvas is not None)
    return list(synchronize(steps, space, codec, denoiser, seed=seed, canvas=canvas))


def result(events) -> torch.Tensor:
    return events[-1].canvas.z
