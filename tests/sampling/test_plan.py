"""The plan of a whole job: which views, from where, at which size and time, and what they cost; on both paths."""

from __future__ import annotations

from itertools import pairwise

import pytest
from sampling_loop import ROWS, SIZE, Recorder, outer, run, settings, two_modes

from engine.protocol.errors import InvalidParameter
from engine.protocol.kinds import KINDS
from engine.protocol.params import SamplingParams
from engine.sampling.plan import plan


def test_rows_take_the_views_that_they_stand_for(path, ring):
    views = {row: [step.views for step in plan(settings(row), ring, path.schedule).steps] for row in ROWS}
    for row in (1, 2, 3, 4):
        assert all(v == ring.view_sets[0] + ring.view_sets[1] for v in views[row])
    for row in (5, 6):
        assert views[row] == [ring.view_sets[k % 2] for k in range(5)]


def test_different_views_every_step_refuse_a_carried_estimate(path):
    with pytest.raises(ValueError, match="max_stochasticity"):
        SamplingParams(max_stochasticity=False, non_overlapping=True)


def half_seen(toy_space):
    """Two sets of two crops; the second looks where the first did not."""
    return toy_space((SIZE, 4 * SIZE), SIZE, [[(0, 0), (0, SIZE)], [(0, 2 * SIZE), (0, 3 * SIZE)]])


def test_warm_up_solves_start_at_the_last_timestep(path, toy_space):
    recorder = two_modes(path, Recorder)
    space = half_seen(toy_space)
    run(path, space, recorder, settings(warmup=2))
    starts = [max(t for t, views, *_ in recorder.calls if views == v) for v in space.view_sets]
    assert starts == [999, 999]


@pytest.mark.parametrize("warmup", [1, 2, 5])
def test_warm_up_ends_when_everything_is_painted(path, ring, warmup):
    """The first set covers the ring: a second pass from noise would throw the first away."""
    recorder = two_modes(path, Recorder)
    run(path, ring, recorder, settings(warmup=warmup))
    starts = [max(t for t, views, *_ in recorder.calls if views == v) for v in ring.view_sets]
    assert starts == [999, outer(path, 5)[1]]


def test_a_view_that_is_mostly_unseen_starts_from_noise_whatever_the_warm_up(path, toy_space):
    """The second set looks where the first did not: its first turn is a warm-up too, and only its first."""
    space = half_seen(toy_space)
    starts = [step.from_noise for step in plan(settings(warmup=0), space, path.schedule).steps]
    assert starts == [(True, True), (True, True)] + [(False, False)] * 3
    refined = plan(settings(warmup=0), space, path.schedule, refine=True)
    assert all(not any(step.from_noise) for step in refined.steps)


def test_a_view_that_is_partly_unseen_starts_from_the_canvas(path, toy_space):
    space = toy_space((SIZE, 2 * SIZE), SIZE, [[(0, 0)], [(0, 2)]])
    assert space.unseen_share([(0, 2)], [(0, 0)]) == [0.25]
    assert plan(settings(warmup=1), space, path.schedule).steps[1].from_noise == (False,)
    assert plan(settings(warmup=2), space, path.schedule).steps[1].from_noise == (True,)  # still in the warm-up


def test_planning_projects_nothing(path, toy_space):
    class Blind(toy_space):
        def project(self, *arguments, **options):
            raise AssertionError("the plan looked at a canvas")

        unproject = seam_mask = condition = project

    assert len(plan(settings(), Blind.ring(SIZE, 5), path.schedule).steps) == 5


@pytest.mark.parametrize("coarse", [1, 4, 6])
@pytest.mark.parametrize("sets", [2, 3])
def test_view_sets_alternate_through_coarse_and_fine_steps(path, toy_space, coarse, sets):
    """No set is drawn twice running, and each has a pass at full size: once the fine steps began again with the first set."""
    space = toy_space((SIZE, 5 * SIZE), SIZE, [[(0, i * SIZE + shift) for i in range(5)] for shift in range(sets)])
    steps = plan(settings(outer_steps=coarse + sets, coarse_steps=coarse), space, path.schedule).steps
    assert [step.index for step in steps] == list(range(coarse + sets))
    assert [step.scale for step in steps] == [0.5] * coarse + [1.0] * sets
    assert all(a.views != b.views for a, b in pairwise(steps))
    assert {step.views for step in steps if step.scale == 1} == set(space.view_sets)


