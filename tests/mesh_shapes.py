"""Meshes with UV maps that the tests of the mesh's rooms share."""

from __future__ import annotations

import numpy as np
import trimesh

PLANE = (np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1.0]]), np.array([[0, 1, 2], [0, 2, 3]]))
PLANE_UV = np.array([[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]], dtype=float)


def sphere(count: int = 32) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A globe with the usual longitude/latitude chart; its last column of faces reaches u = 1."""
    longitude, latitude = np.meshgrid(np.linspace(0, 2 * np.pi, 2 * count + 1), np.linspace(-np.pi / 2, np.pi / 2, count + 1))
    vertices = np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], -1
    ).reshape(-1, 3)
    uv = np.stack([longitude / (2 * np.pi), latitude / np.pi + 0.5], -1).reshape(-1, 2)
    row = 2 * count + 1
    a = (np.arange(count)[:, None] * row + np.arange(2 * count)).ravel()
    faces = np.concatenate([np.stack([a, a + 1, a + row + 1], -1), np.stack([a, a + row + 1, a + row], -1)])
    return vertices, faces, uv[faces]


def boxed(mesh: trimesh.Trimesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Any mesh with each face in a cell of its own: not pretty, but a chart without overlaps."""
    cells = int(np.ceil(np.sqrt(len(mesh.faces))))
    index = np.arange(len(mesh.faces))
    corner = np.stack([index % cells, index // cells], -1)[:, None] / cells
    uv = corner + np.array([[0.05, 0.05], [0.95, 0.05], [0.05, 0.95]]) / cells
    return np.asarray(mesh.vertices), np.asarray(mesh.faces), uv


def knot() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A trefoil tube: much of it hidden from anywhere, at every slope."""
    along, around = 240, 24
    t = np.linspace(0, 2 * np.pi, along + 1)
    line = np.stack([(2 + np.cos(3 * t)) * np.cos(2 * t), (2 + np.cos(3 * t)) * np.sin(2 * t), np.sin(3 * t)], -1)
    tangent = np.gradient(np.concatenate([line[-2:-1], line, line[1:2]]), axis=0)[1:-1]
    side = np.cross(tangent, [0, 0, 1.0])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(side, tangent / np.linalg.norm(tangent, axis=1, keepdims=True))
    a = np.linspace(0, 2 * np.pi, around + 1)[None, :, None]
    vertices = line[:, None] + 0.28 * (np.cos(a) * side[:, None] + np.sin(a) * other[:, None])
    uv = np.stack(np.meshgrid(t / t[-1], a.ravel() / a.max(), indexing="ij"), -1).reshape(-1, 2)
    i = (np.arange(along)[:, None] * (around + 1) + np.arange(around)).ravel()
    faces = np.concatenate([np.stack([i, i + around + 1, i + around + 2], -1), np.stack([i, i + around + 2, i + 1], -1)])
    return vertices.reshape(-1, 3), faces, uv[faces]
