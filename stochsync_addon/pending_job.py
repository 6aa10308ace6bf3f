"""A job under way: from the scene into a job folder, and from its result back into the scene. By kind: see kinds.py.

Between the two, minutes may pass in which anything can be renamed, undone or deleted: a job keeps names, never references.
"""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np

from ..engine.protocol.errors import InvalidMesh
from ..engine.protocol.job import Job, save_job
from ..engine.protocol.kinds import KINDS
from ..engine.protocol.params import EngineParams, JobParams
from .scene.image_import import import_image
from .scene.materials import apply_texture
from .scene.mesh_export import NEW_UV_LAYER, export, mesh_of, refuse_linked
from .scene.world import apply_panorama, is_own, strength_of
from .ui.words import say, translate

KEPT_JOBS = 30  # job folders kept for "run it again" and bug reports; a few MB each


@dataclass(frozen=True, kw_only=True)
class PendingJob:
    """A job that the engine has or will get, and where its result belongs."""

    kind: str  # a name of KINDS
    folder: Path
    scene: str
    target: str  # object name; "" for a panorama
    uv_layer: str = ""
    new_uv: np.ndarray | None = None  # [corners, 2] float32: the unwrap to add together with the texture

    @property
    def label(self) -> str:
        """What the panel calls it, in the language of Blender's interface."""
        kind = translate(KINDS[self.kind].label)
        return say("{kind} of {name}", kind=kind, name=self.target) if self.target else kind


def prepare_texture(context: bpy.types.Context, target: str, params: JobParams, engine: EngineParams, jobs: Path) -> PendingJob:
    """Export the object `target` and write its job folder under `jobs`. InvalidMesh, DiskFull; the scene stays as it is."""
    exported = export(context, context.view_layer.objects[target])
    folder = new_folder(jobs, f"texture-{exported.object_name}")
    save_job(folder, Job(kind="texture", params=params, engine=engine), exported.mesh)
    return PendingJob(
        kind="texture",
        folder=folder,
        scene=context.scene.name,
        target=exported.object_name,
        uv_layer=exported.uv_layer,
        new_uv=exported.new_uv,
    )


def prepare_panorama(context: bpy.types.Context, target: str, params: JobParams, engine: EngineParams, jobs: Path) -> PendingJob:
    """Write the job folder of a panorama under `jobs`. It needs no `target`. DiskFull."""
    folder = new_folder(jobs, "panorama")
    save_job(folder, Job(kind="panorama", params=params, engine=engine))
    return PendingJob(kind="panorama", folder=folder, scene=context.scene.name, target=target)


def new_folder(jobs: Path, name: str) -> Path:
    """A name for a job folder that sorts by time; the oldest folders beyond KEPT_JOBS are removed."""
    old = sorted(one for one in jobs.glob("*/job.json") if one.is_file())
    for job in old[: max(0, len(old) - KEPT_JOBS + 1)]:
        shutil.rmtree(job.parent, ignore_errors=True)  # another Blender may have just removed it
    stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{re.sub(r'[^A-Za-z0-9-]+', '_', name)[:40]}"
    folder, count = jobs / stem, 1
    while folder.exists():
        count += 1
        folder = jobs / f"{stem}-{count}"
    return folder


def apply_texture_job(job: PendingJob, scene: bpy.types.Scene, picture: Path) -> None:
    """The picture into the object's material, and the unwrap it was made for into a UV layer."""
    obj = bpy.data.objects.get(job.target)
    if obj is None or obj.type != "MESH":
        raise InvalidMesh("object_gone", name=job.target, path=str(picture))
    refuse_linked(obj)
    mesh = mesh_of(obj)
    if job.new_uv is not None:
        job = replace(job, uv_layer=add_unwrap(mesh, job.new_uv, job, picture))
    if job.uv_layer not in mesh.uv_layers:
        raise InvalidMesh("uv_layer_gone", layer=job.uv_layer, name=obj.name, path=str(picture))
    image = import_image(picture, f"StochSync {obj.name}", f"texture:{obj.name}")
    apply_texture(obj, image, job.uv_layer)


def add_unwrap(mesh: bpy.types.Mesh, uv: np.ndarray, job: PendingJob, picture: Path) -> str:
    """Add `uv` [corners, 2] float32 as a layer of `mesh`, beside any that came up meanwhile; returns its name."""
    if len(mesh.loops) != len(uv):
        raise InvalidMesh("object_edited", name=job.target, path=str(picture))
    layer = mesh.uv_layers.new(name=NEW_UV_LAYER, do_init=False)
    if layer is None:
        raise InvalidMesh("uv_layers_full_after", name=job.target, path=str(picture))
    layer.uv.foreach_set("vector", np.ascontiguousarray(uv).ravel())
    layer.active = layer.active_render = True
    return layer.name


def apply_panorama_job(job: PendingJob, scene: bpy.types.Scene, picture: Path) -> None:
    """The picture into the World of `scene`; the strength is the former World's until the artist sets one."""
    settings = scene.stochsync
    if not settings.is_property_set("panorama_strength") and not is_own(scene.world):
        settings.panorama_strength = strength_of(scene.world)
    image = import_image(picture, "StochSync Panorama", f"panorama:{scene.name}")
    apply_panorama(scene, image, settings.panorama_strength, settings.panorama_rotation)
