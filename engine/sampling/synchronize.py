"""StochSync (Algorithm 4) and its relatives, as one loop.

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
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ..contracts import Canvas, Denoiser, LatentCodec, Space
from ..protocol.params import SamplingParams
from .denoise import Keep, denoise
from .plan import PlannedStep, blank_pixels, guidance_at, plan
from .schedule import Schedule


class InnerStep(NamedTuple):
    """After every call of the denoiser: the moment to notice a cancel."""

    outer: int
    outer_total: int
    index: int  # calls made in this outer step, 1..total
    total: int  # calls in this outer step, over all its chunks of views
    t: int
    x0_hat: Tensor  # [b, C, h, w] the estimate of the chunk at work: where NaN or flat results show first
    forwards: int  # network forwards since the start


class OuterStep(NamedTuple):
    """After every unprojection: the moment for a preview."""

    index: int
    total: int
    t: int
    canvas: Canvas
    forwards: int


class _Chunk(NamedTuple):
    """Views that are solved together: all fresh or none."""

    members: list[int]  # indices into the step's views
    timesteps: tuple[int, ...]
    fresh: bool


def synchronize(
    space: Space,
    codec: LatentCodec,
    denoiser: Denoiser,
    params: SamplingParams,
    *,
    seed: int,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    batch_views: int = 0,  # views in one call of the denoiser; 0: all of them
    canvas: Canvas | None = None,  # where to start; with warmup = 0 this refines it
) -> Iterator[InnerStep | OuterStep]:
    """Make a canvas that looks right from every view; the canvas of the last OuterStep is the result.

    Same arguments, same bytes; a view's noise depends on (seed, step, view) alone, never on how views are batched.
    Closing the generator between two events stops all further work.
    """
    schedule = Schedule(denoiser.alpha_bar)
    steps = plan(params, space, schedule, canvas)
    canvas = canvas if canvas is not None else space.blank()
    eps_of_view: dict[int, Tensor] = {}  # carried over only where stochasticity is 0 (Algorithm 2); else stays empty
    forwards_before = denoiser.forwards

    for step in steps:  # line 8; line 9 chose the views
        projections = _project(space, canvas, step)  # line 11
        condition = space.condition(step.views)
        masks = space.seam_mask(step.views) if step.blend else None
        chunks = _chunks(step, batch_views)
        calls, total = 0, sum(len(chunk.timesteps) for chunk in chunks)
        images: list[Tensor] = [projections[i] for i in range(len(step.views))]
        for chunk in chunks:
            members = chunk.members
            noise = _noise(seed, step.index, members, codec.latent_shape).to(device, dtype)
            if chunk.fresh:
                x_t, keep = noise, None  # line 3
            else:
                generators = [_generator(seed, "encode", step.index, i) for i in members]
                clean = codec.encode(projections[members].to(device, dtype), generators)
                eps = torch.stack([eps_of_view.get(i, drawn) for i, drawn in zip(members, noise, strict=True)])
                x_t = _next_noisy(schedule, clean, eps, chunk.timesteps[0], params.max_stochasticity)  # line 13
                keep = Keep(clean, eps, _shrink(masks[members], clean).to(device, dtype)) if step.blend else None
            solve = denoise(
                denoiser, schedule, x_t, chunk.timesteps, [step.views[i] for i in members],
                None if condition is None else condition[members].to(device, dtype),
                guidance=lambda t: guidance_at(params, t),
                solver="ddim" if keep is not None else params.solver,
                keep=keep,
            )
            for estimate in solve:  # lines 5 and 14
                if estimate.index == 0 and not params.max_stochasticity:
                    eps_of_view.update(zip(members, estimate.eps, strict=True))
                calls += 1
                yield InnerStep(step.index, len(steps), calls, total, estimate.t, estimate.x0_hat,
                                denoiser.forwards - forwards_before)
            for i, image in zip(members, codec.decode(estimate.x0_hat), strict=True):
                images[i] = image.to(canvas.z)
        canvas = space.unproject(  # lines 7 and 16
            canvas, step.views, torch.stack(images), average=not params.non_overlapping
        )
        yield OuterStep(step.index, len(steps), step.t, canvas, denoiser.forwards - forwards_before)


def _next_noisy(schedule: Schedule, clean: Tensor, eps: Tensor, t: int, max_stochasticity: bool) -> Tensor:
    """x_{t-1} ~ N(mu_sigma(x_0|t, eps_t), sigma^2 I): Eq. 6 with sigma at its maximum and eps drawn anew, or Eq. 5
    with sigma = 0 and eps the view's own estimate of the step before."""
    if max_stochasticity:
        sigma = schedule.sigma_max(t)
        return schedule.mu(clean, eps, t, sigma) + sigma * eps
    return schedule.mu(clean, eps, t)


def _project(space: Space, canvas: Canvas, step: PlannedStep) -> Tensor:
    """[B, 3, h, w]; pixels that look at blank texels take the mean colour of what else their view sees."""
    images = space.project(canvas, step.views)
    if not step.partial:
        return images
    blank, _ = blank_pixels(space, canvas, step.views)
    known = (~blank).to(images)
    mean = (images * known).sum(dim=(2, 3), keepdim=True) / known.sum(dim=(2, 3), keepdim=True).clamp(min=1)
    return torch.where(blank, mean, images)


def _chunks(step: PlannedStep, batch_views: int) -> list[_Chunk]:
    """The step's views, at most `batch_views` together, those that start from noise apart from those that do not."""
    chunks = []
    for fresh, timesteps in ((True, step.fresh_timesteps), (False, step.timesteps)):
        members = [i for i, new in enumerate(step.fresh) if new == fresh]
        size = batch_views or max(len(members), 1)
        chunks += [_Chunk(members[i:i + size], timesteps, fresh) for i in range(0, len(members), size)]
    return chunks


def _shrink(mask: Tensor, latents: Tensor) -> Tensor:
    """Seam mask at latent size: a latent is interior only as far as all its pixels are (min-pooling)."""
    return -torch.nn.functional.adaptive_max_pool2d(-mask, latents.shape[-2:])


def _noise(seed: int, step: int, members: list[int], shape: tuple[int, int, int]) -> Tensor:
    """N(0, 1) per view, [b, C, h, w] float32; drawn on the CPU, so that every device gets the same numbers."""
    return torch.stack([torch.randn(shape, generator=_generator(seed, "noise", step, i)) for i in members])


def _generator(seed: int, purpose: str, step: int, view: int) -> torch.Generator:
    """A CPU generator that depends on exactly these four."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{step}/{view}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:4], "little"))  # Mersenne Twister takes 32 bits
