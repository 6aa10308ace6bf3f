"""The picture comes into Base Color, on the right UVs; nothing else of the material changes."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

QUADRANTS = np.zeros((64, 64, 3), np.uint8)
QUADRANTS[:32, :32], QUADRANTS[:32, 32:] = (255, 0, 0), (0, 255, 0)  # top left red, top right green
QUADRANTS[32:, :32], QUADRANTS[32:, 32:] = (0, 0, 255), (255, 255, 0)  # bottom left blue, bottom right yellow


@pytest.fixture
def cube():
    return bpy.data.objects["Cube"]


@pytest.fixture
def show(part, picture):
    """show(obj) -> puts the four-colour picture on it."""

    def apply(obj, array=QUADRANTS, layer="UVMap"):
        image = part("scene.image_import").import_image(picture(array), f"StochSync {obj.name}", f"texture:{obj.name}")
        part("scene.materials").apply_texture(obj, image, layer)
        return image

    return apply


def principled(material):
    return next(node for node in material.node_tree.nodes if node.bl_idname == "ShaderNodeBsdfPrincipled")


def settings_of(node) -> dict:
    """Every unlinked input of `node` by its identifier."""
    return {
        one.identifier: tuple(one.default_value) if hasattr(one.default_value, "__len__") else one.default_value
        for one in node.inputs
        if hasattr(one, "default_value") and not one.is_linked
    }


def test_image_is_packed_srgb_and_upright(show, cube):
    image = show(cube)
    assert image.packed_file is not None and image.colorspace_settings.name == "sRGB" and tuple(image.size) == (64, 64)
    pixels = np.array(image.pixels).reshape(64, 64, 4)  # Blender's rows start at the bottom
    assert tuple(pixels[60, 4, :3]) == (1, 0, 0) and tuple(pixels[4, 60, :3]) == (1, 1, 0)


def test_image_survives_saving_without_its_file(show, cube, tmp_path):
    path = bpy.path.abspath(show(cube).filepath)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    import os

    os.remove(path)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    image = bpy.data.images["StochSync Cube"]
    assert tuple(np.array(image.pixels).reshape(64, 64, 4)[60, 4, :3]) == (1, 0, 0)


def test_a_damaged_picture_is_refused(part, protocol, tmp_path):
    broken = tmp_path / "result.png"
    broken.write_bytes(b"no picture")
    count = len(bpy.data.images)
    for path in (broken, tmp_path / "absent.png"):
        with pytest.raises(protocol("errors").InvalidJob, match=path.name):
            part("scene.image_import").import_image(path, "x", "y")
    assert len(bpy.data.images) == count


def test_other_inputs_stay_as_they_were(show, cube):
    node = principled(cube.active_material)
    node.inputs["Roughness"].default_value, node.inputs["Metallic"].default_value = 0.125, 0.75
    before = settings_of(node)
    nodes = len(cube.active_material.node_tree.nodes)
    show(cube)
    after = settings_of(node)
    assert after == {name: value for name, value in before.items() if name != "Base Color"}
    assert node.inputs["Base Color"].links[0].from_node.image.name == "StochSync Cube"
    assert len(cube.active_material.node_tree.nodes) == nodes + 2


def test_every_shading_mode_finds_the_picture(show, cube):
    image = show(cube)
    tree = cube.active_material.node_tree
    assert tree.nodes.active.image == image  # Solid mode, colour by texture
    uv = tree.nodes.active.inputs["Vector"].links[0].from_node
    assert uv.bl_idname == "ShaderNodeUVMap" and uv.uv_map == "UVMap"


def test_a_new_material_where_there_is_none(show, cube):
    cube.data.materials.clear()
    show(cube)
    assert [slot.material.name for slot in cube.material_slots] == ["Cube StochSync"]
    cube.data.materials[0] = None
    show(cube)
    assert cube.material_slots[0].material is not None and len(cube.material_slots) == 1


def test_every_slot_in_use_and_no_other(show, cube):
    used, unused = bpy.data.materials.new("Used"), bpy.data.materials.new("Unused")
    cube.data.materials.append(unused)
    cube.data.materials.append(used)
    cube.data.polygons[0].material_index = 2
    trees = {name: bpy.data.materials[name].node_tree for name in ("Material", "Unused", "Used")}
    show(cube)
    textured = [
        slot.material.name
        for slot in cube.material_slots
        if slot.material.node_tree and any(node.get("stochsync") for node in slot.material.node_tree.nodes)
    ]
    assert textured == ["Material", "Used"]
    assert bpy.data.materials["Unused"].node_tree == trees["Unused"]


def test_a_shared_material_is_copied_for_this_mesh(show, cube):
    material = cube.active_material
    other = bpy.data.objects.new("Other", cube.data.copy())
    bpy.context.collection.objects.link(other)
    show(cube)
    assert other.active_material == material and cube.active_material != material
    assert not principled(material).inputs["Base Color"].is_linked
    first = show(other)
    assert principled(other.active_material).inputs["Base Color"].links[0].from_node.image == first
    assert principled(cube.active_material).inputs["Base Color"].links[0].from_node.image != first


def test_rerun_replaces_instead_of_piling_up(show, cube):
    show(cube)
    tree = cube.active_material.node_tree
    nodes, links, images = len(tree.nodes), len(tree.links), len(bpy.data.images)
    image = show(cube, np.full((32, 32, 3), 128, np.uint8))
    assert (len(tree.nodes), len(tree.links), len(bpy.data.images)) == (nodes, links, images)
    assert image.name == "StochSync Cube" and tree.nodes.active.image == image and tuple(image.size) == (32, 32)


def test_rerun_keeps_what_the_artist_put_between(show, cube):
    show(cube)
    tree = cube.active_material.node_tree
    picture, target = tree.nodes.active, principled(cube.active_material).inputs["Base Color"]
    gamma = tree.nodes.new("ShaderNodeGamma")
    tree.links.new(picture.outputs["Color"], gamma.inputs["Color"])
    tree.links.new(gamma.outputs["Color"], target)
    show(cube)
    assert target.links[0].from_node == gamma and gamma.inputs["Color"].links[0].from_node == picture


def test_an_artist_s_own_image_of_that_name_is_left_alone(show, cube):
    own = bpy.data.images.new("StochSync Cube", 8, 8)
    image = show(cube)
    assert own.name == "StochSync Cube" and image != own and tuple(own.size) == (8, 8)


@pytest.mark.parametrize("shader, socket", [("ShaderNodeBsdfDiffuse", "Color"), ("ShaderNodeEmission", "Color")])
def test_another_shader_gets_it_in_its_colour(show, cube, shader, socket):
    tree = cube.active_material.node_tree
    tree.nodes.remove(principled(cube.active_material))
    node = tree.nodes.new(shader)
    tree.links.new(node.outputs[0], tree.get_output_node("ALL").inputs["Surface"])
    image = show(cube)
    assert node.inputs[socket].links[0].from_node.image == image


def test_no_shader_at_all_gets_a_principled_one(show, cube):
    tree = cube.active_material.node_tree
    tree.nodes.clear()
    image = show(cube)
    assert tree.get_output_node("ALL").inputs["Surface"].links[0].from_node.inputs["Base Color"].links[0].from_node.image == image


def test_the_principled_behind_a_mix_is_found(show, cube):
    tree = cube.active_material.node_tree
    node, output = principled(cube.active_material), tree.get_output_node("ALL")
    mix, clear = tree.nodes.new("ShaderNodeMixShader"), tree.nodes.new("ShaderNodeBsdfTransparent")
    tree.links.new(clear.outputs[0], mix.inputs[1])
    tree.links.new(node.outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], output.inputs["Surface"])
    show(cube)
    assert node.inputs["Base Color"].is_linked and not clear.inputs["Color"].is_linked


def test_a_render_shows_it_where_the_uvs_say(show, render):
    """A unit plane seen from above, u right and v up: the picture itself must appear, upright."""
    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.object.delete()
    bpy.ops.mesh.primitive_plane_add(size=2, calc_uvs=True)
    plane = bpy.context.object
    bpy.ops.object.camera_add(location=(0, 0, 3), rotation=(0, 0, 0))
    camera = bpy.context.object
    camera.data.type, camera.data.ortho_scale = "ORTHO", 2.0
    bpy.context.scene.camera = camera
    show(plane)
    tree = plane.active_material.node_tree
    tree.nodes.remove(principled(plane.active_material))
    emission = tree.nodes.new("ShaderNodeEmission")
    tree.links.new(emission.outputs[0], tree.get_output_node("ALL").inputs["Surface"])
    tree.links.new(tree.nodes.active.outputs["Color"], emission.inputs["Color"])
    seen = render(64)
    for row, column in ((8, 8), (8, 56), (56, 8), (56, 56)):
        assert np.abs(seen[row, column] - QUADRANTS[row, column] / 255).max() < 0.02  # 8-bit sRGB there and back
