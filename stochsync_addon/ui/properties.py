"""The panel's settings (`scene.stochsync`), built from the parameter dataclasses of the protocol: no default lives here.

Only what is Blender's own business (lock, kind, strength, rotation) is declared in this file.
"""

import random
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import bpy

from ...engine.protocol.kinds import KINDS
from ...engine.protocol.model_labels import MODEL_LABELS
from ...engine.protocol.params import JobParams
from ..kinds import IN_BLENDER
from ..scene import world

SPELLING = {"cpu": "CPU", "cuda": "NVIDIA GPU (CUDA)", "mps": "Apple GPU (Metal)"}


def enum_labels(choices: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Items of an EnumProperty."""
    return [(choice, SPELLING.get(choice, choice.capitalize()), "") for choice in choices]


def search_models(owner: bpy.types.ID, context: bpy.types.Context, typed: str) -> list[tuple[str, str]]:
    """Suggestions for the Model field."""
    return [(name, label) for name, label in MODEL_LABELS.items() if typed.lower() in f"{name} {label}".lower()]


def round_to(name: str, multiple: int) -> Callable[[bpy.types.PropertyGroup, bpy.types.Context], None]:
    """An update function that moves the integer property `name` to the nearest multiple."""

    def update(owner: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
        rounded = round(getattr(owner, name) / multiple) * multiple
        if rounded != getattr(owner, name):
            setattr(owner, name, rounded)

    return update


def property_of(cls: type, name: str, own_name: str) -> Any:
    """The Blender property for field `name` of the dataclass `cls`, known as `own_name` in the panel."""
    f = next(one for one in fields(cls) if one.name == name)
    meta, kind = f.metadata, type(f.default)
    common = {"name": meta["label"], "description": meta["tip"], "default": f.default}
    if meta["choices"]:
        return bpy.props.EnumProperty(items=enum_labels(meta["choices"]), **common)
    if kind is int:
        if meta["multiple"] > 1:
            common["update"] = round_to(own_name, meta["multiple"])
        if meta["unit"]:
            common["subtype"] = meta["unit"]
        return bpy.props.IntProperty(min=meta["low"], max=meta["high"], step=meta["multiple"], **common)
    if name == "model":
        common |= {"search": search_models, "search_options": {"SUGGESTION"}}
    return bpy.props.StringProperty(**common)


def follow_strength(owner, context):
    """Show a changed strength at once, where the World is ours."""
    if world.is_own(owner.id_data.world):
        world.set_strength(owner.id_data.world, owner.panorama_strength)


def follow_rotation(owner, context):
    """Show a changed rotation at once, where the World is ours."""
    if world.is_own(owner.id_data.world):
        world.set_rotation(owner.id_data.world, owner.panorama_rotation)


class StochSyncSettings(bpy.types.PropertyGroup):
    """What the artist asks for."""

    kind: bpy.props.EnumProperty(
        name="Make",
        default=next(iter(IN_BLENDER)),
        items=[(name, KINDS[name].label, KINDS[name].tip, own.icon, i) for i, (name, own) in enumerate(IN_BLENDER.items())],
    )
    seed_lock: bpy.props.BoolProperty(
        name="Lock Seed", default=False, description="Keep this seed; unlocked, every run draws a new one and shows it here"
    )
    panorama_strength: bpy.props.FloatProperty(
        name="Strength",
        default=world.DEFAULT_STRENGTH,
        min=0.0,
        soft_max=10.0,
        update=follow_strength,
        description="Brightness of the World's Background; until you set it, that of the World before is kept",
    )
    panorama_rotation: bpy.props.FloatProperty(
        name="Rotation (degrees)",
        default=0.0,
        soft_min=-180.0,
        soft_max=180.0,
        step=100,
        precision=1,
        update=follow_rotation,
        description="Degrees by which the surroundings turn about the vertical, anticlockwise seen from above",
    )


for _name, _kind in IN_BLENDER.items():
    for _own, _field in _kind.settings.items():
        StochSyncSettings.__annotations__[_own] = property_of(KINDS[_name].params, _field, _own)


def draw_seed(settings: StochSyncSettings) -> None:
    """Draw a new seed into the panel unless it is locked."""
    if not settings.seed_lock:
        settings.seed = random.SystemRandom().randrange(2**31)


def params_of(kind: str, settings: StochSyncSettings) -> JobParams:
    """What the panel asks of a job of `kind`; InvalidParameter when a value will not do."""
    return KINDS[kind].params(**{name: getattr(settings, own) for own, name in IN_BLENDER[kind].settings.items()})
