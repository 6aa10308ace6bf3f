"""What the training programs share: learning rate, gradient step, moving average, resumable state, data-parallel processes."""

from __future__ import annotations

import argparse
import atexit
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn

REPORT_SECONDS = 60.0  # wall time from one progress line, and one saved state, to the next


class MovingAverage:
    """Exponential moving average of a module's weights, `state` in its state_dict's layout.

    `decay` in 0..1 is approached over the first updates, as min(decay, (1 + n) / (10 + n)) in update n.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.state: dict[str, Tensor] = {key: value.detach().clone() for key, value in module.state_dict().items()}
        self._decay, self._steps = decay, 0

    def state_dict(self) -> dict[str, Tensor]:
        return self.state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from `state`, with the full decay."""
        self.state = state
        self._steps = 10**6

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the module's weights; integer buffers are copied."""
        self._steps += 1
        weight = 1 - min(self._decay, (1 + self._steps) / (10 + self._steps))
        for key, value in module.state_dict().items():
            if value.is_floating_point():
                self.state[key].lerp_(value, weight)
            else:
                self.state[key].copy_(value)


def seconds_spent(device: torch.device) -> float:
    """A clock for schedules: processor time of this process in seconds (all its threads), which other load does not shorten.

    On a GPU it is wall time, since the processor only waits there.
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


class Stateful(Protocol):
    """A module, an optimiser, a moving average."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any], /) -> Any: ...


class TrainingState:
    """How far a training run has come (steps, time spent), kept in a file together with all that it continues from.

    The file holds the state_dict of each of `parts` under its name, `spent` (seconds, earlier runs included) and `step`.
    Construction loads it if it exists. The clock of this run starts at construction.
    """

    def __init__(
        self, file: Path, minutes: float, parts: Mapping[str, Stateful], device: torch.device, processes: ProcessGroup
    ) -> None:
        """`minutes`: the whole schedule, on the clock of `seconds_spent`. Rank 0 of `processes` decides and writes for all."""
        self.step = 0
        self._file, self._seconds, self._parts, self._device = file, 60 * minutes, parts, device
        self._processes = processes
        earlier = 0.0
        if file.exists():
            state = torch.load(file, weights_only=True, map_location=device)
            for name, part in parts.items():
                part.load_state_dict(state[name])
            earlier, self.step = state["spent"], state["step"]
        self._started = seconds_spent(device) - earlier
        self._reported, self._sums, self._count = time.monotonic(), {}, 0

    @property
    def spent(self) -> float:
        """Seconds of training so far, earlier runs included."""
        return seconds_spent(self._device) - self._started

    def share(self) -> float:
        """Share of the schedule that has passed, the same on all ranks; training ends at 1. Every rank must call it."""
        return self._processes.broadcast(self.spent / self._seconds)

    def advance(self, losses: Mapping[str, Tensor]) -> bool:
        """Count a step with its losses (scalars); true on rank 0 when a progress line is due, at most once in REPORT_SECONDS."""
        self.step += 1
        self._count += 1
        for name, loss in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + loss.item()
        return self._processes.rank == 0 and time.monotonic() - self._reported > REPORT_SECONDS

    def report(self, note: str = "") -> None:
        """Print the progress line: share, step, mean losses and wall seconds per step since the last line, and `note`."""
        means = " ".join(f"{name} {total / self._count:.4f}" for name, total in self._sums.items())
        pace = (time.monotonic() - self._reported) / self._count
        share = self.spent / self._seconds
        print(f"share {share:.3f} step {self.step} {means} seconds per step {pace:.2f} {note}".rstrip(), flush=True)
        self._reported, self._sums, self._count = time.monotonic(), {}, 0

    def save(self) -> None:
        """Write the file."""
        state = {name: part.state_dict() for name, part in self._parts.items()}
        save(state | {"spent": self.spent, "step": self.step}, self._file)


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal-to-noise ratio [B] in dB between pictures [B, 3, h, w] in 0..1, at most 100."""
    return -10 * (a - b).square().mean((1, 2, 3)).clamp(min=1e-10).log10()


def cosine_decay(share: float) -> float:
    """1 at share 0, 0 at share 1, by half a cosine."""
    return 0.5 * (1 + math.cos(math.pi * share))


def linear_decay(share: float) -> float:
    """1 at share 0, 0 at share 1."""
    return 1 - share


def learning_rate(
    peak: float, step: int, share: float, *, warm_up: int, floor: float, decay: Callable[[float], float] = cosine_decay
) -> float:
    """Linear warm-up over `warm_up` steps, times a decay over the share 0..1 of the schedule from `peak` to `floor` * `peak`."""
    return peak * min(1.0, (step + 1) / warm_up) * (floor + (1 - floor) * decay(share))


def gradient_step(
    loss: Tensor,  # scalar
    module: nn.Module,
    optimiser: torch.optim.Optimizer,
    rate: float,
    processes: ProcessGroup,
    *,
    max_norm: float = 1.0,
) -> None:
    """One update of `module` with learning rate `rate`; the gradient is averaged over the ranks and its norm clipped."""
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    processes.average_gradients(module)
    torch.nn.utils.clip_grad_norm_(module.parameters(), max_norm)
    optimiser.step()


def add_training_options(parser: argparse.ArgumentParser, *, minutes: float, threads: int = 2) -> None:
    """The options that every training program has; `minutes` and `threads` are their defaults."""
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=minutes, help="of the whole schedule, earlier runs included")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=threads, help="threads of this process; their time adds up in --minutes")


def add_process_options(parser: argparse.ArgumentParser) -> None:
    """The options of the training programs that run in a process group and can compile their networks."""
    parser.add_argument("--compile", action="store_true", help="torch.compile the networks: pays on a GPU, costs a minute")
    parser.add_argument("--world-size", type=int, default=1, help="data-parallel processes; start each of them yourself")
    parser.add_argument("--rank", type=int, default=0, help="0..world size - 1")
