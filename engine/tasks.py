"""The use cases: a job folder in, a result in the same folder out. Read this file to know what the engine does.

`run_job` is a generator of messages: whoever iterates reports them; whoever closes it has cancelled, between two denoiser
calls, and nothing half-written stays behind.
"""
from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from .checkpoints import ModelCache, checkpoint_for, controlnet_scale_for, negative_for, sampling_for
from .contracts import Canvas, Denoiser, LatentCodec, Space
from .images import PREVIEW_WIDTH, THUMBNAIL_WIDTH, save_png
from .meter import Meter, MeteredCodec, MeteredDenoiser, MeteredSpace
from .models.stable_diffusion import Checkpoint
from .prompts import prompts_by_label
from .protocol.errors import BadResult, InvalidMesh
from .protocol.job import Job, load_job, load_mesh
from .protocol.messages import Message, Preview, Progress, Result
from .protocol.params import SamplingParams
from .report import Report, write_report
from .sampling.plan import planned_forwards
from .sampling.synchronize import OuterStep, synchronize
from .spaces.equirect import EquirectSpace
from .spaces.mesh import MeshSpace
from .spaces.rasterize import EmbreeRasterizer, NvdiffrastRasterizer, Rasterizer

FLAT = 1e-3
"""Standard deviation (sRGB 0..1) under which a result is one flat colour: no prompt asks for that, broken fp16 gives it."""


def run_job(folder: Path, cache: ModelCache) -> Iterator[Message]:
    """Do the job in `folder`; yields Progress and Preview, at last Result. Raises EngineError for whatever goes wrong."""
    job = load_job(folder)
    name = folder.name
    started = time.perf_counter()

    yield Progress(job=name, phase="Loading the model", step=0, total=1)
    checkpoint = yield from checkpoint_for(job, name, cache)
    sampling = sampling_for(job)
    meter = Meter(checkpoint.device)
    meter.seconds["load"] = time.perf_counter() - started
    prompts = prompts_by_label(job.kind, job.params.prompt, checkpoint.reads_whole)
    negative, caution = negative_for(job, checkpoint)
    warnings = [*checkpoint.warnings([job.params.prompt]), *filter(None, [caution])]

    yield Progress(job=name, phase="Preparing the views", step=0, total=1)
    with meter.phase("geometry"):
        stages = stages_for(job, folder, checkpoint, sampling, meter)

    while True:
        try:
            denoiser = checkpoint.denoiser(prompts, negative, controlnet_scale=controlnet_scale_for(job))
            outcome = yield from sample(name, folder, stages, MeteredDenoiser(denoiser, meter), job.params.seed, meter)
            break
        except BadResult:
            if checkpoint.dtype == torch.float32:
                raise
            warnings.append("The model gave a broken picture in half precision; it was run again in full precision.")
            checkpoint.to_fp32()

    yield Progress(job=name, phase="Writing the result", step=0, total=1)
    with meter.phase("write"):
        save_png(folder / "thumbnail.png", outcome.z, width=THUMBNAIL_WIDTH)
        result = save_png(folder / "result.png", outcome.z)
    meter.seconds["total"] = time.perf_counter() - started
    write_report(folder, Report(kind=job.kind, model=checkpoint.name, device=str(checkpoint.device),
                                dtype=str(checkpoint.dtype).removeprefix("torch."), sampling=sampling,
                                forwards=outcome.forwards, coverage=outcome.coverage, peak_memory=meter.peak_memory(),
                                seconds=dict(meter.seconds), warnings=tuple(warnings)))
    yield Result(job=name, path=str(result.resolve()), warnings=tuple(warnings))


def space_for(job: Job, folder: Path, view_resolution: int, device: torch.device) -> EquirectSpace | MeshSpace:
    """The canonical space that `job` asks for."""
    if job.kind == "panorama":
        return EquirectSpace(job.params.width, view_resolution, device)
    mesh = load_mesh(folder)
    try:
        return MeshSpace(mesh.vertices, mesh.faces, mesh.uv, job.params.size, view_resolution, device,
                         occluders=(mesh.occluder_vertices, mesh.occluder_faces), rasterizer=rasterizer_for(device))
    except ValueError as error:
        raise InvalidMesh(str(error), fix="unwrap") from error


