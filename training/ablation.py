"""The paper's Table 2 with the built-in model: `python -m training.ablation --data DATA --prompts 20`, writes docs/ablation.md.

Six settings of three ingredients make the same panoramas, on the paper's two sets of five views (FoV 72, elevation 0). Ten crops
of each are held against ten single pictures that the model samples for the same prompt, as in the paper. DATA/ablation/<model>/
holds panoramas and figures, job by job, so it can be stopped and started again.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engine.contracts import Canvas
from engine.images import load_png, save_png, to_uint8
from engine.models.catalog import BUILTIN_FOLDER, entry_for
from engine.models.stable_diffusion import Checkpoint
from engine.prompts import prompts_by_label
from engine.protocol.params import SamplingParams
from engine.sampling.synchronize import OuterStep, synchronize
from engine.spaces.equirect import EquirectSpace
from engine.spaces.views import View, ring, views_paper_band

from .captions import Facts
from .jobs import MODEL, VIEW, add_line, asked, lines_of, panorama_views
from .judge.measure import agreement, seam_contrast, view_disagreement
from .judge.network import Judge
from .paper_table import ROWS, Row, report
from .sampler import checkpoint, fingerprint, sample

WIDTH = 1024
CROPS = ring(10, elevation=0, fov=60, start=18)  # each lies across a border of one of the sets
BORDERS = [WIDTH * k / 10 for k in range(10)]  # columns where neighbours of either set meet
BAND = slice(WIDTH // 4 - WIDTH // 14, WIDTH // 4 + WIDTH // 14)  # rows within 25 degrees of the horizon: every view covers them
SHOWN = 3  # prompts whose panoramas are on the page
STRIP = WIDTH // 90  # four degrees on either side of a border


class Watched(EquirectSpace):
    """The band of the paper, which remembers what each view last painted."""

    def __init__(self, resolution: int) -> None:
        super().__init__(WIDTH, resolution, view_sets=views_paper_band())
        self.painted: dict[View, Tensor] = {}

    def unproject(self, canvas: Canvas, views: Sequence[View], images: Tensor, *, average: bool) -> Canvas:
        self.painted.update(zip(views, images, strict=True))
        return super().unproject(canvas, views, images, average=average)

    def layers(self) -> tuple[Tensor, Tensor]:
        """Each painted view alone on the canvas [V, 3, H, W], and where it is [V, H, W] bool."""
        alone = [
            EquirectSpace.unproject(self, self.blank(), (view,), image[None], average=True)
            for view, image in self.painted.items()
        ]
        return torch.stack([canvas.z for canvas in alone]), torch.stack([canvas.best > 0 for canvas in alone])


class Made(NamedTuple):
    z: Tensor  # [3, H, W]
    forwards: int
    disagreement: float


def settings(row: Row, base: SamplingParams) -> SamplingParams:
    """`base` with the ingredients of a row. No coarse steps and no border steps: they are not the paper's three."""
    return replace(
        base, coarse_steps=0, blend_steps=0, max_stochasticity=row.max_stochasticity, multi_step=row.multi_step,
        non_overlapping=row.non_overlapping,
    )  # fmt: skip


def panorama(model: Checkpoint, prompt: str, params: SamplingParams, seed: int) -> Made:
    """One panorama of the band; what lies above and below it stays blank."""
    space = Watched(model.view_resolution)
    denoiser = model.denoiser(prompts_by_label("panorama", prompt, model.reads_whole))
    for step in synchronize(space, model.codec, denoiser, params, seed=seed):
        if isinstance(step, OuterStep):
            canvas = step.canvas
    return Made(space.finish(canvas), denoiser.forwards, view_disagreement(*space.layers()))


def measured(row: Row, number: int, prompt: str, facts: Facts, made: Made, judge: Judge) -> dict:
    """The line of one panorama."""
    reading = judge.read(panorama_views(made.z, CROPS))
    said = reading.answers["scene"]
    return {
        "row": row.number, "prompt_number": number, "prompt": prompt, "scene": facts.scene, "forwards": made.forwards,
        "right": float(np.mean([answer == facts.scene for answer in said])), "agreement": agreement(said),
        "seam": seam_contrast(made.z[:, BAND], BORDERS, STRIP), "disagreement": made.disagreement,
        "features": np.round(reading.features, 4).tolist(),
    }  # fmt: skip


