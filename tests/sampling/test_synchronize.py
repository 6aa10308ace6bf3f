"""The loop of Algorithm 4: its statistics, its cost, its repeatability, its ways to stop."""
from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from engine.models.ideal import IdealDenoiser, IdentityCodec, gaussian, mixture, scaled_linear_alpha_bar
from engine.protocol.errors import InvalidParameter
from engine.protocol.kinds import KINDS
from engine.protocol.params import SamplingParams
from engine.sampling.denoise import denoise
from engine.sampling.plan import plan
from engine.sampling.schedule import Schedule
from engine.sampling.synchronize import InnerStep, OuterStep, synchronize
from engine.spaces.raster import RasterCanvas

ALPHA_BAR = scaled_linear_alpha_bar()
SCHEDULE = Schedule(ALPHA_BAR)
SIZE = 8
CODEC = IdentityCodec()
ROWS = {  # Table 2: maximum stochasticity, multi-step x0, non-overlapping views
    1: (False, False, False), 2: (True, False, False), 3: (False, True, False),
    4: (True, True, False), 5: (True, False, True), 6: (True, True, True),
}


def settings(row: int = 6, **changes) -> SamplingParams:
    """Few steps, so that tests are quick."""
    stochastic, multi, disjoint = ROWS[row]
    base = {"outer_steps": 5, "ode_steps": 8, "ode_grid": "karras", "solver": "dpmpp", "guidance": 1.0,
            "warmup": 1, "blend_steps": 0}
    return SamplingParams(max_stochasticity=stochastic, multi_step=multi, non_overlapping=disjoint, **(base | changes))


def one_mode(spread: float = 0.1) -> IdealDenoiser:
    posterior = gaussian(torch.full((3, SIZE, SIZE), 0.5), torch.full((3, SIZE, SIZE), spread**2))
    return IdealDenoiser(posterior, ALPHA_BAR, unconditional=posterior)


def two_modes() -> IdealDenoiser:
    means = torch.tensor([0.3, 0.7]).reshape(2, 1, 1, 1).expand(2, 3, SIZE, SIZE)
    return IdealDenoiser(mixture(means, 0.01), ALPHA_BAR, unconditional=mixture(means, 0.02))


def run(space, denoiser, params, *, codec=CODEC, seed=0, canvas=None):
    return list(synchronize(plan(params, space, SCHEDULE, refine=canvas is not None), space, codec, denoiser, seed=seed,
                            canvas=canvas))


def result(events) -> torch.Tensor:
    return events[-1].canvas.z


def seen_everywhere(space) -> RasterCanvas:
    blank = space.blank()
    return RasterCanvas(torch.full_like(blank.z, 0.5), torch.ones_like(blank.view_quality))


@pytest.fixture
def ring(toy_space):
    """Two sets of five crops around a ring, one shifted by half a crop."""
    return toy_space.ring(SIZE, 5)


def test_the_loop_keeps_a_gaussians_mean_and_variance(toy_space, unit_codec):
    """A canvas-wide Gaussian, of which every view's prior is the crop: noising and G leave it as it is, whichever views
    are drawn in turn, so the canvas comes out with its mean and variance; views reach the denoiser in their order."""
    space, codec = toy_space.ring(SIZE, 40), unit_codec(0.08)
    columns = torch.arange(SIZE * 40) / (SIZE * 40) * 2 * math.pi
    mean = 0.5 + 0.08 * torch.cos(columns + torch.tensor([0.0, 2.0, 4.0])[:, None])[:, None].expand(3, SIZE, -1)
    centre, spread = RasterCanvas(mean, torch.ones(space.shape)), 0.08

    def posterior(x_t, a, views):
        mu = codec.encode(space.project(centre, views), views)
        return mu + math.sqrt(a) * (x_t - math.sqrt(a) * mu)  # of variance 1 in latents

    params = settings(ode_steps=16, outer_steps=6)
    z = result(run(space, IdealDenoiser(posterior, ALPHA_BAR), params, codec=codec))
    offset = ((z - mean) / spread).double()
    n = offset.numel()  # 7680 texels, all independent
    # 5 standard errors, and 0.02 for the solver
    assert abs(float(offset.mean())) < 5 / math.sqrt(n) + 0.02
    assert abs(float(offset.var()) - 1) < 5 * math.sqrt(2 / n) + 0.02
    assert abs(float((offset * offset.roll(1, -1)).mean())) < 5 / math.sqrt(n)  # neighbours stay independent


