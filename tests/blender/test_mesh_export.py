"""What leaves the scene: world-space triangles, their UVs, and a scene that is as it was."""

from __future__ import annotations

import bpy
import numpy as np
import pytest


def normals_of(mesh) -> np.ndarray:
    """Twice-area normals [F, 3] by the winding of the faces."""
    a, b, c = (mesh.vertices[mesh.faces[:, corner]].astype(np.float64) for corner in range(3))
    return np.cross(b - a, c - a)


def volume_of(mesh) -> float:
    """Signed volume: positive when the faces look outwards."""
    a = mesh.vertices[mesh.faces[:, 0]].astype(np.float64)
    return float((a * normals_of(mesh)).sum() / 6)


@pytest.fixture
def export(part):
    return lambda obj: part("scene.mesh_export").export(bpy.context, obj)


@pytest.fixture
def cube():
    return bpy.data.objects["Cube"]  # of the factory scene: 2 units wide, with UVs, selected and active


def test_arrays_have_the_contract_s_shapes(export, suzanne):
    mesh = export(suzanne).mesh
    assert mesh.vertices.dtype == np.float32 and mesh.faces.dtype == np.int32 and mesh.uv.dtype == np.float32
    assert mesh.uv.shape == (*mesh.faces.shape, 2)
    assert len(mesh.faces) == sum(len(one.vertices) - 2 for one in suzanne.data.polygons)


@pytest.mark.parametrize("scale", [(1, 2, 3), (-1, 2, 3), (-1, -2, -3)])
def test_world_matrix_and_mirrored_scale(export, cube, scale):
    cube.location, cube.rotation_euler, cube.scale = (5, -3, 1), (0.3, 1.0, -0.7), scale
    bpy.context.view_layer.update()
    mesh = export(cube).mesh
    assert np.allclose(mesh.vertices.mean(axis=0), (5, -3, 1), atol=1e-5)
    assert volume_of(mesh) == pytest.approx(8 * 6, rel=1e-5)  # positive: mirroring did not turn it inside out


@pytest.mark.parametrize("mirrored", [False, True])
def test_every_corner_keeps_its_own_uv(export, cube, mirrored):
    """UVs set to a function of the corner's position must be that function after any transform and triangulation."""
    layer = cube.data.uv_layers[0]
    for loop in cube.data.loops:
        x, y, z = cube.data.vertices[loop.vertex_index].co
        layer.uv[loop.index].vector = (0.5 + 0.1 * x + 0.05 * z, 0.5 + 0.1 * y)
    cube.scale.x = -1 if mirrored else 1
    bpy.context.view_layer.update()
    mesh = export(cube).mesh
    local = mesh.vertices[mesh.faces] * (-1 if mirrored else 1, 1, 1)
    expected = np.stack([0.5 + 0.1 * local[..., 0] + 0.05 * local[..., 2], 0.5 + 0.1 * local[..., 1]], axis=-1)
    assert np.allclose(mesh.uv, expected, atol=1e-6)


def test_modifiers_and_shape_keys_count(export, cube):
    cube.modifiers.new("Mirrored", "ARRAY").count = 3
    cube.shape_key_add(name="Basis")
    key = cube.shape_key_add(name="Tall")
    for point in key.data:
        point.co.z *= 2
    key.value = 1
    mesh = export(cube).mesh
    assert len(mesh.faces) == 3 * 12
    assert np.ptp(mesh.vertices, axis=0) == pytest.approx((6, 2, 4))


def test_subdivision_keeps_the_artist_s_chart(export, suzanne):
    before = export(suzanne).mesh
    suzanne.modifiers.new("Subdivision", "SUBSURF").levels = 2
    after = export(suzanne).mesh
    assert len(after.faces) > 10 * len(before.faces)
    assert after.uv.min() >= before.uv.min() - 0.01 and after.uv.max() <= before.uv.max() + 0.01


def test_ngons_are_triangulated_and_normals_do_not_matter(export):
    bpy.ops.mesh.primitive_circle_add(vertices=9, fill_type="NGON", calc_uvs=True)
    disc = bpy.context.object
    disc.data.normals_split_custom_set([(0, 0, -1)] * len(disc.data.loops))
    mesh = export(disc).mesh
    assert len(mesh.faces) == 7
    assert (normals_of(mesh)[:, 2] > 0).all()  # by the winding, whatever the custom normals say


