"""From a job to its canonical space, kept warm for the next job on the same canvas or mesh."""
from __future__ import annotations

import gc
import hashlib
from pathlib import Path

import torch

from .contracts import Space
from .protocol.job import Job, load_mesh
from .protocol.params import SamplingParams
from .spaces.equirect import EquirectSpace
from .spaces.mesh import MeshSpace
from .spaces.views import mesh_views, panorama_views

COARSE_VIEWS = 2.0  # texels side by side on one pixel of a view, from which a canvas is finer than its views can fill


class SpaceCache:
    """The last space used: its charts, rays and projections take a third of a short job to compute."""

    def __init__(self) -> None:
        self._key: tuple | None = None
        self._space: Space | None = None

    def get(self, job: Job, folder: Path, sampling: SamplingParams, view_resolution: int, device: torch.device,
            depth_floor: float) -> Space:
        """The space that `job` in `folder` asks for, on views of `view_resolution`. InvalidMesh."""
        key = (job.kind, sampling.views, view_resolution, device, depth_floor, *_content(job, folder))
        if key != self._key:
            self.free()
            self._space = build(job, folder, sampling.views, view_resolution, device, depth_floor)
            self._key = key
        return self._space

    def free(self) -> None:
        """Give the memory of what is kept back, half a gigabyte for a mesh."""
        if self._space is not None:
            self._key = self._space = None
            gc.collect()  # a space and its other view sizes hold each other, and are too few objects to be looked for soon


def build(job: Job, folder: Path, views: str, view_resolution: int, device: torch.device, depth_floor: float) -> Space:
    """The canonical space that `job` asks for, with the view plan `views` ("auto" or "paper"). InvalidMesh."""
    if job.kind == "panorama":
        plan = panorama_views(views)
        return EquirectSpace(job.params.width, view_resolution, device, view_sets=plan.view_sets, fill_sets=plan.fill_sets)
    mesh, plan = load_mesh(folder), mesh_views(views)
    return MeshSpace(mesh.vertices, mesh.faces, mesh.uv, job.params.size, view_resolution, device,
                     occluders=(mesh.occluder_vertices, mesh.occluder_faces), view_sets=plan.view_sets,
                     fill_sets=plan.fill_sets, depth_floor=depth_floor)


def _content(job: Job, folder: Path) -> tuple:
    """What tells this canvas from another: its size, and the bytes of the mesh."""
    if job.kind == "panorama":
        return (job.params.width,)
    path = folder / "mesh.npz"
    return job.params.size, hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def size_warning(job: Job, space: Space) -> str:
    """A sentence for the artist where the canvas is much finer than its views can fill; "" where it is not."""
    if space.texels_per_pixel < COARSE_VIEWS:
        return ""
    size = job.params.width if job.kind == "panorama" else job.params.size
    filled = max(int(size / space.texels_per_pixel) // 64 * 64, 64)
    return (f"Views of {space.view_resolution} pixels can fill about {filled} of the {size} pixels across: the rest is enlarged. "
            "A smaller size would look the same.")
