"""The loop of Algorithm 4: its statistics, its cost, its repeatability, its ways to stop."""
from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from engine.contracts import Canvas
from engine.models.ideal import IdealDenoiser, IdentityCodec, gaussian, mixture, scaled_linear_alpha_bar
from engine.protocol.params import SamplingParams, preset_sampling
from engine.sampling.plan import blank_pixels, plan, planned_forwards
from engine.sampling.schedule import Schedule
from engine.sampling.synchronize import InnerStep, OuterStep, synchronize

ALPHA_BAR = scaled_linear_alpha_bar()
SCHEDULE = Schedule(ALPHA_BAR)
SIZE = 8
CODEC = IdentityCodec((3, SIZE, SIZE))
ROWS = {  # Table 2: maximum stochasticity, multi-step x0, non-overlapping views
    1: (False, False, False), 2: (True, False, False), 3: (False, True, False),
    4: (True, True, False), 5: (True, False, True), 6: (True, True, True),
}


def settings(row: int = 6, **changes) -> SamplingParams:
    """Few steps, so that tests are quick."""
    stochastic, multi, disjoint = ROWS[row]
    base = {"outer_steps": 5, "ode_steps": 8, "ode_grid": "karras", "solver": "dpmpp", "guidance": 1.0,
            "warmup": 1, "blend_steps": 0, "blend_min_ode_steps": 12}
    return SamplingParams(max_stochasticity=stochastic, multi_step=multi, non_overlapping=disjoint, **(base | changes))


def one_mode(spread: float = 0.1) -> IdealDenoiser:
    posterior = gaussian(torch.full((3, SIZE, SIZE), 0.5), torch.full((3, SIZE, SIZE), spread**2))
    return IdealDenoiser(posterior, ALPHA_BAR, unconditional=posterior)


def two_modes() -> IdealDenoiser:
    means = torch.tensor([0.3, 0.7]).reshape(2, 1, 1, 1).expand(2, 3, SIZE, SIZE)
    return IdealDenoiser(mixture(means, 0.01), ALPHA_BAR, unconditional=mixture(means, 0.02))


def run(space, denoiser, params, *, codec=CODEC, seed=0, **options):
    return list(synchronize(space, codec, denoiser, params, seed=seed, **options))


def result(events) -> torch.Tensor:
    return events[-1].canvas.z


def seen_everywhere(space) -> Canvas:
    blank = space.blank()
    return Canvas(torch.full_like(blank.z, 0.5), torch.ones_like(blank.best))


@pytest.fixture
def ring(toy_space):
    """Two sets of five crops around a ring, one shifted by half a crop."""
    return toy_space.ring(SIZE, 5)


def test_the_loop_keeps_a_gaussians_mean_and_variance(toy_space, unit_codec):
    """A canvas-wide Gaussian, of which every view's prior is the crop: noising and G leave it as it is, whichever views
    are drawn in turn, so the canvas comes out with its mean and variance; views reach the denoiser in their order."""
    space, codec = toy_space.ring(SIZE, 40), unit_codec((3, SIZE, SIZE), 0.08)
    columns = torch.arange(SIZE * 40) / (SIZE * 40) * 2 * math.pi
    mean = 0.5 + 0.08 * torch.cos(columns + torch.tensor([0.0, 2.0, 4.0])[:, None])[:, None].expand(3, SIZE, -1)
    centre, spread = Canvas(mean, torch.ones(space.shape)), 0.08

    def posterior(x_t, a, views):
        mu = codec.encode(space.project(centre, views), views)
        return mu + math.sqrt(a) * (x_t - math.sqrt(a) * mu)  # of variance 1 in latents

    params = settings(ode_steps=16, outer_steps=6)
    z = result(run(space, IdealDenoiser(posterior, ALPHA_BAR), params, codec=codec, batch_views=7))
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
    codec = unit_codec((3, 2, 2), 0.08)
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
    views = {row: [step.views for step in plan(settings(row), ring, SCHEDULE)] for row in ROWS}
    for row in (1, 2, 3, 4):
        assert all(v == ring.view_sets[0] + ring.view_sets[1] for v in views[row])
    for row in (5, 6):
        assert views[row] == [ring.view_sets[k % 2] for k in range(5)]


