"""What Algorithm 4 will do, step by step, known before the first call of the denoiser: views, timesteps, cost."""
from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..contracts import Canvas, Space
from ..protocol.params import SamplingParams
from .schedule import Schedule

BLANK_SHARE = 0.5  # a view more than half blank has too little to start from: it starts from noise
SEEN_TOLERANCE = 1e-3  # of a pixel's weight on blank texels: bilinear weights that round to this are no blank


class PlannedStep(NamedTuple):
    """One outer step (lines 8 to 16 of Algorithm 4)."""

    index: int
    t: int  # noise level from which the views that start from the canvas are solved
    views: tuple
    fresh: tuple[bool, ...]  # per view: starts from pure noise at T-1 and ignores the canvas (lines 3 to 5)
    partial: bool  # some view that starts from the canvas sees blank texels
    timesteps: tuple[int, ...]  # of a solve that starts from the canvas
    fresh_timesteps: tuple[int, ...]  # of a solve that starts from pure noise
    blend: bool  # the solve keeps the borders of what is there


def plan(params: SamplingParams, space: Space, schedule: Schedule, canvas: Canvas | None = None) -> list[PlannedStep]:
    """Every outer step. `canvas` is where the loop starts (default: blank, where no view has anything to start from).

    Warm-up: in the first `warmup` steps every view starts from pure noise. After it, and until each view set has had
    its turn, a view that is still more than half blank does so too: thus it lasts until what the views see is covered.
    This depends on geometry alone, so it is found by a dry run through the space, without the model.
    """
    seen = canvas if canvas is not None else space.blank()
    every_view = tuple(view for view_set in space.view_sets for view in view_set)
    cycle = len(space.view_sets) if params.non_overlapping else 1
    fresh_timesteps = _solve_timesteps(params, schedule, schedule.last)
    steps = []
    for k, t in enumerate(schedule.outer_timesteps(params.t_start, params.t_stop, params.outer_steps)):
        views = tuple(space.view_sets[k % cycle]) if params.non_overlapping else every_view
        blank = [0.0] * len(views)
        if params.warmup < cycle and k < cycle and not bool((seen.best > 0).all()):
            blank = blank_pixels(space, seen, views)[1]
            seen = space.unproject(seen, views, space.project(seen, views), average=not params.non_overlapping)
        fresh = tuple(k < params.warmup or share > BLANK_SHARE for share in blank)
        partial = any(share > 0 and not new for share, new in zip(blank, fresh, strict=True))
        blend = params.multi_step and k >= params.outer_steps - params.blend_steps
        if blend:
            t = schedule.clamp(2 * t)  # more of the interior is made anew than the outer schedule would
            timesteps = schedule.solve_timesteps(t, max(params.ode_steps, params.blend_min_ode_steps), "linear")
        else:
            timesteps = _solve_timesteps(params, schedule, t)
        steps.append(PlannedStep(k, t, views, fresh, partial, tuple(timesteps), tuple(fresh_timesteps), blend))
    return steps


def planned_forwards(params: SamplingParams, space: Space, alpha_bar: Tensor, canvas: Canvas | None = None) -> int:
    """Network forwards (NFE, per view and guidance branch) that `synchronize` will run with the same arguments."""
    return count_forwards(params, plan(params, space, Schedule(alpha_bar), canvas))


def count_forwards(params: SamplingParams, steps: list[PlannedStep]) -> int:
    """Network forwards of these steps: two per call and view where guidance is on, else one."""
    return sum(
        2 if guidance_at(params, t) > 1 else 1
        for step in steps
        for fresh in step.fresh
        for t in (step.fresh_timesteps if fresh else step.timesteps)
    )


def guidance_at(params: SamplingParams, t: int) -> float:
    """The guidance scale inside the guidance interval; 1, the conditional branch alone, outside it."""
    return params.guidance if params.guidance_t_min <= t <= params.guidance_t_max else 1.0


def blank_pixels(space: Space, canvas: Canvas, views: tuple) -> tuple[Tensor, list[float]]:
    """(pixels [B, 1, h, w] bool that look at texels never seen, the share of each view's canvas pixels that they are).

    Pixels of the background, which no texel moves, are neither: they cancel in the differences.
    """
    ones, seen = torch.ones_like(canvas.z), torch.ones_like(canvas.best)  # seen: a space may paint over blank texels
    full = space.project(Canvas(ones, seen), views)
    empty = space.project(Canvas(torch.zeros_like(ones), seen), views)
    known = space.project(Canvas((canvas.best > 0).to(ones).expand_as(ones).contiguous(), seen), views)
    canvas_pixels = (full - empty).amax(dim=1, keepdim=True) > SEEN_TOLERANCE
    blank = (full - known).amax(dim=1, keepdim=True) > SEEN_TOLERANCE
    shares = blank.sum(dim=(1, 2, 3)) / canvas_pixels.sum(dim=(1, 2, 3)).clamp(min=1)
    return blank, shares.tolist()


def _solve_timesteps(params: SamplingParams, schedule: Schedule, t: int) -> list[int]:
    if not params.multi_step:
        return [schedule.clamp(t)]  # Tweedie's formula alone
    return schedule.solve_timesteps(t, params.ode_steps, params.ode_grid)
