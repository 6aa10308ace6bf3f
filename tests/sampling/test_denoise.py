"""G: against diffusers' solvers, against closed forms, and its known region; on a variance-preserving path and on a flow."""

from __future__ import annotations

import math

import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler
from sampling_loop import STABLE_DIFFUSION, GaussianPath

from engine.models.ideal import IdealDenoiser, gaussian, mixture
from engine.sampling.denoise import KnownRegion, denoise
from engine.sampling.schedule import Schedule, scaled_linear_alpha_bar

ALPHA_BAR = scaled_linear_alpha_bar()
SCHEDULE = STABLE_DIFFUSION.schedule


def solve(denoiser, x_t, timesteps, *, guidance=1.0, **options):
    steps = denoise(denoiser, denoiser.schedule, x_t, timesteps, [None] * len(x_t), None, guidance=lambda t: guidance, **options)
    *_, last = steps
    return last.x0_hat


def zero_terminal_snr() -> GaussianPath:
    """Stable Diffusion's schedule rescaled so that t = 999 is pure noise (Lin et al. 2023), for a model that predicts v."""
    root = ALPHA_BAR.sqrt()
    alpha_bar = ((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2
    return GaussianPath("zero SNR", Schedule.variance_preserving(alpha_bar), "v_prediction")


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def two_modes(prediction_type="epsilon") -> IdealDenoiser:
    """Curved enough that a wrong coefficient shows."""
    return IdealDenoiser(mixture(randn(2, 3, 4, 4, seed=1), 0.1), SCHEDULE, prediction_type=prediction_type)


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction", "sample"])
def test_ddim_is_diffusers(prediction_type):
    theirs = DDIMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        clip_sample=False,
        prediction_type=prediction_type,
        steps_offset=1,
        set_alpha_to_one=True,
    )
    theirs.alphas_cumprod = ALPHA_BAR
    theirs.set_timesteps(20)
    denoiser, x = two_modes(prediction_type), randn(2, 3, 4, 4)
    expected = x
    for t in theirs.timesteps.tolist():
        expected = theirs.step(denoiser(expected, t, [], None, 1.0), t, expected).prev_sample
    assert (solve(denoiser, x, theirs.timesteps.tolist()) - expected).abs().max() < 1e-10  # float64, 20 steps


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("order, solver", [(1, "ddim"), (2, "dpmpp")])
@pytest.mark.parametrize("start, n, grid", [(999, 20, "linear"), (900, 10, "karras"), (613, 7, "karras"), (270, 4, "linear")])
def test_both_solvers_are_diffusers_dpm_solver_on_any_timesteps(prediction_type, order, solver, start, n, grid):
    """DPM-Solver++ 2M is theirs of order 2; of order 1 it is DDIM, which so is checked on uneven timesteps too."""
    timesteps = SCHEDULE.solve_timesteps(start, n, grid)
    theirs = DPMSolverMultistepScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, solver_order=order, prediction_type=prediction_type
    )
    theirs.set_timesteps(timesteps=timesteps)
    denoiser, x = two_modes(prediction_type), randn(2, 3, 4, 4)
    expected = x
    for t in theirs.timesteps.tolist():
        expected = theirs.step(denoiser(expected, t, [], None, 1.0), t, expected).prev_sample.double()
    # theirs computes in float32: 1e-7 per step, grown by the flow between two modes
    assert (solve(denoiser, x, timesteps, solver=solver) - expected).abs().max() < 1e-4


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_ddim_on_a_flow_is_diffusers_euler(shift):
    theirs = FlowMatchEulerDiscreteScheduler(shift=shift)
    theirs.set_timesteps(20)
    path = GaussianPath("shifted", Schedule.flow(shift=shift), "flow_prediction")
    ours = [min(range(1000), key=lambda t: abs(path.schedule.noise(t) - s)) for s in theirs.sigmas[:-1].tolist()]
    sigmas = torch.tensor([path.schedule.noise(t) for t in ours] + [0.0], dtype=torch.float64)
    assert (sigmas - theirs.sigmas).abs().max() < 0.005 * shift  # our timesteps are a grid of 1000
    denoiser, x = path.ideal(mixture(randn(2, 3, 4, 4, seed=1), 0.1)), randn(2, 3, 4, 4)
    theirs.sigmas, expected = sigmas, x
    for t, timestep in zip(ours, theirs.timesteps, strict=True):
        expected = theirs.step(denoiser(expected, t, [], None, 1.0), timestep, expected).prev_sample.double()
    # theirs takes its step in float32: 1e-7 per step, grown by the flow between two modes
    assert (solve(denoiser, x, ours) - expected).abs().max() < 1e-4


