"""Work from any mode and give it back: Object Mode for the length of a block, then everything as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy


def view_3d_context(context: bpy.types.Context) -> dict[str, object]:
    """Context members that operators need and that a timer lacks: a window, and its largest 3D view where it has one.

    Empty when `context` has a window already, or when there is none at all (a server without windows).
    """
    if context.window is not None or not context.window_manager.windows:
        return {}
    window = context.window_manager.windows[0]
    members: dict[str, object] = {"window": window}
    areas = [area for area in window.screen.areas if area.type == "VIEW_3D"]
    if areas:
        area = max(areas, key=lambda one: one.width * one.height)
        members["area"] = area
        members["region"] = next(region for region in area.regions if region.type == "WINDOW")
    return members


@contextmanager
def object_mode(context: bpy.types.Context) -> Iterator[None]:
    """Object Mode inside the block; mode, active object and selection as before afterwards, also after an error.

    Edit Mode writes its changes into the mesh when it is left, and multires sculpting too, so what is read inside is
    what the artist sees. Objects are remembered by name: no reference outlives a mode change.
    """
    layer = context.view_layer
    active = layer.objects.active.name if layer.objects.active else ""
    selected = {one.name for one in layer.objects if one.select_get(view_layer=layer)}
    mode = layer.objects.active.mode if active else "OBJECT"
    if mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    try:
        yield
    finally:
        layer.update()  # what was linked or removed inside the block is known to the layer only after this
        for one in layer.objects:
            if one.select_get(view_layer=layer) != (one.name in selected):
                one.select_set(one.name in selected, view_layer=layer)
        layer.objects.active = layer.objects.get(active) if active else None
        if mode != "OBJECT" and layer.objects.active is not None:
            bpy.ops.object.mode_set(mode=mode)
