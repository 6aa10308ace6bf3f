"""Pieces of panels that are drawn for one kind of job, and text that wraps."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import bpy

from ..scene.mesh_export import NEW_UV_LAYER
from .words import say, translate

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import IconItems as Icon

CHARACTER_WIDTH = 6.3  # pixels of an average letter of the interface font at scale 1
PANEL_MARGIN = 60.0  # pixels of a panel that its boxes and the sidebar's tabs take up, at scale 1
LEAST_CHARACTERS = 16


def columns(context: bpy.types.Context) -> int:
    """Letters that fit into one line of the panel."""
    scale = context.preferences.system.ui_scale or 1.0  # 0 before the first window is drawn
    width = context.region.width if context.region is not None else 280
    return max(LEAST_CHARACTERS, int((width / scale - PANEL_MARGIN) / CHARACTER_WIDTH))


def draw_text(layout: bpy.types.UILayout, text: str, width: int, icon: Icon = "NONE") -> None:
    """`text` in as many lines of `width` letters as it takes; Blender's labels do not wrap."""
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(textwrap.wrap(text, width) or [""]):
        following: Icon = "BLANK1" if icon != "NONE" else "NONE"
        column.label(text=line, icon=icon if number == 0 else following)


def draw_texture(layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup) -> None:
    """Prompt and size of a texture, and what it goes on."""
    layout.prop(settings, "prompt_texture", text="", icon="TEXTURE")
    name, icon = target_text(context)
    layout.label(text=name, icon=icon)
    layout.prop(settings, "texture_size")


def target_text(context: bpy.types.Context) -> tuple[str, Icon]:
    """Which mesh and UV layer Generate Texture would use, and an icon."""
    active = context.view_layer.objects.active
    chosen = [one for one in context.selected_objects if one.type == "MESH"]
    if active is not None and active.type == "MESH" and active.mode != "OBJECT" and active not in chosen:
        chosen.append(active)
    if not chosen:
        return translate("Select a mesh"), "ERROR"
    if len(chosen) > 1:
        return say("{count} meshes, one texture each", count=len(chosen)), "OUTLINER_OB_MESH"
    layer = next((one.name for one in chosen[0].data.uv_layers if one.active_render), say("new layer {name}", name=NEW_UV_LAYER))
    return f"{chosen[0].name}  ·  {layer}", "MESH_DATA"


def draw_panorama(layout: bpy.types.UILayout, context: bpy.types.Context, settings: bpy.types.PropertyGroup) -> None:
    """Prompt, width and World settings of a panorama."""
    layout.prop(settings, "prompt_panorama", text="", icon="WORLD")
    column = layout.column(align=True)
    column.prop(settings, "panorama_width")
    column.prop(settings, "panorama_strength")
    column.prop(settings, "panorama_rotation")


def draw_panorama_words(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup) -> None:
    """What views towards the poles add to the prompt."""
    layout.label(text="Words Upward and Downward")
    layout.prop(settings, "panorama_words_up", text="", icon="TRIA_UP")
    layout.prop(settings, "panorama_words_down", text="", icon="TRIA_DOWN")
