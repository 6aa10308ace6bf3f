"""The one table of what Blender does for each kind of job: its settings, and how a job is prepared, applied and drawn.

What engine and add-on both know of a kind is in engine/protocol/kinds.py. A kind that is not here cannot be made from Blender.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..engine.protocol.errors import InvalidJob
from ..engine.protocol.params import EngineParams, JobParams
from .pending_job import PendingJob, apply_panorama_job, apply_texture_job, prepare_panorama, prepare_texture
from .scene.mesh_export import texturable_objects
from .scene.modes import object_mode, view_3d_context
from .ui.drawing import draw_panorama, draw_panorama_words, draw_texture

SHARED = {"negative_prompt": "negative_prompt", "model": "model", "preset": "preset", "seed": "seed"}
"""Settings that all kinds have in common."""


@dataclass(frozen=True, kw_only=True)
class KindInBlender:
    """How the add-on handles one kind. `settings` names every parameter of the kind: setting of the scene -> field."""

    icon: str
    settings: Mapping[str, str]
    size: str  # the setting that Use a Smaller Size halves
    targets: Callable[[bpy.types.Context], list[str]]  # the objects to make one of each for; [""] where it is the scene
    prepare: Callable[[bpy.types.Context, str, JobParams, EngineParams, Path], PendingJob]
    apply: Callable[[PendingJob, bpy.types.Scene, Path], None]
    draw: Callable[[bpy.types.UILayout, bpy.types.Context, bpy.types.PropertyGroup], None]
    draw_more: Callable[[bpy.types.UILayout, bpy.types.PropertyGroup], None]  # in the panel Settings


IN_BLENDER: Mapping[str, KindInBlender] = {
    "texture": KindInBlender(
        icon="TEXTURE",
        settings={"prompt_texture": "prompt", "texture_size": "size", **SHARED},
        size="texture_size",
        targets=lambda context: [one.name for one in texturable_objects(context)],
        prepare=prepare_texture,
        apply=apply_texture_job,
        draw=draw_texture,
        draw_more=lambda layout, settings: None,
    ),
    "panorama": KindInBlender(
        icon="WORLD",
        settings={
            "prompt_panorama": "prompt",
            "panorama_width": "width",
            "panorama_words_up": "words_up",
            "panorama_words_down": "words_down",
            **SHARED,
        },
        size="panorama_width",
        targets=lambda context: [""],
        prepare=prepare_panorama,
        apply=apply_panorama_job,
        draw=draw_panorama,
        draw_more=draw_panorama_words,
    ),
}
"""By JobKind.name."""


def apply_result(context: bpy.types.Context, job: PendingJob, picture: Path) -> None:
    """Put the finished `picture` where it belongs: one undo step, mode and selection as before.

    InvalidMesh or InvalidJob when its object or scene is gone or was edited too much; the scene then stays as it is.
    """
    scene = bpy.data.scenes.get(job.scene)
    if scene is None:
        raise InvalidJob("scene_gone", scene=job.scene, path=str(picture))
    with context.temp_override(**view_3d_context(context)), object_mode(context):
        IN_BLENDER[job.kind].apply(job, scene, picture)
        bpy.ops.ed.undo_push(message=f"StochSync {job.label}")
