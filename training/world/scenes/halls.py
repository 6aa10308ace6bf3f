"""Interiors: cathedral hall, library and kitchen. Each returns colours [B, N, 3]; only windows show the sky."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..noise import mix, ramp, rgb, smooth
from .built import lamp_brightness, rectangle
from .raycast import RayCast, arch, lamp_light, stone
from .view import View, cell_offset, checkered, random_bearing

if TYPE_CHECKING:
    from . import World


def outside(w: World, v: View) -> Tensor:
    """The sky over green hills, as seen through a window, [B, N, 3]."""
    light = w.light
    view = light.gradient((v.up * 1.6 + 0.10).clamp(0, 1)) + light.star_field(v.d, light.stars)
    crest = 0.05 + 0.05 * torch.sin(v.turn * 2 * math.pi * 5 + 6 * w.variation[7]) + 0.03 * torch.sin(v.turn * 2 * math.pi * 11)
    return mix(view, rgb(0.26, 0.46, 0.24).to(v.up.device) * light.tint, smooth(0.008, -0.008, v.tan - crest))


def lit(w: World, c: RayCast, warmth: Tensor, least: float = 0.0) -> Tensor:
    """The ray-cast surfaces under daylight and lamps; `warmth` 0..1 [B, N] is lamplight, which counts more at night."""
    on = lamp_brightness(w).clamp(min=least)
    warm = rgb(1.0, 0.76, 0.44).to(warmth.device) * (0.12 + 0.95 * warmth)[..., None]
    day = w.light.tint * (1 - 0.15 * w.light.night[..., None])
    return c.colour * (day + warm * on[..., None]).clamp(max=1.10)


def hall(w: World, v: View, colour: Tensor) -> Tensor:
    """A nave: two rows of columns under pointed arches, stained glass high in the walls, ribs overhead, a red runner below."""
    light = w.light
    c = RayCast(v.d, random_bearing(w))
    tone = ramp(w.variation[1], rgb(0.86, 0.78, 0.64), rgb(0.74, 0.72, 0.70), rgb(0.80, 0.68, 0.56))
    dark, bay, aisle, wall, floor, top = tone * 0.72, 1.6, 1.25, 2.3, -0.9, 2.7
    reach = 7 * bay
    shine = (0.35 + 0.65 * light.tint) * (1 - 0.55 * light.night[..., None])

    def glass(u: Tensor, z: Tensor, salt: int) -> Tensor:
        pane = torch.stack([(u * 5).floor(), (z * 4).floor()], -1)
        number = w.f.hash(pane, salt)
        hue = ramp(
            number[..., 0],
            rgb(0.86, 0.10, 0.14),
            rgb(0.98, 0.72, 0.12),
            rgb(0.10, 0.28, 0.86),
            rgb(0.16, 0.62, 0.30),
            rgb(0.52, 0.16, 0.74),
        )
        lead = torch.maximum(smooth(0.42, 0.48, cell_offset(u * 5).abs()), smooth(0.42, 0.48, cell_offset(z * 4).abs()))
        return mix(hue * (0.75 + 0.45 * number[..., 1])[..., None], rgb(0.06, 0.05, 0.05), lead) * shine * 1.1

    def outer(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        along = cell_offset(x, bay)
        masonry = stone(w, x, z, 0.55, 0.30, 2, dark, tone) * 0.80
        shape = arch(along, z, 0.42, -0.15, 1.0)
        masonry = mix(masonry, tone * 0.95, smooth(0.09, 0.06, shape))
        return mix(masonry, glass(along, z, 4), smooth(0.015, -0.015, shape))

    def arcade(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        masonry = stone(w, x, z, 0.55, 0.30, 3, dark * 1.05, tone)
        edge = arch(cell_offset(x, bay), z, 0.66, floor, 0.55)
        masonry = mix(masonry, tone * 1.12, smooth(0.16, 0.13, edge))
        masonry = mix(masonry, dark * 0.8, smooth(0.025, 0.0, (edge - 0.15).abs()))
        upper = arch(cell_offset(x, bay), z, 0.36, 1.95, 2.15)
        masonry = mix(masonry, glass(cell_offset(x, bay), z, 5), smooth(0.01, -0.01, upper))
        return mix(masonry, tone * 1.1, smooth(0.05, 0.03, (z - 1.85).abs()))

    def ends(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        masonry = stone(w, y, z, 0.55, 0.30, 6, dark, tone)
        r = (y.square() + (z - 1.55).square()).sqrt()
        spoke = torch.cos(torch.atan2(z - 1.55, y) * 12)
        rose = glass(y * 1.6, z * 1.6, 7)
        rose = mix(
            rose,
            rgb(0.07, 0.06, 0.06),
            torch.maximum(smooth(0.85, 0.97, spoke) * (r > 0.2), smooth(0.03, 0.01, (r - 0.45).abs())),
        )
        masonry = mix(masonry, tone * 1.1, smooth(0.92, 0.90, r))
        masonry = mix(masonry, rose, smooth(0.80, 0.78, r))
        door = arch(y, z, 0.45, floor, -0.2)
        wooden = mix(rgb(0.40, 0.24, 0.12), rgb(0.20, 0.11, 0.05), smooth(0.06, 0.09, cell_offset(y, 0.2).abs()))
        masonry = mix(masonry, tone * 1.1, smooth(0.14, 0.12, door))
        return mix(masonry, wooden, smooth(0.01, -0.01, door))

    def ground(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        check = checkered(x, y, 0.45)
        tiles = mix(tone * 0.55, tone * 0.95, check)
        runner = mix(rgb(0.62, 0.08, 0.10), rgb(0.92, 0.70, 0.26), smooth(0.03, 0.01, (y.abs() - 0.30).abs()))
        stain = ramp(cell_offset(x / bay) + 0.5, rgb(0.9, 0.2, 0.2), rgb(0.3, 0.4, 1.0), rgb(0.9, 0.7, 0.2))
        tiles = mix(tiles, stain * shine, 0.35 * smooth(0.4, 0.1, (y - 0.8).abs()) * (1 - light.night))
        return mix(tiles, runner, smooth(0.40, 0.38, y.abs()))

    c.plane(1, wall, outer)
    c.plane(1, -wall, outer)
    c.plane(0, reach, ends)
    c.plane(0, -reach, ends)
    c.plane(2, floor, ground)
    dx, dy, dz = c.d  # the vault: a half cylinder along the nave
    rise = aisle * 1.02
    a, b = dy.square() + dz.square(), dz * top
    vault = (b + (b.square() - a * (top * top - rise * rise)).clamp(min=0).sqrt()) / a
    p = c.at(vault)
    rib = torch.minimum(
        cell_offset(p[0], bay, 0.5).abs(), ((cell_offset(p[0], bay).abs() / bay * 2 - (p[1] / rise).abs()).abs()) * 0.6
    )
    cell = mix(stone(w, p[0], p[1], 0.4, 0.2, 8, tone * 0.78, tone * 0.92), tone * 1.12, smooth(0.10, 0.07, rib))
    c.put(vault, (p[2] > top) & (p[0].abs() < reach), mix(cell, tone * 1.12, smooth(0.09, 0.06, p[1].abs())))
    for side in (aisle, -aisle):
        c.plane(
            1,
            side,
            arcade,
            lambda x, y, z: (
                (arch(cell_offset(x, bay), z, 0.66, floor, 0.55) > 0) & (z < top + 0.02) & (z > floor) & (x.abs() < reach)
            ),
        )
    for k in range(-3, 4):
        for side in (aisle, -aisle):
            where = (k + 0.5) * bay
            beside = (side * 0.97 - 0.24, side * 0.97 + 0.24)
            c.column(where, side * 0.97, 0.13, (floor, top), tone)
            c.box((where - 0.24, where + 0.24), beside, (floor, floor + 0.16), tone * 1.05)
            c.box((where - 0.24, where + 0.24), beside, (top - 0.25, top + 0.1), tone * 1.05)
    candle = sum(lamp_light(c, x, y, 0.3, 0.9) for x in (-2.4, 0.8, 3.2) for y in (-1.0, 1.0))
    far = smooth(3.0, 13.0, c.depth)
    seen = lit(w, c, candle.clamp(max=1), 0.25)
    return mix(seen, light.tint * rgb(0.70, 0.62, 0.52).to(far.device), 0.30 * far)


def library(w: World, v: View, colour: Tensor) -> Tensor:
    """Shelves of books from floor to ceiling, a gallery rail, ladders, an arched window at each end, desks with green lamps."""
    c = RayCast(v.d, random_bearing(w))
    oak = ramp(w.variation[1], rgb(0.46, 0.27, 0.13), rgb(0.58, 0.37, 0.19), rgb(0.34, 0.19, 0.11))
    floor, top = -0.95, 2.0

    def shelves(u: Tensor, z: Tensor, salt: int) -> Tensor:
        tier, height = (z - floor) / 0.49, 0.49
        row = tier.floor()
        place = u * 5.6
        number = w.f.hash(torch.stack([place.floor(), row], -1), salt)
        tall = 0.62 + 0.26 * number[..., 1]
        part = tier - row - 0.10
        book = smooth(0.03, 0.08, 0.5 - cell_offset(place).abs()) * smooth(0.03, 0.0, part - tall) * smooth(-0.01, 0.02, part)
        spine = ramp(
            number[..., 0],
            rgb(0.58, 0.12, 0.10),
            rgb(0.82, 0.62, 0.30),
            rgb(0.14, 0.36, 0.26),
            rgb(0.18, 0.22, 0.46),
            rgb(0.48, 0.26, 0.14),
        )
        spine = mix(
            spine * (0.7 + 0.5 * number[..., 2])[..., None],
            rgb(0.94, 0.80, 0.44),
            smooth(0.07, 0.03, (part - 0.55 * tall).abs()) * (number[..., 3] > 0.5),
        )
        face = mix(oak * 0.28, spine, book)
        face = mix(
            face,
            oak * 1.05,
            torch.maximum(
                smooth(0.05, 0.035, (cell_offset(z - floor, height, 0.5)).abs()),
                smooth(0.075, 0.06, cell_offset(u, 1.3, 0.5).abs()),
            ),
        )
        return mix(face, oak * 1.2, smooth(0.12, 0.10, (z - 1.88).abs()))

    def walls(u: Tensor, z: Tensor, wall: Tensor) -> Tensor:
        face = shelves(u, z, 4)
        end = torch.remainder(wall, 2.0) < 0.5
        shape = arch(u, z, 0.62, -0.45, 0.75)
        window = outside(w, v)
        bars = torch.minimum(cell_offset(u, 0.41, 0.5).abs(), cell_offset(z, 0.5).abs())
        window = mix(window, oak * 0.8, smooth(0.035, 0.02, bars))
        framed = mix(face, oak * 1.25, smooth(0.14, 0.12, shape))
        return torch.where(end[..., None], mix(framed, window / 0.9, smooth(0.01, -0.01, shape)), face)

    def boards(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        zig = torch.remainder((x / 0.30).floor(), 2.0)
        plank = cell_offset(y + torch.where(zig > 0, x, -x), 0.24)
        wood = mix(rgb(0.62, 0.40, 0.21), rgb(0.46, 0.28, 0.13), smooth(-0.1, 0.1, plank))
        wood = mix(wood, rgb(0.22, 0.12, 0.06), smooth(0.02, 0.008, (plank.abs() - 0.12).abs()))
        rug = torch.maximum(x.abs() / 2.4, y.abs() / 0.75)
        carpet = mix(rgb(0.50, 0.10, 0.12), rgb(0.88, 0.70, 0.38), smooth(0.05, 0.03, (rug - 0.86).abs()))
        knot = cell_offset(x, 0.55).abs() + cell_offset(y, 0.55).abs()
        carpet = mix(carpet, rgb(0.14, 0.20, 0.38), smooth(0.20, 0.17, knot) * (rug < 0.8))
        carpet = mix(carpet, rgb(0.90, 0.74, 0.44), smooth(0.09, 0.07, knot) * (rug < 0.8))
        return mix(wood, carpet, smooth(1.0, 0.98, rug))

    def coffers(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        edge = torch.minimum(0.45 - cell_offset(x, 0.9).abs(), 0.45 - cell_offset(y, 0.9).abs())
        return (
            mix(oak * 0.5, oak * 1.15, smooth(0.13, 0.10, edge))
            + rgb(0.10, 0.07, 0.03).to(edge.device) * smooth(0.3, 0.4, edge)[..., None]
        )

    c.room((3.4, 2.0), (floor, top), walls, boards, coffers)
    for side in (-1.0, 1.0):  # gallery, ladder, reading desk with a lamp and open books
        y = sorted((side * 1.65, side * 2.0))
        c.box((-3.4, 3.4), tuple(y), (0.62, 0.70), oak * 1.1)
        c.plane(
            1,
            side * 1.65,
            lambda x, y, z: (oak * 1.3).expand(*x.shape, 3),
            lambda x, y, z: (x.abs() < 3.4) & (z > 0.7) & (z < 1.02) & ((cell_offset(x, 0.22).abs() < 0.022) | (z > 0.97)),
        )
        c.plane(
            1,
            side * 1.60,
            lambda x, y, z: rgb(0.70, 0.48, 0.26).expand(*x.shape, 3),
            lambda x, y, z, s=side: (
                ((x - 1.5 * s).abs() < 0.21)
                & (z > floor)
                & (z < 0.7)
                & (((x - 1.5 * s).abs() > 0.16) | (cell_offset(z, 0.24).abs() < 0.028))
            ),
        )
        x0 = 1.55 * side
        c.box((x0 - 0.62, x0 + 0.62), (-0.34, 0.34), (-0.50, -0.43), oak * 1.35)
        for leg in (-0.54, 0.50):
            c.box((x0 + leg, x0 + leg + 0.06), (-0.28, 0.28), (floor, -0.50), oak * 0.9)
        c.box((x0 - 0.05, x0 + 0.05), (-0.05, 0.05), (-0.43, -0.20), rgb(0.80, 0.62, 0.24))
        c.box(
            (x0 - 0.22, x0 + 0.22),
            (-0.09, 0.09),
            (-0.24, -0.12),
            mix(rgb(0.06, 0.40, 0.22), rgb(0.35, 0.95, 0.50), lamp_brightness(w)),
        )
        c.box((x0 + 0.26, x0 + 0.52), (-0.18, 0.14), (-0.43, -0.40), rgb(0.96, 0.92, 0.82))
        c.box((x0 - 0.52, x0 - 0.28), (-0.12, 0.16), (-0.43, -0.33), rgb(0.62, 0.14, 0.12))
    warmth = (lamp_light(c, 1.55, 0.0, -0.1, 0.9) + lamp_light(c, -1.55, 0.0, -0.1, 0.9)).clamp(max=1)
    return lit(w, c, torch.maximum(warmth, torch.full_like(warmth, 0.22)), 0.22)


def kitchen(w: World, v: View, colour: Tensor) -> Tensor:
    """Counters and cupboards round a chequered floor: stove with a hood, sink under a window, refrigerator, table."""
    light = w.light
    c = RayCast(v.d, random_bearing(w))
    doors = ramp(w.variation[1], rgb(0.90, 0.90, 0.86), rgb(0.34, 0.56, 0.58), rgb(0.86, 0.72, 0.44), rgb(0.44, 0.56, 0.38))
    tile = ramp(w.variation[2], rgb(0.94, 0.93, 0.90), rgb(0.80, 0.89, 0.92), rgb(0.96, 0.90, 0.78))
    steel = rgb(0.72, 0.75, 0.78)
    floor, top, bench = -1.0, 1.05, -0.30

    def walls(u: Tensor, z: Tensor, wall: Tensor) -> Tensor:
        joint = torch.maximum(smooth(0.105, 0.118, cell_offset(u, 0.24).abs()), smooth(0.105, 0.118, cell_offset(z, 0.24).abs()))
        face = mix(tile, tile * 0.72, joint)
        face = mix(face, rgb(0.95, 0.92, 0.84).expand_as(face), smooth(0.55, 0.56, z))
        pane = ((wall == 1) | (wall == 3)).float() * rectangle(u, z - 0.25, 0.72, 0.45, 0.01)
        view = mix(
            outside(w, v),
            rgb(0.97, 0.96, 0.94).to(u.device) * light.tint.clamp(min=0.3),
            smooth(0.05, 0.035, torch.minimum(u.abs(), torch.minimum(0.72 - u.abs(), 0.45 - (z - 0.25).abs()))),
        )
        return mix(face, view / 0.9, pane)

    def chess(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        check = checkered(x, y, 0.40)
        return mix(rgb(0.20, 0.22, 0.26), rgb(0.94, 0.92, 0.88), check)

    def plain(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        lamp = mix(rgb(0.99, 0.98, 0.95), rgb(1.0, 0.94, 0.74), lamp_brightness(w))
        joint = torch.minimum(0.35 - cell_offset(x, 0.7).abs(), 0.35 - cell_offset(y, 0.7).abs())
        panel = mix(rgb(0.88, 0.87, 0.83).expand(*x.shape, 3), rgb(0.66, 0.63, 0.58), smooth(0.025, 0.01, joint))
        tube = torch.maximum(x.abs() - 0.95, (y.abs() - 0.45).abs() - 0.13)
        return mix(mix(panel, rgb(0.42, 0.42, 0.44), smooth(0.05, 0.03, tube)), lamp, smooth(0.01, -0.01, tube))

    def fronts(low: float, high: float, wide: float) -> Callable:
        def paint(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
            u = torch.where((x.abs() - 1.9).abs() < (y.abs() - 1.6).abs(), y, x)
            off = torch.minimum(wide / 2 - cell_offset(u, wide).abs(), torch.minimum(z - low, high - z))
            face = mix(doors * 0.62, doors, smooth(0.015, 0.035, off))
            face = mix(face, doors * 0.82, smooth(0.02, 0.008, (off - 0.09).abs()))
            middle = (low + high) / 2
            return mix(face, rgb(0.86, 0.74, 0.42), rectangle(cell_offset(u, wide) - wide * 0.36, z - middle, 0.018, 0.07, 0.008))

        return paint

    c.room((2.4, 2.1), (floor, top), walls, chess, plain)
    for side in (-1.0, 1.0):
        for axis, depth, inner in ((0, 2.4, 1.9), (1, 2.1, 1.6)):
            span = tuple(sorted((side * inner, side * depth)))
            other = (-2.1, 2.1) if axis == 0 else (-1.9, 1.9)
            if axis == 0 or side > 0:  # one long wall has the table and no cupboards
                lower = (span, other) if axis == 0 else (other, span)
                c.box(*lower, (floor, bench), fronts(floor + 0.08, bench, 0.6))
                c.box(*lower, (bench, bench + 0.06), mix(rgb(0.52, 0.36, 0.22), rgb(0.30, 0.31, 0.34), w.variation[3]))
            if axis == 0:
                upper = tuple(sorted((side * 2.08, side * depth)))
                for part in ((-2.1, -0.55), (0.55, 2.1)):
                    c.box(upper, part, (0.25, 0.95), fronts(0.25, 0.95, 0.52))
    c.box((1.86, 2.4), (-0.42, 0.42), (floor, bench + 0.08), stove(steel, bench, lamp_brightness(w)))
    c.box((1.92, 2.4), (-0.42, 0.42), (0.34, 0.52), steel)
    c.box((2.10, 2.4), (-0.18, 0.18), (0.52, top), steel * 0.9)
    c.column(2.12, -0.18, 0.13, (bench + 0.08, bench + 0.26), rgb(0.80, 0.20, 0.14))
    c.column(2.12, 0.22, 0.10, (bench + 0.08, bench + 0.20), rgb(0.30, 0.32, 0.35))
    c.box((-2.4, -1.80), (-0.42, 0.42), (floor, 0.85), fridge)
    c.box((-0.34, 0.34), (1.62, 2.02), (bench + 0.05, bench + 0.075), steel * 1.1)
    c.box((-0.03, 0.03), (1.94, 2.0), (bench + 0.06, bench + 0.34), steel)
    c.box((-0.03, 0.03), (1.76, 2.0), (bench + 0.30, bench + 0.35), steel)
    wood = rgb(0.72, 0.50, 0.28)
    c.box((-0.85, 0.85), (-1.75, -1.05), (-0.42, -0.36), wood)
    for x in (-0.80, 0.73):
        for y in (-1.70, -1.17):
            c.box((x, x + 0.07), (y, y + 0.07), (floor, -0.42), wood * 0.85)
    for x in (-0.55, 0.25):
        c.box((x, x + 0.34), (-0.98, -0.66), (-0.66, -0.60), wood * 0.9)
        c.box(
            (x, x + 0.34),
            (-0.70, -0.66),
            (-0.60, -0.12),
            lambda x, y, z: mix(wood, wood * 0.35, (cell_offset(z, 0.12).abs() < 0.02).float()),
        )
        c.box((x, x + 0.04), (-0.98, -0.66), (floor, -0.66), wood * 0.7)
        c.box((x + 0.30, x + 0.34), (-0.98, -0.66), (floor, -0.66), wood * 0.7)
    c.column(0.0, -1.4, 0.20, (-0.36, -0.27), rgb(0.95, 0.95, 0.92))
    c.column(0.0, -1.4, 0.12, (-0.27, -0.20), rgb(0.88, 0.24, 0.16))
    return lit(w, c, lamp_light(c, 0.0, 0.0, 0.7, 4.0))


def stove(steel: Tensor, bench: float, on: Tensor):
    """`Paint` of a stove: an oven door with a window, and knobs above it."""

    def paint(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        glow = mix(rgb(0.08, 0.08, 0.09), rgb(0.95, 0.55, 0.18), 0.7 * on)
        face = mix(steel.expand(*x.shape, 3), rgb(0.12, 0.12, 0.13), rectangle(y, z + 0.68, 0.34, 0.20, 0.01))
        face = mix(face, glow, rectangle(y, z + 0.68, 0.28, 0.14, 0.01))
        knob = (cell_offset(y, 0.18).square() + (z - bench).square()).sqrt()
        face = mix(face, rgb(0.15, 0.15, 0.16), smooth(0.05, 0.035, knob))
        ring = ((cell_offset(y, 0.42, 0.5)).square() + cell_offset(x - 1.86, 0.28).square()).sqrt()
        return torch.where(
            (z > bench + 0.079)[..., None],
            mix(rgb(0.10, 0.10, 0.11), rgb(0.40, 0.40, 0.42), smooth(0.03, 0.01, (ring - 0.10).abs())),
            face,
        )

    return paint


def fridge(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """`Paint` of a white refrigerator with two doors."""
    face = mix(rgb(0.96, 0.96, 0.95).expand(*x.shape, 3), rgb(0.55, 0.56, 0.58), smooth(0.025, 0.012, (z - 0.15).abs()))
    handle = torch.maximum(rectangle(y - 0.30, z - 0.38, 0.025, 0.14, 0.008), rectangle(y - 0.30, z + 0.14, 0.025, 0.18, 0.008))
    return mix(face, rgb(0.40, 0.42, 0.45), handle)
