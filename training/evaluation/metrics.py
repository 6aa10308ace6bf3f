"""Figures: pure functions of pictures, features and answers. No network, no files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy import ndimage
from torch import Tensor

BACKGROUND_STEP = 0.045  # of 0..1: how far a colour must be from the background's to count as the object
BACKGROUND_GAP = 6  # pixels from the object within which the background is not measured: a decoder smears there
EDGE_TOLERANCE = 3  # pixels of 256 that an edge may be off
DEPTH_STEP = 0.06  # of the depth range, between neighbouring pixels: a fold where one part hides another


def accuracy(answers: Sequence[str], right: Sequence[str]) -> float:
    """Share of answers that are right; nan without answers."""
    return float(np.mean([a == b for a, b in zip(answers, right, strict=True)])) if len(right) else float("nan")


def agreement(answers: Sequence[str]) -> float:
    """Share of answers that are the most frequent one: 1 where all answers are the same."""
    return Counter(answers).most_common(1)[0][1] / len(answers)


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """|mean a - mean b|^2 + tr(A + B - 2 (A B)^(1/2)) of two feature sets [n, d], each modelled as a Gaussian.

    The trace of the root is found from the eigenvalues of A^(1/2) B A^(1/2), which stay real where A is singular.
    """
    mean_a, mean_b = a.mean(0), b.mean(0)
    cov_a, cov_b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root).clip(min=0)).sum()
    return max(float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross), 0.0)


def mean_distance(a: np.ndarray, b: np.ndarray | None = None) -> float:
    """Mean Euclidean distance between all pairs of rows within `a` [n, d], or between the rows of `a` and of `b`."""
    other = a if b is None else b
    squares = (a**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * a @ other.T
    distances = np.sqrt(squares.clip(min=0))
    if b is not None:
        return float(distances.mean())
    return float(distances[np.triu_indices(len(a), 1)].mean()) if len(a) > 1 else float("nan")


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Mean and its standard error; the error of a single value is nan."""
    error = float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan
    return float(np.mean(values)), error


def outline(mask: np.ndarray) -> np.ndarray:
    """[h, w] bool: the pixels of `mask` that touch what is not in it; the border of the picture is no edge."""
    return mask & ~ndimage.binary_erosion(mask, border_value=1)


def silhouette(picture: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """[h, w] bool: what differs from the plain background of `picture` [h, w, 3] uint8.

    behind: [h, w] bool, where the background is to be expected. Only its median colour is taken from there.
    """
    smooth = ndimage.uniform_filter(picture.astype(np.float32) / 255, (3, 3, 1))
    colour = np.median(smooth[behind], axis=0)
    differs = np.abs(smooth - colour).max(-1) > BACKGROUND_STEP
    whole = ndimage.binary_fill_holes(ndimage.binary_opening(differs, np.ones((3, 3))))
    parts, count = ndimage.label(whole)
    if count < 2:
        return whole
    sizes = ndimage.sum_labels(whole, parts, range(1, count + 1))
    return np.isin(parts, 1 + np.flatnonzero(sizes >= 0.02 * sizes.max()))  # specks on the background are no object


def edge_scores(made: np.ndarray, wanted: np.ndarray, tolerance: float = EDGE_TOLERANCE) -> tuple[float, float]:
    """(precision, recall) of edge maps [h, w] bool, an edge counting as met within `tolerance` pixels."""

    def met(a: np.ndarray, b: np.ndarray) -> float:
        if not a.any():
            return float(not b.any())
        return float((ndimage.distance_transform_edt(~b)[a] <= tolerance).mean()) if b.any() else 0.0

    return met(made, wanted), met(wanted, made)


def f_score(precision: float, recall: float) -> float:
    """Harmonic mean."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def silhouette_f(picture: np.ndarray, depth: np.ndarray) -> float:
    """Edge F-score of the silhouette in `picture` [h, w, 3] uint8 against that of `depth` [h, w] uint8; nan without either side.

    On a patterned object the pattern's own edges cannot be told from those of the shape, so the outline alone is scored.
    """
    solid = ndimage.binary_fill_holes(depth > 0)
    behind = ~ndimage.binary_dilation(solid, iterations=BACKGROUND_GAP)
    if behind.sum() < 64 or not solid.any():
        return float("nan")
    return f_score(*edge_scores(outline(silhouette(picture, behind)), outline(solid)))


def folds(depth: np.ndarray) -> np.ndarray:
    """[h, w] bool: where, inside the object of `depth` [h, w] uint8, one part hides another."""
    d = depth.astype(np.float32) / 255
    step = ndimage.maximum_filter(d, 3) - ndimage.minimum_filter(d, 3)
    inside = ndimage.binary_erosion(ndimage.binary_fill_holes(depth > 0), iterations=6)
    return (step > DEPTH_STEP) & inside


def fold_contrast(picture: np.ndarray, depth: np.ndarray) -> float:
    """How much steeper `picture` is at the folds of `depth` than elsewhere on the object; 1: it ignores them, nan: no folds."""
    at = folds(depth)
    inside = ndimage.binary_erosion(ndimage.binary_fill_holes(depth > 0), iterations=6)
    elsewhere = inside & ~ndimage.binary_dilation(at, iterations=4)
    if at.sum() < 40 or elsewhere.sum() < 400:
        return float("nan")
    slope = steepness(picture)
    return float(slope[at].mean() / max(slope[elsewhere].mean(), 1e-6))


def steepness(picture: np.ndarray) -> np.ndarray:
    """[h, w] length of the colour gradient of `picture` [h, w, 3] uint8, smoothed a little."""
    smooth = ndimage.gaussian_filter(picture.astype(np.float32) / 255, (1, 1, 0))
    return np.sqrt(sum(np.gradient(smooth, axis=axis) ** 2 for axis in (0, 1)).sum(-1))


def detail(pictures: np.ndarray) -> float:
    """Mean length of the colour gradient of pictures [n, h, w, 3] uint8, smoothed a little: averaging lowers it."""
    return float(np.mean([steepness(picture).mean() for picture in pictures]))


def view_disagreement(layers: Tensor, seen: Tensor) -> float:
    """Disagreement of views where they overlap: root mean square deviation from their mean, 0..1.

    layers: [V, 3, H, W], each view alone on the canvas. seen: [V, H, W] bool, its coverage. nan where no two views meet.
    """
    count = seen.sum(0)
    shared = count > 1
    if not bool(shared.any()):
        return float("nan")
    weight = seen[:, None].to(layers) / count.clamp(min=1)[None, None]
    mean = (layers * weight).sum(0)
    variance = ((layers - mean).square() * weight).sum(0).mean(0)
    return float(variance[shared].mean().sqrt())
