"""A loaded checkpoint computes what diffusers computes, however its batches are cut."""

from __future__ import annotations

import json
import shutil
from typing import NamedTuple

import pytest
import torch
from diffusers import (
    AutoencoderTiny,
    ControlNetModel,
    DDIMScheduler,
    StableDiffusionControlNetPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)

from engine.models.families.sd import load_checkpoint
from engine.protocol.errors import BadResult, ModelUnavailable, OutOfMemory

PROMPTS = {"horizon": "a red brick wall", "up": "a red brick wall, looking up at the sky"}
NEGATIVE = "blurry"
ROUNDING = 2e-5
"""Convolutions of other batch sizes sum in another order; outputs are of order one, float32 carries 1e-7 of that."""


class Labelled(NamedTuple):
    label: str


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def generators(count: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(100 + i) for i in range(count)]


@pytest.fixture(scope="module", params=["eps", "v"])
def folder(request, tiny_eps, tiny_v):
    return tiny_eps if request.param == "eps" else tiny_v


@pytest.fixture(scope="module")
def checkpoint(folder):
    """In float32, whatever is best on this processor: it is compared to rounding."""
    return load_checkpoint(folder, folder / "controlnet", dtype=torch.float32)


def test_says_what_the_folder_says(checkpoint, folder):
    scheduler = DDIMScheduler.from_pretrained(folder / "scheduler")
    assert checkpoint.prediction_type == scheduler.config.prediction_type
    assert torch.equal(checkpoint.alpha_bar, scheduler.alphas_cumprod.double())
    assert checkpoint.alpha_bar.dtype == torch.float64
    assert checkpoint.codec.latent_shape(checkpoint.view_resolution) == (4, 8, 8)
    assert checkpoint.view_resolution == 64
    assert not any(p.requires_grad for p in checkpoint.unet.parameters())
    assert not checkpoint.unet.training


def test_zero_snr_schedule_is_honoured(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "zero")
    path = copy / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rescale_betas_zero_snr": True}))
    alpha_bar = load_checkpoint(copy).alpha_bar
    assert torch.equal(alpha_bar, DDIMScheduler.from_pretrained(copy / "scheduler").alphas_cumprod.double())
    assert alpha_bar[-1] < 1e-6


def test_one_call_equals_diffusers_by_hand(checkpoint, folder):
    """Guided output with depth, two labels in one batch, against separate plain calls of freshly loaded networks."""
    unet = UNet2DConditionModel.from_pretrained(folder / "unet")
    net = ControlNetModel.from_pretrained(folder / "controlnet")
    pipe = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    views = [Labelled("horizon"), Labelled("up"), Labelled("horizon")]
    x, depth, t, guidance, scale = noise(3, 4, 8, 8), torch.rand(3, 1, 64, 64), 617, 6.5, 0.7
    denoiser = checkpoint.denoiser(PROMPTS, NEGATIVE, controlnet_scale=scale)
    output = denoiser(x, t, views, depth, guidance)

    def branch(i: int, text: torch.Tensor) -> torch.Tensor:
        hint = depth[i : i + 1].repeat(1, 3, 1, 1)
        down, middle = net(x[i : i + 1], t, text, hint, conditioning_scale=scale, return_dict=False)
        return unet(x[i : i + 1], t, text, down_block_additional_residuals=down, mid_block_additional_residual=middle).sample

    with torch.no_grad():
        for i, view in enumerate(views):
            cond, uncond = pipe.encode_prompt(PROMPTS[view.label], "cpu", 1, True, NEGATIVE)
            expected = branch(i, uncond) + guidance * (branch(i, cond) - branch(i, uncond))
            assert torch.allclose(output[i : i + 1], expected, atol=1e-4)  # guidance multiplies the rounding by 6.5
    assert denoiser.nfe == 6


