"""The panorama surrounds the scene the right way up and round, proved by renders; the artist's World is kept."""

from __future__ import annotations

import math

import bpy
import numpy as np
import pytest

WIDTH, HEIGHT = 256, 128


def equirect() -> np.ndarray:
    """White sky above 45 degrees, black ground below -45; between them red and green tell the longitude. Row 0 on top."""
    columns = (np.arange(WIDTH) + 0.5) / WIDTH
    rows = (np.arange(HEIGHT) + 0.5) / HEIGHT
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[..., 0] = np.round(127.5 + 127.5 * np.cos(2 * np.pi * columns))
    image[..., 1] = np.round(127.5 + 127.5 * np.sin(2 * np.pi * columns))
    image[rows < 0.25] = 255
    image[rows > 0.75] = 0
    return image


def expected(direction) -> np.ndarray:
    """Colour 0..1 of `equirect` in a world direction: the middle column lies towards +X, and what is right of it in the
    picture is right of it for whoever stands inside (towards -Y)."""
    x, y, z = direction
    u = 0.5 - math.atan2(y, x) / (2 * math.pi)
    v = 0.5 + math.atan2(z, math.hypot(x, y)) / math.pi
    return equirect()[min(HEIGHT - 1, int((1 - v) * HEIGHT)), int(u * WIDTH) % WIDTH] / 255


DIRECTIONS = {
    "front": ((0, -1, 0), (90, 0, 180)),
    "right": ((1, 0, 0), (90, 0, -90)),
    "back": ((0, 1, 0), (90, 0, 0)),
    "left": ((-1, 0, 0), (90, 0, 90)),
    "up": ((0, 0.342, 0.940), (160, 0, 0)),
    "down": ((0, 0.342, -0.940), (20, 0, 0)),
    "between": ((math.sqrt(0.5), -math.sqrt(0.5), 0), (90, 0, -135)),
}
"""World direction, and the camera's Euler angles in degrees that look along it. Up and down keep 20 degrees from the poles,
where Blender blends the first row of so small a picture with the last."""


@pytest.fixture
def surround(part, picture):
    def apply(strength=1.0, rotation=0.0, array=None):
        path = picture(equirect() if array is None else array)
        scene = bpy.context.scene
        image = part("scene.image_import").import_image(path, "StochSync Panorama", f"panorama:{scene.name}")
        part("scene.world").apply_panorama(scene, image, strength, rotation)
        return scene.world

    return apply


@pytest.fixture
def look(render):
    """look(euler degrees) -> the colour [3] in the middle of a narrow view along it."""
    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.object.delete()
    bpy.ops.object.camera_add(location=(0, 0, 0))
    camera = bpy.context.object
    camera.data.angle = math.radians(2)
    bpy.context.scene.camera = camera

    def shoot(angles):
        bpy.context.scene.world.cycles.sampling_method = "NONE"  # no lights to sample: saves seconds per render
        camera.rotation_euler = [math.radians(angle) for angle in angles]
        return render(8).mean(axis=(0, 1))

    return shoot


@pytest.mark.parametrize("name", DIRECTIONS)
def test_north_up_and_handedness(surround, look, name):
    surround()
    direction, angles = DIRECTIONS[name]
    assert np.abs(look(angles) - expected(direction)).max() < 0.03  # the view spans 2 degrees of a smooth picture


@pytest.mark.parametrize("rotation", [90.0, -30.0])
def test_rotation_turns_the_surroundings_anticlockwise(surround, look, rotation):
    surround(rotation=rotation)
    angle = math.radians(-rotation)
    x, y, _ = DIRECTIONS["front"][0]
    unturned = (x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle), 0)
    assert np.abs(look(DIRECTIONS["front"][1]) - expected(unturned)).max() < 0.03
    assert look(DIRECTIONS["up"][1]).min() > 0.97  # the sky stays above


def test_rotation_back_to_zero_is_the_plain_picture(surround, look, settings):
    surround(rotation=40.0)
    settings.panorama_rotation = 40.0
    settings.panorama_rotation = 0.0
    assert np.abs(look(DIRECTIONS["right"][1]) - expected(DIRECTIONS["right"][0])).max() < 0.03


def test_strength_scales_the_light(surround, look, settings):
    world = surround(strength=0.5, array=np.full((8, 16, 3), 188, np.uint8))  # 188: half of the light, sRGB-encoded
    assert look((90, 0, 0)).mean() == pytest.approx(137 / 255, abs=0.02)  # 137: a quarter of the light
    settings.panorama_strength = 1.0
    assert look((90, 0, 0)).mean() == pytest.approx(188 / 255, abs=0.02)
    assert world == bpy.context.scene.world


def test_no_vector_is_plugged_without_rotation(surround):
    world = surround()
    picture = next(node for node in world.node_tree.nodes if node.bl_idname == "ShaderNodeTexEnvironment")
    assert not picture.inputs["Vector"].is_linked


def test_the_former_world_is_kept(surround):
    former = bpy.context.scene.world
    nodes = len(former.node_tree.nodes)
    world = surround()
    assert world != former and former.use_fake_user and len(former.node_tree.nodes) == nodes


def test_rerun_reuses_the_world(surround):
    world = surround()
    count = len(bpy.data.worlds), len(bpy.data.images), len(world.node_tree.nodes)
    assert surround(rotation=0.0) == world
    assert (len(bpy.data.worlds), len(bpy.data.images), len(world.node_tree.nodes)) == count


def test_a_scene_without_a_world_gets_one(surround):
    bpy.context.scene.world = None
    assert surround() is not None
