"""What Blender itself shows of the add-on, by its RNA, is in every language; and Blender takes the tables."""

from __future__ import annotations

from types import SimpleNamespace

import bpy
import pytest


@pytest.fixture
def texts(part):
    return part("ui.languages").load()


def rna_words(owner) -> set[str]:
    """Names and tooltips of a class's own properties and of the values they may have."""
    words = set()
    inherited = {
        one.identifier
        for base in (bpy.types.PropertyGroup, bpy.types.AddonPreferences, bpy.types.Operator)
        for one in base.bl_rna.properties
    }
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
    shown |= {one.__doc__ for one in classes if issubclass(one, bpy.types.Operator)}
    for language, words in texts.items():
        assert not shown - set(words), language


def test_the_tables_have_the_form_that_blender_takes(part):
    """The wheels are built without languages, so that here nothing can be looked up in them."""
    table = part("ui.translations").table()["de"]
    assert table["Operator", "Generate Texture"] == table["*", "Generate Texture"] == "Textur erzeugen"
    assert all(isinstance(text, str) for pair in table for text in pair)


def test_what_the_add_on_words_itself_speaks_the_language(part, protocol, monkeypatch, tmp_path):
    german = part("ui.languages").load()["de"]
    translations = SimpleNamespace(pgettext_iface=lambda text: german.get(text, text))
    blender = SimpleNamespace(app=SimpleNamespace(translations=translations))
    monkeypatch.setattr(part("ui.words"), "bpy", blender)
    job = part("pending_job").PendingJob(kind="texture", folder=tmp_path, scene="Scene", target="Cube")
    assert job.label == "Textur von Cube"
    assert part("ui.words").words_of(protocol("errors").DiskFull("disk_full")).startswith("Der Datenträger ist voll.")
    assert part("ui.words").words_of(protocol("messages").Notice("drawn_as", prompt="granite")) == "Gezeichnet als: granite."
    bpy.data.objects["Cube"].select_set(False)
    assert part("ui.drawing").target_text(bpy.context) == ("Ein Mesh auswählen", "ERROR")
    session = part("session").current()
    session.job, session.state = job, part("client.job_state").begin("job")
    assert session.headline == "Textur von Cube: Engine wird gestartet (0 %)"
    session.job = None