@pytest.mark.parametrize("depth", [False, True])
def test_whole_run_equals_the_pipeline(checkpoint, folder, depth):
    """Three DDIM steps and the decoder, from the same latents, against diffusers' own pipeline."""
    latents, hint = noise(1, 4, 8, 8, seed=3), torch.rand(1, 1, 64, 64)
    if depth:
        net = ControlNetModel.from_pretrained(folder / "controlnet")
        pipe = StableDiffusionControlNetPipeline.from_pretrained(folder, controlnet=net, safety_checker=None)
    else:
        pipe = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    picture = {"image": hint.repeat(1, 3, 1, 1)} if depth else {}
    expected = pipe(
        PROMPTS["horizon"],
        negative_prompt=NEGATIVE,
        num_inference_steps=3,
        guidance_scale=5.0,
        latents=latents,
        output_type="pt",
        **picture,
    ).images

    scheduler = DDIMScheduler.from_pretrained(folder / "scheduler")
    scheduler.set_timesteps(3)
    denoiser = checkpoint.denoiser(PROMPTS, NEGATIVE)
    x = latents
    for t in scheduler.timesteps:
        x = scheduler.step(denoiser(x, int(t), [Labelled("horizon")], hint if depth else None, 5.0), t, x).prev_sample
    assert torch.allclose(checkpoint.codec.decode(x), expected, atol=1e-4)


def test_without_guidance_one_forward_each(checkpoint):
    denoiser = checkpoint.denoiser(PROMPTS, NEGATIVE)
    x, views = noise(2, 4, 8, 8), [Labelled("horizon"), Labelled("up")]
    alone = denoiser(x, 400, views, None, 1.0)
    assert denoiser.nfe == 2
    # guidance 1 is the conditional branch, whatever the unconditional one says: the limit from above agrees.
    assert torch.allclose(denoiser(x, 400, views, None, 1.0001), alone, atol=1e-3)


def test_prompt_depth_and_scale_matter(checkpoint):
    x, depth, one = noise(1, 4, 8, 8), torch.rand(1, 1, 64, 64), [Labelled("horizon")]
    plain = checkpoint.denoiser(PROMPTS, NEGATIVE)
    weak = checkpoint.denoiser(PROMPTS, NEGATIVE, controlnet_scale=0.5)
    outputs = [
        plain(x, 500, one, None, 4.0),
        plain(x, 500, [Labelled("up")], None, 4.0),
        plain(x, 500, one, depth, 4.0),
        weak(x, 500, one, depth, 4.0),
        checkpoint.denoiser(PROMPTS, "green")(x, 500, one, None, 4.0),
    ]
    for i, a in enumerate(outputs):
        for b in outputs[i + 1 :]:
            assert (a - b).abs().max() > 1e-3  # far above rounding


def test_the_size_of_batches_changes_nothing(checkpoint):
    x, depth = noise(5, 4, 8, 8), torch.rand(5, 1, 64, 64)
    views = [Labelled(name) for name in ("horizon", "up", "horizon", "up", "up")]
    images = torch.rand(5, 3, 64, 64)
    denoiser = checkpoint.denoiser(PROMPTS, NEGATIVE)

    def run(limit: int) -> list[torch.Tensor]:
        checkpoint.unet_batch.limit = checkpoint.vae_batch.limit = limit
        latents = checkpoint.codec.encode(images, generators(5))
        return [denoiser(x, 500, views, depth, 4.0), latents, checkpoint.codec.decode(latents)]

    whole = run(0)
    for limit in (1, 2, 7):
        for a, b in zip(run(limit), whole, strict=True):
            assert torch.allclose(a, b, atol=ROUNDING)


def test_a_view_does_not_depend_on_its_neighbours(checkpoint):
    """Encoding noise belongs to the view: alone or in a batch, the same generator gives the same latents."""
    images = torch.rand(3, 3, 64, 64)
    together = checkpoint.codec.encode(images, generators(3))
    alone = checkpoint.codec.encode(images[2:], generators(3)[2:])
    assert torch.allclose(together[2:], alone, atol=ROUNDING)
    assert (together[2:] - checkpoint.codec.encode(images[2:], generators(1))).abs().max() > 1e-3


