"""The paper's Table 2 beside ours, and what of its order holds: a page made from numbers alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

from engine.protocol.params import SamplingParams

from .judge.measure import frechet_distance


class Row(NamedTuple):
    """A row of Table 2: its ingredients, and what the paper found."""

    number: int
    max_stochasticity: bool
    multi_step: bool
    non_overlapping: bool
    fid: float
    inception: float
    giqa: float  # times 1000
    clip: float


ROWS = (
    Row(1, False, False, False, 80.55, 8.65, 18.22, 30.07),
    Row(2, True, False, False, 138.82, 6.98, 15.68, 27.95),
    Row(3, False, True, False, 84.87, 7.33, 19.06, 30.49),
    Row(4, True, True, False, 78.56, 8.54, 18.44, 30.18),
    Row(5, True, False, True, 117.09, 7.56, 16.32, 28.75),
    Row(6, True, True, True, 57.88, 10.02, 20.30, 31.01),
)


class Claim(NamedTuple):
    """What the paper says of its table: the first row should be lower in `measure` than the second."""

    better: int
    worse: int
    measure: str
    words: str


CLAIMS = (
    Claim(4, 2, "frechet", "with maximum stochasticity, multi-step solves bring the pictures back"),
    Claim(6, 4, "frechet", "disjoint views are better than averaged ones"),
    Claim(6, 5, "frechet", "so are multi-step solves with disjoint views"),
    Claim(4, 3, "frechet", "with multi-step solves, maximum stochasticity is better than none"),
    Claim(6, 1, "frechet", "StochSync is better than SyncTweedies"),
    Claim(1, 2, "frechet", "with one-step estimates, maximum stochasticity costs realism"),
    Claim(2, 1, "disagreement", "maximum stochasticity makes views agree (one-step)"),
    Claim(4, 3, "disagreement", "maximum stochasticity makes views agree (multi-step)"),
    Claim(6, 1, "seam", "StochSync has weaker seams than SyncTweedies"),
)


class Summary(NamedTuple):
    """One row of ours; means over prompts with their standard errors."""

    frechet: float
    right: tuple[float, float]
    seam: tuple[float, float]
    disagreement: tuple[float, float]
    agreement: float
    forwards: float


def report(entries: Sequence[dict], singles: Sequence[dict], base: SamplingParams) -> str:
    """The whole page. entries: one per row and prompt. singles: one per prompt, of pictures sampled one by one."""
    by_row = {row.number: sorted_by_prompt(entries, row.number) for row in ROWS}
    prompts = sorted(set.intersection(*[{entry["prompt_number"] for entry in part} for part in by_row.values()]))
    by_row = {number: [entry for entry in part if entry["prompt_number"] in prompts] for number, part in by_row.items()}
    single = [entry for entry in singles if entry["prompt_number"] in prompts]
    summaries = {number: summary(part, single) for number, part in by_row.items()}
    lines = [
        "# The paper's Table 2, with the built-in model",
        "",
        "Made by `python -m training.ablation`; every sentence and number below is computed from its results.",
        "",
        f"{len(prompts)} prompts, one panorama band each per row, {base.outer_steps} passes from t = {base.t_start} to "
        f"{base.t_stop}, solves on a grid of {base.ode_steps}, guidance {base.guidance:g}, views of 72 degrees at elevation 0. "
        "Fréchet distance: features of the judge (`training/judge`), ten crops of each panorama against ten single pictures that "
        "the model samples for the same prompt; it is no FID and only its order can be compared. Right: crops whose scene the "
        "judge names as asked. Seam: colour jumps where views meet, times those elsewhere. Disagreement: how far (root mean "
        "square, of 255) the views' last pictures differ where they overlap. Same: crops that agree with most of their panorama.",
        "",
        "| row | max σ | multi-step | disjoint | Fréchet ↓ | right ↑ | seam ↓ | disagreement ↓ | same ↑ | NFE "
        "| paper: FID ↓ | IS ↑ | GIQA ↑ | CLIP ↑ |",
        "| --- |" + " :---: |" * 3 + " ---: |" * 10,
    ]
    for row in ROWS:
        mine = summaries[row.number]
        marks = " | ".join("yes" if flag else "–" for flag in (row.max_stochasticity, row.multi_step, row.non_overlapping))
        lines.append(
            f"| {row.number} | {marks} | {mine.frechet:.1f} | {percent(mine.right)} | {with_error(mine.seam)} | "
            f"{with_error(mine.disagreement, 255)} | {100 * mine.agreement:.0f} % | {mine.forwards:.0f} | {row.fid:.2f} | "
            f"{row.inception:.2f} | {row.giqa:.2f} | {row.clip:.2f} |"
        )
    right = mean_and_error([entry["right"] for entry in single])
    same = np.mean([entry["agreement"] for entry in single])
    alone = f"| single pictures | | | | {halves(single):.1f} (half to half) | {percent(right)} | | | {100 * same:.0f} % | |"
    lines.append(alone + " |" * 4)
    return "\n".join([*lines, "", "## Does the order hold?", "", *verdict(by_row, single, summaries)]) + "\n"


def sorted_by_prompt(entries: Sequence[dict], row: int) -> list[dict]:
    """The lines of one row in the order of their prompts."""
    return sorted((entry for entry in entries if entry["row"] == row), key=lambda entry: entry["prompt_number"])


def summary(entries: Sequence[dict], singles: Sequence[dict]) -> Summary:
    """One row of ours."""
    columns = {name: mean_and_error([entry[name] for entry in entries]) for name in ("right", "seam", "disagreement")}
    return Summary(
        frechet=frechet_distance(features(entries), features(singles)),
        agreement=float(np.mean([entry["agreement"] for entry in entries])),
        forwards=float(np.mean([entry["forwards"] for entry in entries])),
        **columns,
    )


def features(entries: Sequence[dict]) -> np.ndarray:
    """All crops' features [n, d]."""
    return np.concatenate([np.array(entry["features"]) for entry in entries])


