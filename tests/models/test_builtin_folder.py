"""The checkpoint that ships: an ordinary diffusers folder within its size limits, with the vocabulary it was trained on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

diffusers = pytest.importorskip("diffusers")

BUILTIN = Path(__file__).resolve().parents[2] / "engine" / "models" / "builtin"
MEGABYTE = 10**6


@pytest.fixture(scope="module")
def pipeline():
    controlnet = diffusers.ControlNetModel.from_pretrained(BUILTIN / "controlnet", dtype=torch.float32)
    return diffusers.StableDiffusionControlNetPipeline.from_pretrained(
        BUILTIN,
        controlnet=controlnet,
        dtype=torch.float32,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def test_files_are_small_and_weights_are_half_precision():
    from safetensors import safe_open

    files = [file for file in BUILTIN.rglob("*") if file.is_file()]
    assert max(file.stat().st_size for file in files) <= 15_000_000
    assert sum(file.stat().st_size for file in files) <= 32 * MEGABYTE
    weights = [file for file in files if file.suffix == ".safetensors"]
    assert {file.parent.name for file in weights} == {"unet", "vae", "text_encoder", "controlnet"}
    for file in weights:
        with safe_open(file, "pt") as opened:
            for key in opened.keys():
                tensor = opened.get_tensor(key)
                assert not tensor.is_floating_point() or tensor.dtype == torch.float16
                assert bool(torch.isfinite(tensor).all()), key


def test_it_runs_as_a_standard_pipeline_with_depth(pipeline):
    pipeline.set_progress_bar_config(disable=True)
    size = pipeline.vae_scale_factor * pipeline.unet.config.sample_size
    depth = torch.zeros(1, 3, size, size)
    picture = pipeline(
        "red brick", image=depth, height=size, width=size, num_inference_steps=2, generator=torch.Generator().manual_seed(0)
    ).images[0]
    assert picture.size == (size, size)


def test_the_schedule_reaches_pure_noise(pipeline):
    """v-prediction with zero terminal signal; diffusers keeps 2**-24 at the last step."""
    assert pipeline.scheduler.config.prediction_type == "v_prediction"
    assert float(pipeline.scheduler.alphas_cumprod[-1]) < 1e-6


def test_every_known_word_is_one_token_and_unknown_words_still_have_tokens(pipeline):
    listed = json.loads((BUILTIN / "vocabulary.json").read_text())
    for word in listed["words"]:
        assert len(pipeline.tokenizer.tokenize(word)) == 1, word
    unknown = pipeline.tokenizer("Xylophone 42 été").input_ids
    assert len(unknown) > 6 and None not in unknown


def test_the_nearest_words_lead_from_what_it_does_not_know_to_what_it_does():
    listed = json.loads((BUILTIN / "vocabulary.json").read_text())
    assert listed["nearest"] and set(listed["nearest"].values()) <= set(listed["words"])
    assert not set(listed["nearest"]) & set(listed["words"])


def test_the_good_prompts_use_known_words_only():
    listed = json.loads((BUILTIN / "vocabulary.json").read_text())
    for prompt in [*listed["good_prompts"]["texture"], *listed["good_prompts"]["panorama"]]:
        assert set(re.findall(r"[a-z]+", prompt.lower())) <= set(listed["words"]), prompt


def test_the_autoencoder_keeps_the_size_it_is_given(pipeline):
    """Latents are a sixteenth of the picture, and the way back returns the picture's size."""
    picture = torch.rand(1, 3, 64, 96) * 2 - 1
    with torch.no_grad():
        latent = pipeline.vae.encode(picture).latent_dist.mode()
        back = pipeline.vae.decode(latent).sample
    assert latent.shape == (1, pipeline.unet.config.in_channels, 4, 6)
    assert back.shape == picture.shape
