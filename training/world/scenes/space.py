"""Outer space: planets and nebulae without a ground, and the inside of a space station. Colours [B, N, 3]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..noise import mix, ramp, rgb, smooth
from .built import rectangle
from .raycast import RayCast
from .view import View, cell_offset, dots, random_bearing

if TYPE_CHECKING:
    from . import World

PLANETS = (  # azimuth, elevation and radius in radians: three about the horizon, one above, a near one below
    (0.0, 0.10, 0.36), (2.1, -0.10, 0.24), (4.2, 0.28, 0.30), (1.0, 1.25, 0.26), (0.6, -1.40, 0.86),
)  # fmt: skip


def planet(w: World, v: View, colour: Tensor) -> Tensor:
    """Outer space: a coloured nebula, stars, five planets of which one has a ring, and drifting rocks."""
    colour = planets(w, v, nebula(w, v))
    rock, number = dots(w.f, v.d * 3.6, 0.30, 4, 0.30)
    w.use_noise(40)
    rough = w.f.value(v.d, 22.0)
    body = ramp(rock * 0.9 + 0.5 * (rough - 0.5), rgb(0.05, 0.05, 0.06), rgb(0.30, 0.28, 0.28), rgb(0.66, 0.62, 0.58))
    return mix(colour, body, smooth(0.16, 0.24, rock + 0.25 * (rough - 0.5)) * (number[..., 0] < 0.5))


def nebula(w: World, v: View) -> Tensor:
    """Glowing gas in two hues with dark lanes, before stars, [B, N, 3]."""
    w.use_noise(8)
    q = w.f.warp(v.d, 1.2, 0.45)
    gas, lane = w.f.fbm(q, 1.5, 4), w.f.ridged(q, 1.9, 3)
    first = ramp(w.variation[1], rgb(0.86, 0.16, 0.62), rgb(0.16, 0.44, 0.95), rgb(0.94, 0.38, 0.16))
    second = ramp(w.variation[2], rgb(0.10, 0.72, 0.86), rgb(0.60, 0.22, 0.92), rgb(0.18, 0.80, 0.56))
    w.use_noise(20)
    hue = mix(first, second, smooth(0.35, 0.65, w.f.value(q, 1.1)))
    glow = smooth(0.38, 0.92, gas)
    cloud = hue * (1.15 * glow)[..., None] + (0.9 * glow.pow(3))[..., None]
    cloud = cloud * (1 - 0.75 * smooth(0.72, 0.90, lane))[..., None]
    return rgb(0.010, 0.012, 0.035).to(v.up.device) + cloud + w.light.star_field(v.d, torch.full_like(v.up, 0.95))


def planets(w: World, v: View, colour: Tensor) -> Tensor:
    """Lit spheres: banded giants, a blue world under clouds, and a cratered moon."""
    shift = random_bearing(w, 4)
    sun = torch.nn.functional.normalize(torch.cat([(shift + 1.1).cos(), (shift + 1.1).sin(), 0 * shift + 0.55], -1), dim=-1)[
        :, None
    ]
    normal, kind = torch.zeros_like(v.d), torch.full_like(v.up, -1.0)
    toward = torch.zeros_like(v.d)
    rim, halo = torch.zeros_like(v.up), torch.zeros_like(v.up)
    for k, (turn, rise, size) in enumerate(PLANETS):
        azimuth = shift + turn + 0.5 * (w.variation[6 + k] - 0.5)
        size = size * (0.85 + 0.3 * w.variation[12 + k])
        c = unit_direction(azimuth, rise)
        cosine = (v.d * c).sum(-1)
        far = 1 / size.sin()  # of a ball of radius 1
        root = 1 - far.square() * (1 - cosine.square())
        hit = (root > 0) & (cosine > 0)
        reach = far * cosine - root.clamp(min=0).sqrt()
        normal = torch.where(hit[..., None], v.d * reach[..., None] - c * far[..., None], normal)
        kind = torch.where(hit, torch.full_like(kind, float(k)), kind)
        toward = torch.where(hit[..., None], sun - 0.9 * c, toward)  # lit a little from the front: no planet is all dark
        off = cosine.clamp(-1, 1).acos() - size
        rim = torch.maximum(rim, smooth(-0.012, 0.004, off) * (off < 0.0))
        halo = torch.maximum(halo, torch.exp(-off.clamp(min=0) / 0.045) * (off >= 0))
        if k == 0:
            colour = ring(w, v, colour, c, azimuth, size, False)
    day = smooth(-0.30, 0.80, (normal * torch.nn.functional.normalize(toward, dim=-1)).sum(-1))
    w.use_noise(28)
    land = w.f.fbm(normal, 1.7, 4)
    w.use_noise(33)
    puff = w.f.fbm(w.f.warp(normal, 1.4, 0.35), 2.4, 3)
    band = 0.5 + 0.5 * torch.sin(normal[..., 2] * 11 + 5 * (land - 0.5) + 0.3 * normal[..., 0])
    blue = ramp(
        smooth(0.46, 0.60, land), rgb(0.05, 0.20, 0.56), rgb(0.10, 0.36, 0.66), rgb(0.26, 0.50, 0.20), rgb(0.66, 0.56, 0.34)
    )
    blue = mix(blue, rgb(0.97, 0.98, 1.0), torch.maximum(smooth(0.54, 0.72, puff), smooth(0.82, 0.90, normal[..., 0].abs())))
    amber = ramp(band, rgb(0.58, 0.32, 0.18), rgb(0.90, 0.66, 0.40), rgb(0.99, 0.90, 0.72))
    teal = ramp(band, rgb(0.12, 0.32, 0.50), rgb(0.34, 0.66, 0.76), rgb(0.80, 0.94, 0.92))
    moon = ramp(land + 0.3 * (puff - 0.5), rgb(0.26, 0.25, 0.26), rgb(0.54, 0.52, 0.51), rgb(0.80, 0.78, 0.75))
    red = ramp(land, rgb(0.42, 0.14, 0.08), rgb(0.76, 0.34, 0.18), rgb(0.92, 0.62, 0.42))
    ball = torch.zeros_like(v.d)
    for k, paint in enumerate((amber, red, teal, moon, blue)):
        ball = torch.where((kind == k)[..., None], paint, ball)
    ball = ball * (0.07 + 1.0 * day)[..., None]
    ball = mix(ball, rgb(0.55, 0.78, 1.0), 0.5 * rim * day)
    colour = mix(colour, rgb(0.36, 0.60, 1.0), 0.45 * halo * smooth(-0.4, 0.6, (v.d * sun).sum(-1)))
    colour = torch.where((kind >= 0)[..., None], ball, colour)
    turn, rise, size = PLANETS[0]
    azimuth = shift + turn + 0.5 * (w.variation[6] - 0.5)
    size = size * (0.85 + 0.3 * w.variation[12])
    c = unit_direction(azimuth, rise)
    return ring(w, v, colour, c, azimuth, size, True)


def unit_direction(azimuth: Tensor, elevation: float) -> Tensor:
    """Unit vectors [B, 1, 3] for azimuths [B, 1] and one elevation, in radians."""
    flat = math.cos(elevation)
    return torch.cat([flat * azimuth.cos(), flat * azimuth.sin(), 0 * azimuth + math.sin(elevation)], -1)[:, None]


def ring(w: World, v: View, colour: Tensor, c: Tensor, azimuth: Tensor, size: Tensor, near: bool) -> Tensor:
    """The half of a planet's ring behind it, or the half before it (`near`); `c` points at the planet."""
    off = v.d - c
    side = off[..., 1] * azimuth.cos() - off[..., 0] * azimuth.sin()
    slope = off[..., 2] + 0.30 * side
    wide = ((side + 0.30 * off[..., 2]).square() + (slope * 4.4).square()).sqrt() / size
    inside = smooth(1.20, 1.26, wide) * smooth(2.05, 1.98, wide) * ((v.d * c).sum(-1) > 0)
    inside = inside * ((slope < 0) if near else (slope >= 0))
    lane = 0.5 + 0.5 * torch.sin(wide * 24)
    return mix(colour, ramp(lane, rgb(0.62, 0.50, 0.38), rgb(0.97, 0.88, 0.72)), inside * (0.72 + 0.25 * lane))


