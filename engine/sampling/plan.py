"""What Algorithm 4 will do, step by step, known before the first call of the denoiser: views, timesteps, sizes, cost.

Nothing is rendered for it: what a view has not seen yet is a question of geometry, which the space answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple

from ..contracts import Space, ViewSet, ViewT
from ..protocol.errors import InvalidParameter
from ..protocol.params import SamplingParams
from .schedule import Schedule, paper_times

UNSEEN_SHARE = 0.5  # a view of which more is unseen has too little to start from: it starts from noise
UNSEEN_TOLERANCE = 0.01  # of a view: less than that, between two views of the step before, is no reason for a warm-up


class ViewBatch(NamedTuple):
    """Views of one outer step that are solved together."""

    from_noise: bool  # they start from pure noise at the last timestep instead of the canvas (lines 3 to 5)
    members: list[int]  # which of the step's views
    timesteps: tuple[int, ...]  # at which their solve calls the denoiser


@dataclass(frozen=True, kw_only=True)
class PlannedStep(Generic[ViewT]):
    """One outer step (lines 8 to 16 of Algorithm 4)."""

    index: int  # k, counted through the whole job; the step's noise is keyed by it
    t: int  # timestep of the schedule from which the views that start from the canvas are solved
    views: ViewSet[ViewT]
    scale: float  # width of the views, over that of the finest ones
    from_noise: tuple[bool, ...]  # per view: starts from pure noise instead of the canvas
    timesteps: tuple[int, ...]  # of a solve that starts from the canvas
    noise_timesteps: tuple[int, ...]  # of a solve that starts from pure noise
    keep_borders: bool = False  # the solve keeps the borders of what is there (appendix B)
    fill: bool = False  # the solve keeps all that the canvas held when the first step of this kind began (Eq. 9)

    def batches(self) -> Iterator[ViewBatch]:
        """The step's views in at most two groups that each share their timesteps; those from noise come first."""
        for from_noise, timesteps in ((True, self.noise_timesteps), (False, self.timesteps)):
            members = [i for i, start in enumerate(self.from_noise) if start == from_noise]
            if members:
                yield ViewBatch(from_noise, members, timesteps)


@dataclass(frozen=True, kw_only=True)
class Plan(Generic[ViewT]):
    """Every outer step of a job."""

    params: SamplingParams
    schedule: Schedule
    steps: tuple[PlannedStep[ViewT], ...]

    @property
    def main_steps(self) -> int:
        """How many steps are Algorithm 4's own; those after them fill what its views never see."""
        return sum(not step.fill for step in self.steps)

    @property
    def nfe(self) -> int:
        """Network forwards of all steps, one per view and guidance branch."""
        return sum(map(self.nfe_of, self.steps))

    @property
    def work(self) -> float:
        """What all steps cost, in network forwards at full size."""
        return sum(step.scale**2 * self.nfe_of(step) for step in self.steps)

    def nfe_of(self, step: PlannedStep[ViewT]) -> int:
        """Network forwards of one step: two per call and view where guidance is on, else one."""
        return sum(
            len(batch.members) * sum(2 if self.guidance(t) > 1 else 1 for t in batch.timesteps) for batch in step.batches()
        )

    def guidance(self, t: int) -> float:
        """The guidance scale at timestep t: inside the guidance interval, whose ends are in the paper's time as all of `params`;
        1, the conditional branch alone, outside it."""
        low, high = map(self.schedule.from_paper_time, (self.params.guidance_t_min, self.params.guidance_t_max))
        inside = low <= t <= high
        return self.params.guidance if inside else 1.0


