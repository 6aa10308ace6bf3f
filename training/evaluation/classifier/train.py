"""Train the classifier: `python -m training.evaluation.classifier.train --data DATA --minutes 8`.

Reads DATA/pictures, writes DATA/classifier.pt (exponential moving average of the weights) and classifier_state.pt, from which it
resumes when started again. Ends with its accuracy on held-out pictures: per question, and the answers it gets wrong most often.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...networks.common import (
    MovingAverage,
    ProcessGroup,
    TrainingState,
    add_training_options,
    gradient_step,
    learning_rate,
    save,
)
from ...networks.muon import Muon
from .network import QUESTIONS, Classifier, Network, Predictions, parameter_count
from .shards import LabelledPictures, crops, load_pictures, right_answer

PEAK_RATE = 2e-3


def train(data: Path, minutes: float, seed: int, batch: int, device: torch.device) -> None:
    """Train until `minutes` have been spent in all, earlier runs included, and save."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + int(time.time()))
    pictures = load_pictures(data / "pictures", "train", QUESTIONS)
    network = Network(QUESTIONS).to(device, memory_format=torch.channels_last)
    optimiser = Muon(network, PEAK_RATE, decay=0.02)
    average = MovingAverage(network, 0.995)
    parts = {"network": network, "optimiser": optimiser, "average": average}
    alone = ProcessGroup(1, 0)
    state = TrainingState(data / "classifier_state.pt", minutes, parts, device, alone)
    print(f"{len(pictures)} pictures, {parameter_count(network) / 1e6:.2f} M parameters, step {state.step}", flush=True)
    while (share := state.share()) < 1:
        pick = torch.randint(len(pictures), (batch,), generator=generator)
        x = augmented(crops([pictures.pictures[k] for k in pick.tolist()], generator), generator).to(device)
        wanted = {name: numbers[pick].to(device) for name, numbers in pictures.labels.items()}
        with torch.autocast(device.type, torch.bfloat16):
            logits, _ = network(x)
        loss = sum(masked_loss(logits[name].float(), numbers) for name, numbers in wanted.items())
        rate = learning_rate(PEAK_RATE, state.step, share, warm_up=100, floor=0.01)
        gradient_step(loss, network, optimiser, rate, alone, max_norm=2.0)
        average.update(network)
        if state.advance({"loss": loss}):
            state.report()
            state.save()
            write(data, average)
    state.save()
    write(data, average)


def masked_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy of the rows whose label is not -100, as a mean over all rows; 0 where there is none."""
    return F.cross_entropy(logits, wanted, ignore_index=-100, label_smoothing=0.05, reduction="sum") / len(wanted)


def augmented(x: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures [B, 3, 128, 128] with random brightness and tint; some blurred, some noisy, as decoded latents are."""
    count = len(x)
    gain = 1 + 0.05 * torch.randn(count, 1, 1, 1, generator=generator) + 0.02 * torch.randn(count, 3, 1, 1, generator=generator)
    x = x * gain + 0.03 * torch.randn(count, 1, 1, 1, generator=generator)
    soft = torch.rand(count, 1, 1, 1, generator=generator) * (torch.rand(count, 1, 1, 1, generator=generator) < 0.4)
    x = torch.lerp(x, F.avg_pool2d(x, 3, 1, 1, count_include_pad=False), soft)
    if torch.rand((), generator=generator) < 0.3:
        x = x + 0.04 * torch.randn(x.shape, generator=generator)
    return x.contiguous(memory_format=torch.channels_last)


def write(data: Path, average: MovingAverage) -> None:
    """The averaged weights, and the questions with their answers, as classifier.pt."""
    weights = {key: value.cpu() for key, value in average.state.items()}
    save({"network": weights, "questions": {name: list(answers) for name, answers in QUESTIONS.items()}}, data / "classifier.pt")


def accuracy_report(classifier: Classifier, held: LabelledPictures) -> str:
    """Accuracy on `held` per question, and per question the five classes most often missed with the answers given instead."""
    lines = []
    middle = crops(held.pictures, None)
    predicted = classifier.predict(((middle.permute(0, 2, 3, 1) + 1) * 127.5).round().to(torch.uint8).numpy())
    for question in classifier.questions:
        right = [right_answer(fact, question) for fact in held.facts]
        labelled = [k for k, answer in enumerate(right) if answer]
        if not labelled:
            lines.append(f"{question:9} no pictures")
            continue
        share = np.mean([predicted.answers[question][k] == right[k] for k in labelled])
        kinds = {kind: [k for k in labelled if held.facts[k].kind == kind] for kind in ("flat", "object", "scene")}
        parts = [
            f"{kind} {np.mean([predicted.answers[question][k] == right[k] for k in members]):.1%}"
            for kind, members in kinds.items()
            if members
        ]
        lines.append(f"{question:9} {share:6.1%} of {len(labelled)} ({', '.join(parts)})")
        lines += worst(question, right, labelled, predicted)
    return "\n".join(lines)


def worst(question: str, right: list[str], labelled: list[int], predicted: Predictions, count: int = 5) -> list[str]:
    """The answers most often missed, each with what was answered instead."""
    rows = []
    for answer in sorted({right[k] for k in labelled}):
        answers = [predicted.answers[question][k] for k in labelled if right[k] == answer]
        wrong = Counter(other for other in answers if other != answer)
        if wrong:
            instead = ", ".join(f"{other} x{times}" for other, times in wrong.most_common(3))
            share = 1 - wrong.total() / len(answers)
            rows.append((share, f"    {answer}: {share:.0%} of {len(answers)}; {instead}"))
    return [line for _, line in sorted(rows)[:count]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_training_options(parser, minutes=8, threads=1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--examine", action="store_true", help="no training: only measure classifier.pt")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if not arguments.examine:
        train(arguments.data, arguments.minutes, arguments.seed, arguments.batch, torch.device(arguments.device))
    held = load_pictures(arguments.data / "pictures", "held", QUESTIONS)
    print(accuracy_report(Classifier.load(arguments.data / "classifier.pt"), held))


if __name__ == "__main__":
    main()
