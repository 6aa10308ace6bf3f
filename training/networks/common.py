"""What the training programs share: a moving average of the weights, an atomic save and data-parallel processes."""

from __future__ import annotations

import argparse
import atexit
import os
import time
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn


class MovingAverage:
    """Exponential moving average of a module's weights, `state` in its state_dict's layout; the decay warms up."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.state: dict[str, Tensor] = {key: value.detach().clone() for key, value in module.state_dict().items()}
        self._decay, self._steps = decay, 0

    def load(self, state: dict[str, Tensor]) -> None:
        self.state = state
        self._steps = 10**6

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        self._steps += 1
        weight = 1 - min(self._decay, (1 + self._steps) / (10 + self._steps))
        for key, value in module.state_dict().items():
            if value.is_floating_point():
                self.state[key].lerp_(value, weight)
            else:
                self.state[key].copy_(value)


def seconds_spent(device: torch.device) -> float:
    """A clock for schedules: this process's time on the processor, which a machine that is busy otherwise does not cut short.

    On a GPU the time of day, as the processor only waits there.
    """
    return time.process_time() if device.type == "cpu" else time.monotonic()


def save(state: dict, file: Path) -> None:
    """torch.save through a temporary file and a rename, so that another process never reads a partial file."""
    part = file.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, file)


class ProcessGroup:
    """Data-parallel one-thread processes: on a shared machine they wait less than the threads of one process.

    Rank 0 decides when training ends and writes the files; gradients are averaged after every step. A group of one does nothing.
    """

    def __init__(self, size: int, rank: int, rendezvous: Path | None = None) -> None:
        """`rendezvous`: a file that no earlier group has used, the same on all ranks; a group of one needs none."""
        self.size, self.rank = size, rank
        if size > 1:
            dist.init_process_group("gloo", init_method=f"file://{rendezvous.resolve()}", rank=rank, world_size=size)
            atexit.register(dist.destroy_process_group)  # else Gloo's threads may outlive the interpreter, which aborts

    def all_reduce(self, tensors: list[Tensor]) -> None:
        """Replace each tensor by its sum over the ranks."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def average_gradients(self, module: nn.Module) -> None:
        """Replace every gradient by its mean over the ranks; parameters without one must be the same on all ranks."""
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        self.all_reduce(gradients)
        for gradient in gradients:
            gradient /= self.size

    def broadcast(self, number: float) -> float:
        """Rank 0's number, on every rank."""
        if self.size == 1:
            return number
        box = torch.tensor([number], dtype=torch.float64)
        dist.broadcast(box, 0)
        return float(box)


def add_device_options(parser: argparse.ArgumentParser) -> None:
    """The options of every training program for its device and its process group."""
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compile", action="store_true", help="torch.compile the networks: worth its minute on a GPU")
    parser.add_argument("--threads", type=int, default=2, help="threads of this process")
    parser.add_argument("--world-size", type=int, default=1, help="data-parallel processes; start each of them yourself")
    parser.add_argument("--rank", type=int, default=0, help="0..world size - 1")
