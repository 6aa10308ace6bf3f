"""Where views of a panorama read its canvas, and which of them paints which texel: tables on the canvas's device.

All of it is float32 (some devices have no float64), which places a texel of the widest canvas to a thousandth.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..threads import side_by_side, threads_on
from .views import Rotation, Vector, View, ViewSet, axes, half_tangent, pixel_centres

FEATHER = 0.03  # of a view's width, either side of an ownership border: where two views agree it shows nothing, and
# where they differ by a shade it hides the step; too thin to blur what they both show
SPACING = 1.42  # texels at most between two samples of a pixel, each of which reads two texels across; at 512 pixels all Auto's
# views of a canvas 2048 wide lie under it: one sample gives back what views drew 1.2 dB better than four, which blur it
MAX_SUPERSAMPLING = 3  # samples across a pixel; a canvas that would need more is halved first
EDGE = 1e-5  # of half a picture: a texel exactly on a border is covered from both sides rather than from none
Cameras = tuple[tuple[Rotation, float], ...]  # rotation and fov of each view
TILES = 8  # rows of tiles on the canvas, of twice as many each: enough that few views see something of one


def directions_of(xy: Tensor, height: int, width: int) -> Tensor:
    """Unit world directions [..., 3] of continuous canvas positions (x, y) [..., 2]."""
    longitude = 2 * math.pi * (0.5 - xy[..., 0] / width)
    polar = math.pi * xy[..., 1] / height
    return torch.stack([polar.sin() * longitude.cos(), polar.sin() * longitude.sin(), polar.cos()], dim=-1)


def positions_of(directions: Tensor, height: int, width: int) -> Tensor:
    """Continuous canvas positions (x, y) [..., 2] of world directions [..., 3] of any length."""
    x, y, z = directions.unbind(-1)
    return torch.stack(_canvas_positions(x, y, z, height, width), dim=-1)


def _canvas_positions(x: Tensor, y: Tensor, z: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    across = 0.5 - torch.atan2(y, x) / (2 * math.pi)
    down = torch.atan2(torch.hypot(x, y), z) / math.pi  # acos would lose half its digits near the poles
    return across * width, down * height


class Taps(NamedTuple):
    """How a view is read from the canvas: each pixel is a weighted sum of texels."""

    texels: list[Tensor]  # one part for each row of samples in a pixel: [n n, K] int32, row by row of twice the canvas's width
    weights: list[Tensor]  # likewise [n n, K] float32; over all parts they sum to 1


class Layer(NamedTuple):
    """Texels that one more view takes part in."""

    texels: Tensor  # [m] flat indices, each at most once
    view: Tensor  # [m] uint8
    position: Tensor  # [2, m] where in that view's picture, -1..1 right and down
    alpha: Tensor  # [m] its share of the mean so far


class Ownership(NamedTuple):
    """How a set of views goes back into the canvas; the same for pictures of any size."""

    view: Tensor  # [H, W] uint8: the view that shows the texel most centrally
    position: Tensor  # [2, H, W] float32: where in its picture, -1..1 right and down
    quality: Tensor  # [H, W] its centrality there, 0 where no view sees the texel
    layers: list[Layer]  # the other views' shares


def centrality(position: Tensor) -> Tensor:
    """[...] 1 in the middle of a picture .. a little over 0 at its border, 0 beyond; position [2, ...] -1..1."""
    offset = torch.maximum(position[0].abs(), position[1].abs())
    return torch.where(offset <= 1 + EDGE, (1 - offset).clamp(min=1e-4), torch.zeros_like(offset))


def sampling(texels_per_pixel: float, height: int) -> tuple[int, int]:
    """(how often the canvas is halved first, how many samples lie across a pixel), so that no texel is passed over."""
    level = 0
    while texels_per_pixel > MAX_SUPERSAMPLING * SPACING and (height >> level) % 2 == 0:
        texels_per_pixel, level = texels_per_pixel / 2, level + 1
    return level, max(math.ceil(texels_per_pixel / SPACING), 1)


def turned_to_start(view: View, width: int) -> tuple[View, int]:
    """The view turned about the vertical by whole columns, its picture's right to the first one, and by how many.

    Views of a ring often become one: they read the same texels with the same weights, so many columns aside.
    """
    along = math.atan2(view.rotation[1][0], view.rotation[0][0])
    shift = math.floor(-along / (2 * math.pi) * width % width + 1e-6) % width
    return replace(view, rotation=_turned(view, shift / width), label="horizon"), shift


def _turned(view: View, share: float) -> Rotation:
    """The view's rotation after it was turned about the vertical, to the left on the canvas, by that share of the circle.

    Rounded far below what moves a texel, so that views which differ by such a turn alone become equal.
    """
    cosine, sine = math.cos(2 * math.pi * share), math.sin(2 * math.pi * share)
    x, y, z = view.rotation
    return (
        _rounded(*(cosine * a - sine * b for a, b in zip(x, y, strict=True))),
        _rounded(*(sine * a + cosine * b for a, b in zip(x, y, strict=True))),
        _rounded(*z),
    )


def _rounded(x: float, y: float, z: float) -> Vector:
    return round(x, 12), round(y, 12), round(z, 12)


def _upright(rotation: Rotation) -> tuple[Rotation, int]:
    """(a view's rotation, that of a pole turned in its plane by quarters so that equal frames compare equal; how many).

    Turning the canvas by a quarter turns a pole's picture in its plane. A position (x, y) in the picture of the result,
    turned by so many quarters (x, y) -> (y, -x), is that of the one given.
    """
    if abs(rotation[2][2]) < 1:
        return rotation, 0
    candidates = []
    for quarters in range(4):
        candidates.append((rotation, quarters))
        x, y, z = rotation
        rotation = _by_a_quarter(*x), _by_a_quarter(*y), _by_a_quarter(*z)
    return max(candidates)


def _by_a_quarter(right: float, up: float, backward: float) -> Vector:
    return up, -right, backward


def _turned_by_quarters(position: Tensor, quarters: Tensor, view: Tensor) -> Tensor:
    """[2, ...] each position turned (x, y) -> (y, -x) as often as `quarters` [V] says for its `view` [...]."""
    if not bool(quarters.any()):
        return position
    turns = quarters[view.long()]
    across, down = position
    odd = turns % 2 == 1
    across, down = torch.where(odd, down, across), torch.where(odd, -across, down)
    return torch.where(turns >= 2, -1.0, 1.0) * torch.stack([across, down])


def taps_of(view: View, samples: int, resolution: int, height: int, device: torch.device) -> Taps:
    """The bilinear look-ups of `samples` x `samples` samples in each pixel."""
    step = torch.arange(resolution * samples, dtype=torch.float32, device=device) + 0.5
    tangent = (step * (2 / (resolution * samples)) - 1) * half_tangent(view)
    texels, weights = [], []
    for i in range(samples):
        down = tangent[i::samples, None]
        x, y, z = (tangent * r - (down * u + b) for r, u, b in view.rotation)  # [n, n s]: the samples of a row, in order
        corners = _bilinear_corners(*_canvas_positions(x, y, z, height, 2 * height), height, 2 * height, 1 / samples**2)
        texels.append(corners[0].reshape(resolution**2, -1))
        weights.append(corners[1].reshape(resolution**2, -1))
    return Taps(texels, weights)


def _bilinear_corners(x: Tensor, y: Tensor, height: int, width: int, share: float) -> tuple[Tensor, Tensor]:
    """Flat indices (int32) and weights, [..., 4] each, of the texels about continuous canvas positions [...].

    The indices are those of a canvas that lies twice side by side, `width` columns each time: of the first one and of
    the column after it. The weights add up to `share`. Longitude wraps; past a pole lies the same row half a turn away.
    """
    left, top = (x - 0.5).floor(), (y - 0.5).floor()
    fx, fy = x - 0.5 - left, (y - 0.5 - top) * share
    row, column = top.int(), left.int()
    column = torch.where(column < 0, width - 1, column)
    texels = torch.empty(*x.shape, 4, dtype=torch.int32, device=x.device)
    weights = torch.empty(*x.shape, 4, dtype=x.dtype, device=x.device)
    for down, beyond, part in ((0, row < 0, share - fy), (1, row >= height - 1, fy)):
        start, first = (row + down).clamp_(0, height - 1).mul_(2 * width), column
        if bool(beyond.any()):  # of most views no pixel lies at a pole
            first = torch.where(beyond, (column + width // 2) % width, column)
        torch.add(start, first, out=texels[..., 2 * down])
        torch.add(texels[..., 2 * down], 1, out=texels[..., 2 * down + 1])
        torch.mul(part, fx, out=weights[..., 2 * down + 1])
        torch.sub(part, weights[..., 2 * down + 1], out=weights[..., 2 * down])
    return texels, weights


class Surroundings(NamedTuple):
    """A view and the rest of its set as it sees them; the same for every view of an even ring."""

    fov: float
    others: frozenset[tuple[tuple[Vector, ...], float]]  # of each other view: this camera -> its camera, and its fov


def surroundings(views: Sequence[View], view: View) -> Surroundings:
    """Rounded far below what moves a pixel, so that views which differ by a turn alone are equal."""
    others = []
    for other in views:
        if other != view:
            turn = (axes(other).T @ axes(view)).round(decimals=9) + 0.0  # no negative zeros
            others.append((tuple(map(tuple, turn.tolist())), other.fov))
    return Surroundings(view.fov, frozenset(others))


def owned_pixels(around: Surroundings, resolution: int) -> Tensor:
    """[h, w] bool: the pixels of a view that none of the other views shows more centrally."""
    offset = (torch.arange(resolution, dtype=torch.float64, device="cpu") + 0.5) * (2 / resolution) - 1
    position = torch.stack([offset.expand(resolution, resolution), offset[:, None].expand(resolution, resolution)])
    own = centrality(position)
    owned = torch.ones_like(own, dtype=torch.bool)
    tangent = math.tan(math.radians(around.fov) / 2)
    across, down = offset * tangent, offset[:, None] * tangent
    for turn, fov in around.others:
        camera = torch.stack([across * r - (down * u + b) for r, u, b in turn])
        owned &= own >= centrality(_seen_at(camera, math.tan(math.radians(fov) / 2)))
    return owned


def _seen_at(camera: Tensor, tangent: float | Tensor) -> Tensor:
    """[2, ...] positions in a picture, -1..1 right and down, of camera coordinates [3, ...] (right, up, backward).

    What lies behind the camera gets no numbers, which no picture shows. Overwrites `camera`.
    """
    right, up, backward = camera
    backward.masked_fill_(backward > -1e-6, torch.nan).mul_(tangent)
    torch.div(right, backward, out=right).neg_()
    torch.div(up, backward, out=up)
    return camera[:2]


def sample_atlas(atlas: Tensor, count: int, size: int, view: Tensor, position: Tensor) -> Tensor:
    """[3, h, w] bilinear samples of pictures `view` [h, w] at `position` [2, h, w] in an atlas of `count` pictures.

    size: the width of a picture with its border of one pixel.
    """
    inner = (size - 2) / size
    grid = torch.empty(*view.shape, 2, dtype=position.dtype, device=position.device)
    torch.mul(position[0], inner, out=grid[..., 0])
    torch.add(position[1] * (inner / count), view * (2 / count) + (1 / count - 1), out=grid[..., 1])
    return F.grid_sample(atlas, grid[None], mode="bilinear", align_corners=False)[0]


def assign(views: ViewSet, height: int, width: int, average: bool, device: torch.device) -> Ownership:
    """Which view paints which texel. Tile by tile, asking only views that can see it: linear in texels.

    Each tile is turned to the first columns. Most tiles of an even ring then are one, but for what its views are called and
    by how many quarters a pole's picture is turned in its plane.
    """
    row = math.pi * (torch.arange(height, dtype=torch.float32, device=device) + 0.5) / height
    column = 2 * math.pi * (0.5 - (torch.arange(width, dtype=torch.float32, device=device) + 0.5) / width)
    flat_index = torch.arange(height * width, device=device).reshape(height, width)
    view = torch.zeros(height, width, dtype=torch.uint8, device=device)
    position = torch.zeros(2, height, width, device=device)
    quality = torch.zeros(height, width, device=device)
    places: list[tuple[slice, slice, Tensor, Tensor, int]] = []
    alike: dict[tuple[int, int, int, Cameras], int] = {}
    for rows, columns, members in _tiles(views, height, width):
        cameras = []
        for i in members:
            rotation, turns = _upright(_turned(views[i], columns.start / width))
            cameras.append((rotation, views[i].fov, i, turns))
        cameras.sort()
        key = rows.start, rows.stop, columns.stop - columns.start, tuple(camera[:2] for camera in cameras)
        number, quarters = (torch.tensor([camera[k] for camera in cameras], dtype=torch.uint8, device=device) for k in (2, 3))
        places.append((rows, columns, number, quarters, alike.setdefault(key, len(alike))))

    def assigned(key: tuple[int, int, int, Cameras]) -> Ownership:
        top, bottom, breadth, cameras = key
        return _assigned_tile(cameras, row[top:bottom], column[:breadth], flat_index[top:bottom, :breadth], average)

    done = side_by_side(assigned, list(alike), threads_on(device))

    def lay(place: tuple[slice, slice, Tensor, Tensor, int]) -> list[Layer]:
        rows, columns, number, quarters, which = place
        tile = done[which]
        view[rows, columns] = number[tile.view.long()]
        position[:, rows, columns] = _turned_by_quarters(tile.position, quarters, tile.view)
        quality[rows, columns] = tile.quality
        return [
            Layer(
                layer.texels + columns.start,
                number[layer.view.long()],
                _turned_by_quarters(layer.position, quarters, layer.view),
                layer.alpha,
            )
            for layer in tile.layers
        ]

    others = side_by_side(lay, places, threads_on(device))
    depth = max((len(tile) for tile in others), default=0)
    layers = [[tile[i] for tile in others if i < len(tile)] for i in range(depth)]
    return Ownership(view, position, quality, [_joined(parts) for parts in layers])


def _assigned_tile(
    cameras: Cameras,  # of the views that may see some of it
    polar: Tensor,  # [h]
    longitude: Tensor,  # [w]
    flat_index: Tensor,  # [h, w] of the texels
    average: bool,
) -> Ownership:
    """Of one tile; views are called by their place in `cameras`."""
    rotation = torch.tensor([turn for turn, _ in cameras], dtype=torch.float32, device=polar.device)
    tangent = [math.tan(math.radians(fov) / 2) for _, fov in cameras]
    seen_at = _positions_in_views(rotation, torch.tensor(tangent, dtype=torch.float32, device=polar.device), polar, longitude)
    central = centrality(seen_at)
    best, first = central.max(0)
    chosen = seen_at.gather(1, first.expand(2, 1, *first.shape))[:, 0]
    chosen = torch.where(best > 0, chosen, 0.0)  # no numbers where no camera looks that way
    return Ownership(first.byte(), chosen, best, _other_shares(seen_at, central, best, first, average, flat_index))


def _joined(parts: list[Layer]) -> Layer:
    return Layer(*(torch.cat(same, dim=-1) for same in zip(*parts, strict=True)))


def _tiles(views: ViewSet, height: int, width: int) -> Iterator[tuple[slice, slice, list[int]]]:
    """(rows, columns, which views may see something of it) of every tile that some view may see."""
    rows = [slice(height * i // TILES, height * (i + 1) // TILES) for i in range(TILES)]
    columns = [slice(width * i // (2 * TILES), width * (i + 1) // (2 * TILES)) for i in range(2 * TILES)]
    seen = _tiles_seen(views, math.pi / height)
    for i, j in itertools.product(range(TILES), range(2 * TILES)):
        members = seen[:, i, j].nonzero()[:, 0].tolist()
        if members and rows[i].start < rows[i].stop and columns[j].start < columns[j].stop:
            yield rows[i], columns[j], members


def _tiles_seen(views: ViewSet, texel: float) -> Tensor:
    """[V, TILES, 2 TILES] bool: true wherever a view sees any of a tile, whose border may be a texel off; texel: radians.

    A grid of points stands for each tile; no direction in it is farther from one of them than `margin`.
    """
    points = 4  # of a tile, each way
    grid = pixel_centres(TILES * points, 2 * TILES * points)
    directions = directions_of(grid, TILES * points, 2 * TILES * points)
    margin = math.sqrt(2) * (math.pi / (2 * TILES * points) + texel)
    seen = []
    for view in views:
        half = math.radians(view.fov) / 2
        right, up, backward = (directions @ axes(view)).unbind(-1)
        ahead = -backward * math.sin(half)
        inside = torch.stack([ahead - side * math.cos(half) for side in (right, -right, up, -up)])  # of each side plane
        tiles = inside.reshape(4, TILES, points, 2 * TILES, points).amax((2, 4)) >= -math.sin(min(margin, math.pi / 2))
        seen.append(tiles.all(0))
    return torch.stack(seen)


def _positions_in_views(rotation: Tensor, tangent: Tensor, polar: Tensor, longitude: Tensor) -> Tensor:
    """[2, V, h, w] where texels of h rows and w columns lie in V pictures, as `_seen_at` gives it.

    rotation [V, 3, 3], tangent [V]. A direction is a product of what depends on its row and on its column, so that no
    [h, w, 3] of directions is needed.
    """
    across = rotation[:, 0, :, None] * longitude.cos() + rotation[:, 1, :, None] * longitude.sin()  # [V, 3, w]
    along = rotation[:, 2, :, None] * polar.cos()  # [V, 3, h]
    across, along = across.transpose(0, 1)[:, :, None], along.transpose(0, 1)[..., None]
    return _seen_at(torch.addcmul(along, polar.sin()[:, None], across), tangent[:, None, None])


def _other_shares(
    seen_at: Tensor,  # [2, V, h, w]
    central: Tensor,  # [V, h, w]
    best: Tensor,  # [h, w]
    first: Tensor,  # [h, w] which of the V is the most central
    average: bool,
    flat_index: Tensor,  # [h, w] of the texels
) -> list[Layer]:
    """The shares of all views of a tile but the most central one; the k-th layer holds each texel's k-th other view."""
    if len(central) == 1:
        return []
    taking_part = (central > 0) if average else central > (best - 4 * FEATHER).clamp(min=0)
    shared = (taking_part.sum(0, dtype=torch.uint8) > 1).flatten().nonzero()[:, 0]
    taking_part, central, best, first, seen_at, flat_index = (
        part.flatten(-2).index_select(-1, shared) for part in (taking_part, central, best, first, seen_at, flat_index)
    )
    weight = taking_part * (central if average else 1 - (best - central) / (4 * FEATHER))
    own = weight.gather(0, first[None])
    weight.scatter_(0, first[None], 0)
    taking_part.scatter_(0, first[None], False)
    rank = taking_part.cumsum(0, dtype=torch.int32)
    share = weight / (own + weight.cumsum(0)).clamp(min=1e-12)
    layers = []
    for k in range(1, len(central)):
        v, m = (taking_part & (rank == k)).nonzero(as_tuple=True)
        if len(v) == 0:
            break
        layers.append(Layer(flat_index[m], v.byte(), seen_at[:, v, m], share[v, m]))
    return layers
