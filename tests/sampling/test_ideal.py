"""The closed-form denoisers, against integrals done by brute force and against each other."""
from __future__ import annotations

import math

import pytest
import torch

from engine.models.ideal import IdealDenoiser, IdentityCodec, gaussian, mixture, scaled_linear_alpha_bar

ALPHA_BAR = scaled_linear_alpha_bar()


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("a", [0.01, 0.5, 0.99])
def test_mixture_posterior_is_the_integral(a):
    """E[x0 | xt] of a one-dimensional mixture, summed over a fine grid of x0."""
    means, weights, variance = torch.tensor([-1.0, 2.0]).double(), torch.tensor([0.3, 0.7]).double(), 0.2
    x0 = torch.linspace(-8, 8, 40001, dtype=torch.float64)
    prior = (weights[:, None] * torch.exp(-((x0 - means[:, None]) ** 2) / (2 * variance))).sum(0)
    posterior = mixture(means.reshape(2, 1, 1, 1), variance, weights)
    for x_t in (-1.5, 0.1, 1.2):
        likelihood = torch.exp(-((x_t - math.sqrt(a) * x0) ** 2) / (2 * (1 - a)))
        expected = (x0 * prior * likelihood).sum() / (prior * likelihood).sum()
        found = posterior(torch.full((1, 1, 1, 1), x_t, dtype=torch.float64), a, ())
        assert abs(float(found) - float(expected)) < 1e-6  # grid spacing 4e-4, smooth integrand


def test_full_covariance_agrees_with_per_pixel_and_with_one_component():
    mean, variance, x = randn(3, 2, 2), randn(3, 2, 2, seed=1).square() + 0.1, randn(5, 3, 2, 2, seed=2)
    per_pixel = gaussian(mean, variance)(x, 0.3, ())
    full = gaussian(mean, torch.diag(variance.flatten()))(x, 0.3, ())
    assert (per_pixel - full).abs().max() < 1e-12
    same = gaussian(mean, torch.full_like(mean, 0.4))(x, 0.3, ())
    assert (mixture(mean[None], 0.4)(x, 0.3, ()) - same).abs().max() < 1e-12


def test_guidance_extrapolates_and_counts_both_branches():
    x = randn(2, 3, 2, 2)
    yes, no = gaussian(torch.ones(3, 2, 2), torch.ones(3, 2, 2)), gaussian(torch.zeros(3, 2, 2), torch.ones(3, 2, 2))
    denoiser = IdealDenoiser(yes, ALPHA_BAR, unconditional=no)
    alone = denoiser(x, 500, (), None, 1.0)
    assert denoiser.forwards == 2
    guided = denoiser(x, 500, (), None, 3.0)
    assert denoiser.forwards == 6
    base = IdealDenoiser(no, ALPHA_BAR)(x, 500, (), None, 1.0)
    assert torch.allclose(guided, base + 3 * (alone - base))


def test_guidance_without_a_second_branch_is_refused():
    with pytest.raises(ValueError, match="no unconditional branch"):
        IdealDenoiser(gaussian(torch.zeros(1, 1, 1), torch.ones(1, 1, 1)), ALPHA_BAR)(randn(1, 1, 1, 1), 5, (), None, 2.0)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="covariance must be"):
        gaussian(torch.zeros(3, 2, 2), torch.eye(5))
    with pytest.raises(ValueError, match="flow"):
        IdealDenoiser(gaussian(torch.zeros(1, 1, 1), torch.ones(1, 1, 1)), ALPHA_BAR, prediction_type="flow")
    with pytest.raises(ValueError, match="generators"):
        IdentityCodec().encode(torch.zeros(2, 3, 2, 2), [torch.Generator()])