def station(w: World, v: View, colour: Tensor) -> Tensor:
    """A deck of white and grey panels: wide windows on planets and stars, consoles with screens, light strips, a hatch."""
    c = RayCast(v.d, random_bearing(w))
    floor, top = -1.0, 1.15
    space = planets(w, v, nebula(w, v) * 0.9)
    glow = ramp(w.variation[3], rgb(0.20, 0.80, 1.0), rgb(0.35, 1.0, 0.75), rgb(1.0, 0.70, 0.30))
    pale, grey, dark = (one.to(v.d.device) for one in (rgb(0.86, 0.88, 0.91), rgb(0.52, 0.55, 0.60), rgb(0.13, 0.15, 0.18)))

    def walls(u: Tensor, z: Tensor, wall: Tensor) -> Tensor:
        seam = torch.maximum(
            smooth(0.46, 0.475, cell_offset(u, 0.95, 0.5).abs()),
            smooth(0.02, 0.01, torch.minimum((z + 0.45).abs(), (z - 0.80).abs())),
        )
        face = mix(pale.expand(*u.shape, 3), grey, smooth(-0.45, -0.46, z))
        face = mix(face, dark, seam)
        bolt = (cell_offset(u, 0.95).abs() - 0.40).square() + (cell_offset(z, 0.42, 0.2).abs() - 0.14).square()
        face = mix(face, grey * 0.7, smooth(0.0016, 0.0006, bolt))
        stripe = smooth(0.035, 0.025, (z - 0.92).abs())
        face = mix(face, glow, stripe)
        end = torch.remainder(wall, 2.0) < 0.5
        pane = torch.where(wall == 1, rectangle(u, z - 0.20, 2.5, 0.52, 0.01), rectangle(u, z - 0.20, 1.5, 0.52, 0.01))
        corner = smooth(0.06, 0.04, torch.minimum(0.625 - cell_offset(u, 1.25).abs(), 0.52 - (z - 0.20).abs()))
        view = mix(space, dark * 1.3, corner)
        face = torch.where((wall != 2)[..., None], mix(face, view, pane), face)
        hatch = torch.maximum(u.abs() / 0.62, (z + 0.12).abs() / 0.86)
        octagon = torch.maximum(hatch, (u.abs() / 0.62 + (z + 0.12).abs() / 0.86) / 1.45)
        door = mix(
            grey.expand_as(face),
            rgb(0.95, 0.70, 0.12),
            smooth(0.10, 0.12, cell_offset((u + z) * 3).abs() - 0.1) * smooth(0.86, 0.88, octagon),
        )
        door = mix(door, dark, torch.maximum(smooth(0.025, 0.012, u.abs()), smooth(0.03, 0.015, (octagon - 0.86).abs())))
        face = torch.where((wall == 2)[..., None], mix(face, door, smooth(1.01, 0.99, octagon)), face)
        return mix(face, dark, (1 - end.float()) * smooth(0.14, 0.12, cell_offset(u, 2.5, 0.5).abs()) * (z < 0.75))

    def deck(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        plate = torch.maximum(smooth(0.36, 0.375, cell_offset(x, 0.75).abs()), smooth(0.36, 0.375, cell_offset(y, 0.75).abs()))
        grate = smooth(0.05, 0.03, cell_offset(x, 0.14).abs()) * (y.abs() < 0.36)
        face = mix((grey * 0.85).expand(*x.shape, 3), dark, torch.maximum(plate, 0.8 * grate))
        return mix(face, glow, smooth(0.04, 0.025, (y.abs() - 0.45).abs()))

    def lights(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        face = mix(grey.expand(*x.shape, 3), dark, smooth(0.56, 0.58, cell_offset(x, 1.2).abs()))
        pipe = smooth(0.13, 0.10, (y.abs() - 1.35).abs())
        face = mix(face, pale * (1 - 0.7 * ((y.abs() - 1.35) / 0.13).abs().clamp(0, 1))[..., None], pipe)
        return mix(
            face, rgb(1.0, 1.0, 1.0), smooth(0.19, 0.16, (y.abs() - 0.62).abs()) * smooth(0.50, 0.48, cell_offset(x, 1.2).abs())
        )

    c.room((3.0, 2.0), (floor, top), walls, deck, lights)
    for y in (-1.0, 1.0):
        lo, hi = sorted((y * 1.45, y * 2.0))
        c.box((-2.2, 2.2), (lo, hi), (floor, -0.42), grey)
        c.box((-2.2, 2.2), (lo, hi), (-0.42, -0.38), console(w, glow))
        for x in (-1.6, -0.5, 0.6, 1.7):
            c.box((x - 0.28, x + 0.28), (y * 1.62 - 0.03, y * 1.62 + 0.03), (-0.36, -0.04), screen(w, glow))
        for x in (-0.9, 0.9):
            c.box((x - 0.22, x + 0.22), (y * 0.95 - 0.2, y * 0.95 + 0.2), (-0.66, -0.56), dark * 2.2)
            c.box((x - 0.22, x + 0.22), (y * 0.75 - 0.04, y * 0.75 + 0.04), (-0.56, -0.05), dark * 2.6)
            c.column(x, y * 0.95, 0.07, (floor, -0.66), grey)
    return c.colour


def console(w: World, glow: Tensor):
    """`Paint` of a desk: rows of lit keys."""

    def paint(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        key = w.f.hash(torch.stack([(x * 9).floor() + 32, (y * 9).floor() + 32], -1), 6)
        on = rectangle(cell_offset(x * 9), cell_offset(y * 9), 0.30, 0.30, 0.08) * (key[..., 0] < 0.55)
        hue = mix(glow, rgb(0.95, 0.35, 0.20), (key[..., 1] > 0.7).float())
        return mix(rgb(0.14, 0.15, 0.18), hue, on)

    return paint


def screen(w: World, glow: Tensor):
    """`Paint` of a display: a frame, a curve and a grid."""

    def paint(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        u = cell_offset(x - 0.05, 1.1)
        curve = smooth(0.03, 0.012, (z + 0.20 - 0.08 * torch.sin(u * 20 + 6 * w.variation[5]) * torch.cos(u * 7)).abs())
        grid = torch.maximum(smooth(0.012, 0.006, cell_offset(u, 0.1).abs()), smooth(0.012, 0.006, cell_offset(z, 0.08).abs()))
        face = mix(glow * 0.22, glow * 0.5, grid)
        face = mix(face, glow * 0.6 + 0.4, curve)
        return mix(rgb(0.10, 0.11, 0.13), face * 1.25, rectangle(u, z + 0.20, 0.25, 0.135, 0.008))

    return paint
