"""From classified samples to the rows of the evaluation table, each with its target and the same figure of real pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..world.vocabulary import ALWAYS_NIGHT
from . import metrics
from .classifier.network import NONE, Predictions
from .classifier.shards import right_answer
from .timing import Speed, VaeQuality

if TYPE_CHECKING:
    from .evaluate import Prompts


class Figure(NamedTuple):
    """One row: a value that should be at least (">=") or at most ("<=") its target; "" without target."""

    name: str
    value: float
    unit: str = "%"
    sign: str = ""
    target: float = math.nan
    real: float = math.nan  # the same of real, held-out pictures
    count: int = 0  # of samples it is made of
    note: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether it reaches its target; None without one."""
        if not self.sign or math.isnan(self.value):
            return None
        return self.value >= self.target if self.sign == ">=" else self.value <= self.target


def figures(
    prompts: Sequence[Prompts],
    made: Sequence[np.ndarray],
    predictions: Sequence[Predictions],
    own: Sequence[Predictions],
    others: Sequence[Predictions],
    made_again: Sequence[Predictions],
    real_again: Sequence[Predictions],
    repeats: int,
    speed: Speed,
    vae: VaeQuality,
) -> list[Figure]:
    """All rows. prompts, made, predictions, own, others: in order flat, object, scene. own: real pictures of the same facts."""
    flat, solid, scene = zip(prompts, predictions, own, strict=True)
    rows = [
        share("noun or scene right (no depth)", [("noun", *flat), ("scene", *scene)], 85),
        share("… noun, flat", [("noun", *flat)]),
        share("… scene", [("scene", *scene)]),
        share("colour right", [("colour", *flat)], 85),
        share("modifier right, where one was asked for", [("modifier", *flat)], 70, lambda answer: answer != NONE),
        share("… none seen where none was asked for", [("modifier", *flat)], None, lambda answer: answer == NONE),
        share("time of day right (scenes that have one)", [("time", *scene)], 80),
        share("weather right", [("weather", *scene)]),
    ]
    for question, name, wanted in (
        ("noun", "noun", None),
        ("colour", "colour", None),
        ("modifier", "modifier", lambda answer: answer != NONE),
    ):
        without = share(name, [(question, *flat)], wanted=wanted)
        rows.append(share(f"{name} right, with depth", [(question, *solid)], round(without.value - 5, 1), wanted))
    rows += depth_rows(prompts[1], made[1])
    halves = [
        (one.features[: len(c.features)], two.features[: len(c.features)], c.features)
        for one, two, c in zip(predictions, own, others, strict=True)
    ]  # samples and two real sets, as many of each
    a, b, c = (np.concatenate(part) for part in zip(*halves, strict=True))
    reference = metrics.frechet_distance(b, c)
    rows.append(
        Figure(
            "Fréchet distance, times that of two real sets",
            metrics.frechet_distance(a, c) / reference,
            "x",
            "<=",
            3,
            1,
            len(a),
            f"real to real {reference:.2f}",
        )
    )
    for kind, (one, two, three) in zip(prompts, halves, strict=True):
        base = metrics.frechet_distance(two, three)
        rows.append(Figure(f"… {kind.kind}", metrics.frechet_distance(one, three) / base, "x", real=1, count=len(one)))
    rows.append(
        Figure(
            "distance between seeds of one prompt, times the real one",
            spread(made_again, repeats) / spread(real_again, repeats),
            "x",
            ">=",
            0.7,
            1,
            sum(len(one.features) for one in made_again),
        )
    )
    rows.append(Figure("… between all samples", metrics.mean_distance(a) / metrics.mean_distance(b), "x", real=1, count=len(a)))
    return rows + [
        Figure("autoencoder: PSNR, mean over nouns and scenes", vae.once, "dB", ">=", 26),
        Figure("… worst", vae.worst, "dB", note=vae.worst_subject),
        Figure("… lost from the first to the eighth cycle", vae.once - vae.eight, "dB", "<=", 2),
        Figure("UNet, one forward", speed.unet, "ms a view", "<=", 50),
        Figure("ControlNet, one forward", speed.controlnet, "ms a view"),
        Figure("autoencoder, there and back", speed.vae, "ms a view", "<=", 250),
        Figure("all weights", speed.weights, "MB", "<=", 32),
        Figure("largest file", speed.largest, "MB", "<=", 15),
        share(
            "classifier on real pictures: nouns",
            [("noun", flat[0], flat[2], flat[2]), ("noun", solid[0], solid[2], solid[2])],
            95,
        ),
        share("… scenes", [("scene", scene[0], scene[2], scene[2])], 95),
        share("… colours", [("colour", flat[0], flat[2], flat[2]), ("colour", solid[0], solid[2], solid[2])], 95),
    ]


