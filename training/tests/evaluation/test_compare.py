"""Comparison of two sets of jobs: only jobs in both count, and the better set is named correctly."""

from __future__ import annotations

import math
from dataclasses import asdict

import pytest

from training.evaluation.compare import jackknife, shared, table
from training.world.captions import Facts


def entry(job: int, right: int, seconds: float = 30.0) -> dict:
    """A panorama of which the classifier names the scene in `right` of eight views."""
    answers = ["desert"] * right + ["city"] * (8 - right)
    return {
        "job": f"panorama_{job:02d}", "kind": "panorama", "prompt": "a desert", "facts": asdict(Facts("scene", scene="desert")),
        "answers": {"scene": answers, "time": ["noon"] * 8, "weather": ["clear"] * 8},
        "mesh": "", "seconds": seconds, "threads": 1,
    }  # fmt: skip


def test_only_jobs_of_both_count_and_in_one_order():
    first, second = shared([entry(2, 8), entry(0, 8), entry(1, 8)], [entry(0, 4), entry(2, 6), entry(7, 0)])
    assert [line["job"] for line in first] == [line["job"] for line in second] == ["panorama_00", "panorama_02"]
    with pytest.raises(ValueError, match="in the other"):
        shared([entry(0, 8)], [entry(0, 8) | {"prompt": "a city"}])


def test_a_loss_is_said_to_be_one_and_a_shorter_time_is_a_gain():
    text = table([entry(k, 8, 30) for k in range(4)], [entry(k, 6, 20) for k in range(4)])
    assert "| panoramas: scene right | 100.0 | 75.0 % | -25.0 ± 0.0 | **lower** | 32 |" in text
    assert "median time | 30.0 | 20.0 s | -10.0 ± 0.0 | faster | 4 |" in text
    assert "**lower**" not in table([entry(k, 6) for k in range(4)], [entry(k, 8) for k in range(4)])


def test_the_error_of_a_mean_is_its_standard_error():
    """The jackknife of a mean is exactly s / sqrt(n): of shares 1, 1/2, 1, 1/2 against 1 in per cent, 28.9 / 2."""
    first, second = [entry(k, 8) for k in range(4)], [entry(k, 8 if k % 2 else 4) for k in range(4)]
    assert jackknife(first, second, 0) == pytest.approx(100 * 0.25 * math.sqrt(4 / 3) / 2)
    assert math.isnan(jackknife(first[:2], second[:2], 0))
