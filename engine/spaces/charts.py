"""UV charts: which triangle, and which point of it, every texel of a texture stands for."""

from __future__ import annotations

import numpy as np

CHUNK = 4_000_000  # texels scan-converted at a time, to bound memory
MOST_TILES = 2  # a triangle whose UVs repeat the texture oftener than this has covered it all by then


def rasterize_charts(
    uv: np.ndarray,  # [F, 3, 2] per corner, u right, v up; outside 0..1 the texture repeats
    size: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The triangle [size, size] int32 (-1: none) and its corner weights [size, size, 3] at every texel centre.

    A centre on an edge shared by two triangles belongs to exactly one of them. Where charts overlap (mirrored halves
    share texels) the later triangle has the texel. Triangles without UV area have none.
    """
    corners = np.stack([uv[..., 0], 1 - uv[..., 1]], axis=-1).astype(np.float64) * size
    corners -= np.floor(corners.min(axis=1, keepdims=True) / size) * size
    face, rows, first, count = _spans(corners, size)
    owner = np.full(size * size, -1, dtype=np.int32)
    weights = np.zeros((size * size, 3), dtype=np.float32)
    planes = _planes(corners)
    ends = np.cumsum(count)
    start = 0
    while start < len(count):
        done = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, done + CHUNK, side="right")), start + 1)
        run = slice(start, stop)
        n = count[run]
        step = np.arange(n.sum()) - np.repeat(ends[run] - n - done, n)
        texel = np.repeat(rows[run] % size * size, n) + (np.repeat(first[run], n) + step) % size
        owner[texel] = np.repeat(face[run], n)
        weights[texel] = _barycentric(planes[face[run]], first[run] + 0.5, rows[run] + 0.5, n, step)
        start = stop
    return owner.reshape(size, size), weights.reshape(size, size, 3)


def _spans(corners: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Horizontal runs of texels: triangle, row, first column, number of columns; in the order of the triangles."""
    low = np.ceil(corners[..., 1].min(1) - 0.5).astype(np.int64)
    high = np.ceil(corners[..., 1].max(1) - 0.5).astype(np.int64)
    n = np.minimum(high - low, MOST_TILES * size)
    face = np.repeat(np.arange(len(corners)), n)
    rows = np.repeat(low, n) + np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
    y = rows + 0.5
    left = np.full(len(rows), np.inf)
    right = np.full(len(rows), -np.inf)
    for i in range(3):
        a, b = corners[:, i], corners[:, (i + 1) % 3]
        # Lower end first, so that both triangles of an edge compute the very same crossing.
        swap = (a[:, 1] > b[:, 1]) | ((a[:, 1] == b[:, 1]) & (a[:, 0] > b[:, 0]))
        a, b = np.where(swap[:, None], b, a)[face], np.where(swap[:, None], a, b)[face]
        crosses = (a[:, 1] <= y) & (y < b[:, 1])
        rise = np.where(crosses, b[:, 1] - a[:, 1], 1)
        x = a[:, 0] + (y - a[:, 1]) / rise * (b[:, 0] - a[:, 0])
        left = np.where(crosses, np.minimum(left, x), left)
        right = np.where(crosses, np.maximum(right, x), right)
    some = right > left
    face, rows, left, right = face[some], rows[some], left[some], right[some]
    first = np.ceil(left - 0.5).astype(np.int64)
    count = np.minimum(np.ceil(right - 0.5).astype(np.int64) - first, MOST_TILES * size)
    some = count > 0
    return face[some], rows[some], first[some], count[some]


def _planes(triangles: np.ndarray) -> np.ndarray:
    """[F, 2, 3]: the weights of corners b and c at (x, y) are planes[:, 0] and planes[:, 1] times (x - a.x, y - a.y, .).

    The last column holds corner a, x in the first row and y in the second. 0 for triangles without area.
    """
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    ab, ac = b - a, c - a
    twice_area = ab[:, 0] * ac[:, 1] - ac[:, 0] * ab[:, 1]
    scale = np.where(twice_area == 0, 0, 1 / np.where(twice_area == 0, 1, twice_area))
    weight_b = np.stack([ac[:, 1] * scale, -ac[:, 0] * scale, a[:, 0]], axis=-1)
    weight_c = np.stack([-ab[:, 1] * scale, ab[:, 0] * scale, a[:, 1]], axis=-1)
    return np.stack([weight_b, weight_c], axis=1)


def _barycentric(planes: np.ndarray, x: np.ndarray, y: np.ndarray, count: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Corner weights [N, 3] along runs of points: from (x, y) on to the right, `count` points one unit apart.

    planes [S, 2, 3] of each run's triangle, as `_planes` gives them; x, y, count [S]; step [N] which point of its run
    each one is. The weights lie within 0..1, as rounding may step outside.
    """
    x, y = x - planes[:, 0, 2], y - planes[:, 1, 2]
    weights = np.empty((3, len(step)))
    for i in (0, 1):
        start = planes[:, i, 0] * x + planes[:, i, 1] * y
        np.clip(np.repeat(start, count) + np.repeat(planes[:, i, 0], count) * step, 0, 1, out=weights[i + 1])
    np.clip(1 - weights[1] - weights[2], 0, 1, out=weights[0])
    weights /= weights.sum(0)
    return weights.T
