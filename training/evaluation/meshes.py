"""Three meshes to try textures on, made here, and whatever files are given: `mesh.npz` of a job folder, OBJ, GLB or PLY."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

from engine.io.mesh_files import read_mesh, unwrap
from engine.protocol.job import MESH_ARRAYS, Mesh


def torus_knot(around: int = 180, across: int = 18) -> Mesh:
    """A tube along the (2, 3) torus knot."""
    t = np.linspace(0, 2 * np.pi, around, endpoint=False)
    r = 1 + 0.42 * np.cos(3 * t)
    path = np.stack([r * np.cos(2 * t), 0.55 * np.sin(3 * t), r * np.sin(2 * t)], -1)
    tangent = unit(np.roll(path, -1, 0) - np.roll(path, 1, 0))
    side = unit(np.cross(tangent, path * (1, 0, 1) + 1e-6))
    other = np.cross(tangent, side)
    angle = np.linspace(0, 2 * np.pi, across, endpoint=False)
    ring = np.cos(angle)[None, :, None] * side[:, None] + np.sin(angle)[None, :, None] * other[:, None]
    return skinned((path[:, None] + 0.27 * ring), close_rows=True)


def vase(around: int = 64, up: int = 56) -> Mesh:
    """A turned vase with a foot, a belly and a lip; its ends run to the axis."""
    h = np.linspace(0, 1, up)
    heights, radii = (0, 0.03, 0.1, 0.4, 0.7, 0.85, 0.97, 1), (0, 0.36, 0.4, 0.68, 0.46, 0.26, 0.4, 0)
    profile = PchipInterpolator(heights, radii)(h)
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    rows = np.stack(
        [profile[:, None] * np.cos(angle), profile[:, None] * np.sin(angle), (2 * h - 1)[:, None].repeat(around, 1)], -1
    )
    return skinned(rows, close_rows=False)


def rounded_box(radius: float = 0.22) -> Mesh:
    """A box of 2 x 1.6 x 1.4 with rounded edges."""
    import trimesh

    size = np.array([1.0, 0.8, 0.7])
    box = trimesh.creation.box(extents=(2, 2, 2))
    for _ in range(4):
        box = box.subdivide()
    inner = np.clip(box.vertices * size, -(size - radius), size - radius)
    vertices = inner + radius * unit(box.vertices * size - inner + 1e-9 * box.vertices)
    return unwrap(vertices.astype(np.float32), box.faces.astype(np.int32))


def skinned(rows: np.ndarray, *, close_rows: bool) -> Mesh:
    """A mesh over a grid of points [n, m, 3], joined across and, with `close_rows`, along; outward faces counter-clockwise."""
    n, m = rows.shape[:2]
    i, j = np.meshgrid(np.arange(n if close_rows else n - 1), np.arange(m), indexing="ij")
    a, b = i * m + j, i * m + (j + 1) % m
    c, d = ((i + 1) % n) * m + j, ((i + 1) % n) * m + (j + 1) % m
    faces = np.concatenate([np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])
    return unwrap(rows.reshape(-1, 3).astype(np.float32), faces.astype(np.int32))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Normalise vectors [..., 3]."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


SHAPES: dict[str, Callable[[], Mesh]] = {"knot": torus_knot, "vase": vase, "box": rounded_box}


def meshes(files: Sequence[Path]) -> dict[str, Mesh]:
    """Those of the files, by file name, and the three made here."""
    return {file.stem: loaded(file) for file in files} | {name: make() for name, make in SHAPES.items()}


def loaded(file: Path) -> Mesh:
    """A mesh with UVs; unwrapped if it had none."""
    if file.suffix != ".npz":
        return read_mesh(file)[0]
    with np.load(file, allow_pickle=False) as arrays:
        return Mesh(**{name: arrays[name] for name in MESH_ARRAYS})
