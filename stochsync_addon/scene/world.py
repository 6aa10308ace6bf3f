"""Show a panorama: an Environment Texture in a World of its own, the artist's World kept beside it."""

from __future__ import annotations

import math

import bpy

from .image_import import TAG
from .materials import COLUMN, own_node, use_nodes

IMAGE_NODE = "StochSync Panorama"
WORLD_NAME = "StochSync Panorama"
DEFAULT_STRENGTH = 1.0


def apply_panorama(scene: bpy.types.Scene, image: bpy.types.Image, strength: float, rotation: float) -> None:
    """Make `image` (equirectangular, sRGB) the World of `scene`, with `strength`, turned by `rotation` degrees.

    Positive rotation turns the surroundings anticlockwise seen from above, as an object's Z rotation does.
    The first run makes a new World and gives the former a fake user, so that undo or the World menu bring it back; later
    runs reuse the new one.
    """
    world = scene.world
    if world is None or world.library or not world.get(TAG):
        if world is not None and not world.library:
            world.use_fake_user = True
        world = bpy.data.worlds.new(WORLD_NAME)
        world[TAG] = True
        scene.world = world
    tree = use_nodes(world)
    picture = own_node(tree, "ShaderNodeTexEnvironment", IMAGE_NODE)
    picture.image = image
    if not picture.outputs["Color"].is_linked:
        background = background_node(tree)
        tree.links.new(picture.outputs["Color"], background.inputs["Color"])
        picture.location = (background.location.x - COLUMN, background.location.y)
    tree.nodes.active = picture
    set_strength(world, strength)
    set_rotation(world, rotation)


def strength_of(world: bpy.types.World | None) -> float:
    """The strength of the rendered Background of `world`; 1 where there is none."""
    if world is None or world.node_tree is None:
        return DEFAULT_STRENGTH
    found = next((node for node in world.node_tree.nodes if node.bl_idname == "ShaderNodeBackground"), None)
    return DEFAULT_STRENGTH if found is None else found.inputs["Strength"].default_value


def is_own(world: bpy.types.World | None) -> bool:
    """Whether `world` was made here, so that strength and rotation may be changed live."""
    return world is not None and bool(world.get(TAG)) and not world.library


def set_strength(world: bpy.types.World, strength: float) -> None:
    """Set the Background's strength."""
    background_node(use_nodes(world)).inputs["Strength"].default_value = strength


def set_rotation(world: bpy.types.World, rotation: float) -> None:
    """Turn the picture of an own `world` by `rotation` degrees about Z; at 0 its vector stays unplugged.

    The Environment Texture samples along the view direction d. The surroundings turned by R are sampled along R^-1 d, and
    a Mapping of type Vector computes R' d: so it gets the opposite angle.
    """
    tree = use_nodes(world)
    picture = own_node(tree, "ShaderNodeTexEnvironment", IMAGE_NODE)
    mapping = next((node for node in tree.nodes if node.bl_idname == "ShaderNodeMapping" and node.get(TAG)), None)
    if mapping is None and rotation == 0.0:
        return
    if mapping is None:
        if picture.inputs["Vector"].is_linked:
            return  # the artist turns it with nodes of their own
        coordinates = own_node(tree, "ShaderNodeTexCoord", "StochSync Direction")
        mapping = own_node(tree, "ShaderNodeMapping", "StochSync Rotation")
        mapping.vector_type = "VECTOR"
        mapping.location = (picture.location.x - COLUMN, picture.location.y)
        coordinates.location = (mapping.location.x - COLUMN, mapping.location.y)
        tree.links.new(coordinates.outputs["Generated"], mapping.inputs["Vector"])
        tree.links.new(mapping.outputs["Vector"], picture.inputs["Vector"])
    mapping.inputs["Rotation"].default_value = (0.0, 0.0, -math.radians(rotation))


def background_node(tree: bpy.types.NodeTree) -> bpy.types.Node:
    """The Background node that is rendered, made and plugged in when there is none."""
    output = tree.get_output_node("ALL") or tree.nodes.new("ShaderNodeOutputWorld")
    surface = output.inputs["Surface"]
    if surface.is_linked and surface.links[0].from_node.bl_idname == "ShaderNodeBackground":
        return surface.links[0].from_node
    background = tree.nodes.new("ShaderNodeBackground")
    background.location = (output.location.x - COLUMN, output.location.y)
    tree.links.new(background.outputs["Background"], surface)
    return background
