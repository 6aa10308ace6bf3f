"""The conventions that every space keeps to."""
from __future__ import annotations

import pytest
import torch

from engine.spaces.views import (
    View,
    axes,
    pixel_centres,
    pixels,
    rays,
    views_cube,
    views_full_sphere,
    views_orbit,
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


@pytest.mark.parametrize("view", [*views_full_sphere()[0], *views_orbit()[1]])
def test_pixels_undo_rays(view):
    origin, directions = rays(view, 6, 8)
    xy, depth = pixels(view, origin + 3 * directions, 6, 8)
    assert torch.allclose(xy, pixel_centres(6, 8), atol=1e-9)
    assert (depth > 0).all() and (depth <= 3).all()


def test_points_behind_the_camera_have_no_positive_depth():
    view = View.looking_out(azimuth=0, elevation=0, fov=90)
    _, depth = pixels(view, torch.tensor([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]), 4, 4)
    assert depth.tolist() == [-1.0, 1.0]


def test_labels_say_what_the_view_looks_at():
    assert [view.label for view in views_cube()[0]] == ["horizon"] * 4 + ["up", "down"]
    assert [view.label for view in views_orbit()[0]] == ["front", "side", "back", "side"]
    assert View.orbiting(azimuth=10, elevation=80).label == "top"
    assert View.orbiting(azimuth=10, elevation=-80).label == "bottom"
    assert View.looking_out(azimuth=0, elevation=55, fov=70, label="horizon").label == "horizon"


def test_equal_views_are_one_cache_key():
    assert len({*views_cube()[0], *views_cube()[0]}) == 6
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