def plan(params: SamplingParams, space: Space[Any, ViewT], schedule: Schedule, *, refine: bool = False) -> Plan[ViewT]:
    """Every outer step of a job on `space`, whose view_resolution is that of the finest views.

    refine: the canvas is given and seen everywhere, so that after the warm-up no view starts from noise.
    InvalidParameter when the settings leave a view set without a pass at full size.
    """
    sets = _sets(params, space)
    if params.coarse_steps and params.coarse_steps > params.outer_steps - len(sets):
        raise InvalidParameter(
            "coarse_leaves_too_few", coarse_steps=params.coarse_steps, outer_steps=params.outer_steps, sets=len(sets)
        )
    coarse = (params.coarse_resolution or space.view_resolution // 2) / space.view_resolution
    times = paper_times(params.t_start, params.t_stop, params.outer_steps)
    starts = _from_noise(params, space, _turns(sets, params.outer_steps), refine)
    steps = []
    for k, (t, views, from_noise) in enumerate(zip(times, _turns(sets, params.outer_steps), starts, strict=True)):
        keep_borders = params.multi_step and k >= params.outer_steps - params.blend_steps
        if keep_borders:
            t = min(2 * t, params.blend_t_max)  # more of the interior is made anew than the outer schedule would
        t = schedule.from_paper_time(t)
        steps.append(
            PlannedStep(
                index=k,
                t=t,
                views=views,
                scale=coarse if k < params.coarse_steps else 1.0,
                from_noise=from_noise,
                timesteps=_timesteps(params, schedule, t),
                noise_timesteps=_timesteps(params, schedule, schedule.last),
                keep_borders=keep_borders,
            )
        )
    return Plan(params=params, schedule=schedule, steps=(*steps, *_fill(params, space, schedule, steps)))


def _sets(params: SamplingParams, space: Space[Any, ViewT]) -> Sequence[ViewSet[ViewT]]:
    """What is drawn in turn: each set of disjoint views, or the union of all where views may overlap."""
    return space.view_sets if params.non_overlapping else [tuple(view for part in space.view_sets for view in part)]


def _turns(sets: Sequence[ViewSet[ViewT]], count: int) -> list[ViewSet[ViewT]]:
    """The sets in turn, `count` of them."""
    return [tuple(sets[k % len(sets)]) for k in range(count)]


def _from_noise(
    params: SamplingParams, space: Space[Any, ViewT], turns: Sequence[ViewSet[ViewT]], refine: bool
) -> list[tuple[bool, ...]]:
    """Per step and view, whether it starts from pure noise.

    In the warm-up that is every view of which anything is unseen; a set that the step before has covered starts from there.
    After it, and until each set has had its turn, it is a view that is still more than half unseen.
    """
    drawn: dict[ViewT, None] = {}
    starts: list[tuple[bool, ...]] = []
    for k, views in enumerate(turns):
        limit = UNSEEN_TOLERANCE if k < params.warmup else UNSEEN_SHARE
        if (refine and k >= params.warmup) or all(view in drawn for view in views):
            starts.append((False,) * len(views))
        else:
            starts.append(tuple(share > limit for share in space.unseen_share(views, tuple(drawn))))
        drawn.update(dict.fromkeys(views))
    return starts


def _fill(
    params: SamplingParams, space: Space[Any, ViewT], schedule: Schedule, before: Sequence[PlannedStep[ViewT]]
) -> Iterable[PlannedStep[ViewT]]:
    """Steps over what the views of `before` never see, which keep what those have made."""
    if not space.fill_sets or not params.fill_steps:
        return
    turns = _turns(space.fill_sets, max(params.fill_steps, len(space.fill_sets)))
    drawn = dict.fromkeys(view for step in before for view in step.views)
    times = map(schedule.from_paper_time, paper_times(params.t_start, params.t_stop, len(turns)))
    for k, (t, views) in enumerate(zip(times, turns, strict=True)):
        shares = space.unseen_share(views, tuple(drawn))
        drawn.update(dict.fromkeys(views))
        yield PlannedStep(
            index=len(before) + k,
            t=t,
            views=views,
            scale=1.0,
            from_noise=tuple(share > UNSEEN_SHARE for share in shares),
            timesteps=_timesteps(params, schedule, t),
            noise_timesteps=_timesteps(params, schedule, schedule.last),
            fill=True,
        )


def _timesteps(params: SamplingParams, schedule: Schedule, t: int) -> tuple[int, ...]:
    """Where a solve from t calls the denoiser; once where the estimate is Tweedie's formula alone."""
    if not params.multi_step:
        return (t,)
    return tuple(schedule.solve_timesteps(t, params.ode_steps, params.ode_grid))
