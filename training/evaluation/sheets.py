"""Contact sheets: many pictures with a line or two below each."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

MARGIN = 6
LINE = 14
PAPER, INK, WRONG = (250, 250, 248), (30, 30, 30), (200, 30, 20)


class Note(tuple):
    """A line of text below a picture, and whether it reports an error."""

    def __new__(cls, text: str, wrong: bool = False) -> Note:
        return super().__new__(cls, (text, wrong))


def contact_sheet(
    file: Path,
    pictures: Sequence[np.ndarray],  # each [h, w, 3] uint8, of any size
    notes: Sequence[Sequence[Note]],
    *,
    columns: int,
    width: int = 192,
    lines: int = 3,
) -> Path:
    """Write the pictures, each `width` wide, row by row; a row is as high as its highest picture and `lines` of text."""
    font = ImageFont.load_default(size=12)
    shown = [fitted(picture, width) for picture in pictures]
    rows = [shown[k : k + columns] for k in range(0, len(shown), columns)]
    heights = [max(image.height for image in row) + lines * LINE + 2 * MARGIN for row in rows]
    sheet = Image.new("RGB", (columns * (width + MARGIN) + MARGIN, sum(heights) + MARGIN), PAPER)
    pen = ImageDraw.Draw(sheet)
    top = MARGIN
    for number, (row, height) in enumerate(zip(rows, heights, strict=True)):
        for column, image in enumerate(row):
            left = MARGIN + column * (width + MARGIN)
            sheet.paste(image, (left, top))
            written = [
                (line, wrong)
                for text, wrong in notes[number * columns + column]
                for line in textwrap.wrap(text, max(width * 2 // 13, 12))
            ]
            for k, (line, wrong) in enumerate(written[:lines]):
                pen.text((left, top + image.height + 2 + k * LINE), line, fill=WRONG if wrong else INK, font=font)
        top += height
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(file, optimize=True)
    return file


def fitted(picture: np.ndarray, width: int) -> Image.Image:
    """The picture, `width` pixels wide."""
    image = Image.fromarray(picture)
    return image.resize((width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS)
