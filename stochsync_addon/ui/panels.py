"""The N-panel: draws what is, from names and numbers only. It is redrawn all the time, so it computes nothing."""

from __future__ import annotations

from typing import cast

import bpy

from ...engine.protocol.params import BUILTIN_MODEL
from ...engine.protocol.wording import FIXES
from ..client.job_state import phase_text, time_left
from ..kinds import IN_BLENDER
from ..session import Problem, Session, current
from .drawing import columns, draw_text
from .preferences import engine_installed
from .words import say, translate, words_of


class STOCHSYNC_PT_main(bpy.types.Panel):
    """Prompt, Generate, and what is going on."""

    bl_idname = "STOCHSYNC_PT_main"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "StochSync"
    bl_label = "StochSync"

    def draw(self, context):
        layout, settings, running = cast(bpy.types.UILayout, self.layout), context.scene.stochsync, current()
        if running.installing:
            draw_progress(layout, translate(running.installer.text), running.installer.percent / 100, "")
            return
        if not engine_installed():
            draw_install(layout, columns(context))
            draw_problem(layout, running.problem, columns(context))
            return
        layout.row(align=True).prop(settings, "kind", expand=True)
        IN_BLENDER[settings.kind].draw(layout, context, settings)
        draw_online(layout, settings, columns(context))
        button = layout.column()
        if running.job is not None:
            draw_job(button, running)
        else:
            button.scale_y = 1.8
            button.operator(f"stochsync.generate_{settings.kind}", icon="PLAY")
        draw_problem(layout, running.problem, columns(context))
        draw_notes(layout, running, columns(context))


class STOCHSYNC_PT_settings(bpy.types.Panel):
    """Model, preset, seed: what both kinds of job share."""

    bl_idname = "STOCHSYNC_PT_settings"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "StochSync"
    bl_parent_id = "STOCHSYNC_PT_main"
    bl_label = "Settings"

    @classmethod
    def poll(cls, context):
        return engine_installed() and not current().installing

    def draw(self, context):
        layout, settings = self.layout, context.scene.stochsync
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.prop(settings, "model")
        column.prop(settings, "preset")
        row = column.row(align=True)
        row.prop(settings, "seed")
        row.prop(settings, "seed_lock", text="", icon="LOCKED" if settings.seed_lock else "UNLOCKED")
        column = layout.column()
        column.use_property_split = False
        column.label(text="Negative Prompt")
        column.prop(settings, "negative_prompt", text="")
        IN_BLENDER[settings.kind].draw_more(column, settings)
        layout.operator("stochsync.free_memory", icon="TRASH")


def draw_online(layout: bpy.types.UILayout, settings: bpy.types.PropertyGroup, width: int) -> None:
    """A word about models that may have to be fetched while online access is off."""
    if bpy.app.online_access or settings.model == BUILTIN_MODEL or "/" in settings.model or "\\" in settings.model:
        return
    box = layout.box()
    draw_text(
        box, translate("Online access is off: this model works only if it is on this machine already."), width, "INTERNET_OFFLINE"
    )
    box.operator("stochsync.fix", text=FIXES["allow_online"]).code = "allow_online"


def draw_install(layout: bpy.types.UILayout, width: int) -> None:
    """What a new user sees first."""
    box = layout.box()
    about = translate("StochSync works in an engine of its own, about 2 GB in a folder of its own. Blender is not changed.")
    draw_text(box, about, width, "INFO")
    if not bpy.app.online_access:
        draw_text(box, translate("Installing needs online access."), width, "INTERNET_OFFLINE")
        box.operator("stochsync.fix", text=FIXES["allow_online"]).code = "allow_online"
    row = box.row()
    row.scale_y = 1.6
    row.enabled = bool(bpy.app.online_access)
    row.operator("stochsync.install_engine", icon="IMPORT")
    box.operator("stochsync.fix", text="Choose the Folder", icon="PREFERENCES").code = "open_preferences"


def draw_job(layout: bpy.types.UILayout, running: Session) -> None:
    """The job that runs: what it is, how far it is, and what memory it has taken."""
    state = running.state
    draw_progress(layout, phase_text(state, translate), state.fraction, time_left(state.eta, translate), running.job.label)
    if state.memory:
        layout.label(text=say("Peak memory: {gigabytes:.1f} GB", gigabytes=state.memory / 1e9))


def draw_progress(layout: bpy.types.UILayout, phase: str, fraction: float, eta: str, title: str = "") -> None:
    """Title, bar, time left and Cancel."""
    column = layout.column(align=True)
    if title:
        column.label(text=title)
    bar = column.column(align=True)
    bar.scale_y = 1.3
    bar.progress(factor=min(max(fraction, 0.0), 1.0), text=", ".join(filter(None, (phase, eta))))
    column.operator("stochsync.cancel", icon="X")


def draw_problem(layout: bpy.types.UILayout, problem: Problem | None, width: int) -> None:
    """The error box: what happened, its fix as a button, and a report for the bug tracker."""
    if problem is None:
        return
    box = layout.box()
    row = box.row()
    text = row.column()
    text.alert = True
    draw_text(text, words_of(problem.error), width - 4, "ERROR")
    row.operator("stochsync.dismiss", text="", icon="X", emboss=False)
    fix = problem.error.fix
    if fix:
        box.operator("stochsync.fix", text=FIXES[fix]).code = fix
    box.operator("stochsync.copy_report", icon="COPYDOWN")


def draw_notes(layout: bpy.types.UILayout, running: Session, width: int) -> None:
    """What was made last, and what the engine had to say about it."""
    if running.busy or running.problem is not None:
        return
    if running.finished:
        layout.label(text=running.finished, icon="CHECKMARK")
    for note in running.notes:
        draw_text(layout, words_of(note), width, "INFO")


CLASSES = (STOCHSYNC_PT_main, STOCHSYNC_PT_settings)
