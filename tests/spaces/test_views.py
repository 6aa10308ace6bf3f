"""The conventions that every space keeps to."""

from __future__ import annotations

import pytest
import torch

from engine.spaces.views import (
    View,
    axes,
    mesh_views,
    orbit,
    panorama_views,
    pixel_centres,
    pixels,
    rays,
    views_paper_band,
)


def close(a, b):
    # Exact geometry in float64: anything past rounding is a wrong convention.
    return torch.allclose(torch.as_tensor(a, dtype=torch.float64), torch.as_tensor(b, dtype=torch.float64), atol=1e-12)


@pytest.mark.parametrize(
    "azimuth, elevation, forward, right, up",
    [
        (0, 0, (1, 0, 0), (0, -1, 0), (0, 0, 1)),
        (90, 0, (0, -1, 0), (-1, 0, 0), (0, 0, 1)),
        (0, 90, (0, 0, 1), (0, -1, 0), (-1, 0, 0)),
        (0, -90, (0, 0, -1), (0, -1, 0), (1, 0, 0)),
    ],
)
def test_looking_out_turns_to_the_right_from_plus_x(azimuth, elevation, forward, right, up):
    camera = axes(View.looking_out(azimuth=azimuth, elevation=elevation, fov=90))
    assert close(-camera[:, 2], forward) and close(camera[:, 0], right) and close(camera[:, 1], up)


@pytest.mark.parametrize(
    "azimuth, elevation, position, right",
    [(0, 0, (0, -2, 0), (1, 0, 0)), (90, 0, (2, 0, 0), (0, 1, 0)), (0, 90, (0, 0, 2), (1, 0, 0))],
)
def test_orbiting_starts_in_front_and_looks_at_the_origin(azimuth, elevation, position, right):
    view = View.orbiting(azimuth=azimuth, elevation=elevation, distance=2)
    assert close(view.position, position) and close(axes(view)[:, 0], right)
    assert close(axes(view)[:, 2] * 2, view.position)  # backward points from the origin to the camera


@pytest.mark.parametrize("view", [*panorama_views("auto").view_sets[0], *mesh_views("auto").view_sets[1]])
def test_pixels_undo_rays(view):
    origin, directions = rays(view, 6, 8)
    xy, depth = pixels(view, origin + 3 * directions, 6, 8)
    assert torch.allclose(xy, pixel_centres(6, 8), atol=1e-9)
    assert (depth > 0).all() and (depth <= 3).all()


def test_points_behind_the_camera_have_no_positive_depth():
    view = View.looking_out(azimuth=0, elevation=0, fov=90)
    _, depth = pixels(view, torch.tensor([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]), 4, 4)
    assert depth.tolist() == [-1.0, 1.0]


@pytest.mark.parametrize("elevation, label", [(0, "horizon"), (33, "horizon"), (-37, "horizon"), (38, "up"), (-38, "down")])
def test_a_staggered_row_still_sees_the_horizon(elevation, label):
    """The built-in model was taught "up" and "down" from 38 degrees on."""
    assert View.looking_out(azimuth=70, elevation=elevation, fov=72).label == label


def test_only_one_view_of_a_round_is_the_front():
    """A view that turns by 45 degrees and still says "front" gives a head several faces."""
    around = [View.orbiting(azimuth=45 * k, elevation=0).label for k in range(8)]
    assert around == ["front", "front-side", "side", "back-side", "back", "back-side", "side", "front-side"]
    assert [View.orbiting(azimuth=a, elevation=0).label for a in (-22, 22, 23, -68, 338, 405)] == [
        "front",
        "front",
        "front-side",
        "side",
        "front",
        "front-side",
    ]


def test_labels_may_be_given():
    assert View.orbiting(azimuth=10, elevation=80).label == "top"
    assert View.orbiting(azimuth=10, elevation=-80).label == "bottom"
    assert View.looking_out(azimuth=0, elevation=55, fov=70, label="horizon").label == "horizon"


def test_the_papers_panorama_is_two_rounds_of_five_at_the_horizon():
    views = panorama_views("paper").view_sets
    assert views == tuple(
        tuple(View.looking_out(azimuth=start + 72 * k, elevation=0, fov=72) for k in range(5)) for start in (0, 36)
    )
    assert views == views_paper_band()


def test_the_papers_mesh_views_are_the_references_sixteen_cameras():
    paper = mesh_views("paper")
    assert paper.view_sets == (
        orbit([(0, 0), (90, -15), (180, 0), (270, -15)]),
        orbit([(45, 30), (135, 0), (225, 30), (315, 0)]),
        orbit([(0, -15), (90, 0), (180, -15), (270, 0)]),
        orbit([(45, 0), (135, 30), (225, 0), (315, 30)]),
    )
    assert [[view.label for view in views] for views in paper.fill_sets] == [["top", "bottom"]]


def test_auto_uses_all_sets_in_turn():
    assert mesh_views("auto").view_sets == mesh_views("paper").view_sets + mesh_views("paper").fill_sets
    assert mesh_views("auto").fill_sets == panorama_views("auto").fill_sets == ()


@pytest.mark.parametrize("views_of", [panorama_views, mesh_views])
def test_an_unknown_plan_is_refused_by_name(views_of):
    with pytest.raises(ValueError, match="'cube'"):
        views_of("cube")


def test_equal_views_are_one_cache_key():
    assert len({*panorama_views("auto").view_sets[0], *panorama_views("auto").view_sets[0]}) == 6
    assert len({view for views in views_paper_band() for view in views}) == 10


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"fov": 0}, "fov is 0"),
        ({"fov": 180}, "fov is 180"),
        ({"label": "sideways"}, "label is 'sideways'"),
        ({"rotation": ((2, 0, 0), (0, 1, 0), (0, 0, 1))}, "3x3 rotation"),
        ({"rotation": ((-1, 0, 0), (0, 1, 0), (0, 0, 1))}, "mirrors"),
    ],
)
def test_a_bad_view_is_refused_by_name(change, complaint):
    good = {"rotation": ((1, 0, 0), (0, 1, 0), (0, 0, 1)), "position": (0, 0, 0), "fov": 60, "label": "front"}
    View(**good)
    with pytest.raises(ValueError, match=complaint):
        View(**good | change)
