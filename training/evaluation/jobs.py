"""Whole jobs through the engine, as the add-on runs them, and views of their results."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor

from engine.canonical import SpaceCache
from engine.io.images import load_png
from engine.models.load import ModelCache
from engine.protocol.job import Job, Mesh, load_mesh, save_job
from engine.protocol.kinds import PanoramaParams, TextureParams
from engine.protocol.params import EngineParams
from engine.spaces.equirect import EquirectSpace
from engine.spaces.mesh import MeshSpace
from engine.spaces.raster import RasterCanvas
from engine.spaces.views import ViewSet, orbit
from engine.tasks import run_job

from ..world.captions import Facts, caption, random_facts, subjects
from ..world.dataset import to_uint8

VIEW = 256
SIDES = orbit([(0, 0), (90, 0), (180, 0), (270, 0)])
MODEL = "builtin"


def job_prompts(kind: str, count: int, seed: int) -> list[tuple[Facts, str]]:
    """Facts and prompts of `count` jobs ("panorama" or "texture"): all scenes, or nouns, in turn, in shuffled order."""
    part = "scene" if kind == "panorama" else "object"
    order = subjects(part)
    Random(f"{kind} order {seed}").shuffle(order)
    out = []
    for k in range(count):
        random = Random(f"{kind} {seed} {k}")
        facts = random_facts(random, part, order[k % len(order)])
        facts = replace(facts, look="horizon") if part == "scene" else replace(facts, view="front")
        out.append((facts, caption(facts, random).removesuffix(", front view")))  # the engine appends the view to the prompt
    return out


class Caches:
    """Loaded models and geometry, reused by the next job."""

    def __init__(self) -> None:
        self.models, self.spaces = ModelCache(), SpaceCache()


def do_job(
    folder: Path,
    kind: str,
    prompt: str,
    seed: int,
    caches: Caches,
    mesh: Mesh | None,
    *,
    model: str = MODEL,
    preset: str = "auto",
    precision: str = "auto",
) -> dict:
    """Run one job, unless its result is there; returns its report."""
    if not (folder / "report.json").exists():
        params = (PanoramaParams if kind == "panorama" else TextureParams)(prompt=prompt, seed=seed, model=model, preset=preset)
        save_job(folder, Job(kind=kind, params=params, engine=EngineParams(precision=precision)), mesh)
        for _ in run_job(folder, caches.models, caches.spaces):
            pass
    return json.loads((folder / "report.json").read_text())


def views_of_panorama(z: Tensor, views: ViewSet) -> np.ndarray:
    """Perspective views of a panorama [3, H, 2 H]: [n, 256, 256, 3] uint8."""
    space = EquirectSpace(z.shape[-1], VIEW)
    return to_uint8(space.project(RasterCanvas(z, torch.ones(z.shape[1:])), views))


def job_views(folder: Path, views: ViewSet) -> np.ndarray:
    """Views [n, 256, 256, 3] uint8 of the result in a job folder: of the panorama, or of the mesh with its texture."""
    z = load_png(folder / "result.png")
    if not (folder / "mesh.npz").exists():
        return views_of_panorama(z, views)
    mesh = load_mesh(folder)
    space = MeshSpace(mesh.vertices, mesh.faces, mesh.uv, z.shape[-1], VIEW)
    return to_uint8(space.project(RasterCanvas(z, torch.ones(z.shape[1:])), views))


def add_line(file: Path, entry: dict) -> None:
    """Append one JSON line."""
    with file.open("a") as lines:
        lines.write(json.dumps(entry) + "\n")


def lines_of(file: Path) -> list[dict]:
    """The JSON lines written so far; a line that was cut off by an interruption is left out."""
    entries = []
    for line in file.read_text().splitlines() if file.exists() else []:
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries
