"""Coats, plumage and scales."""

from __future__ import annotations

import torch
from torch import Tensor

from ..noise import Field, mix, ramp, rgb, rotate, smooth
from .common import Material, Surface, Tint, dyed, lightness, pair, stretch, zoom
from .stamps import shingle


def _hair(s: Surface, f: Field) -> Tensor:
    """Faint short strands [B, N], around 1."""
    return 0.93 + 0.12 * f.value(stretch(s.uv, 22, 6))


def _turned(s: Surface, q: Tensor, degrees: Tensor) -> Tensor:
    """Warped points as a plane [B, N, 2] in which stripes run upright: `uv` where flat, else a slanted plane in space."""
    return rotate(q if s.flat else q[..., [0, 2]] + 0.4 * q[..., 1:2], degrees)


def scales(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Rows of large round overlapping scales, from a dark root to a bright rim, a keel down each."""
    base = tint.or_default(f.pick(torch.stack([rgb(0.10, 0.46, 0.20), rgb(0.08, 0.42, 0.44), rgb(0.50, 0.12, 0.09)])))
    uv = rotate(s.uv, f.uniform(-10, 10)) * zoom(f)
    key = lightness(base)
    rim = mix(base * 0.42 + 0.55, base * 0.55, smooth(0.75, 0.9, key))
    colour = (base * 0.08).expand(-1, uv.shape[1], -1)
    for back in (1, 0):
        x, y, number = shingle(uv, f, 0.38, 0.21, back)
        d = (x.square() + ((1.0 - y) * 1.0).clamp(min=0).square()).sqrt()
        light = (0.74 + 0.3 * number[..., 0]) * (1.22 - 0.58 * y) * (1 + 0.16 * torch.tanh(-x * 9) * smooth(0.9, 0.5, d))
        scale = mix(dyed(base, light), rim, 0.85 * smooth(0.74, 0.84, d))
        shade = smooth(1.16, 0.98, d)
        colour = mix(colour * (1 - 0.55 * shade)[..., None], scale, smooth(1.0, 0.95, d))
    return colour.clamp(0, 1)


def fur(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Shaggy tufts in overlapping wavy rows, dark at the root and pale at the tip."""
    base = tint.or_default(f.pick(torch.stack([rgb(0.55, 0.36, 0.20), rgb(0.70, 0.52, 0.32), rgb(0.45, 0.40, 0.36)])))
    uv = f.warp(rotate(s.uv, f.uniform(-30, 30)) * zoom(f), 1.3, 0.14)
    u, v = uv.unbind(-1)
    light = torch.zeros_like(u)
    for layer in range(3):
        ragged = 0.6 * f.value(pair(u * 5 + 3 * layer, v)) + 0.8 * f.value(pair(u * 23, v * 0.8))
        t = torch.remainder(v * 1.7 + 0.33 * layer + ragged, 1)  # 0 at the tips, 1 at the roots
        lock = smooth(0.0, 0.10, t) * (1 - t)
        light = torch.maximum(light, lock)
    strand = f.value(pair(u * 24, v))
    shade = 0.20 + 0.78 * light + 0.62 * (strand - 0.5)
    return mix(dyed(base, (shade * 1.15).clamp(0.12, 1.25)), base * 0.5 + 0.5, 0.45 * smooth(0.75, 1.2, shade))


def feathers(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Long overlapping feathers with a pale shaft, slanting barbs and a dark band before a light tip."""
    base = tint.or_default(f.pick(torch.stack([rgb(0.20, 0.42, 0.62), rgb(0.58, 0.40, 0.24), rgb(0.16, 0.48, 0.40)])))
    uv = f.warp(rotate(s.uv, f.uniform(-12, 12)) * zoom(f) * 0.78, 1.3, 0.04)
    pale = mix(base * 0.4 + 0.58, base * 0.45, smooth(0.8, 0.9, lightness(base)))
    colour = base * 0.15
    for back in (2, 1, 0):
        x, y, number = shingle(uv, f, 0.40, 0.30, back)
        half = (1 - (1 - y / 1.1).clamp(0, 1).pow(2.2)).sqrt() * (0.96 + 0.04 * torch.sin(y * 17 + 20 * number[..., 1]))
        inside = smooth(0.0, 0.07, half - x.abs()) * smooth(0.0, 0.04, y)
        barbs = torch.sin((y * 0.30 - x.abs() * 0.17) * 64)
        light = (0.74 + 0.32 * number[..., 0]) * (1.14 - 0.30 * y + 0.08 * x) * (0.92 + 0.13 * barbs)
        feather = dyed(base, light)
        bow = y - 0.42 * x.square() + 0.02 * barbs
        feather = mix(feather, base * 0.22, 0.85 * smooth(0.26, 0.32, bow) * smooth(0.56, 0.48, bow))
        feather = mix(feather, pale, 0.7 * smooth(0.22, 0.12, bow))
        feather = mix(feather, pale, 0.85 * smooth(0.075, 0.03, x.abs()) * smooth(0.12, 0.3, y))
        colour = mix(colour * (1 - 0.45 * smooth(-0.25, 0.1, half - x.abs()))[..., None], feather, inside)
    return colour


def zebra(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Black stripes on white that bend and fork."""
    q = f.warp(s.q * zoom(f), 1.5, 0.22)
    stripe = torch.sin(_turned(s, q, f.uniform(-25, 25))[..., 0] * 17 + 3.4 * f.fbm(s.q, 1.2, 2))
    ink = smooth(-0.14, 0.14, stripe + f.uniform(0.0, 0.15))
    return mix(rgb(0.95, 0.93, 0.88), rgb(0.06, 0.05, 0.05), ink) * _hair(s, f)[..., None]


def leopard(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Broken black rings with a tawny centre."""
    q = f.warp(s.q * zoom(f), 5, 0.03)
    distance, _, number = f.cells(q * 3.9, 0.7)
    size = 0.85 + 0.3 * number[..., 0]
    ring = smooth(0.17, 0.22, distance / size) * smooth(0.43, 0.37, distance / size) * smooth(0.28, 0.40, f.value(q, 8))
    coat = ramp(f.fbm(s.q, 1.4, 2), rgb(0.80, 0.56, 0.24), rgb(0.94, 0.76, 0.44))
    colour = mix(coat, coat * rgb(0.76, 0.66, 0.52), smooth(0.32, 0.2, distance))
    return mix(colour, rgb(0.09, 0.06, 0.04), ring) * _hair(s, f)[..., None]


def tiger(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Tapering black stripes across orange, paler between them."""
    q = f.warp(s.q * zoom(f), 2.2, 0.18)
    x, y = _turned(s, q, f.uniform(-15, 15)).unbind(-1)
    stripe = torch.sin(y * 15 + 3 * x + 4.0 * f.fbm(s.q, 1.8, 2)) + 1.5 * (f.value(stretch(pair(x, y), 2.6, 1.6)) - 0.5)
    coat = ramp(f.fbm(s.q, 1.3, 2), rgb(0.84, 0.40, 0.07), rgb(0.95, 0.56, 0.15), rgb(0.98, 0.76, 0.42))
    return mix(coat, rgb(0.07, 0.05, 0.04), smooth(0.40, 0.60, stripe)) * _hair(s, f)[..., None]


def giraffe(s: Surface, f: Field, tint: Tint) -> Tensor:
    """Brown patches separated by cream lines."""
    q = f.warp(s.q * zoom(f), 3, 0.05)
    distance, edge, number = f.cells(q * 3.0, 0.75)
    patch = rgb(0.58, 0.30, 0.10) * ((0.75 + 0.45 * number[..., 0]) * (1.12 - 0.4 * distance))[..., None]
    return mix(rgb(0.95, 0.86, 0.65), patch, smooth(0.055, 0.095, edge)) * _hair(s, f)[..., None]


TABLE: dict[str, Material] = {
    "scales": scales, "fur": fur, "feathers": feathers, "zebra": zebra, "leopard": leopard, "tiger": tiger, "giraffe": giraffe,
}  # fmt: skip