def references(
    model: Checkpoint, jobs: list[tuple[Facts, str]], home: Path, judge: Judge, guidance: float, steps: int
) -> list[dict]:
    """Ten single pictures for each prompt, as lines of row 0."""
    log = home / "single.jsonl"
    done = {entry["prompt_number"] for entry in lines_of(log)}
    for number, (facts, prompt) in enumerate(jobs):
        if number not in done:
            seeds = [10**6 * (number + 1) + k for k in range(len(CROPS))]
            reading = judge.read(sample(model, [prompt] * len(CROPS), seeds, guidance=guidance, steps=steps))
            said = reading.answers["scene"]
            right = float(np.mean([answer == facts.scene for answer in said]))
            add_line(log, {
                "row": 0, "prompt_number": number, "prompt": prompt, "forwards": 2 * steps * len(CROPS), "right": right,
                "agreement": agreement(said), "seam": math.nan, "disagreement": math.nan,
                "features": np.round(reading.features, 4).tolist(),
            })  # fmt: skip
            print(f"single pictures {number + 1}/{len(jobs)}: {right:.0%} right", flush=True)
    return lines_of(log)


def run(arguments: argparse.Namespace) -> str:
    """The page; panoramas and single pictures are made where they are not there yet."""
    torch.set_num_threads(arguments.threads)
    folder = BUILTIN_FOLDER if arguments.model == MODEL else Path(arguments.model)
    model, judge = checkpoint(folder), Judge.load(arguments.data / "judge.pt")
    auto = entry_for(MODEL).auto["panorama"]
    base = replace(
        auto, outer_steps=arguments.outer_steps or auto.outer_steps, ode_steps=arguments.ode_steps or auto.ode_steps,
        coarse_steps=0, blend_steps=0,
    )  # fmt: skip
    home = arguments.data / "ablation" / fingerprint(folder, base, arguments.seed, VIEW, WIDTH)
    home.mkdir(parents=True, exist_ok=True)
    jobs = asked("panorama", arguments.prompts, arguments.seed)
    singles = references(model, jobs, home, judge, base.guidance, arguments.steps)
    log = home / "rows.jsonl"
    done = {(entry["row"], entry["prompt_number"]) for entry in lines_of(log)}
    for number, (facts, prompt) in enumerate(jobs):
        for row in ROWS:
            if (row.number, number) in done:
                continue
            made = panorama(model, prompt, settings(row, base), arguments.seed + number)
            save_png(home / f"{number:02d}_row{row.number}.png", made.z)
            entry = measured(row, number, prompt, facts, made, judge)
            add_line(log, entry)
            print(f"{prompt!r} row {row.number}: {entry['right']:.0%} right, seam {entry['seam']:.2f}, "
                  f"disagreement {entry['disagreement']:.3f}, {made.forwards} forwards", flush=True)  # fmt: skip
    keep = range(arguments.prompts)
    entries = [entry for entry in lines_of(log) if entry["prompt_number"] in keep]
    lines = show(arguments.out.parent, home, [prompt for _, prompt in jobs[:SHOWN]])
    return report(entries, [entry for entry in singles if entry["prompt_number"] in keep], base) + "\n".join(lines) + "\n"


def show(docs: Path, home: Path, prompts: list[str]) -> list[str]:
    """Lines of Markdown with the band of all six rows of each prompt, below one another, in one JPEG in docs/images."""
    (docs / "images").mkdir(parents=True, exist_ok=True)
    lines = ["", "## Rows 1 to 6, from above"]
    for number, prompt in enumerate(prompts):
        files = [home / f"{number:02d}_row{row.number}.png" for row in ROWS]
        bands = [load_png(file)[:, BAND] for file in files]
        stacked = torch.cat([torch.nn.functional.pad(band, (0, 0, 0, 6), value=1.0) for band in bands], 1)
        name = f"images/ablation_{number}.jpg"
        Image.fromarray(to_uint8(stacked)).save(docs / name, quality=85, optimize=True)
        lines += ["", f"{prompt}:", "", f"![{prompt}]({name})"]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--prompts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--outer-steps", type=int, default=0, help="passes over the canvas in every row; 0: those of Auto")
    parser.add_argument("--ode-steps", type=int, default=0, help="steps of one solve; 0: those of Auto")
    parser.add_argument("--steps", type=int, default=20, help="DDIM steps of the single pictures")
    parser.add_argument("--model", default=MODEL, help="the built-in model, or a folder to try with its settings")
    parser.add_argument("--out", type=Path, default=Path("docs/ablation.md"))
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(run(arguments))
    print(arguments.out)


if __name__ == "__main__":
    main()