@pytest.mark.parametrize(
    "solver, grid, n, tolerance",
    [
        ("ddim", "linear", 200, 0.03),  # first order: the spread comes out 2.5 % short with 200 steps, 5 % with 100
        ("dpmpp", "karras", 40, 0.01),
    ],
)
@pytest.mark.parametrize(
    "path", [zero_terminal_snr(), GaussianPath("flow", Schedule.flow(), "flow_prediction")], ids=lambda path: path.name
)
def test_pure_noise_is_solved_where_no_signal_is_left(path, solver, grid, n, tolerance):
    """From pure noise at signal 0 the exact flow takes N(0, 1) to N(mean, var) without any bias."""
    schedule = path.schedule
    assert schedule.signal(999) == 0
    mean, variance = torch.full((3, 2, 2), 0.7).double(), torch.full((3, 2, 2), 0.3).double()
    x = randn(8, 3, 2, 2)
    result = solve(path.ideal(gaussian(mean, variance)), x, schedule.solve_timesteps(999, n, grid), solver=solver)
    offset = (variance.sqrt() * x).abs()
    assert ((result - (mean + variance.sqrt() * x)).abs() < tolerance * offset + 0.002).all()


@pytest.mark.parametrize(
    "solver, grid, n, tolerance",
    [
        ("ddim", "linear", 400, 0.02),  # first order: 8 times finer than the paper's 50
        ("dpmpp", "karras", 40, 0.005),
    ],
)
def test_gaussian_is_solved_to_its_closed_form(path, solver, grid, n, tolerance):
    """For N(mu, s^2) the flow is affine: G(x) = mu + s (x - signal mu) / sqrt(signal^2 s^2 + noise^2)."""
    mean, variance = randn(3, 2, 2, seed=2), randn(3, 2, 2, seed=3).square() + 0.05
    denoiser, schedule = path.ideal(gaussian(mean, variance)), path.schedule
    for t in path.times(999, 900, 400):
        signal, noise = schedule.signal(t), schedule.noise(t)
        x = randn(16, 3, 2, 2, seed=t)
        expected = mean + variance.sqrt() * (x - signal * mean) / (signal**2 * variance + noise**2).sqrt()
        result = solve(denoiser, x, schedule.solve_timesteps(t, n, grid), solver=solver)
        assert (result - expected).abs().max() < tolerance * 3  # |x| reaches 3 standard deviations


def test_noise_becomes_the_full_covariance(path):
    """4000 draws of N(0, I) through G have the covariance that the model was made with, off-diagonal entries too."""
    n, d = 4000, 12
    factor = randn(d, d, seed=4) / math.sqrt(d)
    covariance = factor @ factor.T + 0.1 * torch.eye(d, dtype=torch.float64)
    mean = randn(3, 2, 2, seed=5)
    denoiser = path.ideal(gaussian(mean, covariance))
    steps = path.schedule.solve_timesteps(999, 30, "karras")
    samples = solve(denoiser, randn(n, 3, 2, 2, seed=6), steps, solver="dpmpp").flatten(1)
    diagonal = covariance.diagonal()
    # sampling error of a covariance entry: sqrt((S_ii S_jj + S_ij^2) / n); 5 of them, 144 entries. The solver and
    # the signal left at 999 (noise stands in for x_T) leave less than 2 % of the variances.
    error = ((diagonal[:, None] * diagonal[None, :] + covariance**2) / n).sqrt()
    allowed = 5 * error + 0.02 * diagonal.max()
    assert ((torch.cov(samples.T) - covariance).abs() < allowed).all()
    # noise instead of x_T shifts the mean by up to s signal / sqrt(signal^2 s^2 + noise^2) of itself: 7 % s, on a flow 0
    shift = diagonal.max().sqrt() * path.schedule.signal(999) * mean.abs().max()
    assert ((samples.mean(0) - mean.flatten()).abs() < 5 * (diagonal / n).sqrt() + shift).all()


