"""Two sets of jobs in use, compared: `python -m training.evaluation.compare OLD_DATA/in_use/MODEL NEW_DATA/in_use/MODEL`.

Both folders were made by `training.evaluation.in_use` with the same prompts and seeds: by two versions of the engine, or in two
precisions.
Only jobs in both folders count. --psnr also compares the results of each job, which is meaningful only where both started from
the same noise.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.io.images import load_png

from ..networks.common import psnr
from .figures import Figure, number
from .in_use import rows
from .jobs import lines_of


def shared(first: Sequence[dict], second: Sequence[dict]) -> tuple[list[dict], list[dict]]:
    """The lines of jobs that are in both, in the same order. ValueError where a job of one name has two prompts."""
    others = {entry["job"]: entry for entry in second}
    pairs = [(entry, others[entry["job"]]) for entry in sorted(first, key=lambda entry: entry["job"]) if entry["job"] in others]
    for a, b in pairs:
        if a["prompt"] != b["prompt"] or a["mesh"] != b["mesh"]:
            texts = [f"{entry['prompt']!r} {entry['mesh']}".strip() for entry in (a, b)]
            raise ValueError(f"{a['job']} is {texts[0]} in one folder and {texts[1]} in the other")
    return [a for a, _ in pairs], [b for _, b in pairs]


def table(first: Sequence[dict], second: Sequence[dict]) -> str:
    """Markdown: every figure of both, the difference and its standard error over jobs (jackknife), and which is the better."""
    lines = ["| | first | second | difference | second is | samples |", "| --- | ---: | ---: | ---: | --- | ---: |"]
    for k, (a, b) in enumerate(zip(rows(first), rows(second), strict=True)):
        if math.isnan(a.value):
            continue  # a question that no prompt answers
        error = jackknife(first, second, k)
        lines.append(f"| {a.name} | {number(a.value)} | {number(b.value)} {a.unit} | {b.value - a.value:+.1f} ± {error:.1f} | "
                     f"{comparison(a, b)} | {a.count} |")  # fmt: skip
    return "\n".join(lines)


def comparison(a: Figure, b: Figure) -> str:
    """Whether `b` is higher than `a`, the same or lower; of times, faster or slower."""
    if a.value == b.value:
        return "the same"
    words = ("slower", "faster") if a.unit == "s" else ("higher", "**lower**")
    return words[0] if b.value > a.value else words[1]


def jackknife(first: Sequence[dict], second: Sequence[dict], k: int) -> float:
    """Standard error of the difference of figure `k`, from leaving one job out at a time; nan with fewer than three."""
    kinds = [entry["kind"] for entry in first]
    values = []
    for left_out in range(len(first)):
        if kinds.count(kinds[left_out]) < 3:
            return math.nan
        a, b = (rows([entry for j, entry in enumerate(part) if j != left_out])[k].value for part in (first, second))
        values.append(b - a)
    differences = np.array(values)
    return float(np.sqrt((len(values) - 1) / len(values) * ((differences - differences.mean()) ** 2).sum()))


def psnr_by_kind(first: Path, second: Path, entries: Sequence[dict]) -> str:
    """PSNR between the results of the same jobs, by kind."""
    lines = []
    for kind in sorted({entry["kind"] for entry in entries}):
        names = [entry["job"] for entry in entries if entry["kind"] == kind]
        pairs = [[load_png(folder / name / "result.png")[None] for folder in (first, second)] for name in names]
        values = np.array([float(psnr(*pair)) for pair in pairs])
        lines.append(f"{kind}: PSNR {values.mean():.1f} dB on average, {values.min():.1f} at the least, {len(values)} jobs")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path, help="folder with jobs.jsonl: the reference")
    parser.add_argument("second", type=Path, help="the same of what is compared with it")
    parser.add_argument("--psnr", action="store_true", help="also compare the results themselves")
    arguments = parser.parse_args()
    first, second = shared(*(lines_of(folder / "jobs.jsonl") for folder in (arguments.first, arguments.second)))
    if not first:
        parser.error("the two folders have no job in common")
    print(table(first, second))
    if arguments.psnr:
        print("\n" + psnr_by_kind(arguments.first, arguments.second, first))


if __name__ == "__main__":
    main()