def test_the_loop_keeps_a_full_covariance(toy_space, unit_codec):
    """400 crops of 2 x 2, each a draw of the same 12-dimensional Gaussian with correlated entries."""
    count, d = 400, 12
    space = toy_space((2, 2 * count), 2, [[(0, 2 * i) for i in range(count)]])
    codec = unit_codec(0.08)
    factor = torch.randn(d, d, generator=torch.Generator().manual_seed(1), dtype=torch.float64) / math.sqrt(d)
    covariance = factor @ factor.T + 0.1 * torch.eye(d, dtype=torch.float64)
    denoiser = IdealDenoiser(gaussian(torch.zeros(3, 2, 2), covariance), ALPHA_BAR)
    events = run(space, denoiser, settings(ode_steps=20), codec=codec)
    samples = codec.encode(space.project(events[-1].canvas, space.view_sets[0]), range(count)).flatten(1).double()
    diagonal = covariance.diagonal()
    error = ((diagonal[:, None] * diagonal[None, :] + covariance**2) / count).sqrt()
    # 5 standard errors of each of the 144 entries; the solver's own error is a tenth of one
    assert ((torch.cov(samples.T) - covariance).abs() < 5 * error).all()
    assert (samples.mean(0).abs() < 5 * (diagonal / count).sqrt()).all()


@pytest.mark.parametrize("row", ROWS)
def test_every_row_of_table_2_runs(ring, row):
    events = run(ring, two_modes(), settings(row))
    steps = [e for e in events if isinstance(e, OuterStep)]
    assert [s.index for s in steps] == list(range(5)) and all(s.total == 5 for s in steps)
    assert ring.coverage(steps[-1].canvas) == 1
    assert torch.isfinite(result(events)).all() and float(result(events).std()) > 1e-3


def test_rows_take_the_views_that_they_stand_for(ring):
    views = {row: [step.views for step in plan(settings(row), ring, SCHEDULE).steps] for row in ROWS}
    for row in (1, 2, 3, 4):
        assert all(v == ring.view_sets[0] + ring.view_sets[1] for v in views[row])
    for row in (5, 6):
        assert views[row] == [ring.view_sets[k % 2] for k in range(5)]


@pytest.mark.parametrize("row", [1, 3])
def test_no_stochasticity_is_plain_ddim_on_one_view(toy_space, row):
    """One view that is the whole canvas: nothing is averaged, so row 1 must be plain DDIM through the outer timesteps; and
    row 3, whose x_0 is a whole solve, must take Eq. 3's step with the noise that this x_0 implies."""
    space = toy_space((SIZE, SIZE), SIZE, [[(0, 0)]])
    params = settings(row)
    events = run(space, two_modes(), params)
    x_t = first_noise(space, params)
    timesteps = [999] + SCHEDULE.outer_timesteps(900, 270, 5)[1:]
    for t, t_next in pairwise([*timesteps, None]):
        steps = SCHEDULE.solve_timesteps(t, params.ode_steps, params.ode_grid) if params.multi_step else [t]
        *_, last = denoise(two_modes(), SCHEDULE, x_t, steps, [None], None, guidance=lambda _: 1.0, solver=params.solver)
        x0 = last.x0_hat.clamp(0, 1)  # the codec's pictures are in 0..1
        if t_next is not None:
            x_t = SCHEDULE.mu(x0, SCHEDULE.implied_noise(x_t, x0, t), t_next)
    assert (result(events) - x0[0]).abs().max() < 1e-5  # float32 through five steps


