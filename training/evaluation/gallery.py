"""A page of 24 prompts with their pictures: `python -m training.evaluation.gallery --out docs`, half an hour on a processor.

Twelve panoramas and twelve textures with the built-in model, the Auto preset and one seed, every one of them shown, good or bad.
The jobs are kept in --work, so it can be stopped and started again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from engine.spaces.views import orbit

from .jobs import Caches, do_job, job_views
from .meshes import meshes

PANORAMAS = (
    "desert dunes at sunset",
    "snowy mountains at dawn",
    "an alpine meadow",
    "a forest clearing in thick mist",
    "the ocean in stormy weather",
    "a tropical beach at noon",
    "a red canyon in the evening",
    "a city skyline at night",
    "a village with houses in falling snow",
    "northern lights over snow",
    "a volcano with lava at dusk",
    "an underwater reef",
)
TEXTURES = (
    "an old mossy red brick wall",
    "molten lava",
    "dragon scales, green",
    "giraffe patches",
    "weathered copper",
    "knitted wool, blue",
    "stained glass",
    "purple crystals",
    "cracked white marble",
    "oak planks, burnt",
    "red and rusty riveted plate",
    "honeycomb",
)
SHOWN = orbit([(-30, 10), (150, 10)])  # one side and the other
PANORAMA_SIZE = (768, 384)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--work", type=Path, default=Path("build/gallery"), help="where the jobs are kept")
    parser.add_argument("--meshes", type=Path, nargs="*", default=[], help="Suzanne and others: mesh.npz, OBJ, GLB or PLY")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    pictures = arguments.out / "images" / "gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    caches, shapes = Caches(), meshes(arguments.meshes)
    lines = [
        "# Gallery",
        "",
        "Twenty-four prompts with the built-in model, the Auto preset and one seed each; none was left out. Made by "
        "`python -m training.evaluation.gallery`.",
    ]
    for kind, prompts, title in (("panorama", PANORAMAS, "Panoramas"), ("texture", TEXTURES, "Textures")):
        cells = []
        for number, prompt in enumerate(prompts):
            folder = arguments.work / f"{kind}_{number:02d}"
            mesh = list(shapes)[number % len(shapes)] if kind == "texture" else ""
            report = do_job(folder, kind, prompt, arguments.seed, caches, shapes.get(mesh))
            file = save(pictures / f"{kind}_{number:02d}.jpg", shown(folder, kind))
            print(f"{file}: {prompt!r} {report['seconds']['total']:.0f} s", flush=True)
            cells.append((prompt, file.relative_to(arguments.out).as_posix()))
        lines += ["", f"## {title}", "", *grid(cells, 2 if kind == "panorama" else 3)]
    page = arguments.out / "gallery.md"
    page.write_text("\n".join(lines) + "\n")
    print(page)


def shown(folder: Path, kind: str) -> Image.Image:
    """The whole panorama, or the textured mesh from two sides."""
    if kind == "panorama":
        return Image.open(folder / "result.png").convert("RGB").resize(PANORAMA_SIZE, Image.Resampling.LANCZOS)
    return Image.fromarray(np.concatenate(list(job_views(folder, SHOWN)), axis=1))


def save(file: Path, image: Image.Image) -> Path:
    """Save as a JPEG of some tens of kilobytes."""
    image.save(file, quality=85, optimize=True)
    return file


def grid(cells: list[tuple[str, str]], columns: int) -> list[str]:
    """A Markdown table of pictures with their prompts below."""
    lines = ["| |" + " |" * (columns - 1), "|" + " --- |" * columns]
    for k in range(0, len(cells), columns):
        row = cells[k : k + columns]
        lines.append("| " + " | ".join(f"![{prompt}]({file})<br>{prompt}" for prompt, file in row) + " |")
    return lines


if __name__ == "__main__":
    main()
