"""The words that a small checkpoint was trained on, and what of a prompt is not among them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ..protocol.messages import Notice
from .layout import read_json
from .rewriting import Lexicon, load_lexicon

FILLERS = frozenset("a an the of with and in on at to by for from is are its it as".split())
"""Words without a meaning of their own: not listed as unknown."""


class Vocabulary(NamedTuple):
    """The words that a small checkpoint was trained on; no words: too many to list."""

    words: frozenset[str] = frozenset()
    nearest: Mapping[str, str] = MappingProxyType({})  # what it knows that comes nearest in meaning to a word it does not
    lexicon: Lexicon | None = None  # what other words lead to, for prompts to be rewritten; None: they stay as they are


def load_vocabulary(folder: Path) -> Vocabulary:
    """What vocabulary.json in a checkpoint's folder says; empty where there is none."""
    path = folder / "vocabulary.json"
    if not path.is_file():
        return Vocabulary()
    listed = read_json(path)
    return Vocabulary(frozenset(listed["words"]), MappingProxyType(listed.get("nearest", {})), load_lexicon(folder, listed))


def unknown_words(prompt: str, vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """The words of `prompt` outside `vocabulary`, each with the nearest inside it, by meaning or else by spelling, or ""."""
    if not vocabulary.words:
        return []
    words = dict.fromkeys(re.findall(r"[^\W\d_]+", prompt.lower()))
    unknown = [word for word in words if word not in vocabulary.words and word not in FILLERS]
    return [(word, vocabulary.nearest.get(word) or closest_spelling(word, vocabulary.words)) for word in unknown]


def closest_spelling(word: str, known: Iterable[str]) -> str:
    """The known word that is spelt most like `word`, "" when none is."""
    return "".join(difflib.get_close_matches(word, sorted(known), n=1))


def vocabulary_notices(vocabulary: Vocabulary, prompts: Iterable[str]) -> tuple[Notice, ...]:
    """What to tell the artist of the words of `prompts` that the checkpoint was not trained on."""
    unknown = dict(pair for prompt in prompts for pair in unknown_words(prompt, vocabulary))
    if not unknown:
        return ()
    notices = [Notice("words_unknown", words=", ".join(f'"{word}"' for word in unknown))]
    nearest = [f'"{word}" → "{near}"' for word, near in unknown.items() if near]
    if nearest:
        notices.append(Notice("words_nearest", pairs=", ".join(nearest)))
    return tuple(notices)
