"""The loop of Algorithm 4: its statistics, its repeatability, its ways to stop; on both paths."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from sampling_loop import CODEC, ROWS, SIZE, Recorder, one_mode, outer, result, run, settings, two_modes

from engine.models.ideal import IdealDenoiser, IdentityCodec, gaussian
from engine.sampling.denoise import denoise
from engine.sampling.plan import plan
from engine.sampling.synchronize import InnerStep, OuterStep, synchronize
from engine.spaces.raster import RasterCanvas


def test_the_loop_keeps_a_gaussians_mean_and_variance(path, toy_space, unit_codec):
    """A canvas-wide Gaussian, of which every view's prior is the crop: noising and G leave it as it is, whichever views
    are drawn in turn, so the canvas comes out with its mean and variance; views reach the denoiser in their order."""
    space, codec = toy_space.ring(SIZE, 40), unit_codec(0.08)
    columns = torch.arange(SIZE * 40) / (SIZE * 40) * 2 * math.pi
    mean = 0.5 + 0.08 * torch.cos(columns + torch.tensor([0.0, 2.0, 4.0])[:, None])[:, None].expand(3, SIZE, -1)
    centre, spread = RasterCanvas(mean, torch.ones(space.shape)), 0.08

    def posterior(x_t, signal, noise, views):  # of variance 1 in latents
        mu = codec.encode(space.project(centre, views), views)
        return mu + signal / (signal**2 + noise**2) * (x_t - signal * mu)

    params = settings(ode_steps=16, outer_steps=6)
    z = result(run(path, space, path.ideal(posterior), params, codec=codec))
    offset = ((z - mean) / spread).double()
    n = offset.numel()  # 7680 texels, all independent
    # 5 standard errors, and 0.02 for the solver
    assert abs(float(offset.mean())) < 5 / math.sqrt(n) + 0.02
    assert abs(float(offset.var()) - 1) < 5 * math.sqrt(2 / n) + 0.02
    assert abs(float((offset * offset.roll(1, -1)).mean())) < 5 / math.sqrt(n)  # neighbours stay independent


def test_the_loop_keeps_a_full_covariance(path, toy_space, unit_codec):
    """400 crops of 2 x 2, each a draw of the same 12-dimensional Gaussian with correlated entries."""
    count, d = 400, 12
    space = toy_space((2, 2 * count), 2, [[(0, 2 * i) for i in range(count)]])
    codec = unit_codec(0.08)
    factor = torch.randn(d, d, generator=torch.Generator().manual_seed(1), dtype=torch.float64) / math.sqrt(d)
    covariance = factor @ factor.T + 0.1 * torch.eye(d, dtype=torch.float64)
    denoiser = path.ideal(gaussian(torch.zeros(3, 2, 2), covariance))
    events = run(path, space, denoiser, settings(ode_steps=20), codec=codec)
    samples = codec.encode(space.project(events[-1].canvas, space.view_sets[0]), range(count)).flatten(1).double()
    diagonal = covariance.diagonal()
    error = ((diagonal[:, None] * diagonal[None, :] + covariance**2) / count).sqrt()
    # 5 standard errors of each of the 144 entries; the solver's own error is a tenth of one
    assert ((torch.cov(samples.T) - covariance).abs() < 5 * error).all()
    assert (samples.mean(0).abs() < 5 * (diagonal / count).sqrt()).all()


@pytest.mark.parametrize("row", ROWS)
def test_every_row_of_table_2_runs(path, ring, row):
    events = run(path, ring, two_modes(path), settings(row))
    steps = [e for e in events if isinstance(e, OuterStep)]
    assert [s.index for s in steps] == list(range(5)) and all(s.total == 5 for s in steps)
    assert ring.coverage(steps[-1].canvas) == 1
    assert torch.isfinite(result(events)).all() and float(result(events).std()) > 1e-3


@pytest.mark.parametrize("row", [1, 3])
def test_no_stochasticity_is_plain_ddim_on_one_view(path, toy_space, row):
    """One view that is the whole canvas: nothing is averaged, so row 1 must be plain DDIM through the outer timesteps; and
    row 3, whose x_0 is a whole solve, must take Eq. 3's step with the noise that this x_0 implies."""
    space = toy_space((SIZE, SIZE), SIZE, [[(0, 0)]])
    params = settings(row)
    events = run(path, space, two_modes(path), params)
    x_t = first_noise(path, space, params)
    timesteps = [path.schedule.last, *outer(path, 5)[1:]]
    for t, t_next in pairwise([*timesteps, None]):
        steps = path.schedule.solve_timesteps(t, params.ode_steps, params.ode_grid) if params.multi_step else [t]
        *_, last = denoise(two_modes(path), path.schedule, x_t, steps, [None], None, guidance=lambda _: 1.0, solver=params.solver)
        x0 = last.x0_hat.clamp(0, 1)  # the codec's pictures are in 0..1
        if t_next is not None:
            x_t = path.schedule.mu(x0, path.schedule.implied_noise(x_t, x0, t), t_next)
    assert (result(events) - x0[0]).abs().max() < 1e-5  # float32 through five steps


