"""Pictures on disk: rounding, size, and never half of one."""

from __future__ import annotations

import numpy as np
import torch

from engine.io.images import load_png, save_jpeg, save_png, to_uint8


def test_a_saved_picture_comes_back_to_within_half_a_step(tmp_path):
    z = torch.rand(3, 32, 64, generator=torch.Generator().manual_seed(0))
    back = load_png(save_png(tmp_path / "é 1.png", z))
    assert (back - z).abs().max() <= 0.5 / 255 + 1e-6


def test_values_outside_the_range_are_clamped():
    z = torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0]).expand(3, 1, 5)
    np.testing.assert_array_equal(to_uint8(z)[0, :, 0], [0, 0, 128, 255, 255])


def test_a_preview_is_shrunk_by_area(tmp_path):
    z = torch.zeros(3, 64, 128)
    z[:, :, ::2] = 1
    small = load_png(save_jpeg(tmp_path / "preview.jpg", z, width=64))
    assert small.shape == (3, 32, 64)
    assert (small - 0.5).abs().max() < 2 / 255


def test_a_picture_that_is_small_enough_is_not_enlarged(tmp_path):
    assert load_png(save_jpeg(tmp_path / "preview.jpg", torch.zeros(3, 8, 16), width=64)).shape == (3, 8, 16)


def test_nothing_but_the_picture_is_left_behind(tmp_path):
    save_png(tmp_path / "a.png", torch.zeros(3, 8, 8))
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