def rasterizer_for(device: torch.device) -> type[Rasterizer]:
    """Embree; nvdiffrast on a CUDA device, if the user has installed it (its licence is for research only)."""
    return NvdiffrastRasterizer if device.type == "cuda" and NvdiffrastRasterizer.available() else EmbreeRasterizer


class Stage(NamedTuple):
    """Outer steps that share one view size."""

    space: Space
    codec: LatentCodec
    sampling: SamplingParams
    work: float  # cost of one forward, in forwards at full size


def stages_for(job: Job, folder: Path, checkpoint: Checkpoint, sampling: SamplingParams, meter: Meter) -> list[Stage]:
    """One stage; or two, the first on views of half the size, when `sampling` has coarse steps."""
    def stage(part: Checkpoint, settings: SamplingParams, work: float) -> Stage:
        space = space_for(job, folder, part.view_resolution, part.device)
        return Stage(MeteredSpace(space, meter), MeteredCodec(part.codec, meter), settings, work)

    if not sampling.coarse_steps:
        return [stage(checkpoint, sampling, 1.0)]
    coarse, fine = split_coarse(sampling)
    return [stage(checkpoint.at_half_size(), coarse, 0.25), stage(checkpoint, fine, 1.0)]


def split_coarse(sampling: SamplingParams) -> tuple[SamplingParams, SamplingParams]:
    """The coarse and the fine outer steps of `sampling`, which together visit the same timesteps."""
    steps, coarse = sampling.outer_steps, sampling.coarse_steps
    t = int(sampling.t_start + (sampling.t_stop - sampling.t_start) * coarse / steps)
    return (replace(sampling, coarse_steps=0, outer_steps=coarse, t_stop=t, blend_steps=0),
            replace(sampling, coarse_steps=0, outer_steps=steps - coarse, t_start=t, warmup=0))


class Outcome(NamedTuple):
    """A finished canvas and what it took."""

    z: Tensor  # [3, H, W] sRGB 0..1
    forwards: int
    coverage: float


def sample(name: str, folder: Path, stages: list[Stage], denoiser: Denoiser, seed: int,
           meter: Meter) -> Generator[Message, None, Outcome]:
    """Run StochSync, reporting as it goes. BadResult when the canvas is NaN or one flat colour."""
    canvas = stages[0].space.blank()
    seen = Canvas(canvas.z, torch.ones_like(canvas.best))
    costs = [stage.work * planned_forwards(stage.sampling, stage.space, denoiser.alpha_bar, seen if number else None)
             for number, stage in enumerate(stages)]
    total, before, began = round(sum(costs)), 0.0, time.perf_counter()
    for number, (stage, cost) in enumerate(zip(stages, costs, strict=True)):
        first = denoiser.forwards
        for step in synchronize(stage.space, stage.codec, denoiser, stage.sampling, seed=seed, device=meter.device,
                                canvas=canvas if number else None):
            done = before + stage.work * (denoiser.forwards - first)
            eta = max((time.perf_counter() - began) / done * (total - done), 0.0)
            yield Progress(job=name, phase="Generating", step=min(round(done), total), total=total, eta=eta,
                           memory=meter.peak_memory())
            if isinstance(step, OuterStep):
                canvas = step.canvas
                with meter.phase("preview"):
                    preview = save_png(folder / "preview.png", canvas.z, width=PREVIEW_WIDTH)
                yield Preview(job=name, path=str(preview.resolve()))
        before += cost
    yield Progress(job=name, phase="Filling and padding", step=total, total=total, eta=0.0, memory=meter.peak_memory())
    space = stages[-1].space
    z = space.finish(canvas)
    refuse_broken(z)
    return Outcome(z, denoiser.forwards, space.coverage(canvas))


def refuse_broken(z: Tensor) -> None:
    """BadResult for a canvas that is NaN or one flat colour, which half precision gives on some cards."""
    if not torch.isfinite(z).all():
        raise BadResult("The model gave no picture: its numbers overflowed (NaN).")
    if float(z.std()) < FLAT:
        raise BadResult("The model gave one flat colour instead of a picture.")
