"""Rooms in perspective: what is nearest is seen, where geometry says it must be."""

import pytest
import torch

from training.world.noise import rgb
from training.world.scenes.raycast import FACES, RayCast, arch, round_arch
from training.world.scenes.view import View, cell_offset

RED, BLUE, GREY = rgb(1.0, 0.0, 0.0), rgb(0.0, 0.0, 1.0), rgb(0.5, 0.5, 0.5)


def rays(points: list[tuple[float, float, float]]) -> torch.Tensor:
    """Unit directions [1, N, 3] toward points."""
    return torch.nn.functional.normalize(torch.tensor(points), dim=-1)[None]


def raycast(points: list[tuple[float, float, float]], turn: float = 0.0) -> RayCast:
    return RayCast(rays(points), torch.tensor([[turn]]))


def test_a_block_is_seen_between_its_corners_and_nowhere_else():
    """Just inside and just outside the outline of the near face of a block, as seen from the eye."""
    c = raycast([(2.0, 0.49, 0.0), (2.0, 0.51, 0.0), (2.0, -0.49, 0.24), (2.0, -0.49, 0.26), (-2.0, 0.0, 0.0)])
    c.box((2.0, 2.5), (-0.5, 0.5), (-0.25, 0.25), RED)
    assert (c.colour[0, :, 0] > 0).tolist() == [True, False, True, False, False]
    assert c.depth[0, 0] == pytest.approx((4 + 0.49**2) ** 0.5, rel=1e-5)  # float32 of one division


def test_each_face_of_a_block_has_its_own_light():
    """From the eye a block ahead, beside and below shows its face across x, across y and its top."""
    for axis, (x, y, z) in enumerate((((1, 2), (-1, 1), (-1, 1)), ((-1, 1), (1, 2), (-1, 1)), ((-1, 1), (-1, 1), (-2, -1)))):
        toward = [0.01, 0.01, -0.01]
        toward[axis] = -1.0 if axis == 2 else 1.0
        c = raycast([tuple(toward)])
        c.box(x, y, z, RED)
        assert float(c.colour[0, 0, 0]) == pytest.approx(FACES[axis])


def test_the_nearer_thing_hides_the_farther_in_whatever_order_they_are_drawn():
    for order in ((1.0, RED, 3.0, BLUE), (3.0, BLUE, 1.0, RED)):
        c = raycast([(1.0, 0.0, 0.0)])
        for place, colour in (order[:2], order[2:]):
            c.box((place, place + 0.5), (-0.2, 0.2), (-0.2, 0.2), colour)
        assert c.colour[0, 0, 0] > 0 and c.colour[0, 0, 2] == 0


def test_a_column_is_as_wide_as_its_tangents():
    """A cylinder of radius r at distance D covers asin(r / D) to either side."""
    half = float(torch.tensor(0.5 / 2.0).asin())
    angles = torch.tensor([half - 0.01, half + 0.01, -half + 0.01, -half - 0.01])
    c = raycast([(float(a.cos()), float(a.sin()), 0.0) for a in angles])
    c.column(2.0, 0.0, 0.5, (-1.0, 1.0), RED)
    assert (c.colour[0, :, 0] > 0).tolist() == [True, False, True, False]


def test_a_room_shows_the_wall_floor_or_ceiling_that_a_ray_meets_first():
    c = raycast([(1, 0.1, 0), (0.1, 1, 0), (-1, 0.1, 0), (0.1, -1, 0), (0.1, 0.1, -1), (0.1, 0.1, 1)])
    flat = lambda shade: lambda x, y, z: (0 * x + shade)[..., None].expand(*x.shape, 3)  # noqa: E731
    c.room((2.0, 1.5), (-1.0, 1.2), lambda u, z, wall: (0.1 + 0.1 * wall)[..., None].expand(*u.shape, 3), flat(0.6), flat(0.8))
    seen = c.colour[0, :, 0].tolist()
    light = (1.0, 0.88, 1.0, 0.88, 1.0, 1.0)  # walls across y are a little darker
    assert seen == pytest.approx([base * k for base, k in zip((0.1, 0.2, 0.3, 0.4, 0.6, 0.8), light, strict=True)], rel=1e-5)
    expected = [2.0, 1.5, 2.0, 1.5, 1.0, 1.2]
    along = (c.d[0], c.d[1], c.d[0], c.d[1], c.d[2], c.d[2])
    assert [abs(float(d[0, k] * c.depth[0, k])) for k, d in enumerate(along)] == pytest.approx(expected, rel=1e-5)


def test_a_straight_edge_of_a_room_stays_straight_in_a_view():
    """Points of the line where wall and floor meet, projected to the picture plane, lie on one line."""
    line = torch.tensor([(2.0, y, -1.0) for y in (-1.5, -0.5, 0.5, 1.5)])
    seen = torch.stack([line[:, 1] / line[:, 0], line[:, 2] / line[:, 0]], -1)
    assert torch.allclose(seen[:, 1], seen[0, 1].expand(4))
    above, below = line + torch.tensor([0.0, 0.0, 0.02]), line + torch.tensor([-0.04, 0.0, 0.0])
    c = raycast([tuple(p) for p in torch.cat([above, below]).tolist()])
    shade = lambda value: lambda *p: torch.full((*p[0].shape, 3), value)  # noqa: E731
    c.room((2.0, 3.0), (-1.0, 1.0), shade(1.0), shade(0.0), shade(0.5))
    assert (c.colour[0, :, 0] > 0).tolist() == [True] * 4 + [False] * 4


def test_a_turned_room_is_the_same_room_seen_from_elsewhere():
    straight, turned = raycast([(1.0, 0.0, 0.0)]), raycast([(0.0, 1.0, 0.0)], torch.pi / 2)
    for c in (straight, turned):
        c.box((1.0, 2.0), (-0.5, 0.5), (-0.5, 0.5), RED)
    assert float(turned.depth) == pytest.approx(float(straight.depth), rel=1e-5)


def test_arches_are_as_wide_at_the_spring_as_at_the_foot_and_close_above():
    x, z = torch.tensor([[0.49, 0.51, 0.0, 0.0]]), torch.tensor([[0.0, 0.0, 0.45, 0.95]])
    assert (round_arch(x, z, 0.5, -1.0, 0.0) < 0).tolist() == [[True, False, True, False]]
    assert (arch(x, z, 0.5, -1.0, 0.0) < 0).tolist() == [[True, False, True, False]]  # its point is at sqrt(3) / 2


def test_cells_are_measured_from_their_middle():
    assert torch.allclose(cell_offset(torch.tensor([0.0, 1.0, 1.9]), 2.0), torch.tensor([-1.0, 0.0, 0.9]), atol=1e-6)


def test_a_view_straight_up_or_level_divides_by_nothing():
    for d in ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, -1.0, 0.0)):
        c = raycast([d])
        c.box((1.0, 2.0), (-0.5, 0.5), (1.0, 2.0), GREY)
        c.column(2.0, 0.0, 0.5, (-1.0, 1.0), GREY)
        assert torch.isfinite(c.colour).all() and torch.isfinite(View(rays([d])).tan).all()
