"""The classifier: one convolutional trunk with a linear head for each of six questions.

A question is one attribute of the facts, its answers are the classes. The input has 128 px (larger pictures are shrunk). The
features, which the Fréchet distance and the diversity use, are the trunk's last layer averaged over the picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...world.vocabulary import COLOURS, MATERIALS, MODIFIERS, SCENES, TIMES, WEATHERS

SIZE = 128
NONE = "none"
QUESTIONS: dict[str, tuple[str, ...]] = {
    "noun": tuple(MATERIALS),
    "colour": tuple(COLOURS),  # no "none": brick has a colour without a colour word too
    "modifier": (NONE, *MODIFIERS),
    "scene": tuple(SCENES),
    "time": tuple(TIMES),
    "weather": tuple(WEATHERS),
}
WIDTHS = (24, 32, 64, 128)  # channels at 64, 32, 16 and 8 px
BLOCKS = (0, 1, 2, 3)  # residual blocks at each


class Residual(nn.Module):
    """Two 3x3 convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, h, w] -> [B, C, h, w]."""
        return F.relu(x + self.inner(x))


class Network(nn.Module):
    """Pictures [B, 3, 128, 128] in -1..1 -> (logits per question [B, K], features [B, 128])."""

    def __init__(self, questions: dict[str, tuple[str, ...]]) -> None:
        super().__init__()
        layers, before = [], 3
        for width, blocks in zip(WIDTHS, BLOCKS, strict=True):
            layers += [nn.Conv2d(before, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            layers += [Residual(width) for _ in range(blocks)]
            before = width
        self.trunk = nn.Sequential(*layers)
        self.heads = nn.ModuleDict({name: nn.Linear(before, len(answers)) for name, answers in questions.items()})

    def forward(self, x: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        features = self.trunk(x).float().mean((2, 3))
        return {name: head(F.dropout(features, 0.1, self.training)) for name, head in self.heads.items()}, features


class Predictions(NamedTuple):
    """The output of the classifier for n pictures."""

    answers: dict[str, list[str]]  # per question, the likeliest answer for each picture
    probabilities: dict[str, np.ndarray]  # per question [n, K]
    features: np.ndarray  # [n, 128] float64


class Classifier:
    """A trained network with the names of its answers."""

    def __init__(self, network: Network, questions: dict[str, tuple[str, ...]]) -> None:
        self.network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.questions = questions

    @classmethod
    def load(cls, file: Path) -> Classifier:
        """The classifier that `training.evaluation.classifier.train` wrote."""
        state = torch.load(file, weights_only=True)
        questions = {name: tuple(answers) for name, answers in state["questions"].items()}
        network = Network(questions)
        network.load_state_dict(state["network"])
        return cls(network, questions)

    @torch.no_grad()
    def predict(self, pictures: np.ndarray, batch: int = 64) -> Predictions:
        """Classify pictures [n, H, W, 3] uint8; H = W, best 128 or a multiple of it; in full precision.

        Logits are averaged with those of the mirror image, which raises the accuracy of nouns by 1 % on held-out pictures.
        """
        logits: dict[str, list[Tensor]] = {name: [] for name in self.questions}
        features = []
        for start in range(0, len(pictures), batch):
            x = network_input(pictures[start : start + batch])
            (answers, seen), (mirrored, seen_mirrored) = self.network(x), self.network(x.flip(-1))
            features.append((seen + seen_mirrored) / 2)
            for name, rows in answers.items():
                logits[name].append((rows + mirrored[name]) / 2)
        probabilities = {name: torch.cat(rows).softmax(-1).double().numpy() for name, rows in logits.items()}
        answers = {name: [self.questions[name][k] for k in rows.argmax(1)] for name, rows in probabilities.items()}
        return Predictions(answers, probabilities, torch.cat(features).double().numpy())


def network_input(pictures: np.ndarray) -> Tensor:
    """[n, H, W, 3] uint8 -> [n, 3, 128, 128] in -1..1, shrunk by area averaging."""
    x = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    if x.shape[-1] != SIZE:
        x = F.adaptive_avg_pool2d(x, SIZE)
    return x.contiguous(memory_format=torch.channels_last)


def parameter_count(module: nn.Module) -> int:
    """The number of its parameters."""
    return sum(p.numel() for p in module.parameters())