def test_coarse_steps_that_leave_a_set_without_a_full_size_pass_are_refused(path, toy_space):
    space = toy_space((SIZE, 5 * SIZE), SIZE, [[(0, shift)] for shift in range(3)])
    with pytest.raises(InvalidParameter, match="3 view sets"):
        plan(settings(outer_steps=5, coarse_steps=3), space, path.schedule)


def test_coarse_and_fine_steps_visit_the_outer_timesteps_of_the_whole_job(path, ring):
    steps = plan(settings(outer_steps=8, coarse_steps=5), ring, path.schedule).steps
    assert [step.t for step in steps] == outer(path, 8)


def test_border_steps_double_the_timestep_up_to_the_papers_own(path, ring):
    """The paper's last two steps, t = 320 and 295, become 640 and 590; nothing climbs back to pure noise."""
    assert [step.t for step in plan(SamplingParams(), ring, path.schedule).steps[-2:]] == path.times(640, 590)
    for changes in ({"t_stop": 700}, {"t_stop": 500, "outer_steps": 10}, {"t_start": 999, "blend_steps": 4}):
        last = [step.t for step in plan(SamplingParams(**changes), ring, path.schedule).steps if step.keep_borders]
        assert last and max(last) <= path.times(640)[0]


@pytest.mark.parametrize("kind", ["panorama", "texture"])
@pytest.mark.parametrize("preset", ["paper", "fast", "turbo"])
def test_border_steps_take_less_than_a_fifth_of_a_jobs_forwards(path, ring, kind, preset):
    steps = plan(KINDS[kind].preset_sampling(preset), ring, path.schedule)
    borders = sum(steps.nfe_of(step) for step in steps.steps if step.keep_borders)
    assert borders < 0.2 * steps.nfe


def test_blending_is_for_multi_step_solves_alone(path, ring):
    assert not any(step.keep_borders for step in plan(settings(5, blend_steps=2), ring, path.schedule).steps)


def test_the_work_of_a_plan_weighs_forwards_by_their_size(path, ring):
    whole = plan(settings(outer_steps=4), ring, path.schedule)
    mixed = plan(settings(outer_steps=4, coarse_steps=2), ring, path.schedule)
    coarse = sum(map(mixed.nfe_of, mixed.steps[:2]))
    assert whole.work == whole.nfe == mixed.nfe
    assert mixed.work == coarse / 4 + (mixed.nfe - coarse)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"blend_steps": 2, "warmup": 0},
        {"blend_steps": 1, "fill_steps": 3},
        {"guidance": 5.0},
        {"guidance": 5.0, "guidance_t_min": 200, "guidance_t_max": 800, "blend_steps": 1},
        {"ode_grid": "linear", "solver": "ddim", "ode_steps": 9, "warmup": 3},
    ],
)
def test_forwards_are_known_ahead(path, ring, band, row, changes):
    params = settings(row, **changes)
    for space in (ring, band):
        denoiser = two_modes(path)
        denoiser.nfe = 1000  # a warm process goes on counting
        events = run(path, space, denoiser, params)
        assert denoiser.nfe - 1000 == events[-1].nfe == plan(params, space, path.schedule).nfe


def test_nfe_of_the_papers_settings(path, ring):
    """Section 7 and appendix E by arithmetic: five views, guidance, every solve from its t_k. What the warm-up adds is the
    first solve from 999 instead of 900; what blending adds is the doubled t of the last steps.

    A preset costs the same on any path, but for calls of which two fall on one timestep: on the flow's grid of 1000, where the
    paper's times near pure noise lie 0.4 apart, that is one call of one outer step, 10 forwards.
    """
    paper = {"warmup": 0, "blend_steps": 0}
    star = paper | {"t_stop": 700, "outer_steps": 8}
    counts = [
        plan(SamplingParams(**changes), ring, path.schedule, refine=True).nfe
        for changes in (paper, star, star | {"solver": "dpmpp", "ode_steps": 20})
    ]
    counts.append(plan(SamplingParams(warmup=1, blend_steps=0), ring, path.schedule).nfe)
    counts.append(plan(KINDS["panorama"].preset_sampling("paper"), ring, path.schedule).nfe)
    expected = [7450, 3230, 1280, 7490, 7790]
    if path.prediction_type == "epsilon":
        assert counts == expected
    else:
        assert all(0 <= there - here <= 10 for here, there in zip(counts, expected, strict=True))
