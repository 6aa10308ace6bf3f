"""What a mesh must be before it can be painted, in an artist's words; and what of its surroundings may hide it."""
from __future__ import annotations

import numpy as np

from ..protocol.errors import InvalidMesh

FARTHEST_UV = 10_000.0  # farther out, a chart is surely a mistake, and float32 could not tell its texels apart


def checked(vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """vertices [V, 3] float64, faces [F, 3] int64, uv [F, 3, 2] float64, all fit to be used.

    InvalidMesh where the artist's mesh is at fault: fix "select_mesh" for its faces and positions, "unwrap" for its UVs.
    ValueError for shapes that only a programmer gets wrong. Vertices that belong to no face are not looked at.
    """
    vertices, uv = np.asarray(vertices, dtype=np.float64), np.asarray(uv, dtype=np.float64)
    faces = np.asarray(faces, dtype=np.int64)
    if faces.size == 0:
        raise InvalidMesh("The mesh has no faces, so there is nothing to paint.", fix="select_mesh")
    if vertices.ndim != 2 or vertices.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3:
        raise ValueError(f"vertices {vertices.shape} and faces {faces.shape} must be [V, 3] and [F, 3]")
    if uv.shape != (len(faces), 3, 2):
        raise ValueError(f"uv {uv.shape} must be [F, 3, 2] with one pair per corner of {len(faces)} faces")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise InvalidMesh("The mesh is broken: a face names a vertex that does not exist.", fix="select_mesh")
    if not np.isfinite(vertices[faces.ravel()]).all():
        raise InvalidMesh(
            "The mesh is broken: some vertices have no valid position (NaN or infinite).", fix="select_mesh"
        )
    if not np.isfinite(uv).all():
        raise InvalidMesh("The UV map is broken: some coordinates are NaN or infinite. Unwrap the mesh again.", fix="unwrap")
    if np.abs(uv).max() > FARTHEST_UV:
        raise InvalidMesh(
            f"The UV map is broken: some coordinates lie beyond {FARTHEST_UV:.0f}. Unwrap the mesh again.", fix="unwrap"
        )
    return vertices, faces, uv


def bounding_sphere(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre [3] of the bounding box of what the faces use, and the radius around it; InvalidMesh where that is 0."""
    used = vertices[np.unique(faces)]
    centre = (used.min(0) + used.max(0)) / 2
    radius = float(np.linalg.norm(used - centre, axis=1).max())
    if radius == 0:
        raise InvalidMesh("The mesh has no extent: all its vertices are in one place.", fix="select_mesh")
    return centre, radius


def with_occluders(
    vertices: np.ndarray,  # [V, 3] of the object
    faces: np.ndarray,  # [F, 3]
    occluders: tuple[np.ndarray, np.ndarray] | None,  # vertices and faces of what may hide it, in the same space
) -> tuple[np.ndarray, np.ndarray]:
    """The object's triangles first, then the occluders'; broken triangles of other objects hide nothing."""
    if occluders is None or len(occluders[1]) == 0:
        return vertices, faces
    others, other_faces = np.asarray(occluders[0], dtype=np.float64), np.asarray(occluders[1], dtype=np.int64)
    other_faces = other_faces[np.isfinite(others[other_faces]).all((1, 2))]
    return np.concatenate([vertices, others]), np.concatenate([faces, other_faces + len(vertices)])
