"""Networks run in the precision that suits the device, and nothing else does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from fake_card import fake_card

from engine.models.catalog import BUILTIN_FOLDER
from engine.models.device import Precision, best_dtype, dtype_named, multiplies_bfloat16, precision_for
from engine.models.families.sd import load_checkpoint
from engine.protocol.errors import InvalidParameter
from engine.protocol.messages import Notice

CPU, CUDA, MPS = (torch.device(name) for name in ("cpu", "cuda", "mps"))
HALF, BRAIN, FULL = torch.float16, torch.bfloat16, torch.float32


class Labelled(NamedTuple):
    label: str


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "found,dtype",
    [
        ({"avx512_bf16": True, "amx_bf16": False}, BRAIN),
        ({"amx_bf16": True}, BRAIN),
        ({"avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, FULL),
        ({"architecture": "arm64", "bf16": True}, FULL),
        ({}, FULL),
    ],
)
def test_a_processor_takes_bfloat16_only_where_it_multiplies_it(monkeypatch, found, dtype):
    """On every other one it is emulated and slower; on ARM nobody has measured it."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    assert best_dtype(CPU) == dtype


def test_torch_answers_for_this_processor():
    flags = Path("/proc/cpuinfo")
    if not flags.is_file():
        pytest.skip("compares with what Linux says")
    listed = flags.read_text(encoding="utf-8")
    assert multiplies_bfloat16() == ("avx512_bf16" in listed or "amx_bf16" in listed)


@pytest.mark.parametrize(
    "device,asked,force_upcast,expected",
    [
        (CUDA, None, False, Precision(HALF, HALF, HALF)),
        (CUDA, None, True, Precision(HALF, FULL, HALF)),  # SDXL's VAE overflows in float16
        (CUDA, BRAIN, True, Precision(BRAIN, BRAIN, BRAIN)),  # and not in bfloat16, which has float32's range
        (CUDA, FULL, True, Precision(FULL, FULL, FULL)),
        (MPS, None, False, Precision(HALF, FULL, HALF)),
        (CPU, BRAIN, True, Precision(BRAIN, BRAIN, FULL)),
        (CPU, HALF, True, Precision(HALF, FULL, FULL)),
        (CPU, FULL, False, Precision(FULL, FULL, FULL)),
    ],
)
def test_each_part_has_its_own(device, asked, force_upcast, expected):
    assert precision_for(device, asked, force_upcast=force_upcast) == expected


def test_names():
    assert [dtype_named(name) for name in ("auto", "float32", "bfloat16", "float16")] == [None, FULL, BRAIN, HALF]
    with pytest.raises(InvalidParameter, match="float64"):
        dtype_named("float64")


@pytest.fixture(scope="module", params=["tiny_eps", "tiny_v"])
def folder(request, tmp_path_factory) -> Path:
    """A checkpoint whose config leaves force_upcast out, as those of SD 1.5 and 2.1 do; diffusers takes that for true."""
    copy = shutil.copytree(request.getfixturevalue(request.param), tmp_path_factory.mktemp("plain") / request.param)
    path = copy / "vae" / "config.json"
    config = json.loads(path.read_text())
    del config["force_upcast"]
    path.write_text(json.dumps(config))
    return copy


@pytest.mark.parametrize("dtype,tolerance", [(HALF, 0.05), (BRAIN, 0.3)])
def test_whole_networks_in_half_precision_on_the_processor(folder, dtype, tolerance):
    """With depth and guidance of 4, which multiplies the rounding of 11 and 8 bits; what leaves the networks is float32."""
    half, full = (load_checkpoint(folder, folder / "controlnet", dtype=one) for one in (dtype, FULL))
    assert {m.dtype for m in (half.unet, half.vae, half.controlnet)} == {dtype} and half.text_encoder.dtype == FULL
    x, depth, images = noise(2, 4, 8, 8), noise(2, 1, 64, 64).sigmoid(), noise(2, 3, 64, 64).sigmoid()
    views = [Labelled("a"), Labelled("b")]

    def outputs(checkpoint) -> list[torch.Tensor]:
        denoiser = checkpoint.denoiser({"a": "a red brick wall", "b": "the blue sky"}, "blurry")
        generators = [torch.Generator().manual_seed(i) for i in range(2)]
        return [denoiser(x, 500, views, depth, 4.0), checkpoint.codec.encode(images, generators), checkpoint.codec.decode(x)]

    for rounded, exact in zip(outputs(half), outputs(full), strict=True):
        assert rounded.dtype == exact.dtype == FULL
        assert torch.allclose(rounded, exact, atol=tolerance) and not torch.equal(rounded, exact)


def test_latents_keep_their_bits_outside_the_networks(folder):
    """float32 goes in and comes out; a network that returned its input would return it to bfloat16's 8 bits and no worse:
    the scale of the latents and the noise of the posterior are never rounded."""
    checkpoint = load_checkpoint(folder, dtype=BRAIN)
    codec, image = checkpoint.codec, torch.full((1, 3, 64, 64), 0.5)
    first, second = (codec.encode(image, [torch.Generator().manual_seed(seed)]) for seed in (1, 2))
    assert not torch.equal(first, first.to(BRAIN).float()), "latents were rounded to bfloat16"
    assert not torch.equal(first, second)
    seen = []
    checkpoint.vae.post_quant_conv.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    codec.decode(first)
    assert torch.equal(seen[0], (first / codec.scale).to(BRAIN)), "rounded once, after the scale was taken off"


