"""The formulas of section 4 and the timesteps, against diffusers and by hand, on variance-preserving and flow paths."""

from __future__ import annotations

import math

import pytest
import torch
from diffusers import DDIMScheduler, FlowMatchEulerDiscreteScheduler
from diffusers.schedulers import scheduling_flow_match_euler_discrete
from diffusers.schedulers.scheduling_ddim import rescale_zero_terminal_snr

from engine.sampling.schedule import KARRAS_BOTTOM, KARRAS_TOP, Schedule, paper_times, scaled_linear_alpha_bar

EXACT = 1e-12  # float64 on values of order 1, a handful of operations
SINGLE = 1e-5  # diffusers' flow scheduler computes its sigmas in float32

STABLE_DIFFUSION = Schedule.variance_preserving(scaled_linear_alpha_bar())


def zero_terminal_snr() -> Schedule:
    """SD 2.1-v's betas, rescaled to end in pure noise; diffusers does it in float64 here."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    return Schedule.variance_preserving(torch.cumprod(1 - rescale_zero_terminal_snr(betas), 0).clamp(min=0))


@pytest.fixture
def stable_diffusion() -> Schedule:
    return STABLE_DIFFUSION


@pytest.fixture
def zero_snr() -> Schedule:
    return zero_terminal_snr()


@pytest.fixture(params=[STABLE_DIFFUSION, Schedule.flow(), Schedule.flow(shift=3.0)], ids=["sd", "flow", "flow-shift-3"])
def schedule(request) -> Schedule:
    return request.param


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(0)
    return tuple(torch.randn(2, 4, 3, 3, generator=g, dtype=torch.float64) for _ in range(2))


def test_alpha_bar_is_stable_diffusions():
    theirs = DDIMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012).alphas_cumprod
    # theirs is a float32 product of 1000 factors
    assert torch.allclose(scaled_linear_alpha_bar(), theirs.double(), rtol=1e-4)


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_flow_times_are_diffusers(shift):
    theirs = FlowMatchEulerDiscreteScheduler(shift=shift).sigmas.double()
    ours = Schedule.flow(shift=shift)
    noise = torch.tensor([ours.noise(t) for t in range(999, -1, -1)])
    assert (noise - theirs).abs().max() < 1e-6  # theirs are float32
    assert ours.noise(999) == 1 and ours.signal(999) == 0
    assert all(ours.signal(t) + ours.noise(t) == pytest.approx(1, abs=EXACT) for t in range(1000))


def test_a_variance_preserving_path_has_unit_power(stable_diffusion):
    """Its signal and noise are those of Eq. 1, and their squares add to 1."""
    for t, a in enumerate(scaled_linear_alpha_bar().tolist()):
        assert stable_diffusion.signal(t) == math.sqrt(a) and stable_diffusion.noise(t) == math.sqrt(1 - a)


@pytest.mark.parametrize("t", [0, 1, 270, 900, 999])
def test_add_noise_is_diffusers(stable_diffusion, t):
    x0, eps = pair()
    theirs = DDIMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
    theirs.alphas_cumprod = scaled_linear_alpha_bar()
    expected = theirs.add_noise(x0, eps, torch.tensor([t, t]))
    assert (stable_diffusion.add_noise(x0, eps, t) - expected).abs().max() < EXACT


@pytest.mark.parametrize("t", [0, 1, 270, 900, 999])
def test_add_noise_of_a_flow_is_diffusers(t):
    x0, eps = pair()
    theirs = FlowMatchEulerDiscreteScheduler(shift=3.0)
    time = theirs.timesteps[999 - t]
    expected = theirs.scale_noise(x0, torch.stack([time, time]), eps)
    assert (Schedule.flow(shift=3.0).add_noise(x0, eps, t) - expected).abs().max() < SINGLE


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction", "sample", "flow_prediction"])
@pytest.mark.parametrize("t", [1, 270, 900, 998])
def test_to_x0_eps_finds_what_was_mixed(schedule, prediction_type, t):
    x0, eps = pair()
    signal, noise = schedule.signal(t), schedule.noise(t)
    outputs = {"epsilon": eps, "sample": x0, "v_prediction": signal * eps - noise * x0, "flow_prediction": eps - x0}
    output = outputs[prediction_type]
    found_x0, found_eps = schedule.to_x0_eps(schedule.add_noise(x0, eps, t), output, t, prediction_type)
    assert (found_x0 - x0).abs().max() < 1e-10  # dividing by a signal >= 3e-4 or a noise >= 2e-3
    assert (found_eps - eps).abs().max() < 1e-10


def test_a_flow_model_is_read_as_its_definition_says():
    """x_0 = x - s v and eps = x + (1 - s) v."""
    flow, (x_t, output) = Schedule.flow(), pair()
    s = flow.noise(600)
    x0, eps = flow.to_x0_eps(x_t, output, 600, "flow_prediction")
    assert (x0 - (x_t - s * output)).abs().max() < EXACT and (eps - (x_t + (1 - s) * output)).abs().max() < EXACT


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_one_step_is_diffusers_ddim(stable_diffusion, prediction_type, eta):
    """to_x0_eps then mu (Eq. 4 and 5) is DDIM's step, with DDPM's stochasticity too."""
    x_t, output = pair()
    theirs = DDIMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        clip_sample=False,
        prediction_type=prediction_type,
        steps_offset=1,
    )
    theirs.alphas_cumprod = scaled_linear_alpha_bar()
    theirs.set_timesteps(50)
    t, t_next = 601, 581
    expected = theirs.step(output, t, x_t, eta=eta, variance_noise=torch.zeros_like(x_t))
    x0, eps = stable_diffusion.to_x0_eps(x_t, output, t, prediction_type)
    a, a_next = scaled_linear_alpha_bar()[[t, t_next]].tolist()
    sigma = eta * math.sqrt((1 - a_next) / (1 - a) * (1 - a / a_next))
    assert (x0 - expected.pred_original_sample).abs().max() < EXACT
    assert (stable_diffusion.mu(x0, eps, t_next, sigma) - expected.prev_sample).abs().max() < EXACT


@pytest.mark.parametrize("stochastic", [False, True])
def test_one_step_of_a_flow_is_diffusers_euler(stochastic, monkeypatch):
    """Without stochasticity Eq. 5 is Euler's step, with the largest (Eq. 6) it is diffusers' `stochastic_sampling`."""
    x_t, output = pair()
    flow, t, t_next = Schedule.flow(shift=3.0), 600, 450
    theirs = FlowMatchEulerDiscreteScheduler(stochastic_sampling=stochastic)
    theirs.set_timesteps(sigmas=[flow.noise(t), flow.noise(t_next)])
    fresh = pair()[1]
    monkeypatch.setattr(scheduling_flow_match_euler_discrete, "randn_tensor", lambda shape, **_: fresh.float())
    expected = theirs.step(output, theirs.timesteps[0], x_t).prev_sample
    x0, eps = flow.to_x0_eps(x_t, output, t, "flow_prediction")
    sigma = flow.sigma_max(t_next) if stochastic else 0.0
    assert (flow.mu(x0, eps, t_next, sigma) + sigma * fresh - expected).abs().max() < SINGLE


def test_largest_stochasticity_forgets_eps(schedule):
    """Eq. 6: mu* depends on x_0 alone, and with its own noise it is the forward process of Eq. 1."""
    x0, eps = pair()
    sigma = schedule.sigma_max(500)
    assert torch.equal(schedule.mu(x0, eps, 500, sigma), schedule.mu(x0, -eps, 500, sigma))
    assert (schedule.mu(x0, -eps, 500, sigma) + sigma * eps - schedule.add_noise(x0, eps, 500)).abs().max() < EXACT


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_any_stochasticity_keeps_the_variance_of_equation_1(schedule, share):
    """Eq. 5's two independent noises add up to noise(t)^2 whatever sigma is, also where signal^2 + noise^2 is not 1."""
    sigma, zero, one = share * schedule.sigma_max(500), torch.zeros(1).double(), torch.ones(1).double()
    of_eps = float(schedule.mu(zero, one, 500, sigma))
    assert of_eps**2 + sigma**2 == pytest.approx(schedule.noise(500) ** 2, abs=EXACT)


