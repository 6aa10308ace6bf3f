"""Train the text encoder to classify the facts of a caption: `python -m training.networks.train_text --data FOLDER --minutes 3`.

The diffusion model then starts from embeddings that already separate the meanings of words in any order, instead of having to
learn them from the denoising loss. FOLDER/text_encoder.pt is the result, which later stages keep frozen; FOLDER/text_state.pt
resumes.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..world.captions import KINDS, Facts, caption, random_facts
from ..world.vocabulary import COLOURS, LOOKS, MATERIALS, MODIFIERS, SCENES, TIMES, VIEWS, WEATHERS
from .architecture import TEXT_WIDTH, build_text_encoder, build_tokenizer
from .cache import tokenize
from .common import ProcessGroup, TrainingState, add_training_options, gradient_step, learning_rate, linear_decay, save

CLASSES: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    **{
        key: ("", *table)
        for key, table in (
            ("noun", MATERIALS), ("colour", COLOURS), ("modifier", MODIFIERS), ("scene", SCENES),
            ("time", TIMES), ("weather", WEATHERS), ("look", LOOKS), ("view", VIEWS),
        )
    },
}  # fmt: skip


class FactClassifier(nn.Module):
    """The text encoder with one linear head a fact."""

    def __init__(self, text_encoder: nn.Module) -> None:
        super().__init__()
        self.text_encoder = text_encoder
        self.heads = nn.ModuleDict({key: nn.Linear(2 * TEXT_WIDTH, len(names)) for key, names in CLASSES.items()})

    def forward(self, tokens: Tensor) -> dict[str, Tensor]:
        """Token ids [B, 32] -> logits [B, classes] of each fact."""
        hidden = self.text_encoder(tokens).last_hidden_state
        pooled = torch.cat([hidden.mean(1), hidden[:, -1]], -1)
        return {key: head(pooled) for key, head in self.heads.items()}


def labels(facts: list[Facts]) -> dict[str, Tensor]:
    """Class indices [B] of each fact."""
    rows = [asdict(fact) for fact in facts]
    return {key: torch.tensor([names.index(row[key]) for row in rows]) for key, names in CLASSES.items()}


def train(data: Path, minutes: float, seed: int, batch: int, peak_rate: float, device: torch.device) -> None:
    """Train until `minutes` have been spent in all, earlier runs included, on captions made for each step; save."""
    torch.manual_seed(seed)
    tokenizer = build_tokenizer(data / "tokenizer")
    classifier = FactClassifier(build_text_encoder(tokenizer)).to(device)
    optimiser = torch.optim.AdamW(classifier.parameters(), lr=peak_rate, weight_decay=0.01)
    alone = ProcessGroup(1, 0)
    state = TrainingState(data / "text_state.pt", minutes, {"model": classifier, "optimiser": optimiser}, device, alone)
    random = Random(seed + state.step)
    while (share := state.share()) < 1:
        facts = [random_facts(random) for _ in range(batch)]
        wanted = {key: numbers.to(device) for key, numbers in labels(facts).items()}
        logits = classifier(tokenize(tokenizer, [caption(fact, random) for fact in facts]).to(device))
        loss = sum(F.cross_entropy(logits[key], wanted[key]) for key in CLASSES)
        rate = learning_rate(peak_rate, state.step, share, warm_up=50, floor=0.02, decay=linear_decay)
        gradient_step(loss, classifier, optimiser, rate, alone)
        if state.advance({"loss": loss}):
            right = {key: float((logits[key].argmax(-1) == wanted[key]).float().mean()) for key in CLASSES}
            state.report(" ".join(f"{key} {share:.2f}" for key, share in right.items()))
            state.save()
    state.save()
    save(classifier.cpu().text_encoder.state_dict(), data / "text_encoder.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_training_options(parser, minutes=3, threads=1)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1e-3)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(arguments.data, arguments.minutes, arguments.seed, arguments.batch, arguments.rate, torch.device(arguments.device))


if __name__ == "__main__":
    main()
