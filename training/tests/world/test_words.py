"""The hand-made lists and rules behind words.tsv name concepts that exist, and the shipped table contains their entries."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.world import vocabulary
from training.world.words import facets, places, rules, surfaces

TABLE = Path(__file__).resolve().parents[3] / "engine" / "models" / "builtin" / "words.tsv"
MATERIALS = {name: noun.ways for name, noun in vocabulary.MATERIALS.items()}
LISTS = {
    "place": (places.NAMES, places.HINTS, rules.PLACE_NAMES, rules.PLACE_HINTS),
    "surface": (surfaces.NAMES, surfaces.HINTS, rules.SURFACE_NAMES, rules.SURFACE_HINTS),
}
KNOWN = {"place": vocabulary.SCENES, "surface": MATERIALS}


@pytest.mark.parametrize("kind", LISTS)
def test_every_list_of_concepts_ends_in_one_that_the_vocabulary_has(kind):
    """The last choice must hold for the smallest vocabulary; a misspelt name would lose its words."""
    chains = {chain for lists in LISTS[kind] for chain in lists if chain != rules.NOTHING}
    assert {chain.split("/")[-1] for chain in chains} <= set(KNOWN[kind])


@pytest.mark.parametrize("kind", LISTS)
def test_every_concept_of_the_vocabulary_can_be_reached_by_a_name(kind):
    """A place or material that is added to the vocabulary needs words that lead to it: its own name counts as a list's choice."""
    choices = {choice for chain in LISTS[kind][0] for choice in chain.split("/")}
    for concept, ways in KNOWN[kind].items():
        names = {concept, *(way.removeprefix("a ").removeprefix("an ").removeprefix("the ") for way in ways)}
        assert names & choices, f"no list of training/words leads to {concept!r}"


def test_facets_are_those_of_the_vocabulary():
    assert list(facets.COLOURS) == list(vocabulary.COLOURS) and set(facets.MODIFIERS) == set(vocabulary.MODIFIERS)
    assert set(facets.TIMES) == set(vocabulary.TIMES) and set(facets.WEATHERS) == set(vocabulary.WEATHERS)


@pytest.mark.parametrize("kind", LISTS)
def test_the_shipped_table_holds_the_lists_made_by_hand(kind):
    """Otherwise `python -m training.world.words.make` was forgotten after a change of a list."""
    held = {
        tuple(line.split("\t")[:3]): set(line.rstrip("\n").split("\t")[3].split("|"))
        for line in TABLE.read_text(encoding="utf-8").splitlines()
    }
    for sureness, lists in (("4", LISTS[kind][0]), ("2", LISTS[kind][1])):
        for chain, text in lists.items():
            words = {" ".join(one.split()) for one in text.split(",")}
            plain = {one for one in words if one.replace(" ", "").isalpha()}
            assert plain <= held[kind, chain, sureness], chain
