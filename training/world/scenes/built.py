"""Built scenes: city, village and room. Each paints over the sky [B, N, 3] and returns [B, N, 3]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..noise import mix, ramp, rgb, smooth
from .ground import birds, detail, haze, hills, in_sectors, pines, shade_ground
from .land import snow_tinted
from .raycast import RayCast
from .view import View, along_bearing, cell_offset, dots, random_bearing

if TYPE_CHECKING:
    from . import World


def rectangle(x: Tensor, y: Tensor, half: float | Tensor, tall: float | Tensor, soft: float | Tensor) -> Tensor:
    """1 inside a rectangle about the origin, with soft edges."""
    return smooth(soft, -soft, torch.maximum(x.abs() - half, y.abs() - tall))


def city(w: World, v: View, colour: Tensor) -> Tensor:
    """Skyscrapers in three rows, the nearest high overhead, their windows lit by night; a street crossing below."""
    light = w.light
    ground = street(w, v)
    colour = mix(colour, ground, v.below)
    for layer, (count, tall, fog, columns, floors) in enumerate(
        ((34, 0.62, 0.42, 5, 22.0), (23, 1.00, 0.20, 6, 13.0), (13, 1.70, 0.0, 7, 8.0))
    ):
        aside, number, there = in_sectors(w, v, count, layer + 2, 0.95 if layer < 2 else 0.62, 0.25)
        sector = 2 * math.pi / count
        top = tall * (0.30 + 0.70 * number[..., 1].square())
        half = sector * (0.30 + 0.16 * number[..., 0])
        stepped = (number[..., 2] > 0.5).float()
        half = half * (1 - 0.40 * stepped * smooth(0.76, 0.78, v.tan / top))
        foot = smooth(-0.06 - 0.06 * layer, -0.05 - 0.06 * layer, v.tan)
        inside = smooth(0.007, -0.007, aside.abs() - half) * smooth(0.007, -0.007, v.tan - top) * foot * there
        mast = smooth(0.009, 0.004, aside.abs()) * smooth(0.007, -0.007, v.tan - top * 1.22) * (v.tan > top) * stepped
        wall = ramp(number[..., 2], rgb(0.34, 0.42, 0.54), rgb(0.66, 0.68, 0.72), rgb(0.66, 0.50, 0.40), rgb(0.28, 0.34, 0.42))
        wall = wall * (1.10 - 0.35 * smooth(-0.3, 0.3, aside / sector))[..., None]
        x, y = aside / sector * columns, v.tan * floors
        pane = rectangle(cell_offset(x), cell_offset(y), 0.30, 0.27, 0.05 if layer == 0 else 0.12)
        key = w.f.hash(torch.stack([x.floor() + 9 * number[..., 1].mul(31).floor(), y.floor()], -1), layer + 5)
        lit = (key[..., 0] < light.lamps).float()
        glass = mix(
            light.zenith * 0.55 + light.horizon * 0.25, ramp(key[..., 1], rgb(1.0, 0.70, 0.28), rgb(1.0, 0.93, 0.66)), lit
        )
        surface = mix(wall * light.tint, glass, pane * 0.85)
        colour = mix(colour, haze(w, wall * light.tint, fog), mast)
        colour = mix(colour, haze(w, surface, fog * (1 - 0.4 * light.night)), inside)
    return colour


def street(w: World, v: View) -> Tensor:
    """Asphalt with lane marks, kerbs and zebra crossings, lit by lamps at night."""
    x, y = v.hit[..., 0], v.hit[..., 1]
    asphalt = rgb(0.30, 0.31, 0.34).to(x.device) * (0.8 + 0.4 * detail(w, v, 20, 1.6, 2))[..., None]
    u, t = cell_offset((x + w.variation[2] * 4) / 4.4) * 4.4, cell_offset((y + w.variation[3] * 4) / 4.4) * 4.4
    lane = torch.minimum(u.abs(), t.abs())
    walk = smooth(1.12, 1.18, lane)
    flag = torch.maximum(smooth(0.46, 0.49, cell_offset(x * 1.6).abs()), smooth(0.46, 0.49, cell_offset(y * 1.6).abs())) * v.fade(
        1.0
    )
    paving = rgb(0.66, 0.64, 0.60).to(x.device) * (1 - 0.3 * flag)[..., None]
    crossing = smooth(1.12, 1.08, lane)
    dash = smooth(0.075, 0.045, u.abs()) * smooth(0.30, 0.26, cell_offset(y * 0.9).abs()) * (t.abs() > 1.15)
    dash = torch.maximum(dash, smooth(0.075, 0.045, t.abs()) * smooth(0.30, 0.26, cell_offset(x * 0.9).abs()) * (u.abs() > 1.15))
    zebra = smooth(0.22, 0.28, 0.5 - cell_offset(u * 2.4).abs()) * smooth(0.26, 0.22, (t.abs() - 1.55).abs()) * (u.abs() < 1.05)
    surface = mix(asphalt, rgb(0.95, 0.93, 0.84), torch.maximum(dash, zebra) * crossing * v.fade(0.5))
    surface = mix(surface, paving, walk)
    colour = shade_ground(w, v, torch.zeros_like(v.d), surface, 0.5, snow=0.6)
    lamp, _ = dots(w.f, v.hit * 0.55, 0.48, 6, 0.9)
    return colour + rgb(0.60, 0.40, 0.15).to(x.device) * (0.75 * lamp * lamp_brightness(w) * v.fade(0.05))[..., None]


def lamp_brightness(w: World) -> Tensor:
    """Apparent brightness of lamps, 0..1 [B, 1]; 0 by day."""
    return (w.light.lamps * 1.4).clamp(max=1)


def village(w: World, v: View, colour: Tensor) -> Tensor:
    """Cottages with steep red roofs and a church among green hills; a cobbled lane through grass below."""
    colour = birds(w, v, colour, 4, rgb(0.16, 0.15, 0.18), 0.45)
    colour = hills(w, v, colour, 8, 0.05, 0.22, 1.5, snow_tinted(w, rgb(0.30, 0.50, 0.26)), 0.24)
    colour = pines(w, v, colour, 5, 0.13, 44, rgb(0.12, 0.32, 0.14), 0.12)
    grass = ramp(
        0.5 * detail(w, v, 24, 0.6, 2) + 0.5 * detail(w, v, 28, 3.0, 2),
        rgb(0.16, 0.36, 0.08),
        rgb(0.38, 0.60, 0.16),
        rgb(0.64, 0.78, 0.30),
    )
    _, border, number = w.f.cells(v.hit * 3.4, 0.6)
    cobble = ramp(number[..., 0], rgb(0.46, 0.43, 0.41), rgb(0.62, 0.57, 0.52), rgb(0.80, 0.74, 0.66))
    cobble = mix(rgb(0.26, 0.24, 0.20), cobble, smooth(0.02, 0.16, border))
    cobble = mix(cobble, rgb(0.58, 0.53, 0.48), 1 - v.fade(2.0))
    turn = random_bearing(w, 2)
    off, along = along_bearing(v.hit, turn)
    lane = (off + 0.25 * torch.sin(along * 0.8)).abs()
    path = smooth(0.75, 0.66, lane)
    flower, number = dots(w.f, v.hit * 2.1, 0.17, 6, 0.35)
    grass = mix(grass, ramp(number[..., 1], rgb(1.0, 0.9, 0.3), rgb(0.98, 0.96, 0.94)), smooth(0.1, 0.5, flower) * v.fade(1.6))
    colour = shade_ground(w, v, colour, mix(grass, cobble, path), 0.45, snow=0.85)
    colour = houses(w, v, colour, 2, 22, 0.15, 0.16)
    colour = steeple(w, v, colour)
    return houses(w, v, colour, 7, 11, 0.36, 0.02)


def houses(w: World, v: View, colour: Tensor, salt: int, count: int, size: float, fog: float) -> Tensor:
    """A row of gabled or broad-roofed cottages with doors and windows that glow in the dark."""
    light = w.light
    aside, number, there = in_sectors(w, v, count, salt, 0.85, 0.3)
    size = size * (0.8 + 0.35 * number[..., 0])
    x, y = aside / size, (v.tan + 0.32 * size) / size
    soft = 0.009 / size
    wide = 0.46 + 0.16 * number[..., 1]
    wall = rectangle(x, y - 0.36, wide, 0.40, soft)
    gable = (number[..., 2] > 0.45).float()
    slope = torch.lerp((wide + 0.12 - 0.25 * (y - 0.72)), (wide + 0.12) * (1 - (y - 0.72) / 0.62), gable)
    roof = smooth(soft, -soft, torch.maximum(torch.maximum(x.abs() - slope, 0.70 - y), y - 0.72 - (0.42 + 0.20 * gable)))
    chimney = rectangle(x - 0.26, y - 1.15, 0.07, 0.22, soft)
    plaster = ramp(number[..., 1], rgb(0.96, 0.92, 0.82), rgb(0.94, 0.80, 0.58), rgb(0.82, 0.86, 0.88), rgb(0.86, 0.62, 0.52))
    plaster = plaster * (1.0 - 0.15 * smooth(-soft, soft, x))[..., None]
    tiles = ramp(number[..., 0], rgb(0.72, 0.22, 0.12), rgb(0.80, 0.36, 0.18), rgb(0.52, 0.22, 0.16))
    tiles = tiles * (0.86 + 0.22 * smooth(-0.4, 0.4, torch.sin(y * 26) * smooth(0.16, 0.06, soft)))[..., None]
    tiles = mix(tiles, rgb(0.95, 0.97, 1.0), 0.92 * light.snow)
    lit = (light.lamps * 1.5 > number[..., 3]).float() * smooth(0.05, 0.15, light.lamps)
    glass = mix((light.zenith * 0.5 + 0.08).expand_as(plaster), rgb(1.0, 0.80, 0.38), lit)
    pane = torch.maximum(rectangle(x.abs() - 0.28, y - 0.44, 0.10, 0.13, soft), rectangle(x, y - 0.92, 0.07, 0.08, soft) * gable)
    door = rectangle(x, y - 0.20, 0.10, 0.24, soft)
    front = mix(plaster * light.tint, rgb(0.36, 0.20, 0.11).to(x.device) * light.tint, door)
    colour = mix(colour, haze(w, rgb(0.50, 0.28, 0.22).to(x.device) * light.tint, fog), chimney * there)
    colour = mix(colour, haze(w, mix(front, glass, pane * smooth(0.75, 0.70, y)), fog), wall * there)
    return mix(colour, haze(w, mix(tiles * light.tint, glass, pane * (y > 0.75)), fog), roof * there)


def steeple(w: World, v: View, colour: Tensor) -> Tensor:
    """Three church towers about the horizon, so that most views have one."""
    light = w.light
    aside, number, _ = in_sectors(w, v, 3, 9, 1.0, 0.4)
    size = 0.34
    x, y = aside / size, (v.tan + 0.10) / size
    soft = 0.009 / size
    tower = rectangle(x, y - 0.6, 0.17, 0.62, soft)
    spire = smooth(soft, -soft, torch.maximum(x.abs() - 0.24 * (2.1 - y) / 0.9, 1.2 - y))
    clock = smooth(soft, -soft, (x.square() + (y - 0.98).square()).sqrt() - 0.10)
    stone = mix(rgb(0.92, 0.88, 0.80), rgb(0.70, 0.66, 0.62), smooth(-soft, soft, x)) * light.tint
    stone = mix(stone, mix(rgb(0.98, 0.97, 0.92).to(x.device) * light.tint, rgb(1.0, 0.88, 0.5), lamp_brightness(w)), clock)
    slate = mix(mix(rgb(0.36, 0.42, 0.50), rgb(0.22, 0.27, 0.34), smooth(-soft, soft, x)), rgb(0.95, 0.97, 1.0), 0.8 * light.snow)
    colour = mix(colour, haze(w, stone, 0.08), tower)
    return mix(colour, haze(w, slate * light.tint, 0.08), spire)


def room(w: World, v: View, colour: Tensor) -> Tensor:
    """A living room about the eye: windows with the sky in them, door, picture, shelves and furniture; rug below, lamp above."""
    light = w.light
    turn = random_bearing(w, 0)
    dx, dy = along_bearing(v.d, turn)
    reach_x, reach_y = 2.0 / dx.abs().clamp(min=1e-4), 1.8 / dy.abs().clamp(min=1e-4)
    reach_z = torch.where(v.up > 0, 1.05, 0.95) / v.up.abs().clamp(min=1e-4)
    side = torch.minimum(reach_x, reach_y)
    level = reach_z < side
    reach = torch.minimum(side, reach_z)
    px, py, pz = dx * reach, dy * reach, v.up * reach
    across = reach_x < reach_y
    u = torch.where(across, py * torch.sign(dx), -px * torch.sign(dy))  # along the wall, leftward
    wall = torch.where(across, torch.where(dx > 0, 0.0, 2.0), torch.where(dy > 0, 1.0, 3.0))
    paint = ramp(w.variation[1], rgb(0.90, 0.82, 0.66), rgb(0.62, 0.74, 0.70), rgb(0.86, 0.66, 0.58), rgb(0.66, 0.72, 0.84))
    face = paint * (1.0 - 0.10 * (wall % 2))[..., None]
    face = mix(face, paint * 0.8, smooth(0.06, 0.0, cell_offset(u * 2.0).abs()) * 0.5)  # a striped wallpaper
    face = mix(face, rgb(0.96, 0.94, 0.90), smooth(-0.80, -0.83, pz))
    e = 0.012
    # wall 0: a wide picture; 1: window; 2: bookshelf and door; 3: window and plant
    on = [(wall == k).float() for k in range(4)]
    art = ramp(
        pz * 2.2 - 0.1 + 0.3 * torch.sin(u * 5 + 6 * w.variation[5]),
        rgb(0.14, 0.30, 0.50),
        rgb(0.92, 0.50, 0.24),
        rgb(0.98, 0.86, 0.62),
    )
    face = mix(face, rgb(0.30, 0.18, 0.09), on[0] * rectangle(u, pz - 0.32, 0.62, 0.32, e))
    face = mix(face, art, on[0] * rectangle(u, pz - 0.32, 0.55, 0.25, e))
    cloth = ramp(w.variation[2], rgb(0.70, 0.16, 0.14), rgb(0.12, 0.34, 0.50), rgb(0.20, 0.44, 0.26), rgb(0.86, 0.62, 0.18))
    shelf = on[2] * rectangle(u - 0.75, pz + 0.10, 0.62, 0.78, e)
    spine = w.f.hash(torch.stack([(u * 9).floor(), (pz * 3.6).floor()], -1), 4)
    book = rectangle(cell_offset(u * 9), cell_offset(pz * 3.6) + 0.08, 0.42, 0.24 + 0.14 * spine[..., 1], 0.10)
    books = mix(
        rgb(0.24, 0.14, 0.08),
        ramp(spine[..., 0], rgb(0.70, 0.16, 0.14), rgb(0.90, 0.74, 0.34), rgb(0.16, 0.42, 0.40), rgb(0.22, 0.26, 0.56)),
        book,
    )
    face = mix(face, rgb(0.44, 0.27, 0.14), on[2] * rectangle(u - 0.75, pz + 0.10, 0.68, 0.84, e))
    face = mix(face, books, shelf)
    face = mix(face, rgb(0.98, 0.96, 0.92), on[2] * rectangle(u + 0.85, pz + 0.20, 0.50, 0.80, e))
    panel = torch.maximum((u + 0.85).abs() - 0.26, ((pz + 0.15).abs() - 0.32).abs() - 0.22).abs()
    door = mix(rgb(0.54, 0.33, 0.17), rgb(0.40, 0.23, 0.11), smooth(0.03, 0.01, panel))
    face = mix(face, door, on[2] * rectangle(u + 0.85, pz + 0.24, 0.42, 0.78, e))
    face = mix(face, rgb(0.95, 0.80, 0.30), on[2] * smooth(0.055, 0.03, ((u + 0.52).square() + (pz + 0.28).square()).sqrt()))
    floor = wood(w, px, py)
    rug = torch.maximum(px.abs() / 1.15, py.abs() / 0.85)
    pattern = mix(cloth.expand_as(floor), rgb(0.96, 0.88, 0.70), smooth(0.04, 0.02, (rug - 0.82).abs()))
    knot = cell_offset(px * 1.9).abs() + cell_offset(py * 1.9).abs()
    pattern = mix(pattern, rgb(0.16, 0.14, 0.24), smooth(0.06, 0.02, (knot - 0.36).abs()) * (rug < 0.76))
    pattern = mix(pattern, rgb(0.96, 0.80, 0.46), smooth(0.17, 0.12, knot) * (rug < 0.76))
    floor = mix(floor, pattern, smooth(1.0, 0.98, rug))
    floor = floor * (0.55 + 0.45 * smooth(0.0, 0.6, torch.minimum(2.0 - px.abs(), 1.8 - py.abs())))[..., None]
    r = (px.square() + py.square()).sqrt()
    beam = smooth(0.13, 0.11, (cell_offset(px / 0.9) * 0.9).abs())
    ceiling = mix(rgb(0.96, 0.94, 0.89).expand_as(floor), rgb(0.46, 0.30, 0.17), beam)
    ceiling = ceiling * (0.72 + 0.28 * smooth(2.2, 0.2, r))[..., None]
    surface = torch.where(level[..., None], torch.where((v.up > 0)[..., None], ceiling, floor), face)
    corner = torch.where(
        level, torch.minimum((2.0 - px.abs()), 1.8 - py.abs()), torch.where(across, 1.8 - u.abs(), 2.0 - u.abs())
    )
    surface = surface * (0.78 + 0.22 * smooth(0.0, 0.30, corner))[..., None]
    warm = (
        rgb(1.0, 0.78, 0.48).to(r.device)
        * (0.10 + 0.85 * torch.exp(-((px.square() + py.square() + (pz - 0.9).square()) / 1.5)))[..., None]
    )
    lamp_on = lamp_brightness(w)
    surface = surface * (light.tint * (1 - 0.15 * light.night[..., None]) + warm * lamp_on[..., None]).clamp(max=1.05)
    panes = ((on[1] + on[3]) * ~level).clamp(max=1)
    surface = window(w, v, surface, u, pz, panes)
    plant = on[3] * ~level
    leaf = torch.atan2(pz + 0.30, u - 1.15)
    rad = ((u - 1.15).square() + (pz + 0.30).square()).sqrt()
    bush = smooth(0.02, -0.02, rad - 0.30 - 0.20 * torch.cos(leaf * 7).abs())
    pot = rectangle(u - 1.15, pz + 0.78, 0.17 + 0.2 * (pz + 0.78), 0.17, 0.015)
    shade = light.tint * 0.8 + 0.3 * warm * lamp_on[..., None]
    surface = mix(surface, rgb(0.16, 0.46, 0.18).to(r.device) * shade * (0.6 + rad)[..., None], bush * plant)
    surface = mix(surface, rgb(0.78, 0.40, 0.24).to(r.device) * shade, pot * plant)
    bulb = smooth(0.34, 0.30, r) * level * (v.up > 0)
    globe = mix(rgb(0.95, 0.90, 0.80).to(r.device) * light.tint, rgb(1.0, 0.92, 0.68), lamp_on)
    surface = mix(surface, globe, bulb)
    surface = mix(
        surface, rgb(0.30, 0.20, 0.12).to(r.device) * light.tint, smooth(0.03, 0.015, (r - 0.34).abs()) * level * (v.up > 0)
    )
    c = RayCast(v.d, turn)
    c.put(reach, torch.ones_like(level), surface)
    furniture(c, cloth, light.tint * 0.92 + 0.30 * lamp_on[..., None] * rgb(1.0, 0.78, 0.48).to(r.device))
    return c.colour


def furniture(c: RayCast, cloth: Tensor, light: Tensor) -> None:
    """Sofa, armchair, low table with books and a vase, and a cupboard, as blocks that stand on the floor 0.95 below the eye."""
    oak = rgb(0.62, 0.40, 0.22).to(light.device) * light
    cloth = cloth * light
    floor = -0.95
    for side in (-0.95, 0.77):
        c.box((1.18, 1.98), (side, side + 0.18), (floor, -0.38), cloth * 0.9)
    c.box((1.15, 1.98), (-0.78, 0.78), (floor + 0.08, -0.62), cloth * 0.85)
    for y in (-0.77, 0.01):
        c.box((1.17, 1.80), (y, y + 0.76), (-0.62, -0.50), cloth * 1.1)
        c.box((1.72, 1.94), (y, y + 0.76), (-0.50, -0.08), cloth * 1.05)
    c.box((0.42, 0.88), (-0.45, 0.45), (-0.66, -0.60), oak * 1.2)
    for x in (0.45, 0.80):
        for y in (-0.42, 0.37):
            c.box((x, x + 0.05), (y, y + 0.05), (floor, -0.66), oak * 0.8)
    c.box((0.54, 0.76), (-0.32, -0.04), (-0.60, -0.55), rgb(0.20, 0.36, 0.50).to(light.device) * light)
    c.column(0.64, 0.20, 0.07, (-0.60, -0.36), rgb(0.94, 0.92, 0.86).to(light.device) * light)
    chair = (1.0 - cloth / light.clamp(min=0.05) * 0.6) * light
    c.box((-1.25, -0.65), (1.10, 1.62), (floor + 0.06, -0.56), chair * 0.9)
    c.box((-1.25, -0.65), (1.56, 1.74), (floor + 0.06, -0.12), chair)
    for x in (-1.38, -0.65):
        c.box((x, x + 0.13), (1.08, 1.72), (floor, -0.42), chair * 0.85)
    c.box((0.30, 1.15), (-1.78, -1.40), (floor, -0.40), oak)
    c.box((0.26, 1.19), (-1.79, -1.36), (-0.40, -0.35), oak * 1.2)


def wood(w: World, px: Tensor, py: Tensor) -> Tensor:
    """Floorboards, [B, N, 3]."""
    row = (py * 3.2).floor()
    shift = torch.remainder(row * 0.37, 1.0)
    number = w.f.hash(torch.stack([(px * 0.9 + shift).floor(), row], -1), 2)
    gap = torch.maximum(
        smooth(0.44, 0.48, cell_offset(py * 3.2).abs()), smooth(0.485, 0.495, cell_offset(px * 0.9 + shift).abs())
    )
    board = ramp(number[..., 0], rgb(0.52, 0.31, 0.15), rgb(0.68, 0.44, 0.23), rgb(0.78, 0.54, 0.30))
    return mix(board, rgb(0.26, 0.14, 0.07), gap * 0.8)


def window(w: World, v: View, surface: Tensor, u: Tensor, pz: Tensor, on: Tensor) -> Tensor:
    """A wide window with curtains: the sky, stars or sun of the hour, and hills behind it."""
    light = w.light
    view = light.gradient((v.up * 1.6 + 0.10).clamp(0, 1))
    view = view + light.star_field(v.d, light.stars)
    angle = torch.acos((v.d * light.sun).sum(-1).clamp(-1, 1))
    view = mix(view, light.disc, smooth(0.080, 0.060, angle))
    crest = 0.05 + 0.05 * torch.sin(v.turn * 2 * math.pi * 5 + 6 * w.variation[7]) + 0.03 * torch.sin(v.turn * 2 * math.pi * 11)
    view = mix(view, rgb(0.26, 0.46, 0.24).to(u.device) * light.tint, smooth(0.008, -0.008, v.tan - crest))
    bars = torch.minimum(u.abs(), (pz - 0.30).abs())
    frame = mix(view, rgb(0.96, 0.95, 0.92).to(u.device) * light.tint.clamp(min=0.3), smooth(0.045, 0.03, bars))
    surface = mix(
        surface, rgb(0.96, 0.95, 0.92).to(u.device) * light.tint.clamp(min=0.3), on * rectangle(u, pz - 0.22, 0.93, 0.58, 0.012)
    )
    surface = mix(surface, frame, on * rectangle(u, pz - 0.22, 0.86, 0.51, 0.012))
    drape = ramp(w.variation[3], rgb(0.62, 0.14, 0.16), rgb(0.20, 0.34, 0.52), rgb(0.80, 0.62, 0.30)) * light.tint.clamp(min=0.22)
    fold = 0.72 + 0.28 * torch.sin(u * 34)
    curtain = rectangle(u.abs() - 0.98, pz - 0.10, 0.17, 0.80, 0.012)
    return mix(surface, drape * fold[..., None], on * curtain)
