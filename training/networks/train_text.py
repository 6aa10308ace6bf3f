"""Train the text encoder to classify the facts of a caption: `python -m training.networks.train_text --data FOLDER --minutes 3`.

The diffusion model then starts from embeddings that already separate the meanings of words in any order, instead of having to
learn them from the denoising loss. FOLDER/text_encoder.pt is the result; later stages keep it frozen.
"""

from __future__ import annotations

import argparse
import time
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
from .common import save

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


def train(data: Path, minutes: float, seed: int, batch: int, rate: float, device: torch.device) -> None:
    """Train for `minutes` on captions worded as needed, and write text_encoder.pt."""
    torch.manual_seed(seed)
    random = Random(seed)
    tokenizer = build_tokenizer(data / "tokenizer")
    classifier = FactClassifier(build_text_encoder(tokenizer)).to(device)
    optimiser = torch.optim.AdamW(classifier.parameters(), lr=rate, weight_decay=0.01)
    started, step, shown = time.monotonic(), 0, 0.0
    while (part := (time.monotonic() - started) / (minutes * 60)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 50) * (1 - 0.98 * part)
        facts = [random_facts(random) for _ in range(batch)]
        wanted = {key: numbers.to(device) for key, numbers in labels(facts).items()}
        logits = classifier(tokenize(tokenizer, [caption(fact, random) for fact in facts]).to(device))
        loss = sum(F.cross_entropy(logits[key], wanted[key]) for key in CLASSES)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(classifier.parameters(), 1.0)
        optimiser.step()
        step += 1
        if time.monotonic() - shown > 20:
            shown = time.monotonic()
            right = {key: float((logits[key].argmax(-1) == wanted[key]).float().mean()) for key in CLASSES}
            shares = " ".join(f"{key} {share:.2f}" for key, share in right.items())
            print(f"part {part:.2f} step {step} loss {loss.item():.3f} {shares}", flush=True)
    save(classifier.cpu().text_encoder.state_dict(), data / "text_encoder.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(arguments.data, arguments.minutes, arguments.seed, arguments.batch, arguments.rate, torch.device(arguments.device))


if __name__ == "__main__":
    main()
