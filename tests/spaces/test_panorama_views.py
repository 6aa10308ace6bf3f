"""The view sets of a panorama: what they cover, where their seams lie, what their masks leave."""

from __future__ import annotations

import math

import pytest
import torch
from panorama_canvases import AUTO, CUBES, EVERYWHERE, PAPER

from engine.spaces.equirect import EquirectSpace
from engine.spaces.equirect_maps import assign, directions_of
from engine.spaces.views import View, ViewSet, pixel_centres, views_paper_band


@pytest.mark.parametrize("view_sets", EVERYWHERE)
def test_all_sets_cover_the_whole_sphere_poles_included(view_sets):
    space = EquirectSpace(256, 32, view_sets=view_sets)
    canvas = space.blank()
    for views in space.view_sets:
        assert len(views) <= 10
        canvas = space.unproject(canvas, views, torch.rand(len(views), 3, 32, 32), average=False)
    assert (canvas.view_quality > 0).all()
    assert space.coverage(canvas) == pytest.approx(1.0)


@pytest.mark.parametrize("set_number, least", [(0, 0.97), (1, 0.95)])
def test_each_set_of_ours_sees_nearly_all(set_number, least):
    """What a set leaves out is not made anew in its turn."""
    views = AUTO.view_sets[set_number]
    space = EquirectSpace(256, 32)
    canvas = space.unproject(space.blank(), views, torch.rand(len(views), 3, 32, 32), average=False)
    assert space.coverage(canvas) >= least


def test_no_gaps_lie_between_neighbouring_views_of_ours():
    """A small gap keeps what the pass before left, and shows as a patch with sharp edges; only two degrees at the poles may."""
    space = EquirectSpace(512, 32)
    for views in AUTO.view_sets:
        canvas = space.unproject(space.blank(), views, torch.rand(len(views), 3, 32, 32), average=False)
        rows = (canvas.view_quality == 0).any(dim=1).nonzero()[:, 0]
        latitude = 90 - (rows + 0.5) * 180 / 256
        assert (latitude.abs() > 87.5).all()


def test_views_of_ours_are_narrower_than_the_cubes_were():
    """The narrower a view, the less it is stretched and the more of its pixels fall on a texel."""
    assert max(view.fov for views in AUTO.view_sets for view in views) < 98


def seam_texels(views: ViewSet, height: int) -> torch.Tensor:
    """[H, 2 H] bool: texels whose right or lower neighbour another view of the set paints, or none."""
    owned = assign(views, height, 2 * height, False, torch.device("cpu"))
    owner = torch.where(owned.quality > 0, owned.view.int(), -1)
    seams = owner != owner.roll(-1, 1)
    seams[:-1] |= owner[:-1] != owner[1:]
    return seams


def share_of_seams_near(views: ViewSet, others: ViewSet, degrees: float) -> float:
    """Of the seam texels of `views` above 30 degrees of latitude, the share within `degrees` of a seam of `others`."""
    height = 128
    directions = directions_of(pixel_centres(height, 2 * height), height, 2 * height)
    high = directions[..., 2].abs() > 0.5
    own, other = directions[seam_texels(views, height) & high], directions[seam_texels(others, height)]
    return float(((own @ other.T).amax(1) > math.cos(math.radians(degrees))).double().mean())


def test_seams_of_one_set_lie_inside_the_views_of_the_other():
    """A seam that both sets have in one place is healed by neither. Turned cubes had 55 % within 5 degrees, 95 % within 10.

    The bounds are those of the plan that was asked for: 18 % and 41 %.
    """
    turned = [share_of_seams_near(*CUBES, degrees) for degrees in (5, 10)]
    assert turned[0] > 0.5 and turned[1] > 0.9
    first, second = AUTO.view_sets
    for one, other in ((first, second), (second, first)):
        assert share_of_seams_near(one, other, 5) < 0.18
        assert share_of_seams_near(one, other, 10) < 0.41


def test_both_fill_sets_of_the_paper_see_all_that_its_band_leaves_out():
    """So that the second makes the first one's seams anew."""
    space = EquirectSpace(256, 32)
    seen = [
        space.unproject(space.blank(), views, torch.rand(len(views), 3, 32, 32), average=False).view_quality > 0
        for views in PAPER.view_sets + PAPER.fill_sets
    ]
    caps = ~(seen[0] | seen[1])
    assert caps.any() and seen[2][caps].all() and seen[3][caps].all()


def test_coverage_is_solid_angle():
    """The paper's ten views see about 58 % of the sphere (FACTS: 56-58 %), and none of the poles."""
    space = EquirectSpace(256, 32, view_sets=views_paper_band())
    canvas = space.blank()
    assert space.coverage(canvas) == 0.0
    for views in space.view_sets:
        canvas = space.unproject(canvas, views, torch.rand(5, 3, 32, 32), average=False)
    assert 0.56 < space.coverage(canvas) < 0.60
    assert not (canvas.view_quality[[0, -1]] > 0).any()


def test_seam_masks_are_zero_at_borders_and_one_inside():
    for plan in EVERYWHERE:
        space = EquirectSpace(128, 64, view_sets=plan)
        for views in plan:
            masks = space.seam_mask(views)
            assert masks.shape == (len(views), 1, 64, 64)
            assert masks.min() == 0 and (masks.amax((1, 2, 3)) == 1).all()
            for edge in (masks[..., 0], masks[..., -1], masks[..., 0, :], masks[..., -1, :]):
                assert not edge.any()


def test_seam_masks_leave_what_another_view_owns():
    space = EquirectSpace(128, 64)
    views = (View.looking_out(azimuth=0, elevation=0, fov=90), View.looking_out(azimuth=30, elevation=0, fov=90))
    left, right = space.seam_mask(views)
    assert not left[0, :, 50:].any()  # 15 degrees right of the middle is column 40.6: the other one is nearer there
    assert torch.allclose(left, right.flip(-1), atol=1e-6)


def test_seam_masks_rise_as_fast_as_on_a_mesh():
    """1.7 times the distance to the border over the greatest one, as the reference has it: the inner 41 % are 1."""
    (mask,) = EquirectSpace(128, 65).seam_mask([View.looking_out(azimuth=0, elevation=0, fov=72)])[0]
    assert torch.allclose(mask[32, :19], 1.7 * torch.arange(19) / 32, atol=1e-6) and (mask[32, 19:46] == 1).all()
