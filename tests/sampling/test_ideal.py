"""The closed-form denoisers, against integrals done by brute force and against each other."""

from __future__ import annotations

import math

import pytest
import torch
from sampling_loop import FLOW, STABLE_DIFFUSION

from engine.models.ideal import IdealDenoiser, IdentityCodec, gaussian, mixture

SCHEDULE = STABLE_DIFFUSION.schedule


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("signal, noise", [(0.1, 0.995), (0.71, 0.71), (0.995, 0.1), (0.3, 0.7)])
def test_mixture_posterior_is_the_integral(signal, noise):
    """E[x0 | xt] of a one-dimensional mixture, summed over a fine grid of x0."""
    means, weights, variance = torch.tensor([-1.0, 2.0]).double(), torch.tensor([0.3, 0.7]).double(), 0.2
    x0 = torch.linspace(-8, 8, 40001, dtype=torch.float64)
    prior = (weights[:, None] * torch.exp(-((x0 - means[:, None]) ** 2) / (2 * variance))).sum(0)
    posterior = mixture(means.reshape(2, 1, 1, 1), variance, weights)
    for x_t in (-1.5, 0.1, 1.2):
        likelihood = torch.exp(-((x_t - signal * x0) ** 2) / (2 * noise**2))
        expected = (x0 * prior * likelihood).sum() / (prior * likelihood).sum()
        found = posterior(torch.full((1, 1, 1, 1), x_t, dtype=torch.float64), signal, noise, ())
        assert abs(float(found) - float(expected)) < 1e-6  # grid spacing 4e-4, smooth integrand


def test_full_covariance_agrees_with_per_pixel_and_with_one_component():
    mean, variance, x = randn(3, 2, 2), randn(3, 2, 2, seed=1).square() + 0.1, randn(5, 3, 2, 2, seed=2)
    for coefficients in ((math.sqrt(0.3), math.sqrt(0.7)), (0.3, 0.7)):
        per_pixel = gaussian(mean, variance)(x, *coefficients, ())
        full = gaussian(mean, torch.diag(variance.flatten()))(x, *coefficients, ())
        assert (per_pixel - full).abs().max() < 1e-12
        same = gaussian(mean, torch.full_like(mean, 0.4))(x, *coefficients, ())
        assert (mixture(mean[None], 0.4)(x, *coefficients, ()) - same).abs().max() < 1e-12


@pytest.mark.parametrize("schedule", [SCHEDULE, FLOW.schedule], ids=["Stable Diffusion", "flow"])
@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction", "sample", "flow_prediction"])
def test_every_prediction_type_says_the_same_of_x0_and_of_the_noise(schedule, prediction_type):
    """What the denoiser gives, in any of diffusers' words, is the posterior mean and the noise that it implies."""
    posterior, x = gaussian(randn(3, 2, 2), torch.full((3, 2, 2), 0.4).double()), randn(5, 3, 2, 2, seed=2)
    for t in (10, 500, 900):
        output = IdealDenoiser(posterior, schedule, prediction_type=prediction_type)(x, t, (), None, 1.0)
        x0, eps = schedule.to_x0_eps(x, output, t, prediction_type)
        expected = posterior(x, schedule.signal(t), schedule.noise(t), ())
        # float64; epsilon is divided by the signal, 0.07 at 900
        assert (x0 - expected).abs().max() < 1e-10
        assert (schedule.add_noise(x0, eps, t) - x).abs().max() < 1e-10


def test_guidance_extrapolates_and_counts_both_branches():
    x = randn(2, 3, 2, 2)
    yes, no = gaussian(torch.ones(3, 2, 2), torch.ones(3, 2, 2)), gaussian(torch.zeros(3, 2, 2), torch.ones(3, 2, 2))
    denoiser = IdealDenoiser(yes, SCHEDULE, unconditional=no)
    alone = denoiser(x, 500, (), None, 1.0)
    assert denoiser.nfe == 2
    guided = denoiser(x, 500, (), None, 3.0)
    assert denoiser.nfe == 6
    base = IdealDenoiser(no, SCHEDULE)(x, 500, (), None, 1.0)
    assert torch.allclose(guided, base + 3 * (alone - base))


def test_guidance_without_a_second_branch_is_refused():
    with pytest.raises(ValueError, match="no unconditional branch"):
        IdealDenoiser(gaussian(torch.zeros(1, 1, 1), torch.ones(1, 1, 1)), SCHEDULE)(randn(1, 1, 1, 1), 5, (), None, 2.0)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="covariance must be"):
        gaussian(torch.zeros(3, 2, 2), torch.eye(5))
    with pytest.raises(ValueError, match="flux"):
        IdealDenoiser(gaussian(torch.zeros(1, 1, 1), torch.ones(1, 1, 1)), SCHEDULE, prediction_type="flux")
    with pytest.raises(ValueError, match="generators"):
        IdentityCodec().encode(torch.zeros(2, 3, 2, 2), [torch.Generator()])
