"""What a view shows of a surface, from the fast ways and from slower ones that cannot be wrong."""

from __future__ import annotations

import pytest
import torch
import trimesh
from mesh_shapes import boxed, knot, sphere

from engine.spaces import visibility
from engine.spaces.mesh import MeshSpace
from engine.spaces.views import View, orbit


def inside_out():
    """A ball all of whose faces turn their normals inwards: every ray meets a back."""
    vertices, faces, uv = sphere()
    return vertices, faces[:, ::-1], uv[:, ::-1]


def bowl():
    """The lower half of a ball, open on top: some rays meet its outside, others its inside."""
    vertices, faces, uv = sphere()
    lower = (vertices[faces][..., 2] < 0.1).all(1)
    return vertices, faces[lower], uv[lower]


@pytest.mark.parametrize("shape", [knot, lambda: boxed(trimesh.creation.torus(1, 0.3)), sphere, inside_out, bowl])
def test_whole_faces_left_out_early_hold_no_visible_texel(shape, monkeypatch):
    space = MeshSpace(*shape(), 256, 256)
    for view in (View.orbiting(azimuth=20, elevation=10), View.orbiting(azimuth=0, elevation=75, distance=1.2)):
        seen = space._views._rasterizer.render(view, 256, 256)
        quick = visibility.visible_texels(space._surface, view, seen)
        kept = visibility._faces_in_sight(space._surface, view, seen)
        assert kept.float().mean() < 0.9  # it does leave out something
        with monkeypatch.context() as patch:
            patch.setattr(visibility, "_faces_in_sight", lambda surface, *_: torch.ones(surface.face_count, dtype=torch.bool))
            slow = visibility.visible_texels(space._surface, view, seen)
        assert all(torch.equal(*pair) for pair in zip(quick, slow, strict=True))


def rendered_share(space: MeshSpace, view: View, drawn: tuple[View, ...]) -> float:
    """The share of the object in the picture of `view` that looks at texels which none of `drawn` has painted."""
    n = space.view_resolution
    canvas = space.blank()
    for other in drawn:
        canvas = space.unproject(canvas, [other], torch.ones(1, 3, n, n), average=False)
    known = space._known(canvas, [view])[0][..., 3]
    return 1 - float(known.sum() / space._coverage([view]).sum())


@pytest.mark.parametrize(
    "mesh",
    [
        knot(),
        sphere(48),
        boxed(trimesh.creation.torus(1, 0.3)),
        boxed(trimesh.creation.box()),
        boxed(trimesh.creation.capsule(1, 0.4)),
    ],
    ids=["knot", "sphere", "torus", "box", "capsule"],
)
def test_the_unseen_share_agrees_with_painting(mesh):
    """Within two hundredths of the picture: painting also leaves out texels less than a pixel from what hides them."""
    space = MeshSpace(*mesh, 512, 512)
    first, second = space.view_sets[0], space.view_sets[1]
    cases = [
        (first[1], first[:1]),
        (second[0], first),
        (second[1], first),
        (second[0], first[:2]),
        (space.view_sets[4][0], first + second),
        (first[2], first[:1]),
    ]
    for view, drawn in cases:
        assert space.unseen_share([view], drawn)[0] == pytest.approx(rendered_share(space, view, drawn), abs=0.02)


def test_unseen_shares_at_their_ends():
    space = MeshSpace(*sphere(), 64, 64)
    front, back = orbit([(0, 0), (180, 0)])
    assert space.unseen_share([front, back], []) == [1.0, 1.0]
    assert space.unseen_share([back], [front])[0] > 0.98
    assert space.unseen_share([front], [back, front])[0] < 0.05
    assert space.at(32).unseen_share([back], [front]) == space.unseen_share([back], [front])
    away = View.orbiting(azimuth=0, elevation=0, distance=-2.05)  # from the other side, looking away from the object
    assert space.unseen_share([away], [front]) == [0.0]  # it sees nothing, so nothing is missing


def test_planning_renders_no_full_view():
    """It must cost next to nothing: no full-size rays, no texels."""
    space = MeshSpace(*sphere(), 64, 512)
    views = tuple(view for views in space.view_sets for view in views)
    space.unseen_share(views, views)
    assert not space._views._geometry
