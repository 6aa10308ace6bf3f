"""From a finished job back into the scene: one undo step, any mode, and nothing when it no longer fits."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

GREY = np.full((16, 16, 3), 100, np.uint8)
GREY[0, 0] = 255


@pytest.fixture
def prepare(part, protocol, tmp_path):
    """prepare(obj) -> a pending texture for it, its job folder written."""
    params, kinds = protocol("params"), protocol("kinds")

    def make(obj):
        asked = kinds.TextureParams(prompt="x", size=64)
        return part("pending_job").prepare_texture(bpy.context, obj.name, asked, params.EngineParams(), tmp_path / "jobs")

    return make


@pytest.fixture
def finish(part, picture):
    return lambda pending, array=GREY: part("kinds").apply_result(bpy.context, pending, picture(array))


@pytest.fixture
def cube():
    return bpy.data.objects["Cube"]


def has_picture(obj) -> bool:
    material = obj.active_material
    return material is not None and any(node.get("stochsync") for node in material.node_tree.nodes)


def test_a_job_folder_holds_what_was_asked(prepare, cube, protocol):
    pending = prepare(cube)
    job = protocol("job").load_job(pending.folder)
    assert job.params.prompt == "x" and job.params.size == 64 and job.kind == "texture"
    assert len(protocol("job").load_mesh(pending.folder).faces) == 12


def test_one_undo_step_takes_it_all_back(prepare, finish, cube):
    cube.data.uv_layers.remove(cube.data.uv_layers[0])
    bpy.ops.ed.undo_push(message="before")
    images = len(bpy.data.images)
    finish(prepare(cube))
    cube = bpy.data.objects["Cube"]
    assert has_picture(cube) and [one.name for one in cube.data.uv_layers] == ["StochSync UV"]
    bpy.ops.ed.undo()
    cube = bpy.data.objects["Cube"]
    assert not has_picture(cube) and not cube.data.uv_layers and len(bpy.data.images) == images
    bpy.ops.ed.redo()
    assert has_picture(bpy.data.objects["Cube"]) and bpy.data.objects["Cube"].data.uv_layers


def test_undo_brings_the_world_back(part, protocol, finish, tmp_path):
    params, kinds = protocol("params"), protocol("kinds")
    former = bpy.context.scene.world.name
    bpy.ops.ed.undo_push(message="before")
    asked = kinds.PanoramaParams(prompt="x")
    finish(part("pending_job").prepare_panorama(bpy.context, "", asked, params.EngineParams(), tmp_path))
    assert bpy.context.scene.world.name != former
    bpy.ops.ed.undo()
    assert bpy.context.scene.world.name == former


def test_the_unwrap_is_the_one_the_texture_was_made_for(prepare, finish, cube):
    cube.data.uv_layers.remove(cube.data.uv_layers[0])
    pending = prepare(cube)
    finish(pending)
    layer = cube.data.uv_layers["StochSync UV"]
    uv = np.empty((24, 2), np.float32)
    layer.uv.foreach_get("vector", uv.ravel())
    assert np.array_equal(uv, pending.new_uv) and layer.active_render


def test_no_layer_is_added_where_there_is_one(prepare, finish, cube):
    before = np.empty((24, 2), np.float32)
    cube.data.uv_layers[0].uv.foreach_get("vector", before.ravel())
    finish(prepare(cube))
    after = np.empty_like(before)
    cube.data.uv_layers[0].uv.foreach_get("vector", after.ravel())
    assert [one.name for one in cube.data.uv_layers] == ["UVMap"] and np.array_equal(before, after)


@pytest.mark.parametrize("mode", ["OBJECT", "EDIT", "SCULPT", "TEXTURE_PAINT"])
def test_finishing_gives_any_mode_back(prepare, finish, cube, mode):
    pending = prepare(cube)
    bpy.ops.object.mode_set(mode=mode)
    finish(pending)
    assert cube.mode == mode and bpy.context.object == cube and has_picture(cube)


def test_rerun_reuses_layer_material_and_image(prepare, finish, cube):
    cube.data.uv_layers.remove(cube.data.uv_layers[0])
    finish(prepare(cube))
    counts = [len(one) for one in (bpy.data.images, bpy.data.materials, bpy.data.worlds)]
    finish(prepare(cube), 255 - GREY)
    assert [len(one) for one in (bpy.data.images, bpy.data.materials, bpy.data.worlds)] == counts
    assert [one.name for one in cube.data.uv_layers] == ["StochSync UV"]


def test_an_object_hidden_meanwhile_is_textured_all_the_same(prepare, finish, cube):
    pending = prepare(cube)
    cube.hide_set(True)
    finish(pending)
    assert has_picture(cube) and cube.hide_get()


def gone(part, pending, scene):
    bpy.data.objects.remove(bpy.data.objects["Cube"])


def renamed_layer(part, pending, scene):
    bpy.data.objects["Cube"].data.uv_layers[0].name = "Other"


def scene_gone(part, pending, scene):
    scene.name = "Other"


@pytest.mark.parametrize(
    "meddle, words", [(gone, "deleted meanwhile"), (renamed_layer, "UV layer 'UVMap'"), (scene_gone, "scene 'Scene' is gone")]
)
def test_what_changed_too_much_is_left_alone(part, protocol, prepare, finish, cube, meddle, words):
    """The error names the finished picture, so that the work is not lost."""
    pending = prepare(cube)
    meddle(part, pending, bpy.context.scene)
    images, materials = len(bpy.data.images), len(bpy.data.materials)
    with pytest.raises(protocol("errors").EngineError, match=words) as caught:
        finish(pending)
    assert "result.png" in caught.value.text
    assert (len(bpy.data.images), len(bpy.data.materials)) == (images, materials)


def test_an_unwrap_for_another_topology_is_refused(protocol, prepare, finish, cube):
    cube.data.uv_layers.remove(cube.data.uv_layers[0])
    pending = prepare(cube)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.subdivide()
    with pytest.raises(protocol("errors").InvalidMesh, match="edited meanwhile"):
        finish(pending)
    assert cube.mode == "EDIT" and not has_picture(cube)


def test_strength_is_the_former_world_s_until_set(part, protocol, finish, settings, tmp_path):
    params, kinds = protocol("params"), protocol("kinds")
    background = next(node for node in bpy.context.scene.world.node_tree.nodes if node.bl_idname == "ShaderNodeBackground")
    background.inputs["Strength"].default_value = 0.25

    def make():
        asked = kinds.PanoramaParams(prompt="x"), params.EngineParams()
        return part("pending_job").prepare_panorama(bpy.context, "", *asked, tmp_path)

    finish(make())
    assert part("scene.world").strength_of(bpy.context.scene.world) == 0.25 == settings.panorama_strength
    settings.panorama_strength = 2.0
    finish(make())
    assert part("scene.world").strength_of(bpy.context.scene.world) == 2.0


def test_old_job_folders_are_removed(part, tmp_path):
    tasks = part("pending_job")
    for number in range(tasks.KEPT_JOBS + 5):
        folder = tmp_path / f"2020{number:04d}-000000-panorama"
        folder.mkdir()
        (folder / "job.json").write_text("{}")
    (tmp_path / "20190101-000000-mine").mkdir()  # no job: not ours to remove
    tasks.new_folder(tmp_path, "x")
    assert len(list(tmp_path.iterdir())) == tasks.KEPT_JOBS  # one less, for the one to come, and the artist's own
    assert (tmp_path / "20190101-000000-mine").is_dir()
