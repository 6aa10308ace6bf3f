"""What a pixel sees of a triangle mesh: triangle, barycentrics, depth.

Embree does it by default, on the CPU, once per view and job. nvdiffrast does it on CUDA where the user installed it;
its licence allows research and evaluation only, so it is never installed nor chosen for them.
"""
from __future__ import annotations

import importlib.util
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from .views import View, axes, half_tangent, rays


class GBuffer(NamedTuple):
    """One view of a mesh, sampled at pixel centres.

    face:        [h, w] int64, the triangle's index, -1 where there is none.
    barycentric: [h, w, 3] float32, the weights of that triangle's three corners in the order the face lists them;
                 the point seen is their weighted sum. 0 where there is no triangle.
    depth:       [h, w] float32, distance along the camera's axis; infinity where there is no triangle.
    """

    face: Tensor
    barycentric: Tensor
    depth: Tensor


class Rasterizer(Protocol):
    def render(self, view: View, height: int, width: int) -> GBuffer: ...


class EmbreeRasterizer:
    """Rays through pixel centres against a static scene."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray) -> None:
        """vertices [V, 3]; faces [F, 3]."""
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene

        self._scene = EmbreeScene(robust=True)
        TriangleMesh(
            self._scene, np.ascontiguousarray(vertices, dtype=np.float32), np.ascontiguousarray(faces, dtype=np.int32)
        )

    def render(self, view: View, height: int, width: int) -> GBuffer:
        origin, directions = rays(view, height, width)
        flat = directions.reshape(-1, 3)
        hit = self._scene.run(
            np.ascontiguousarray(origin.expand_as(flat).numpy(), dtype=np.float32),
            np.ascontiguousarray(flat.numpy(), dtype=np.float32),
            query="INTERSECT",
            output=1,
        )
        face = torch.from_numpy(hit["primID"].astype(np.int64))
        found = face >= 0
        # Embree's u and v weigh the second and the third corner.
        u, v = torch.from_numpy(hit["u"]), torch.from_numpy(hit["v"])
        barycentric = torch.stack([1 - u - v, u, v], dim=-1) * found[:, None]
        along_axis = flat.float() @ -axes(view)[:, 2].float()
        depth = torch.from_numpy(hit["tfar"]) * along_axis
        depth = torch.where(found, depth, torch.full_like(depth, torch.inf))
        return GBuffer(
            face.reshape(height, width), barycentric.reshape(height, width, 3), depth.reshape(height, width)
        )


class NvdiffrastRasterizer:
    """The same by nvdiffrast on CUDA; only for those who installed it themselves under its licence."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray) -> None:
        import nvdiffrast.torch as nvdiffrast

        self._nvdiffrast = nvdiffrast
        self._context = nvdiffrast.RasterizeCudaContext()
        self._vertices = torch.as_tensor(vertices, dtype=torch.float32, device="cuda")
        self._faces = torch.as_tensor(faces, dtype=torch.int32, device="cuda")

    @staticmethod
    def available() -> bool:
        return torch.cuda.is_available() and importlib.util.find_spec("nvdiffrast") is not None

    def render(self, view: View, height: int, width: int) -> GBuffer:
        """Clip space: w is the depth along the axis, x and y the tangents, so that u and v come out perspective-right."""
        origin = torch.tensor(view.position, dtype=torch.float32, device="cuda")
        camera = (self._vertices - origin) @ axes(view, "cuda").float()
        depth = -camera[:, 2]
        near, far = 0.01, 100.0
        clip_z = (far + near) / (far - near) * depth - 2 * far * near / (far - near)
        tangent = half_tangent(view)
        clip = torch.stack([camera[:, 0] / tangent, camera[:, 1] / tangent, clip_z, depth], dim=-1)
        raster, _ = self._nvdiffrast.rasterize(self._context, clip[None].contiguous(), self._faces, (height, width))
        raster = raster[0].flip(0)  # its row 0 is the bottom one
        face = raster[..., 3].long() - 1
        found = face >= 0
        # Its u and v weigh the first and the second corner.
        u, v = raster[..., 0], raster[..., 1]
        barycentric = torch.stack([u, v, 1 - u - v], dim=-1) * found[..., None]
        corners = depth[self._faces.long()[face.clamp(min=0)]]
        seen = torch.where(found, (barycentric * corners).sum(-1), torch.full_like(u, torch.inf))
        return GBuffer(face.cpu(), barycentric.cpu(), seen.cpu())
