"""Calls are cut to the memory that is free before they run out of it."""

from __future__ import annotations

import threading
import time

import pytest
import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from live_bytes import LiveBytes
from torch._subclasses import FakeTensorMode

from engine.models import adaptive_batch
from engine.models.adaptive_batch import SHARE, AdaptiveBatch
from engine.models.catalog import BUILTIN_FOLDER
from engine.models.families.sd import load_checkpoint
from engine.models.memory import unet_bytes, vae_bytes
from engine.protocol.exhaustion import is_out_of_memory

SD21 = {
    "unet": {
        "sample_size": 64,
        "cross_attention_dim": 1024,
        "attention_head_dim": (5, 10, 20, 20),
        "use_linear_projection": True,
    },
    "vae": {
        "block_out_channels": (128, 256, 512, 512),
        "layers_per_block": 2,
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
    },
}
VIEWS = 3


@pytest.mark.parametrize("family,size", [("sd21", 512), ("sd21", 768), ("builtin", 512)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_the_estimate_holds_for_the_networks_in_use(family, size, dtype):
    """Never less than what a call holds, and at most 2.5 times that: what is planned too large costs speed.

    Counted on networks of the real shapes whose tensors hold no numbers. What convolutions borrow on the way is not counted:
    chunks leave a fifth of the memory free for it.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with FakeTensorMode(), torch.inference_mode():
            if family == "sd21":
                unet, vae = UNet2DConditionModel(**SD21["unet"]), AutoencoderKL(**SD21["vae"])
                net = ControlNetModel.from_unet(unet, load_weights_from_unet=False)
            else:
                unet, vae, net = (
                    cls.from_config(cls.load_config(BUILTIN_FOLDER / part))
                    for cls, part in ((UNet2DConditionModel, "unet"), (AutoencoderKL, "vae"), (ControlNetModel, "controlnet"))
                )
            for module in (unet, vae, net):
                module.eval()
            side = size // 2 ** (len(vae.config.block_out_channels) - 1)
            x, pictures = torch.empty(2 * VIEWS, unet.config.in_channels, side, side), torch.empty(VIEWS, 3, size, size)
            text, t = torch.empty(2 * VIEWS, 77, unet.config.cross_attention_dim), torch.tensor(500)
            with LiveBytes() as plain:
                unet(x, t, text)
            with LiveBytes() as reading:
                net.controlnet_cond_embedding(pictures)
            read = torch.empty(2 * VIEWS, unet.config.block_out_channels[0], side, side)
            net.controlnet_cond_embedding = torch.nn.Identity()  # read once per solve, before the networks run
            with LiveBytes() as controlled:
                down, mid = net(x, t, text, read, return_dict=False)
                unet(x, t, text, down_block_additional_residuals=down, mid_block_additional_residual=mid)
            with LiveBytes() as encoding:
                vae.encode(pictures)
            with LiveBytes() as decoding:
                vae.decode(x[:VIEWS])
            estimates = {
                "UNet": (unet_bytes(unet, (side, side), branches=2), plain.peak),
                "ControlNet": (unet_bytes(unet, (side, side), branches=2, controlnet=net), max(controlled.peak, reading.peak)),
                "VAE": (vae_bytes(vae, (size, size)), max(encoding.peak, decoding.peak)),
            }
    finally:
        torch.set_default_dtype(before)
    for name, (estimated, peak) in estimates.items():
        assert peak / VIEWS <= estimated <= 2.5 * peak / VIEWS, (name, estimated, peak / VIEWS)


def free(monkeypatch, amount: int | None) -> None:
    """The question how much is free is answered with `amount`."""
    monkeypatch.setattr(adaptive_batch, "free_memory", lambda device: amount)


def test_a_batch_is_cut_to_what_is_free(monkeypatch):
    cut, seen = AdaptiveBatch(), []

    def call(part: slice) -> torch.Tensor:
        seen.append(part.stop - part.start)
        return torch.arange(part.start, min(part.stop, 10))

    free(monkeypatch, int(4.5 * 1000 / SHARE))
    assert cut.run(10, call, 1000).tolist() == list(range(10))
    assert max(seen) == 4
    free(monkeypatch, 10)  # less than one view needs, by the estimate: it is tried, and may fit
    assert cut.run(10, call, 1000).tolist() == list(range(10)) and seen[-1] == 1
    free(monkeypatch, None)  # a device that cannot say: all at once, as before
    cut.run(10, call, 1000)
    assert seen[-1] == 10
    free(monkeypatch, 10**12)  # what ran short for a while is not remembered: another program may have ended
    assert cut.cut(10, 1000) == (10, 1) and AdaptiveBatch(3).cut(10, 1000) == (3, 1)


@pytest.mark.parametrize("views", range(1, 20))
@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("limit", [0, 1, 8])
def test_pieces_share_out_evenly_among_workers(monkeypatch, views, workers, limit):
    """No worker gets more than its share but for the last view, and all workers together stay within the free memory."""
    for free_views in (None, 1, 3, 100):
        free(monkeypatch, None if free_views is None else int((free_views + 0.5) * 1000 / SHARE))
        size, together = AdaptiveBatch(limit, workers=workers).cut(views, 1000)
        assert 1 <= size <= (limit or views) and 1 <= together <= workers
        assert size <= -(-views // together)
        assert free_views is None or size * together <= max(free_views, 1)


def test_pieces_are_computed_side_by_side_and_come_in_their_order():
    """Three workers that wait for each other: one after the other they would wait for ever. None records gradients."""
    meeting = threading.Barrier(3, timeout=30)
    weight = torch.ones(1, requires_grad=True)

    def call(part: slice) -> torch.Tensor:
        meeting.wait()
        assert torch.get_num_threads() == 1 and not (weight * 2).requires_grad
        return torch.arange(part.start, part.stop)

    threads = torch.get_num_threads()
    assert AdaptiveBatch(workers=3).run(6, call).tolist() == list(range(6))
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("views, threads", [(2, 3), (3, 2), (4, 1), (6, 1)])
def test_more_threads_than_views_are_shared_out(views, threads):
    """Six cores and two views: three threads each, or four cores would stand idle."""
    seen = []
    AdaptiveBatch(workers=6).run(views, lambda part: seen.append(torch.get_num_threads()) or torch.zeros(part.stop - part.start))
    assert seen == [threads] * views


def test_a_lack_of_memory_among_workers_ends_with_one_view_at_a_time():
    seen = []

    def call(part: slice) -> torch.Tensor:
        seen.append(part.stop - part.start)
        if running.acquire(blocking=False):
            try:
                time.sleep(0.01)
                if part.stop - part.start > 1:
                    raise MemoryError
                return torch.arange(part.start, part.stop)
            finally:
                running.release()
        raise MemoryError  # two at a time are too many

    running = threading.Lock()
    batch = AdaptiveBatch(workers=2)
    assert batch.run(4, call).tolist() == list(range(4))
    assert (batch.limit, batch.workers) == (1, 1) and seen[-4:] == [1] * 4


def test_networks_ask_before_they_run(tiny_eps, monkeypatch):
    """The same pictures, three views at a time instead of eight, and nothing had to fail first."""
    checkpoint = load_checkpoint(tiny_eps, dtype=torch.float32)
    checkpoint.unet_batch.workers = checkpoint.vae_batch.workers = 1
    sizes = []
    checkpoint.unet.register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    checkpoint.vae.decoder.register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(8, 4, 8, 8, generator=generator)
    denoiser = checkpoint.denoiser({"a": "red"}, "blurry")
    views = [type("V", (), {"label": "a"})] * 8

    def run() -> torch.Tensor:
        sizes.clear()
        return torch.cat([denoiser(x, 500, views, None, 4.0).flatten(), checkpoint.codec.decode(x).flatten()])

    whole = run()
    assert sizes == [16] + [1] * 8
    needed = unet_bytes(checkpoint.unet, (8, 8), branches=2)
    free(monkeypatch, int(3.5 * needed / SHARE))
    assert torch.allclose(run(), whole, atol=2e-5)  # other batch sizes sum in another order
    assert sizes[:3] == [6, 6, 4]


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`",
        "[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory",
    ],
)
def test_the_libraries_below_torch_run_out_of_memory_too(text):
    assert is_out_of_memory(RuntimeError(text))
    assert not is_out_of_memory(ValueError(text))


@pytest.mark.parametrize(
    "text", ["CUDA error: CUBLAS_STATUS_EXECUTION_FAILED", "cuDNN error: CUDNN_STATUS_NOT_SUPPORTED", "expected scalar type Half"]
)
def test_other_failures_are_none_of_memory(text):
    assert not is_out_of_memory(RuntimeError(text))


def test_a_card_decodes_two_pictures_at_a_time():
    from engine.models.families.sd import VIEWS as AT_ONCE

    assert AT_ONCE["cuda"] == {"unet": 0, "vae": 2}
