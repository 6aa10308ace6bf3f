"""Muon: its updates are orthogonal whatever the gradient's scale, and it learns."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import torch

from training.networks.common import ProcessGroup
from training.networks.muon import Muon, orthogonal


def gradient(rows: int, columns: int) -> torch.Tensor:
    """Singular values from 1 down to a tenth, which plain gradient steps would leave that unequal."""
    g = torch.Generator().manual_seed(0)
    u, _, v = torch.linalg.svd(torch.randn(rows, columns, generator=g), full_matrices=False)
    return u @ torch.diag(torch.logspace(0, -1, len(v))) @ v


def test_singular_values_become_about_one():
    """The quintic's iteration settles between 0.68 and 1.13 (Jordan et al.); bfloat16 adds a hundredth."""
    for shape in ((24, 60), (60, 24)):
        values = torch.linalg.svdvals(orthogonal(gradient(*shape)))
        assert 0.6 < float(values.min()) and float(values.max()) < 1.25, shape


def test_the_scale_of_the_gradient_does_not_matter():
    g = gradient(24, 60)
    assert torch.allclose(orthogonal(g), orthogonal(1e-3 * g), atol=0.02)  # bfloat16's 8 bits, five times over


def test_singular_vectors_stay():
    """Only the sizes change: the update points where the gradient does."""
    g = gradient(24, 60)
    u, _, v = torch.linalg.svd(g, full_matrices=False)
    turned = u.T @ orthogonal(g) @ v.T
    assert float((turned - torch.diag(torch.diag(turned))).abs().max()) < 0.05


def test_it_learns_matrices_and_what_is_not_a_matrix():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(8, 16, 3), torch.nn.GELU(), torch.nn.Flatten(), torch.nn.Linear(16, 8))
    x = torch.randn(64, 8, 3, 3)
    y = x.mean((2, 3))
    optimiser = Muon(net, 1e-2, decay=0.0)
    before = [parameter.detach().clone() for parameter in net.parameters()]
    losses = []
    for _ in range(60):
        loss = (net(x) - y).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert all(not torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


def test_it_resumes_from_its_state():
    """Two steps, or one, a save, a load and another: the same weights."""

    def net() -> torch.nn.Linear:
        torch.manual_seed(0)
        return torch.nn.Linear(16, 16)

    def step(module: torch.nn.Module, optimiser: Muon) -> None:
        optimiser.zero_grad()
        module(torch.ones(2, 16)).square().sum().backward()
        optimiser.step()

    straight = net()
    optimiser = Muon(straight, 1e-2)
    step(straight, optimiser)
    kept = {key: value.clone() for key, value in straight.state_dict().items()}, deepcopy(optimiser.state_dict())
    broken = net()
    broken.load_state_dict(kept[0])
    second = Muon(broken, 1e-2)
    second.load_state_dict(kept[1])
    step(straight, optimiser)
    step(broken, second)
    assert all(torch.equal(a, b) for a, b in zip(straight.parameters(), broken.parameters(), strict=True))


def learn_as(rank: int, size: int, folder: Path) -> None:
    """Two steps as rank `rank` of a process group in which all see the same batch; its weights go to a file."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(16, 24), torch.nn.Tanh(), torch.nn.Linear(24, 9), torch.nn.Linear(9, 12))
    processes = ProcessGroup(size, rank, folder / "rendezvous")
    optimiser = Muon(net, 1e-2, processes=processes)
    for _ in range(2):
        optimiser.zero_grad()
        net(torch.ones(2, 16)).square().sum().backward()
        processes.average_gradients(net)
        optimiser.step()
    torch.save(net.state_dict(), folder / f"{size}_{rank}.pt")


def test_ranks_that_share_the_matrices_learn_as_one_process_does(tmp_path: Path):
    learn_as(0, 1, tmp_path)
    torch.multiprocessing.spawn(learn_as, (2, tmp_path), nprocs=2)
    alone, *members = (torch.load(tmp_path / name, weights_only=True) for name in ("1_0.pt", "2_0.pt", "2_1.pt"))
    for member in members:
        assert all(torch.allclose(alone[key], member[key], atol=1e-6) for key in alone)
