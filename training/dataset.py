"""Write the training pictures: `python -m training.dataset --out FOLDER --start 0 --count 6000`.

Shards of 250: `pictures_<start>.npy` [250, 128, 128, 3] uint8, `depth_<start>.npy` [250, 128, 128] uint8 and
`facts_<start>.json` (kind and captions of each). Seeds are the indices, so a shard can be made again anywhere, alone.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from .pictures import Example, example

SHARD = 250


def write_shard(out: Path, start: int) -> None:
    """Examples start..start+249; the facts are written last and mark the shard as whole."""
    made: list[Example] = [example(seed) for seed in range(start, start + SHARD)]
    np.save(out / f"pictures_{start:06d}.npy", np.stack([e.picture for e in made]))
    np.save(out / f"depth_{start:06d}.npy", np.stack([e.depth for e in made]))
    facts = [{"kind": e.kind, "captions": list(e.captions)} for e in made]
    (out / f"facts_{start:06d}.json").write_text(json.dumps(facts))


def shards(folder: Path) -> list[str]:
    """Names (the start index as text) of the whole shards in `folder`, in order."""
    return sorted(file.stem.removeprefix("facts_") for file in folder.glob("facts_*.json"))


def load(folder: Path, names: list[str]) -> tuple[np.ndarray, np.ndarray, list[dict]]:
    """Pictures, depths and facts of the named shards, joined."""
    pictures = np.concatenate([np.load(folder / f"pictures_{name}.npy") for name in names])
    depths = np.concatenate([np.load(folder / f"depth_{name}.npy") for name in names])
    facts = [fact for name in names for fact in json.loads((folder / f"facts_{name}.json").read_text())]
    return pictures, depths, facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for start in range(arguments.start, arguments.start + arguments.count, SHARD):
        if not (arguments.out / f"facts_{start:06d}.json").exists():
            write_shard(arguments.out, start)
            print(f"{start + SHARD} pictures", flush=True)


if __name__ == "__main__":
    main()
