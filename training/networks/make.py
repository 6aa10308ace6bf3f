"""The whole chain, from nothing to a checkpoint: `python -m training.networks.make --target engine/models/builtin`.

Pictures, autoencoder, text encoder, UNet, ControlNet, export, classifier, evaluation, one after the other, each in processes of
its own. `--minutes` is the time of all trainers together; what is finished is skipped, what was interrupted resumes, and a larger
number trains further. On a processor each trainer runs as several one-thread processes, on a GPU as one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import torch

from ..world.captions import KINDS

VAE, TEXT, UNET = "training.networks.train_vae", "training.networks.train_text", "training.networks.train_unet"
DATASET, CLASSIFIER = "training.world.dataset", "training.evaluation.classifier.train"


class Stage(NamedTuple):
    """One run of a trainer."""

    module: str
    share: float  # of the minutes
    options: tuple[str, ...] = ()


STAGES = (
    Stage(VAE, 0.1),
    Stage(VAE, 0.04, ("--decoder",)),
    Stage(TEXT, 0.02),
    Stage(UNET, 0.42),
    Stage(UNET, 0.3, ("--control",)),
    Stage(CLASSIFIER, 0.12),
)


def run_side_by_side(commands: list[list[str]]) -> None:
    """Run modules as processes, one thread each if there are several. RuntimeError when one fails, after stopping the rest."""
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
            command = [DATASET, "--out", str(data / "pictures"), "--split", split, "--part", part, "--device", device]
            for k in range(0, len(ranges), size):
                run_side_by_side([[*command, "--start", start, "--count", one] for start, one in ranges[k : k + size]])
    for stage in STAGES:
        command = [stage.module, *where, "--minutes", str(minutes * stage.share), "--device", device, *stage.options]
        if stage.module == CLASSIFIER:
            run_side_by_side([["training.networks.export", *where, "--target", str(target)], command])
        elif stage.module == TEXT or size == 1:
            run_side_by_side([command])
        else:
            for rendezvous in data.glob("rendezvous_*"):  # of an interrupted run
                rendezvous.unlink()
            ranks = [["--world-size", str(size), "--rank", str(rank)] for rank in range(size)]
            run_side_by_side([[*command, "--threads", "1", *rank] for rank in ranks])
    run_side_by_side([["training.evaluation.evaluate", *where, "--model", str(target), "--prompts", str(prompts)]])


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
