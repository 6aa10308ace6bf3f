"""The paper's Table 2 with the built-in model: `python -m training.evaluation.ablation --data DATA --prompts 20`.

Six settings of three ingredients make the same panoramas, on the paper's two sets of five views (FoV 72, elevation 0); a seventh
adds border steps to the sixth. Ten crops of each are compared with ten single pictures that the model samples for the same
prompt, as in the paper. Writes docs/ablation.md. DATA/ablation/<model>/ holds panoramas and figures, job by job, so it can be
stopped and started again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engine.contracts import Space
from engine.io.images import load_png, save_png, to_uint8
from engine.models.catalog import BUILTIN_FOLDER, entry_for
from engine.models.load import Checkpoint
from engine.prompts import prompts_by_label, suffixes
from engine.protocol.kinds import KINDS
from engine.protocol.params import SamplingParams
from engine.sampling.plan import plan
from engine.sampling.schedule import Schedule
from engine.sampling.synchronize import OuterStep, synchronize
from engine.spaces.equirect import EquirectSpace
from engine.spaces.raster import RasterCanvas
from engine.spaces.views import View, ViewSet, ring, views_paper_band

from ..world.captions import Facts
from .classifier.network import Classifier
from .jobs import MODEL, VIEW, add_line, job_prompts, lines_of, views_of_panorama
from .metrics import agreement, detail, view_disagreement
from .paper_table import PAPERS, ROWS, Row, report
from .sampler import checkpoint, fingerprint, sample
from .seam_metric import seam_jump

WIDTH = 1024
CROPS = ring(10, elevation=0, fov=60, start=18)  # each lies across a border of one of the sets
BAND = slice(WIDTH // 4 - WIDTH // 14, WIDTH // 4 + WIDTH // 14)  # rows within 25 degrees of the horizon: every view covers them
LATITUDES = ((0, 25),)  # the same rows
SHOWN = 3  # prompts whose panoramas are on the page
WHOLE_WAY = {"t_start": 999, "t_stop": 0, "outer_steps": 30}  # as in SyncTweedies


class Recorder:
    """A Space that records the last image that each view unprojected."""

    def __init__(self, space: Space, painted: dict[View, Tensor] | None = None) -> None:
        self._space = space
        self.painted = {} if painted is None else painted  # by view: [3, h, w]
        self.view_sets, self.fill_sets = space.view_sets, space.fill_sets
        self.view_resolution, self.texels_per_pixel = space.view_resolution, space.texels_per_pixel
        self.notices = space.notices

    def at(self, view_resolution: int) -> Recorder:
        return Recorder(self._space.at(view_resolution), self.painted)

    def blank(self) -> RasterCanvas:
        return self._space.blank()

    def unseen_share(self, views: Sequence[View], drawn: Sequence[View]) -> list[float]:
        return self._space.unseen_share(views, drawn)

    def project(self, canvas: RasterCanvas, views: Sequence[View], behind: Tensor | None = None) -> Tensor:
        return self._space.project(canvas, views, behind)

    def unproject(self, canvas: RasterCanvas, views: Sequence[View], images: Tensor, *, average: bool) -> RasterCanvas:
        self.painted.update(zip(views, images, strict=True))
        return self._space.unproject(canvas, views, images, average=average)

    def condition(self, views: Sequence[View]) -> Tensor | None:
        return self._space.condition(views)

    def seam_mask(self, views: Sequence[View]) -> Tensor:
        return self._space.seam_mask(views)

    def unknown_mask(self, canvas: RasterCanvas, views: Sequence[View]) -> Tensor:
        return self._space.unknown_mask(canvas, views)

    def restore(self, canvas: RasterCanvas, known: RasterCanvas) -> RasterCanvas:
        return self._space.restore(canvas, known)

    def coverage(self, canvas: RasterCanvas) -> float:
        return self._space.coverage(canvas)

    def to_image(self, canvas: RasterCanvas) -> Tensor:
        return self._space.to_image(canvas)

    def fill_and_pad(self, canvas: RasterCanvas) -> Tensor:
        return self._space.fill_and_pad(canvas)

    def layers(self) -> tuple[Tensor, Tensor]:
        """Each unprojected view alone on the canvas [V, 3, H, W], and its coverage [V, H, W] bool."""
        alone = [
            self._space.at(image.shape[-1]).unproject(self.blank(), (view,), image[None], average=True)
            for view, image in self.painted.items()
        ]
        return torch.stack([canvas.z for canvas in alone]), torch.stack([canvas.view_quality > 0 for canvas in alone])


class Made(NamedTuple):
    """One panorama and how it was made."""

    z: Tensor  # [3, H, W]
    nfe: int
    passes: int
    last_t: int  # noise level of the last pass
    disagreement: float
    last_views: ViewSet  # of the last pass


def settings(row: Row, base: SamplingParams) -> SamplingParams:
    """`base` with the ingredients of a row. No coarse steps: they are none of the paper's three.

    Only with maximum stochasticity and multi-step solves is the result of a pass at high noise already a picture. The other rows
    run the whole way: Algorithm 2 goes to t = 0 as SyncTweedies does, and a one-step estimate is a picture only near it.
    """
    way = {} if row.max_stochasticity and row.multi_step else WHOLE_WAY
    return replace(
        base, views="paper", coarse_steps=0, fill_steps=0, blend_steps=row.border_steps, max_stochasticity=row.max_stochasticity,
        multi_step=row.multi_step, non_overlapping=row.non_overlapping, **way,
    )  # fmt: skip


def panorama(model: Checkpoint, prompt: str, params: SamplingParams, seed: int) -> Made:
    """One panorama of the band of views; the canvas above and below it stays blank."""
    space = Recorder(EquirectSpace(WIDTH, model.view_resolution, view_sets=views_paper_band(), fill_sets=()))
    denoiser = model.denoiser(prompts_by_label(prompt, suffixes(KINDS["panorama"], prompt, {}), model.fits_context))
    planned = plan(params, space, model.schedule(Schedule))
    for step in synchronize(planned, space, model.codec, denoiser, seed=seed):
        if isinstance(step, OuterStep):
            canvas = step.canvas
    last, apart = planned.steps[-1], view_disagreement(*space.layers())
    return Made(space.fill_and_pad(canvas), denoiser.nfe, len(planned.steps), last.t, apart, last.views)


def scored(pictures: np.ndarray, facts: Facts, classifier: Classifier) -> dict:
    """What is measured of pictures [n, h, w, 3] uint8 of one prompt, whether crops of a panorama or single ones."""
    predicted = classifier.predict(pictures)
    answers = predicted.answers["scene"]
    return {
        "right": float(np.mean([answer == facts.scene for answer in answers])), "agreement": agreement(answers),
        "detail": detail(pictures), "features": np.round(predicted.features, 4).tolist(),
    }  # fmt: skip


def measured(row: Row, number: int, prompt: str, facts: Facts, made: Made, classifier: Classifier) -> dict:
    """The measurements of one panorama, a line of rows.jsonl."""
    sets = views_paper_band()
    entry = {
        "row": row.name, "prompt_number": number, "prompt": prompt, "scene": facts.scene, "nfe": made.nfe,
        "passes": made.passes, "last_t": made.last_t, "seam": seam_jump(made.z, sets, LATITUDES)[0],
        "disagreement": made.disagreement, **scored(views_of_panorama(made.z, CROPS), facts, classifier),
    }  # fmt: skip
    if row.non_overlapping:
        before = next(views for views in sets if tuple(views) != tuple(made.last_views))
        entry["seam_last_set"] = seam_jump(made.z, sets, LATITUDES, [made.last_views])[0]
        entry["seam_set_before"] = seam_jump(made.z, sets, LATITUDES, [before])[0]
    return entry


def references(
    model: Checkpoint, jobs: list[tuple[Facts, str]], home: Path, classifier: Classifier, guidance: float, steps: int
) -> list[dict]:
    """Ten single pictures for each prompt, one line each."""
    log = home / "single.jsonl"
    done = {entry["prompt_number"] for entry in lines_of(log)}
    for number, (facts, prompt) in enumerate(jobs):
        if number not in done:
            seeds = [10**6 * (number + 1) + k for k in range(len(CROPS))]
            pictures = sample(model, [prompt] * len(CROPS), seeds, guidance=guidance, steps=steps)
            entry = {"prompt_number": number, "prompt": prompt, **scored(pictures, facts, classifier)}
            add_line(log, entry)
            print(f"single pictures {number + 1}/{len(jobs)}: {entry['right']:.0%} right", flush=True)
    return lines_of(log)


def run(arguments: argparse.Namespace) -> str:
    """The page; panoramas and single pictures are made where they are not there yet."""
    torch.set_num_threads(arguments.threads)
    folder = BUILTIN_FOLDER if arguments.model == MODEL else Path(arguments.model)
    model, classifier = checkpoint(folder), Classifier.load(arguments.data / "classifier.pt")
    auto = entry_for(MODEL).auto["panorama"]
    base = replace(
        auto, t_start=900, t_stop=250, outer_steps=arguments.outer_steps, ode_steps=arguments.ode_steps or auto.ode_steps,
        coarse_steps=0, blend_steps=0,
    )  # fmt: skip
    home = arguments.data / "ablation" / fingerprint(folder, base, arguments.seed, VIEW, WIDTH)
    home.mkdir(parents=True, exist_ok=True)
    jobs = job_prompts("panorama", arguments.prompts, arguments.seed)
    singles = references(model, jobs, home, classifier, base.guidance, arguments.steps)
    log = home / "rows.jsonl"
    done = {(entry["row"], entry["prompt_number"]) for entry in lines_of(log)}
    for number, (facts, prompt) in enumerate(jobs):
        for row in ROWS:
            if (row.name, number) in done:
                continue
            made = panorama(model, prompt, settings(row, base), arguments.seed + number)
            save_png(picture_of(home, number, row), made.z)
            entry = measured(row, number, prompt, facts, made, classifier)
            add_line(log, entry)
            print(f"{prompt!r} row {row.name}: {entry['right']:.0%} right, seam {entry['seam']:.2f}, "
                  f"disagreement {entry['disagreement']:.3f}, {made.nfe} forwards", flush=True)  # fmt: skip
    keep = range(arguments.prompts)
    entries = [entry for entry in lines_of(log) if entry["prompt_number"] in keep]
    lines = show(arguments.out.parent, home, [prompt for _, prompt in jobs[:SHOWN]])
    return report(entries, [entry for entry in singles if entry["prompt_number"] in keep], base) + "\n".join(lines) + "\n"


def picture_of(home: Path, number: int, row: Row) -> Path:
    """The file of the panorama of a row and prompt."""
    return home / f"{number:02d}_row{row.name.replace(' ', '_')}.png"


def show(docs: Path, home: Path, prompts: list[str]) -> list[str]:
    """Lines of Markdown with the band of all six rows of each prompt, below one another, in one JPEG in docs/images."""
    (docs / "images").mkdir(parents=True, exist_ok=True)
    lines = ["", "## Rows 1 to 6, from above"]
    for number, prompt in enumerate(prompts):
        bands = [load_png(picture_of(home, number, row))[:, BAND] for row in PAPERS]
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
    parser.add_argument("--outer-steps", type=int, default=8, help="passes from t = 900 to 250, in the rows that do not run to 0")
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
