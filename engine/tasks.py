"""The use case: a job folder in, a result in the same folder out. Read this file to know what the engine does.

`run_job` is a generator of messages: whoever iterates reports them; whoever closes it has cancelled, between two denoiser
calls, and nothing half-written stays behind.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

from .canonical import Request, SpaceCache, size_notices
from .contracts import Canvas, Denoiser, LatentCodec, Space, ViewT
from .io.images import save_png
from .io.meter import Meter, MeteredCodec, MeteredDenoiser, MeteredSpace
from .io.report import Outcome, Report, stages_of, write_report
from .models.load import ModelCache
from .progress import Tracker, downloading
from .prompts import in_own_words, negative_for, prompts_of
from .protocol.errors import BadResult
from .protocol.job import load_job
from .protocol.messages import Message, Phase, Progress, Result
from .sampling.plan import Plan, plan
from .sampling.schedule import Schedule
from .sampling.synchronize import OuterStep, synchronize


def run_job(folder: Path, models: ModelCache, spaces: SpaceCache) -> Generator[Message, None, None]:
    """Do the job in `folder`; yields Progress and Preview, at last Result. Raises EngineError for whatever goes wrong."""
    job, name, started = load_job(folder), folder.name, time.perf_counter()

    yield Progress(job=name, phase=Phase.LOADING, step=0, total=1)
    entry, checkpoint = yield from downloading(name, models.load(job.params.model, job.engine, depth=job.row.has_depth))
    sampling, meter = job.sampling or entry.sampling(job.row, job.params.preset), Meter(checkpoint.device)
    meter.seconds["load"] = time.perf_counter() - started
    job, rewritten = in_own_words(job, checkpoint.vocabulary)
    prompts = prompts_of(job, checkpoint.fits_context)
    negative, dropped = negative_for(job, checkpoint.vocabulary)
    notices = [*rewritten, *checkpoint.notices([job.params.prompt]), *dropped]

    yield Progress(job=name, phase=Phase.PREPARING, step=0, total=1)
    with meter.phase("geometry"):
        resolution = sampling.view_resolution or checkpoint.view_resolution
        space = spaces.get(
            Request(
                job=job,
                folder=folder,
                views=sampling.views,
                view_resolution=resolution,
                device=checkpoint.device,
                depth_floor=entry.depth_floor,
            )
        )
        steps = plan(sampling, space, checkpoint.schedule(Schedule))
    notices += [*space.notices, *size_notices(job, space)]

    while True:
        try:
            denoiser = checkpoint.denoiser(prompts, negative, controlnet_scale=entry.controlnet_scale)
            tracker = Tracker(name, folder, steps, meter.peak_memory)
            parts = MeteredSpace(space, meter), MeteredCodec(checkpoint.codec, meter), MeteredDenoiser(denoiser, meter)
            outcome = yield from sample(steps, *parts, job.params.seed, tracker, meter)
            break
        except BadResult:
            raised = checkpoint.raise_precision()
            if raised is None:
                raise
            notices.append(raised)

    yield Progress(job=name, phase=Phase.WRITING, step=0, total=1)
    with meter.phase("write"):
        result = save_png(folder / "result.png", outcome.z)
    meter.seconds["total"] = time.perf_counter() - started
    write_report(
        folder,
        Report(
            kind=job.kind,
            model=checkpoint.name,
            device=str(checkpoint.device),
            dtype=str(checkpoint.dtype).removeprefix("torch."),
            sampling=sampling,
            stages=stages_of(steps, resolution),
            planned_nfe=steps.nfe,
            nfe=outcome.nfe,
            coverage=outcome.coverage,
            coverage_before_fill=outcome.coverage_before_fill,
            peak_memory=meter.peak_memory(),
            seconds=dict(meter.seconds),
            notices=tuple(notices),
        ),
    )
    yield Result(job=name, path=str(result.resolve()), notices=tuple(notices))


def sample(
    steps: Plan[ViewT],
    space: Space[Canvas, ViewT],
    codec: LatentCodec,
    denoiser: Denoiser,
    seed: int,
    tracker: Tracker,
    meter: Meter,
) -> Generator[Message, None, Outcome]:
    """Run StochSync, reporting as it goes. BadResult when the canvas is NaN or one flat colour."""
    seen = 0.0
    for event in synchronize(steps, space, codec, denoiser, seed=seed):
        yield tracker.progress(event)
        if isinstance(event, OuterStep):
            canvas = event.canvas
            if event.index == steps.main_steps - 1:
                seen = space.coverage(canvas)
            with meter.phase("preview"):
                previews = tracker.previews(event, space)
            yield from previews
    yield tracker.finishing()
    outcome = Outcome(space.fill_and_pad(canvas), denoiser.nfe, space.coverage(canvas), seen)
    outcome.refuse_broken()
    return outcome
