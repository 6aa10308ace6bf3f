"""What a pixel sees, whichever library looks: one suite for all rasterizers."""

from __future__ import annotations

import importlib.machinery
import sys
import types

import numpy as np
import pytest
import torch
from mesh_shapes import PLANE, PLANE_UV

from engine.protocol.messages import Notice
from engine.spaces.mesh import MeshSpace
from engine.spaces.rasterize import EmbreeRasterizer, NvdiffrastRasterizer, make_rasterizer
from engine.spaces.views import View, pixels, rays

FRONT = View.orbiting(azimuth=0, elevation=0, distance=2)
ALL = [
    EmbreeRasterizer,
    pytest.param(
        NvdiffrastRasterizer,
        marks=[
            pytest.mark.gpu,
            pytest.mark.skipif(not NvdiffrastRasterizer.available(), reason="NOT TESTED: nvdiffrast and CUDA are not both here"),
        ],
    ),
]


@pytest.fixture(params=ALL)
def rasterizer(request):
    return request.param


def test_barycentrics_weigh_the_corners_in_the_order_of_the_face(rasterizer):
    """Each library names its (u, v) differently; here corner i always has weight i."""
    vertices = np.array([[9.0, 9.0, 9.0], [0.0, 0.0, 0.8], [-0.7, 0.1, -0.6], [0.8, -0.2, -0.5]])
    for face in ([1, 2, 3], [3, 1, 2], [2, 3, 1]):
        seen = rasterizer(vertices, np.array([face])).render(FRONT, 96, 96)
        found = seen.face >= 0
        assert found.sum() > 500
        corners = torch.tensor(vertices[face], dtype=torch.float32)
        point = seen.barycentric[found] @ corners
        # Seen through the pixel's centre and at the depth told: 1e-4 of a picture is float32 ray tracing.
        xy, depth = pixels(FRONT, point, 96, 96)
        rows, columns = found.nonzero().T
        assert torch.allclose(xy, torch.stack([columns, rows], -1) + 0.5, atol=1e-2)
        assert torch.allclose(depth, seen.depth[found], atol=1e-4)
        assert torch.allclose(seen.barycentric[found].sum(-1), torch.ones(int(found.sum())), atol=1e-6)


def test_a_corner_is_where_its_weight_is_one(rasterizer):
    vertices = np.array([[0.0, 0.0, 0.8], [-0.8, 0.0, -0.8], [0.8, 0.0, -0.8]])
    seen = rasterizer(vertices, np.array([[0, 1, 2]])).render(FRONT, 64, 64)
    rows, columns = (seen.face >= 0).nonzero().T
    top, bottom_left, bottom_right = rows.argmin(), (rows - columns).argmax(), (rows + columns).argmax()
    for weight, pixel in enumerate((top, bottom_left, bottom_right)):
        assert seen.barycentric[rows[pixel], columns[pixel], weight] > 0.9


def test_background_is_empty(rasterizer):
    seen = rasterizer(np.eye(3) * 0.1, np.array([[0, 1, 2]])).render(FRONT, 32, 32)
    empty = seen.face < 0
    assert empty[0].all() and not empty.all()
    assert (seen.face[empty] == -1).all() and torch.isinf(seen.depth[empty]).all()
    assert not seen.barycentric[empty].any()


@pytest.mark.parametrize("near_first", [True, False])
def test_the_nearer_triangle_is_seen_whatever_its_index(rasterizer, near_first):
    near = np.array([[-1, -0.5, -1], [1, -0.5, -1], [0, -0.5, 1.0]])
    far = near + [0, 1.0, 0]
    triangles = [near, far] if near_first else [far, near]
    seen = rasterizer(np.concatenate(triangles), np.arange(6).reshape(2, 3)).render(FRONT, 33, 33)
    assert seen.face[16, 16] == (0 if near_first else 1)
    assert seen.depth[16, 16] == pytest.approx(1.5, abs=1e-5)


def test_depth_is_along_the_axis_not_along_the_ray(rasterizer):
    wall = np.array([[-9, 0, -9], [9, 0, -9], [0, 0, 20.0]])
    seen = rasterizer(wall, np.array([[0, 1, 2]])).render(FRONT, 32, 32)
    assert torch.allclose(seen.depth, torch.full((32, 32), 2.0), atol=1e-5)


def test_shared_edges_leave_no_holes(rasterizer):
    """A fan seen head-on: a ray that slips between two triangles would show background inside it."""
    angle = np.linspace(0, 2 * np.pi, 40)[:-1]
    vertices = np.concatenate([[[0, 0, 0]], np.stack([np.cos(angle), 0 * angle, np.sin(angle)], -1)])
    rim = np.arange(1, 40)
    seen = rasterizer(vertices, np.stack([0 * rim, rim, np.roll(rim, -1)], -1)).render(FRONT, 101, 101)
    origin, directions = rays(FRONT, 101, 101)
    on_plane = origin + directions * (-origin[1] / directions[..., 1:2])
    assert (seen.face[on_plane.norm(dim=-1) < 0.98] >= 0).all()


