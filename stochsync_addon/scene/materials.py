"""Show a texture on a mesh: an Image Texture node in Base Color, everything else in the material as it was."""

from __future__ import annotations

from collections.abc import Iterator

import bpy
import numpy as np

from .image_import import TAG

IMAGE_NODE = "StochSync Texture"
UV_NODE = "StochSync UV"
COLUMN = 300.0  # distance between nodes in the editor


def apply_texture(obj: bpy.types.Object, image: bpy.types.Image, uv_layer: str) -> None:
    """Put `image` on `obj` through `uv_layer`: in each material slot that its faces use, or a new one if it has none.

    A material that other meshes use too is copied first, so that they keep their looks.
    """
    if not obj.material_slots:
        obj.data.materials.append(None)
    for index in used_slots(obj):
        slot = obj.material_slots[index]
        if slot.material is None:
            slot.material = new_material(f"{obj.name} StochSync")
        elif slot.material.library or slot.material.override_library or used_elsewhere(slot.material, obj):
            slot.material = slot.material.copy()
        wire(slot.material, image, uv_layer)


def used_slots(obj: bpy.types.Object) -> list[int]:
    """Indices of the slots that some face of `obj` uses; indices beyond the last slot mean the last, as in Blender."""
    indices = np.zeros(len(obj.data.polygons), np.int32)
    obj.data.polygons.foreach_get("material_index", indices)
    last = len(obj.material_slots) - 1
    return sorted({min(int(index), last) for index in np.unique(indices)}) or [obj.active_material_index or 0]


def used_elsewhere(material: bpy.types.Material, obj: bpy.types.Object) -> bool:
    """Whether an object with another mesh than `obj` has `material` in a slot."""
    return any(slot.material == material for other in bpy.data.objects if other.data != obj.data for slot in other.material_slots)


def new_material(name: str) -> bpy.types.Material:
    """A material with a node tree of its own."""
    material = bpy.data.materials.new(name)
    use_nodes(material)
    return material


def use_nodes(owner: bpy.types.Material | bpy.types.World) -> bpy.types.NodeTree:
    """The node tree of `owner`, made where it has none; Blender 5 always has one, and warns about the switch."""
    if bpy.app.version < (5, 0, 0) and not owner.use_nodes:
        owner.use_nodes = True
    if owner.node_tree is None:
        raise ValueError(f"'{owner.name}' has no node tree")
    return owner.node_tree


def wire(material: bpy.types.Material, image: bpy.types.Image, uv_layer: str) -> None:
    """Feed `image` into the base colour of `material`.

    From the second run on only the image and the layer change, so that nodes the artist put in between stay.
    """
    tree = use_nodes(material)
    picture = own_node(tree, "ShaderNodeTexImage", IMAGE_NODE)
    layer = own_node(tree, "ShaderNodeUVMap", UV_NODE)
    picture.image = image
    picture.extension = "REPEAT"
    layer.uv_map = uv_layer
    if not picture.inputs["Vector"].is_linked:
        tree.links.new(layer.outputs["UV"], picture.inputs["Vector"])
    if not picture.outputs["Color"].is_linked:
        target = colour_input(tree)
        tree.links.new(picture.outputs["Color"], target)
        picture.location = (target.node.location.x - COLUMN, target.node.location.y)
        layer.location = (picture.location.x - COLUMN, picture.location.y)
    for node in tree.nodes:
        node.select = node == picture
    tree.nodes.active = picture  # Solid mode with Texture colour shows the active image node


def own_node(tree: bpy.types.NodeTree, kind: str, label: str) -> bpy.types.Node:
    """The node of type `kind` that an earlier run put into `tree`, or a new one."""
    found = next((node for node in tree.nodes if node.bl_idname == kind and node.get(TAG)), None)
    if found is None:
        found = tree.nodes.new(kind)
        found.name = found.label = label
        found[TAG] = True
    return found


def colour_input(tree: bpy.types.NodeTree) -> bpy.types.NodeSocket:
    """The socket that colours the surface: Base Color of the Principled BSDF that is rendered, else of another shader.

    Where no shader of the rendered surface has a colour, a Principled BSDF is put in its place; the old nodes stay in the
    tree, unplugged.
    """
    output = tree.get_output_node("ALL") or tree.nodes.new("ShaderNodeOutputMaterial")
    upstream = list(upstream_nodes(output.inputs["Surface"]))
    principled = [node for node in upstream if node.bl_idname == "ShaderNodeBsdfPrincipled"]
    for node in [*principled, *upstream]:
        for name in ("Base Color", "Color"):
            socket = node.inputs.get(name)
            if socket is not None and socket.type == "RGBA" and gives_shader(node):
                return socket
    shader = tree.nodes.new("ShaderNodeBsdfPrincipled")
    shader.location = (output.location.x - COLUMN, output.location.y)
    tree.links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    return shader.inputs["Base Color"]


def gives_shader(node: bpy.types.Node) -> bool:
    """Whether `node` is a shader (or a group with one), not a texture on the way to it."""
    return any(socket.type == "SHADER" for socket in node.outputs)


def upstream_nodes(socket: bpy.types.NodeSocket) -> Iterator[bpy.types.Node]:
    """The nodes that feed `socket`, nearest first, each once."""
    waiting, seen = [socket], set()
    while waiting:
        for link in waiting.pop(0).links:
            node = link.from_node
            if node.name not in seen:
                seen.add(node.name)
                yield node
                waiting.extend(node.inputs)
