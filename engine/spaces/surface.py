"""The surface of a mesh as its texture sees it: a point and a normal for every texel that a triangle covers."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..protocol.errors import InvalidMesh
from .charts import rasterize_charts
from .image_ops import nearest_index

HARD_EDGE = 0.8  # a face that leans further than this cosine from its vertex's mean normal keeps its own


class Surface:
    """Texels are numbered 0..n-1 in reading order; `texel` gives their place in the texture.

    texel    [n] int64 flat index into the texture       triangle [n] int32 the face each one lies on
    position [3, n] and normal [3, n], unit length, in normalised object space
    face_*   one row for each of the F faces: first corner, unit normal, texture coordinates [F, 3, 2]
             and their gradient [F, 2, 3], in texels per unit of length on the face
    corner and corner_normal [F, 3, 3] positions and unit normals of each face's corners, between which those of texels lie
    """

    def __init__(
        self,
        vertices: np.ndarray,  # [V, 3] float64, inside the unit sphere
        faces: np.ndarray,  # [F, 3] int64
        uv: np.ndarray,  # [F, 3, 2] float64, u right, v up
        size: int,  # texels along either side of the texture
        device: torch.device,
    ) -> None:
        """InvalidMesh when no triangle covers a texel."""
        owner, weights = rasterize_charts(uv, size)
        chart = owner >= 0
        if not chart.any():
            raise InvalidMesh("uv_empty")
        flat, smooth = normals(vertices, faces)
        corners = vertices[faces]
        self.size, self.device, self.face_count = size, device, len(faces)
        self.vertices, self.faces = _float(vertices, device), torch.from_numpy(np.ascontiguousarray(faces)).to(device)
        self.corner, self.face_normal = _float(corners, device), _float(flat, device)
        self.face_corner = self.corner[:, 0]
        self.face_uv = _float(_texture_positions(uv), device)
        self.face_gradient = _float(_gradients(corners, uv) * size, device)
        self._chart = chart
        self.on_chart = torch.from_numpy(chart.ravel()).to(device)
        self.texel = torch.from_numpy(np.flatnonzero(chart)).to(device)
        self.triangle = torch.from_numpy(owner[chart]).to(device)
        weight = torch.from_numpy(weights[chart]).to(device)
        self.position = _interpolated(self.corner, self.triangle, weight)
        self.corner_normal = _float(smooth, device)
        self.normal = _interpolated(self.corner_normal, self.triangle, weight)
        self.normal /= self.normal.square().sum(0).sqrt().clamp(min=1e-12)  # `normalize` takes ten times as long across rows
        shown = corners[np.unique(owner[chart])]
        painted = np.linalg.norm(np.cross(shown[:, 1] - shown[:, 0], shown[:, 2] - shown[:, 0]), axis=1).sum() / 2
        self.texels_per_length = float(np.sqrt(chart.sum() / painted)) if painted > 0 else 0.0

    @cached_property
    def pad(self) -> Tensor:
        """[size * size] int64: for every texel the nearest one that a triangle covers, itself where one does."""
        return torch.from_numpy(nearest_index(self._chart)).to(self.device)


def normals(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals of the faces [F, 3], and of their corners [F, 3, 3] smoothed over the vertex unless the edge is hard.

    Without smoothing, the border between two views would run in teeth along the facets. A triangle without area has
    normal 0: no view can see it.
    """
    corners = vertices[faces]
    crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])  # twice the area long
    at_vertex = np.stack(
        [np.bincount(faces.ravel(), np.repeat(crossed[:, i], 3), minlength=len(vertices)) for i in range(3)], axis=-1
    )
    flat, smooth = _unit(crossed), _unit(at_vertex)[faces]
    soft = (smooth * flat[:, None]).sum(-1, keepdims=True) > HARD_EDGE
    return flat, np.where(soft, smooth, flat[:, None])


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


def _texture_positions(uv: np.ndarray) -> np.ndarray:
    """[F, 3, 2] u and 1 - v, each triangle moved by whole textures to where float32 is exact."""
    down = np.stack([uv[..., 0], 1 - uv[..., 1]], axis=-1)
    return down - np.floor(down.min(axis=1, keepdims=True))


def _gradients(corners: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """[F, 2, 3]: how u (right) and v (down) grow along the face's plane, per unit of length; 0 for faces without area.

    They are linear on the face, so each is the sum of its two differences times the dual vectors of the two edges.
    """
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.cross(first, second)
    square = (normal**2).sum(-1, keepdims=True)
    square = np.where(square > 0, square, np.inf)
    dual = np.stack([np.cross(second, normal), np.cross(normal, first)], axis=1) / square[:, None]  # [F, 2, 3]
    rise = (uv[:, 1:] - uv[:, :1]) * [1, -1]  # [F, edge, (u, v)]
    return np.einsum("fei,fec->fic", rise, dual)


def _float(array: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.nan_to_num(array).astype(np.float32, order="C")).to(device)


def _interpolated(
    corners: Tensor,  # [F, 3, 3]
    triangle: Tensor,  # [n]
    weight: Tensor,  # [n, 3]
) -> Tensor:
    """[3, n] the weighted mean of each triangle's corners."""
    rows = corners.permute(1, 2, 0).contiguous()  # [corner, coordinate, F]
    total = rows[0].index_select(1, triangle) * weight[:, 0]
    for i in (1, 2):
        total += rows[i].index_select(1, triangle) * weight[:, i]
    return total
