"""The figures that measure the model: each where its value is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.evaluation import metrics


def disc(radius: float, centre: tuple[float, float] = (128, 128), size: int = 256) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    return (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2


def painted(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A noisy bright object before plain grey, [h, w, 3] uint8."""
    picture = np.full((*mask.shape, 3), 128, np.uint8)
    picture[mask] = rng.integers(170, 250, (int(mask.sum()), 3))
    return picture


def test_accuracy_and_agreement():
    assert metrics.accuracy(["a", "b", "c"], ["a", "b", "d"]) == pytest.approx(2 / 3)
    assert np.isnan(metrics.accuracy([], []))
    assert metrics.agreement(["a", "a", "b", "a"]) == 0.75


def test_frechet_distance_of_a_set_to_itself_is_nothing():
    features = np.random.default_rng(0).normal(size=(400, 16))
    assert metrics.frechet_distance(features, features) < 1e-9


def test_frechet_distance_of_moved_and_scaled_gaussians():
    """Moved by m: |m|^2. Scaled by s in d dimensions: d (s - 1)^2. 5 %: 20 000 samples."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(20_000, 4)), rng.normal(size=(20_000, 4))
    assert metrics.frechet_distance(a, a + np.array([3.0, 0, 4, 0])) == pytest.approx(25, rel=1e-6)
    assert metrics.frechet_distance(a, 2 * b + np.array([1.0, 0, 0, 0])) == pytest.approx(1 + 4, rel=0.05)


def test_frechet_distance_of_fewer_samples_than_dimensions_is_finite():
    rng = np.random.default_rng(2)
    distance = metrics.frechet_distance(rng.normal(size=(20, 64)), rng.normal(size=(30, 64)))
    assert np.isfinite(distance) and distance > 0


def test_mean_distance():
    corners = np.array([[0.0, 0], [3, 4]])
    assert metrics.mean_distance(corners) == pytest.approx(5)
    assert metrics.mean_distance(corners, np.array([[0.0, 0]])) == pytest.approx(2.5)
    assert np.isnan(metrics.mean_distance(corners[:1]))


def test_edges_equal_to_the_condition_score_one_and_none_score_nothing():
    edges = metrics.outline(disc(60))
    assert metrics.f_score(*metrics.edge_scores(edges, edges)) == 1
    assert metrics.f_score(*metrics.edge_scores(np.zeros_like(edges), edges)) == 0
    assert metrics.edge_scores(metrics.outline(disc(90)), edges) == (0, 0)


def test_an_outline_does_not_run_along_the_border_of_the_picture():
    half = np.zeros((32, 32), bool)
    half[:, :16] = True
    assert metrics.outline(half).sum() == 32


def test_silhouette_f_of_a_picture_that_follows_its_depth_and_of_one_that_does_not():
    rng = np.random.default_rng(3)
    solid = disc(70)
    depth = np.where(solid, 200, 0).astype(np.uint8)
    assert metrics.silhouette_f(painted(solid, rng), depth) > 0.99
    assert metrics.silhouette_f(painted(disc(70, (150, 128)), rng), depth) < 0.5
    assert metrics.silhouette_f(np.full((256, 256, 3), 128, np.uint8), depth) == 0
    assert np.isnan(metrics.silhouette_f(painted(solid, rng), np.full((256, 256), 9, np.uint8)))


def test_fold_contrast_sees_a_step_in_colour_where_the_depth_steps():
    rng = np.random.default_rng(4)
    solid, near = disc(90), disc(40, (110, 128))
    depth = np.where(near, 240, np.where(solid, 120, 0)).astype(np.uint8)
    assert metrics.folds(depth).sum() > 100
    noise = rng.integers(-8, 8, (256, 256, 3))
    followed = np.where(near[..., None], 220, np.where(solid[..., None], 90, 128)) + noise
    ignored = np.where(solid[..., None], 90, 128) + noise
    assert metrics.fold_contrast(followed.astype(np.uint8), depth) > 3
    assert metrics.fold_contrast(ignored.astype(np.uint8), depth) == pytest.approx(1, abs=0.2)
    assert np.isnan(metrics.fold_contrast(followed.astype(np.uint8), np.where(solid, 120, 0).astype(np.uint8)))


def test_detail_is_what_averaging_takes_away():
    """The mean of two unrelated noises has 1 / sqrt 2 of the gradient of one; 2 %: 65 000 pixels each."""
    rng = np.random.default_rng(6)
    one, other = (rng.integers(60, 200, (1, 256, 256, 3)) for _ in range(2))
    mean = ((one + other) / 2).round()
    assert metrics.detail(mean.astype(np.uint8)) == pytest.approx(metrics.detail(one.astype(np.uint8)) / 2**0.5, rel=0.02)
    assert metrics.detail(np.full((1, 32, 32, 3), 90, np.uint8)) == 0


def test_view_disagreement():
    layers = torch.stack([torch.full((3, 4, 8), 0.4), torch.full((3, 4, 8), 0.6)])
    left, right = torch.zeros(4, 8, dtype=torch.bool), torch.zeros(4, 8, dtype=torch.bool)
    left[:, :5], right[:, 3:] = True, True
    assert metrics.view_disagreement(layers, torch.stack([left, right])) == pytest.approx(0.1)
    assert metrics.view_disagreement(layers[:1].repeat(2, 1, 1, 1), torch.stack([left, right])) == pytest.approx(0, abs=1e-6)
    assert np.isnan(metrics.view_disagreement(layers, torch.stack([left, ~left])))
