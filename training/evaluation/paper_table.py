"""The paper's Table 2 beside ours, and which of its orderings hold: a page generated from numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

from engine.protocol.params import SamplingParams

from .metrics import frechet_distance, mean_and_error


class Found(NamedTuple):
    """The measurements of the paper."""

    fid: float
    inception: float
    giqa: float  # times 1000
    clip: float


class Row(NamedTuple):
    """A row of Table 2: its ingredients, and what the paper found; or a row of ours beside it."""

    name: str
    max_stochasticity: bool
    multi_step: bool
    non_overlapping: bool
    paper: Found | None = None
    border_steps: int = 0


PAPERS = (
    Row("1", False, False, False, Found(80.55, 8.65, 18.22, 30.07)),
    Row("2", True, False, False, Found(138.82, 6.98, 15.68, 27.95)),
    Row("3", False, True, False, Found(84.87, 7.33, 19.06, 30.49)),
    Row("4", True, True, False, Found(78.56, 8.54, 18.44, 30.18)),
    Row("5", True, False, True, Found(117.09, 7.56, 16.32, 28.75)),
    Row("6", True, True, True, Found(57.88, 10.02, 20.30, 31.01)),
)
WITH_BORDER_STEPS = Row("6 with border steps", True, True, True, border_steps=2)  # as many as appendix B has
ROWS = (*PAPERS, WITH_BORDER_STEPS)

FORMER = (
    "The former edition of this page was wrong. Its row 3 carried the network's first noise estimate to the next step, and not "
    "the noise implied by the synchronised canvas (Eq. 3); and its rows 1 and 3 stopped at t = 331, on an estimate that is no "
    "picture yet, where Algorithm 2 runs to t = 0."
)


class Claim(NamedTuple):
    """A statement of the paper about its table: the first row is lower in `measure` than the second."""

    better: str
    worse: str
    measure: str
    words: str


CLAIMS = (
    Claim("4", "2", "frechet", "with maximum stochasticity, multi-step solves bring the pictures back"),
    Claim("6", "4", "frechet", "disjoint views are better than averaged ones"),
    Claim("6", "5", "frechet", "so are multi-step solves with disjoint views"),
    Claim("4", "3", "frechet", "with multi-step solves, maximum stochasticity is better than none"),
    Claim("6", "1", "frechet", "StochSync is better than SyncTweedies"),
    Claim("1", "2", "frechet", "with one-step estimates, maximum stochasticity costs realism"),
    Claim("2", "1", "disagreement", "maximum stochasticity makes views agree (one-step)"),
    Claim("4", "3", "disagreement", "maximum stochasticity makes views agree (multi-step)"),
    Claim("6", "1", "seam", "StochSync has weaker seams than SyncTweedies"),
)


class Summary(NamedTuple):
    """One row of ours; means over prompts with their standard errors."""

    frechet: float
    right: tuple[float, float]
    seam: tuple[float, float]
    disagreement: tuple[float, float]
    detail: float  # over that of single pictures
    agreement: float
    nfe: float
    passes: int
    last_t: int


def report(entries: Sequence[dict], singles: Sequence[dict], base: SamplingParams) -> str:
    """The whole page. entries: one per row and prompt. singles: one per prompt, of pictures sampled one by one."""
    by_row = {row.name: sorted_by_prompt(entries, row.name) for row in ROWS}
    prompts = sorted(set.intersection(*[{entry["prompt_number"] for entry in part} for part in by_row.values()]))
    by_row = {name: [entry for entry in part if entry["prompt_number"] in prompts] for name, part in by_row.items()}
    single = [entry for entry in singles if entry["prompt_number"] in prompts]
    summaries = {name: summary(part, single) for name, part in by_row.items()}
    lines = [
        "# The paper's Table 2, with the built-in model",
        "",
        "Made by `python -m training.evaluation.ablation`; every sentence and number below is computed from its results, but for "
        "the next paragraph.",
        "",
        FORMER,
        "",
        f"{len(prompts)} prompts, one panorama band each per row, solves on a grid of {base.ode_steps}, guidance "
        f"{base.guidance:g}, views of 72 degrees at elevation 0. {how_they_run(summaries)} "
        "Fréchet distance: features of the classifier (`training/evaluation/classifier`), ten crops of each panorama against "
        "ten single pictures that the model samples for the same prompt; it is no FID and only its order can be compared. "
        "Right: crops whose scene the classifier names as asked. Seam: colour jumps at the borders of what each view owns, "
        "times those at like places elsewhere. Disagreement: how far (root mean square, of 255) the views' last pictures "
        "differ where they overlap. Detail: steepness of the crops, times that of the single pictures. Same: crops that agree"
        " with most of their panorama.",
        "",
        "| row | max σ | multi-step | disjoint | passes | last t | Fréchet ↓ | right ↑ | seam ↓ | disagreement ↓ | detail "
        "| same ↑ | NFE | paper: FID ↓ | IS ↑ | GIQA ↑ | CLIP ↑ |",
        "| --- |" + " :---: |" * 3 + " ---: |" * 13,
    ]
    lines += [table_line(row, summaries[row.name]) for row in ROWS]
    right = mean_and_error([entry["right"] for entry in single])
    same = np.mean([entry["agreement"] for entry in single])
    chance = f"{halves(single):.1f} (half to half)"
    lines.append(f"| single pictures |{' |' * 5} {chance} | {percent(right)} | | | 1.00 | {100 * same:.0f} % |{' |' * 5}")
    lines += ["", "## Does the order hold?", "", *verdict(by_row, single, summaries)]
    return "\n".join([*lines, "", "## Seams", "", *about_seams(by_row, summaries)]) + "\n"


def how_they_run(summaries: dict[str, Summary]) -> str:
    """Which rows make how many passes, and at which noise level the last of them starts."""
    ways: dict[tuple[int, int], list[str]] = {}
    for name, mine in summaries.items():
        ways.setdefault((mine.passes, mine.last_t), []).append(name)
    parts = []
    for (passes, last_t), names in ways.items():
        several = f"rows {', '.join(names[:-1])} and {names[-1]} make" if len(names) > 1 else f"row {names[0]} makes"
        parts.append(f"{several} {passes} passes, the last at t = {last_t}")
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def table_line(row: Row, mine: Summary) -> str:
    """One row of ours beside the paper's."""
    marks = " | ".join("yes" if flag else "–" for flag in (row.max_stochasticity, row.multi_step, row.non_overlapping))
    theirs = row.paper
    paper = " | ".join(f"{value:.2f}" for value in theirs) if theirs else " | | |"
    return (
        f"| {row.name} | {marks} | {mine.passes} | {mine.last_t} | {mine.frechet:.1f} | {percent(mine.right)} | "
        f"{with_error(mine.seam)} | {with_error(mine.disagreement, 255)} | {mine.detail:.2f} | {100 * mine.agreement:.0f} % | "
        f"{mine.nfe:.0f} | {paper} |"
    )