def test_the_render_layer_s_uvs_are_taken(export, cube):
    second = cube.data.uv_layers.new(name="Second")
    second.uv.foreach_set("vector", np.full(2 * len(cube.data.loops), 0.25, np.float32))
    cube.data.uv_layers["UVMap"].active = True  # what the UV editor shows is not what renders use
    second.active_render = True
    exported = export(cube)
    assert exported.uv_layer == "Second" and np.allclose(exported.mesh.uv, 0.25) and exported.new_uv is None


def test_no_uvs_gives_an_unwrap_and_leaves_the_mesh_alone(export, cube):
    cube.data.uv_layers.remove(cube.data.uv_layers[0])
    counts = len(bpy.data.objects), len(bpy.data.meshes)
    exported = export(cube)
    assert exported.new_uv.shape == (24, 2) and exported.uv_layer == "StochSync UV"
    assert 0 <= exported.new_uv.min() and exported.new_uv.max() <= 1 and np.ptp(exported.new_uv) > 0.5
    assert not cube.data.uv_layers and (len(bpy.data.objects), len(bpy.data.meshes)) == counts
    edges = exported.mesh.uv[:, 1:] - exported.mesh.uv[:, :1]
    assert np.abs(np.linalg.det(edges)).min() > 0.02  # each of the 12 triangles has room of its own


@pytest.mark.parametrize("with_uvs", [True, False])
@pytest.mark.parametrize("mode", ["OBJECT", "EDIT", "SCULPT", "VERTEX_PAINT", "WEIGHT_PAINT", "TEXTURE_PAINT"])
def test_any_mode_is_given_back(export, cube, mode, with_uvs):
    if not with_uvs:
        cube.data.uv_layers.remove(cube.data.uv_layers[0])
    light = bpy.data.objects["Light"]
    light.select_set(mode == "OBJECT")
    bpy.ops.object.mode_set(mode=mode)
    exported = export(cube)
    assert len(exported.mesh.faces) == 12
    assert bpy.context.object == cube and cube.mode == mode
    assert cube.select_get() and light.select_get() == (mode == "OBJECT")


def test_unsaved_edits_are_exported_and_kept(export, cube):
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.transform.resize(value=(2, 2, 2))
    bpy.ops.mesh.select_all(action="DESELECT")
    assert np.ptp(export(cube).mesh.vertices, axis=0) == pytest.approx((4, 4, 4))
    import bmesh

    edited = bmesh.from_edit_mesh(cube.data)
    assert not any(face.select for face in edited.faces), "the selection inside Edit Mode changed"


def test_mode_is_given_back_after_an_error(export, cube, protocol):
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.delete(type="VERT")
    with pytest.raises(protocol("errors").InvalidMesh, match="no faces"):
        export(cube)
    assert cube.mode == "EDIT"


def refusal(part, protocol) -> str:
    with pytest.raises(protocol("errors").InvalidMesh) as caught:
        part("scene.mesh_export").texturable_objects(bpy.context)
    assert caught.value.fix == "select_mesh"
    return caught.value.text


def test_refusals_say_what_to_do(part, protocol, cube):
    cube.select_set(False)
    assert "Nothing is selected" in refusal(part, protocol)
    bpy.data.objects["Camera"].select_set(True)
    assert "'Camera' is not a mesh" in refusal(part, protocol)
    cube.select_set(True)
    bpy.context.view_layer.objects.active = cube
    assert part("scene.mesh_export").texturable_objects(bpy.context) == [cube]  # the camera beside it is no hindrance
    cube.data.clear_geometry()
    assert "'Cube' has no faces" in refusal(part, protocol)
    cube.hide_viewport = True
    bpy.context.view_layer.update()
    assert "select" in refusal(part, protocol) or "hidden" in refusal(part, protocol)


def test_linked_data_is_refused(part, protocol, cube, tmp_path):
    library = tmp_path / "library.blend"
    bpy.data.libraries.write(str(library), {cube})
    bpy.data.objects.remove(cube)
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):
        wanted.objects = ["Cube"]
    linked = wanted.objects[0]
    bpy.context.scene.collection.objects.link(linked)
    bpy.context.view_layer.objects.active = linked
    linked.select_set(True)
    assert "linked from another file" in refusal(part, protocol)
    linked.override_create()
    assert "linked from another file" in refusal(part, protocol)


def test_shared_meshes_count_once_and_the_active_one_leads(part, cube):
    twin = cube.copy()
    other = bpy.data.objects.new("Other", cube.data.copy())
    for one in (twin, other):
        bpy.context.collection.objects.link(one)
        one.select_set(True)
    bpy.context.view_layer.objects.active = other
    chosen = part("scene.mesh_export").texturable_objects(bpy.context)
    assert chosen[0] == other and len(chosen) == 2 and len({one.data for one in chosen}) == 2