def test_one_timestep_is_tweedie():
    denoiser, x = two_modes(), randn(2, 3, 4, 4)
    expected = SCHEDULE.tweedie(x, denoiser(x, 500, [], None, 1.0), 500)
    assert torch.equal(solve(denoiser, x, [500]), expected)


def test_a_better_grid_beats_the_papers_20_at_half_the_calls():
    """DPM-Solver++ on 9 Karras-spaced calls is nearer the exact flow than on 18 linear ones; guidance 7.5, 64-D mixture."""
    means = randn(8, 64, 1, 1, seed=7)
    denoiser = IdealDenoiser(mixture(means[:3], 0.05), SCHEDULE, unconditional=mixture(means, 0.05))
    x = SCHEDULE.add_noise(means[[0, 1, 2] * 8], randn(24, 64, 1, 1, seed=8), 900)
    reference = solve(denoiser, x, SCHEDULE.solve_timesteps(900, 500, "karras"), guidance=7.5, solver="dpmpp")

    def error(grid: str, n: int) -> tuple[float, int]:
        steps = SCHEDULE.solve_timesteps(900, n, grid)
        result = solve(denoiser, x, steps, guidance=7.5, solver="dpmpp")
        return float((result - reference).flatten(1).norm(dim=1).median()), len(steps)

    (linear, linear_calls), (karras, karras_calls) = error("linear", 20), error("karras", 10)
    assert karras_calls * 2 == linear_calls == 18
    assert karras < 0.75 * linear


def test_an_estimate_comes_after_every_call(path):
    denoiser, x = path.ideal(mixture(randn(2, 3, 4, 4, seed=1), 0.1)), randn(2, 3, 4, 4)
    steps = path.times(900, 500, 100)
    for i, estimate in enumerate(denoise(denoiser, path.schedule, x, steps, [0, 1], None, guidance=lambda t: 1.0)):
        assert (estimate.index, estimate.total, estimate.t) == (i, 3, steps[i])
        assert denoiser.nfe == 2 * (i + 1)
    assert i == 2


def test_guidance_is_asked_for_every_timestep():
    asked = []
    scale = {900: 7.5, 500: 1.0, 100: 3.0}
    denoiser = IdealDenoiser(mixture(randn(1, 3, 4, 4), 0.1), SCHEDULE, unconditional=mixture(randn(2, 3, 4, 4), 0.1))
    list(
        denoise(denoiser, SCHEDULE, randn(1, 3, 4, 4), [900, 500, 100], [0], None, guidance=lambda t: asked.append(t) or scale[t])
    )
    assert asked == [900, 500, 100] and denoiser.nfe == 2 + 1 + 2


def known_by_columns(x0):
    """A mask that rises by columns: 0, 1/7, .., 1."""
    return KnownRegion(x0, torch.linspace(0, 1, x0.shape[-1], dtype=torch.float64).expand(len(x0), 1, *x0.shape[-2:]))


def two_modes_8():
    return mixture(randn(2, 3, 8, 8, seed=11), 0.1)


