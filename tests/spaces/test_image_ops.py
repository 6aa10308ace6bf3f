"""Sampling, seams, filling, padding."""

from __future__ import annotations

import numpy as np
import torch

from engine.spaces.image_ops import (
    distance_to_border,
    fill_from_surface,
    nearest_index,
    pad_circular,
    pad_equirect,
    sample,
    sampling_grid,
    shrink,
)
from engine.spaces.views import pixel_centres


def test_sampling_at_centres_returns_the_picture():
    image = torch.rand(3, 5, 7)
    assert torch.allclose(sample(image, sampling_grid(pixel_centres(5, 7), 5, 7)), image, atol=1e-6)


def test_sampling_between_centres_is_linear():
    image = torch.arange(8.0).expand(1, 4, 8)
    xy = torch.tensor([[2.25, 1.3], [6.0, 2.0]])  # centres lie at .5: column value = x - 0.5
    assert torch.allclose(sample(image, sampling_grid(xy, 4, 8))[0], torch.tensor([1.75, 5.5]), atol=1e-5)


def test_a_tiled_border_continues_on_the_other_side():
    image = torch.arange(12.0).reshape(1, 3, 4)
    assert torch.equal(pad_circular(image)[:, 1:-1, 1:-1], image)
    xy = torch.tensor([[0.0, 1.5]])  # on the border: half way between the first and the last column
    value = sample(pad_circular(image), sampling_grid(xy, 3, 4, border=1))
    assert torch.allclose(value, (image[:, 1, :1] + image[:, 1, -1:]) / 2)


def test_beyond_a_pole_lies_the_other_side_of_the_globe():
    image = torch.rand(3, 4, 8)
    bordered = pad_equirect(image)
    assert torch.equal(bordered[:, 0, 1:-1], image[:, 0].roll(4, 1))
    assert torch.equal(bordered[:, -1, 1:-1], image[:, -1].roll(4, 1))
    assert torch.equal(bordered[:, 1:-1, 0], image[:, :, -1])


def test_interior_is_zero_at_every_border_and_one_at_the_deepest():
    owned = np.zeros((21, 31), dtype=bool)
    owned[:, :15] = True
    mask = distance_to_border(owned)
    assert mask.max() == 1 and not mask[~owned].any()
    assert not mask[0].any() and not mask[-1].any() and not mask[:, 0].any() and not mask[:, 14].any()
    assert mask[10, 7] == 1 and (np.diff(mask[10, :8]) > 0).all()


def test_interior_of_nothing_is_nothing():
    assert not distance_to_border(np.zeros((4, 4), dtype=bool)).any()


def test_nearest_index_keeps_the_known_and_finds_the_nearest():
    known = np.zeros((8, 8), dtype=bool)
    known[2, 3] = known[7, 7] = True
    index = nearest_index(known).reshape(8, 8)
    assert index[2, 3] == 2 * 8 + 3 and index[7, 7] == 63
    assert index[0, 0] == 2 * 8 + 3 and index[6, 6] == 63


def test_shrinking_is_averaging_and_keeps_grids():
    image = torch.arange(16.0).reshape(1, 4, 4)
    assert torch.equal(shrink(image, 1), image)
    assert torch.allclose(shrink(image, 2), torch.tensor([[[2.5, 4.5], [10.5, 12.5]]]))


def test_filling_asks_space_not_the_map():
    """Texels in map order 0, 1, 2 but with 1 next to 2 in space: it takes the colour of 2."""
    colours = torch.tensor([[0.0, 0.5, 1.0]]).expand(3, 3)
    keys = torch.tensor([[0.0], [10.0], [10.001]])
    filled = fill_from_surface(colours, torch.tensor([True, False, True]), keys)
    assert torch.allclose(filled[:, 1], torch.ones(3), atol=1e-3)
    assert torch.equal(filled[:, [0, 2]], colours[:, [0, 2]])


def test_filling_without_anything_seen_changes_nothing():
    colours = torch.rand(3, 4)
    assert torch.equal(fill_from_surface(colours, torch.zeros(4, dtype=torch.bool), torch.rand(4, 3)), colours)
