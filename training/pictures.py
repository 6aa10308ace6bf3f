"""One training example per seed: picture, inverse depth (objects only) and the facts its captions are made from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from . import materials, scenes, shapes
from .noise import Field, rgb, rotate
from .vocabulary import (
    COLOURS,
    FLAT_FORMS,
    LEADS,
    LEARNED_MATERIALS,
    LEARNED_SCENES,
    LEARNED_TIMES,
    MATERIALS,
    OBJECT_FORMS,
    OBJECT_NOUNS,
    PANORAMA_SUFFIX,
    SCENE_LEADS,
    SCENES,
    TIMES,
)

SIZE = 128
GREY = 0.5


class Example(NamedTuple):
    picture: np.ndarray  # [128, 128, 3] uint8 sRGB
    depth: np.ndarray  # [128, 128] uint8 inverse depth, 255 = near; all 0 without an object
    kind: str  # "flat", "object" or "scene"
    captions: tuple[str, ...]  # several ways to say what is seen


def _paint(f: Field, p: Tensor, uv: Tensor) -> tuple[Tensor, str, str]:
    """A random material on a surface: colours [N, 3], its words with and without its noun form."""
    name = f.random.choice(LEARNED_MATERIALS)
    ways, paintable = MATERIALS[name]
    colour_word = f.random.choice(list(COLOURS)) if paintable and f.chance(0.72) else ""
    tint = rgb(*COLOURS[colour_word]) if colour_word else None
    if tint is not None:
        tint = (
            tint * f.uniform(0.85, 1.12)
            + (torch.rand(3, generator=torch.Generator().manual_seed(f.random.randrange(2**31))) - 0.5) * 0.07
        ).clamp(0.03, 0.97)
    colour = materials.TABLE[name](p, uv, f, tint).clamp(0, 1)
    colour = ((colour - 0.5) * f.uniform(0.95, 1.1) + 0.5 + f.uniform(-0.02, 0.02)).clamp(0, 1)
    if name == "brick" and not colour_word and f.chance(0.7):
        colour_word = "red"  # what people write for bare brick
    return colour, colour_word, name


def _material_words(f: Field, before: str, name: str) -> str:
    return f"{before} {f.random.choice(MATERIALS[name][0])}".strip()


def flat(f: Field) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """A material face on: [128, 128, 3], no depth."""
    axis = (torch.arange(SIZE) + 0.5) / SIZE * 2 - 1
    uv = torch.stack(torch.meshgrid(axis, -axis, indexing="xy"), -1).reshape(-1, 2) * f.uniform(0.42, 0.58)
    uv = rotate(uv, f.uniform(-4, 4)) + rgb(f.uniform(-3, 3), f.uniform(-3, 3))
    p = torch.stack([uv[:, 0], torch.zeros(len(uv)), uv[:, 1]], -1)
    colour, before, name = _paint(f, p, uv)
    captions = tuple(
        f.random.choice(LEADS) + f.random.choice(FLAT_FORMS).format(m=_material_words(f, before, name)) for _ in range(4)
    )
    return colour.reshape(SIZE, SIZE, 3), torch.zeros(SIZE, SIZE), captions


def thing(f: Field) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """A solid covered in a material before plain grey: [128, 128, 3], inverse depth [128, 128]."""
    solid = shapes.Solid(f)
    seen = shapes.look(solid, f, SIZE)
    scale = f.uniform(0.48, 0.62)
    colour, before, name = _paint(f, seen.points * scale, seen.uv * scale)
    grey = GREY if f.chance(0.8) else f.uniform(0.4, 0.6)
    picture = torch.full((SIZE, SIZE, 3), grey)
    picture[seen.mask] = shapes.shade(colour, seen, f)
    captions = []
    for _ in range(4):
        words = _material_words(f, before, name)
        noun = f.random.choice(OBJECT_NOUNS)
        text = f.random.choice(OBJECT_FORMS).format(m=words, o=noun, n=noun.split(" ", 1)[1])
        suffix = f", {seen.view} view" if f.chance(0.7) else ""
        captions.append(f.random.choice(LEADS) + text + suffix)
    return picture, seen.inverse_depth, tuple(captions)


def scene(f: Field) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """A view of a world: [128, 128, 3], no depth."""
    name, time = f.random.choice(LEARNED_SCENES), f.random.choice(LEARNED_TIMES)
    if name in ("stars", "aurora"):
        time = "night"
    label = f.random.choices(["horizon", "up", "down"], [0.62, 0.19, 0.19])[0]
    tilt = f.uniform(-8, 8) if f.chance(0.6) else f.uniform(-25, 25)
    elevation = {"horizon": tilt, "up": f.uniform(38, 88), "down": -f.uniform(38, 88)}[label]
    world = scenes.World(name, time, f)
    d = scenes.directions(f.uniform(-180, 180), elevation, f.uniform(66, 96), SIZE)
    captions = []
    for _ in range(4):
        when = f.random.choice(TIMES[time])
        if name in ("stars", "aurora"):
            when = f.random.choice(("", "", "at night"))
        text = f"{f.random.choice(SCENE_LEADS)}{f.random.choice(SCENES[name])} {when}".strip()
        captions.append(text + PANORAMA_SUFFIX[label])
    return world(d).reshape(SIZE, SIZE, 3), torch.zeros(SIZE, SIZE), tuple(captions)


def example(seed: int) -> Example:
    """The example of one seed; the same seed always gives the same bytes."""
    f = Field(seed)
    kind = f.random.choices(["flat", "object", "scene"], [0.27, 0.38, 0.35])[0]
    picture, depth, captions = {"flat": flat, "object": thing, "scene": scene}[kind](f)
    return Example(
        (picture.clamp(0, 1) * 255 + 0.5).to(torch.uint8).numpy(), (depth * 255 + 0.5).to(torch.uint8).numpy(), kind, captions
    )