def test_depth_is_read_once_for_all_steps_of_a_solve(checkpoint):
    """And anew for another condition, or for other views of it; what comes out is what reading it every time gives."""
    denoiser, views = checkpoint.denoiser(PROMPTS), [Labelled("horizon"), Labelled("up"), Labelled("up")]
    x = noise(3, 4, 8, 8)
    one, other = torch.rand(3, 1, 64, 64), torch.rand(3, 1, 64, 64)
    read = []
    hook = checkpoint.controlnet.controlnet_cond_embedding.embedding.register_forward_hook(lambda *call: read.append(call))
    steps = [denoiser(x, t, views, one, 4.0) for t in (900, 500, 100)]
    assert len(read) == -(-3 // checkpoint.unet_batch.limit)
    changed = denoiser(x, 900, views, other, 4.0)
    assert len(read) == 2 * -(-3 // checkpoint.unet_batch.limit)
    hook.remove()
    assert (changed - steps[0]).abs().max() > 10 * ROUNDING
    for t, step in zip((900, 500, 100), steps, strict=True):
        fresh = checkpoint.denoiser(PROMPTS)(x, t, views, one, 4.0)
        assert (fresh - step).abs().max() < ROUNDING


def test_codec_equals_diffusers(checkpoint, folder):
    vae = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None).vae
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        posterior = vae.encode(images * 2 - 1).latent_dist
        drawn = torch.stack([torch.randn(posterior.mean.shape[1:], generator=g) for g in generators(2)])
        latents = (posterior.mean + posterior.std * drawn) * vae.config.scaling_factor
        pixels = (vae.decode(latents / vae.config.scaling_factor).sample / 2 + 0.5).clamp(0, 1)
    assert torch.allclose(checkpoint.codec.encode(images, generators(2)), latents, atol=ROUNDING)
    assert torch.allclose(checkpoint.codec.decode(latents), pixels, atol=ROUNDING)


def test_tiny_autoencoder(tiny_eps, tmp_path):
    folder = shutil.copytree(tiny_eps, tmp_path / "taesd")
    shutil.rmtree(folder / "vae")
    torch.manual_seed(0)
    vae = AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
    ).eval()
    vae.save_pretrained(folder / "vae")
    checkpoint = load_checkpoint(folder, dtype=torch.float32)
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        latents = vae.encode(images * 2 - 1).latents
        pixels = (vae.decode(latents).sample / 2 + 0.5).clamp(0, 1)
    assert checkpoint.view_resolution == 64
    assert torch.allclose(checkpoint.codec.encode(images, generators(2)), latents, atol=ROUNDING)
    assert torch.allclose(checkpoint.codec.decode(latents), pixels, atol=ROUNDING)


def test_half_precision_files_load(tiny_eps, tmp_path):
    """The catalogue fetches fp16 files alone; they load in float32 too and give nearly the same output."""
    folder = shutil.copytree(tiny_eps, tmp_path / "half")
    for part, stem in (
        ("unet", "diffusion_pytorch_model"),
        ("vae", "diffusion_pytorch_model"),
        ("text_encoder", "model"),
        ("controlnet", "diffusion_pytorch_model"),
    ):
        from safetensors.torch import load_file, save_file

        weights = load_file(folder / part / f"{stem}.safetensors")
        save_file({k: v.half() for k, v in weights.items()}, folder / part / f"{stem}.fp16.safetensors", {"format": "pt"})
        (folder / part / f"{stem}.safetensors").unlink()
    (folder / "tokenizer" / "tokenizer.json").unlink()  # SD 1.5 and 2.1 have vocab.json and merges.txt alone
    half, full = (load_checkpoint(f, f / "controlnet", dtype=torch.float32) for f in (folder, tiny_eps))
    assert half.unet.dtype == half.dtype == torch.float32
    x, depth, view = noise(1, 4, 8, 8), torch.rand(1, 1, 64, 64), [Labelled("horizon")]
    outputs = [c.denoiser(PROMPTS, NEGATIVE)(x, 500, view, depth, 4.0) for c in (half, full)]
    assert torch.allclose(*outputs, atol=5e-2)  # weights rounded to 11 bits, guidance times four
    assert not torch.equal(*outputs)


def test_to_fp32_keeps_running_denoisers_valid(tiny_eps):
    checkpoint = load_checkpoint(tiny_eps, tiny_eps / "controlnet", dtype=torch.bfloat16)
    x, depth, view = noise(1, 4, 8, 8), torch.rand(1, 1, 64, 64), [Labelled("horizon")]
    denoiser = checkpoint.denoiser(PROMPTS, NEGATIVE)
    before = denoiser(x, 500, view, depth, 2.0)
    checkpoint.to_fp32()
    after = denoiser(x, 500, view, depth, 2.0)
    assert checkpoint.dtype == checkpoint.unet.dtype == checkpoint.vae.dtype == torch.float32
    assert before.dtype == after.dtype == torch.float32
    assert torch.allclose(before, after, atol=0.1)  # bfloat16 carries 8 bits
    assert torch.isfinite(checkpoint.codec.decode(x)).all()


