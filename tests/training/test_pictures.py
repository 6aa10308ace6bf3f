"""The training pictures: seeded, with captions from the vocabulary and depth by the project's convention."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training import scenes, shapes, vocabulary
from training.noise import Field
from training.pictures import example

SEEDS = range(12)


@pytest.fixture(scope="module")
def examples():
    return {seed: example(seed) for seed in SEEDS}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_picture(examples):
    again = example(3)
    assert np.array_equal(again.picture, examples[3].picture)
    assert np.array_equal(again.depth, examples[3].depth)
    assert again.captions == examples[3].captions
    assert not np.array_equal(examples[3].picture, examples[4].picture)


def test_every_kind_of_picture_is_made(examples):
    assert {made.kind for made in examples.values()} == {"flat", "object", "scene"}


def test_captions_use_known_words_only(examples):
    known = set(vocabulary.learned_words())
    for made in examples.values():
        for caption in made.captions:
            assert set(vocabulary.words_of(caption)) <= known, caption


def test_only_solids_have_depth(examples):
    for made in examples.values():
        assert (made.depth.max() == 255) == (made.kind == "object")


def test_before_the_solid_lies_one_plain_grey(examples):
    """Where depth is 0 around the solid, the picture is one colour; on the solid it is not."""
    for made in (made for made in examples.values() if made.kind == "object"):
        corner = made.picture[0, 0].astype(int)
        assert np.ptp(corner) == 0
        covered = made.depth > 0
        changed = (np.abs(made.picture.astype(int) - corner) > 3).any(-1)
        assert changed[~covered].mean() < 0.02  # the farthest pixel of the solid has depth 0 too
        assert changed[covered].mean() > 0.5


def test_inverse_depth_is_min_max_over_the_solid_and_zero_elsewhere():
    depth = torch.tensor([[2.0, 4.0], [3.0, 9.0]])
    hit = torch.tensor([[True, True], [True, False]])
    inverse = shapes.inverse_depth(depth, hit)
    assert inverse[0, 0] == 1 and inverse[0, 1] == 0 and inverse[1, 1] == 0
    assert inverse[1, 0] == pytest.approx((1 / 3 - 1 / 4) / (1 / 2 - 1 / 4), abs=1e-6)


def test_points_seen_lie_on_the_surface_and_uv_are_two_of_their_coordinates():
    f = Field(5)
    solid = shapes.Solid(f)
    seen = shapes.look(solid, f, 64)
    assert seen.mask.sum() == len(seen.points) > 200
    assert float(solid.distance(seen.points).abs().max()) < 0.01  # the tracer stops at 0.002
    assert bool((seen.inverse_depth[~seen.mask] == 0).all())
    both = (seen.uv[:, :, None] == seen.points[:, None, :]).any(-1)
    assert bool(both.all())


@pytest.mark.parametrize("scene", ["mountains", "beach", "aurora"])
def test_a_world_looks_the_same_from_every_view(scene):
    """One direction has one colour, whichever view (and batch) it is seen in; 2e-3: float sums in another order."""
    world = scenes.World(scene, "day", Field(9))
    d = scenes.directions(30, 5, 80, 24)
    alone = torch.cat([world(part) for part in d.split(100)])
    assert float((world(d) - alone).abs().max()) < 2e-3


def test_azimuth_grows_to_the_right_and_elevation_upward():
    d = scenes.directions(0, 0, 90, 8).reshape(8, 8, 3)
    right = scenes.directions(20, 0, 90, 8).reshape(8, 8, 3)[4, 4]
    up = scenes.directions(0, 20, 90, 8).reshape(8, 8, 3)[4, 4]
    assert d[4, 7] @ right > d[4, 0] @ right
    assert d[0, 4] @ up > d[7, 4] @ up


def test_unknown_modifier_is_refused():
    from training.materials import modify

    p = torch.zeros(4, 3)
    with pytest.raises(ValueError, match="unknown modifier"):
        modify("sparkling", p, p, p[:, :2], Field(0))
