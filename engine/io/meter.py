"""Where the time and the memory of a job go: the figures of report.json."""

from __future__ import annotations

import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, Protocol, Self

import torch
from torch import Tensor

from ..contracts import Canvas, Denoiser, LatentCodec, Space, View, ViewSet, ViewT


class Event(Protocol):
    """A mark in a device's queue of work, as torch.cuda.Event."""

    def record(self) -> None: ...

    def query(self) -> bool:
        """Whether the device has come past it; does not wait."""

    def synchronize(self) -> None:
        """Wait until the device has come past it."""

    def elapsed_time(self, end: Self, /) -> float:
        """Milliseconds from this mark to `end`, both passed."""


class Meter:
    """Seconds per phase.

    A GPU works through a queue, so that a call has returned long before its kernels have run. There a phase is timed by
    two marks in the queue, and nobody waits for them before the figures are read: the phases add up to the time of the queue.
    """

    def __init__(self, device: torch.device, event: Callable[[], Event] | None = None) -> None:
        """event: makes a mark; None: CUDA's on CUDA, and elsewhere none: calls return when they are done."""
        self.device = device
        if event is None and device.type == "cuda":
            event = _cuda_event
        self._event = event
        self._seconds: dict[str, float] = defaultdict(float)
        self._pending: deque[tuple[str, Event, Event]] = deque()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time spent inside to phase `name`."""
        if self._event is None:
            start = time.perf_counter()
            try:
                yield
            finally:
                self._seconds[name] += time.perf_counter() - start
            return
        begin, end = self._event(), self._event()
        begin.record()
        try:
            yield
        finally:
            end.record()
            self._pending.append((name, begin, end))
            while self._pending and self._pending[0][2].query():
                self._take()

    @property
    def seconds(self) -> dict[str, float]:
        """The seconds of each phase, and of what a caller adds. Waits for the device once, if phases are still under way."""
        if self._pending:
            self._pending[-1][2].synchronize()
        while self._pending:
            self._take()
        return self._seconds

    def _take(self) -> None:
        name, begin, end = self._pending.popleft()
        self._seconds[name] += begin.elapsed_time(end) / 1000

    def peak_memory(self) -> int:
        """Peak bytes: of the device on CUDA, else of this process."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device)
        return peak_process_memory()


def peak_process_memory() -> int:
    """Peak resident bytes of this process; 0 on Windows, where the standard library does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes there, KiB here


def _cuda_event() -> Event:
    return torch.cuda.Event(enable_timing=True)


class MeteredSpace(Generic[Canvas, ViewT]):
    """A Space whose calls are timed."""

    def __init__(self, space: Space[Canvas, ViewT], meter: Meter) -> None:
        self._space, self._meter = space, meter
        self.view_sets: tuple[ViewSet[ViewT], ...] = space.view_sets
        self.fill_sets: tuple[ViewSet[ViewT], ...] = space.fill_sets
        self.view_resolution, self.texels_per_pixel = space.view_resolution, space.texels_per_pixel
        self.notices = space.notices

    def at(self, view_resolution: int) -> MeteredSpace[Canvas, ViewT]:
        with self._meter.phase("geometry"):
            return MeteredSpace(self._space.at(view_resolution), self._meter)

    def blank(self) -> Canvas:
        return self._space.blank()

    def unseen_share(self, views: Sequence[ViewT], drawn: Sequence[ViewT]) -> list[float]:
        with self._meter.phase("geometry"):
            return self._space.unseen_share(views, drawn)

    def project(self, canvas: Canvas, views: Sequence[ViewT], behind: Tensor | None = None) -> Tensor:
        with self._meter.phase("project"):
            return self._space.project(canvas, views, behind)

    def unproject(self, canvas: Canvas, views: Sequence[ViewT], images: Tensor, *, average: bool) -> Canvas:
        with self._meter.phase("unproject"):
            return self._space.unproject(canvas, views, images, average=average)

    def condition(self, views: Sequence[ViewT]) -> Tensor | None:
        with self._meter.phase("geometry"):
            return self._space.condition(views)

    def seam_mask(self, views: Sequence[ViewT]) -> Tensor:
        with self._meter.phase("geometry"):
            return self._space.seam_mask(views)

    def unknown_mask(self, canvas: Canvas, views: Sequence[ViewT]) -> Tensor:
        with self._meter.phase("project"):
            return self._space.unknown_mask(canvas, views)

    def restore(self, canvas: Canvas, known: Canvas) -> Canvas:
        with self._meter.phase("unproject"):
            return self._space.restore(canvas, known)

    def coverage(self, canvas: Canvas) -> float:
        return self._space.coverage(canvas)

    def to_image(self, canvas: Canvas) -> Tensor:
        return self._space.to_image(canvas)

    def fill_and_pad(self, canvas: Canvas) -> Tensor:
        with self._meter.phase("finish"):
            return self._space.fill_and_pad(canvas)


class MeteredCodec:
    """A LatentCodec whose calls are timed."""

    def __init__(self, codec: LatentCodec, meter: Meter) -> None:
        self._codec, self._meter = codec, meter

    def latent_shape(self, view_resolution: int) -> tuple[int, int, int]:
        return self._codec.latent_shape(view_resolution)

    def encode(self, images: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
        with self._meter.phase("encode"):
            return self._codec.encode(images, generators)

    def decode(self, latents: Tensor) -> Tensor:
        with self._meter.phase("decode"):
            return self._codec.decode(latents)


class MeteredDenoiser:
    """A Denoiser whose calls are timed."""

    def __init__(self, denoiser: Denoiser, meter: Meter) -> None:
        self._denoiser, self._meter = denoiser, meter
        self.prediction_type = denoiser.prediction_type

    @property
    def nfe(self) -> int:
        return self._denoiser.nfe

    def __call__(self, x_t: Tensor, t: int, views: Sequence[View], condition: Tensor | None, guidance: float) -> Tensor:
        with self._meter.phase("denoise"):
            return self._denoiser(x_t, t, views, condition, guidance)
