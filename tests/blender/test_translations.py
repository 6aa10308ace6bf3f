"""What Blender itself shows of the add-on, by its RNA, is in every language; and Blender takes the tables."""
from __future__ import annotations

import bpy
import pytest


@pytest.fixture
def texts(part):
    return part("ui.languages").load()


def rna_words(owner) -> set[str]:
    """Names and tooltips of a class's own properties and of the values they may have."""
    words = set()
    inherited = {one.identifier for base in (bpy.types.PropertyGroup, bpy.types.AddonPreferences, bpy.types.Operator)
                 for one in base.bl_rna.properties}
    for one in owner.bl_rna.properties:
        if one.identifier not in inherited:
            words |= {one.name, one.description}
            if one.type == "ENUM":
                words |= {text for item in one.enum_items for text in (item.name, item.description)}
    return words - {""}


def test_every_property_is_in_every_language(part, settings, texts):
    shown = rna_words(settings) | rna_words(part("ui.preferences").preferences())
    assert "Prompt" in shown and "Lock Seed" in shown
    for language, words in texts.items():
        assert not shown - set(words), language


def test_every_button_and_panel_is_in_every_language(part, texts):
    classes = (*part("ui.operators").CLASSES, *part("ui.panels").CLASSES)
    shown = {one.bl_label for one in classes}
    shown |= {one.bl_rna.description for one in classes if issubclass(one, bpy.types.Operator)}
    for language, words in texts.items():
        assert not shown - set(words), language


def test_blender_knows_the_words_while_the_add_on_is_on(part):
    """A second registration under the same name is refused, so the first one is there; the wheels have no languages to show."""
    translations = part("ui.translations")
    with pytest.raises(ValueError):
        translations.register()
    translations.unregister()
    translations.register()
    table = translations.table()["de"]
    assert table["Operator", "Generate Texture"] == table["*", "Generate Texture"] == "Textur erzeugen"
    assert all(isinstance(text, str) for pair in table for text in pair)


