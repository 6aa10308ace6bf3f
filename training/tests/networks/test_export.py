"""The exported vocabulary is that of the captions, and contains all that the shipped weights were trained on."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("diffusers")

from training.networks import export
from training.world import vocabulary


def test_captions_have_lost_no_word_that_the_shipped_weights_know():
    """Captions may have gained words since these weights were trained, never lost any: the next export lists them all."""
    listed = json.loads((export.BUILTIN / "vocabulary.json").read_text())
    assert set(listed["words"]) <= set(vocabulary.all_words())
    assert set(listed["scenes"]) <= set(vocabulary.SCENES) and set(listed["materials"]) <= set(vocabulary.MATERIALS)


def test_what_the_next_export_lists_is_every_word_of_the_captions():
    listed = export.known_words()
    assert listed["words"] == vocabulary.all_words() and list(listed["scenes"]) == list(vocabulary.SCENES)
    assert set(listed["nearest"].values()) <= set(listed["words"])
    assert not set(listed["nearest"]) & set(listed["words"])


@pytest.mark.parametrize("kind", ["texture", "panorama"])
def test_the_good_prompts_of_the_next_export_use_known_words_only(kind):
    """Words are split here as captions are; the engine's tests split those of the shipped folder on their own."""
    listed = export.known_words()
    for prompt in listed["good_prompts"][kind]:
        assert set(vocabulary.words_of(prompt)) <= set(listed["words"]), prompt