def first_noise(path, space, params) -> torch.Tensor:
    """What the first call of the denoiser is given."""
    recorder = two_modes(path, Recorder)
    next(iter(synchronize(plan(params, space, path.schedule), space, CODEC, recorder, seed=0)))
    return recorder.calls[0][2]


@pytest.mark.parametrize("row", [1, 3])
def test_without_stochasticity_each_step_starts_where_equation_3_says(path, toy_space, row):
    """Two views that overlap: x_{t-1} must be Eq. 3 of the view's own x_t and of the picture that *both* agreed on."""
    space = toy_space.ring(SIZE, 2)
    params, recorder = settings(row), two_modes(path, Recorder)
    steps = plan(params, space, path.schedule).steps
    starts, canvases = [], []
    for event in synchronize(plan(params, space, path.schedule), space, CODEC, recorder, seed=0):
        if isinstance(event, OuterStep):
            starts.append(recorder.calls[0])
            canvases.append(event.canvas)
            recorder.calls.clear()
    for step, (t, _, x_t, *_), canvas, (t_next, _, x_next, *_) in zip(steps, starts, canvases, starts[1:], strict=False):
        agreed = space.project(canvas, step.views)
        expected = path.schedule.mu(agreed, path.schedule.implied_noise(x_t, agreed, t), t_next)
        assert (x_next - expected).abs().max() < 1e-5


@pytest.mark.parametrize("row", [1, 3])
def test_diffusion_synchronization_has_the_variance_of_equation_3(path, toy_space, unit_codec, row):
    """Independent texels of variance 1, each seen by two views, 30 steps to t = 0: every factor is known by hand.

    With a, s the signal and noise of a step, b, u those of the next and p = a^2 + s^2 (1 where variance is preserved): x_t of one
    view has variance p. The mean m of the two views' x_t starts with half the variance of noise alone. Row 1: x_0 = a x_t / p, so
    Eq. 3 takes m to m (a b + s u) / p. Row 3: G(x_t) = x_t / sqrt(p), so it takes m to m (b / sqrt(p) + u/s (1 - a / sqrt(p))),
    which grows: a whole solve is no posterior mean, and that is a weakness of row 3 itself, in the paper too. With the network's
    own noise carried on instead, as once here, row 3's variance passed 25.
    """
    space, codec, spread = toy_space.ring(SIZE, 40), unit_codec(0.08), 0.08
    params = settings(row, t_start=999, t_stop=0, outer_steps=30, ode_steps=24)

    def posterior(x_t, signal, noise, views):
        return signal / (signal**2 + noise**2) * x_t

    z = result(run(path, space, path.ideal(posterior), params, codec=codec))
    times = [step.timesteps[0] for step in plan(params, space, path.schedule).steps]
    levels = [(path.schedule.signal(t), path.schedule.noise(t)) for t in times]
    factor = 1.0
    for (a, s), (b, u) in pairwise(levels):
        power = a**2 + s**2
        factor *= (a * b + s * u) / power if row == 1 else b / math.sqrt(power) + u / s * (1 - a / math.sqrt(power))
    a, s = levels[-1]
    last = a / (a**2 + s**2) if row == 1 else 1 / math.sqrt(a**2 + s**2)
    expected = 0.5 * (factor * last) ** 2
    found = ((z - 0.5) / spread).double()
    # 5 standard errors of a variance; 3 % for the solver's error in 30 solves
    assert abs(float(found.var()) / expected - 1) < 5 * math.sqrt(2 / found.numel()) + 0.03
    assert abs(float(found.mean())) < 5 * math.sqrt(expected / found.numel())


