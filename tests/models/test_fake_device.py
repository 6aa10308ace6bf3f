"""Whole networks on a card that is not there, in half precision: a tensor on the wrong device, or of the wrong dtype, fails."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from fake_card import CUDA, MixedDevices, OnCard, fake_card

from engine.models.families.sd import load_checkpoint

HALVES = (torch.float16, torch.bfloat16)


class Labelled(NamedTuple):
    label: str


VIEWS = [Labelled("horizon"), Labelled("up"), Labelled("horizon")]
PROMPTS = {"horizon": "a red brick wall", "up": "the blue sky"}


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module", params=["tiny_eps", "tiny_v"])
def folder(request, tmp_path_factory) -> Path:
    """A checkpoint that does not ask for a VAE in full precision, as SD 1.5 and 2.1 do not."""
    copy = shutil.copytree(request.getfixturevalue(request.param), tmp_path_factory.mktemp("half") / request.param)
    config = copy / "vae" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"force_upcast": False}))
    return copy


def generators() -> list[torch.Generator]:
    return [torch.Generator().manual_seed(i) for i in range(len(VIEWS))]


def run_everything(folder, device: str, dtype: torch.dtype) -> list[torch.Tensor]:
    """Guided outputs with and without depth, latents and pictures, on the host."""
    checkpoint = load_checkpoint(folder, folder / "controlnet", device=device, dtype=dtype)
    denoiser = checkpoint.denoiser(PROMPTS, "blurry", controlnet_scale=0.7)
    x, depth, images = (noise(3, *shape).to(device) for shape in ((4, 8, 8), (1, 64, 64), (3, 64, 64)))
    depth, images = depth.sigmoid(), images.sigmoid()
    outputs = [
        denoiser(x, 700, VIEWS, depth, 5.0),
        denoiser(x, 300, VIEWS, depth, 5.0),
        denoiser(x, 300, VIEWS, None, 1.0),
        checkpoint.codec.encode(images, generators()),
        checkpoint.codec.decode(x),
    ]
    assert {output.dtype for output in outputs} == {torch.float32}, "latents and pictures stay in full precision outside"
    assert {output.device.type for output in outputs} == {device}
    return [output.cpu() for output in outputs]


@pytest.mark.parametrize("dtype", HALVES)
def test_everything_stays_on_the_card(folder, dtype):
    with fake_card():
        on_card = run_everything(folder, "cuda", dtype)
    # The processor's own kernels either way; another order in memory sums in another order, which guidance multiplies.
    tolerance = 40 * torch.finfo(dtype).eps
    for card, host in zip(on_card, run_everything(folder, "cpu", dtype), strict=True):
        assert torch.allclose(card, host, atol=tolerance)


def test_a_card_takes_half_precision_by_itself(folder):
    with fake_card():
        checkpoint = load_checkpoint(folder, folder / "controlnet", device="cuda")
        modules = (checkpoint.unet, checkpoint.controlnet, checkpoint.vae, checkpoint.text_encoder)
        assert all(isinstance(p, OnCard) for module in modules for p in module.parameters())
        assert checkpoint.dtype == torch.float16 and {module.dtype for module in modules} == {torch.float16}
        weight = checkpoint.unet.conv_in.weight.host
        assert weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("dtype,vae", [(torch.float16, torch.float32), (torch.bfloat16, torch.bfloat16)])
def test_a_vae_that_overflows_runs_in_full_precision_from_the_start(tiny_eps, dtype, vae):
    """The tiny checkpoint says force_upcast, as SDXL does. bfloat16 has float32's range: nothing overflows in it."""
    with fake_card():
        checkpoint = load_checkpoint(tiny_eps, device="cuda", dtype=dtype)
        assert (checkpoint.unet.dtype, checkpoint.vae.dtype) == (dtype, vae)
        checkpoint.codec.decode(checkpoint.codec.encode(noise(3, 3, 64, 64).sigmoid().to("cuda"), generators()))


def test_no_network_call_waits_for_the_one_before(tiny_eps):
    """Between host and card nothing moves in a call of the denoiser; a decoded batch is asked once whether it is a picture."""
    with fake_card() as traffic:
        checkpoint = load_checkpoint(tiny_eps, tiny_eps / "controlnet", device="cuda")
        denoiser = checkpoint.denoiser(PROMPTS, "blurry")
        x, depth = noise(3, 4, 8, 8).to("cuda"), noise(3, 1, 64, 64).sigmoid().to("cuda")
        traffic.clear()
        denoiser(x, 700, VIEWS, depth, 5.0)
        assert traffic == []
        checkpoint.codec.decode(x)
        assert traffic == ["_local_scalar_dense"]


def test_raising_the_precision_leaves_nothing_behind(folder):
    with fake_card():
        checkpoint = load_checkpoint(folder, folder / "controlnet", device="cuda")
        denoiser, codec = checkpoint.denoiser(PROMPTS, "blurry"), checkpoint.codec
        x, depth = noise(3, 4, 8, 8).to("cuda"), noise(3, 1, 64, 64).sigmoid().to("cuda")
        for vae, unet in ((torch.float16, torch.float16), (torch.float32, torch.float16), (torch.float32, torch.float32)):
            assert (checkpoint.vae.dtype, checkpoint.unet.dtype) == (vae, unet)
            denoiser(x, 700, VIEWS, depth, 5.0)
            codec.decode(codec.encode(codec.decode(x), generators()))
            checkpoint.raise_precision()
        assert checkpoint.raise_precision() is None


def test_the_fake_card_notices_what_a_card_would(tiny_eps):
    """Each kind of mistake, made on purpose."""
    with fake_card(), torch.inference_mode():
        here, there = torch.ones(2, 3, device="cuda"), torch.ones(2, 3)
        assert here.device == CUDA and (here + 1).device == CUDA and torch.equal((here + torch.tensor(1.0)).cpu(), there + 1)
        for mistake in (
            lambda: here + there,
            lambda: torch.cat([here, there]),
            lambda: torch.stack([torch.tensor(1.0), here[0, 0]]),
            lambda: torch.randn(2, device="cuda", generator=torch.Generator()),
        ):
            with pytest.raises(MixedDevices):
                mistake()
        with pytest.raises(RuntimeError):
            here.numpy()
        with pytest.raises(RuntimeError, match="dtype|type"):
            here.half() @ here.T
        checkpoint = load_checkpoint(tiny_eps, tiny_eps / "controlnet", device="cuda")
        x, depth = noise(3, 4, 8, 8).to("cuda"), noise(3, 1, 64, 64).sigmoid().to("cuda")
        checkpoint.controlnet.controlnet_mid_block.float()
        with pytest.raises(RuntimeError, match="type"):
            checkpoint.denoiser(PROMPTS)(x, 700, VIEWS, depth, 5.0)
        checkpoint.controlnet.controlnet_mid_block.half().to("cpu")
        with pytest.raises(MixedDevices):
            checkpoint.denoiser(PROMPTS)(x, 700, VIEWS, depth, 5.0)