def sorted_by_prompt(entries: Sequence[dict], row: str) -> list[dict]:
    """The lines of one row in the order of their prompts."""
    return sorted((entry for entry in entries if entry["row"] == row), key=lambda entry: entry["prompt_number"])


def summary(entries: Sequence[dict], singles: Sequence[dict]) -> Summary:
    """One row of ours."""
    columns = {name: mean_and_error([entry[name] for entry in entries]) for name in ("right", "seam", "disagreement")}
    return Summary(
        frechet=frechet_distance(features(entries), features(singles)),
        agreement=float(np.mean([entry["agreement"] for entry in entries])),
        detail=float(np.mean([entry["detail"] for entry in entries]) / np.mean([entry["detail"] for entry in singles])),
        nfe=float(np.mean([entry["nfe"] for entry in entries])),
        passes=entries[0]["passes"],
        last_t=entries[0]["last_t"],
        **columns,
    )


def features(entries: Sequence[dict]) -> np.ndarray:
    """All crops' features [n, d]."""
    return np.concatenate([np.array(entry["features"]) for entry in entries])


def halves(singles: Sequence[dict]) -> float:
    """Fréchet distance between every other single picture and the rest: the distance due to chance, with half the pictures."""
    every = features(singles)
    return frechet_distance(every[::2], every[1::2])


