"""The whole chain, from nothing to a checkpoint: `python -m training.make --target engine/models/builtin`.

Pictures, autoencoder, text encoder, UNet, ControlNet, export, judge, evaluation, one after the other, each in processes of its
own. `--minutes` is what the trainers may take together; what is finished is skipped, what was cut off goes on, and a larger
number trains further. On a processor each trainer runs as a team of one-thread processes, on a GPU as one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import torch

from .captions import KINDS

SHARES = {"train_vae": 0.1, "decoder": 0.04, "train_text": 0.02, "train_unet": 0.42, "control": 0.3, "judge.train": 0.12}
"""Parts of the minutes; "decoder" and "control" are second runs of train_vae and train_unet."""


def together(commands: list[list[str]]) -> None:
    """Run modules side by side, one thread each where there are several; RuntimeError when one fails: the others are stopped."""
    alone = {**os.environ, "OMP_NUM_THREADS": "1"} if len(commands) > 1 else None
    running = [subprocess.Popen([sys.executable, "-m", *command], env=alone) for command in commands]
    try:
        for process, command in zip(running, commands, strict=True):
            if process.wait():
                raise RuntimeError(f"python -m {' '.join(command)} ended with {process.returncode}")
    finally:
        for process in running:
            process.kill()


def make(data: Path, target: Path, minutes: float, pictures: int, held: int, prompts: int, size: int, device: str) -> None:
    """All stages in order; `size` is how many processes share each stage."""
    data.mkdir(parents=True, exist_ok=True)
    where = ["--data", str(data)]
    for split, count in (("train", pictures), ("held", held)):
        ranges = [[str(start), "100"] for start in range(0, count, 100)]
        for part in KINDS:
            parts = ["training.dataset", "--out", str(data / "pictures"), "--split", split, "--part", part, "--device", device]
            for k in range(0, len(ranges), size):
                together([[*parts, "--start", start, "--count", one] for start, one in ranges[k : k + size]])
    for name, share in SHARES.items():
        module = {"control": "train_unet", "decoder": "train_vae"}.get(name, name)
        command = [f"training.{module}", *where, "--minutes", str(minutes * share), "--device", device]
        command += [f"--{name}"] if module != name else []
        if name == "judge.train":
            together([["training.export", *where, "--target", str(target)], command])
        elif name == "train_text" or size == 1:
            together([command])
        else:
            for meeting in data.glob("meeting_*"):  # of a run that was cut off
                meeting.unlink()
            together([[*command, "--threads", "1", "--team", str(size), "--rank", str(rank)] for rank in range(size)])
    together([["training.evaluate", *where, "--model", str(target), "--prompts", str(prompts)]])


def main() -> None:
    gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("build/training"))
    parser.add_argument("--target", type=Path, default=Path("build/training/builtin"), help="where the diffusers folder goes")
    parser.add_argument("--minutes", type=float, default=160, help="of all trainers together")
    parser.add_argument("--pictures", type=int, default=4600, help="to train on, of each kind; a multiple of 100")
    parser.add_argument("--held", type=int, default=700, help="held out, of each kind; a multiple of 100")
    parser.add_argument("--prompts", type=int, default=1000, help="for the evaluation")
    parser.add_argument("--processes", type=int, default=1 if gpu else os.cpu_count())
    parser.add_argument("--device", default="cuda" if gpu else "cpu")
    arguments = parser.parse_args()
    make(
        arguments.data, arguments.target, arguments.minutes, arguments.pictures, arguments.held, arguments.prompts,
        arguments.processes, arguments.device,
    )  # fmt: skip


if __name__ == "__main__":
    main()
