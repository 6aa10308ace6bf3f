"""Mesh files in, textured meshes out, for the plain command line (Blender exports its own meshes)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import trimesh
import xatlas
from PIL import Image
from trimesh.exchange.gltf import export_glb

from ..protocol.errors import InvalidMesh
from ..protocol.files import write_atomically
from ..protocol.job import Mesh

SUFFIXES = (".obj", ".glb", ".gltf", ".ply")
TO_Z_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float32)
"""glTF and OBJ files have +Y up and look out along +Z; ours is Blender's: +Z up, front towards -Y."""


def read_mesh(path: Path) -> tuple[Mesh, bool]:
    """The triangles of an OBJ, GLB or PLY file in Blender's axes, and whether they had to be unwrapped (by xatlas).

    PLY files carry no axis convention and are taken as +Z up. InvalidMesh for what cannot be read or has no faces.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InvalidMesh("mesh_file_type", name=path.name, known=", ".join(SUFFIXES))
    if not path.is_file():
        raise InvalidMesh("mesh_file_missing", path=str(path))
    try:
        loaded = trimesh.load(path, force="mesh", process=False)
    except Exception as error:  # trimesh raises whatever its parsers meet; the file, not the program, is at fault
        raise InvalidMesh("mesh_file_unreadable", name=path.name, reason=str(error)) from error
    if not isinstance(loaded, trimesh.Trimesh) or len(loaded.faces) == 0:
        raise InvalidMesh("mesh_file_no_faces", name=path.name)
    vertices = np.asarray(loaded.vertices, np.float32)
    faces = np.asarray(loaded.faces, np.int32)
    if path.suffix.lower() != ".ply":
        vertices = vertices @ TO_Z_UP.T
    uv = getattr(loaded.visual, "uv", None)
    if uv is not None and len(uv) == len(vertices) and np.ptp(uv, axis=0).min() > 0:
        return Mesh(vertices=vertices, faces=faces, uv=np.asarray(uv, np.float32)[faces]), False
    return unwrap(vertices, faces), True


def unwrap(vertices: np.ndarray, faces: np.ndarray) -> Mesh:
    """`vertices` [V, 3] and `faces` [F, 3] with the UVs of a fresh xatlas atlas (same faces, same order)."""
    welded, inverse = np.unique(vertices, axis=0, return_inverse=True)  # split vertices would make every face a chart
    _, indices, uv = xatlas.parametrize(welded, inverse.reshape(-1)[faces].astype(np.uint32))
    return Mesh(vertices=vertices, faces=faces, uv=np.asarray(uv, np.float32)[indices.astype(np.int64)])


def write_glb(path: Path, mesh: Mesh, texture: Path) -> Path:
    """A GLB of `mesh` with the picture `texture` as unlit-looking base colour, back in glTF's axes."""
    corners = mesh.vertices[mesh.faces].reshape(-1, 3) @ TO_Z_UP
    keys = np.concatenate([corners, mesh.uv.reshape(-1, 2)], axis=1)
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    with Image.open(texture) as picture:
        material = trimesh.visual.material.PBRMaterial(
            baseColorTexture=picture.convert("RGB"), metallicFactor=0.0, roughnessFactor=0.9
        )
    out = trimesh.Trimesh(
        unique[:, :3],
        inverse.reshape(-1, 3),
        process=False,
        visual=trimesh.visual.TextureVisuals(uv=unique[:, 3:], material=material),
    )
    write_atomically(path, lambda temporary: temporary.write_bytes(export_glb(out)))
    return path