@pytest.mark.parametrize("row", [1, 3])
def test_without_stochasticity_each_step_starts_where_equation_3_says(toy_space, row):
    """Two views that overlap: x_{t-1} must be Eq. 3 of the view's own x_t and of the picture that *both* agreed on."""
    space = toy_space.ring(SIZE, 2)
    params, calls = settings(row), []
    inner = two_modes()

    class Spy(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            calls.append((t, x_t))
            return super().__call__(x_t, t, views, condition, guidance)

    steps = plan(params, space, SCHEDULE).steps
    starts, canvases = [], []
    for event in synchronize(plan(params, space, SCHEDULE), space, CODEC, Spy(inner.conditional, ALPHA_BAR), seed=0):
        if isinstance(event, OuterStep):
            starts.append(calls[0])
            canvases.append(event.canvas)
            calls.clear()
    for step, (t, x_t), canvas, (t_next, x_next) in zip(steps, starts, canvases, starts[1:], strict=False):
        agreed = space.project(canvas, step.views)
        expected = SCHEDULE.mu(agreed, SCHEDULE.implied_noise(x_t, agreed, t), t_next)
        assert (x_next - expected).abs().max() < 1e-5


@pytest.mark.parametrize("row", [1, 3])
def test_diffusion_synchronization_has_the_variance_of_equation_3(toy_space, unit_codec, row):
    """Independent texels of variance 1, each seen by two views, 30 steps to t = 0: every factor is known by hand.

    The mean m of the two views' x_t starts with variance 1/2. Row 1: x_0 = sqrt(a) x_t, so Eq. 3 takes m to
    m (sqrt(a a') + sqrt((1 - a)(1 - a'))). Row 3: G(x_t) = x_t, so it takes m to m (sqrt(a') + sqrt((1 - a')/(1 - a)) (1 -
    sqrt(a))), which grows: a whole solve is no posterior mean, and that is a weakness of row 3 itself, in the paper too. With the
    network's own noise carried on instead, as once here, row 3's variance passed 25.
    """
    space, codec, spread = toy_space.ring(SIZE, 40), unit_codec(0.08), 0.08
    params = settings(row, t_start=999, t_stop=0, outer_steps=30, ode_steps=24)
    denoiser = IdealDenoiser(lambda x_t, a, views: math.sqrt(a) * x_t, ALPHA_BAR)
    z = result(run(space, denoiser, params, codec=codec))
    times = [step.timesteps[0] for step in plan(params, space, SCHEDULE).steps]
    factor = 1.0
    for t, t_next in pairwise(times):
        a, b = SCHEDULE.at(t), SCHEDULE.at(t_next)
        factor *= (math.sqrt(a * b) + math.sqrt((1 - a) * (1 - b)) if row == 1
                   else math.sqrt(b) + math.sqrt((1 - b) / (1 - a)) * (1 - math.sqrt(a)))
    expected = 0.5 * factor**2 * (SCHEDULE.at(times[-1]) if row == 1 else 1.0)
    found = ((z - 0.5) / spread).double()
    # 5 standard errors of a variance; 3 % for the solver's error in 30 solves
    assert abs(float(found.var()) / expected - 1) < 5 * math.sqrt(2 / found.numel()) + 0.03
    assert abs(float(found.mean())) < 5 * math.sqrt(expected / found.numel())


def first_noise(space, params) -> torch.Tensor:
    """What the first call of the denoiser is given."""
    seen = []
    inner = two_modes()

    class Spy(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            seen.append(x_t)
            return super().__call__(x_t, t, views, condition, guidance)

    next(iter(synchronize(plan(params, space, SCHEDULE), space, CODEC, Spy(inner.conditional, ALPHA_BAR), seed=0)))
    return seen[0]


def test_different_views_every_step_refuse_a_carried_estimate():
    with pytest.raises(ValueError, match="max_stochasticity"):
        SamplingParams(max_stochasticity=False, non_overlapping=True)


class Recorder(IdealDenoiser):
    """Remembers the timestep and view of every call."""

    def __init__(self, posterior) -> None:
        super().__init__(posterior, ALPHA_BAR)
        self.calls = []

    def __call__(self, x_t, t, views, condition, guidance):
        self.calls.append((t, tuple(views)))
        return super().__call__(x_t, t, views, condition, guidance)


@pytest.mark.parametrize("warmup", [1, 3])
def test_warm_up_starts_from_pure_noise_and_ignores_the_canvas(ring, warmup):
    """Whatever lies on the canvas before, after the warm-up the same is there; without warm-up it shows."""
    params = settings(warmup=warmup, outer_steps=warmup)
    white = RasterCanvas(torch.ones_like(ring.blank().z), torch.ones(ring.shape))
    black = RasterCanvas(torch.zeros_like(white.z), white.view_quality)
    of_white, of_black = (result(run(ring, two_modes(), params, canvas=c)) for c in (white, black))
    assert torch.equal(of_white, of_black)
    late = settings(warmup=0, outer_steps=1, t_start=300, t_stop=100)
    of_white, of_black = (result(run(ring, two_modes(), late, canvas=c)) for c in (white, black))
    assert float(of_white.mean() - of_black.mean()) > 0.1


def half_seen(toy_space):
    """Two sets of two crops; the second looks where the first did not."""
    return toy_space((SIZE, 4 * SIZE), SIZE, [[(0, 0), (0, SIZE)], [(0, 2 * SIZE), (0, 3 * SIZE)]])


def test_warm_up_solves_start_at_the_last_timestep(toy_space):
    recorder = Recorder(two_modes().conditional)
    space = half_seen(toy_space)
    run(space, recorder, settings(warmup=2))
    starts = [max(t for t, views in recorder.calls if views == v) for v in space.view_sets]
    assert starts == [999, 999]


@pytest.mark.parametrize("warmup", [1, 2, 5])
def test_warm_up_ends_when_everything_is_painted(ring, warmup):
    """The first set covers the ring: a second pass from noise would throw the first away."""
    recorder = Recorder(two_modes().conditional)
    run(ring, recorder, settings(warmup=warmup))
    starts = [max(t for t, views in recorder.calls if views == v) for v in ring.view_sets]
    assert starts == [999, SCHEDULE.outer_timesteps(900, 270, 5)[1]]


def test_a_view_that_is_mostly_unseen_starts_from_noise_whatever_the_warm_up(toy_space):
    """The second set looks where the first did not: its first turn is a warm-up too, and only its first."""
    space = half_seen(toy_space)
    starts = [step.from_noise for step in plan(settings(warmup=0), space, SCHEDULE).steps]
    assert starts == [(True, True), (True, True)] + [(False, False)] * 3
    refined = plan(settings(warmup=0), space, SCHEDULE, refine=True)
    assert all(not any(step.from_noise) for step in refined.steps)


def test_a_view_that_is_partly_unseen_starts_from_the_canvas(toy_space):
    space = toy_space((SIZE, 2 * SIZE), SIZE, [[(0, 0)], [(0, 2)]])
    assert space.unseen_share([(0, 2)], [(0, 0)]) == [0.25]
    assert plan(settings(warmup=1), space, SCHEDULE).steps[1].from_noise == (False,)
    assert plan(settings(warmup=2), space, SCHEDULE).steps[1].from_noise == (True,)  # still in the warm-up


def test_planning_projects_nothing(toy_space):
    class Blind(toy_space):
        def project(self, *arguments, **options):
            raise AssertionError("the plan looked at a canvas")

        unproject = seam_mask = condition = project

    assert len(plan(settings(), Blind.ring(SIZE, 5), SCHEDULE).steps) == 5


# one plan for the whole job -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coarse", [1, 4, 6])
@pytest.mark.parametrize("sets", [2, 3])
def test_view_sets_alternate_through_coarse_and_fine_steps(toy_space, coarse, sets):
    """No set is drawn twice running, and each has a pass at full size: once the fine steps began again with the first set."""
    space = toy_space((SIZE, 5 * SIZE), SIZE, [[(0, i * SIZE + shift) for i in range(5)] for shift in range(sets)])
    steps = plan(settings(outer_steps=coarse + sets, coarse_steps=coarse), space, SCHEDULE).steps
    assert [step.index for step in steps] == list(range(coarse + sets))
    assert [step.scale for step in steps] == [0.5] * coarse + [1.0] * sets
    assert all(a.views != b.views for a, b in pairwise(steps))
    assert {step.views for step in steps if step.scale == 1} == set(space.view_sets)


def test_coarse_steps_that_leave_a_set_without_a_full_size_pass_are_refused(toy_space):
    space = toy_space((SIZE, 5 * SIZE), SIZE, [[(0, shift)] for shift in range(3)])
    with pytest.raises(InvalidParameter, match="3 view sets"):
        plan(settings(outer_steps=5, coarse_steps=3), space, SCHEDULE)


def test_coarse_and_fine_steps_visit_the_outer_timesteps_of_the_whole_job(ring):
    steps = plan(settings(outer_steps=8, coarse_steps=5), ring, SCHEDULE).steps
    assert [step.t for step in steps] == SCHEDULE.outer_timesteps(900, 270, 8)


def test_a_step_of_another_size_has_noise_of_its_own(ring):
    """Noise is keyed by the index in the whole job: fine step 0 once drew what coarse step 0 had drawn."""
    drawn = []

    class Spy(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            drawn.append((views, x_t))
            return super().__call__(x_t, t, views, condition, guidance)

    # Tweedie alone, so that every call shows the start of a step; a flat model, so that what is added is the noise.
    params = settings(5, outer_steps=4, coarse_steps=2, coarse_resolution=0, t_start=999, t_stop=900)
    run(ring, Spy(lambda x_t, a, views: torch.zeros_like(x_t), ALPHA_BAR), params)
    shapes = [x.shape[-1] for _, x in drawn]
    assert shapes == [SIZE // 2, SIZE // 2, SIZE, SIZE]
    first, third = drawn[0][1].flatten(1), drawn[2][1].flatten(1)[:, :drawn[0][1][0].numel()]
    assert abs(float(torch.corrcoef(torch.stack([first.flatten(), third.flatten()]))[0, 1])) < 5 / math.sqrt(first.numel())


def test_the_work_of_a_plan_weighs_forwards_by_their_size(ring):
    whole = plan(settings(outer_steps=4), ring, SCHEDULE)
    mixed = plan(settings(outer_steps=4, coarse_steps=2), ring, SCHEDULE)
    coarse = sum(map(mixed.forwards_of, mixed.steps[:2]))
    assert whole.work == whole.forwards == mixed.forwards
    assert mixed.work == coarse / 4 + (mixed.forwards - coarse)


# borders and filling --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver, grid", [("ddim", "linear"), ("dpmpp", "karras")])
def test_the_last_steps_keep_the_borders_of_what_is_there(ring, solver, grid):
    """In such a step a view's outermost texels stay as projected, to the bit, and its interior is made anew."""
    params = settings(outer_steps=4, blend_steps=1, warmup=1, solver=solver, ode_grid=grid, ode_steps=12)
    before, after = [e.canvas.z for e in run(ring, two_modes(), params) if isinstance(e, OuterStep)][-2:]
    step = plan(params, ring, SCHEDULE).steps[-1]
    assert step.keep_borders and step.t == 640 < 2 * SCHEDULE.outer_timesteps(900, 270, 4)[-1]
    crops_before, crops_after = (ring.project(RasterCanvas(z, None), step.views) for z in (before, after))
    border = (ring.depth == 0).expand_as(crops_before)
    assert torch.equal(crops_after[border], crops_before[border])
    assert ((crops_after - crops_before).abs()[~border] > 0).float().mean() > 0.99


def test_border_steps_double_the_timestep_up_to_the_papers_own(ring):
    """The paper's last two steps, t = 320 and 295, become 640 and 590; nothing climbs back to pure noise."""
    assert [step.t for step in plan(SamplingParams(), ring, SCHEDULE).steps[-2:]] == [640, 590]
    for changes in ({"t_stop": 700}, {"t_stop": 500, "outer_steps": 10}, {"t_start": 999, "blend_steps": 4}):
        last = [step.t for step in plan(SamplingParams(**changes), ring, SCHEDULE).steps if step.keep_borders]
        assert last and max(last) <= 640


@pytest.mark.parametrize("kind", ["panorama", "texture"])
@pytest.mark.parametrize("preset", ["paper", "fast", "turbo"])
def test_border_steps_take_less_than_a_fifth_of_a_jobs_forwards(ring, kind, preset):
    steps = plan(KINDS[kind].preset_sampling(preset), ring, SCHEDULE)
    borders = sum(steps.forwards_of(step) for step in steps.steps if step.keep_borders)
    assert borders < 0.2 * steps.forwards


def test_blending_is_for_multi_step_solves_alone(ring):
    assert not any(step.keep_borders for step in plan(settings(5, blend_steps=2), ring, SCHEDULE).steps)


@pytest.fixture
def band(toy_space):
    """Views of the upper half of a canvas, and fill views that see some of it and all the rest."""
    sets = [[(0, i * SIZE + shift) for i in range(3)] for shift in (0, SIZE // 2)]
    fill = [[(SIZE - 2, i * SIZE) for i in range(3)], [(SIZE, i * SIZE + 3) for i in range(3)]]
    return toy_space((2 * SIZE, 3 * SIZE), SIZE, sets, fill)


@pytest.mark.parametrize("solver, grid", [("ddim", "linear"), ("dpmpp", "karras")])
def test_filling_completes_the_canvas_and_keeps_what_the_views_made(band, solver, grid):
    """The paper's band is exactly the same with and without the steps that fill the rest."""
    params = settings(solver=solver, ode_grid=grid, ode_steps=12, fill_steps=4, blend_steps=1)
    alone = result(run(band, two_modes(), replace(params, fill_steps=0)))
    events = run(band, two_modes(), params)
    whole = events[-1].canvas
    assert torch.equal(whole.z[:, :SIZE], alone[:, :SIZE]) and band.coverage(whole) == 1
    assert (alone[:, SIZE:] == 0).all() and (whole.z[:, SIZE:] - 0.5).abs().mean() < 0.4
    steps = plan(params, band, SCHEDULE)
    assert [step.fill for step in steps.steps] == [False] * 5 + [True] * 4
    assert [step.index for step in steps.steps] == list(range(9)) and steps.main_steps == 5
    assert steps.steps[5].from_noise == (True,) * 3 and not any(any(step.from_noise) for step in steps.steps[7:])


def test_filling_fits_what_is_there(band, unit_codec):
    """The known part decides which of two equally likely modes the rest becomes; without it, either comes half of the time."""
    codec = unit_codec(0.3)
    means = codec.encode(torch.tensor([0.2, 0.8]).reshape(2, 1, 1, 1).expand(2, 3, SIZE, SIZE), [None] * 2)
    model = mixture(means, 0.01)

    class Painted(type(band)):
        """Whatever is painted of the upper half becomes the one mode."""

        def unproject(self, canvas, views, images, *, average):
            canvas = super().unproject(canvas, views, images, average=average)
            canvas.z[:, :SIZE] = torch.where(canvas.view_quality[:SIZE] > 0, self.colour, canvas.z[:, :SIZE])
            return canvas

    space = Painted(band.shape, SIZE, band.view_sets, band.fill_sets)
    params, right = settings(ode_steps=12, fill_steps=8), 0
    for colour in (0.2, 0.8):
        space.colour = torch.tensor(colour)
        for seed in range(12):
            z = result(run(space, IdealDenoiser(model, ALPHA_BAR), params, codec=codec, seed=seed))[:, SIZE:]
            right += float((z - colour).abs().mean()) < 0.3  # the other mode is 0.6 away
    assert right >= 19  # of 24; by chance, 19 or more come once in 300 times


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("changes", [
    {},
    {"blend_steps": 2, "warmup": 0},
    {"blend_steps": 1, "fill_steps": 3},
    {"guidance": 5.0},
    {"guidance": 5.0, "guidance_t_min": 200, "guidance_t_max": 800, "blend_steps": 1},
    {"ode_grid": "linear", "solver": "ddim", "ode_steps": 9, "warmup": 3},
])
def test_forwards_are_known_ahead(ring, band, row, changes):
    params = settings(row, **changes)
    for space in (ring, band):
        denoiser = two_modes()
        denoiser.forwards = 1000  # a warm process goes on counting
        events = run(space, denoiser, params)
        assert denoiser.forwards - 1000 == events[-1].forwards == plan(params, space, SCHEDULE).forwards


def test_forwards_of_the_papers_settings(ring):
    """Section 7 and appendix E by arithmetic: five views, guidance, every solve from its t_k. What the warm-up adds is the
    first solve from 999 instead of 900; what blending adds is the doubled t of the last steps."""
    paper = {"warmup": 0, "blend_steps": 0}
    star = paper | {"t_stop": 700, "outer_steps": 8}
    counts = [plan(SamplingParams(**changes), ring, SCHEDULE, refine=True).forwards
              for changes in (paper, star, star | {"solver": "dpmpp", "ode_steps": 20})]
    assert counts == [7450, 3230, 1280]
    assert plan(SamplingParams(warmup=1, blend_steps=0), ring, SCHEDULE).forwards == 7490
    assert plan(KINDS["panorama"].preset_sampling("paper"), ring, SCHEDULE).forwards == 7790


def test_guidance_interval_reaches_the_denoiser(ring):
    asked = {}

    class Spy(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            asked[t] = guidance
            return super().__call__(x_t, t, views, condition, guidance)

    inner = two_modes()
    run(ring, Spy(inner.conditional, ALPHA_BAR, unconditional=inner.unconditional),
        settings(guidance=5.0, guidance_t_min=200, guidance_t_max=800))
    assert {g for t, g in asked.items() if 200 <= t <= 800} == {5.0}
    assert {g for t, g in asked.items() if not 200 <= t <= 800} == {1.0}


@pytest.mark.parametrize("row", ROWS)
def test_batching_changes_nothing(ring, row):
    """A denoiser that works view by view gives what one gives that takes all views of a step at once."""
    class OneByOne(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            return torch.cat([super(OneByOne, self).__call__(x, t, [view], condition, guidance)
                              for x, view in zip(x_t.split(1), views, strict=True)])

    params, inner = settings(row, blend_steps=1), two_modes()
    whole = result(run(ring, two_modes(), params))
    # the ideal denoiser works in float64 view by view; only sums of another batch shape may round otherwise
    assert (result(run(ring, OneByOne(inner.conditional, ALPHA_BAR), params)) - whole).abs().max() < 1e-6


def test_same_seed_same_bytes_and_another_seed_another_picture(ring):
    first, again, other = (result(run(ring, two_modes(), settings(), seed=s)) for s in (3, 3, 4))
    assert torch.equal(first, again)
    assert (first - other).abs().mean() > 0.01


def test_views_and_steps_have_noise_of_their_own(ring):
    inputs = []

    class Spy(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            inputs.extend(x_t)
            return super().__call__(x_t, t, views, condition, guidance)

    far = settings(5, t_start=999, t_stop=998, outer_steps=3)  # Tweedie alone: every call shows the start of a step
    run(ring, Spy(lambda x_t, a, views: torch.zeros_like(x_t), ALPHA_BAR), far)
    noise = torch.stack(inputs).flatten(1) / math.sqrt(1 - SCHEDULE.at(999))  # on a black canvas
    assert len(noise) == 15
    correlation = torch.corrcoef(noise) - torch.eye(15)
    assert correlation.abs().max() < 5 / math.sqrt(noise.shape[1])  # 5 standard errors for 192 numbers each
    assert abs(float(noise.mean())) < 5 / math.sqrt(noise.numel()) and abs(float(noise.std()) - 1) < 0.05


def test_encoder_noise_depends_on_the_view_alone(ring):
    class Noisy(IdentityCodec):
        """Samples its latents, as a VAE's encoder does."""

        def encode(self, images, generators):
            return torch.stack([image + 0.1 * torch.randn(image.shape, generator=g)
                                for image, g in zip(images, generators, strict=True)])

    def encoded(space):
        """What the second step's views are encoded to, by view."""
        seen = {}

        class Spy(Noisy):
            def encode(self, images, generators):
                latents = super().encode(images, generators)
                seen.setdefault(len(seen), latents - images)
                return latents

        run(space, one_mode(), settings(), codec=Spy())
        return seen

    class Partly(type(ring)):
        """Two of five views start from noise in the second step, so that the others are encoded in a smaller batch."""

        def unseen_share(self, views, drawn):
            return [1.0 if not drawn or i < 2 else 0.0 for i in range(len(views))]

    whole, split = encoded(ring), encoded(Partly.ring(SIZE, 5))
    assert len(whole[0]) == 5 and len(split[0]) == 3
    assert (whole[0][2:] - split[0]).abs().max() < 1e-6  # the difference from the picture rounds otherwise


def test_closing_stops_further_calls(ring):
    """Cancel: after any event, closing the generator leaves the denoiser at rest."""
    for stop_after in (1, 3, 7, 9):
        denoiser = two_modes()
        loop = synchronize(plan(settings(), ring, SCHEDULE), ring, CODEC, denoiser, seed=0)
        for _ in range(stop_after):
            next(loop)
        before = denoiser.forwards
        loop.close()
        assert denoiser.forwards == before > 0
        with pytest.raises(StopIteration):
            next(loop)


def test_every_call_is_followed_by_an_event(ring):
    denoiser, before = two_modes(), 0
    for event in synchronize(plan(settings(), ring, SCHEDULE), ring, CODEC, denoiser, seed=0):
        if isinstance(event, InnerStep):
            assert denoiser.forwards - before == 5 and event.forwards == denoiser.forwards
            assert event.outer < event.outer_total == 5 and 0 <= event.t <= 999
            assert event.x0_hat.shape[1:] == (3, SIZE, SIZE)
        else:
            assert denoiser.forwards == before
        before = denoiser.forwards


def test_a_given_canvas_is_refined_not_replaced(ring):
    """Low noise, no warm-up: what was there stays recognisable; the input itself is not touched."""
    z = torch.where(torch.arange(ring.shape[1]) < ring.shape[1] // 2, 0.3, 0.7).expand(3, *ring.shape).contiguous()
    start = RasterCanvas(z.clone(), torch.ones(ring.shape))
    out = result(run(ring, two_modes(), settings(warmup=0, outer_steps=2, t_start=200, t_stop=100), canvas=start))
    assert torch.equal(start.z, z)
    assert (out - z).abs().mean() < 0.12  # the modes' own spread is 0.1


@pytest.mark.parametrize("row, expected", [(4, True), (6, False)])
def test_overlapping_views_are_averaged_and_disjoint_ones_win_whole(toy_space, row, expected):
    asked = set()

    class Watched(toy_space):
        def unproject(self, canvas, views, images, *, average):
            asked.add(average)
            return super().unproject(canvas, views, images, average=average)

    run(Watched.ring(SIZE, 5), two_modes(), settings(row))
    assert asked == {expected}


def test_each_view_keeps_its_own_condition_and_mask_in_any_batch(toy_space):
    """Conditions and masks that name their view: the denoiser gets its own, and only its own border is kept."""

    class Labelled(toy_space):
        def condition(self, views):
            return torch.stack([torch.full((1, SIZE, SIZE), float(left)) for _, left in views])

        def seam_mask(self, views):
            """Every third view is all border, the rest all interior."""
            return torch.stack([torch.full((1, SIZE, SIZE), float(i % 3 > 0)) for i in range(len(views))])

        def unseen_share(self, views, drawn):
            """View 1 starts from noise every time, so that the others are solved in a batch of their own."""
            return [1.0 if not drawn or i == 1 else 0.0 for i in range(len(views))]

    space = Labelled.ring(SIZE, 5)
    seen = []

    class Spy(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            seen.append([float(c.mean()) == left for c, (_, left) in zip(condition, views, strict=True)])
            return super().__call__(x_t, t, views, condition, guidance)

        def __init__(self):
            super().__init__(two_modes().conditional, ALPHA_BAR)

    params = settings(outer_steps=2, blend_steps=1)
    events = run(space, Spy(), params)
    assert seen and all(all(own) for own in seen)
    before, after = [e.canvas for e in events if isinstance(e, OuterStep)]
    views = plan(params, space, SCHEDULE).steps[-1].views
    crops_before, crops_after = (space.project(canvas, views) for canvas in (before, after))
    assert [torch.equal(a, b) for a, b in zip(crops_after, crops_before, strict=True)] == [True, False, False, True, False]


def test_a_latent_is_border_where_any_of_its_pixels_is(ring):
    """A codec that halves: pixels at the border keep their whole latent, two pixels wide, from being made anew."""

    class Halving(IdentityCodec):
        factor = 2

        def encode(self, images, generators):
            return torch.nn.functional.avg_pool2d(super().encode(images, generators), 2)

        def decode(self, latents):
            return torch.nn.functional.interpolate(super().decode(latents), scale_factor=2)

    posterior = mixture(torch.tensor([0.3, 0.7]).reshape(2, 1, 1, 1).expand(2, 3, SIZE // 2, SIZE // 2), 0.01)
    codec, params = Halving(), settings(outer_steps=4, blend_steps=1)
    events = run(ring, IdealDenoiser(posterior, ALPHA_BAR), params, codec=codec)
    before, after = [e.canvas for e in events if isinstance(e, OuterStep)][-2:]
    views = plan(params, ring, SCHEDULE).steps[-1].views
    crops_before = ring.project(before, views)
    round_trip = codec.decode(codec.encode(crops_before, views))
    same = (ring.project(after, views) == round_trip).all(dim=1)
    border = (ring.depth <= 1).expand_as(same)
    assert same[border].all() and not same[~border].any()


def test_the_background_goes_on_from_what_was_decoded_last(toy_space):
    """With keep_background each view gets its own last picture, at the size of the pass; without it nothing."""
    class Watched(toy_space):
        def project(self, canvas, views, behind=None):
            self.seen.append((views, self.view_resolution, behind))
            return super().project(canvas, views, behind)

        def unproject(self, canvas, views, images, *, average):
            self.made.append((views, images))
            return super().unproject(canvas, views, images, average=average)

    for keep in (False, True):
        space = Watched.ring(SIZE, 5)
        space.seen, space.made = [], []
        plain = IdealDenoiser(lambda x_t, a, views: 0.3 + 0.1 * x_t, ALPHA_BAR)
        run(space, plain, settings(outer_steps=6, coarse_steps=3, keep_background=keep))
        assert [behind is None for _, _, behind in space.seen] == ([True] * 2 + [False] * 4 if keep else [True] * 6)
        if keep:
            for (views, size, behind), (before, images) in zip(space.seen[2:], space.made, strict=False):
                assert views == before and behind.shape == (5, 3, size, size)
                assert (behind.mean((2, 3)) - images.mean((2, 3))).abs().max() < 0.05  # resampled where the size changes
        assert (space.seen[2][2] is None) or torch.equal(space.seen[2][2], space.made[0][1])
