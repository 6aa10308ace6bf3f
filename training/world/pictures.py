"""Renders pictures from facts and seeds. A picture depends on its own facts, seed and size alone, not on its batch."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from . import materials, shapes
from .captions import Facts
from .materials import Surface, Tint, modifiers
from .materials.common import lightness
from .noise import Field, rotate, smooth
from .scenes import World, directions
from .vocabulary import COLOURS

UNIT = 192  # pixels of a flat picture in one unit of a material's space
GREY = 0.5  # of MeshSpace's background
NEAR_GREY = 0.14  # of lightness: the least difference at which a solid stands out from its background
MODIFIER_SEED = 1 << 48  # added to the seed: the noise of a modifier must be independent of its material's


class Pictures(NamedTuple):
    """A batch of rendered pictures."""

    images: Tensor  # [B, 3, S, S] sRGB 0..1
    inverse_depth: Tensor  # [B, 1, S, S] DEPTH_FLOOR..1 on a solid, near = 1; 0 in the background and in other kinds


def draw(facts: Sequence[Facts], seeds: Sequence[int], size: int = 256, device: torch.device | str = "cpu") -> Pictures:
    """One picture for each of `facts` (all of one kind and one noun or scene) and its seed, 0 to 2**48."""
    if len({(fact.kind, fact.subject) for fact in facts}) != 1:
        raise ValueError("pictures of one batch must share their kind and their noun or scene")
    device = torch.device(device)
    f = Field(seeds, device)
    randoms = [Random(seed) for seed in seeds]
    kind = {"flat": _flats, "object": _objects, "scene": _scenes}[facts[0].kind]
    with torch.no_grad():
        images, depth = kind(facts, f, randoms, size)
    return Pictures(images.clamp(0, 1), depth)


def _flats(facts: Sequence[Facts], f: Field, randoms: list[Random], size: int) -> tuple[Tensor, Tensor]:
    """Front-parallel views of a material. A larger picture shows a larger area at the same scale."""
    axis = (torch.arange(size, device=f.device) + 0.5 - size / 2) / UNIT
    uv = torch.stack(torch.meshgrid(axis, -axis, indexing="xy"), -1).reshape(1, -1, 2)
    turn = torch.tensor([[r.uniform(-4, 4)] for r in randoms], device=f.device)
    shift = torch.tensor([[[r.uniform(-3, 3), r.uniform(-3, 3)]] for r in randoms], device=f.device)
    uv = rotate(uv, turn) + shift
    p = torch.stack([uv[..., 0], torch.zeros_like(uv[..., 0]), uv[..., 1]], -1)
    colour = _coloured(facts, f, randoms, Surface(p, uv, True), [uv.shape[1]] * len(facts))
    images = colour.reshape(len(facts), size, size, 3).permute(0, 3, 1, 2)
    return images, torch.zeros(len(facts), 1, size, size, device=f.device)


def _objects(facts: Sequence[Facts], f: Field, randoms: list[Random], size: int) -> tuple[Tensor, Tensor]:
    """Solids with faint shading before plain grey; the material is in object space, at about the scale of the flat pictures."""
    seen = [shapes.render_random(r, fact.view, size, f.device) for fact, r in zip(facts, randoms, strict=True)]
    longest = max(len(one.points) for one, _ in seen)
    # a solid that covers few pixels has thin parts, on which a coarse pattern could not be recognised
    covers = [len(one.points) / size**2 for one, _ in seen]
    fine = [r.uniform(0.8, 1.15) * min(max(0.25 / max(c, 1e-3), 1.0), 2.25) ** 0.5 for c, r in zip(covers, randoms, strict=True)]
    p, uv = (
        torch.stack([F.pad(part * k, (0, 0, 0, longest - len(part))) for part, k in zip(parts, fine, strict=True)])
        for parts in ([one.points for one, _ in seen], [one.uv for one, _ in seen])
    )
    colours = _coloured(facts, f, randoms, Surface(p, uv, False), [len(one.points) for one, _ in seen])
    images = [_composite(one, colour, rotation, r) for (one, rotation), colour, r in zip(seen, colours, randoms, strict=True)]
    return torch.stack(images), torch.stack([one.inverse_depth for one, _ in seen])[:, None]


def _composite(seen: shapes.Rendered, colour: Tensor, rotation: Tensor, r: Random) -> Tensor:
    """The solid over its background [3, S, S]; outline, occlusion edges and grazing parts are smoothed, as by antialiasing."""
    light = F.normalize(torch.tensor([r.uniform(-0.6, 0.6), -0.6, 0.8], device=colour.device), dim=0)
    lit = 0.9 + 0.2 * smooth(-0.7, 1.0, seen.normals @ (light @ rotation))
    grey = _background(float(lightness(colour[: len(lit)]).mean()), r)
    image = colour.new_full((*seen.mask.shape, 3), grey)
    image[seen.mask] = (colour[: len(lit)] * lit[:, None]).clamp(0, 1)
    image = image.permute(2, 0, 1)
    soften = colour.new_zeros(seen.mask.shape)
    soften[seen.mask] = smooth(0.35, 0.1, seen.facing)
    padded = F.pad(seen.depth[None, None], (1, 1, 1, 1), mode="replicate")
    jump = F.max_pool2d(padded, 3, 1) + F.max_pool2d(-padded, 3, 1)
    soften = torch.maximum(soften, (jump[0, 0] > 0.12 * seen.camera.width).float())
    kernel = colour.new_tensor([1.0, 2.0, 1.0]) / 4
    blurred = F.conv2d(F.pad(image[:, None], (1, 1, 1, 1), mode="replicate"), (kernel[:, None] * kernel)[None, None])[:, 0]
    return image + (blurred - image) * soften


def _background(bright: float, r: Random) -> float:
    """The background grey, 0..1, for a solid of mean lightness `bright`: mostly that of the mesh views, else in contrast."""
    chance, other = r.random(), r.uniform(0.15, 0.85)
    if chance < (0.3 if abs(bright - GREY) < NEAR_GREY else 0.8):
        return GREY
    return other if abs(other - bright) > NEAR_GREY else (0.18 if bright > 0.5 else 0.82)


def _scenes(facts: Sequence[Facts], f: Field, randoms: list[Random], size: int) -> tuple[Tensor, Tensor]:
    """Perspective views of the worlds of one scene."""
    elevations = []
    for fact, r in zip(facts, randoms, strict=True):
        if fact.look == "horizon":
            elevations.append(r.uniform(-8, 8) if r.random() < 0.7 else r.uniform(-25, 25))
        else:
            elevations.append(r.uniform(38, 90) * (1 if fact.look == "up" else -1))
    azimuth = torch.tensor([r.uniform(-180, 180) for r in randoms], device=f.device)
    fov = torch.tensor([r.uniform(60, 100) for r in randoms], device=f.device)
    times, weathers = [fact.time for fact in facts], [fact.weather or "clear" for fact in facts]
    world = World(facts[0].scene, times, weathers, f)
    colour = world(directions(azimuth, torch.tensor(elevations, device=f.device), fov, size))
    images = colour.reshape(len(facts), size, size, 3).permute(0, 3, 1, 2)
    return images, torch.zeros(len(facts), 1, size, size, device=f.device)


def _coloured(facts: Sequence[Facts], f: Field, randoms: list[Random], s: Surface, counts: list[int]) -> Tensor:
    """Colours [B, N, 3] of the facts' material on a surface, with their colour word and modifier.

    counts: the number of valid points of each picture; those after them are padding.
    """
    colours, given = [], []
    for fact, r in zip(facts, randoms, strict=True):
        bright = r.uniform(0.88, 1.10)
        around = [r.uniform(-0.035, 0.035) for _ in range(3)]
        rgb = COLOURS[fact.colour] if fact.colour else (0.5, 0.5, 0.5)
        colours.append([[min(max(c * bright + d, 0.03), 0.97) for c, d in zip(rgb, around, strict=True)]])
        given.append([float(bool(fact.colour))])
    tint = Tint(torch.tensor(colours, device=f.device), torch.tensor(given, device=f.device))
    colour = materials.TABLE[facts[0].noun](s, f, tint).clamp(0, 1)
    contrast = torch.tensor([[[r.uniform(0.95, 1.08)]] for r in randoms], device=f.device)
    colour = (colour - 0.5) * contrast + 0.5
    # modifiers differ within a batch: each is applied to its own picture, with its own noise and without the padding, since some
    # use the mean colour
    for k, (fact, count) in enumerate(zip(facts, counts, strict=True)):
        if fact.modifier:
            one = (slice(k, k + 1), slice(count))
            own = Field([f.seeds[k] + MODIFIER_SEED], f.device)
            colour[one] = modifiers.TABLE[fact.modifier](colour[one], Surface(s.p[one], s.uv[one], s.flat), own)
    return colour
