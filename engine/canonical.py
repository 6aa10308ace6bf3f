"""From a job to its canonical space, kept warm for the next job on the same canvas or mesh."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch

from .contracts import Space
from .protocol.errors import InvalidJob
from .protocol.job import Job, load_mesh
from .protocol.kinds import PanoramaParams, PlaneParams, TextureParams
from .protocol.messages import Notice
from .protocol.params import JobParams
from .spaces.equirect import EquirectSpace
from .spaces.mesh import MeshSpace
from .spaces.plane import PlaneSpace
from .spaces.views import mesh_views, panorama_views

Params = TypeVar("Params", bound=JobParams)
COARSE_VIEWS = 2.0  # texels side by side on one pixel of a view, from which a canvas is finer than its views can fill


@dataclass(frozen=True, kw_only=True)
class Request:
    """What decides a canonical space."""

    job: Job
    folder: Path  # of the job
    views: str  # the view plan, "auto" or "paper"
    view_resolution: int
    device: torch.device
    depth_floor: float

    def key(self) -> tuple[object, ...]:
        """Equal for requests that get the same space."""
        mesh = self.folder / "mesh.npz"
        content = hashlib.sha256(mesh.read_bytes()).hexdigest() if self.job.row.needs_mesh and mesh.is_file() else ""
        size = tuple(getattr(self.job.params, name) for name in self.job.row.canvas_size)
        return self.job.kind, size, content, self.views, self.view_resolution, self.device, self.depth_floor

    def params(self, cls: type[Params]) -> Params:
        """What the job asks, of the class that its kind has; InvalidJob for another."""
        if not isinstance(self.job.params, cls):
            raise InvalidJob("kind_mismatch", kind=self.job.kind, needed=cls.__name__)
        return self.job.params


class SpaceCache:
    """The last space used: its charts, rays and projections take a third of a short job to compute."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] | None = None
        self._space: Space[Any, Any] | None = None

    def get(self, request: Request) -> Space[Any, Any]:
        """The space that `request` asks for, kept from the job before or built. InvalidMesh."""
        key = request.key()
        if self._space is None or key != self._key:
            self.free()
            self._space = build(request)
            self._key = key
        return self._space

    def free(self) -> None:
        """Give the memory of what is kept back, half a gigabyte for a mesh."""
        if self._space is not None:
            self._key = self._space = None
            gc.collect()  # a space and its other view sizes hold each other, and are too few objects to be looked for soon


def build(request: Request) -> Space[Any, Any]:
    """The canonical space that a job asks for. InvalidMesh."""
    return BUILDERS[request.job.kind](request)


def _panorama(request: Request) -> EquirectSpace:
    params, plan = request.params(PanoramaParams), panorama_views(request.views)
    return EquirectSpace(
        params.width, request.view_resolution, request.device, view_sets=plan.view_sets, fill_sets=plan.fill_sets
    )


def _texture(request: Request) -> MeshSpace:
    params, mesh, plan = request.params(TextureParams), load_mesh(request.folder), mesh_views(request.views)
    return MeshSpace(
        mesh.vertices,
        mesh.faces,
        mesh.uv,
        params.size,
        request.view_resolution,
        request.device,
        occluders=(mesh.occluder_vertices, mesh.occluder_faces),
        view_sets=plan.view_sets,
        fill_sets=plan.fill_sets,
        depth_floor=request.depth_floor,
    )


def _plane(request: Request) -> PlaneSpace:
    params = request.params(PlaneParams)
    return PlaneSpace(params.width, params.height, request.view_resolution, request.device)


BUILDERS: dict[str, Callable[[Request], Space[Any, Any]]] = {"panorama": _panorama, "texture": _texture, "plane": _plane}
"""By JobKind.name."""


def size_notices(job: Job, space: Space[Any, Any]) -> tuple[Notice, ...]:
    """A notice where the canvas is much finer than its views can fill; none where it is not."""
    if space.texels_per_pixel < COARSE_VIEWS:
        return ()
    size = getattr(job.params, job.row.canvas_size[0])
    filled = max(int(size / space.texels_per_pixel) // 64 * 64, 64)
    return (Notice("size_beyond_views", view_resolution=space.view_resolution, filled=filled, size=size),)
