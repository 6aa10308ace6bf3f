"""Codes and facts -> sentences in Blender's language. The English templates are the protocol's; see translations.py."""
from __future__ import annotations

import bpy

from ..engine.protocol.errors import EngineError
from ..engine.protocol.messages import Notice
from ..engine.protocol.wording import NOTICES, fill


def translate(template: str) -> str:
    """`template` in the language of Blender's interface, or as it is where that has no entry."""
    return bpy.app.translations.pgettext_iface(template)


def words_of(told: EngineError | Notice) -> str:
    """What an error or a notice says, in the language of Blender's interface."""
    wording = told.wording if isinstance(told, EngineError) else NOTICES[told.code]
    return fill(translate(wording.template), told.facts)