def test_quarters_of_a_pixel_are_the_pixels_of_a_picture_twice_as_large(rasterizer):
    rng = np.random.default_rng(0)
    scene = rasterizer(rng.normal(0, 0.4, (60, 3)), np.arange(60).reshape(20, 3))
    large = scene.render(FRONT, 48, 64)
    chosen = torch.tensor([0, 31, 5 * 32 + 7, 12 * 32 + 16, 24 * 32 - 1])
    small = scene.refine(FRONT, 24, 32, chosen)
    assert small.face.shape == (5, 4) and (small.face >= 0).any()
    for pixel, face, weight, depth in zip(chosen.tolist(), *small, strict=True):
        row, column = 2 * (pixel // 32), 2 * (pixel % 32)
        for part, whole in ((face, large.face), (weight, large.barycentric), (depth, large.depth)):
            assert torch.allclose(part, whole[row : row + 2, column : column + 2].flatten(0, 1), atol=1e-5)
    assert scene.refine(FRONT, 24, 32, chosen[:0]).depth.shape == (0, 4)


@pytest.mark.parametrize("distance, shift", [(2.0, [0, 0, 0]), (2.0, [0.9, 0, -1.2]), (0.3, [0, 0, 0]), (2.0, [0, -4, 0])])
def test_rays_left_out_beside_the_scene_would_have_met_nothing(rasterizer, distance, shift):
    """In the middle, across the picture's corner, all around the camera, and behind it."""
    rng = np.random.default_rng(1)
    vertices = rng.normal(0, 0.2, (30, 3)) + shift
    view = View.orbiting(azimuth=0, elevation=0, distance=distance)
    seen = rasterizer(vertices, np.arange(30).reshape(10, 3)).render(view, 64, 64)
    far = np.array([[-900, 500, -900], [900, 500, -900], [0, 500, 900.0]])  # fills the picture, so that nothing is left out
    walled = rasterizer(np.concatenate([vertices, far]), np.arange(33).reshape(11, 3)).render(view, 64, 64)
    assert torch.equal(seen.face, walled.face.masked_fill(walled.face == 10, -1))


def nvdiffrast_that(fault, monkeypatch):
    """A package of that name whose import, or whose context, fails."""
    package, module = types.ModuleType("nvdiffrast"), types.ModuleType("nvdiffrast.torch")
    package.__spec__ = importlib.machinery.ModuleSpec("nvdiffrast", None, is_package=True)
    package.__path__ = []
    monkeypatch.setitem(sys.modules, "nvdiffrast", package)
    if fault == "import":
        return  # nvdiffrast.torch is not there
    package.torch = module
    monkeypatch.setitem(sys.modules, "nvdiffrast.torch", module)

    def context():
        raise RuntimeError("Error building extension 'nvdiffrast_plugin'\nninja: build stopped")

    module.RasterizeCudaContext = context if fault == "context" else object


@pytest.mark.parametrize("fault, reason", [("import", "nvdiffrast"), ("context", "Error building"), ("cuda", "")])
def test_a_broken_nvdiffrast_costs_a_warning_not_the_job(fault, reason, monkeypatch):
    if fault == "cuda" and torch.cuda.is_available():
        pytest.skip("NOT TESTED: this fault is a computer without CUDA")
    nvdiffrast_that(fault, monkeypatch)
    assert NvdiffrastRasterizer.installed()
    rasterizer, (notice,) = make_rasterizer(*PLANE, torch.device("cuda"))
    assert isinstance(rasterizer, EmbreeRasterizer)
    assert (rasterizer.render(FRONT, 16, 16).face >= 0).any()
    text = notice.text
    assert "nvdiffrast" in text and "Embree" in text and reason in notice.facts["reason"] and "\n" not in text


def test_on_the_processor_nobody_asks_for_nvdiffrast(monkeypatch):
    nvdiffrast_that("context", monkeypatch)
    assert make_rasterizer(*PLANE, torch.device("cpu"))[1] == ()
    assert MeshSpace(*PLANE, PLANE_UV, 32, 32).notices == ()


def test_a_space_hands_the_notice_on(monkeypatch):
    broken = Notice("nvdiffrast_broken", reason="no compiler")
    monkeypatch.setattr(
        "engine.spaces.mesh.make_rasterizer", lambda vertices, faces, device: (EmbreeRasterizer(vertices, faces), (broken,))
    )
    space = MeshSpace(*PLANE, PLANE_UV, 32, 32)
    assert space.notices == space.at(16).notices == (broken,)
