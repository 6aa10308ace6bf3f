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

from ..protocol.messages import Notice
from .views import View, axes, half_tangent, pixels


class GBuffer(NamedTuple):
    """One view of a mesh, sampled at points of the picture: [h, w] pixel centres, or [n, 4] of `refine`.

    face:        [...] int64, the triangle's index, -1 where there is none.
    barycentric: [..., 3] float32, the weights of that triangle's three corners in the order the face lists them;
                 the point seen is their weighted sum. 0 where there is no triangle.
    depth:       [...] float32, distance along the camera's axis; infinity where there is no triangle.
    """

    face: Tensor
    barycentric: Tensor
    depth: Tensor

    def to(self, device: torch.device) -> GBuffer:
        return GBuffer(*(part.to(device) for part in self))


class Rasterizer(Protocol):
    def render(self, view: View, height: int, width: int) -> GBuffer:
        """[h, w] what lies at the centres of the pixels."""

    def refine(self, view: View, height: int, width: int, pixels: Tensor) -> GBuffer:
        """[n, 4] what lies at the centres of the quarters of these pixels, given by [n] flat indices."""


class EmbreeRasterizer:
    """Rays against a static scene."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray) -> None:
        """vertices [V, 3]; faces [F, 3]."""
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene

        self._corners = torch.from_numpy(np.ascontiguousarray(vertices[np.unique(faces)], dtype=np.float32))
        self._scene = EmbreeScene(robust=True)
        TriangleMesh(self._scene, np.ascontiguousarray(vertices, dtype=np.float32), np.ascontiguousarray(faces, dtype=np.int32))

    def render(self, view: View, height: int, width: int) -> GBuffer:
        """Only the rectangle around the scene costs rays."""
        top, bottom, left, right = self._rectangle(view, height, width)
        x, y = (np.arange(left, right) + 0.5) / width, (np.arange(top, bottom)[:, None] + 0.5) / height
        inside = self._cast(view, x, y)
        if inside.face.shape == (height, width):
            return inside
        face = torch.full((height, width), -1, device="cpu")
        barycentric = torch.zeros(height, width, 3, device="cpu")
        depth = torch.full((height, width), torch.inf, device="cpu")
        for whole, part in zip((face, barycentric, depth), inside, strict=True):
            whole[top:bottom, left:right] = part
        return GBuffer(face, barycentric, depth)

    def refine(self, view: View, height: int, width: int, pixels: Tensor) -> GBuffer:
        flat = pixels.cpu().numpy()[:, None]
        x = flat % width + np.array([0.25, 0.75, 0.25, 0.75])
        y = flat // width + np.array([0.25, 0.25, 0.75, 0.75])
        return self._cast(view, x / width, y / height)

    def _rectangle(self, view: View, height: int, width: int) -> tuple[int, int, int, int]:
        """First and last row, first and last column (excluded) of the pixels that may see the scene, and one more."""
        xy, depth = pixels(view, self._corners, height, width)
        if not bool((depth > 1e-3).all()):  # something reaches behind the camera: it may be anywhere
            return 0, height, 0, width
        left, top = (int(value) for value in xy.amin(0).clamp(min=1).floor() - 1)
        right, bottom = (int(value) for value in xy.amax(0).clamp(min=0).ceil() + 1)
        return min(top, height - 1), min(bottom, height), min(left, width - 1), min(right, width)

    def _cast(self, view: View, x: np.ndarray, y: np.ndarray) -> GBuffer:
        """Rays through picture positions 0..1 that broadcast against one another."""
        right, up, backward = axes(view).numpy().T.astype(np.float32)
        tangent = half_tangent(view)
        across = ((2 * x - 1) * tangent).astype(np.float32)[..., None]
        upward = ((1 - 2 * y) * tangent).astype(np.float32)[..., None]
        directions = across * right - backward + upward * up  # one unit deep along the axis, so that tfar is the depth
        shape, flat = directions.shape[:-1], directions.reshape(-1, 3)
        origins = np.empty_like(flat)
        origins[:] = view.position
        hit = self._scene.run(origins, flat, query="INTERSECT", output=1)
        face = torch.from_numpy(hit["primID"]).long()
        found = face >= 0
        # Embree's u and v weigh the second and the third corner.
        barycentric = torch.zeros(len(flat), 3, device="cpu")
        barycentric[:, 1] = torch.from_numpy(hit["u"])
        barycentric[:, 2] = torch.from_numpy(hit["v"])
        barycentric[:, 0] = 1 - barycentric[:, 1] - barycentric[:, 2]
        barycentric *= found[:, None]
        depth = torch.from_numpy(hit["tfar"]).masked_fill(~found, torch.inf)
        return GBuffer(face.reshape(shape), barycentric.reshape(*shape, 3), depth.reshape(shape))


class NvdiffrastRasterizer:
    """The same by nvdiffrast on CUDA; only for those who installed it themselves under its licence."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray) -> None:
        import nvdiffrast.torch as nvdiffrast

        self._nvdiffrast = nvdiffrast
        self._context = nvdiffrast.RasterizeCudaContext()
        self._vertices = torch.as_tensor(vertices, dtype=torch.float32, device="cuda")
        self._faces = torch.as_tensor(faces, dtype=torch.int32, device="cuda")

    @staticmethod
    def installed() -> bool:
        return importlib.util.find_spec("nvdiffrast") is not None

    @staticmethod
    def available() -> bool:
        return torch.cuda.is_available() and NvdiffrastRasterizer.installed()

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
        return GBuffer(face, barycentric, seen)

    def refine(self, view: View, height: int, width: int, pixels: Tensor) -> GBuffer:
        """A whole picture of twice the size costs a GPU less than choosing pixels would."""
        fine = self.render(view, 2 * height, 2 * width)
        pixels = pixels.to(fine.face.device)[:, None]
        quarter = torch.arange(4, device=pixels.device)
        row, column = 2 * (pixels // width) + quarter // 2, 2 * (pixels % width) + quarter % 2
        return GBuffer(*(part[row, column] for part in fine))


def make_rasterizer(
    vertices: np.ndarray,  # [V, 3]
    faces: np.ndarray,  # [F, 3]
    device: torch.device,
) -> tuple[Rasterizer, tuple[Notice, ...]]:
    """nvdiffrast on a CUDA device where the user installed it, else Embree; and notices for the report, none when all is well.

    A broken nvdiffrast (no compiler, another CUDA version, no driver) costs time, not the job.
    """
    if device.type != "cuda" or not NvdiffrastRasterizer.installed():
        return EmbreeRasterizer(vertices, faces), ()
    try:
        rasterizer = NvdiffrastRasterizer(vertices, faces)
        rasterizer.render(View.orbiting(azimuth=0, elevation=0), 8, 8)
    except Exception as error:  # a plug-in that is compiled on this computer may fail in any way
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return EmbreeRasterizer(vertices, faces), (Notice("nvdiffrast_broken", reason=reason),)
    return rasterizer, ()
