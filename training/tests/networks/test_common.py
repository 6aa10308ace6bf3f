"""What the trainers share: a stopped run continues at the share of its schedule that it had reached; how learning rates fall."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from training.networks import common
from training.networks.common import (
    MovingAverage,
    ProcessGroup,
    TrainingState,
    gradient_step,
    learning_rate,
    linear_decay,
    psnr,
)
from training.networks.muon import Muon

CPU = torch.device("cpu")
MINUTES = 2.0
ALONE = ProcessGroup(1, 0)


class Clock:
    """Replaces both clocks of `common`: seconds that pass only when a test advances them."""

    now = 0.0

    def __call__(self, *_: object) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(common, "seconds_spent", clock)
    monkeypatch.setattr(common.time, "monotonic", clock)
    return clock


class Run:
    """A small network in training, set up as each trainer does."""

    def __init__(self, file: Path, clock: Clock) -> None:
        torch.manual_seed(0)
        self.clock, self.net = clock, torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 8))
        self.optimiser, self.average = Muon(self.net, 1e-2), MovingAverage(self.net, 0.5)
        parts = {"model": self.net, "optimiser": self.optimiser, "average": self.average}
        self.state = TrainingState(file, MINUTES, parts, CPU, ALONE)

    def steps(self, count: int, seconds: float = 1.0) -> list[bool]:
        """Train; each step takes `seconds`. Whether a progress line was due after each."""
        due = []
        for _ in range(count):
            rate = learning_rate(1e-2, self.state.step, self.state.share(), warm_up=5, floor=0.01)
            loss = self.net(torch.ones(2, 8)).square().sum()
            gradient_step(loss, self.net, self.optimiser, rate, ALONE)
            self.average.update(self.net)
            self.clock.now += seconds
            due.append(self.state.advance({"loss": loss}))
        return due


def test_a_stopped_run_continues_at_the_same_share_with_the_same_weights(tmp_path, clock):
    """Twenty steps in one run, or fifteen, a save, and five in a new process, whose clock starts elsewhere."""
    whole = Run(tmp_path / "whole.pt", clock)
    whole.steps(20)
    share = whole.state.share()
    first = Run(tmp_path / "state.pt", clock)
    first.steps(15)
    first.state.save()
    clock.now = 3.0
    second = Run(tmp_path / "state.pt", clock)
    assert second.state.step == 15
    assert second.state.share() == pytest.approx(15 / (60 * MINUTES))
    second.steps(5)
    assert second.state.step == whole.state.step and second.state.share() == pytest.approx(share)
    assert all(torch.equal(a, b) for a, b in zip(whole.net.parameters(), second.net.parameters(), strict=True))
    average = second.average.state  # equal too: its decay of 0.5 is reached by the eighth step, and after a load at once
    assert all(torch.equal(whole.average.state[key], average[key]) for key in average)


def test_the_file_has_the_keys_of_the_files_that_trainings_under_way_resume_from(tmp_path, clock):
    run = Run(tmp_path / "state.pt", clock)
    run.steps(3)
    run.state.save()
    assert torch.load(tmp_path / "state.pt", weights_only=True).keys() == {"model", "optimiser", "average", "spent", "step"}


def test_a_longer_schedule_trains_further(tmp_path, clock):
    run = Run(tmp_path / "state.pt", clock)
    run.steps(3, seconds=60 * MINUTES / 3)
    assert run.state.share() == pytest.approx(1.0)
    run.state.save()
    longer = TrainingState(tmp_path / "state.pt", 2 * MINUTES, {"model": run.net}, CPU, ALONE)
    assert longer.share() == pytest.approx(0.5)


def test_progress_is_due_once_a_minute_with_mean_losses_since_the_last_line(tmp_path, clock, capsys):
    run = Run(tmp_path / "state.pt", clock)
    assert run.steps(3, seconds=25) == [False, False, True]
    run.state.report("note")
    words = capsys.readouterr().out.split()
    assert words[:4] == ["share", "0.625", "step", "3"] and words[-2:] == ["25.00", "note"]
    for loss in (1.0, 3.0):
        assert not run.state.advance({"loss": torch.tensor(loss), "other": torch.tensor(1.0)})
    run.state.report()
    assert "loss 2.0000 other 1.0000" in capsys.readouterr().out


def test_only_rank_0_reports(tmp_path, clock):
    second = ProcessGroup(1, 0)
    second.rank = 1
    states = [TrainingState(tmp_path / "none.pt", MINUTES, {}, CPU, processes) for processes in (ALONE, second)]
    clock.now += 1000
    assert [state.advance({}) for state in states] == [True, False]


def test_the_rate_rises_over_the_warm_up_and_falls_from_the_peak_to_the_floor():
    def rate(step: int, share: float) -> float:
        return learning_rate(1e-3, step, share, warm_up=100, floor=0.01)

    assert [rate(step, 0.0) for step in (0, 49, 99, 500)] == pytest.approx([1e-5, 5e-4, 1e-3, 1e-3])
    assert rate(500, 0.5) == pytest.approx(1e-3 * (0.01 + 0.99 / 2))  # half-way down the cosine
    assert rate(500, 1.0) == pytest.approx(1e-5)
    values = [rate(500, k / 20) for k in range(21)]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("share", [0.0, 0.13, 0.5, 0.99])
def test_rates_are_those_of_the_trainings_that_are_under_way(share):
    """The formulae that each trainer had for itself, to the bit, so that a resumed training continues on its own schedule."""
    cosine = 1 + math.cos(math.pi * share)
    assert learning_rate(1e-3, 7, share, warm_up=100, floor=0.01) == 1e-3 * min(1.0, 8 / 100) * (0.01 + 0.99 * 0.5 * cosine)
    assert learning_rate(1.2e-3, 70, share, warm_up=50, floor=0.02) == 1.2e-3 * 1.0 * (0.02 + 0.98 * 0.5 * cosine)
    linear = learning_rate(1e-3, 70, share, warm_up=50, floor=0.02, decay=linear_decay)
    assert linear == pytest.approx(1e-3 * (1 - 0.98 * share))  # written in another order: equal but for rounding


def test_a_gradient_step_clips_the_norm_of_the_gradient():
    net = torch.nn.Linear(4, 1, bias=False)
    before = net.weight.detach().clone()
    loss = 1000 * net(torch.ones(1, 4)).sum()
    gradient_step(loss, net, torch.optim.SGD(net.parameters(), lr=1.0), 0.5, ALONE, max_norm=2.0)
    assert float((net.weight - before).norm().detach()) == pytest.approx(0.5 * 2.0, rel=1e-5)  # float32


def test_psnr():
    """An error of 0.1 everywhere is 20 dB."""
    a = torch.zeros(2, 3, 4, 4)
    b = a.clone()
    b[1] += 0.1
    assert psnr(a, b).tolist() == pytest.approx([100, 20], abs=1e-3)
