"""Codes and facts -> sentences in the language of Blender's interface. English is what the tables of the protocol hold."""

from __future__ import annotations

import bpy

from ...engine.protocol.errors import EngineError
from ...engine.protocol.messages import Notice
from ...engine.protocol.wording import Fact, fill


def translate(template: str) -> str:
    """`template` in the language of Blender's interface, or as it is where that has no entry."""
    return str(bpy.app.translations.pgettext_iface(template))


def say(template: str, **facts: Fact) -> str:
    """`template` in that language, with `facts` in it."""
    return fill(template, facts, translate)


def words_of(told: EngineError | Notice) -> str:
    """What an error or a notice says, in that language."""
    return told.worded(translate)
