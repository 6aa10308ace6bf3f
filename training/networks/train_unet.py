"""Train the UNet on cached latents: `python -m training.networks.train_unet --data FOLDER --minutes 60`.

Reads FOLDER/pictures, vae.pt and text_encoder.pt; writes unet.pt (moving average), unet_state.pt (resumes). With `--control`
the ControlNet is trained with it, on objects and their depth (controlnet.pt, control_state.pt). The schedule is in processor
time, as in train_vae: raise `--minutes` to train further.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor

from .architecture import build_controlnet, build_scheduler, build_text_encoder, build_unet
from .cache import Batch, LatentCache
from .common import (
    MovingAverage,
    ProcessGroup,
    TrainingState,
    add_process_options,
    add_training_options,
    gradient_step,
    learning_rate,
    save,
)
from .muon import Muon

SHARES = {"flat": 0.34, "object": 0.28, "scene": 0.38}  # of a batch
SHARES_WITH_DEPTH = {"flat": 0.28, "object": 0.42, "scene": 0.3}  # textures are always made with depth
DEPTH_SHARE = 2 / 3  # of the objects that are trained with their depth


def velocity(x0: Tensor, eps: Tensor, alpha_bar: Tensor) -> tuple[Tensor, Tensor]:
    """Noised latents x_t and their v-target (Salimans & Ho, 2022), shaped as x0, at cumulative signal alpha_bar [B, 1, 1, 1]."""
    a, s = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    return a * x0 + s * eps, a * eps - s * x0


class TrainingTask:
    """UNet, ControlNet (or none) and the frozen text encoder; `loss` of one batch."""

    def __init__(self, data: Path, cache: LatentCache, control: bool, device: torch.device) -> None:
        self.text_encoder = build_text_encoder(cache.tokenizer)
        self.text_encoder.load_state_dict(torch.load(data / "text_encoder.pt", weights_only=True))
        self.text_encoder.to(device).eval().requires_grad_(False)
        self.nets = torch.nn.ModuleDict({"unet": build_unet()})
        self._cache, self._device = cache, device
        self._alpha_bar = build_scheduler().alphas_cumprod.float().to(device)
        self._alpha_bar[-1] = 0.0  # diffusers sets 2**-24
        if (data / "unet.pt").exists():
            self.nets["unet"].load_state_dict(torch.load(data / "unet.pt", weights_only=True))
        if control:
            self.nets["controlnet"] = build_controlnet(self.nets["unet"])
        if device.type == "cpu":  # on a processor, plain products are faster than the backward pass of fused attention
            for net in self.nets.values():
                net.set_attn_processor(AttnProcessor())
        self.nets.to(device, memory_format=torch.channels_last)

    def loss(self, batches: list[Batch]) -> Tensor:
        """Mean squared error of v per example [B], of batches that share one forward pass; those with depth come first."""
        x0 = torch.cat([batch.latents for batch in batches])
        t = self._cache.steps(len(x0))
        x_t, target = velocity(x0, self._cache.noise(x0), self._alpha_bar[t].view(-1, 1, 1, 1))
        with torch.autocast(self._device.type, torch.bfloat16):
            with torch.no_grad():
                text = self.text_encoder(torch.cat([batch.tokens for batch in batches])).last_hidden_state
            down = mid = None
            if batches[0].depth is not None and "controlnet" in self.nets:
                n, rest = len(batches[0].latents), len(x0) - len(batches[0].latents)
                down, mid = self.nets["controlnet"](x_t[:n], t[:n], text[:n], controlnet_cond=batches[0].depth, return_dict=False)
                down, mid = [F.pad(each, (0, 0) * 3 + (0, rest)) for each in down], F.pad(mid, (0, 0) * 3 + (0, rest))
            out = self.nets["unet"](x_t, t, text, down_block_additional_residuals=down, mid_block_additional_residual=mid).sample
        return (out.float() - target).square().mean((1, 2, 3))

    def batches(self, size: int) -> dict[str, Batch]:
        """One batch of about `size` examples, divided by the kind of picture; the one with depth, if any, comes first."""
        if "controlnet" not in self.nets:
            return {part: self._cache.batch(part, round(size * share))._replace(depth=None) for part, share in SHARES.items()}
        made = {part: self._cache.batch(part, round(size * share)) for part, share in SHARES_WITH_DEPTH.items()}
        count = round(DEPTH_SHARE * len(made["object"].latents))
        guided, free = (Batch(*(part[k] for part in made["object"])) for k in (slice(count), slice(count, None)))
        unguided = {"object": free, "flat": made["flat"], "scene": made["scene"]}
        return {"object with depth": guided, **{part: batch._replace(depth=None) for part, batch in unguided.items()}}


def train(
    data: Path,
    minutes: float,
    seed: int,
    batch: int,
    peak_rate: float,
    processes: ProcessGroup,
    control: bool,
    device: torch.device,
    compiled: bool,
) -> None:
    """Train until `minutes` have been spent in all, earlier runs included; `compiled`: with torch.compile."""
    torch.manual_seed(seed)
    cache = LatentCache(data, processes, seed + 1000 * processes.rank + int(time.time()), device)
    cache.refresh(2)
    task = TrainingTask(data, cache, control, device)
    nets = task.nets
    if compiled:
        for net in nets.values():
            net.compile()
    optimiser = Muon(nets, peak_rate, processes=processes)
    average = MovingAverage(nets, 0.98)  # of every fifth step: over about the last 250, while the learning rate falls
    parts = {"model": nets, "optimiser": optimiser, "average": average}
    state = TrainingState(data / ("control_state.pt" if control else "unet_state.pt"), minutes, parts, device, processes)
    while (share := state.share()) < 1:
        if state.step % 20 == 0:
            held = cache.refresh(1)
        batches = task.batches(batch)
        losses = task.loss(list(batches.values()))
        rate = learning_rate(peak_rate, state.step, share, warm_up=100, floor=0.01)
        gradient_step(losses.mean(), nets, optimiser, rate, processes)
        if state.step % 5 == 0:
            average.update(nets)
        by_part = losses.detach().cpu().split([len(each.latents) for each in batches.values()])
        if state.advance({name: each.mean() for name, each in zip(batches, by_part, strict=True)}):
            state.report(f"pictures {held}")
            state.save()
            write(data, average)
    if processes.rank == 0:
        state.save()
        write(data, average)


def write(data: Path, average: MovingAverage) -> None:
    """The averaged weights as unet.pt and controlnet.pt."""
    for name in ("unet", "controlnet"):
        part = {key.removeprefix(name + "."): value.cpu() for key, value in average.state.items() if key.startswith(name + ".")}
        if part:
            save(part, data / f"{name}.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_training_options(parser, minutes=60)
    parser.add_argument("--batch", type=int, default=32, help="of each process")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--control", action="store_true", help="train the ControlNet too, starting from unet.pt")
    add_process_options(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    processes = ProcessGroup(arguments.world_size, arguments.rank, arguments.data / "rendezvous_unet")
    train(
        arguments.data,
        arguments.minutes,
        arguments.seed,
        arguments.batch,
        arguments.rate,
        processes,
        arguments.control,
        torch.device(arguments.device),
        arguments.compile,
    )


if __name__ == "__main__":
    main()
