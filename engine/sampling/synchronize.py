"""StochSync (Algorithm 4) and its relatives, as one loop over a plan.

The paper's three ingredients are three fields of SamplingParams; the rows of its Table 2 are their settings:

    row  max_stochasticity  multi_step  non_overlapping
     1         no               no             no          SyncTweedies, Algorithm 2
     2         yes              no             no
     3         no               yes            no
     4         yes              yes            no
     5         yes              no             yes
     6         yes              yes            yes         StochSync, Algorithm 4

Views that overlap (non_overlapping off) are the union of all view sets, every step, averaged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..contracts import Canvas, Denoiser, LatentCodec, Space, ViewT
from .denoise import KnownRegion, denoise
from .plan import Plan, PlannedStep
from .schedule import Schedule


class InnerStep(NamedTuple):
    """After every call of the denoiser: the moment to notice a cancel."""

    outer: int
    outer_total: int
    t: int
    x0_hat: Tensor  # [b, C, h, w] the estimate of the views at work: where NaN or flat results show first
    nfe: int  # network forwards since the start


@dataclass(frozen=True)
class OuterStep(Generic[Canvas]):
    """After every unprojection: the moment for a preview."""

    index: int
    total: int
    t: int
    canvas: Canvas
    nfe: int


class Noisy(NamedTuple):
    """Where a view's solve of the step before started; Algorithm 2 goes on from there."""

    x_t: Tensor  # [C, h, w]
    t: int


def synchronize(
    plan: Plan[ViewT],
    space: Space[Canvas, ViewT],
    codec: LatentCodec,
    denoiser: Denoiser,
    *,
    seed: int,
    canvas: Canvas | None = None,  # where to start; a plan made with refine = True starts from it
) -> Iterator[InnerStep | OuterStep[Canvas]]:
    """Make a canvas that looks right from every view; the canvas of the last OuterStep is the result.

    Same arguments, same bytes; a view's noise depends on (seed, step, view) alone, never on how views are batched.
    Closing the generator between two events stops all further work.
    """
    params, schedule, total, first = plan.params, plan.schedule, len(plan.steps), denoiser.nfe
    canvas = space.blank() if canvas is None else canvas
    known: Canvas | None = None  # what the steps that fill must keep
    noisy: dict[ViewT, Noisy] = {}  # by view; kept only where stochasticity is 0
    pictures: dict[ViewT, Tensor] = {}  # by view, what was decoded last; kept only for the background of a mesh

    for step in plan.steps:  # line 8; line 9 chose the views
        local = space.at(round(space.view_resolution * step.scale))
        if step.fill and known is None:
            known = canvas
        images = local.project(canvas, step.views, _behind(pictures, step.views, local.view_resolution))  # line 11
        condition = local.condition(step.views)
        mask = _mask(step, local, known if step.fill else None)
        decoded: dict[int, Tensor] = {}
        for from_noise, members, timesteps in step.batches():
            views = [step.views[i] for i in members]
            noise = _noise(seed, step.index, members, codec.latent_shape(local.view_resolution)).to(images.device)
            x_t, region = noise, None  # line 3
            if not from_noise or step.fill:
                clean = codec.encode(images[members], [_generator(seed, "encode", step.index, i) for i in members])
                if mask is not None:
                    region = KnownRegion(clean, _at_latent_size(mask[members], clean, step))
                if params.max_stochasticity or from_noise:
                    x_t = schedule.add_noise(clean, noise, timesteps[0])  # line 13 with Eq. 6
                else:
                    x_t = _carry(schedule, noisy, views, clean, noise, timesteps[0])  # Eq. 5
                if region is not None and from_noise:  # only what is known starts on its own noisy track
                    x_t = torch.where(region.mask > 0, noise, x_t)
            solve = denoise(
                denoiser,
                schedule,
                x_t,
                timesteps,
                views,
                None if condition is None else condition[members],
                guidance=plan.guidance,
                solver=params.solver,
                known=region,
            )
            for estimate in solve:  # lines 5 and 14
                yield InnerStep(step.index, total, estimate.t, estimate.x0_hat, denoiser.nfe - first)
            decoded.update(zip(members, codec.decode(estimate.x0_hat), strict=True))
            if not params.max_stochasticity:
                noisy.update((view, Noisy(x, timesteps[0])) for view, x in zip(views, x_t, strict=True))
        images = torch.stack([decoded[i] for i in range(len(step.views))])
        canvas = local.unproject(canvas, step.views, images, average=not params.non_overlapping)  # lines 7 and 16
        if known is not None:
            canvas = local.restore(canvas, known)
        if params.keep_background:
            pictures.update(zip(step.views, images, strict=True))
        yield OuterStep(step.index, total, step.t, canvas, denoiser.nfe - first)


def _carry(schedule: Schedule, noisy: dict[ViewT, Noisy], views: Sequence[ViewT], clean: Tensor, noise: Tensor, t: int) -> Tensor:
    """x_{t-1} of Eq. 5 with sigma = 0: its noise is the one implied by the view's x_t and the synchronised x_0|t (Eq. 3).

    A view that has no x_t yet, because it starts from a given canvas, takes fresh noise.
    """
    implied = [
        schedule.implied_noise(noisy[view].x_t, x0, noisy[view].t) if view in noisy else drawn
        for view, x0, drawn in zip(views, clean, noise, strict=True)
    ]
    return schedule.mu(clean, torch.stack(implied), t)


def _behind(pictures: dict[ViewT, Tensor], views: Sequence[ViewT], view_resolution: int) -> Tensor | None:
    """[B, 3, h, w] the last pictures of these views at this size; None where any of them has none yet."""
    if not all(view in pictures for view in views):
        return None
    size = (view_resolution, view_resolution)
    return torch.stack([F.interpolate(pictures[view][None], size, mode="bilinear", antialias=True)[0] for view in views])


def _mask(step: PlannedStep[ViewT], space: Space[Canvas, ViewT], known: Canvas | None) -> Tensor | None:
    """[B, 1, h, w]: 0 where the step must keep what is there, 1 where it makes everything anew; None: it keeps nothing.

    known: of a step that fills, what it must keep; None: of any other.
    """
    if known is not None:
        return space.unknown_mask(known, step.views)
    return space.seam_mask(step.views) if step.keep_borders else None


def _at_latent_size(mask: Tensor, latents: Tensor, step: PlannedStep[ViewT]) -> Tensor:
    """`mask` at latent size. Borders: a latent is interior as far as all its pixels are. Filling: it is new if any pixel is."""
    size = latents.shape[-2:]
    return F.adaptive_max_pool2d(mask, size) if step.fill else -F.adaptive_max_pool2d(-mask, size)


def _noise(seed: int, step: int, members: list[int], shape: tuple[int, int, int]) -> Tensor:
    """N(0, 1) per view, [b, C, h, w] float32; drawn on the CPU, so that every device gets the same numbers."""
    return torch.stack([torch.randn(shape, generator=_generator(seed, "noise", step, i)) for i in members])


def _generator(seed: int, purpose: str, step: int, view: int) -> torch.Generator:
    """A CPU generator that depends on exactly these four."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{step}/{view}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:4], "little"))  # Mersenne Twister takes 32 bits
