"""Where a running job stands: done of all its work, how long the rest will take, and what it looks like so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

from .contracts import Canvas, Space
from .io.images import PREVIEW_WIDTH, save_jpeg
from .models.hub import Download
from .protocol.messages import Phase, Preview, Progress
from .sampling.plan import Plan
from .sampling.synchronize import InnerStep, OuterStep

Result = TypeVar("Result")
PREVIEW_EVERY = 2  # outer steps


class Tracker:
    """Turns the events of `synchronize` into messages for whoever waits."""

    def __init__(self, job: str, folder: Path, plan: Plan[Any], memory: Callable[[], int]) -> None:
        """job: its name in messages. folder: where previews go. memory: tells the peak memory so far, in bytes."""
        self._job, self._folder, self._plan, self._memory = job, folder, plan, memory
        nfe = [plan.nfe_of(step) for step in plan.steps]
        self._nfe_before = [0, *accumulate(nfe)]
        self._work_before = [0.0, *accumulate(n * step.scale**2 for n, step in zip(nfe, plan.steps, strict=True))]
        self._started = time.perf_counter()

    def progress(self, event: InnerStep | OuterStep[Any]) -> Progress:
        """Work done, in network forwards at full size; the rest is expected to go as fast as what was done."""
        k = event.outer if isinstance(event, InnerStep) else event.index
        done = self._work_before[k] + self._plan.steps[k].scale ** 2 * (event.nfe - self._nfe_before[k])
        elapsed, total = time.perf_counter() - self._started, self._work_before[-1]
        return Progress(
            job=self._job,
            phase=Phase.GENERATING,
            step=min(round(done), round(total)),
            total=round(total),
            eta=max(elapsed / done * (total - done), 0.0),
            memory=self._memory(),
        )

    def finishing(self) -> Progress:
        """All forwards are done; what no view saw is being filled."""
        total = round(self._work_before[-1])
        return Progress(job=self._job, phase=Phase.FILLING, step=total, total=total, eta=0.0, memory=self._memory())

    def previews(self, event: OuterStep[Canvas], space: Space[Canvas, Any]) -> list[Preview]:
        """After every second outer step and the last: the unfinished canvas, written to preview.jpg."""
        if event.index % PREVIEW_EVERY != PREVIEW_EVERY - 1 and event.index != event.total - 1:
            return []
        path = save_jpeg(self._folder / "preview.jpg", space.to_image(event.canvas), width=PREVIEW_WIDTH)
        return [Preview(job=self._job, path=str(path.resolve()))]


def downloading(job: str, downloads: Generator[Download, None, Result]) -> Generator[Progress, None, Result]:
    """The messages of a download for `job`; returns what the download returns."""
    while True:
        try:
            step = next(downloads)
        except StopIteration as end:
            return end.value
        yield Progress(job=job, phase=Phase.DOWNLOADING, step=step.done, total=max(step.total, 1), detail=step.file)
