"""What a prompt loses on its way into the model is told, and nothing else is."""

from __future__ import annotations

import json

import pytest
import torch
from diffusers import StableDiffusionPipeline

from engine.models.families.sd import embed, load_checkpoint, tokenize, truncated_tail
from engine.models.vocabulary import FILLERS, Vocabulary, load_vocabulary, unknown_words, vocabulary_notices
from engine.protocol.messages import Notice


@pytest.fixture(scope="module")
def checkpoint(tiny_eps):
    return load_checkpoint(tiny_eps)


def test_embeddings_equal_the_pipelines(checkpoint, tiny_eps):
    pipe = StableDiffusionPipeline.from_pretrained(tiny_eps, safety_checker=None)
    prompts = ["a red brick wall", "", "sky " * 100]
    ours = embed(checkpoint.tokenizer, checkpoint.text_encoder, prompts)
    for prompt, mine in zip(prompts, ours, strict=True):
        theirs, _ = pipe.encode_prompt(prompt, "cpu", 1, False)
        assert torch.allclose(mine, theirs[0], atol=1e-5)  # a batch of three sums in another order


def test_exactly_what_does_not_fit_is_named(checkpoint):
    """77 tokens are 75 words between two marks: the 76th word is the first to go."""
    words = ["red"] * 75
    assert truncated_tail(checkpoint.tokenizer, " ".join(words)) == ""
    assert truncated_tail(checkpoint.tokenizer, " ".join([*words, "green", "sky"])) == "green sky"
    kept = tokenize(checkpoint.tokenizer, [" ".join([*words, "green", "sky"])]).input_ids
    assert torch.equal(kept, tokenize(checkpoint.tokenizer, [" ".join(words)]).input_ids)


def test_long_prompt_warns_once(checkpoint):
    long = "red " * 75 + "green"
    (notice,) = checkpoint.notices([long, long])
    assert notice == Notice("prompt_cut", tokens=77, lost="green")
    assert checkpoint.notices({"horizon": "red", "up": "sky"}) == ()


def test_unknown_words_with_the_nearest_known():
    known = Vocabulary(frozenset({"brick", "wall", "red", "forest"}), {"jungle": "forest"})
    assert unknown_words("A RED brick-wall, of the forest!", known) == []
    assert unknown_words("red briks in a Schloß", known) == [("briks", "brick"), ("schloß", "")]
    assert unknown_words("a red jungle", known) == [("jungle", "forest")]
    assert unknown_words("anything goes", Vocabulary()) == []
    assert not {"red", "sky", "ice"} & FILLERS, "short words that do carry a picture"


def test_vocabulary_comes_from_the_folder(checkpoint, tmp_path):
    assert load_vocabulary(tmp_path) == Vocabulary()
    (tmp_path / "vocabulary.json").write_text(json.dumps({"words": ["brick", "red"], "colours": ["red"]}), encoding="utf-8")
    assert load_vocabulary(tmp_path).words == {"brick", "red"}
    (notice,) = vocabulary_notices(load_vocabulary(tmp_path), ["red castle", "a red castle, side"])
    assert notice == Notice("words_unknown", words='"castle", "side"')
    unknown, nearest = vocabulary_notices(Vocabulary(frozenset({"brick"}), {"wall": "brick"}), ["wall, qqq"])
    assert unknown == Notice("words_unknown", words='"wall", "qqq"')
    assert nearest == Notice("words_nearest", pairs='"wall" → "brick"')
