"""How good a checkpoint is: `python -m training.evaluation.evaluate --data DATA --model FOLDER --prompts 1000 --seed 0`.

Prompts are captions of held-out pictures; their samples are classified by DATA/classifier.pt. A third are flat materials, a
third objects with their depth, a third scenes. Writes DATA/evaluation.md (the table), .json and .png (the first 48). Samples are
kept batch by batch in DATA/evaluation/, so it can be stopped and started again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import torch

from engine.models.load import Checkpoint

from ..world import dataset
from ..world.captions import KINDS, Facts, caption
from ..world.pictures import draw
from .classifier.network import Classifier, Predictions
from .classifier.shards import right_answer
from .figures import Figure, figures, table
from .sampler import BATCH, checkpoint, fingerprint, sample
from .sheets import Note, contact_sheet
from .timing import Speed, speed, vae_quality

SHOWN = 48
VIEW = 256


class Prompts(NamedTuple):
    """Prompts of one kind, and the real pictures that their samples are compared with."""

    kind: str
    facts: list[Facts]
    captions: list[str]
    seeds: list[int]
    depth: np.ndarray | None  # [n, 256, 256] uint8
    own: np.ndarray  # [n, 256, 256, 3] uint8: held-out pictures of the same facts
    others: np.ndarray  # [m, 256, 256, 3] uint8, m <= n: more held-out pictures, of other facts


def draw_prompts(data: Path, kind: str, count: int, seed: int) -> Prompts:
    """`count` prompts of one kind; at most two thirds of the held-out pictures, so that others are left to compare with."""
    held = dataset.load(data / "pictures", dataset.shards(data / "pictures", "held", kind))
    order = list(range(len(held.facts)))
    Random(f"{kind} {seed}").shuffle(order)
    count = min(count, len(order) * 2 // 3)
    own, others = order[:count], order[count : 2 * count]
    facts = [held.facts[k] for k in own]
    captions = [caption(fact, Random(f"{kind} {seed} {k}")) for k, fact in enumerate(facts)]
    seeds = [KINDS.index(kind) * 10**6 + seed * 10**7 + k for k in range(count)]
    depth = None if held.depth is None else held.depth[own]
    return Prompts(kind, facts, captions, seeds, depth, middle(held.pictures[own]), middle(held.pictures[others]))


def middle(pictures: np.ndarray) -> np.ndarray:
    """The middle 256 px of pictures [n, S, S, 3]."""
    margin = (pictures.shape[1] - VIEW) // 2
    return pictures[:, margin : margin + VIEW, margin : margin + VIEW]


def sampled(model: Checkpoint, prompts: Prompts, kept: Path, guidance: float, steps: int, half: bool) -> np.ndarray:
    """[n, H, H, 3] uint8, batch by batch from `kept` or anew."""
    made = []
    for start in range(0, len(prompts.captions), BATCH):
        part = slice(start, start + BATCH)
        file = kept / f"{prompts.kind}_{start:05d}.npy"
        if not file.exists():
            begun = time.perf_counter()
            depth = None if prompts.depth is None else prompts.depth[part]
            pictures = sample(
                model, prompts.captions[part], prompts.seeds[part], depth, guidance=guidance, steps=steps, half=half
            )
            np.save(file.with_suffix(".part.npy"), pictures)
            file.with_suffix(".part.npy").replace(file)
            each = (time.perf_counter() - begun) / len(pictures)
            print(f"{prompts.kind} {start + len(pictures)}/{len(prompts.captions)}: {each:.2f} s each", flush=True)
        made.append(np.load(file))
    return np.concatenate(made)


def repeated(prompts: Sequence[Prompts], few: int, times: int, seed: int) -> list[Prompts]:
    """`few` of the prompts, `times` seeds each, and as many new real pictures of the same facts, to compare the diversity."""
    out = []
    for one in prompts:
        if one.kind == "object":
            continue  # the depth fixes the shape of the samples of a prompt, but not of the new pictures
        pick = range(min(few // 2, len(one.facts)))
        facts = [one.facts[k] for k in pick for _ in range(times)]
        captions = [one.captions[k] for k in pick for _ in range(times)]
        seeds = [(1 << 39) + seed * 10**6 + KINDS.index(one.kind) * 10**5 + k for k in range(len(facts))]
        drawn = [draw(facts[k : k + times], seeds[k : k + times], VIEW).images for k in range(0, len(facts), times)]
        own = dataset.to_uint8(torch.cat(drawn)) if drawn else np.zeros((0, VIEW, VIEW, 3), np.uint8)
        out.append(Prompts(f"again_{one.kind}", facts, captions, seeds, None, own, own[:0]))
    return out


def show(
    file: Path, prompts: Sequence[Prompts], made: Sequence[np.ndarray], predictions: Sequence[Predictions], count: int
) -> Path:
    """The first `count` samples, kinds in turn, each with its caption and what the classifier answered otherwise."""
    pictures, notes = [], []
    for k in range(-(-count // len(prompts))):
        for one, images, predicted in zip(prompts, made, predictions, strict=True):
            if k >= len(images) or len(pictures) == count:
                continue
            given = {question: answers[k] for question, answers in predicted.answers.items()}
            right = {question: right_answer(one.facts[k], question) for question in given}
            wrong = [answer for question, answer in given.items() if right[question] and answer != right[question]]
            pictures.append(images[k])
            notes.append([Note(one.captions[k]), *([Note("classifier: " + ", ".join(wrong), True)] if wrong else [])])
    return contact_sheet(file, pictures, notes, columns=8, lines=4)


def evaluate(arguments: argparse.Namespace) -> tuple[list[Figure], Speed]:
    """Every figure; samples, classifies and writes as it goes."""
    data, folder = arguments.data, arguments.model
    model = checkpoint(folder, arguments.device)
    classifier = Classifier.load(data / "classifier.pt")
    prompts = [draw_prompts(data, kind, arguments.prompts // len(KINDS), arguments.seed) for kind in KINDS]
    again = repeated(prompts, arguments.repeated, arguments.repeats, arguments.seed)
    settings = (arguments.prompts, arguments.seed, arguments.guidance, arguments.steps, arguments.half)
    texts = [text for one in (*prompts, *again) for text in one.captions]
    kept = data / "evaluation" / fingerprint(folder, *settings, *texts)
    kept.mkdir(parents=True, exist_ok=True)
    options = (kept, arguments.guidance, arguments.steps, arguments.half)
    made = [sampled(model, one, *options) for one in prompts]
    predictions = [classifier.predict(images) for images in made]
    show(data / "evaluation.png", prompts, made, predictions, SHOWN)
    made_again = [classifier.predict(sampled(model, one, *options)) for one in again]
    real_again = [classifier.predict(one.own) for one in again]
    quick = speed(model, folder)
    vae = vae_quality(model, data / "pictures", arguments.vae_pictures)
    own, others = ([classifier.predict(getattr(one, part)) for one in prompts] for part in ("own", "others"))
    return figures(prompts, made, predictions, own, others, made_again, real_again, arguments.repeats, quick, vae), quick


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("engine/models/builtin"))
    parser.add_argument("--prompts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--guidance", type=float, default=4.0)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeated", type=int, default=16, help="prompts that are sampled again and again, for diversity")
    parser.add_argument("--repeats", type=int, default=6, help="how often")
    parser.add_argument("--vae-pictures", type=int, default=4, help="held-out pictures per noun and scene, for the autoencoder")
    parser.add_argument("--half", action="store_true", help="sample in bfloat16, twice as fast on some processors")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    found, quick = evaluate(arguments)
    head = (
        f"Up to {arguments.prompts // len(KINDS)} prompts each of materials, objects with depth, scenes; DDIM, {arguments.steps} "
        f"steps, guidance {arguments.guidance:g}, seed {arguments.seed}. Times on {quick.device}, threads: {quick.threads}."
    )
    text = f"{head}\n\n{table(found)}\n"
    (arguments.data / "evaluation.md").write_text(text)
    (arguments.data / "evaluation.json").write_text(json.dumps([figure._asdict() for figure in found], indent=1))
    print(text)


if __name__ == "__main__":
    main()
