"""A job is a folder: everything that was asked, everything that came of it, nothing half-written.

`job.json` (what was asked), `mesh.npz`, `result.png`, `preview.jpg`, `report.json`, `log.txt`.
"""

from __future__ import annotations

import json
import time
import zipfile
import zlib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from . import VERSION
from .errors import InvalidJob, InvalidMesh, InvalidParameter
from .files import write_atomically, write_json
from .kinds import KINDS, JobKind
from .mesh_checks import check_faces, check_mesh
from .params import EngineParams, JobParams, SamplingParams, from_dict

FORMAT = 1
MESH_ARRAYS = ("vertices", "faces", "uv")
MAX_JSON_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Job:
    """What was asked. `sampling` None means: whatever the preset stands for."""

    kind: str  # a name of KINDS
    params: JobParams
    engine: EngineParams = field(default_factory=EngineParams)
    sampling: SamplingParams | None = None
    versions: dict[str, str] = field(default_factory=lambda: {"stochsync": VERSION})
    created: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidJob("kind_unknown", kind=repr(self.kind), known=", ".join(KINDS))
        if not isinstance(self.params, self.row.params):
            raise InvalidJob("kind_mismatch", kind=self.kind, needed=self.row.params.__name__)

    @property
    def row(self) -> JobKind:
        """What the table says of its kind."""
        return KINDS[self.kind]


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """A triangle mesh in world space.

    vertices [V, 3] float32, faces [F, 3] int32, uv [F, 3, 2] float32 per corner (u right, v up), normals are derived.
    occluder_vertices / occluder_faces: other geometry that hides parts of it, or empty.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    occluder_vertices: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    occluder_faces: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.int32))

    def __post_init__(self) -> None:
        for name, tail in (
            ("vertices", (3,)),
            ("faces", (3,)),
            ("uv", (3, 2)),
            ("occluder_vertices", (3,)),
            ("occluder_faces", (3,)),
        ):
            array = getattr(self, name)
            kinds, wanted = ("iu", "int") if name.endswith("faces") else ("f", "float")
            if array.dtype.kind not in kinds:
                raise InvalidMesh("mesh_array_type", name=name, found=str(array.dtype), wanted=wanted)
            if array.shape[1:] != tail:
                raise InvalidMesh(
                    "mesh_array_shape", name=name, found=str(array.shape), wanted=f"[N, {', '.join(map(str, tail))}]"
                )
        check_mesh(self.vertices, self.faces, self.uv)
        if not np.isfinite(self.occluder_vertices).all():
            raise InvalidMesh("mesh_not_finite")
        if len(self.occluder_faces):
            check_faces(self.occluder_vertices, self.occluder_faces)


def save_job(folder: Path, job: Job, mesh: Mesh | None = None) -> Path:
    """Write `job` (and its mesh) into `folder`, made if absent; job.json comes last, so a folder with one is complete."""
    if job.row.needs_mesh != (mesh is not None):
        raise InvalidJob("mesh_needed" if job.row.needs_mesh else "mesh_not_needed", kind=job.kind)
    folder.mkdir(parents=True, exist_ok=True)
    if mesh is not None:
        write_atomically(folder / "mesh.npz", lambda temporary: _save_npz(temporary, mesh))
    asked = replace(job, created=job.created or time.strftime("%Y-%m-%dT%H:%M:%S%z"))
    write_json(folder / "job.json", {"format": FORMAT, **asdict(asked)})
    return folder


def _save_npz(path: Path, mesh: Mesh) -> None:
    rows = np.ascontiguousarray
    with open(path, "wb") as handle:
        np.savez(
            handle,
            vertices=rows(mesh.vertices),
            faces=rows(mesh.faces),
            uv=rows(mesh.uv),
            occluder_vertices=rows(mesh.occluder_vertices),
            occluder_faces=rows(mesh.occluder_faces),
        )


def load_job(folder: Path) -> Job:
    """The job in `folder`. InvalidJob or InvalidParameter when it is not exactly what this version writes."""
    path = folder / "job.json"
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise InvalidJob("job_too_large", path=str(path))
        data = json.loads(path.read_bytes().decode())
    except FileNotFoundError as error:
        raise InvalidJob("job_missing", folder=str(folder)) from error
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, no JSON, or an endless number
        raise InvalidJob("job_unreadable", path=str(path), reason=str(error)) from error
    if not isinstance(data, dict):
        raise InvalidJob("job_not_object", path=str(path))
    if data.pop("format", None) != FORMAT:
        raise InvalidJob("job_format", path=str(path), format=FORMAT)
    if not isinstance(data.get("kind"), str) or data["kind"] not in KINDS:
        raise InvalidJob("job_kind_unknown", path=str(path), kind=repr(data.get("kind")))
    unknown = sorted(set(data) - {"kind", "params", "engine", "sampling", "versions", "created"})
    if unknown:
        raise InvalidParameter("job_unknown_keys", path=str(path), keys=", ".join(map(repr, unknown)))
    versions, created = data.get("versions", {}), data.get("created", "")
    if not isinstance(versions, dict) or not all(isinstance(v, str) for v in versions.values()) or not isinstance(created, str):
        raise InvalidJob("job_versions", path=str(path))
    sampling = data.get("sampling")
    return Job(
        kind=data["kind"],
        params=from_dict(KINDS[data["kind"]].params, data.get("params", {})),
        engine=from_dict(EngineParams, data.get("engine", {})),
        sampling=None if sampling is None else from_dict(SamplingParams, sampling),
        versions=versions,
        created=created,
    )


def load_mesh(folder: Path) -> Mesh:
    """The mesh of the job in `folder`. InvalidMesh when it is missing, damaged or of the wrong shape."""
    path = folder / "mesh.npz"
    try:
        with np.load(path, allow_pickle=False) as data:
            unknown = sorted(set(data.files) - {*MESH_ARRAYS, "occluder_vertices", "occluder_faces"})
            absent = [name for name in MESH_ARRAYS if name not in data.files]
            if unknown or absent:
                raise InvalidMesh("mesh_arrays", path=str(path), absent=str(absent), unknown=str(unknown))
            return Mesh(**{name: data[name] for name in data.files})
    except FileNotFoundError as error:
        raise InvalidMesh("mesh_missing", folder=str(folder)) from error
    except (OSError, ValueError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise InvalidMesh("mesh_unreadable", path=str(path), reason=str(error)) from error