def test_stochasticity_beyond_the_largest_is_refused(schedule):
    x0, eps = pair()
    with pytest.raises(ValueError, match="sigma is"):
        schedule.mu(x0, eps, 500, schedule.sigma_max(500) * 1.01)


def test_v_is_exact_at_zero_terminal_snr(zero_snr):
    """Where there is no signal, x_t is noise alone and v is -x_0."""
    x0, eps = pair()
    for schedule in (zero_snr, Schedule.flow()):
        assert schedule.signal(999) == 0
        found_x0, found_eps = schedule.to_x0_eps(eps, -x0, 999, "v_prediction")
        assert torch.equal(found_x0, x0) and torch.equal(found_eps, eps)
        found_x0, found_eps = schedule.to_x0_eps(eps, eps - x0, 999, "flow_prediction")
        assert (found_x0 - x0).abs().max() < EXACT and torch.equal(found_eps, eps)


def test_eps_at_zero_terminal_snr_is_refused(zero_snr):
    for schedule in (zero_snr, Schedule.flow()):
        with pytest.raises(ValueError, match="must predict v"):
            schedule.to_x0_eps(*pair(), 999, "epsilon")


def test_unknown_prediction_type_is_refused(schedule):
    with pytest.raises(ValueError, match="flux"):
        schedule.to_x0_eps(*pair(), 10, "flux")


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.6], [1.0, 0.5], [0.5, -0.1], [[0.9, 0.8]]])
def test_what_is_no_schedule_is_refused(values):
    with pytest.raises(ValueError, match="alpha_bar must"):
        Schedule.variance_preserving(torch.tensor(values))


