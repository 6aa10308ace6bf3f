"""Reads WordNet 3.0's own files (`data.noun`, `index.noun`, `data.adj`, …): lemmas, glosses and hypernyms.

WordNet 3.0, copyright 2006 by Princeton University, may be used, copied and changed for any purpose; Debian ships it as
`wordnet-base`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ABOVE = ("@", "@i")  # "is a kind of", "is an instance of"
VISIBLE = (5, 6, 13, 15, 17, 19, 20, 27)
"""Lexicographer files, by the numbers of lexnames(5WN), of nouns that have a look of their own: animal, artifact, food, location,
object, phenomenon, plant, substance."""


class Synset(NamedTuple):
    """One meaning."""

    offset: int
    file: int  # lexicographer file
    lemmas: tuple[str, ...]  # words, lower case, spaces between those of a phrase
    proper: bool  # whether the first lemma is written with a capital
    above: tuple[int, ...]  # offsets of what it is a kind or an instance of
    gloss: str  # definition without examples


class WordNet:
    """One part of speech ("noun", "adj") of the database in `folder`."""

    def __init__(self, folder: Path, part: str) -> None:
        self.synsets = {synset.offset: synset for synset in _read_data(folder / f"data.{part}")}
        self._senses = dict(_read_index(folder / f"index.{part}"))
        self._lines: dict[int, dict[int, int]] = {}

    def senses(self, lemma: str) -> tuple[int, ...]:
        """Offsets of the meanings of `lemma`, the commonest first; none where it is not listed."""
        return self._senses.get(lemma, ())

    def first_senses(self) -> Iterator[tuple[str, Synset]]:
        """Every lemma with its commonest meaning, in alphabetical order."""
        for lemma in sorted(self._senses):
            yield lemma, self.synsets[self._senses[lemma][0]]

    def root(self, name: str) -> int:
        """Offset of a meaning that a rule names. KeyError when absent.

        "palm#3" is the third meaning of its lemma; "lake" the first that can be seen, or the first where none can.
        """
        lemma, _, number = name.partition("#")
        found = self.senses(lemma)
        if len(found) < int(number or 1):
            raise KeyError(f"WordNet has no meaning {name!r}")
        if number:
            return found[int(number) - 1]
        return next((one for one in found if self.synsets[one].file in VISIBLE), found[0])

    def distances(self, offset: int) -> dict[int, int]:
        """Everything that meaning `offset` is a kind of, itself included, with the fewest steps up to it."""
        if offset not in self._lines:
            found, border, steps = {offset: 0}, [offset], 0
            while border:
                steps += 1
                border = [up for low in border for up in self.synsets[low].above if up not in found]
                found |= dict.fromkeys(border, steps)
            self._lines[offset] = found
        return self._lines[offset]


def _read_data(file: Path) -> Iterator[Synset]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):  # the licence
            continue
        facts, _, gloss = line.partition(" | ")
        fields = facts.split()
        count = int(fields[3], 16)
        written = [re.sub(r"\(\w+\)$", "", fields[4 + 2 * k]) for k in range(count)]  # "galore(ip)": a syntactic marker
        pointers = fields[5 + 2 * count :]
        above = tuple(int(pointers[k + 1]) for k in range(0, 4 * int(fields[4 + 2 * count]), 4) if pointers[k] in ABOVE)
        yield Synset(
            int(fields[0]),
            int(fields[1]),
            tuple(one.replace("_", " ").lower() for one in written),
            written[0][0].isupper(),
            above,
            gloss.split('; "')[0].strip(),
        )


def _read_index(file: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("  "):
            fields = line.split()
            yield fields[0].replace("_", " "), tuple(int(one) for one in fields[-int(fields[2]) :])