def verdict(by_row: dict[str, list[dict]], singles: Sequence[dict], summaries: dict[str, Summary]) -> list[str]:
    """Sentences from numbers: the order of the rows, then the paper's claims one by one."""
    ours, fid = [summaries[row.name].frechet for row in PAPERS], [row.paper.fid for row in PAPERS]
    order, theirs = ([PAPERS[k].name for k in np.argsort(values)] for values in (ours, fid))
    rank = float(spearmanr(ours, fid).statistic)
    held = [holds(claim, by_row, singles) for claim in CLAIMS]
    count = sum(share >= 0.5 for _, share in held)
    answer = "Yes" if order == theirs else "In part" if count > len(CLAIMS) / 2 else "No"
    place = order.index("6") + 1
    lines = [
        f"{answer}: by Fréchet distance our rows run {listed(order)} from best to worst, the paper's {listed(theirs)} "
        f"(Spearman's rank correlation {rank:.2f}). The paper's best row, 6, comes {ordinal(place)} here. {count} of "
        f"{len(CLAIMS)} of its claims hold:",
        "",
        "| claim | rows | here | holds | without any one prompt | same passes |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for claim, (numbers, share) in zip(CLAIMS, held, strict=True):
        word = "yes" if numbers[0] < numbers[1] else "**no**"
        scale = 255 if claim.measure == "disagreement" else 1
        shown = f"{claim.measure} {scale * numbers[0]:.2f} against {scale * numbers[1]:.2f}"
        better, worse = summaries[claim.better], summaries[claim.worse]
        alike = "yes" if (better.passes, better.last_t) == (worse.passes, worse.last_t) else "no"
        rows = f"{claim.better} below {claim.worse}"
        lines.append(f"| {claim.words} | {rows} | {shown} | {word} | in {100 * share:.0f} % | {alike} |")
    return [*lines, "", *caution(summaries)]


def caution(summaries: dict[str, Summary]) -> list[str]:
    """Which claims about disagreement compare rows whose last pass starts at another noise level."""
    unlike = [
        f"{claim.better} and {claim.worse}"
        for claim in CLAIMS
        if claim.measure == "disagreement" and summaries[claim.better].last_t != summaries[claim.worse].last_t
    ]
    if not unlike:
        return []
    return [
        f"The disagreements of rows {'; '.join(unlike)} cannot be compared: it is measured on the pictures of the last pass, and "
        "the lower the t at which that starts, the less a view changes of what it sees."
    ]


def about_seams(by_row: dict[str, list[dict]], summaries: dict[str, Summary]) -> list[str]:
    """Sentences from numbers: rows 6 and 1, what averaging does to a seam, which borders show, and what border steps do."""
    ours, tweedies, mended = (summaries[name] for name in ("6", "1", WITH_BORDER_STEPS.name))
    fewer = sum(a["seam"] < b["seam"] for a, b in zip(by_row["6"], by_row["1"], strict=True))
    weaker = ours.seam[0] < tweedies.seam[0]
    last, before = (mean_and_error([entry[key] for entry in by_row["6"]]) for key in ("seam_last_set", "seam_set_before"))
    lines = [
        f"- Row 6, StochSync, has {'weaker' if weaker else 'stronger'} seams than row 1, SyncTweedies: {with_error(ours.seam)} "
        f"against {with_error(tweedies.seam)}; weaker in {fewer} of {len(by_row['6'])} prompts.",
        "- Row 1 averages ten overlapping views, so that at a border of one view the others decide most of the colour: a seam is "
        f"spread over the whole overlap. Its views disagree by {with_error(tweedies.disagreement, 255)} there and its crops have "
        f"{tweedies.detail:.2f} times the detail of single pictures; row 6's disagree by "
        f"{with_error(ours.disagreement, 255)} and have {ours.detail:.2f} times. {averaging(ours, tweedies)}",
        f"- In row 6 one view alone decides on either side of a border of the set that was drawn last: there the jump is "
        f"{with_error(last)}, and {with_error(before)} at the borders of the set before, which run through the middle of views "
        "that were drawn since.",
        f"- With {WITH_BORDER_STEPS.border_steps} border steps (appendix B's last passes, which keep what is at the borders of "
        f"views and make the rest anew) row 6's seams are {with_error(mended.seam)}, "
        f"{'weaker' if mended.seam[0] < ours.seam[0] else 'not weaker'} than without "
        f"and {'weaker' if mended.seam[0] < tweedies.seam[0] else 'not weaker'} than row 1's; its Fréchet distance is "
        f"{mended.frechet:.1f} against {ours.frechet:.1f}.",
    ]
    return lines


def averaging(ours: Summary, tweedies: Summary) -> str:
    """What the disagreement and the detail of both say about the seams of row 1."""
    apart, blurred = tweedies.disagreement[0] > ours.disagreement[0], tweedies.detail < ours.detail
    if not blurred:
        return f"So row 1 is no softer than row 6, and its views differ {'more' if apart else 'no more'}."
    if apart:
        return "So what row 1 has instead of seams is blur."
    return (
        f"So row 1 is the softer, although its views differ less in the end: its last pass starts at t = {tweedies.last_t}, row "
        f"6's at {ours.last_t}, and the lower t, the less a pass changes; what the means of earlier passes took away is lost."
    )


def holds(claim: Claim, by_row: dict[str, list[dict]], singles: Sequence[dict]) -> tuple[tuple[float, float], float]:
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
    """All entries but number `k`."""
    return [entry for number, entry in enumerate(entries) if number != k]


def with_error(pair: tuple[float, float], scale: float = 1) -> str:
    """A mean and its error, times `scale`, to two decimals."""
    return f"{scale * pair[0]:.2f} ± {scale * pair[1]:.2f}"


def percent(pair: tuple[float, float]) -> str:
    """A share and its error in per cent."""
    return f"{100 * pair[0]:.0f} ± {100 * pair[1]:.0f} %"


def listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def ordinal(place: int) -> str:
    return ("first", "second", "third", "fourth", "fifth", "sixth")[place - 1]
