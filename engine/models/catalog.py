"""The known checkpoints, as `catalog.toml` lists them, and which of them are on this machine."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ..protocol.environment import ROOT_VARIABLE, models_folder
from ..protocol.errors import InvalidParameter, ModelUnavailable
from ..protocol.kinds import KINDS, JobKind
from ..protocol.params import BUILTIN_MODEL, SamplingParams, from_dict
from .layout import check_controlnet, check_model, disk_bytes, is_model, own_controlnet, read_json

CATALOG_FILE = Path(__file__).with_name("catalog.toml")
BUILTIN_FOLDER = Path(__file__).with_name("builtin")
COMMIT_HASH = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One place on the hub, at one revision."""

    id: str  # "owner/name"
    revision: str
    pinned: bool  # True: the revision is a commit hash

    def __post_init__(self) -> None:
        if self.id.count("/") != 1:
            raise InvalidParameter("catalogue_source", id=repr(self.id))
        if self.pinned != bool(COMMIT_HASH.fullmatch(self.revision)):
            raise InvalidParameter("catalogue_revision", revision=repr(self.revision))


@dataclass(frozen=True, kw_only=True)
class ControlNetEntry:
    """A depth ControlNet and the checkpoints it fits (by the width of their text embeddings)."""

    name: str
    label: str
    licence: str
    sources: tuple[Source, ...]
    files: tuple[str, ...]
    download_gb: float  # 10^9 bytes
    cross_attention_dim: int


@dataclass(frozen=True, kw_only=True)
class ModelEntry:
    """A checkpoint: where it comes from, what it needs, how it is best run."""

    name: str
    label: str
    licence: str
    family: str  # a name of models.load.FAMILIES
    sources: tuple[Source, ...]
    files: tuple[str, ...]
    download_gb: float  # 10^9 bytes
    memory_gb: float  # 10^9 bytes on the GPU
    view_resolution: int  # pixels
    prediction_type: str
    cross_attention_dim: int  # 0: whatever the folder says
    controlnet: str  # name of a ControlNetEntry; "": inside the folder, or none
    controlnet_scale: float
    depth_floor: float  # 0..1: the depth condition at the farthest surface in sight; the background is 0
    guidance: float
    auto: dict[str, SamplingParams]  # by JobKind.tuned_as

    def sampling(self, kind: JobKind, preset: str) -> SamplingParams:
        """The settings that `preset` stands for in a job of `kind` with this model."""
        return self.auto[kind.tuned_as] if preset == "auto" else kind.preset_sampling(preset, guidance=self.guidance)


Entry = TypeVar("Entry", ModelEntry, ControlNetEntry)


class Catalog(NamedTuple):
    models: dict[str, ModelEntry]
    controlnets: dict[str, ControlNetEntry]


@cache
def load_catalog(path: Path = CATALOG_FILE) -> Catalog:
    """The catalogue in `path`. An absent or unknown key, and a pair that does not fit, are InvalidParameter."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    controlnets = {name: _entry(ControlNetEntry, name, table) for name, table in data["controlnet"].items()}
    models = {name: _entry(ModelEntry, name, table) for name, table in data["model"].items()}
    for model in models.values():
        net = controlnets.get(model.controlnet)
        if model.controlnet and (net is None or net.cross_attention_dim != model.cross_attention_dim):
            raise InvalidParameter("catalogue_pair", model=model.name, controlnet=repr(model.controlnet))
    return Catalog(models, controlnets)


def _entry(cls: type[Entry], name: str, table: dict[str, Any]) -> Entry:
    values = dict(table, name=name, sources=tuple(from_dict(Source, s) for s in table["sources"]), files=tuple(table["files"]))
    if cls is ModelEntry:
        values["auto"] = {
            kind: from_dict(SamplingParams, {"guidance": table["guidance"], **settings})
            for kind, settings in table["auto"].items()
        }
        tuned = {kind.tuned_as for kind in KINDS.values()}
        if set(values["auto"]) != tuned:
            raise InvalidParameter("catalogue_presets", model=name, needed=", ".join(sorted(tuned)))
    entry: Entry = from_dict(cls, values)
    for f in fields(cls):
        if f.type == "float" and not isinstance(getattr(entry, f.name), float):
            raise InvalidParameter("catalogue_number", model=name, name=f.name)
    return entry


def entry_for(model: str) -> ModelEntry:
    """The entry named `model`, or the one whose settings suit the checkpoint folder `model`.

    A folder is matched by the width of its text embeddings, so that an SD 1.5 finetune gets SD 1.5's settings and
    ControlNet; one that matches nothing is treated like the built-in checkpoint.
    """
    models = load_catalog().models
    if model in models:
        return models[model]
    folder = Path(model).expanduser()
    if not is_model(folder):
        raise ModelUnavailable("model_unknown", model=repr(model), known=", ".join(models))
    width = read_json(folder / "unet" / "config.json").get("cross_attention_dim")
    matches = [entry for entry in models.values() if entry.cross_attention_dim and entry.cross_attention_dim == width]
    return matches[0] if matches else models[BUILTIN_MODEL]


def models_root(folder: str) -> Path:
    """Where downloaded checkpoints lie: `folder`, or models/ under the installer's root, or under the checkout."""
    if folder:
        return Path(folder).expanduser()
    root = os.environ.get(ROOT_VARIABLE)
    return models_folder(Path(root) if root else Path(__file__).resolve().parents[2] / ".stochsync")


