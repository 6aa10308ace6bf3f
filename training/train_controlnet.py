"""Train the depth ControlNet and finish UNet and text encoder with it: `python -m training.train_controlnet --data FOLDER`.

The ControlNet starts as a copy of the UNet's encoder half. Every step has pictures of solids, seen with their depth, and other
pictures without; training both networks at once lets the decoder meet the depth signal half-way, which takes far fewer steps
than a frozen UNet. Writes controlnet.pt, unet.pt, text_encoder.pt (running averages) and joint_state.pt.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from .architecture import build_controlnet, build_scheduler, build_unet
from .common import Average, Team, add_team, save
from .train_unet import Cache, velocity

NAMES = ("controlnet", "unet", "text_encoder")


def train(data: Path, minutes: float, seed: int, batch: int, rate: float, team: Team) -> None:
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + team.rank + int(time.time()))
    cache = Cache(data)
    cache.refresh(10**6, team)
    unet, text_encoder = build_unet(), cache.text_encoder
    unet.load_state_dict(torch.load(data / "unet.pt", weights_only=True))
    text_encoder.load_state_dict(torch.load(data / "text_encoder.pt", weights_only=True))
    controlnet = build_controlnet(unet)
    every = torch.nn.ModuleDict(dict(zip(NAMES, (controlnet, unet, text_encoder), strict=True)))
    every.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(every.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    average = Average(every, 0.98)  # of every fifth step
    spent, step = 0.0, 0
    if (data / "joint_state.pt").exists():
        state = torch.load(data / "joint_state.pt", weights_only=True)
        every.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average.load(state["average"])
        spent, step = state["spent"], state["step"]
    solids, others = cache.is_object.nonzero().squeeze(1), (~cache.is_object).nonzero().squeeze(1)
    alpha_bar = build_scheduler().alphas_cumprod.float()
    alpha_bar[-1] = 0.0  # diffusers keeps 2**-24 there
    with_depth = batch * 7 // 16
    started, shown, totals, count = time.monotonic() - spent, time.monotonic(), torch.zeros(2), 0
    while True:
        part = team.agree((time.monotonic() - started) / (minutes * 60))
        if part >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 30) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * part)))
        losses = []
        for pool, size in ((solids, with_depth), (others, batch - with_depth)):
            pick = pool[torch.randint(len(pool), (size,), generator=generator)]
            x0 = cache.latents[pick].contiguous(memory_format=torch.channels_last)
            tokens = cache.tokens[pick, torch.randint(4, (size,), generator=generator)].clone()
            tokens[torch.rand(size, generator=generator) < 0.1] = cache.empty
            # Stratified over the pictures, and more often where whole pictures are decided (large t).
            u = (torch.arange(size) + torch.rand(size, generator=generator)) / size
            t = (u.pow(0.8) * 1000).long().clamp(max=999)
            x_t, target = velocity(x0, torch.randn(x0.shape, generator=generator), alpha_bar[t].view(-1, 1, 1, 1))
            with torch.autocast("cpu", torch.bfloat16):
                text = text_encoder(tokens).last_hidden_state
                down = mid = None
                if pool is solids:
                    depth = (cache.depths[pick].float() / 255)[:, None].repeat(1, 3, 1, 1)
                    down, mid = controlnet(x_t, t, text, controlnet_cond=depth, return_dict=False)
                out = unet(x_t, t, text, down_block_additional_residuals=down, mid_block_additional_residual=mid).sample
            losses.append(F.mse_loss(out.float(), target))
        loss = (losses[0] * with_depth + losses[1] * (batch - with_depth)) / batch
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        team.average_gradients(every)
        torch.nn.utils.clip_grad_norm_(every.parameters(), 1.0)
        optimiser.step()
        step, count, totals = step + 1, count + 1, totals + torch.stack(losses).detach()
        if step % 5 == 0:
            average.update(every)
        if team.rank == 0 and time.monotonic() - shown > 60:
            with_, without = (totals / count).tolist()
            pace = (time.monotonic() - shown) / count
            now = f"v-loss with depth {with_:.4f} without {without:.4f} seconds a step {pace:.2f}"
            print(f"part {part:.2f} step {step} {now}", flush=True)
            shown, totals, count = time.monotonic(), torch.zeros(2), 0
            write(data, average)
            state = {"model": every.state_dict(), "optimiser": optimiser.state_dict(), "average": average.state}
            save(state | {"spent": shown - started, "step": step}, data / "joint_state.pt")
    if team.rank == 0:
        write(data, average)


def write(data: Path, average: Average) -> None:
    """The averaged weights as controlnet.pt, unet.pt and text_encoder.pt."""
    for name in NAMES:
        part = {key.removeprefix(name + "."): value for key, value in average.state.items() if key.startswith(name + ".")}
        save(part, data / f"{name}.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=13)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=8e-4)
    add_team(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    team = Team(arguments.team, arguments.rank, arguments.data / "meeting_joint")
    train(arguments.data, arguments.minutes, arguments.seed, arguments.batch, arguments.rate, team)


if __name__ == "__main__":
    main()
