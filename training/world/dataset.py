"""Write the training pictures: `python -m training.world.dataset --out DATA/pictures --split train --part flat --count 6000`.

Shards of 100, NAME = <split>_<part>_<start>: NAME.npz holds `pictures` uint8 [100, S, S, 3] (S = 384 for flats, of which
training takes crops of 256; else 256) and, for objects, `depth` uint8 [100, 256, 256] (inverse depth, 255 = near); NAME.json
lists their facts and seeds and is written last: where it exists the shard is complete. A shard depends on its name alone:
processes can share the work by ranges, and what exists is skipped.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import torch

from .captions import KINDS, Facts, random_facts, subjects
from .pictures import draw

SHARD_SIZE = 100  # pictures
GROUP = 4  # pictures of one noun or scene that are drawn together
SIZES = {"flat": 384, "object": 256, "scene": 256}
SPLITS = {"train": 0, "held": 1 << 40}  # first seeds
PARTS = {part: k << 36 for k, part in enumerate(KINDS)}


class Loaded(NamedTuple):
    """The contents of one or several shards."""

    pictures: np.ndarray  # [n, S, S, 3] uint8
    depth: np.ndarray | None  # [n, 256, 256] uint8, objects only
    facts: list[Facts]
    seeds: list[int]


def plan(split: str, part: str, index: int) -> tuple[Facts, int]:
    """Facts and seed of example `index`: groups pass through all nouns or scenes in shuffled order, repeatedly."""
    seed = SPLITS[split] + PARTS[part] + index
    order = subjects(part)
    turn, place = divmod(index // GROUP, len(order))
    Random(f"{split} {part} {turn}").shuffle(order)
    return random_facts(Random(seed), part, order[place]), seed


def to_uint8(images: torch.Tensor) -> np.ndarray:
    """0..1 [B, C, H, W] to uint8 [B, H, W, C]."""
    return (images.clamp(0, 1) * 255 + 0.5).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def write_shard(out: Path, split: str, part: str, start: int, device: str = "cpu") -> Path:
    """Examples start..start+99; returns the JSON file."""
    planned = [plan(split, part, index) for index in range(start, start + SHARD_SIZE)]
    pictures, depths = [], []
    for k in range(0, SHARD_SIZE, GROUP):
        facts, seeds = zip(*planned[k : k + GROUP], strict=True)
        drawn = draw(facts, seeds, SIZES[part], device)
        pictures.append(to_uint8(drawn.images))
        depths.append(to_uint8(drawn.inverse_depth)[..., 0])
    arrays = {"pictures": np.concatenate(pictures)}
    if part == "object":
        arrays["depth"] = np.concatenate(depths)
    name = f"{split}_{part}_{start:06d}"
    with open(out / f"{name}.npz.part", "wb") as file:
        np.savez(file, **arrays)
    (out / f"{name}.npz.part").replace(out / f"{name}.npz")
    notes = out / f"{name}.json.part"
    notes.write_text(json.dumps([{**asdict(fact), "seed": seed} for fact, seed in planned]))
    return notes.replace(out / f"{name}.json")


def shards(folder: Path, split: str, part: str) -> list[str]:
    """Names of the whole shards of a split and part in `folder`, in order."""
    return sorted(file.stem for file in Path(folder).glob(f"{split}_{part}_*.json"))


def load(folder: Path, names: Sequence[str]) -> Loaded:
    """The named shards (of one part), joined."""
    pictures, depths, facts, seeds = [], [], [], []
    keys = [field.name for field in fields(Facts)]
    for name in names:
        with np.load(Path(folder) / f"{name}.npz") as arrays:
            pictures.append(arrays["pictures"])
            depths += [arrays["depth"]] if "depth" in arrays else []
        for entry in json.loads((Path(folder) / f"{name}.json").read_text()):
            facts.append(Facts(**{key: entry[key] for key in keys}))
            seeds.append(entry["seed"])
    return Loaded(np.concatenate(pictures), np.concatenate(depths) if depths else None, facts, seeds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", choices=tuple(SPLITS), default="train")
    parser.add_argument("--part", choices=KINDS, required=True)
    parser.add_argument("--start", type=int, default=0, help=f"first example, a multiple of {SHARD_SIZE}")
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    if arguments.start % SHARD_SIZE:
        parser.error(f"--start must be a multiple of {SHARD_SIZE}")
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for start in range(arguments.start, arguments.start + arguments.count, SHARD_SIZE):
        name = f"{arguments.split}_{arguments.part}_{start:06d}"
        if not (arguments.out / f"{name}.json").exists():
            begun = time.perf_counter()
            write_shard(arguments.out, arguments.split, arguments.part, start, arguments.device)
            print(f"{name}: {(time.perf_counter() - begun) / SHARD_SIZE * 1000:.0f} ms each", flush=True)


if __name__ == "__main__":
    main()
