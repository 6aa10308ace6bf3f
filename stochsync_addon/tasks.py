"""One task: what the artist asked for, from the scene into a job folder, and from its result back into the scene.

Between the two, minutes may pass in which anything can be renamed, undone or deleted: a task keeps names, never references.
"""
from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np

from ..engine.protocol.errors import InvalidJob, InvalidMesh
from ..engine.protocol.job import Job, save_job
from ..engine.protocol.kinds import PanoramaParams, TextureParams
from ..engine.protocol.params import EngineParams
from .image_import import import_image
from .materials import apply_texture
from .mesh_export import NEW_UV_LAYER, export, refuse_linked
from .modes import object_mode, view_3d_context
from .world import apply_panorama, is_own, strength_of

KEPT_JOBS = 30  # job folders kept for "run it again" and bug reports; a few MB each


@dataclass(frozen=True, kw_only=True)
class Task:
    """A job under way, and where its result belongs."""

    kind: str  # "texture" | "panorama"
    folder: Path
    scene: str
    target: str  # object name; "" for a panorama
    uv_layer: str = ""
    new_uv: np.ndarray | None = None  # [corners, 2] float32: the unwrap to add together with the texture

    @property
    def label(self) -> str:
        """What the panel calls it."""
        return f"Texture of {self.target}" if self.target else "Panorama"


def prepare_texture(context: bpy.types.Context, obj: bpy.types.Object, params: TextureParams, engine: EngineParams,
                    jobs: Path) -> Task:
    """Export `obj` and write its job folder under `jobs`. InvalidMesh, DiskFull; the scene stays as it is."""
    exported = export(context, obj)
    folder = new_folder(jobs, f"texture-{exported.object_name}")
    save_job(folder, Job(kind="texture", params=params, engine=engine), exported.mesh)
    return Task(kind="texture", folder=folder, scene=context.scene.name, target=exported.object_name,
                uv_layer=exported.uv_layer, new_uv=exported.new_uv)


def prepare_panorama(context: bpy.types.Context, params: PanoramaParams, engine: EngineParams, jobs: Path) -> Task:
    """Write the job folder of a panorama under `jobs`. DiskFull."""
    folder = new_folder(jobs, "panorama")
    save_job(folder, Job(kind="panorama", params=params, engine=engine))
    return Task(kind="panorama", folder=folder, scene=context.scene.name, target="")


def new_folder(jobs: Path, name: str) -> Path:
    """A name for a job folder that sorts by time; the oldest folders beyond KEPT_JOBS are removed."""
    old = sorted(one for one in jobs.glob("*/job.json") if one.is_file())
    for job in old[:max(0, len(old) - KEPT_JOBS + 1)]:
        shutil.rmtree(job.parent, ignore_errors=True)  # another Blender may have just removed it
    stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{re.sub(r'[^A-Za-z0-9-]+', '_', name)[:40]}"
    folder, count = jobs / stem, 1
    while folder.exists():
        count += 1
        folder = jobs / f"{stem}-{count}"
    return folder


def finish(context: bpy.types.Context, task: Task, picture: Path) -> None:
    """Put the finished `picture` where it belongs: one undo step, mode and selection as before.

    InvalidMesh or InvalidJob when its object or scene is gone or was edited too much; the scene then stays as it is.
    """
    scene = bpy.data.scenes.get(task.scene)
    if scene is None:
        raise InvalidJob("scene_gone", scene=task.scene, path=str(picture))
    with context.temp_override(**view_3d_context(context)), object_mode(context):
        if task.kind == "texture":
            finish_texture(task, picture)
        else:
            finish_panorama(scene, picture)
        bpy.ops.ed.undo_push(message=f"StochSync {task.label}")


def finish_texture(task: Task, picture: Path) -> None:
    """The picture into the object's material, and the unwrap it was made for into a UV layer."""
    obj = bpy.data.objects.get(task.target)
    if obj is None or obj.type != "MESH":
        raise InvalidMesh("object_gone", name=task.target, path=str(picture))
    refuse_linked(obj)
    task = replace(task, uv_layer=add_unwrap(obj.data, task, picture)) if task.new_uv is not None else task
    if task.uv_layer not in obj.data.uv_layers:
        raise InvalidMesh("uv_layer_gone", layer=task.uv_layer, name=obj.name, path=str(picture))
    image = import_image(picture, f"StochSync {obj.name}", f"texture:{obj.name}")
    apply_texture(obj, image, task.uv_layer)


def add_unwrap(mesh: bpy.types.Mesh, task: Task, picture: Path) -> str:
    """Add `task.new_uv` as a layer of `mesh`, beside any that came up meanwhile; returns its name."""
    if len(mesh.loops) != len(task.new_uv):
        raise InvalidMesh("object_edited", name=task.target, path=str(picture))
    layer = mesh.uv_layers.new(name=NEW_UV_LAYER, do_init=False)
    if layer is None:
        raise InvalidMesh("uv_layers_full_after", name=task.target, path=str(picture))
    layer.uv.foreach_set("vector", np.ascontiguousarray(task.new_uv).ravel())
    layer.active = layer.active_render = True
    return layer.name


def finish_panorama(scene: bpy.types.Scene, picture: Path) -> None:
    """The picture into the World of `scene`; the strength is the former World's until the artist sets one."""
    settings = scene.stochsync
    if not settings.is_property_set("panorama_strength") and not is_own(scene.world):
        settings.panorama_strength = strength_of(scene.world)
    image = import_image(picture, "StochSync Panorama", f"panorama:{scene.name}")
    apply_panorama(scene, image, settings.panorama_strength, settings.panorama_rotation)