def test_nan_is_a_bad_result(tiny_eps):
    checkpoint = load_checkpoint(tiny_eps)
    with pytest.raises(BadResult, match="NaN"):
        checkpoint.codec.decode(torch.full((1, 4, 8, 8), float("nan")))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
        RuntimeError("MPS backend out of memory"),
    ],
    ids=["cuda", "cpu", "mps"],
)
def test_out_of_memory_halves_until_it_fits(tiny_eps, error, monkeypatch):
    """A real lack of memory cannot be had in a test: a UNet that refuses more than two branches stands in for it."""
    checkpoint = load_checkpoint(tiny_eps)
    x, views = noise(7, 4, 8, 8), [Labelled("horizon")] * 7
    denoiser = checkpoint.denoiser(PROMPTS, NEGATIVE)
    whole = denoiser(x, 500, views, None, 4.0)
    forward, sizes = checkpoint.unet.forward, []

    def cramped(sample, *args, **kwargs):
        sizes.append(len(sample))
        if len(sample) > 4:
            raise error
        return forward(sample, *args, **kwargs)

    monkeypatch.setattr(checkpoint.unet, "forward", cramped)
    denoiser.nfe = 0
    assert torch.allclose(denoiser(x, 500, views, None, 4.0), whole, atol=ROUNDING)
    assert max(sizes) == 14 and sizes[-1] == 2 and denoiser.nfe == 14
    sizes.clear()
    denoiser(x, 500, views, None, 4.0)
    assert max(sizes) <= 4, "the size that fits must be remembered"


def test_out_of_memory_with_one_view_is_told(tiny_eps, monkeypatch):
    checkpoint = load_checkpoint(tiny_eps)

    def never(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(checkpoint.unet, "forward", never)
    with pytest.raises(OutOfMemory, match="one view") as caught:
        checkpoint.denoiser(PROMPTS)(noise(4, 4, 8, 8), 500, [Labelled("up")] * 4, None, 4.0)
    assert caught.value.fix == "free_memory"


def test_other_errors_are_not_taken_for_a_lack_of_memory(tiny_eps, monkeypatch):
    checkpoint = load_checkpoint(tiny_eps)

    def broken(*args, **kwargs):
        raise RuntimeError("expected scalar type Half")

    monkeypatch.setattr(checkpoint.unet, "forward", broken)
    with pytest.raises(RuntimeError, match="scalar type"):
        checkpoint.denoiser(PROMPTS)(noise(4, 4, 8, 8), 500, [Labelled("up")] * 4, None, 4.0)


def test_depth_at_another_size_is_resampled(checkpoint):
    x, view = noise(1, 4, 8, 8), [Labelled("horizon")]
    smooth = torch.linspace(0, 1, 128).expand(1, 1, 128, 128)
    denoiser = checkpoint.denoiser(PROMPTS, NEGATIVE)
    large = denoiser(x, 500, view, smooth, 1.0)
    fitting = denoiser(x, 500, view, torch.linspace(0, 1, 64).expand(1, 1, 64, 64), 1.0)
    assert torch.allclose(large, fitting, atol=0.05)  # the same ramp up to half a pixel
    assert (large - denoiser(x, 500, view, 1 - smooth, 1.0)).abs().max() > 0.05


def test_pair_that_does_not_fit_is_refused(tiny_eps, tmp_path):
    unet = UNet2DConditionModel.from_config({**UNet2DConditionModel.load_config(tiny_eps / "unet"), "cross_attention_dim": 48})
    ControlNetModel.from_unet(unet).save_pretrained(tmp_path / "other")
    with pytest.raises(ModelUnavailable, match="does not fit") as caught:
        load_checkpoint(tiny_eps, tmp_path / "other")
    assert "48" in caught.value.text and "32" in caught.value.text and str(tiny_eps) in caught.value.text


def test_inpainting_checkpoint_is_refused(tiny_eps, tmp_path):
    folder = shutil.copytree(tiny_eps, tmp_path / "inpaint")
    config = UNet2DConditionModel.load_config(folder / "unet") | {"in_channels": 9}
    UNet2DConditionModel.from_config(config).save_pretrained(folder / "unet")
    with pytest.raises(ModelUnavailable, match="inpainting"):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    "file",
    [
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
        "text_encoder/model.safetensors",
        "scheduler/scheduler_config.json",
        "tokenizer/tokenizer_config.json",
    ],
)
@pytest.mark.parametrize("damage", ["missing", "cut", "garbage"])
def test_damaged_folder_names_the_file(tiny_eps, tmp_path, file, damage):
    folder = shutil.copytree(tiny_eps, tmp_path / "copy")
    path = folder / file
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"\xff" * len(content))
    with pytest.raises(ModelUnavailable, match=path.name.replace(".", r"\.")) as caught:
        load_checkpoint(folder)
    assert caught.value.fix == "choose_model"


