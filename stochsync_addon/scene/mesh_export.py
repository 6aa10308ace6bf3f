"""An evaluated object -> the arrays of a texture job: world space, triangles, the UVs of its render layer.

The one part of a job that needs Blender's main thread for more than a moment; all copies are `foreach_get`.
Other objects are left out on purpose: each mesh is textured as if it stood alone, so that what a neighbour, a floor or
the walls of a room hide is painted as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix

from ...engine.protocol.errors import InvalidMesh
from ...engine.protocol.job import Mesh
from .modes import object_mode

NEW_UV_LAYER = "StochSync UV"
UNWRAP_ANGLE = np.radians(66.0)  # Smart UV Project's own default
UNWRAP_MARGIN = 0.005  # of the UV square: five texels at 1024, enough for the padding of two neighbours


@dataclass(frozen=True, kw_only=True)
class ExportedMesh:
    """What a job needs, and what its result needs to find its way back."""

    mesh: Mesh
    object_name: str
    uv_layer: str  # the layer whose UVs `mesh` has; NEW_UV_LAYER when `new_uv` is given
    new_uv: np.ndarray | None  # [corners of the unmodified mesh, 2] float32, when it had no UVs at all


def texturable_objects(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The meshes that Generate Texture means: the selected ones and, in any mode but Object Mode, the active one.

    The active one comes first; objects that share one mesh count once. InvalidMesh, with what to do, when one of them
    cannot be textured.
    """
    active = context.view_layer.objects.active
    chosen = [one for one in context.view_layer.objects if one.select_get() and one != active]
    if active is not None and (active.select_get() or active.mode != "OBJECT"):
        chosen.insert(0, active)
    if not chosen:
        raise InvalidMesh("nothing_selected")
    meshes = [one for one in chosen if one.type == "MESH"]
    if not meshes:
        raise InvalidMesh("object_not_mesh", name=chosen[0].name, type=type_name(chosen[0]))
    for one in meshes:
        refuse_untouchable(one)
    return list({one.data.name: one for one in reversed(meshes)}.values())[::-1]


def type_name(obj: bpy.types.Object) -> str:
    """What Blender's interface calls the type of `obj`, in its language."""
    return str(bpy.app.translations.pgettext_iface(obj.bl_rna.properties["type"].enum_items[obj.type].name))


def refuse_untouchable(obj: bpy.types.Object) -> None:
    """InvalidMesh when `obj` cannot be textured now: hidden, linked, or empty."""
    if not obj.visible_get():
        raise InvalidMesh("object_hidden", name=obj.name)
    refuse_linked(obj)
    if not len(obj.data.polygons) and obj.mode != "EDIT" and not obj.modifiers:
        raise InvalidMesh("object_no_faces", name=obj.name)


def refuse_linked(obj: bpy.types.Object) -> None:
    """InvalidMesh when `obj` or its mesh belongs to another file, so that nothing can be written to it."""
    if obj.library or obj.data.library or obj.override_library or obj.data.override_library:
        raise InvalidMesh("object_linked", name=obj.name)


def export(context: bpy.types.Context, obj: bpy.types.Object) -> ExportedMesh:
    """`obj` with its modifiers, in world space, with the UVs that renders use; a fresh unwrap when it has none.

    Nothing of the scene is changed: an unwrap is made on a copy and handed back in `new_uv`. InvalidMesh otherwise.
    """
    name = obj.name
    with object_mode(context):
        obj = bpy.data.objects[name]
        if mesh_of(obj).uv_layers:
            layer, new_uv = render_uv_layer(mesh_of(obj)).name, None
            arrays = triangles(context, obj, layer)
        else:
            layer = NEW_UV_LAYER
            arrays, new_uv = unwrapped_triangles(context, obj)
        return ExportedMesh(mesh=Mesh(**arrays), object_name=name, uv_layer=layer, new_uv=new_uv)


def mesh_of(obj: bpy.types.Object) -> bpy.types.Mesh:
    """The data of a mesh object; ValueError for an object of another type."""
    if not isinstance(obj.data, bpy.types.Mesh):
        raise ValueError(f"'{obj.name}' is no mesh object")
    return obj.data


