"""Prompts to embeddings, and what of a prompt the model cannot hear."""
from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from ..protocol.messages import Notice
from .layout import read_json
from .rewriting import Lexicon, load_lexicon

FILLERS = frozenset("a an the of with and in on at to by for from is are its it as".split())
"""Words that carry no picture: nobody needs to hear that these are unknown."""


def tokenize(tokenizer, prompts: Sequence[str]):
    """Token ids [N, L] and their mask, padded and cut to the model's length."""
    return tokenizer(list(prompts), padding="max_length", max_length=tokenizer.model_max_length, truncation=True,
                     return_tensors="pt")


def embed(tokenizer, text_encoder, prompts: Sequence[str]) -> Tensor:
    """Text embeddings [N, L, D] of the prompts: the encoder's last hidden state, as Stable Diffusion was trained with."""
    tokens = tokenize(tokenizer, prompts)
    mask = tokens.attention_mask.to(text_encoder.device) if getattr(text_encoder.config, "use_attention_mask", False) else None
    with torch.inference_mode():
        return text_encoder(tokens.input_ids.to(text_encoder.device), attention_mask=mask)[0]


def cut_off(tokenizer, prompt: str) -> str:
    """The end of `prompt` that does not fit into the model's length; "" when all of it does."""
    ids = tokenizer(prompt, truncation=False, verbose=False).input_ids
    room = tokenizer.model_max_length
    return tokenizer.decode(ids[room - 1:-1]).strip() if len(ids) > room else ""


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
    return Vocabulary(frozenset(listed["words"]), MappingProxyType(listed.get("nearest", {})),
                      load_lexicon(folder, listed))


def unknown_words(prompt: str, vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """The words of `prompt` outside `vocabulary`, each with the nearest inside it, by meaning or else by spelling, or ""."""
    if not vocabulary.words:
        return []
    words = dict.fromkeys(re.findall(r"[^\W\d_]+", prompt.lower()))
    strange = [word for word in words if word not in vocabulary.words and word not in FILLERS]
    return [(word, vocabulary.nearest.get(word) or alike(word, vocabulary.words)) for word in strange]


def alike(word: str, known: Iterable[str]) -> str:
    """The known word that is spelt most like `word`, "" when none is."""
    return "".join(difflib.get_close_matches(word, sorted(known), n=1))


def prompt_notices(tokenizer, vocabulary: Vocabulary, prompts: Iterable[str]) -> tuple[Notice, ...]:
    """One notice per thing in `prompts` that the model will not heed."""
    notices = []
    for prompt in dict.fromkeys(prompts):
        lost = cut_off(tokenizer, prompt)
        if lost:
            notices.append(Notice("prompt_cut", tokens=tokenizer.model_max_length, lost=lost))
    strange = dict(pair for prompt in prompts for pair in unknown_words(prompt, vocabulary))
    if strange:
        notices.append(Notice("words_unknown", words=", ".join(f"\"{word}\"" for word in strange)))
        nearest = [f"\"{word}\" → \"{near}\"" for word, near in strange.items() if near]
        if nearest:
            notices.append(Notice("words_nearest", pairs=", ".join(nearest)))
    return tuple(dict.fromkeys(notices))
