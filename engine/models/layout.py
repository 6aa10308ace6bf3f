"""What a checkpoint folder must hold, checked without torch: cheap enough for lists, exact enough to name the bad file.

A model is a diffusers folder: model_index.json lists its parts, each a folder with its configuration and weights; a depth
ControlNet may lie in controlnet/. A ControlNet is a folder with config.json and its weights.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any, NamedTuple

from ..protocol.errors import ModelUnavailable

UNUSED = ("safety_checker", "feature_extractor", "image_encoder")
"""Parts of diffusers' pipelines that are not loaded here, and so need not be in the folder."""
WEIGHTS_STEMS = {"diffusers": "diffusion_pytorch_model", "transformers": "model"}
CONTROLNET_FOLDER = "controlnet"


class Component(NamedTuple):
    """One part of a pipeline, as model_index.json lists it."""

    name: str  # of its folder, e.g. "unet"
    library: str  # "diffusers" | "transformers"
    cls: str  # e.g. "UNet2DConditionModel"

    @property
    def config(self) -> str:
        """The name of its configuration file."""
        if "Tokenizer" in self.cls:
            return "tokenizer_config.json"
        return "scheduler_config.json" if self.cls.endswith("Scheduler") else "config.json"

    @property
    def weights(self) -> str:
        """The stem of its weights file; "" where it has none."""
        return WEIGHTS_STEMS.get(self.library, "") if self.config == "config.json" else ""


def components(folder: Path) -> dict[str, Component]:
    """The parts that the pipeline in `folder` is made of, by name."""
    listed = read_json(folder / "model_index.json")
    return {
        name: Component(name, *value)
        for name, value in listed.items()
        if name not in UNUSED and isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value)
    }


def is_model(folder: Path) -> bool:
    """Whether `folder` looks like a diffusers checkpoint (it may still be damaged: see check_model)."""
    return (folder / "model_index.json").is_file()


def own_controlnet(folder: Path) -> Path | None:
    """The ControlNet that lies inside a checkpoint folder, as the built-in checkpoint has it."""
    inside = folder / CONTROLNET_FOLDER
    return inside if (inside / "config.json").is_file() else None


def check_model(folder: Path) -> None:
    """ModelUnavailable, naming the file, when anything that loading needs is missing or damaged."""
    if not folder.is_dir():
        raise ModelUnavailable("model_folder_missing", folder=str(folder))
    for part in components(folder).values():
        read_json(folder / part.name / part.config)
        if part.weights:
            check_safetensors(weights_file(folder / part.name, part.weights))
        if "Tokenizer" in part.cls and not (folder / part.name / "tokenizer.json").is_file():
            for name in ("vocab.json", "merges.txt"):  # older checkpoints have the two files that it is made from
                if not (folder / part.name / name).is_file():
                    raise ModelUnavailable("model_file_missing", path=str(folder / part.name / name))


def check_controlnet(folder: Path) -> None:
    """ModelUnavailable, naming the file, when a ControlNet folder is missing or damaged."""
    if not folder.is_dir():
        raise ModelUnavailable("controlnet_folder_missing", folder=str(folder))
    read_json(folder / "config.json")
    check_safetensors(weights_file(folder, "diffusion_pytorch_model"))


def weights_file(folder: Path, stem: str) -> Path:
    """The one safetensors file of a part: full precision when it is there, else half precision."""
    for name in (f"{stem}.safetensors", f"{stem}.fp16.safetensors"):
        if (folder / name).is_file():
            return folder / name
    raise ModelUnavailable("model_file_missing", path=str(folder / f"{stem}.safetensors"))


def variant_of(folder: Path, stem: str) -> str | None:
    """The `variant` that diffusers and transformers want for the file that weights_file finds."""
    return "fp16" if weights_file(folder, stem).name.endswith(".fp16.safetensors") else None


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in `path`; ModelUnavailable when it is missing or damaged."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelUnavailable("model_file_missing", path=str(path)) from None
    except (OSError, ValueError) as error:
        raise ModelUnavailable("model_file_unreadable", path=str(path), reason=str(error)) from error
    if not isinstance(data, dict):
        raise ModelUnavailable("model_file_not_object", path=str(path))
    return data


def check_safetensors(path: Path) -> dict[str, Any]:
    """The header of a safetensors file: 8 bytes of length, JSON with a byte range per tensor, then exactly those bytes.

    A download that was cut off shows here, in microseconds, and not as noise in a picture.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > size - 8:
                raise ModelUnavailable("model_file_cut_off", path=str(path))
            header = json.loads(file.read(length))
        tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
        end = max((entry["data_offsets"][1] for entry in tensors.values()), default=0)
        if size != 8 + length + end:
            raise ModelUnavailable("model_file_size", path=str(path), size=size, wanted=8 + length + end)
    except (OSError, ValueError, struct.error, KeyError, TypeError, AttributeError) as error:
        raise ModelUnavailable("model_file_damaged", path=str(path), reason=str(error)) from error
    return tensors


def parameters_in(path: Path) -> int:
    """How many numbers a safetensors file holds."""
    return sum(math.prod(entry["shape"]) for entry in check_safetensors(path).values())


def disk_bytes(folder: Path) -> int:
    """Bytes of all files under `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
