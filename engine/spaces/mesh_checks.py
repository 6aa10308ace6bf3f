"""The arrays of a mesh as the spaces use them; and what of its surroundings may hide it."""

from __future__ import annotations

import numpy as np

from ..protocol.mesh_checks import check_mesh


def checked(vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """vertices [V, 3] float64, faces [F, 3] int64, uv [F, 3, 2] float64, all fit to be used.

    InvalidMesh where the artist's mesh is at fault (protocol/mesh_checks.py).
    ValueError for shapes that only a programmer gets wrong. Vertices that belong to no face are not looked at.
    """
    vertices, uv = np.asarray(vertices, dtype=np.float64), np.asarray(uv, dtype=np.float64)
    faces = np.asarray(faces, dtype=np.int64)
    if vertices.ndim != 2 or vertices.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3:
        raise ValueError(f"vertices {vertices.shape} and faces {faces.shape} must be [V, 3] and [F, 3]")
    if uv.shape != (len(faces), 3, 2):
        raise ValueError(f"uv {uv.shape} must be [F, 3, 2] with one pair per corner of {len(faces)} faces")
    check_mesh(vertices, faces, uv)
    return vertices, faces, uv


def bounding_sphere(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre [3] of the bounding box of what the faces use, and the radius around it, above 0 for what `checked` lets pass."""
    used = vertices[np.unique(faces)]
    centre = (used.min(0) + used.max(0)) / 2
    return centre, float(np.linalg.norm(used - centre, axis=1).max())


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
