"""Mesh files in, textured meshes out: axes, UVs and refusals."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from PIL import Image

from engine.io.mesh_files import read_mesh, unwrap, write_glb
from engine.protocol.errors import InvalidMesh


def uv_box() -> trimesh.Trimesh:
    """A box whose six sides lie side by side in UV space, with corners of its own for each side."""
    box = trimesh.creation.box(extents=(1.0, 2.0, 3.0))
    box.unmerge_vertices()
    uv = np.zeros((len(box.vertices), 2))
    for i, face in enumerate(box.faces):
        uv[face] = np.array([[0, 0], [1, 0], [0, 1]]) * 0.05 + [0.07 * i, 0.1]
    box.visual = trimesh.visual.TextureVisuals(uv=uv)
    return box


@pytest.mark.parametrize("suffix", [".obj", ".glb", ".ply"])
def test_every_format_gives_the_same_size_in_our_axes(tmp_path, suffix):
    path = tmp_path / f"bôx 1{suffix}"
    uv_box().export(path)
    mesh, _ = read_mesh(path)
    extents = np.ptp(mesh.vertices, axis=0)
    expected = (1, 2, 3) if suffix == ".ply" else (1, 3, 2)  # +Y up becomes +Z up
    np.testing.assert_allclose(extents, expected, atol=1e-5)
    assert len(mesh.faces) == 12 and mesh.uv.shape == (12, 3, 2)


def test_up_in_gltf_is_up_here(tmp_path):
    tall = trimesh.creation.cone(radius=0.2, height=3.0)  # along +Z, tip up
    tall.apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, (1, 0, 0)))  # tip towards +Y
    tall.export(tmp_path / "cone.glb")
    mesh, _ = read_mesh(tmp_path / "cone.glb")
    tip = mesh.vertices[mesh.vertices[:, 2].argmax()]
    assert tip[2] == pytest.approx(3.0, abs=1e-5) and abs(tip[:2]).max() < 1e-5


def test_uvs_of_the_file_are_kept_and_absent_ones_are_made(tmp_path):
    box = uv_box()
    box.export(tmp_path / "with.glb")
    trimesh.creation.icosphere(subdivisions=2).export(tmp_path / "without.ply")
    kept, unwrapped = read_mesh(tmp_path / "with.glb")
    assert not unwrapped
    np.testing.assert_allclose(
        np.sort(kept.uv.reshape(-1, 2), axis=0), np.sort(box.visual.uv[box.faces].reshape(-1, 2), axis=0), atol=1e-6
    )
    made, unwrapped = read_mesh(tmp_path / "without.ply")
    assert unwrapped and made.uv.min() >= 0 and made.uv.max() <= 1


def test_unwrapped_charts_do_not_overlap():
    sphere = trimesh.creation.icosphere(subdivisions=2)
    mesh = unwrap(np.asarray(sphere.vertices, np.float32), np.asarray(sphere.faces, np.int32))
    a, b, c = mesh.uv[:, 0], mesh.uv[:, 1], mesh.uv[:, 2]
    area = 0.5 * abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    assert (area > 0).all() and area.sum() < 1  # more than the unit square could only overlap
    charts = {tuple(np.round(corner, 6)) for corner in mesh.uv.reshape(-1, 2)}
    assert len(charts) < 1.7 * len(sphere.vertices)  # neighbours share corners: charts, not one island per face


def test_glb_comes_back_with_its_texture_the_right_way_up(tmp_path):
    box = uv_box()
    box.export(tmp_path / "in.glb")
    mesh, _ = read_mesh(tmp_path / "in.glb")
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:16] = 200  # upper half, v > 0.5
    Image.fromarray(picture).save(tmp_path / "texture.png")
    write_glb(tmp_path / "out.glb", mesh, tmp_path / "texture.png")
    again, unwrapped = read_mesh(tmp_path / "out.glb")
    assert not unwrapped
    np.testing.assert_allclose(again.vertices[again.faces], mesh.vertices[mesh.faces], atol=1e-6)
    np.testing.assert_allclose(again.uv, mesh.uv, atol=1e-6)
    loaded = trimesh.load(tmp_path / "out.glb", force="mesh")
    assert np.asarray(loaded.visual.material.baseColorTexture)[0, 0, 0] == 200


def test_what_is_no_mesh_is_refused_in_words(tmp_path):
    (tmp_path / "a.obj").write_text("nonsense")
    (tmp_path / "b.glb").write_bytes(b"glTF" + bytes(50))
    (tmp_path / "c.txt").write_text("")
    for name in ("a.obj", "b.glb", "c.txt", "absent.ply"):
        with pytest.raises(InvalidMesh, match=name.split(".")[0]):
            read_mesh(tmp_path / name)