@pytest.mark.parametrize("warmup", [1, 3])
def test_warm_up_starts_from_pure_noise_and_ignores_the_canvas(path, ring, warmup):
    """Whatever lies on the canvas before, after the warm-up the same is there; without warm-up it shows."""
    params = settings(warmup=warmup, outer_steps=warmup)
    white = RasterCanvas(torch.ones_like(ring.blank().z), torch.ones(ring.shape))
    black = RasterCanvas(torch.zeros_like(white.z), white.view_quality)
    of_white, of_black = (result(run(path, ring, two_modes(path), params, canvas=c)) for c in (white, black))
    assert torch.equal(of_white, of_black)
    late = settings(warmup=0, outer_steps=1, t_start=300, t_stop=100)
    of_white, of_black = (result(run(path, ring, two_modes(path), late, canvas=c)) for c in (white, black))
    assert float(of_white.mean() - of_black.mean()) > 0.1


def test_guidance_interval_reaches_the_denoiser(path, ring):
    recorder, (low, high) = two_modes(path, Recorder), path.times(200, 800)
    run(path, ring, recorder, settings(guidance=5.0, guidance_t_min=200, guidance_t_max=800))
    asked = {t: guidance for t, *_, guidance in recorder.calls}
    assert {g for t, g in asked.items() if low <= t <= high} == {5.0}
    assert {g for t, g in asked.items() if not low <= t <= high} == {1.0}


@pytest.mark.parametrize("row", ROWS)
def test_batching_changes_nothing(path, ring, row):
    """A denoiser that works view by view gives what one gives that takes all views of a step at once."""

    class OneByOne(IdealDenoiser):
        def __call__(self, x_t, t, views, condition, guidance):
            return torch.cat(
                [
                    super(OneByOne, self).__call__(x, t, [view], condition, guidance)
                    for x, view in zip(x_t.split(1), views, strict=True)
                ]
            )

    params = settings(row, blend_steps=1)
    whole = result(run(path, ring, two_modes(path), params))
    # the ideal denoiser works in float64 view by view; only sums of another batch shape may round otherwise
    assert (result(run(path, ring, two_modes(path, OneByOne), params)) - whole).abs().max() < 1e-6


def test_same_seed_same_bytes_and_another_seed_another_picture(path, ring):
    first, again, other = (result(run(path, ring, two_modes(path), settings(), seed=s)) for s in (3, 3, 4))
    assert torch.equal(first, again)
    assert (first - other).abs().mean() > 0.01


def test_views_and_steps_have_noise_of_their_own(path, ring):
    far = settings(5, t_start=999, t_stop=998, outer_steps=3)  # Tweedie alone: every call shows the start of a step
    recorder = path.ideal(lambda x_t, signal, noise, views: torch.zeros_like(x_t), cls=Recorder)
    run(path, ring, recorder, far)
    calls = [x_t / path.schedule.noise(t) for t, _, x_t, *_ in recorder.calls]
    noise = torch.cat(calls).flatten(1)  # on a black canvas
    assert len(noise) == 15
    correlation = torch.corrcoef(noise) - torch.eye(15)
    assert correlation.abs().max() < 5 / math.sqrt(noise.shape[1])  # 5 standard errors for 192 numbers each
    assert abs(float(noise.mean())) < 5 / math.sqrt(noise.numel()) and abs(float(noise.std()) - 1) < 0.05


