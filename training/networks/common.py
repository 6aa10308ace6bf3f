"""What the three training programs share: a running average of the weights, an atomic save and work in a team."""

from __future__ import annotations

import argparse
import atexit
import os
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn


class Average:
    """Exponential running average of a module's weights, `state` in the module's own layout; warms up over first steps."""

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


def save(state: dict, file: Path) -> None:
    """torch.save that a reader never sees half written."""
    part = file.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, file)


class Team:
    """Several one-thread processes that train as one: on a shared machine they wait less than the threads of one process.

    Rank 0 keeps the clock and the files; gradients are averaged after every step. A team of one does nothing.
    """

    def __init__(self, size: int, rank: int, meeting: Path | None = None) -> None:
        """`meeting`: a file that no earlier team has used, the same for all; a team of one needs none."""
        self.size, self.rank = size, rank
        if size > 1:
            dist.init_process_group("gloo", init_method=f"file://{meeting.resolve()}", rank=rank, world_size=size)
            atexit.register(dist.destroy_process_group)  # else Gloo's threads may outlive the interpreter, which aborts

    def add(self, tensors: list[Tensor]) -> None:
        """Replace each tensor by its sum over the team."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def average_gradients(self, module: nn.Module) -> None:
        """Replace every gradient by its mean over the team; parameters without one are left out on all ranks alike."""
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        self.add(gradients)
        for gradient in gradients:
            gradient /= self.size

    def agree(self, number: float) -> float:
        """Rank 0's number, on every rank."""
        if self.size == 1:
            return number
        box = torch.tensor([number], dtype=torch.float64)
        dist.broadcast(box, 0)
        return float(box)


def add_team(parser: argparse.ArgumentParser) -> None:
    """The options that every training program has for its device and its team."""
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compile", action="store_true", help="torch.compile the networks: worth its minute on a GPU")
    parser.add_argument("--threads", type=int, default=2, help="threads of this process")
    parser.add_argument("--team", type=int, default=1, help="processes that train together; start each by hand")
    parser.add_argument("--rank", type=int, default=0, help="0..team-1")
