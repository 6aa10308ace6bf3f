"""The evaluation table: rows from classified samples, each beside its target."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.classifier.network import Predictions
from training.evaluation.figures import Figure, figures, table
from training.evaluation.timing import Speed, VaeQuality
from training.world.captions import Facts

QUESTIONS = ("noun", "colour", "modifier", "scene", "time", "weather")
COUNT = 40


def predicted(facts: list[Facts], rng: np.random.Generator, spoiled: dict[str, int] | None = None) -> Predictions:
    """Predictions that are right but for the first few of each question named in `spoiled`."""
    answers = {}
    for question in QUESTIONS:
        right = [getattr(fact, question) or "none" for fact in facts]
        few = (spoiled or {}).get(question, 0)
        answers[question] = ["something else"] * few + right[few:]
    return Predictions(answers, {}, rng.normal(size=(len(facts), 5)))


@pytest.fixture
def found() -> dict[str, Figure]:
    from training.evaluation.evaluate import Prompts

    rng = np.random.default_rng(0)
    y, x = np.mgrid[:256, :256]
    solid = (x - 128) ** 2 + (y - 128) ** 2 < 70**2
    pictures = np.full((COUNT, 256, 256, 3), 128, np.uint8)
    pictures[:, solid] = 230
    depth = np.repeat(np.where(solid, 200, 0).astype(np.uint8)[None], COUNT, 0)
    half = COUNT // 2
    facts = {
        "flat": [Facts("flat", noun="brick", colour="red", modifier="mossy" if k < half else "") for k in range(COUNT)],
        "object": [Facts("object", noun="brick", colour="red", modifier="wet", view="front") for _ in range(COUNT)],
        "scene": [Facts("scene", scene="stars" if k < half else "city", time="night", look="up") for k in range(COUNT)],
    }
    prompts = [
        Prompts(kind, asked, [""] * COUNT, list(range(COUNT)), depth if kind == "object" else None, pictures, pictures[:half])
        for kind, asked in facts.items()
    ]
    spoiled = ({"noun": 4, "modifier": 10}, {"noun": 20}, {"time": 25})
    predictions = [predicted(asked, rng, few) for asked, few in zip(facts.values(), spoiled, strict=True)]
    own = [predicted(asked, rng) for asked in facts.values()]
    others = [predicted(asked[:half], rng) for asked in facts.values()]
    again = [predicted(facts["flat"], rng)]
    speed = Speed(40.0, 12.0, 300.0, 20.0, 12.0, 2, "cpu")
    vae = VaeQuality(27.0, 24.5, 21.0, "gravel", {"gravel": 21.0})
    rows = figures(prompts, [pictures] * 3, predictions, own, others, again, again, 4, speed, vae)
    return {row.name: row for row in rows}


def test_shares_count_only_what_was_asked(found):
    assert found["noun or scene right (no depth)"].value == pytest.approx(100 * 76 / 80)
    assert found["modifier right, where one was asked for"].value == pytest.approx(50)  # 20 of 40 asked for one
    time = found["time of day right (scenes that have one)"]
    assert (time.count, time.value) == (20, pytest.approx(75))  # scenes of permanent night have no time
    assert np.isnan(found["weather right"].value)


def test_with_depth_the_bar_is_five_points_below_without(found):
    assert found["noun right, with depth"].target == pytest.approx(85)
    assert found["noun right, with depth"].holds is False
    assert found["depth: edge F-score of the silhouette"].value > 0.99


def test_distances_are_times_those_of_reality(found):
    assert found["distance between seeds of one prompt, times the real one"].value == pytest.approx(1)
    assert found["Fréchet distance, times that of two real sets"].holds is True


def test_what_falls_short_says_so(found):
    assert found["autoencoder: PSNR, mean over nouns and scenes"].holds is True
    assert found["… lost from the first to the eighth cycle"].holds is False
    text = table(list(found.values()))
    assert "| autoencoder, there and back | 300.0 ms a view | ≤ 250 | **no** |" in text
    assert "| … worst (gravel) | 21.0 dB |  |  |" in text
