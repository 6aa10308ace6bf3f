"""The buttons: read the panel, call, report. What they do is in kinds.py and session.py.

With a window, Generate starts the job and returns at once; under `blender -b` it returns when the job is done, and a
failure raises RuntimeError from `bpy.ops`, as any other operator's does.
"""

from __future__ import annotations

import platform

import bpy

from ...engine.protocol.errors import EngineError, EngineUnavailable
from ...engine.protocol.model_labels import MODEL_LABELS
from ..client.job_state import JobState, report
from ..client.process import tail
from ..kinds import IN_BLENDER
from ..scene.mesh_export import texturable_objects, unwrap_active
from ..scene.modes import object_mode
from ..session import Problem, current
from .preferences import ROOT_PACKAGE, engine_installed, engine_params, preferences, root_folder
from .properties import draw_seed, params_of
from .words import translate, words_of

SMALLEST = 256  # pixels: Use a Smaller Size stops here


def refuse_without_engine() -> None:
    """EngineUnavailable when there is no engine to send a job to."""
    if not engine_installed():
        raise EngineUnavailable("engine_not_installed")


class Reporting:
    """What the operators that start something share."""

    def start(self, context: bpy.types.Context) -> None:
        """Start what the button is for; EngineError when it cannot be."""
        raise NotImplementedError

    def execute(self, context):
        """Start; under -b also wait. An error goes to the panel's box, and under -b to whoever called."""
        running = current()
        try:
            running.refuse_if_busy()
            running.dismiss()
            self.start(context)
            if bpy.app.background:
                running.wait()
        except EngineError as error:
            running.show(error)
        if running.problem is None:
            return {"FINISHED"}
        self.report({"ERROR" if bpy.app.background else "WARNING"}, words_of(running.problem.error))
        return {"CANCELLED"}


class Generate(Reporting):
    """What the buttons that make something share."""

    kind = ""  # a name of IN_BLENDER

    def start(self, context):
        settings, kind = context.scene.stochsync, IN_BLENDER[self.kind]
        refuse_without_engine()
        targets = kind.targets(context)
        draw_seed(settings)
        params, engine, jobs = params_of(self.kind, settings), engine_params(), root_folder() / "jobs"
        current().submit([kind.prepare(context, target, params, engine, jobs) for target in targets])


class STOCHSYNC_OT_generate_texture(Generate, bpy.types.Operator):
    """Make a texture for the selected meshes from the prompt, on their own UVs"""

    bl_idname = "stochsync.generate_texture"
    bl_label = "Generate Texture"
    bl_options = {"REGISTER"}  # no UNDO: the one undo step comes with the finished picture (kinds.apply_result)
    kind = "texture"


class STOCHSYNC_OT_generate_panorama(Generate, bpy.types.Operator):
    """Make a 360-degree panorama from the prompt and set it as the World of this scene"""

    bl_idname = "stochsync.generate_panorama"
    bl_label = "Generate Panorama"
    bl_options = {"REGISTER"}
    kind = "panorama"


class STOCHSYNC_OT_install_engine(Reporting, bpy.types.Operator):
    """Download and set up the engine in its own folder (Python packages; Blender itself is not changed)"""

    bl_idname = "stochsync.install_engine"
    bl_label = "Install Engine"

    def start(self, context):
        if not bpy.app.online_access:
            raise EngineUnavailable("install_needs_online")
        current().install(root_folder(), preferences().device)


class STOCHSYNC_OT_cancel(bpy.types.Operator):
    """Stop what is running; nothing in the scene changes"""

    bl_idname = "stochsync.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context):
        return current().busy

    def execute(self, context):
        current().cancel()
        return {"FINISHED"}


class STOCHSYNC_OT_free_memory(bpy.types.Operator):
    """Unload the model from memory, for example to render; the next run loads it again"""

    bl_idname = "stochsync.free_memory"
    bl_label = "Free Memory"

    def execute(self, context):
        current().free_memory()
        return {"FINISHED"}


class STOCHSYNC_OT_dismiss(bpy.types.Operator):
    """Close this message"""

    bl_idname = "stochsync.dismiss"
    bl_label = "Dismiss"

    def execute(self, context):
        current().dismiss()
        return {"FINISHED"}


