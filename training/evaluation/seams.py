"""Seams of finished panoramas: `python -m training.evaluation.seams --jobs OLD --views cube --jobs NEW --views auto`.

Every folder below --jobs that holds a panorama's job is measured at the borders of the views that made it: auto and paper are the
engine's own view plans, cube the two cubes of 98 degrees, turned by 45, that it had before. The table has one row per --jobs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch

from engine.io.images import load_png
from engine.spaces.views import ViewSet, panorama_views, ring

from .metrics import mean_and_error
from .seam_metric import seam_jump

BANDS = ((0, 30), (30, 90))  # degrees of latitude
CUBE_FOV = 98.0


def turned_cubes() -> tuple[ViewSet, ...]:
    """The faces of a cube, four degrees wider on every side, and of the same cube turned by 45 degrees."""

    def cube(start: float) -> ViewSet:
        poles = ring(1, elevation=90, fov=CUBE_FOV, start=start) + ring(1, elevation=-90, fov=CUBE_FOV, start=start)
        return ring(4, elevation=0, fov=CUBE_FOV, start=start) + poles

    return cube(0), cube(45)


def view_sets(name: str) -> tuple[ViewSet, ...]:
    """All sets of "cube", "auto" or "paper", those that fill the rest included."""
    if name == "cube":
        return turned_cubes()
    plan = panorama_views(name)
    return (*plan.view_sets, *plan.fill_sets)


def panoramas(folder: Path) -> list[Path]:
    """The results of all panorama jobs in or below `folder`, in order."""
    found = []
    for job in sorted(folder.rglob("job.json")):
        result = job.parent / "result.png"
        if result.exists() and json.loads(job.read_text())["kind"] == "panorama":
            found.append(result)
    return found


def row(name: str, views: str, jumps: Sequence[Sequence[float]]) -> str:
    """One line of the table: mean and standard error of each band over panoramas."""
    cells = []
    for values in zip(*jumps, strict=True):
        cells.append("{:.2f} ± {:.2f}".format(*mean_and_error(values)))
    return "| " + " | ".join([name, views, str(len(jumps)), *cells]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=Path, action="append", required=True, help="folder of job folders; as often as wanted")
    parser.add_argument("--views", action="append", required=True, choices=("auto", "paper", "cube"), help="one for each --jobs")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    if len(arguments.jobs) != len(arguments.views):
        parser.error("each --jobs needs its own --views")
    torch.set_num_threads(arguments.threads)
    bands = [f"{low} to {high} degrees of latitude" for low, high in BANDS]
    print("| jobs | views | panoramas | " + " | ".join(bands) + " |\n| --- | --- | ---: |" + " ---: |" * len(bands))
    for folder, views in zip(arguments.jobs, arguments.views, strict=True):
        files = panoramas(folder)
        if not files:
            parser.error(f"no finished panorama lies below {folder}")
        sets = view_sets(views)
        print(row(str(folder), views, [seam_jump(load_png(file), sets, BANDS) for file in files]), flush=True)


if __name__ == "__main__":
    main()
