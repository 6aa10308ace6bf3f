"""The page about Table 2 says what the numbers say, whichever way they fall."""

from __future__ import annotations

import numpy as np
import pytest

from engine.protocol.params import SamplingParams
from training.paper_table import CLAIMS, ROWS, report


def entries(offsets: dict[int, float]) -> list[dict]:
    """Four prompts a row; a row's features lie `offset` away from those of the single pictures, row 0."""
    lines = []
    for row, offset in offsets.items():
        rng = np.random.default_rng(5)
        for prompt in range(4):
            features = rng.normal(size=(10, 6)) + offset
            lines.append({
                "row": row, "prompt_number": prompt, "features": features.tolist(), "right": 0.9, "agreement": 1.0,
                "seam": 1 + offset, "disagreement": offset / 255, "forwards": 100,
            })  # fmt: skip
    return lines


def page(offsets: dict[int, float]) -> str:
    return report(entries(offsets), entries({0: 0.0}), SamplingParams())


def test_the_papers_own_numbers_hold_in_their_order():
    text = page({row.number: row.fid / 100 for row in ROWS})
    assert "Yes: by Fréchet distance our rows run 6, 4, 1, 3, 5, 2" in text
    assert "rank correlation 1.00" in text and "comes first here" in text


def test_the_opposite_order_is_said_to_be_wrong():
    text = page({row.number: 2 - row.fid / 100 for row in ROWS})
    assert "No: by Fréchet distance" in text and "rank correlation -1.00" in text and "comes sixth here" in text
    assert text.count("**no**") >= sum(claim.measure == "frechet" for claim in CLAIMS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_every_row_stands_beside_the_papers(row):
    assert f"| {row.fid:.2f} | {row.inception:.2f} |" in page({each.number: each.number / 9 for each in ROWS})


def test_prompts_that_not_all_rows_have_done_are_left_out():
    lines = entries({row.number: row.fid / 100 for row in ROWS})
    lines.remove(next(line for line in lines if line["row"] == 3 and line["prompt_number"] == 2))
    assert report(lines, entries({0: 0.0}), SamplingParams()).count("3 prompts, one panorama band") == 1
