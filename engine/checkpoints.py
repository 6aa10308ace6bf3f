"""From a job to a loaded checkpoint and the settings that suit it; keeps the last one warm."""
from __future__ import annotations

import gc
import os
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import torch

from .models.catalog import entry_for
from .models.hub import Download, resolve
from .models.precision import dtype_named
from .models.rewriting import rewrite
from .models.stable_diffusion import Checkpoint, load_checkpoint
from .models.text import unknown_words
from .protocol.environment import ROOT_VARIABLE, models_folder
from .protocol.errors import InvalidParameter
from .protocol.job import Job
from .protocol.messages import Message, Notice, Phase, Progress
from .protocol.params import DEFAULT_NEGATIVE_PROMPT, SamplingParams


class ModelCache:
    """The last checkpoint used, kept loaded for the next job."""

    def __init__(self) -> None:
        self._key: tuple | None = None
        self._checkpoint: Checkpoint | None = None

    def get(self, key: tuple) -> Checkpoint | None:
        """The checkpoint loaded under `key`, if that is the last one."""
        return self._checkpoint if key == self._key else None

    def put(self, key: tuple, checkpoint: Checkpoint) -> None:
        """Keep `checkpoint`; the one before must have been freed, since two rarely fit."""
        self._key, self._checkpoint = key, checkpoint

    def free(self) -> None:
        """Give the memory of what is kept back."""
        if self._checkpoint is not None:
            self._checkpoint.free()
            self._key = self._checkpoint = None
            gc.unfreeze()  # see checkpoint_for
            gc.collect()


def checkpoint_for(job: Job, name: str, cache: ModelCache) -> Generator[Message, None, Checkpoint]:
    """Load what `job` asks for, or take it warm from `cache`; yields Progress while anything is downloaded.

    Everything large has been imported by the end of it: from then on Python looks for garbage, which the start leaves out,
    and passes over all that is there by then. To look through that took a quarter of a second, twice in a first job.
    """
    device = device_for(job.engine.device)
    depth = job.row.has_depth
    key = (job.params.model, depth, replace(job.engine, device=str(device), online=False))
    try:
        kept = cache.get(key)
        if kept is not None:
            return kept
        located = None
        downloads = resolve(job.params.model, models_root(job.engine.models_folder), depth=depth, online=job.engine.online)
        while located is None:
            try:
                step: Download = next(downloads)
                yield Progress(job=name, phase=Phase.DOWNLOADING, step=step.done, total=max(step.total, 1), detail=step.file)
            except StopIteration as end:
                located = end.value
        cache.free()
        checkpoint = load_checkpoint(
            located.folder, located.controlnet, device=device, dtype=dtype_named(job.engine.precision),
            compile=job.engine.compile, batch_views=job.engine.batch_views, name=job.params.model)
        cache.put(key, checkpoint)
        return checkpoint
    finally:
        if not gc.isenabled():  # of a process that has just started; later there are canvases that must not stay for good
            gc.freeze()
            gc.enable()


def sampling_for(job: Job) -> SamplingParams:
    """The sampling settings of `job`: its own, or what its preset stands for with its model."""
    if job.sampling is not None:
        return job.sampling
    return entry_for(job.params.model).sampling(job.row, job.params.preset)


def in_own_words(job: Job, checkpoint: Checkpoint) -> tuple[Job, tuple[Notice, ...]]:
    """`job` with its prompt in words that `checkpoint` was trained on, and notices that say so.

    There are none when the prompt is as it was: the checkpoint ships no table, or knows all its words.
    """
    prompt, notices = rewrite(job.params.prompt, job.row.concept, checkpoint.vocabulary.lexicon)
    return (replace(job, params=replace(job.params, prompt=prompt)), notices) if notices else (job, ())


def negative_for(job: Job, checkpoint: Checkpoint) -> tuple[str, tuple[Notice, ...]]:
    """The negative prompt to use, and a notice where it is not the one that was asked for.

    A checkpoint with a small vocabulary takes words it was never shown for noise, and guidance away from noise is noise:
    there the words it does not know are dropped, silently only where they are our own default.
    """
    asked = job.params.negative_prompt
    strange = {word for word, _ in unknown_words(asked, checkpoint.vocabulary)}
    if not strange:
        return asked, ()
    kept = ", ".join(part for part in (piece.strip() for piece in asked.split(",")) if not strange & set(part.lower().split()))
    if asked == DEFAULT_NEGATIVE_PROMPT:
        return kept, ()
    return kept, (Notice("negative_shortened", kept=kept, words=", ".join(sorted(strange))),)


def device_for(name: str) -> torch.device:
    """The device called `name`; "auto" is CUDA (or ROCm) where there is one, then Metal, then the CPU."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, here in found.items() if here))
    if not found[name]:
        raise InvalidParameter("device_unusable", device=repr(name), torch=torch.__version__)
    return torch.device(name)


def models_root(folder: str) -> Path:
    """Where downloaded checkpoints lie: `folder`, or models/ under the installer's root, or under the checkout."""
    if folder:
        return Path(folder).expanduser()
    root = os.environ.get(ROOT_VARIABLE)
    return models_folder(Path(root) if root else Path(__file__).resolve().parents[1] / ".stochsync")