def test_a_step_of_another_size_has_noise_of_its_own(path, ring):
    """Noise is keyed by the index in the whole job: fine step 0 once drew what coarse step 0 had drawn."""
    # Tweedie alone, so that every call shows the start of a step; a flat model, so that what is added is the noise.
    params = settings(5, outer_steps=4, coarse_steps=2, coarse_resolution=0, t_start=999, t_stop=900)
    recorder = path.ideal(lambda x_t, signal, noise, views: torch.zeros_like(x_t), cls=Recorder)
    run(path, ring, recorder, params)
    drawn = [call[2] for call in recorder.calls]
    shapes = [x.shape[-1] for x in drawn]
    assert shapes == [SIZE // 2, SIZE // 2, SIZE, SIZE]
    first, third = drawn[0].flatten(1), drawn[2].flatten(1)[:, : drawn[0][0].numel()]
    assert abs(float(torch.corrcoef(torch.stack([first.flatten(), third.flatten()]))[0, 1])) < 5 / math.sqrt(first.numel())


def test_encoder_noise_depends_on_the_view_alone(path, ring):
    class Noisy(IdentityCodec):
        """Samples its latents, as a VAE's encoder does."""

        def encode(self, images, generators):
            return torch.stack(
                [image + 0.1 * torch.randn(image.shape, generator=g) for image, g in zip(images, generators, strict=True)]
            )

    def encoded(space):
        """What the second step's views are encoded to, by view."""
        seen = {}

        class Spy(Noisy):
            def encode(self, images, generators):
                latents = super().encode(images, generators)
                seen.setdefault(len(seen), latents - images)
                return latents

        run(path, space, one_mode(path), settings(), codec=Spy())
        return seen

    class Partly(type(ring)):
        """Two of five views start from noise in the second step, so that the others are encoded in a smaller batch."""

        def unseen_share(self, views, drawn):
            return [1.0 if not drawn or i < 2 else 0.0 for i in range(len(views))]

    whole, split = encoded(ring), encoded(Partly.ring(SIZE, 5))
    assert len(whole[0]) == 5 and len(split[0]) == 3
    assert (whole[0][2:] - split[0]).abs().max() < 1e-6  # the difference from the picture rounds otherwise


def test_closing_stops_further_calls(path, ring):
    """Cancel: after any event, closing the generator leaves the denoiser at rest."""
    for stop_after in (1, 3, 7, 9):
        denoiser = two_modes(path)
        loop = synchronize(plan(settings(), ring, path.schedule), ring, CODEC, denoiser, seed=0)
        for _ in range(stop_after):
            next(loop)
        before = denoiser.nfe
        loop.close()
        assert denoiser.nfe == before > 0
        with pytest.raises(StopIteration):
            next(loop)


def test_every_call_is_followed_by_an_event(path, ring):
    denoiser, before = two_modes(path), 0
    for event in synchronize(plan(settings(), ring, path.schedule), ring, CODEC, denoiser, seed=0):
        if isinstance(event, InnerStep):
            assert denoiser.nfe - before == 5 and event.nfe == denoiser.nfe
            assert event.outer < event.outer_total == 5 and 0 <= event.t <= path.schedule.last
            assert event.x0_hat.shape[1:] == (3, SIZE, SIZE)
        else:
            assert denoiser.nfe == before
        before = denoiser.nfe


def test_a_given_canvas_is_refined_not_replaced(path, ring):
    """Low noise, no warm-up: what was there stays recognisable; the input itself is not touched."""
    z = torch.where(torch.arange(ring.shape[1]) < ring.shape[1] // 2, 0.3, 0.7).expand(3, *ring.shape).contiguous()
    start = RasterCanvas(z.clone(), torch.ones(ring.shape))
    out = result(run(path, ring, two_modes(path), settings(warmup=0, outer_steps=2, t_start=200, t_stop=100), canvas=start))
    assert torch.equal(start.z, z)
    assert (out - z).abs().mean() < 0.12  # the modes' own spread is 0.1


@pytest.mark.parametrize("row, expected", [(4, True), (6, False)])
def test_overlapping_views_are_averaged_and_disjoint_ones_win_whole(path, toy_space, row, expected):
    asked = set()

    class Watched(toy_space):
        def unproject(self, canvas, views, images, *, average):
            asked.add(average)
            return super().unproject(canvas, views, images, average=average)

    run(path, Watched.ring(SIZE, 5), two_modes(path), settings(row))
    assert asked == {expected}


def test_the_background_goes_on_from_what_was_decoded_last(path, toy_space):
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
        plain = path.ideal(lambda x_t, signal, noise, views: 0.3 + 0.1 * x_t)
        run(path, space, plain, settings(outer_steps=6, coarse_steps=3, keep_background=keep))
        assert [behind is None for _, _, behind in space.seen] == ([True] * 2 + [False] * 4 if keep else [True] * 6)
        if keep:
            for (views, size, behind), (before, images) in zip(space.seen[2:], space.made, strict=False):
                assert views == before and behind.shape == (5, 3, size, size)
                assert (behind.mean((2, 3)) - images.mean((2, 3))).abs().max() < 0.05  # resampled where the size changes
        assert (space.seen[2][2] is None) or torch.equal(space.seen[2][2], space.made[0][1])
