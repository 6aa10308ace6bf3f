"""The text of the page about Table 2 agrees with the numbers, whatever their order."""

from __future__ import annotations

import numpy as np
import pytest

from engine.protocol.params import SamplingParams
from training.evaluation.paper_table import CLAIMS, FORMER, PAPERS, ROWS, WITH_BORDER_STEPS, report

ORDER = {row.name: row.paper.fid / 100 for row in PAPERS} | {WITH_BORDER_STEPS.name: 0.5}


def entries(offsets: dict[str, float]) -> list[dict]:
    """Four prompts a row; a row's features lie `offset` away from those of the single pictures, whose offset is 0."""
    lines = []
    for row, offset in offsets.items():
        rng = np.random.default_rng(5)
        for prompt in range(4):
            features = rng.normal(size=(10, 6)) + offset
            lines.append({
                "row": row, "prompt_number": prompt, "features": features.tolist(), "right": 0.9, "agreement": 1.0,
                "seam": 1 + offset, "disagreement": offset / 255, "nfe": 100, "detail": 1 - offset / 10,
                "passes": 30 if row in ("1", "2", "3", "5") else 8,
                "last_t": {"4": 331, "6": 331, WITH_BORDER_STEPS.name: 640}.get(row, 33),
                "seam_last_set": 1 + offset, "seam_set_before": 1.0,
            })  # fmt: skip
    return lines


def page(offsets: dict[str, float]) -> str:
    return report(entries(offsets), entries({"": 0.0}), SamplingParams())


def test_the_papers_own_numbers_hold_in_their_order():
    text = page(ORDER)
    assert "Yes: by Fréchet distance our rows run 6, 4, 1, 3, 5, 2" in text
    assert "rank correlation 1.00" in text and "comes first here" in text


def test_the_opposite_order_is_said_to_be_wrong():
    text = page({name: 2 - offset for name, offset in ORDER.items()})
    assert "No: by Fréchet distance" in text and "rank correlation -1.00" in text and "comes sixth here" in text
    assert text.count("**no**") >= sum(claim.measure == "frechet" for claim in CLAIMS)


@pytest.mark.parametrize("row", PAPERS, ids=lambda row: row.name)
def test_every_row_stands_beside_the_papers(row):
    assert f"| {row.paper.fid:.2f} | {row.paper.inception:.2f} |" in page(ORDER)


def test_all_lines_of_the_table_have_as_many_cells():
    table = [line for line in page(ORDER).splitlines() if line.startswith("|")][: len(ROWS) + 3]
    assert {line.count("|") for line in table} == {18}


def test_a_row_of_ours_is_in_the_table_but_not_in_the_order_nor_among_the_claims():
    text = page(ORDER | {WITH_BORDER_STEPS.name: 0.0})
    assert "| 6 with border steps | yes | yes | yes |" in text
    assert "our rows run 6, 4, 1, 3, 5, 2" in text and "StochSync is better than SyncTweedies | 6 below 1" in text


def test_the_page_says_how_each_row_ran_and_that_the_former_one_was_wrong():
    text = page(ORDER)
    assert "Rows 1, 2, 3 and 5 make 30 passes, the last at t = 33; rows 4 and 6 make 8 passes, the last at t = 331" in text
    assert "; row 6 with border steps makes 8 passes, the last at t = 640." in text
    assert FORMER in text and "row 3" in FORMER and "t = 331" in FORMER


def test_sentences_about_seams_follow_the_numbers():
    text = page(ORDER)
    assert "has weaker seams than row 1, SyncTweedies: 1.58 ± 0.00 against 1.81 ± 0.00; weaker in 4 of 4 prompts" in text
    assert "What row 1 has instead of seams is blur." not in text and "So what row 1 has instead of seams is blur." in text
    assert "weaker than without and weaker than row 1's" in text
    text = page(ORDER | {"6": 0.9, WITH_BORDER_STEPS.name: 1.0})
    assert "has stronger seams than row 1" in text and "weaker in 0 of 4" in text
    assert "not weaker than without and not weaker than row 1's" in text
    assert "So row 1 is no softer than row 6, and its views differ no more." in text


def test_blur_without_disagreement_is_put_down_to_earlier_passes():
    lines = entries(ORDER)
    for line in lines:
        if line["row"] == "1":
            line["disagreement"] = 0.0
    text = report(lines, entries({"": 0.0}), SamplingParams())
    assert "So row 1 is the softer, although its views differ less in the end" in text
    assert "its last pass starts at t = 33, row 6's at 331" in text


def test_disagreements_of_rows_that_end_at_another_noise_level_are_not_compared_silently():
    text = page(ORDER)
    assert "The disagreements of rows 4 and 3 cannot be compared" in text
    assert "| 2 below 1 | disagreement 1.39 against 0.81 | **no** | in 0 % | yes |" in text
    alike = [line | {"passes": 30, "last_t": 33} for line in entries(ORDER)]
    assert "cannot be compared" not in report(alike, entries({"": 0.0}), SamplingParams())


def test_prompts_that_not_all_rows_have_done_are_left_out():
    lines = entries(ORDER)
    lines.remove(next(line for line in lines if line["row"] == "3" and line["prompt_number"] == 2))
    assert report(lines, entries({"": 0.0}), SamplingParams()).count("3 prompts, one panorama band") == 1