@pytest.mark.parametrize("solver, grid, n", [("ddim", "linear", 50), ("dpmpp", "linear", 20), ("dpmpp", "karras", 10)])
def test_a_known_region_keeps_borders_and_remakes_the_interior(path, solver, grid, n):
    """After N updates only mask < 1/N is still the projection, to the bit; everything else is the model's."""
    x0, noise = randn(2, 3, 8, 8, seed=9), randn(2, 3, 8, 8, seed=10)
    known, (t,) = known_by_columns(x0), path.times(640)
    steps = path.schedule.solve_timesteps(t, n, grid)
    result = solve(path.ideal(two_modes_8()), path.schedule.add_noise(x0, noise, t), steps, known=known, solver=solver)
    border = (known.mask < 1 / len(steps)).expand_as(x0)
    assert torch.equal(result[border], x0[border])
    assert ((result - x0).abs()[~border] > 0).all()


@pytest.mark.parametrize("solver", ["ddim", "dpmpp"])
@pytest.mark.parametrize("start", [800, 999])
@pytest.mark.parametrize(
    "path", [zero_terminal_snr(), GaussianPath("flow", Schedule.flow(), "flow_prediction")], ids=lambda path: path.name
)
def test_a_known_region_holds_what_is_not_yet_foreground_on_its_own_noisy_track(path, solver, start):
    """Where the mask says background, the denoiser sees the clean latents at exactly the noise level of its timestep,
    with the noise of the start; the foreground is what has mask >= 1 - i/N. At 999 of these schedules there is no signal."""
    x0, noise = randn(1, 3, 8, 8, seed=9), randn(1, 3, 8, 8, seed=10)
    known, schedule, inputs = known_by_columns(x0), path.schedule, []

    class Spy(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            inputs.append((t, x_t))
            return super().__call__(x_t, t, views, condition, guidance)

    steps = [start, 600, 400, 200]
    solve(path.ideal(two_modes_8(), cls=Spy), schedule.add_noise(x0, noise, start), steps, known=known, solver=solver)
    for update, (t, x_t) in enumerate(inputs[1:]):
        track = schedule.add_noise(x0, noise, t)
        background = (known.mask < 1 - update / 4).expand_as(x0)
        # float64, a few operations per step
        assert background.any() and (x_t - track).abs()[background].max() < 1e-12
        assert ((x_t - track).abs()[~background] > 0).all()


def test_a_pixel_that_is_no_longer_kept_goes_on_with_the_models_own_history(path):
    """The second order of DPM-Solver++ looks back at the denoiser's estimates, not at what was put in their place: else the
    switch from kept to free would be extrapolated as if it were motion."""
    x0, noise = randn(2, 3, 8, 8, seed=9), randn(2, 3, 8, 8, seed=10)
    steps, schedule = path.times(800, 600, 400, 200), path.schedule
    x_t, estimates = schedule.add_noise(x0, noise, steps[0]), []
    known = KnownRegion(x0, torch.full((2, 1, 8, 8), 0.6, dtype=torch.float64))  # kept in the first two of four updates

    class Spy(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            output = super().__call__(x_t, t, views, condition, guidance)
            estimates.append((x_t, schedule.to_x0_eps(x_t, output, t, self.prediction_type)[0]))
            return output

    solve(path.ideal(two_modes_8(), cls=Spy), x_t, steps, known=known, solver="dpmpp")
    (_, before), (x_third, third), (x_last, _) = estimates[1:]
    _, second, third_t, last = steps
    h = [schedule.half_log_snr(b) - schedule.half_log_snr(a) for a, b in ((second, third_t), (third_t, last))]
    direction = third + (third - before) * h[1] / (2 * h[0])
    expected = schedule.mu(direction, schedule.implied_noise(x_third, direction, third_t), last)
    assert (x_last - expected).abs().max() < 1e-12


@pytest.mark.parametrize("timesteps", [[], [500, 500], [100, 500]])
def test_timesteps_that_do_not_fall_are_refused(timesteps):
    with pytest.raises(ValueError, match="fall strictly"):
        list(denoise(two_modes(), SCHEDULE, randn(1, 3, 4, 4), timesteps, [0], None, guidance=lambda t: 1.0))


def test_an_unknown_solver_is_refused():
    with pytest.raises(ValueError, match="euler"):
        solve(two_modes(), randn(1, 3, 4, 4), [500, 100], solver="euler")
