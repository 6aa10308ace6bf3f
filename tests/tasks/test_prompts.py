"""What views add to a prompt, also when the prompt is too long for the model."""

from __future__ import annotations

import pytest

from engine.prompts import place_of, prompts_by_label, suffixes
from engine.protocol.kinds import KINDS, PITCH_SUFFIXES
from engine.spaces.plane import window_sets
from engine.spaces.views import mesh_views, panorama_views


@pytest.mark.parametrize("prompt", ["a meadow", "a room interior", "joy"])
def test_every_label_of_the_views_has_a_suffix(prompt):
    for plan in ("auto", "paper"):
        for kind, views in (("panorama", panorama_views(plan)), ("texture", mesh_views(plan))):
            labels = {view.label for each in (*views.view_sets, *views.fill_sets) for view in each}
            assert set(suffixes(KINDS[kind], prompt, {})) == labels
    assert set(suffixes(KINDS["plane"], prompt, {})) == {view.label for each in window_sets(100, 20, 20) for view in each}


@pytest.mark.parametrize(
    "place, prompts",
    [
        (
            "outdoors",
            [
                "desert dunes at sunset",
                "An alpine MEADOW",
                "Coastal cliff at sunset, waves crashing on rugged rocks.",
                "a village with houses in falling snow",
            ],
        ),
        ("indoors", ["a cosy living room", "Kitchen", "a spaceship interior"]),
        (
            "",
            [
                "an underwater reef",
                "the ocean floor",
                "a cave by the sea",
                "under  the sea",
                "a living room with a view of the sea",
                "outer space",
                "above the clouds",
                "joy",
                "a subway tunnel under the city",
            ],
        ),
    ],
)
def test_pitch_words_fit_the_place(place, prompts):
    """No sky indoors, under water or in a cave; nothing of either where the prompt leaves it open."""
    for prompt in prompts:
        assert place_of(prompt) == place, prompt
        up, down = (suffixes(KINDS["panorama"], prompt, {})[label] for label in ("up", "down"))
        assert ("sky" in up, "ground" in down) == (place == "outdoors",) * 2
        assert ("ceiling" in up, "floor" in down) == (place == "indoors",) * 2


def test_the_artists_own_words_override_ours():
    own = suffixes(KINDS["panorama"], "a meadow", {"up": " a glass dome ", "down": ""})
    assert own["up"] == ", a glass dome" and own["down"] == PITCH_SUFFIXES["outdoors"]["down"] and own["horizon"] == ""


def test_only_the_front_says_front():
    """Cameras at 45 degrees that say "front view" paint a second face."""
    assert [label for label, text in suffixes(KINDS["texture"], "x", {}).items() if text == ", front view"] == ["front"]
    assert len(set(suffixes(KINDS["texture"], "x", {}).values())) == len(KINDS["texture"].suffixes[""])


def test_a_prompt_that_fits_is_left_as_it_is():
    suffix = suffixes(KINDS["panorama"], "a meadow", {})
    prompts = prompts_by_label(" two  spaces ", suffix, lambda text: True)
    assert prompts["horizon"] == "two  spaces" and prompts["up"] == "two  spaces" + suffix["up"]


def test_a_long_prompt_gives_way_to_its_suffix():
    def ten_words(text: str) -> bool:
        return len(text.split()) <= 10

    suffix = suffixes(KINDS["panorama"], "a meadow", {})
    prompts = prompts_by_label("one two three four five six seven eight nine ten eleven", suffix, ten_words)
    assert all(ten_words(text) for text in prompts.values())
    assert prompts["up"] == "one two three four five, looking up at the sky"
    assert prompts["horizon"].startswith("one two three four five six")


def test_a_suffix_that_never_fits_leaves_a_word():
    assert prompts_by_label("rusty iron", suffixes(KINDS["texture"], "x", {}), lambda text: False)["front"] == "rusty, front view"
