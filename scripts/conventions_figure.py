"""Draw the figure of docs/conventions.md with the project's own spaces: `PY scripts/conventions_figure.py`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.io.images import to_uint8  # noqa: E402  (the checkout is put on the path first)
from engine.spaces.equirect import EquirectSpace  # noqa: E402
from engine.spaces.mesh import MeshSpace  # noqa: E402
from engine.spaces.raster import RasterCanvas  # noqa: E402
from engine.spaces.views import View  # noqa: E402

WIDTH, VIEW, GAP, CAPTION = 1168, 224, 8, 22  # pixels
AXES = {"+X": (0.5, 0.5), "-Y": (0.75, 0.5), "-X": (0.0, 0.5), "+Y": (0.25, 0.5)}  # where on an equirectangular picture
COLOURS = {
    "+X": (226, 86, 74),
    "-X": (214, 130, 110),
    "+Y": (96, 176, 80),
    "-Y": (130, 190, 110),
    "+Z": (90, 140, 235),
    "-Z": (130, 150, 220),
}
FACES = {"-Y": ((-1, -1), (1, -1)), "+X": ((1, -1), (1, 1)), "+Y": ((1, 1), (-1, 1)), "-X": ((-1, 1), (-1, -1))}
"""Of a cube, each side by the (x, y) of its left and its right edge as seen from outside."""


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def labelled_sphere(width: int) -> Image.Image:
    """An equirectangular picture with a line every 30 degrees and the world axes written where they lie."""
    height = width // 2
    picture = Image.new("RGB", (width, height), (36, 38, 44))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height // 2, width, height), fill=(52, 48, 44))
    for k in range(12):
        draw.line((k * width / 12, 0, k * width / 12, height), fill=(92, 96, 104), width=1)
    for k in range(1, 6):
        draw.line((0, k * height / 6, width, k * height / 6), fill=(200, 200, 200) if k == 3 else (92, 96, 104), width=1)
    for name, (x, y) in AXES.items():
        for wrapped in (x, x + 1):  # -X lies on the border
            draw.text((wrapped * width, y * height), name, fill=COLOURS[name], font=font(height // 9), anchor="mm")
    for k in range(6):  # the poles are rows: written all along, so that a view of one can be read from any side
        for name, y in (("+Z", 0.13), ("-Z", 0.87)):
            draw.text(((k + 0.5) * width / 6, y * height), name, fill=COLOURS[name], font=font(height // 8), anchor="mm")
    return picture


def labelled_cube(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, Image.Image]:
    """Vertices, triangles and UVs of a cube, and its texture of 3 x 2 cells: every side says which axis it looks along."""
    cells = [*FACES, "+Z", "-Z"]
    corners, uvs, faces = [], [], []
    texture = Image.new("RGB", (size, size), (40, 40, 40))
    draw = ImageDraw.Draw(texture)
    for number, name in enumerate(cells):
        if name in FACES:
            (ax, ay), (bx, by) = FACES[name]
            quad = [(ax, ay, -1), (bx, by, -1), (bx, by, 1), (ax, ay, 1)]
        else:  # seen with +X to the right: from above +Y is up, from below -Y is
            up = 1 if name == "+Z" else -1
            quad = [(-1, -up, up), (1, -up, up), (1, up, up), (-1, up, up)]
        column, row = number % 3, number // 3
        left, right, low, high = column / 3, (column + 1) / 3, 1 - (row + 1) / 2, 1 - row / 2
        uv = [(left, low), (right, low), (right, high), (left, high)]
        base = 4 * number
        corners += quad
        for triangle in ((0, 1, 2), (0, 2, 3)):
            faces.append([base + i for i in triangle])
            uvs.append([uv[i] for i in triangle])
        box = (left * size, (1 - high) * size, right * size, (1 - low) * size)
        draw.rectangle(box, fill=COLOURS[name], outline=(230, 230, 230))
        draw.text(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), name, fill="white", font=font(size // 9), anchor="mm")
    return np.array(corners, np.float32), np.array(faces, np.int32), np.array(uvs, np.float32), texture


def tensor_of(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1).float() / 255


def panorama_row() -> list[tuple[str, Image.Image]]:
    """The sphere through views around the horizon and towards both poles."""
    space = EquirectSpace(1024, VIEW)
    canvas = RasterCanvas(tensor_of(labelled_sphere(1024)), torch.ones(512, 1024))
    asked = [(0, 0), (90, 0), (180, 0), (0, 90), (0, -90)]
    views = [View.looking_out(azimuth=azimuth, elevation=elevation, fov=100) for azimuth, elevation in asked]
    images = space.project(canvas, views)
    return [
        (f'azimuth {a}, elevation {e}: "{view.label}"', Image.fromarray(to_uint8(image)))
        for (a, e), view, image in zip(asked, views, images, strict=True)
    ]


def mesh_row() -> list[tuple[str, Image.Image]]:
    """A cube through cameras around it."""
    vertices, faces, uv, texture = labelled_cube(768)
    space = MeshSpace(vertices, faces, uv, 768, VIEW)
    canvas = RasterCanvas(tensor_of(texture), torch.ones(768, 768))
    asked = [(0, 0), (45, 30), (90, 0), (180, 0), (0, 75)]
    views = [View.orbiting(azimuth=azimuth, elevation=elevation) for azimuth, elevation in asked]
    images = space.project(canvas, views)
    return [
        (f'azimuth {a}, elevation {e}: "{view.label}"', Image.fromarray(to_uint8(image)))
        for (a, e), view, image in zip(asked, views, images, strict=True)
    ]


def figure() -> Image.Image:
    """All of it on one sheet."""
    rows = [
        ("A panorama's canvas, and five of its views (field of view 100 degrees)", panorama_row()),
        ("A mesh through five cameras", mesh_row()),
    ]
    sphere = labelled_sphere(WIDTH - 2 * GAP)
    row_height = VIEW + CAPTION + GAP
    sheet = Image.new("RGB", (WIDTH, sphere.height + 2 * (CAPTION + GAP) + 2 * row_height + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    y = GAP
    for number, (title, views) in enumerate(rows):
        draw.text((GAP, y), title, fill="black", font=font(16))
        y += CAPTION
        if number == 0:
            sheet.paste(sphere, (GAP, y))
            y += sphere.height + GAP
        for k, (caption, image) in enumerate(views):
            x = GAP + k * (VIEW + GAP)
            sheet.paste(image, (x, y))
            draw.text((x, y + VIEW + 4), caption, fill="black", font=font(11))
        y += row_height
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "conventions.png")
    figure().quantize(64).save(parser.parse_args().out, optimize=True)


if __name__ == "__main__":
    main()
