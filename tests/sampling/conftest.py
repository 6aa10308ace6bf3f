"""A canonical space small enough to reason about: a torus of texels, seen through square crops that wrap."""

from __future__ import annotations

from copy import copy

import pytest
import torch
import torch.nn.functional as F
from sampling_loop import PATHS, SIZE, GaussianPath

from engine.models.ideal import IdentityCodec
from engine.spaces.raster import RasterCanvas


class ToySpace:
    """[3, H, W] canvas; a view is (top, left) of a `size` x `size` crop that wraps both ways. f_c only copies texels,
    so that every property of the loop can be checked without interpolation in the way."""

    texels_per_pixel = 1.0
    notices = ()

    def __init__(self, shape: tuple[int, int], size: int, view_sets, fill_sets=()) -> None:
        self.shape, self.size, self.view_resolution = shape, size, size
        self.view_sets = tuple(tuple(s) for s in view_sets)
        self.fill_sets = tuple(tuple(s) for s in fill_sets)
        ramp = torch.minimum(torch.arange(size), torch.arange(size - 1, -1, -1)).float()
        self.depth = torch.minimum(ramp[:, None], ramp[None, :])  # 0 at the border of a view, in texels

    @classmethod
    def ring(cls, size: int, count: int) -> ToySpace:
        """`count` crops side by side around a ring, and the same shifted by half a crop."""
        sets = [[(0, i * size + shift) for i in range(count)] for shift in (0, size // 2)]
        return cls((size, size * count), size, sets)

    def _indices(self, view):
        rows = (torch.arange(self.size) + view[0]) % self.shape[0]
        columns = (torch.arange(self.size) + view[1]) % self.shape[1]
        return rows[:, None], columns[None, :]

    def at(self, view_resolution):
        """Views of another size: the same crops, each pixel the mean of some texels."""
        if view_resolution == self.view_resolution:
            return self
        other = copy(self)
        other.view_resolution = view_resolution
        return other

    def _seen(self, views):
        seen = torch.zeros(self.shape, dtype=torch.bool)
        for view in views:
            seen[self._indices(view)] = True
        return seen

    def unseen_share(self, views, drawn):
        seen = self._seen(drawn)
        return [1 - float(seen[self._indices(view)].float().mean()) for view in views]

    def unknown_mask(self, canvas, views):
        unknown = torch.stack([(canvas.view_quality == 0)[self._indices(view)] for view in views])[:, None].float()
        return F.adaptive_max_pool2d(unknown, self.view_resolution)

    def restore(self, canvas, known):
        return RasterCanvas(torch.where(known.view_quality > 0, known.z, canvas.z), canvas.view_quality)

    def blank(self) -> RasterCanvas:
        return RasterCanvas(torch.zeros(3, *self.shape), torch.zeros(self.shape))

    def project(self, canvas, views, behind=None):
        crops = torch.stack([canvas.z[:, *self._indices(view)] for view in views])
        return F.adaptive_avg_pool2d(crops, self.view_resolution)

    def unproject(self, canvas, views, images, *, average):
        images = F.interpolate(images, size=(self.size, self.size))
        z, best = canvas.z.clone(), canvas.view_quality.clone()
        quality = self.depth + 1
        total, weight, winner = torch.zeros_like(z), torch.zeros_like(best), torch.zeros_like(best)
        chosen = torch.zeros_like(z)
        for view, image in zip(views, images, strict=True):
            rows, columns = self._indices(view)
            total[:, rows, columns] += image
            weight[rows, columns] += 1
            wins = quality > winner[rows, columns]
            chosen[:, rows, columns] = torch.where(wins, image, chosen[:, rows, columns])
            winner[rows, columns] = torch.maximum(winner[rows, columns], quality)
            best[rows, columns] = torch.maximum(best[rows, columns], quality)
        z = torch.where(weight > 0, total / weight.clamp(min=1) if average else chosen, z)
        return RasterCanvas(z, best)

    def condition(self, views):
        return None

    def seam_mask(self, views):
        return -F.adaptive_max_pool2d(-(self.depth / self.depth.max()).expand(len(views), 1, -1, -1), self.view_resolution)

    def fill_and_pad(self, canvas):
        return canvas.z

    def coverage(self, canvas):
        return float((canvas.view_quality > 0).float().mean())


class UnitCodec(IdentityCodec):
    """Latents are pixels less 0.5, in units of `scale`: of unit spread, as a real model's are. Pixels themselves spread
    too little: the last timestep's noise, 0.03, would blur them, and modes would part only at small t."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def encode(self, images, generators):
        return (super().encode(images, generators) - 0.5) / self.scale

    def decode(self, latents):
        return super().decode(latents * self.scale + 0.5)


@pytest.fixture(scope="session")
def unit_codec() -> type[UnitCodec]:
    return UnitCodec


@pytest.fixture(scope="session")
def toy_space() -> type[ToySpace]:
    return ToySpace


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Tiny tensors: threads would only cost."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=PATHS, ids=lambda path: path.name)
def path(request) -> GaussianPath:
    """Every sampler runs on a variance-preserving path and on a flow."""
    return request.param


@pytest.fixture
def ring(toy_space):
    """Two sets of five crops around a ring, one shifted by half a crop."""
    return toy_space.ring(SIZE, 5)


@pytest.fixture
def band(toy_space):
    """Views of the upper half of a canvas, and fill views that see some of it and all the rest."""
    sets = [[(0, i * SIZE + shift) for i in range(3)] for shift in (0, SIZE // 2)]
    fill = [[(SIZE - 2, i * SIZE) for i in range(3)], [(SIZE, i * SIZE + 3) for i in range(3)]]
    return toy_space((2 * SIZE, 3 * SIZE), SIZE, sets, fill)