def test_precision_is_raised_decoder_first(folder):
    checkpoint = load_checkpoint(folder, folder / "controlnet", dtype=BRAIN)
    x, view = noise(1, 4, 8, 8), [Labelled("a")]
    denoiser, codec = checkpoint.denoiser({"a": "red"}, "blurry"), checkpoint.codec
    before = denoiser(x, 500, view, None, 2.0)
    said = checkpoint.raise_precision()
    assert said == Notice("decoder_raised")
    assert (checkpoint.vae.dtype, checkpoint.unet.dtype, checkpoint.dtype) == (FULL, BRAIN, BRAIN)
    assert torch.equal(denoiser(x, 500, view, None, 2.0), before), "the networks that were sound were touched"
    assert torch.isfinite(codec.decode(x)).all()
    said = checkpoint.raise_precision()
    assert said == Notice("precision_raised")
    assert {m.dtype for m in (checkpoint.unet, checkpoint.controlnet)} == {checkpoint.dtype} == {FULL}
    exact = load_checkpoint(folder, dtype=FULL)
    # Weights that were rounded to bfloat16 stay rounded; what is computed from them is not.
    expected = exact.denoiser({"a": "red"}, "blurry")(x, 500, view, None, 2.0)
    assert torch.allclose(denoiser(x, 500, view, None, 2.0), expected, atol=0.1)
    assert checkpoint.raise_precision() is None
    assert load_checkpoint(folder, dtype=FULL).raise_precision() is None


def test_compiling_is_for_cuda_and_for_the_networks(folder, monkeypatch):
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: compiled.append(type(self).__name__))
    load_checkpoint(folder, folder / "controlnet", compile=True)
    assert compiled == []
    with fake_card():
        load_checkpoint(folder, folder / "controlnet", device="cuda")
        assert compiled == []
        load_checkpoint(folder, folder / "controlnet", device="cuda", compile=True)
    assert compiled == ["UNet2DConditionModel", "ControlNetModel", "Decoder"]


def test_a_compiled_network_keeps_its_name_and_survives_a_change_of_precision(folder):
    """What load_checkpoint does on CUDA, with torch's compiler that compiles nothing: the machine may have no C++ compiler."""
    checkpoint = load_checkpoint(folder, folder / "controlnet", dtype=BRAIN)
    x, depth, view = noise(1, 4, 8, 8), noise(1, 1, 64, 64).sigmoid(), [Labelled("a")]
    denoiser = checkpoint.denoiser({"a": "red"}, "blurry")
    plain = denoiser(x, 500, view, depth, 2.0)
    for module in (checkpoint.unet, checkpoint.controlnet):
        module.compile(backend="eager")
    assert torch.allclose(denoiser(x, 500, view, depth, 2.0), plain, atol=0.05)
    checkpoint.to_fp32()
    assert checkpoint.unet.dtype == FULL and torch.allclose(denoiser(x, 500, view, depth, 2.0), plain, atol=0.1)


def test_the_built_in_model_in_bfloat16_shows_the_same_pictures():
    """Eight bits a channel are 0.3 % apart; the decoder's rounding stays within about that: 40 dB are 1 % of full scale."""
    full, brain = (load_checkpoint(BUILTIN_FOLDER, dtype=dtype) for dtype in (FULL, BRAIN))
    image = torch.nn.functional.interpolate(noise(1, 3, 8, 8).sigmoid(), size=256, mode="bicubic").clamp(0, 1)
    latents = full.codec.encode(image, [torch.Generator().manual_seed(0)])
    error = (brain.codec.decode(latents) - full.codec.decode(latents)).square().mean()
    assert -10 * torch.log10(error) > 40


@pytest.mark.parametrize("view_resolution,words", [(60, "48 or 64"), (0, "multiples"), (8, "multiples")])
def test_a_size_that_the_networks_cannot_take_is_told(folder, view_resolution, words):
    codec = load_checkpoint(folder, dtype=FULL).codec
    assert codec.latent_shape(64) == (4, 8, 8) and codec.latent_shape(48) == (4, 6, 6) and codec.latent_shape(128) == (4, 16, 16)
    with pytest.raises(InvalidParameter, match=words):
        codec.latent_shape(view_resolution)


def test_the_built_in_model_takes_every_multiple_of_32():
    """16 pixels are a latent, and the UNet halves once more."""
    codec = load_checkpoint(BUILTIN_FOLDER, dtype=FULL).codec
    assert codec.latent_shape(256) == (16, 16, 16) and codec.latent_shape(512) == (16, 32, 32)
    with pytest.raises(InvalidParameter, match="256 or 288"):
        codec.latent_shape(272)
