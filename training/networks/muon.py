"""Muon (Jordan et al., 2024) for convolutions and matrices, AdamW for the rest: fewer steps to the same loss than AdamW alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .common import ProcessGroup

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # quintic whose iteration drives singular values to about 1


def orthogonal(update: Tensor, steps: int = 5) -> Tensor:
    """The nearest (semi-)orthogonal matrix to `update` [rows, columns], approximately (Newton-Schulz iteration)."""
    a, b, c = COEFFICIENTS
    x = update.T if update.shape[0] > update.shape[1] else update
    x = (x / (x.norm() + 1e-7)).bfloat16()
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if update.shape[0] > update.shape[1] else x).to(update.dtype)


class Muon(torch.optim.Optimizer):
    """Two kinds of groups: `muon` ones take orthogonalised momentum, others AdamW. `rate` scales both.

    An orthogonal update has singular values of 1; times 0.2 sqrt(max(rows, columns)) its entries are as large as AdamW's
    (Liu et al., 2025), so one learning rate serves both. In a process group each rank orthogonalises its part.
    """

    def __init__(
        self, module: nn.Module, rate: float, decay: float = 0.01, momentum: float = 0.95, processes: ProcessGroup | None = None
    ) -> None:
        self._processes = processes or ProcessGroup(1, 0)
        wide, others = [], []
        for name, parameter in module.named_parameters():
            matrix = parameter.ndim >= 2 and "embedding" not in name and "conv_in" not in name and "conv_out" not in name
            (wide if matrix and min(parameter.shape[0], parameter[0].numel()) >= 8 else others).append(parameter)
        groups = [{"params": wide, "muon": True}, {"params": others, "muon": False}]
        super().__init__(groups, {"lr": rate, "decay": decay, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        """Update all parameters that have a gradient."""
        for group in self.param_groups:
            learning = [parameter for parameter in group["params"] if parameter.grad is not None]
            for parameter in learning:
                parameter.mul_(1 - group["lr"] * group["decay"])
            if group["muon"]:
                self._muon(learning, group)
            else:
                for parameter in learning:
                    self._adam(parameter, group)

    def _muon(self, parameters: list[Tensor], group: dict) -> None:
        updates = []
        # largest first, round robin, so that all ranks have about the same work
        order = sorted(range(len(parameters)), key=lambda k: -parameters[k].numel())
        owner = {k: place % self._processes.size for place, k in enumerate(order)}
        for k, parameter in enumerate(parameters):
            state = self.state[parameter]
            if not state:
                state["momentum"] = torch.zeros_like(parameter)
            state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
            ahead = parameter.grad.lerp(state["momentum"], group["momentum"]).reshape(len(parameter), -1)
            updates.append(orthogonal(ahead) if owner[k] == self._processes.rank else torch.zeros_like(ahead))
        self._processes.all_reduce(updates)
        for parameter, update in zip(parameters, updates, strict=True):
            parameter.sub_(update.reshape(parameter.shape), alpha=0.2 * max(update.shape) ** 0.5 * group["lr"])

    def _adam(self, parameter: Tensor, group: dict) -> None:
        state = self.state[parameter]
        if not state:
            state |= {"mean": torch.zeros_like(parameter), "square": torch.zeros_like(parameter), "step": torch.zeros(())}
        state["step"] += 1
        step = float(state["step"])
        state["mean"].lerp_(parameter.grad, 0.1)
        state["square"].lerp_(parameter.grad.square(), 0.01)
        size = state["square"].div(1 - 0.99**step).sqrt_().add_(1e-8)
        parameter.addcdiv_(state["mean"], size, value=-group["lr"] / (1 - 0.9**step))
