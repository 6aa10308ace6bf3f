"""Where the engine lives and where it computes: Edit > Preferences > Add-ons > StochSync.

Blender evaluates property annotations itself: no postponed annotations in this module.
"""

import os
from dataclasses import fields
from pathlib import Path
from typing import cast

import bpy

from ...engine.protocol.environment import ENGINE_ENVIRONMENT, PYTHON_VARIABLE, python_of
from ...engine.protocol.params import EngineParams
from .properties import enum_labels

ROOT_PACKAGE = __package__.rsplit(".", 2)[0]
SOURCE = Path(__file__).resolve().parents[2]
TIPS = {f.name: f.metadata for f in fields(EngineParams)}


class StochSyncPreferences(bpy.types.AddonPreferences):
    """Settings of this machine, not of the picture."""

    bl_idname = ROOT_PACKAGE

    engine_root: bpy.props.StringProperty(
        name="Engine Folder",
        subtype="DIR_PATH",
        default="",
        description="Folder for the engine, models and jobs (about 2 GB, more with models); empty: Blender's own user folder",
    )
    engine_python: bpy.props.StringProperty(
        name="Engine Python",
        subtype="FILE_PATH",
        default="",
        description="Python of an engine environment you made yourself; empty: the one in the engine folder",
    )
    models_folder: bpy.props.StringProperty(
        name=TIPS["models_folder"]["label"], subtype="DIR_PATH", default="", description=TIPS["models_folder"]["tip"]
    )
    device: bpy.props.EnumProperty(
        name=TIPS["device"]["label"],
        description=TIPS["device"]["tip"],
        default="auto",
        items=enum_labels(TIPS["device"]["choices"]),
    )

    def draw(self, context):
        """Blender calls this inside its own add-on page."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "engine_root", placeholder="Blender's user folder")
        layout.prop(self, "models_folder", placeholder="Inside the engine folder")
        layout.prop(self, "device")
        layout.prop(self, "engine_python", placeholder="Inside the engine folder")
        row = layout.row()
        row.operator("stochsync.install_engine", icon="IMPORT")
        row.operator("stochsync.free_memory", icon="TRASH")
        if not engine_installed():
            layout.label(text="The engine is not installed yet.", icon="INFO")


def preferences() -> StochSyncPreferences:
    """The add-on's preferences."""
    return cast(StochSyncPreferences, bpy.context.preferences.addons[ROOT_PACKAGE].preferences)


def root_folder() -> Path:
    """Where the engine, its models and the jobs are kept."""
    chosen = preferences().engine_root
    if chosen:
        return Path(bpy.path.abspath(chosen))
    return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, create=True))


def engine_python() -> Path:
    """The engine's own Python, whether it is there or not."""
    chosen = os.environ.get(PYTHON_VARIABLE, "") or preferences().engine_python
    if chosen:
        return Path(bpy.path.abspath(chosen))
    return python_of(root_folder() / ENGINE_ENVIRONMENT)


def engine_installed() -> bool:
    """Whether the engine's Python is there; cheap enough to be asked while drawing."""
    return engine_python().is_file()


def engine_params() -> EngineParams:
    """Where and how the engine computes, for job.json; downloads only where Blender allows online access."""
    chosen = preferences()
    folder = bpy.path.abspath(chosen.models_folder) if chosen.models_folder else ""
    return EngineParams(device=chosen.device, online=bool(bpy.app.online_access), models_folder=folder)
