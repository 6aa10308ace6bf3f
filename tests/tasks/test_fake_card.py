"""Whole jobs on a card that is not there: a tensor on the wrong device, or of the wrong dtype, fails."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from fake_card import fake_card
from PIL import Image
from tiny_checkpoint import make_tiny_checkpoint

from engine.canonical import SpaceCache
from engine.io.mesh_files import unwrap
from engine.models.load import ModelCache
from engine.protocol.job import Job, save_job
from engine.protocol.kinds import PanoramaParams, TextureParams
from engine.protocol.messages import Result
from engine.protocol.params import EngineParams, SamplingParams
from engine.tasks import run_job

SHORT = SamplingParams(outer_steps=6, coarse_steps=4, warmup=1, blend_steps=1, ode_steps=3, t_stop=300)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    """Does not ask for a VAE in full precision, so that all networks run in half."""
    folder = make_tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "model", "v_prediction")
    config = folder / "vae" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"force_upcast": False}))
    return str(folder)


@pytest.fixture
def jobs(model) -> dict[str, Job]:
    panorama = Job(kind="panorama", params=PanoramaParams(prompt="a meadow", model=model, width=256), sampling=SHORT)
    texture = Job(
        kind="texture", params=TextureParams(prompt="a brick", model=model, size=128), sampling=replace(SHORT, outer_steps=9)
    )
    return {"panorama": panorama, "texture": texture}


def sphere():
    ball = trimesh.creation.icosphere(subdivisions=2)
    return unwrap(np.asarray(ball.vertices, np.float32), np.asarray(ball.faces, np.int32))


def run(folder: Path, job: Job, device: str, precision: str) -> tuple[np.ndarray, dict]:
    """The picture and the report of `job`."""
    job = replace(job, engine=EngineParams(device=device, precision=precision))
    save_job(folder, job, sphere() if job.kind == "texture" else None)
    assert isinstance(list(run_job(folder, ModelCache(), SpaceCache()))[-1], Result)
    with Image.open(folder / "result.png") as picture:
        return np.asarray(picture).astype(float), json.loads((folder / "report.json").read_bytes())


@pytest.mark.parametrize("kind", ["panorama", "texture"])
@pytest.mark.parametrize("precision,dtype", [("auto", "float16"), ("bfloat16", "bfloat16")])
def test_a_whole_job_stays_on_the_card(jobs, kind, precision, dtype, tmp_path):
    with fake_card():
        card, report = run(tmp_path / "job", jobs[kind], "cuda", precision)
    assert (report["device"], report["dtype"]) == ("cuda", dtype)
    assert report["nfe"] == report["planned_nfe"] and report["coverage"] > 0.5
    assert {"denoise", "encode", "decode", "project", "unproject", "total"} <= set(report["seconds"])
    assert not report["notices"] and card.std() > 1


@pytest.mark.parametrize("kind", ["panorama", "texture"])
def test_the_card_makes_the_picture_that_the_processor_makes(jobs, kind, tmp_path):
    """In full precision, where both round alike but for the order of sums, which a random network's solves enlarge: within
    one grey level of 255 on average."""
    with fake_card():
        card, _ = run(tmp_path / "card", jobs[kind], "cuda", "float32")
    host, _ = run(tmp_path / "host", jobs[kind], "cpu", "float32")
    assert np.abs(card - host).mean() < 1