def test_no_stochasticity_follows_algorithm_2(toy_space):
    """Row 1 with one view that is the whole canvas: no averaging, so it must be plain DDIM through the outer timesteps."""
    space = toy_space((SIZE, SIZE), SIZE, [[(0, 0)]])
    params = settings(1)
    events = run(space, two_modes(), params)
    x_t = first_noise(space, params)
    timesteps = [999] + SCHEDULE.outer_timesteps(900, 270, 5)[1:]
    model = two_modes()
    for t, t_next in pairwise([*timesteps, None]):
        x0, eps = SCHEDULE.split(x_t, model(x_t, t, [], None, 1.0), t, "epsilon")
        x0 = x0.clamp(0, 1)  # the codec's pictures are in 0..1
        if t_next is not None:
            x_t = SCHEDULE.mu(x0, eps, t_next)
    assert (result(events) - x0[0]).abs().max() < 1e-5  # float32 through five steps


def first_noise(space, params) -> torch.Tensor:
    """What the first call of the denoiser is given."""
    seen = []
    inner = two_modes()

    class Spy(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            seen.append(x_t)
            return super().__call__(x_t, t, views, condition, guidance)

    next(iter(synchronize(space, CODEC, Spy(inner.conditional, ALPHA_BAR), params, seed=0)))
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
    white = Canvas(torch.ones_like(ring.blank().z), torch.ones(ring.shape))
    black = Canvas(torch.zeros_like(white.z), white.best)
    of_white, of_black = (result(run(ring, two_modes(), params, canvas=c)) for c in (white, black))
    assert torch.equal(of_white, of_black)
    late = settings(warmup=0, outer_steps=1, t_start=300, t_stop=100)
    of_white, of_black = (result(run(ring, two_modes(), late, canvas=c)) for c in (white, black))
    assert float(of_white.mean() - of_black.mean()) > 0.1


def test_warm_up_solves_start_at_the_last_timestep(ring):
    recorder = Recorder(two_modes().conditional)
    run(ring, recorder, settings(warmup=2))
    starts = [max(t for t, views in recorder.calls if views == v) for v in ring.view_sets]
    assert starts == [999, 999]
    recorder = Recorder(two_modes().conditional)
    run(ring, recorder, settings(warmup=1))
    starts = [max(t for t, views in recorder.calls if views == v) for v in ring.view_sets]
    assert starts == [999, SCHEDULE.outer_timesteps(900, 270, 5)[1]]


def test_a_view_that_is_mostly_blank_starts_from_noise_whatever_the_warm_up(toy_space):
    """The second set looks where the first did not: its first turn is a warm-up too, and only its first."""
    space = toy_space((SIZE, 4 * SIZE), SIZE, [[(0, 0), (0, SIZE)], [(0, 2 * SIZE), (0, 3 * SIZE)]])
    fresh = [step.fresh for step in plan(settings(warmup=0), space, SCHEDULE)]
    assert fresh == [(True, True), (True, True)] + [(False, False)] * 3
    assert all(not any(step.fresh) for step in plan(settings(warmup=0), space, SCHEDULE, seen_everywhere(space)))


def test_a_few_blank_pixels_take_the_mean_colour_of_their_view(toy_space):
    """A view that sees 3/4 canvas and 1/4 blank is solved from the canvas, and the blank's value does not matter."""
    space = toy_space((SIZE, 2 * SIZE), SIZE, [[(0, 0)], [(0, 2)]])
    steps = plan(settings(warmup=1), space, SCHEDULE)
    assert steps[1].fresh == (False,) and steps[1].partial and not steps[2].partial
    blank, shares = blank_pixels(space, space.unproject(space.blank(), [(0, 0)], torch.ones(1, 3, SIZE, SIZE),
                                                        average=False), ((0, 2),))
    assert shares == [0.25] and blank[0, 0, :, -2:].all() and not blank[0, 0, :, :-2].any()

    class Bright(type(space)):
        def blank(self):
            return Canvas(torch.ones(3, *self.shape), torch.zeros(self.shape))

    bright = Bright(space.shape, SIZE, space.view_sets)
    params = settings(warmup=1, outer_steps=2, t_start=400)
    dark_z, bright_z = (result(run(s, two_modes(), params))[:, :, :SIZE + 2] for s in (space, bright))
    assert torch.equal(dark_z, bright_z)


def test_blank_background_counts_as_neither_seen_nor_blank(toy_space):
    """Pixels that no texel moves, as around a mesh, do not make a view look blank."""

    class Framed(toy_space):
        def project(self, canvas, views):
            images = super().project(canvas, views)
            images[..., :2] = 0.1
            return images

    space = Framed((SIZE, SIZE), SIZE, [[(0, 0)]])
    seen = Canvas(torch.zeros(3, SIZE, SIZE), torch.zeros(SIZE, SIZE))
    seen.best[:, :4] = 1
    blank, shares = blank_pixels(space, seen, ((0, 0),))
    assert shares == [pytest.approx(4 / 6)] and not blank[..., :2].any()


def test_the_last_steps_keep_the_borders_of_what_is_there(ring):
    """In a blended step a view's outermost texels stay as projected, to the bit, and its interior is made anew."""
    params = settings(outer_steps=4, blend_steps=1, warmup=1)
    before, after = [e.canvas.z for e in run(ring, two_modes(), params) if isinstance(e, OuterStep)][-2:]
    step = plan(params, ring, SCHEDULE)[-1]
    assert step.blend and step.t == min(2 * SCHEDULE.outer_timesteps(900, 270, 4)[-1], 999)
    assert len(step.timesteps) == 10  # of a linear grid of 12: t = 862 with the points below it, the clean end left out
    crops_before, crops_after = (ring.project(Canvas(z, None), step.views) for z in (before, after))
    border = (ring.depth == 0).expand_as(crops_before)
    assert torch.equal(crops_after[border], crops_before[border])
    assert ((crops_after - crops_before).abs()[~border] > 0).float().mean() > 0.99


def test_blending_is_for_multi_step_solves_alone(ring):
    assert not any(step.blend for step in plan(settings(5, blend_steps=2), ring, SCHEDULE))


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("changes", [
    {},
    {"blend_steps": 2, "warmup": 0},
    {"guidance": 5.0},
    {"guidance": 5.0, "guidance_t_min": 200, "guidance_t_max": 800, "blend_steps": 1},
    {"ode_grid": "linear", "solver": "ddim", "ode_steps": 9, "warmup": 3},
])
def test_forwards_are_known_ahead(ring, row, changes):
    params = settings(row, **changes)
    for batch_views in (0, 3):
        denoiser = two_modes()
        denoiser.forwards = 1000  # a warm process goes on counting
        events = run(ring, denoiser, params, batch_views=batch_views)
        assert denoiser.forwards - 1000 == events[-1].forwards == planned_forwards(params, ring, ALPHA_BAR)


def test_forwards_of_the_papers_settings(ring):
    """Section 7 and appendix E by arithmetic: five views, guidance, every solve from its t_k. What the warm-up adds is the
    first solve from 999 instead of 900; what blending adds is the doubled t of the last steps."""
    paper = {"warmup": 0, "blend_steps": 0}
    star = paper | {"t_stop": 700, "outer_steps": 8}
    start = seen_everywhere(ring)
    counts = [planned_forwards(SamplingParams(**changes), ring, ALPHA_BAR, start)
              for changes in (paper, star, star | {"solver": "dpmpp", "ode_steps": 20})]
    assert counts == [7450, 3230, 1280]
    assert planned_forwards(SamplingParams(warmup=1, blend_steps=0), ring, ALPHA_BAR) == 7490
    assert planned_forwards(preset_sampling("panorama", "paper"), ring, ALPHA_BAR) == 7790


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
    params = settings(row, blend_steps=1)
    whole = result(run(ring, two_modes(), params))
    for batch_views in (1, 3):
        # the ideal denoiser works in float64 view by view; only sums of another batch shape may round otherwise
        assert (result(run(ring, two_modes(), params, batch_views=batch_views)) - whole).abs().max() < 1e-6


def test_same_seed_same_bytes_and_another_seed_another_picture(ring):
    first, again, other = (result(run(ring, two_modes(), settings(), seed=s)) for s in (3, 3, 4))
    assert torch.equal(first, again)
    assert (first - other).abs().mean() > 0.01


def test_views_and_steps_have_noise_of_their_own(ring):
    inputs = []

    class Spy(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            if t == 999:
                inputs.extend(x_t)
            return super().__call__(x_t, t, views, condition, guidance)

    run(ring, Spy(two_modes().conditional, ALPHA_BAR), settings(warmup=3))
    noise = torch.stack(inputs).flatten(1)
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

    codec = Noisy((3, SIZE, SIZE))
    whole, split = (result(run(ring, one_mode(), settings(), codec=codec, batch_views=b)) for b in (0, 2))
    assert (whole - split).abs().max() < 1e-6


def test_closing_stops_further_calls(ring):
    """Cancel: after any event, closing the generator leaves the denoiser at rest."""
    for stop_after in (1, 3, 7, 9):
        denoiser = two_modes()
        loop = synchronize(ring, CODEC, denoiser, settings(), seed=0)
        for _ in range(stop_after):
            next(loop)
        before = denoiser.forwards
        loop.close()
        assert denoiser.forwards == before > 0
        with pytest.raises(StopIteration):
            next(loop)


def test_every_call_is_followed_by_an_event(ring):
    denoiser, before = two_modes(), 0
    for event in synchronize(ring, CODEC, denoiser, settings(), seed=0, batch_views=2):
        if isinstance(event, InnerStep):
            assert 1 <= denoiser.forwards - before <= 2 and event.forwards == denoiser.forwards
            assert 1 <= event.index <= event.total and event.outer < event.outer_total == 5
            assert event.x0_hat.shape[1:] == (3, SIZE, SIZE)
        else:
            assert denoiser.forwards == before
        before = denoiser.forwards


def test_a_given_canvas_is_refined_not_replaced(ring):
    """Low noise, no warm-up: what was there stays recognisable; the input itself is not touched."""
    z = torch.where(torch.arange(ring.shape[1]) < ring.shape[1] // 2, 0.3, 0.7).expand(3, *ring.shape).contiguous()
    start = Canvas(z.clone(), torch.ones(ring.shape))
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

    space = Labelled.ring(SIZE, 5)
    seen = []

    class Spy(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            assert condition.dtype == x_t.dtype == torch.float64
            seen.append([float(c.mean()) == left for c, (_, left) in zip(condition, views, strict=True)])
            return super().__call__(x_t, t, views, condition, guidance)

    params = settings(outer_steps=2, blend_steps=1)
    events = run(space, Spy(two_modes().conditional, ALPHA_BAR), params, batch_views=2, dtype=torch.float64)
    assert seen and all(all(own) for own in seen)
    before, after = [e.canvas for e in events if isinstance(e, OuterStep)]
    views = plan(params, space, SCHEDULE)[-1].views
    crops_before, crops_after = (space.project(canvas, views) for canvas in (before, after))
    assert [torch.equal(a, b) for a, b in zip(crops_after, crops_before, strict=True)] == [True, False, False, True, False]


def test_a_latent_is_border_where_any_of_its_pixels_is(ring):
    """A codec that halves: pixels at the border keep their whole latent, two pixels wide, from being made anew."""

    class Halving(IdentityCodec):
        def encode(self, images, generators):
            return torch.nn.functional.avg_pool2d(super().encode(images, generators), 2)

        def decode(self, latents):
            return torch.nn.functional.interpolate(super().decode(latents), scale_factor=2)

    posterior = mixture(torch.tensor([0.3, 0.7]).reshape(2, 1, 1, 1).expand(2, 3, SIZE // 2, SIZE // 2), 0.01)
    codec, params = Halving((3, SIZE // 2, SIZE // 2)), settings(outer_steps=4, blend_steps=1)
    events = run(ring, IdealDenoiser(posterior, ALPHA_BAR), params, codec=codec)
    before, after = [e.canvas for e in events if isinstance(e, OuterStep)][-2:]
    views = plan(params, ring, SCHEDULE)[-1].views
    crops_before = ring.project(before, views)
    round_trip = codec.decode(codec.encode(crops_before, views))
    same = (ring.project(after, views) == round_trip).all(dim=1)
    border = (ring.depth <= 1).expand_as(same)
    assert same[border].all() and not same[~border].any()
