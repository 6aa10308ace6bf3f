"""Runs inside Blender (`blender --python driver.py`): opens the sidebar, then does what inside.sh writes into files.

$OUT/ready.json: where the sidebar is, in window pixels. $OUT/do.py: run once, then removed. $OUT/state.json: what the
add-on is at, ten times a second.
"""

import json
import os
import sys
import traceback

import bpy

OUT = os.environ["OUT"]
preferences = bpy.context.preferences
preferences.view.show_splash = False  # must be set here: the splash opens after --python
preferences.view.smooth_view = 0
preferences.filepaths.use_auto_save_temporary_files = False
STEPS = {"count": 0}


def put(name, data):
    with open(f"{OUT}/{name}.tmp", "w") as handle:
        json.dump(data, handle)
    os.rename(f"{OUT}/{name}.tmp", f"{OUT}/{name}")


def sidebar():
    window = bpy.context.window_manager.windows[0]
    area = max((one for one in window.screen.areas if one.type == "VIEW_3D"), key=lambda one: one.width * one.height)
    area.spaces.active.show_region_ui = True
    return window, area, next(region for region in area.regions if region.type == "UI")


def open_tab():
    """The tab exists only after the sidebar drew once."""
    window, area, region = sidebar()
    area.tag_redraw()
    STEPS["count"] += 1
    if STEPS["count"] < 4:
        return 0.5
    if STEPS["count"] > 40:
        raise RuntimeError("the StochSync tab never came up")
    try:
        if region.active_panel_category != "StochSync":
            region.active_panel_category = "StochSync"
            return 0.5
    except (AttributeError, TypeError):
        return 0.5
    if STEPS["count"] < 8:
        return 0.5
    put(
        "ready.json",
        {
            "window": [window.width, window.height],
            "ui": [region.x, region.y, region.width, region.height],
            "version": bpy.app.version_string,
        },
    )
    bpy.app.timers.register(serve, first_interval=0.1, persistent=True)
    return None


def serve():
    session = sys.modules["bl_ext.user_default.stochsync.stochsync_addon.session"].current()
    path = f"{OUT}/do.py"
    if os.path.exists(path):
        with open(path) as handle:
            text = handle.read()
        os.remove(path)
        window, area, region = sidebar()
        with bpy.context.temp_override(window=window, area=area, region=next(r for r in area.regions if r.type == "WINDOW")):
            try:
                exec(text, {"bpy": bpy, "session": session, "settings": bpy.context.scene.stochsync, "os": os})
            except Exception:
                traceback.print_exc()
        for region in area.regions:
            region.tag_redraw()  # Blender does it after a click, not after a script
    cube = bpy.data.objects.get("Suzanne")
    problem = session.problem.error.text if session.problem else ""
    put(
        "state.json",
        {
            "busy": session.busy,
            "headline": session.headline,
            "problem": problem,
            "images": [one.name for one in bpy.data.images if one.get("stochsync")],
            "mode": bpy.context.mode,
            "layers": [one.name for one in cube.data.uv_layers] if cube else [],
        },
    )
    return 0.1


bpy.app.timers.register(open_tab, first_interval=0.5)
