"""Contact sheets: `python -m training.world.preview data --part flat --out FILE.png`.

data: training pictures, whose captions are printed; `--subject` shows one noun or scene (several, with commas), else all in turn;
--depth shows the inverse depth of objects beside them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

import numpy as np
import torch
from PIL import Image

from .captions import KINDS, caption, random_facts, subjects
from .dataset import SIZES, to_uint8
from .pictures import draw


def sheet(images: np.ndarray, columns: int, path: Path) -> None:
    """Pictures [n, S, S, 3] uint8 side by side, `columns` in a row, as one PNG."""
    n, size = images.shape[:2]
    rows = -(-n // columns)
    padded = np.concatenate([images, np.zeros((rows * columns - n, *images.shape[1:]), np.uint8)])
    grid = padded.reshape(rows, columns, size, size, 3).transpose(0, 2, 1, 3, 4)
    Image.fromarray(grid.reshape(rows * size, columns * size, 3)).save(path)


def data_sheet(part: str, wanted: list[str], count: int, seed: int, depth: bool, size: int) -> np.ndarray:
    """[count or 2 * count, size, size, 3] uint8; prints a caption of each."""
    images = []
    for k in range(count):
        facts = random_facts(Random(seed + k), part, wanted[k % len(wanted)])
        drawn = draw([facts], [seed + k], SIZES[part])
        shown = [drawn.images, drawn.inverse_depth.expand(-1, 3, -1, -1)] if depth else [drawn.images]
        images += [to_uint8(torch.nn.functional.interpolate(one, (size, size), mode="area"))[0] for one in shown]
        print(f"{k}: {caption(facts, Random(seed + k))}")
    return np.stack(images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("data",))
    parser.add_argument("--part", choices=KINDS, default="flat")
    parser.add_argument("--subject", help="nouns or scenes, with commas")
    parser.add_argument("--depth", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--size", type=int, default=256, help="pixels of each picture on the sheet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    wanted = arguments.subject.split(",") if arguments.subject else subjects(arguments.part)
    images = data_sheet(arguments.part, wanted, arguments.count, arguments.seed, arguments.depth, arguments.size)
    sheet(images, arguments.columns, arguments.out)


if __name__ == "__main__":
    main()
