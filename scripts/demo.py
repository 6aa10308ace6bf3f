"""The main job once through, in Blender: Suzanne gets a texture, the World a panorama. Run by `install_deps.py --demo`.

    blender -b --factory-startup --python scripts/demo.py -- --out demo --engine PYTHON --root FOLDER
    <Python with bpy> scripts/demo.py --out demo --engine PYTHON --root FOLDER

BLENDER_USER_RESOURCES must name a folder in which extensions/user_default/stochsync is this checkout.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
import traceback
from pathlib import Path

import bpy  # first: in the bpy wheel it makes the other two findable

# isort: split
import addon_utils
from mathutils import Vector

MODULE = "bl_ext.user_default.stochsync"
TEXTURE_PROMPT = "molten lava"
PANORAMA_PROMPT = "an alpine meadow"
SAMPLES = 64
BACKGROUND_SAMPLES = 16  # only edges need them: nothing in a mere background is noisy
STARTED = time.monotonic()


def main(options: argparse.Namespace) -> None:
    """Make everything in the output folder; errors go to the caller."""
    out = Path(os.path.abspath(options.out))
    out.mkdir(parents=True, exist_ok=True)
    say(f"Blender {bpy.app.version_string}; the results go to {out}")
    enable_extension(options)
    suzanne = build_scene()
    settings = bpy.context.scene.stochsync
    settings.seed, settings.seed_lock = options.seed, True
    settings.prompt_texture, settings.prompt_panorama = options.texture, options.panorama
    for name in ("preset", "texture_size", "panorama_width"):  # the panel's own defaults, unless asked otherwise
        if getattr(options, name) is not None:
            setattr(settings, name, getattr(options, name))

    say(f"texture for Suzanne: {options.texture!r}")
    bpy.ops.stochsync.generate_texture()
    texture = base_colour(suzanne)
    save_packed(texture, out / "texture.png")
    say("rendering Suzanne")
    render(camera_before(suzanne), out / "texture_render.png", 800, 600)

    say(f"panorama: {options.panorama!r}")
    settings.panorama_strength = 1.0  # not the soft light's, which would darken it
    bpy.ops.stochsync.generate_panorama()
    save_packed(environment_image(), out / "panorama.png")
    say("rendering the panorama from inside")
    suzanne.hide_render = True
    bpy.context.scene.cycles.samples = BACKGROUND_SAMPLES
    render(camera_inside(), out / "panorama_render.png", 1280, 720)
    bpy.context.scene.cycles.samples = SAMPLES
    suzanne.hide_render = False

    bpy.context.scene.camera = bpy.data.objects["Camera before Suzanne"]
    bpy.ops.file.pack_all()
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "demo.blend"), compress=True)
    say("done. Made:")
    for name in ("demo.blend", "texture.png", "panorama.png", "texture_render.png", "panorama_render.png"):
        print(out / name, flush=True)


def say(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", flush=True)


def enable_extension(options: argparse.Namespace) -> None:
    """Switch the add-on on and point it at the engine that was just installed."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if addon_utils.enable(MODULE, default_set=True) is None:
        raise RuntimeError(f"The extension {MODULE} could not be switched on; the lines above tell why.")
    preferences = bpy.context.preferences.addons[MODULE].preferences
    preferences.engine_python, preferences.engine_root = options.engine, options.root


def build_scene() -> bpy.types.Object:
    """Suzanne with her own UVs, two levels of subdivision, smooth, in soft light."""
    scene = bpy.context.scene
    bpy.ops.mesh.primitive_monkey_add(size=2.0)
    suzanne = bpy.context.object
    assert suzanne is not None  # it was just made
    suzanne.name = "Suzanne"
    suzanne.modifiers.new("Subdivision", "SUBSURF").levels = 2
    suzanne.modifiers["Subdivision"].render_levels = 2
    suzanne.data.polygons.foreach_set("use_smooth", [True] * len(suzanne.data.polygons))

    world = bpy.data.worlds.new("Soft light")
    scene.world = world
    if bpy.app.version < (5, 0, 0):
        world.use_nodes = True
    background = next(node for node in world.node_tree.nodes if node.bl_idname == "ShaderNodeBackground")
    background.inputs["Color"].default_value = (0.9, 0.95, 1.0, 1.0)
    background.inputs["Strength"].default_value = 0.6
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy, sun.data.angle = 1.0, math.radians(20)
    sun.rotation_euler = Vector((0.5, -0.7, 0.9)).to_track_quat("Z", "Y").to_euler()
    scene.collection.objects.link(sun)

    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = SAMPLES
    scene.cycles.use_denoising = False
    scene.view_settings.view_transform = "Standard"  # colours as they are in the image
    return suzanne


def base_colour(obj: bpy.types.Object) -> bpy.types.Image:
    """The image that feeds Base Color of the object's material."""
    for material in obj.data.materials:
        for link in material.node_tree.links:
            if link.to_socket.name == "Base Color" and link.from_node.bl_idname == "ShaderNodeTexImage":
                return link.from_node.image
    raise RuntimeError("No image texture feeds Base Color of Suzanne's material.")


def environment_image() -> bpy.types.Image:
    """The image of the World's Environment Texture."""
    for node in bpy.context.scene.world.node_tree.nodes:
        if node.bl_idname == "ShaderNodeTexEnvironment" and node.image is not None:
            return node.image
    raise RuntimeError("The World has no Environment Texture with an image.")


def save_packed(image: bpy.types.Image, path: Path) -> None:
    """Write the packed file as it is, without another round through Blender's colour management."""
    path.write_bytes(image.packed_file.data)  # type: ignore[arg-type]  # bytes, though the stubs say text


def add_camera(name: str, place: Vector, towards: Vector, fov: float) -> bpy.types.Object:
    """A camera with `fov` degrees across its longer side."""
    camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    camera.data.angle = math.radians(fov)
    camera.location = place
    camera.rotation_euler = (towards - place).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(camera)
    return camera


def camera_before(obj: bpy.types.Object) -> bpy.types.Object:
    """Three quarters from the front (-Y), a little from above."""
    return add_camera(f"Camera before {obj.name}", Vector((2.2, -4.2, 1.1)), Vector((0.0, 0.0, 0.0)), 34.0)


def camera_inside() -> bpy.types.Object:
    """At the origin, level, towards +Y."""
    return add_camera("Camera inside", Vector((0.0, 0.0, 0.0)), Vector((0.0, 1.0, 0.0)), 90.0)


def render(camera: bpy.types.Object, path: Path, width: int, height: int) -> None:
    scene = bpy.context.scene
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo.py", description=__doc__)
    parser.add_argument("--out", default="demo", help="folder for the results")
    parser.add_argument("--engine", required=True, help="the engine environment's Python")
    parser.add_argument("--root", required=True, help="folder of the engine, models and jobs")
    parser.add_argument("--texture", default=TEXTURE_PROMPT, help="prompt of the texture")
    parser.add_argument("--panorama", default=PANORAMA_PROMPT, help="prompt of the panorama")
    parser.add_argument("--preset", help="as in the panel")
    parser.add_argument("--texture-size", type=int, help="pixels along a side of the texture")
    parser.add_argument("--panorama-width", type=int, help="pixels along the horizon")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


if __name__ == "__main__":
    inside_blender = bool(bpy.app.binary_path)  # empty in the bpy wheel
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else ([] if inside_blender else sys.argv[1:])
    code = 3
    try:
        main(parse(arguments))
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        addon_utils.disable(MODULE)  # ends the engine, and removes the timer over which some Blenders crash at exit
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # the wheel may hang or crash while the interpreter winds down; here everything is written
