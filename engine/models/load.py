"""From a model's name to a checkpoint in memory, by its family; the last one is kept for the next job."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import NamedTuple, Protocol

import torch

from ..contracts import Denoiser, LatentCodec, MadeSchedule, ScheduleMaker
from ..protocol.messages import Notice
from ..protocol.params import EngineParams
from .catalog import ModelEntry, locate, models_root
from .device import device_for, dtype_named
from .families import sd
from .hub import Download, obtain
from .vocabulary import Vocabulary


class Checkpoint(Protocol):
    """A loaded model of any family."""

    name: str
    device: torch.device
    dtype: torch.dtype  # of the networks that denoise
    view_resolution: int  # pixels, of the views that it was made for
    vocabulary: Vocabulary  # what it was trained on

    @property
    def codec(self) -> LatentCodec:
        """For views of every size that the networks take."""

    def denoiser(self, prompts: Mapping[str, str], negative_prompt: str = "", *, controlnet_scale: float = 1.0) -> Denoiser:
        """A denoiser for one job. prompts: the full prompt of each view label."""

    def schedule(self, make: ScheduleMaker[MadeSchedule]) -> MadeSchedule:
        """The path that it was trained on, as one of `make`'s."""

    def fits_context(self, prompt: str) -> bool:
        """Whether the text encoder reads `prompt` to its end."""

    def notices(self, prompts: list[str]) -> tuple[Notice, ...]:
        """What of the prompts has no effect."""

    def raise_precision(self) -> Notice | None:
        """After a broken picture: the next higher precision, and what to tell the artist; None when there is none left."""

    def free(self) -> None:
        """Give its memory back; it cannot be used afterwards."""


FAMILIES: dict[str, Callable[..., Checkpoint]] = {"sd": sd.load_checkpoint}
"""By ModelEntry.family: (folder, ControlNet folder or None, *, device, dtype, compile, batch_views, name) -> Checkpoint."""


class Loaded(NamedTuple):
    """A checkpoint in memory, and what the catalogue says of it."""

    entry: ModelEntry
    checkpoint: Checkpoint


class ModelCache:
    """The last checkpoint used, kept loaded for the next job."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] | None = None
        self._loaded: Loaded | None = None

    def load(self, model: str, options: EngineParams, *, depth: bool) -> Generator[Download, None, Loaded]:
        """Load `model`, a name of the catalogue or a folder, with its ControlNet if `depth`; what is loaded already is returned.

        Yields Download while anything is fetched. The checkpoint before is freed first: two rarely fit. ModelUnavailable,
        OutOfMemory, DiskFull, InvalidParameter.

        Everything large has been imported by the end of it: from then on Python collects garbage, which is off at the start, and
        passes over all objects that exist by then. To look through these took a quarter of a second, twice in a first job.
        """
        device = device_for(options.device)
        key = (model, depth, replace(options, device=str(device), online=False))
        try:
            if self._loaded is None or key != self._key:
                located = locate(model, models_root(options.models_folder))
                yield from obtain(located, depth=depth, online=options.online)
                self.free()
                checkpoint = FAMILIES[located.entry.family](
                    located.folder,
                    located.controlnet if depth else None,
                    device=device,
                    dtype=dtype_named(options.precision),
                    compile=options.compile,
                    batch_views=options.batch_views,
                    name=model,
                )
                self._key, self._loaded = key, Loaded(located.entry, checkpoint)
            return self._loaded
        finally:
            if not gc.isenabled():  # of a process that has just started; later there are canvases that must not stay for good
                gc.freeze()
                gc.enable()

    def free(self) -> None:
        """Give the memory of what is kept back."""
        if self._loaded is not None:
            self._loaded.checkpoint.free()
            self._key = self._loaded = None
            gc.unfreeze()  # see load
            gc.collect()
