"""From pictures to a checkpoint that the engine loads, with every trainer run for seconds; each resumes from its state file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

pytest.importorskip("diffusers")

from engine.models.families.sd import load_checkpoint
from engine.models.layout import own_controlnet
from training.evaluation.classifier import train as train_classifier
from training.networks import train_text, train_unet, train_vae
from training.networks.common import ProcessGroup
from training.networks.export import export
from training.world import dataset
from training.world.captions import KINDS

CPU = torch.device("cpu")
SECONDS = 1 / 60


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Eight pictures of each kind to train on and eight held out, and every trainer's result after a second or two."""
    data = tmp_path_factory.mktemp("training")
    (data / "pictures").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "SHARD_SIZE", 8)
        for split in dataset.SPLITS:
            for part in KINDS:
                dataset.write_shard(data / "pictures", split, part, 0)
    processes = ProcessGroup(1, 0)
    train_vae.train(data, 2 * SECONDS, 0, processes, 1e-3, CPU, False, False)
    train_vae.train(data, 2 * SECONDS, 0, processes, 1e-3, CPU, False, True)
    train_text.train(data, 2 * SECONDS, 0, 8, 1e-3, CPU)
    train_unet.train(data, 3 * SECONDS, 0, 8, 1e-3, processes, False, CPU, False)
    train_unet.train(data, 3 * SECONDS, 0, 8, 1e-3, processes, True, CPU, False)
    return data


def state(data: Path, name: str) -> dict:
    return torch.load(data / f"{name}_state.pt", weights_only=True)


def test_the_engine_loads_what_was_trained_and_depth_changes_its_answer(data, tmp_path):
    export(data, tmp_path / "model")
    checkpoint = load_checkpoint(tmp_path / "model", own_controlnet(tmp_path / "model"), dtype=torch.float32)
    assert checkpoint.view_resolution == 256 and checkpoint.codec.latent_shape(256) == (16, 16, 16)
    with torch.inference_mode():
        x, text = torch.randn(1, 16, 16, 16), torch.randn(1, 32, 128)
        down, mid = checkpoint.controlnet(x, 500, text, controlnet_cond=torch.rand(1, 3, 256, 256), return_dict=False)
        free = checkpoint.unet(x, 500, text).sample
        bound = checkpoint.unet(x, 500, text, down_block_additional_residuals=down, mid_block_additional_residual=mid).sample
    assert bool(torch.isfinite(bound).all())
    assert not torch.equal(free, bound)  # its first, all-zero outputs would change nothing: it has learned


def test_latents_have_mean_zero_and_deviation_one(data):
    vae = train_vae.build_vae()
    vae.load_state_dict(torch.load(data / "vae.pt", weights_only=True))
    with torch.no_grad():
        posterior = vae.encode(train_vae.held_out(data, 12)).latent_dist
    assert abs(float(posterior.mean.mean())) < 0.2  # of 12 pictures other than those that were measured
    assert 0.7 < float(posterior.mean.square().mean().sqrt()) < 1.4
    assert float(posterior.std.max()) < 0.01  # no noise in a round trip


def train_again(data: Path, name: str, minutes: float) -> None:
    """One more run of the trainer that writes `name`_state.pt, with a schedule of `minutes` in all."""
    if name == "vae":
        train_vae.train(data, minutes, 0, ProcessGroup(1, 0), 1e-3, CPU, False, False)
    elif name == "text":
        train_text.train(data, minutes, 0, 8, 1e-3, CPU)
    elif name == "classifier":
        train_classifier.train(data, minutes, 0, 8, CPU)
    else:
        train_unet.train(data, minutes, 0, 8, 1e-3, ProcessGroup(1, 0), name == "control", CPU, False)


@pytest.mark.parametrize("name", ["vae", "text", "unet", "control", "classifier"])
def test_a_trainer_resumes_and_a_finished_one_changes_nothing(data, name, monkeypatch):
    monkeypatch.setattr(train_vae, "write_result", lambda *_, **__: None)  # a minute of round trips, which the fixture has run
    if name == "classifier":  # not part of the chain to the engine
        train_again(data, name, 2 * SECONDS)
    before = state(data, name)
    train_again(data, name, before["spent"] / 60 + 2 * SECONDS)
    resumed = state(data, name)
    assert resumed["step"] > before["step"] and resumed["spent"] > before["spent"] + 2
    train_again(data, name, resumed["spent"] / 60)
    after = state(data, name)
    weights = "network" if name == "classifier" else "model"
    assert after["step"] == resumed["step"]
    assert all(torch.equal(resumed[weights][key], after[weights][key]) for key in resumed[weights])