def render_uv_layer(mesh: bpy.types.Mesh) -> bpy.types.MeshUVLoopLayer:
    """The UV layer that renders use, which an Image Texture without a UV Map node follows."""
    return next((one for one in mesh.uv_layers if one.active_render), mesh.uv_layers[0])


def triangles(context: bpy.types.Context, obj: bpy.types.Object, layer: str) -> dict[str, np.ndarray]:
    """vertices [V, 3] float32 in world space, faces [F, 3] int32, uv [F, 3, 2] float32 of the evaluated `obj`."""
    evaluated = obj.evaluated_get(context.evaluated_depsgraph_get())
    mesh = evaluated.to_mesh()
    try:
        if not len(mesh.polygons):
            raise InvalidMesh("object_no_faces", name=obj.name)
        uv_layer = mesh.uv_layers.get(layer)
        if uv_layer is None:
            raise InvalidMesh("uv_layer_dropped", name=obj.name, layer=layer)
        vertices, faces, corners = geometry(mesh, evaluated.matrix_world)
        uv = np.empty((len(mesh.loops), 2), np.float32)
        uv_layer.uv.foreach_get("vector", uv.ravel())
        return {"vertices": vertices, "faces": faces, "uv": uv[corners]}
    finally:
        evaluated.to_mesh_clear()


def geometry(mesh: bpy.types.Mesh, matrix_world: Matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """World-space vertices [V, 3] float32, faces [F, 3] int32 and the mesh corner of each triangle corner [F, 3].

    A mirroring matrix turns triangles inside out; their winding is reversed, so that normals keep pointing outwards.
    """
    mesh.calc_loop_triangles()
    count = len(mesh.loop_triangles)
    vertices = np.empty((len(mesh.vertices), 3), np.float32)
    faces, corners = np.empty((count, 3), np.int32), np.empty((count, 3), np.int32)
    mesh.vertices.foreach_get("co", vertices.ravel())
    mesh.loop_triangles.foreach_get("vertices", faces.ravel())
    mesh.loop_triangles.foreach_get("loops", corners.ravel())
    matrix = np.array(matrix_world, np.float64)
    world = vertices.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    if np.linalg.det(matrix[:3, :3]) < 0:
        faces, corners = faces[:, ::-1], corners[:, ::-1]
    return world.astype(np.float32), np.ascontiguousarray(faces), corners


def unwrapped_triangles(context: bpy.types.Context, obj: bpy.types.Object) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The arrays of `obj` under a Smart UV Project made on a copy, and that unwrap per corner of the unmodified mesh."""
    if not len(obj.data.polygons):
        raise InvalidMesh("object_nothing_to_unwrap", name=obj.name)
    layer = context.view_layer
    double = obj.copy()
    data = mesh_of(obj).copy()
    double.data = data
    try:
        context.scene.collection.objects.link(double)
        for one in list(layer.objects):
            one.select_set(one == double, view_layer=layer)
        layer.objects.active = double
        unwrap_active(data)
        new_uv = np.empty((len(data.loops), 2), np.float32)
        data.uv_layers[NEW_UV_LAYER].uv.foreach_get("vector", new_uv.ravel())
        return triangles(context, double, NEW_UV_LAYER), new_uv
    finally:
        if double.name in context.scene.collection.objects:
            context.scene.collection.objects.unlink(double)  # else the view layer may go on listing it, as None
        bpy.data.objects.remove(double)
        bpy.data.meshes.remove(data)


def unwrap_active(mesh: bpy.types.Mesh) -> None:
    """Smart UV Project into a new layer of `mesh`, which is the active object's; that layer becomes the one in use."""
    created = mesh.uv_layers.new(name=NEW_UV_LAYER, do_init=False)
    if created is None:
        raise InvalidMesh("uv_layers_full", name=mesh.name)
    created.active = created.active_render = True
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.reveal(select=False)
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.uv.smart_project(
        angle_limit=UNWRAP_ANGLE, island_margin=UNWRAP_MARGIN, margin_method="FRACTION", correct_aspect=False
    )
    bpy.ops.object.mode_set(mode="OBJECT")