def halves(singles: Sequence[dict]) -> float:
    """Fréchet distance between every other single picture and the rest: what chance alone leaves, with half the pictures."""
    every = features(singles)
    return frechet_distance(every[::2], every[1::2])


def verdict(by_row: dict[int, list[dict]], singles: Sequence[dict], summaries: dict[int, Summary]) -> list[str]:
    """Sentences from numbers: the order of the rows, then the paper's claims one by one."""
    ours = [summaries[row.number].frechet for row in ROWS]
    order = [ROWS[k].number for k in np.argsort(ours)]
    theirs = [row.number for row in sorted(ROWS, key=lambda row: row.fid)]
    rank = float(spearmanr(ours, [row.fid for row in ROWS]).statistic)
    held = [holds(claim, by_row, singles) for claim in CLAIMS]
    count = sum(share >= 0.5 for _, share in held)
    answer = "Yes" if order == theirs else "In part" if count > len(CLAIMS) / 2 else "No"
    place = order.index(6) + 1
    lines = [
        f"{answer}: by Fréchet distance our rows run {listed(order)} from best to worst, the paper's {listed(theirs)} "
        f"(Spearman's rank correlation {rank:.2f}). The paper's best row, 6, comes {ordinal(place)} here. {count} of "
        f"{len(CLAIMS)} of its claims hold:",
        "",
        "| claim | rows | here | holds | without any one prompt |",
        "| --- | --- | --- | --- | --- |",
    ]
    for claim, (numbers, share) in zip(CLAIMS, held, strict=True):
        word = "yes" if numbers[0] < numbers[1] else "**no**"
        scale = 255 if claim.measure == "disagreement" else 1
        shown = f"{claim.measure} {scale * numbers[0]:.2f} against {scale * numbers[1]:.2f}"
        lines.append(f"| {claim.words} | {claim.better} below {claim.worse} | {shown} | {word} | in {100 * share:.0f} % |")
    return lines


def holds(claim: Claim, by_row: dict[int, list[dict]], singles: Sequence[dict]) -> tuple[tuple[float, float], float]:
    """Both figures of a claim, and the share of the sets with one prompt left out in which it holds."""
    value: Callable[[Sequence[dict], Sequence[dict]], float]
    if claim.measure == "frechet":
        def value(part: Sequence[dict], reference: Sequence[dict]) -> float:
            return frechet_distance(features(part), features(reference))
    else:
        def value(part: Sequence[dict], reference: Sequence[dict]) -> float:
            return float(np.mean([entry[claim.measure] for entry in part]))

    better, worse = by_row[claim.better], by_row[claim.worse]
    numbers = value(better, singles), value(worse, singles)
    if len(singles) < 3:
        return numbers, float(numbers[0] < numbers[1])
    left_out = [
        value(without(better, k), without(singles, k)) < value(without(worse, k), without(singles, k)) for k in range(len(better))
    ]
    return numbers, float(np.mean(left_out))


def without(entries: Sequence[dict], k: int) -> list[dict]:
    return [entry for number, entry in enumerate(entries) if number != k]


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Mean and its standard error over prompts."""
    error = float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan
    return float(np.mean(values)), error


def with_error(pair: tuple[float, float], scale: float = 1) -> str:
    return f"{scale * pair[0]:.2f} ± {scale * pair[1]:.2f}"


def percent(pair: tuple[float, float]) -> str:
    return f"{100 * pair[0]:.0f} ± {100 * pair[1]:.0f} %"


def listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def ordinal(place: int) -> str:
    return ("first", "second", "third", "fourth", "fifth", "sixth")[place - 1]
