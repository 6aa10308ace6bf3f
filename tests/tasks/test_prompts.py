"""What views add to a prompt, also when the prompt is too long for the model."""
from __future__ import annotations

from engine.prompts import PANORAMA_SUFFIX, SUFFIXES, prompts_by_label
from engine.spaces.views import MESH_LABELS, PANORAMA_LABELS


def test_every_label_of_the_views_has_a_suffix():
    assert set(SUFFIXES["panorama"]) == set(PANORAMA_LABELS)
    assert set(SUFFIXES["texture"]) == set(MESH_LABELS)


def test_a_prompt_that_fits_is_left_as_it_is():
    prompts = prompts_by_label("panorama", " two  spaces ", lambda text: True)
    assert prompts["horizon"] == "two  spaces" and prompts["up"] == "two  spaces" + PANORAMA_SUFFIX["up"]


def test_a_long_prompt_gives_way_to_its_suffix():
    def ten_words(text: str) -> bool:
        return len(text.split()) <= 10

    prompts = prompts_by_label("panorama", "one two three four five six seven eight nine ten eleven", ten_words)
    assert all(ten_words(text) for text in prompts.values())
    assert prompts["up"] == "one two three four five, looking up at the sky"
    assert prompts["horizon"].startswith("one two three four five six")


def test_a_suffix_that_never_fits_leaves_a_word():
    assert prompts_by_label("texture", "rusty iron", lambda text: False)["front"] == "rusty, front view"