def share(
    name: str,
    parts: Sequence[tuple[str, Prompts, Predictions, Predictions]],  # question, prompts, samples, real pictures of the same facts
    target: float | None = None,
    wanted: Callable[[str], bool] | None = None,
) -> Figure:
    """Right answers in per cent over all `parts`; only right answers for which `wanted` is true count."""
    hits, reality = [], []
    for question, prompts, predicted, real in parts:
        for k, fact in enumerate(prompts.facts):
            right = right_answer(fact, question)
            if not right or (wanted and not wanted(right)) or (question == "time" and fact.scene in ALWAYS_NIGHT):
                continue
            hits.append(predicted.answers[question][k] == right)
            reality.append(real.answers[question][k] == right)
    value, real_value = (100 * float(np.mean(part)) if part else math.nan for part in (hits, reality))
    sign, least = (">=", target) if target is not None else ("", math.nan)
    return Figure(name, value, "%", sign, least, real_value, len(hits))


def depth_rows(prompts: Prompts, made: np.ndarray) -> list[Figure]:
    """Agreement of samples with their depth, and that of the real pictures of the same depth."""

    def mean(function: Callable[[np.ndarray, np.ndarray], float], pictures: np.ndarray) -> tuple[float, int]:
        values = np.array([function(picture, d) for picture, d in zip(pictures, prompts.depth, strict=True)])
        good = values[~np.isnan(values)]
        return (float(good.mean()) if len(good) else math.nan), len(good)

    outline, count = mean(metrics.silhouette_f, made)
    fold, folded = mean(metrics.fold_contrast, made)
    real_outline, real_fold = (mean(function, prompts.own)[0] for function in (metrics.silhouette_f, metrics.fold_contrast))
    return [
        Figure("depth: edge F-score of the silhouette", outline, "", ">=", 0.8, real_outline, count),
        Figure("… steepness at inner depth edges, times elsewhere", fold, "x", real=real_fold, count=folded),
    ]


def spread(predictions: Sequence[Predictions], repeats: int) -> float:
    """Mean feature distance between pictures of one prompt, over all prompts; each has `repeats` pictures in a row."""
    return float(
        np.mean(
            [
                metrics.mean_distance(predicted.features[k : k + repeats])
                for predicted in predictions
                for k in range(0, len(predicted.features), repeats)
            ]
        )
    )


def table(rows: Sequence[Figure]) -> str:
    """Markdown: what, here, target, whether it holds, the same of real pictures, over how many samples."""
    lines = ["| | here | target | | real pictures | samples |", "| --- | ---: | ---: | --- | ---: | ---: |"]
    for row in rows:
        target = f"{'≥' if row.sign == '>=' else '≤'} {row.target:g}" if row.sign else ""
        verdict = {True: "yes", False: "**no**", None: ""}[row.holds]
        name = f"{row.name} ({row.note})" if row.note else row.name
        here = "–" if math.isnan(row.value) else f"{number(row.value)} {row.unit}".strip()
        lines.append(f"| {name} | {here} | {target} | {verdict} | {number(row.real)} | {row.count or ''} |")
    return "\n".join(lines)


def number(value: float) -> str:
    """Two decimals below 10, one above; "" for nan."""
    if math.isnan(value):
        return ""
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