class Located(NamedTuple):
    """What a model's name or path stands for: its entry, and where its parts lie once they are on this machine."""

    name: str  # as it was asked for
    entry: ModelEntry
    folder: Path
    controlnet: Path | None  # inside its folder, or a folder of its own beside it; None: it has none

    @property
    def is_own_folder(self) -> bool:
        """Whether it is a folder of the artist's, or ships with the project: nothing of it can be downloaded."""
        return self.name != self.entry.name or not self.entry.sources


def locate(model: str, models_root: Path) -> Located:
    """Look `model` up, a name of the catalogue or the path of a diffusers folder. ModelUnavailable."""
    entry = entry_for(model)
    if model == BUILTIN_MODEL:
        folder = BUILTIN_FOLDER
    else:
        folder = models_root / model if model == entry.name else Path(model).expanduser()
    beside = models_root / entry.controlnet if entry.controlnet else None
    return Located(model, entry, folder, own_controlnet(folder) or beside)


class ModelStatus(NamedTuple):
    """One line of `python -m engine models`."""

    entry: ModelEntry
    on_disk: bool
    depth: bool  # its depth ControlNet is on disk too
    bytes: int
    problem: str  # why a folder that is there cannot be used; ""


def list_models(models_root: Path) -> list[ModelStatus]:
    """Every known checkpoint and whether it can be used without a download."""
    return [_status(entry, models_root) for entry in load_catalog().models.values()]


def _status(entry: ModelEntry, models_root: Path) -> ModelStatus:
    located = locate(entry.name, models_root)
    folder, net = located.folder, located.controlnet
    if not folder.is_dir():
        return ModelStatus(entry, False, False, 0, "")
    try:
        check_model(folder)
        if net is not None and not net.is_dir():
            net = None
        if net is not None:
            check_controlnet(net)
    except ModelUnavailable as error:
        return ModelStatus(entry, False, False, disk_bytes(folder), error.text)
    size = disk_bytes(folder) + (disk_bytes(net) if net is not None and net.parent != folder else 0)
    return ModelStatus(entry, True, net is not None, size, "")


def describe_models(models_root: Path) -> str:
    """The list of known checkpoints as a table for a terminal."""
    catalog = load_catalog()
    rows = [("name", "on disk", "textures", "download", "GPU memory", "licence", "what it is")]
    for status in list_models(models_root):
        entry = status.entry
        net = catalog.controlnets.get(entry.controlnet)
        download = entry.download_gb + (net.download_gb if net else 0.0)
        here = f"{status.bytes / 1e6:.0f} MB" if status.on_disk else "damaged" if status.problem else "no"
        rows.append(
            (
                entry.name,
                here,
                "yes" if status.depth else "no",
                f"{download:.1f} GB" if download else "-",
                f"{entry.memory_gb:.0f} GB",
                entry.licence,
                entry.label,
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*table, "", f"Downloaded models lie in {models_root}. Any diffusers folder can be given by its path."])
