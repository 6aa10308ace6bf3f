"""Tells Blender the words of every language in `languages`, so that its interface shows them and `words.translate` finds them."""

from __future__ import annotations

import bpy

from . import languages
from .preferences import ROOT_PACKAGE

CONTEXTS = ("*", "Operator")
"""Blender looks the labels of operators up in a context of their own, and everything else in the general one."""


def table() -> dict[str, dict[tuple[str, str], str]]:
    """What bpy.app.translations takes: language -> (context, English text) -> text."""
    return {
        name: {(context, text): words for text, words in texts.items() for context in CONTEXTS}
        for name, texts in languages.load().items()
    }


def register() -> None:
    """Make the languages known to Blender."""
    bpy.app.translations.register(ROOT_PACKAGE, table())


def unregister() -> None:
    """The reverse."""
    bpy.app.translations.unregister(ROOT_PACKAGE)
