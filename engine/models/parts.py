"""The parts of a diffusers folder, loaded; whatever is wrong with a file becomes a ModelUnavailable that names it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

from ..protocol.errors import ModelUnavailable, OutOfMemory
from ..protocol.exhaustion import is_out_of_memory
from .layout import variant_of
from .networks import Pretrained

Part = TypeVar("Part")


def load_network(cls: Pretrained, folder: Path, stem: str, device: torch.device, dtype: torch.dtype) -> Any:
    """One network of class `cls`, frozen; every weight must come from the file, or the pictures would be noise."""

    def load() -> tuple[Any, dict[str, Any]]:
        return cls.from_pretrained(
            folder,
            variant=variant_of(folder, stem),
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            dtype=dtype,
        )

    module, info = read_part(folder, load)
    missing = sorted(key for key in info["missing_keys"] if "position_ids" not in key)
    if missing or info.get("mismatched_keys"):
        raise ModelUnavailable(
            "model_weights_strange",
            folder=str(folder),
            count=len(missing),
            first=str(missing[0] if missing else info["mismatched_keys"][0]),
        )
    return read_part(folder, lambda: module.to(device)).eval().requires_grad_(False)


def read_part(folder: Path, load: Callable[[], Part]) -> Part:
    """`load()`, whose many ways to fail on a damaged folder become one."""
    from safetensors import SafetensorError

    try:
        return load()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, SafetensorError) as error:
        if is_out_of_memory(error):
            raise OutOfMemory("memory_to_load", folder=str(folder)) from error
        raise ModelUnavailable("model_part_unloadable", folder=str(folder), reason=str(error)) from error