def test_weights_of_another_network_are_refused(tiny_eps, tmp_path):
    """diffusers would fill what is missing with random numbers and only log it: the picture would be noise."""
    folder = shutil.copytree(tiny_eps, tmp_path / "copy")
    shutil.copy(folder / "vae" / "diffusion_pytorch_model.safetensors", folder / "unet" / "diffusion_pytorch_model.safetensors")
    with pytest.raises(ModelUnavailable, match="unet do not belong to its config.json"):
        load_checkpoint(folder)


def test_freeing_gives_the_weights_back(tiny_eps):
    checkpoint = load_checkpoint(tiny_eps, dtype=torch.float32)
    assert checkpoint.memory_bytes() > 3e6
    checkpoint.free()
    assert {p.device.type for p in checkpoint.unet.parameters()} == {"meta"}


def test_too_little_memory_is_told_before_loading(tiny_eps, monkeypatch):
    """A full memory cannot be had in a test: the question how much is free is answered falsely, at the limit."""
    import engine.models.memory as memory

    parts = [tiny_eps / part / "diffusion_pytorch_model.safetensors" for part in ("unet", "vae", "controlnet")]
    files = [*parts, tiny_eps / "text_encoder" / "model.safetensors"]
    needed = sum(p.stat().st_size for p in files)  # float32 on disk, headers included
    monkeypatch.setattr(memory, "free_memory", lambda device: memory.ROOM_TO_WORK + needed)
    load_checkpoint(tiny_eps, tiny_eps / "controlnet", dtype=torch.float32)
    monkeypatch.setattr(memory, "free_memory", lambda device: memory.ROOM_TO_WORK + int(needed * 0.9))
    with pytest.raises(OutOfMemory, match="0.3 GB free") as caught:
        load_checkpoint(tiny_eps, tiny_eps / "controlnet", dtype=torch.float32)
    assert caught.value.fix == "free_memory"
    load_checkpoint(tiny_eps, dtype=torch.float32)  # without the ControlNet it fits
    load_checkpoint(tiny_eps, tiny_eps / "controlnet", dtype=torch.bfloat16)  # and so it does in half precision


def test_running_out_while_loading_is_not_called_damage(tiny_eps, monkeypatch):
    def no_room(self, *args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(UNet2DConditionModel, "to", no_room)
    with pytest.raises(OutOfMemory, match="load"):
        load_checkpoint(tiny_eps)


def test_free_memory_is_plausible():
    from engine.models.memory import free_memory

    free = free_memory(torch.device("cpu"))
    assert free is None or 1e7 < free < 1e13


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_half_precision_on_the_gpu_is_near_full(tiny_eps):
    half, full = (load_checkpoint(tiny_eps, tiny_eps / "controlnet", device="cuda", dtype=d) for d in (None, torch.float32))
    assert half.dtype == torch.float16
    x, depth, view = noise(2, 4, 8, 8).cuda(), torch.rand(2, 1, 64, 64).cuda(), [Labelled("horizon")] * 2
    outputs = [c.denoiser(PROMPTS, NEGATIVE)(x, 500, view, depth, 4.0) for c in (half, full)]
    assert torch.allclose(*outputs, atol=0.1)