@pytest.mark.parametrize(
    "signal, noise",
    [
        ([0.9], [0.1]),
        ([0.9, 0.5], [0.1]),
        ([0.9, 0.9], [0.1, 0.1]),
        ([0.5, 0.9], [0.5, 0.1]),
        ([1.0, 0.5], [0.0, 0.5]),
        ([0.5, -0.5], [0.5, 0.9]),
        ([0.0, 0.0], [0.9, 1.0]),
    ],
)
def test_what_is_no_path_is_refused(signal, noise):
    with pytest.raises(ValueError, match="signal"):
        Schedule(signal, noise)


def test_a_flow_without_a_shift_is_refused():
    with pytest.raises(ValueError, match="shift"):
        Schedule.flow(shift=0.0)


@pytest.mark.parametrize("t", [-1, 1000])
def test_timesteps_outside_the_path_are_refused(schedule, t):
    for call in (schedule.signal, schedule.noise, schedule.noise_level, schedule.half_log_snr):
        with pytest.raises(IndexError, match="outside"):
            call(t)


def test_noise_level_and_half_log_snr_are_one_thing(schedule):
    for t in (0, 270, 998):
        assert schedule.noise_level(t) == pytest.approx(schedule.noise(t) / schedule.signal(t), rel=EXACT)
        assert schedule.half_log_snr(t) == pytest.approx(-math.log(schedule.noise_level(t)), abs=EXACT)
    assert Schedule.flow().noise_level(999) == math.inf and Schedule.flow().half_log_snr(999) == -math.inf


def test_outer_timesteps_are_the_papers():
    steps = paper_times(900, 270, 25)
    assert steps[:3] == [900, 874, 849] and steps[-1] == 295 and len(steps) == 25
    assert paper_times(1000, 270, 25)[0] == 999


def test_the_papers_time_is_the_timestep_of_models_like_the_papers(stable_diffusion, zero_snr):
    """Identity on Stable Diffusion's schedule and on one that ends in zero SNR: presets are stated in their timesteps."""
    for schedule in (stable_diffusion, zero_snr):
        assert [schedule.from_paper_time(t) for t in range(1000)] == list(range(1000))
        assert schedule.from_paper_time(1000) == 999


