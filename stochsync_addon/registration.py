"""Everything that Blender has to be told when the add-on is switched on, and to forget when it is switched off."""

from __future__ import annotations

import bpy

from . import command_line, session
from .ui import operators, panels, translations
from .ui.preferences import StochSyncPreferences
from .ui.properties import StochSyncSettings

CLASSES = (StochSyncPreferences, StochSyncSettings, *operators.CLASSES, *panels.CLASSES)


def register() -> None:
    """Tell Blender about the languages, the classes, the scene's settings, the command and the session."""
    translations.register()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.stochsync = bpy.props.PointerProperty(type=StochSyncSettings)
    session.register()
    command_line.register()


def unregister() -> None:
    """The reverse; ends the engine, and removes the timer, since Blender crashes at exit over one that is left."""
    command_line.unregister()
    session.unregister()
    del bpy.types.Scene.stochsync
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    translations.unregister()
