"""The pictures that the classifier is trained and tested on, at half their size."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ...world import dataset
from ...world.captions import KINDS, Facts
from ...world.vocabulary import OPEN_SKY
from .network import NONE, SIZE


class LabelledPictures(NamedTuple):
    """Pictures at half their size, which suffices for the input of the classifier and halves the memory, with their labels."""

    pictures: list[Tensor]  # uint8 [3, h, h], h = 128 or 192
    labels: dict[str, Tensor]  # per question [n] int64, -100 where it does not apply
    facts: list[Facts]

    def __len__(self) -> int:
        return len(self.pictures)


def load_pictures(folder: Path, split: str, questions: dict[str, tuple[str, ...]]) -> LabelledPictures:
    """All of `split` ("train" or "held") in memory: 50 to 110 kB a picture."""
    pictures: list[Tensor] = []
    facts: list[Facts] = []
    for kind in KINDS:
        for name in dataset.shards(folder, split, kind):
            loaded = dataset.load(folder, [name])
            for few in torch.from_numpy(loaded.pictures).split(64):
                pictures += list(F.avg_pool2d(few.permute(0, 3, 1, 2).float(), 2).round().to(torch.uint8))
            facts += loaded.facts
    classes = {name: torch.tensor(labels(facts, name, answers)) for name, answers in questions.items()}
    return LabelledPictures(pictures, classes, facts)


def labels(facts: list[Facts], question: str, answers: tuple[str, ...]) -> list[int]:
    """The index of the right answer for each, -100 where the question does not apply."""
    number = {answer: k for k, answer in enumerate(answers)}
    return [number.get(right_answer(fact, question), -100) for fact in facts]


def right_answer(fact: Facts, question: str) -> str:
    """The right answer; "" where the question does not apply: the sky of a meadow is that of a desert."""
    if question == "scene" and fact.look == "up" and fact.scene in OPEN_SKY:
        return ""
    if question == "modifier" and fact.noun and not fact.modifier:
        return NONE
    return getattr(fact, question)


def crops(pictures: list[Tensor], generator: torch.Generator | None) -> Tensor:
    """[n, 3, 128, 128] in -1..1: random crops of 0.8 to 1.15 times 128 px, half of them flipped; the middle without generator."""
    out = []
    for picture in pictures:
        h = picture.shape[-1]
        size, flip, (x, y) = SIZE, False, ((h - SIZE) // 2,) * 2
        if generator is not None:
            draw = torch.rand(4, generator=generator).tolist()
            size = min(round(SIZE * (0.8 + 0.35 * draw[0])), h)
            x, y, flip = int(draw[1] * (h - size + 1)), int(draw[2] * (h - size + 1)), draw[3] < 0.5
        part = picture[None, :, y : y + size, x : x + size].float() / 127.5 - 1
        if size != SIZE:
            part = F.interpolate(part, (SIZE, SIZE), mode="bilinear", align_corners=False, antialias=size > SIZE)
        out.append(part.flip(-1) if flip else part)
    return torch.cat(out).contiguous(memory_format=torch.channels_last)
