"""Where the time and the memory of a job go: the figures of report.json."""
from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from .contracts import Canvas, Denoiser, LatentCodec, Space


class Meter:
    """Seconds per phase. On an accelerator a phase ends only when its kernels have."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time spent inside to phase `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            self.seconds[name] += time.perf_counter() - start

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


class MeteredSpace:
    """A Space whose calls are timed."""

    def __init__(self, space: Space, meter: Meter) -> None:
        self._space, self._meter, self.view_sets = space, meter, space.view_sets

    def blank(self) -> Canvas:
        return self._space.blank()

    def project(self, canvas: Canvas, views: Sequence) -> Tensor:
        with self._meter.phase("project"):
            return self._space.project(canvas, views)

    def unproject(self, canvas: Canvas, views: Sequence, images: Tensor, *, average: bool) -> Canvas:
        with self._meter.phase("unproject"):
            return self._space.unproject(canvas, views, images, average=average)

    def condition(self, views: Sequence) -> Tensor | None:
        with self._meter.phase("geometry"):
            return self._space.condition(views)

    def seam_mask(self, views: Sequence) -> Tensor:
        with self._meter.phase("geometry"):
            return self._space.seam_mask(views)

    def coverage(self, canvas: Canvas) -> float:
        return self._space.coverage(canvas)

    def finish(self, canvas: Canvas) -> Tensor:
        with self._meter.phase("finish"):
            return self._space.finish(canvas)


class MeteredCodec:
    """A LatentCodec whose calls are timed."""

    def __init__(self, codec: LatentCodec, meter: Meter) -> None:
        self._codec, self._meter, self.latent_shape = codec, meter, codec.latent_shape

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
        self.prediction_type, self.alpha_bar = denoiser.prediction_type, denoiser.alpha_bar

    @property
    def forwards(self) -> int:
        return self._denoiser.forwards

    def __call__(self, x_t: Tensor, t: int, views: Sequence, condition: Tensor | None, guidance: float) -> Tensor:
        with self._meter.phase("denoise"):
            return self._denoiser(x_t, t, views, condition, guidance)
