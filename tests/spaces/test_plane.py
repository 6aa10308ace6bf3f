"""The flat picture: windows that cover it, seams that another set paints over, and what goes in comes out."""

from __future__ import annotations

import pytest
import torch

from engine.spaces.plane import PlaneSpace, window_sets

SIZES = [(300, 64, 64), (256, 64, 64), (100, 200, 64), (64, 64, 64), (150, 150, 32), (40, 90, 64)]


def smooth(width: int, height: int) -> torch.Tensor:
    """[3, H, W] 0..1, without detail that a picture of half the size would lose."""
    x, y = torch.linspace(0, 3, width), torch.linspace(0, 2, height)[:, None]
    return torch.stack([(x + y).sin(), (x - y).cos(), (x * y).sin()]) * 0.4 + 0.5


@pytest.mark.parametrize("width, height, side", SIZES)
def test_the_first_set_covers_the_canvas_and_every_seam_lies_inside_a_window_of_another(width, height, side):
    space = PlaneSpace(width, height, side)
    first, *others = space.view_sets
    assert all(share == 0 for views in others for share in space.unseen_share(views, first))
    inner = space.view_sets[0][0].side // 8
    owner = torch.full((height, width), -1)
    for number, window in enumerate(first):
        image = torch.zeros(1, 3, side, side) + number / len(first)
        owner = torch.where(space.unproject(space.blank(), [window], image, average=False).view_quality > 0, number, owner)
    assert (owner >= 0).all()
    for view in (view for views in others for view in views):
        assert 0 <= view.left <= width - view.side and 0 <= view.top <= height - view.side
    edges = {window.left for window in first} - {0}
    for edge in edges:
        assert any(view.left + inner <= edge <= view.left + view.side - inner for views in others for view in views)


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("width, height, side", SIZES)
def test_what_the_windows_show_goes_back_unchanged(width, height, side, average):
    """At one texel a pixel nothing is interpolated; enlarged windows lose what bilinear sampling does."""
    space, z = PlaneSpace(width, height, side), smooth(width, height)
    canvas = space.blank()._replace(z=z, view_quality=torch.ones(height, width))
    views = space.view_sets[0]
    back = space.unproject(space.blank(), views, space.project(canvas, views), average=average)
    assert torch.allclose(back.z, z, atol=1e-5 if space.texels_per_pixel == 1 else 0.02)
    assert space.coverage(back) == 1.0 and (back.view_quality > 0).all()


def test_windows_of_another_size_show_the_same_part():
    space, z = PlaneSpace(256, 128, 64), smooth(256, 128)
    canvas = space.blank()._replace(z=z, view_quality=torch.ones(128, 256))
    coarse = space.at(32)
    views = space.view_sets[0]
    assert coarse.view_sets == space.view_sets and coarse.project(canvas, views).shape == (len(views), 3, 32, 32)
    back = coarse.unproject(space.blank(), views, coarse.project(canvas, views), average=False)
    assert (back.z - z).abs().mean() < 0.01  # a picture without fine detail survives half its size


def test_windows_that_touch_fade_into_what_was_there_and_cover_what_was_not():
    """Two flat colours side by side: a step where nothing was before, none where the canvas was painted."""
    space, shades = PlaneSpace(128, 64, 64), torch.tensor([0.2, 0.8])[:, None, None, None].expand(2, 3, 64, 64)
    views = space.view_sets[0]
    bare = space.unproject(space.blank(), views, shades, average=False)
    assert torch.allclose(bare.z[0, 32].diff().abs().max(), torch.tensor(0.6))
    grey = space.blank()._replace(view_quality=torch.ones(64, 128))
    faded = space.unproject(grey, views, shades, average=False)
    assert faded.z[0, 32].diff().abs().max() < 0.25
    assert torch.allclose(faded.z[:, :, 0], torch.tensor(0.2)), "the canvas's own border is no seam"
    assert torch.allclose(faded.z[:, 32, 32], torch.tensor(0.2)) and torch.allclose(faded.z[:, 32, 96], torch.tensor(0.8))


def test_texels_out_of_sight_stay_and_are_filled_in_the_end():
    space = PlaneSpace(192, 64, 64)
    left = space.view_sets[0][:1]
    canvas = space.unproject(space.blank(), left, torch.full((1, 3, 64, 64), 0.9), average=False)
    assert (canvas.z[..., 64:] == 0.5).all() and (canvas.view_quality[:, 64:] == 0).all()
    assert torch.allclose(space.fill_and_pad(canvas), torch.full((3, 64, 192), 0.9), atol=1e-5)
    assert torch.equal(space.fill_and_pad(space.blank()), space.blank().z)


def test_a_window_that_is_partly_painted_shows_the_mean_of_that_part_elsewhere():
    space = PlaneSpace(192, 64, 64)
    canvas = space.unproject(space.blank(), space.view_sets[0][:1], torch.full((1, 3, 64, 64), 0.9), average=False)
    shown = space.project(canvas, space.view_sets[1][:1])
    assert torch.allclose(shown, torch.full_like(shown, 0.9))
    unknown = space.unknown_mask(canvas, space.view_sets[1][:1])
    assert unknown.mean() == 0.5


def test_the_seam_mask_is_zero_at_every_border_and_one_inside():
    space = PlaneSpace(150, 64, 64)  # its windows overlap
    mask = space.seam_mask(space.view_sets[0])
    assert mask.shape == (3, 1, 64, 64) and mask.amax() == 1
    assert (mask[..., 0] == 0).all() and (mask[..., -1] == 0).all() and (mask[..., 0, :] == 0).all()
    first, second = space.view_sets[0][:2]
    shared = first.left + first.side - second.left
    assert (mask[0, 0, 32, 64 - shared // 2 + 1 :] == 0).all()  # the neighbour is more central there


def test_a_canvas_without_room_is_refused():
    with pytest.raises(ValueError, match="8 or more"):
        PlaneSpace(4, 64, 64)


def test_one_window_where_the_canvas_is_no_larger():
    assert [len(views) for views in window_sets(64, 64, 64)] == [1]