class STOCHSYNC_OT_copy_report(bpy.types.Operator):
    """Copy what happened, with versions and the log, to paste it into a bug report"""

    bl_idname = "stochsync.copy_report"
    bl_label = "Copy Report"

    def execute(self, context):
        context.window_manager.clipboard = problem_report(current().problem)
        self.report({"INFO"}, translate("The report is in the clipboard."))
        return {"FINISHED"}


def problem_report(problem: Problem | None) -> str:
    """Everything that a bug report needs, as text."""
    versions = {"Blender": bpy.app.version_string, "System": platform.platform()}
    if problem is None:
        return report(JobState(), folder="none", log="", versions=versions)
    return report(problem.state, folder=str(problem.folder), log=tail(problem.log), versions=versions)


class STOCHSYNC_OT_set_model(bpy.types.Operator):
    """Use this model from now on"""

    bl_idname = "stochsync.set_model"
    bl_label = "Use This Model"
    bl_options = {"UNDO", "INTERNAL"}

    model: bpy.props.StringProperty()

    def execute(self, context):
        context.scene.stochsync.model = self.model
        current().dismiss()
        return {"FINISHED"}


class STOCHSYNC_MT_models(bpy.types.Menu):
    """The checkpoints of the catalogue."""

    bl_idname = "STOCHSYNC_MT_models"
    bl_label = "Models"

    def draw(self, context):
        for name, label in MODEL_LABELS.items():
            self.layout.operator("stochsync.set_model", text=label).model = name


class STOCHSYNC_OT_fix(bpy.types.Operator):
    """Do what the message suggests"""

    bl_idname = "stochsync.fix"
    bl_label = "Fix"
    bl_options = {"UNDO", "INTERNAL"}

    code: bpy.props.StringProperty()

    def execute(self, context):
        problem = current().problem
        fix = FIX_ACTIONS[self.code]
        current().dismiss()
        fix(context, problem)
        return {"FINISHED"}


def install_engine(context, problem):
    bpy.ops.stochsync.install_engine()


def restart_engine(context, problem):
    current().stop_engine()


def allow_online(context, problem):
    """Show Blender's own switch: only the artist may turn it."""
    bpy.ops.screen.userpref_show(section="SYSTEM")


def choose_model(context, problem):
    bpy.ops.wm.call_menu(name=STOCHSYNC_MT_models.bl_idname)


def open_preferences(context, problem):
    bpy.ops.preferences.addon_show(module=ROOT_PACKAGE)


def free_memory(context, problem):
    current().free_memory()


def lower_size(context, problem):
    """Half the size; the properties round to what fits."""
    settings = context.scene.stochsync
    name = IN_BLENDER[settings.kind].size
    setattr(settings, name, max(SMALLEST, getattr(settings, name) // 2))


def unwrap(context, problem):
    """Unwrap the meshes into a new UV layer each, which becomes the one in use; no other layer changes."""
    for name in [one.name for one in texturable_objects(context)]:
        with object_mode(context):
            for one in context.view_layer.objects:
                one.select_set(one.name == name)
            context.view_layer.objects.active = context.view_layer.objects[name]
            unwrap_active(context.view_layer.objects[name].data)


def select_mesh(context, problem):
    """Select the first mesh that can be seen."""
    meshes = [one for one in context.visible_objects if one.type == "MESH" and len(one.data.polygons)]
    if meshes and context.mode == "OBJECT":
        for one in context.selected_objects:
            one.select_set(False)
        meshes[0].select_set(True)
        context.view_layer.objects.active = meshes[0]


def open_log(context, problem):
    bpy.ops.wm.path_open(filepath=str(problem.log))


FIX_ACTIONS = {
    "install_engine": install_engine,
    "restart_engine": restart_engine,
    "allow_online": allow_online,
    "choose_model": choose_model,
    "open_preferences": open_preferences,
    "free_memory": free_memory,
    "lower_size": lower_size,
    "unwrap": unwrap,
    "select_mesh": select_mesh,
    "open_log": open_log,
}
"""What the button of each fix in wording.FIXES does."""

CLASSES = (
    STOCHSYNC_OT_generate_texture,
    STOCHSYNC_OT_generate_panorama,
    STOCHSYNC_OT_install_engine,
    STOCHSYNC_OT_cancel,
    STOCHSYNC_OT_free_memory,
    STOCHSYNC_OT_dismiss,
    STOCHSYNC_OT_copy_report,
    STOCHSYNC_OT_set_model,
    STOCHSYNC_MT_models,
    STOCHSYNC_OT_fix,
)
