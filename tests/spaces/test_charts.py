"""Which triangle a texel stands for."""

from __future__ import annotations

import numpy as np
import pytest

from engine.spaces.charts import rasterize_charts

SQUARE = np.array([[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]], dtype=float)


def centres(size):
    """[size, size, 2] the (u, v) of texel centres, v up."""
    column, row = np.meshgrid(np.arange(size), np.arange(size))
    return np.stack([(column + 0.5) / size, 1 - (row + 0.5) / size], -1)


def test_the_weights_give_back_the_uv():
    owner, weights = rasterize_charts(SQUARE, 64)
    assert (owner >= 0).all()
    # float32 weights
    assert np.allclose((weights[..., None] * SQUARE[owner]).sum(2), centres(64), atol=1e-6)
    below = centres(64)[..., 0] > centres(64)[..., 1]
    assert (owner[below] == 0).all()


def test_every_texel_of_a_fan_is_owned_once_and_none_is_lost():
    """Summing what each triangle owns alone gives the whole: shared edges belong to one side, gaps do not exist."""
    rng = np.random.default_rng(0)
    centre = np.array([0.413, 0.577])
    rim = np.array([[0, 0], [0.3, 0], [1, 0], [1, 0.41], [1, 1], [0.77, 1], [0, 1], [0, 0.2]])
    fan = np.stack([np.tile(centre, (8, 1)), rim, np.roll(rim, -1, 0)], 1)
    fan = np.stack([triangle[rng.permutation(3)] for triangle in fan])
    owner, _ = rasterize_charts(fan, 97)
    assert (owner >= 0).all()
    alone = sum((rasterize_charts(fan[i : i + 1], 97)[0] >= 0).sum() for i in range(8))
    assert alone == 97 * 97


@pytest.mark.parametrize("shift", [(1, 0), (-1, 0), (0, 3), (-2, -5), (0.5, 0.25)])
def test_uvs_outside_the_unit_square_wrap(shift):
    chart = SQUARE * [0.41, 0.37] + [0.313, 0.307]  # no edge runs through texel centres, where rounding would decide
    owner, weights = rasterize_charts(chart, 64)
    moved, moved_weights = rasterize_charts(chart + np.array(shift), 64)
    columns, rows = int(shift[0] * 64), int(-shift[1] * 64)
    assert np.array_equal(moved, np.roll(owner, (rows, columns), (0, 1)))
    assert np.allclose(moved_weights, np.roll(weights, (rows, columns), (0, 1)), atol=1e-6)


def test_a_triangle_may_repeat_the_texture_a_thousand_times():
    owner, _ = rasterize_charts(SQUARE * 1000, 32)
    assert (owner >= 0).all()


def test_mirrored_halves_share_texels():
    owner, _ = rasterize_charts(np.concatenate([SQUARE, SQUARE]), 16)
    assert set(np.unique(owner)) == {2, 3}


@pytest.mark.parametrize("triangle", [[[0.5, 0.5]] * 3, [[0.1, 0.5], [0.5, 0.5], [0.9, 0.5]], [[0, 0], [0.5, 0.5], [1, 1]]])
def test_triangles_without_area_own_nothing(triangle):
    owner, _ = rasterize_charts(np.array([triangle]), 32)
    assert (owner == -1).all()


def test_slivers_and_crowds_stay_cheap_and_within_their_bounds():
    rng = np.random.default_rng(0)
    slivers = rng.random((20_000, 1, 2)) + np.concatenate([np.zeros((20_000, 1, 2)), rng.normal(0, 0.01, (20_000, 2, 2))], 1)
    owner, weights = rasterize_charts(slivers, 256)
    assert (owner >= 0).mean() > 0.5
    assert np.allclose(weights[owner >= 0].sum(-1), 1, atol=1e-6) and weights.min() >= 0