@pytest.mark.parametrize(
    "other",
    [
        Schedule.flow(),
        Schedule.flow(shift=3.0),
        Schedule.flow(shift=0.5),
        Schedule.flow(200),
        Schedule.variance_preserving(scaled_linear_alpha_bar()[3::7]),
    ],
    ids=["flow", "shift-3", "shift-0.5", "flow-200", "every-7th"],
)
def test_the_papers_time_means_the_same_noise_to_signal_on_other_paths(stable_diffusion, other):
    found = [other.from_paper_time(t) for t in range(1000)]
    assert all(a <= b for a, b in zip(found, found[1:], strict=False))
    assert found[0] == 0 and found[999] == other.last == other.from_paper_time(1000)
    for t in range(1, 999):
        here, level = found[t], stable_diffusion.noise_level(t)
        own, *neighbours = [log_distance(other.noise_level(i), level) for i in (here, here - 1, here + 1) if 0 <= i <= other.last]
        assert all(own <= neighbour + EXACT for neighbour in neighbours)


def log_distance(a: float, b: float) -> float:
    return abs(math.log(a / b)) if a < math.inf else math.inf


def test_the_presets_times_on_a_flow():
    """0.893, 0.769 and 0.428 by arithmetic from Stable Diffusion's ratios 8.35, 3.33 and 0.75: s = ratio / (1 + ratio)."""
    flow = Schedule.flow()
    times = [flow.noise(flow.from_paper_time(t)) for t in (900, 700, 270)]
    assert times == pytest.approx([0.893, 0.769, 0.428], abs=1e-3)  # a grid of 1000


def test_linear_solve_is_the_start_and_every_point_below_it(stable_diffusion, schedule):
    points = stable_diffusion.solve_timesteps(999, 50, "linear")
    assert points[:3] == [999, 978, 958] and points[-1] == 20 and len(points) == 49
    whole = schedule.solve_timesteps(999, 50, "linear")
    assert whole == [schedule.from_paper_time(p) for p in points]  # the same noise-to-signal ratios on any path
    start = schedule.from_paper_time(900)
    assert schedule.solve_timesteps(start, 50, "linear") == [start] + [t for t in whole if t < start]
    assert len(schedule.solve_timesteps(start, 50, "linear")) == 45
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


def test_an_unknown_grid_is_refused(schedule):
    with pytest.raises(ValueError, match="cosine"):
        schedule.solve_timesteps(999, 10, "cosine")


@pytest.mark.parametrize(
    "schedule, calls",
    [
        (STABLE_DIFFUSION, (10, 9, 7)),  # from the top noise level 14.6
        (Schedule.flow(), (10, 8, 6)),  # from KARRAS_TOP = 20, as it ends in noise alone: the same starts lie further down
    ],
    ids=["sd", "flow"],
)
def test_karras_solve_is_even_in_the_seventh_root_of_noise(schedule, calls):
    for t, count in zip(map(schedule.from_paper_time, (999, 900, 700)), calls, strict=True):
        steps = schedule.solve_timesteps(t, 10, "karras")
        assert len(steps) == count
        # the last call is at the cleanest timestep that is worth one
        assert schedule.noise_level(steps[-1]) >= KARRAS_BOTTOM
        assert steps[-1] == 0 or schedule.noise_level(steps[-1] - 1) < KARRAS_BOTTOM
        roots = torch.tensor([min(schedule.noise_level(i), KARRAS_TOP) ** (1 / 7) for i in steps])
        gaps = roots[:-1] - roots[1:]
        # integers near t = 0 are 0.03 apart in the seventh root, so each gap can be off by that
        assert (gaps - gaps.mean()).abs().max() < 0.03


def test_karras_solves_end_at_the_first_timestep_of_stable_diffusion(stable_diffusion, zero_snr):
    for schedule in (stable_diffusion, zero_snr):
        assert all(schedule.solve_timesteps(t, 10, "karras")[-1] == 0 for t in (999, 900, 700))
