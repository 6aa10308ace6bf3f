"""Codes and facts -> sentences in Blender's language. The English templates are the protocol's; see translations.py."""
from __future__ import annotations

import bpy

from ...engine.protocol.errors import EngineError
from ...engine.protocol.messages import Notice


def translate(template: str) -> str:
    """`template` in the language of Blender's interface, or as it is where that has no entry."""
    return bpy.app.translations.pgettext_iface(template)


def words_of(told: EngineError | Notice) -> str:
    """What an error or a notice says, in the language of Blender's interface."""
    return told.worded(translate)
