"""What a mesh must be before it can be textured: the same in the add-on, in a job folder and in the engine."""

from __future__ import annotations

import numpy as np

from .errors import InvalidMesh

FARTHEST_UV = 10_000.0  # farther out, a chart is surely a mistake, and float32 could not tell its texels apart


def check_mesh(
    vertices: np.ndarray,  # [V, 3] float
    faces: np.ndarray,  # [F, 3] integer
    uv: np.ndarray,  # [F, 3, 2] float, per corner
) -> None:
    """InvalidMesh, with the fix that fits, where nothing can be painted on it. Vertices that no face uses do not matter."""
    if len(faces) == 0:
        raise InvalidMesh("mesh_no_faces")
    if len(uv) != len(faces):
        raise InvalidMesh("uv_count", faces=len(faces), uvs=len(uv))
    check_faces(vertices, faces)
    if np.linalg.norm(np.ptp(vertices[faces.ravel()].astype(np.float64), axis=0)) == 0:
        raise InvalidMesh("mesh_no_extent")
    if not np.isfinite(uv).all():
        raise InvalidMesh("uv_not_finite")
    if np.abs(uv).max() > FARTHEST_UV:
        raise InvalidMesh("uv_too_far", limit=int(FARTHEST_UV))


def check_faces(
    vertices: np.ndarray,  # [V, 3] float
    faces: np.ndarray,  # [F, 3] integer, F > 0
) -> None:
    """InvalidMesh unless every face has three vertices with a valid position."""
    if not 0 <= faces.min() <= faces.max() < len(vertices):
        raise InvalidMesh("mesh_vertex_missing")
    if not np.isfinite(vertices[faces.ravel()]).all():
        raise InvalidMesh("mesh_not_finite")
