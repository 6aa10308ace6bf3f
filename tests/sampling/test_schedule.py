"""The formulas of section 4 and the timesteps, against diffusers and by hand."""
from __future__ import annotations

import math

import pytest
import torch
from diffusers import DDIMScheduler
from diffusers.schedulers.scheduling_ddim import rescale_zero_terminal_snr

from engine.models.ideal import scaled_linear_alpha_bar
from engine.sampling.schedule import Schedule

EXACT = 1e-12  # float64 on values of order 1, a handful of operations


@pytest.fixture
def schedule() -> Schedule:
    return Schedule(scaled_linear_alpha_bar())


@pytest.fixture
def zero_snr() -> Schedule:
    """SD 2.1-v's betas, rescaled to end in pure noise; diffusers does it in float64 here."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    return Schedule(torch.cumprod(1 - rescale_zero_terminal_snr(betas), 0).clamp(min=0))


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(0)
    return tuple(torch.randn(2, 4, 3, 3, generator=g, dtype=torch.float64) for _ in range(2))


def test_alpha_bar_is_stable_diffusions():
    theirs = DDIMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012).alphas_cumprod
    # theirs is a float32 product of 1000 factors
    assert torch.allclose(scaled_linear_alpha_bar(), theirs.double(), rtol=1e-4)


@pytest.mark.parametrize("t", [0, 1, 270, 900, 999])
def test_add_noise_is_diffusers(schedule, t):
    x0, eps = pair()
    theirs = DDIMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
    theirs.alphas_cumprod = schedule.alpha_bar
    expected = theirs.add_noise(x0, eps, torch.tensor([t, t]))
    assert (schedule.add_noise(x0, eps, t) - expected).abs().max() < EXACT


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("t", [1, 270, 900, 998])
def test_split_finds_what_was_mixed(schedule, prediction_type, t):
    x0, eps = pair()
    a = schedule.at(t)
    output = {"epsilon": eps, "sample": x0, "v_prediction": math.sqrt(a) * eps - math.sqrt(1 - a) * x0}[prediction_type]
    found_x0, found_eps = schedule.split(schedule.add_noise(x0, eps, t), output, t, prediction_type)
    assert (found_x0 - x0).abs().max() < 1e-10  # dividing by sqrt(alpha_bar) >= 0.07 or sqrt(1 - alpha_bar) >= 0.04
    assert (found_eps - eps).abs().max() < 1e-10


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_one_step_is_diffusers_ddim(schedule, prediction_type, eta):
    """split then mu (Eq. 4 and 5) is DDIM's step, with DDPM's stochasticity too."""
    x_t, output = pair()
    theirs = DDIMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, clip_sample=False,
                           prediction_type=prediction_type, steps_offset=1)
    theirs.alphas_cumprod = schedule.alpha_bar
    theirs.set_timesteps(50)
    t, t_next = 601, 581
    expected = theirs.step(output, t, x_t, eta=eta, variance_noise=torch.zeros_like(x_t))
    x0, eps = schedule.split(x_t, output, t, prediction_type)
    a, a_next = schedule.at(t), schedule.at(t_next)
    sigma = eta * math.sqrt((1 - a_next) / (1 - a) * (1 - a / a_next))
    assert (x0 - expected.pred_original_sample).abs().max() < EXACT
    assert (schedule.mu(x0, eps, t_next, sigma) - expected.prev_sample).abs().max() < EXACT


def test_largest_stochasticity_forgets_eps(schedule):
    """Eq. 6: mu* depends on x_0 alone, and with its own noise it is the forward process of Eq. 1."""
    x0, eps = pair()
    sigma = schedule.sigma_max(500)
    assert torch.equal(schedule.mu(x0, eps, 500, sigma), schedule.mu(x0, -eps, 500, sigma))
    assert (schedule.mu(x0, -eps, 500, sigma) + sigma * eps - schedule.add_noise(x0, eps, 500)).abs().max() < EXACT


def test_stochasticity_beyond_the_largest_is_refused(schedule):
    x0, eps = pair()
    with pytest.raises(ValueError, match="sigma is"):
        schedule.mu(x0, eps, 500, schedule.sigma_max(500) * 1.01)


def test_v_is_exact_at_zero_terminal_snr(zero_snr):
    """At alpha_bar = 0, x_t is noise alone and v is -x_0."""
    x0, eps = pair()
    assert zero_snr.at(999) == 0
    found_x0, found_eps = zero_snr.split(eps, -x0, 999, "v_prediction")
    assert torch.equal(found_x0, x0) and torch.equal(found_eps, eps)


def test_eps_at_zero_terminal_snr_is_refused(zero_snr):
    with pytest.raises(ValueError, match="must predict v"):
        zero_snr.split(*pair(), 999, "epsilon")


def test_unknown_prediction_type_is_refused(schedule):
    with pytest.raises(ValueError, match="flow"):
        schedule.split(*pair(), 10, "flow")


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.6], [1.0, 0.5], [0.5, -0.1], [[0.9, 0.8]]])
def test_what_is_no_schedule_is_refused(values):
    with pytest.raises(ValueError, match="alpha_bar must"):
        Schedule(torch.tensor(values))


def test_outer_timesteps_are_the_papers(schedule):
    steps = schedule.outer_timesteps(900, 270, 25)
    assert steps[:3] == [900, 874, 849] and steps[-1] == 295 and len(steps) == 25
    assert schedule.outer_timesteps(1000, 270, 25)[0] == 999


def test_linear_solve_is_the_start_and_every_point_below_it(schedule):
    whole = schedule.solve_timesteps(999, 50, "linear")
    assert whole[:3] == [999, 978, 958] and whole[-1] == 20 and len(whole) == 49
    assert schedule.solve_timesteps(900, 50, "linear") == [900] + [t for t in whole if t < 900]
    assert len(schedule.solve_timesteps(900, 50, "linear")) == 45
    assert schedule.solve_timesteps(5, 50, "linear") == [5]


@pytest.mark.parametrize("grid", ["linear", "karras"])
@pytest.mark.parametrize("n", [1, 2, 5, 10, 50, 500])
def test_a_solve_falls_strictly_from_its_start(schedule, zero_snr, grid, n):
    for s in (schedule, zero_snr):
        for t in (999, 998, 900, 270, 7, 1, 0):
            steps = s.solve_timesteps(t, n, grid)
            assert steps[0] == t and steps[-1] >= 0
            assert all(b < a for a, b in zip(steps, steps[1:], strict=False))
            assert len(steps) <= max(n, 1)


def test_karras_solve_is_even_in_the_seventh_root_of_noise(schedule):
    for t, calls in ((999, 10), (900, 9), (700, 7)):
        steps = schedule.solve_timesteps(t, 10, "karras")
        assert len(steps) == calls and steps[-1] == 0
        roots = torch.tensor([schedule.noise_level(i) ** (1 / 7) for i in steps])
        gaps = roots[:-1] - roots[1:]
        # integers near t = 0 are 0.03 apart in the seventh root, so each gap can be off by that
        assert (gaps - gaps.mean()).abs().max() < 0.03
