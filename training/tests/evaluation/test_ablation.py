"""The rows of the ablation are the rows of Table 2, and each runs as far as it must."""

from __future__ import annotations

import inspect

import pytest
import torch

from engine.contracts import Space
from engine.protocol.params import SamplingParams
from engine.spaces.equirect import EquirectSpace
from engine.spaces.raster import RasterCanvas
from engine.spaces.views import views_paper_band
from training.evaluation.ablation import Recorder, settings
from training.evaluation.paper_table import ROWS, WITH_BORDER_STEPS

BASE = SamplingParams(t_start=900, t_stop=250, outer_steps=8, coarse_steps=4, blend_steps=1, ode_steps=12)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_has_its_ingredients_and_nothing_else(row):
    made = settings(row, BASE)
    assert (made.max_stochasticity, made.multi_step, made.non_overlapping) == row[1:4]
    assert (made.coarse_steps, made.fill_steps, made.blend_steps) == (0, 0, row.border_steps)
    assert made.ode_steps == 12 and made.guidance == BASE.guidance


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_only_rows_whose_passes_are_pictures_stop_early(row):
    """Rows without maximum stochasticity are Algorithm 2, which ends at t = 0; a one-step estimate is a picture only there."""
    made = settings(row, BASE)
    early = row.name in ("4", "6", WITH_BORDER_STEPS.name)
    assert (made.t_start, made.t_stop, made.outer_steps) == ((900, 250, 8) if early else (999, 0, 30))


def test_the_row_with_border_steps_differs_from_row_6_in_nothing_else():
    ours = settings(ROWS[5], BASE)
    assert settings(WITH_BORDER_STEPS, BASE).__dict__ == ours.__dict__ | {"blend_steps": 2}


@pytest.fixture
def space() -> EquirectSpace:
    return EquirectSpace(64, 32, view_sets=views_paper_band(), fill_sets=())


def test_a_recorder_is_a_whole_space(space):
    asked = {name for name, _ in inspect.getmembers(Space, inspect.isfunction) if not name.startswith("_")}
    assert asked <= set(dir(Recorder))
    told = {name for name, value in vars(Space).items() if isinstance(value, property)}
    recorder = Recorder(space)
    assert {"view_sets", "notices"} <= told and all(hasattr(recorder, name) for name in told)


def test_a_recorder_remembers_what_each_view_painted_last_at_any_size(space):
    recorder, views = Recorder(space), space.view_sets[0]
    canvas: RasterCanvas = recorder.at(16).unproject(recorder.blank(), views, torch.full((5, 3, 16, 16), 0.2), average=False)
    recorder.unproject(canvas, views[:1], torch.full((1, 3, 32, 32), 0.8), average=False)
    layers, seen = recorder.layers()
    means = [float(layer[:, where].mean()) for layer, where in zip(layers, seen, strict=True)]
    assert means == pytest.approx([0.8, 0.2, 0.2, 0.2, 0.2], abs=1e-5)  # sums of bilinear weights, float32
    # 72 of 360 degrees across and 61 (at the corners) to 72 (in the middle) of 180 up, to half a texel of 5.6 degrees
    assert all(0.055 < float(where.float().mean()) < 0.095 for where in seen)
