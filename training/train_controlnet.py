"""Train the depth ControlNet with UNet and text encoder frozen: `python -m training.train_controlnet --data FOLDER --minutes 22`.

Starts as a copy of the UNet's encoder half, sees only the pictures of solids. Writes controlnet.pt and controlnet_state.pt.
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


def train(data: Path, minutes: float, seed: int, batch: int, rate: float, team: Team) -> None:
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + team.rank + int(time.time()))
    cache = Cache(data)
    cache.refresh(10**6, team)
    unet = build_unet()
    unet.load_state_dict(torch.load(data / "unet.pt", weights_only=True))
    cache.text_encoder.load_state_dict(torch.load(data / "text_encoder.pt", weights_only=True))
    controlnet = build_controlnet(unet).to(memory_format=torch.channels_last)
    unet.requires_grad_(False).eval().to(memory_format=torch.channels_last)
    text_encoder = cache.text_encoder.requires_grad_(False).eval()
    optimiser = torch.optim.AdamW(controlnet.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    average = Average(controlnet, 0.995)
    spent, step = 0.0, 0
    if (data / "controlnet_state.pt").exists():
        state = torch.load(data / "controlnet_state.pt", weights_only=True)
        controlnet.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average.load(state["average"])
        spent, step = state["spent"], state["step"]
    objects = cache.is_object.nonzero().squeeze(1)
    alpha_bar = build_scheduler().alphas_cumprod.float()
    alpha_bar[-1] = 0.0  # diffusers keeps 2**-24 there
    started, shown, total, count = time.monotonic() - spent, time.monotonic(), 0.0, 0
    while True:
        part = team.agree((time.monotonic() - started) / (minutes * 60))
        if part >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 30) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * part)))
        pick = objects[torch.randint(len(objects), (batch,), generator=generator)]
        x0 = cache.latents[pick].contiguous(memory_format=torch.channels_last)
        tokens = cache.tokens[pick, torch.randint(4, (batch,), generator=generator)].clone()
        tokens[torch.rand(batch, generator=generator) < 0.1] = cache.empty
        depth = (cache.depths[pick].float() / 255)[:, None].repeat(1, 3, 1, 1).contiguous(memory_format=torch.channels_last)
        # Shape is decided at high noise, so most steps are spent there.
        u = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
        t = (u.pow(0.7) * 1000).long().clamp(max=999)
        eps = torch.randn(x0.shape, generator=generator)
        x_t, target = velocity(x0, eps, alpha_bar[t].view(-1, 1, 1, 1))
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                text = text_encoder(tokens).last_hidden_state
            down, mid = controlnet(x_t, t, text, controlnet_cond=depth, return_dict=False)
            out = unet(x_t, t, text, down_block_additional_residuals=down, mid_block_additional_residual=mid).sample
        loss = F.mse_loss(out.float(), target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        team.average_gradients(controlnet)
        torch.nn.utils.clip_grad_norm_(controlnet.parameters(), 1.0)
        optimiser.step()
        average.update(controlnet)
        step, total, count = step + 1, total + float(loss.detach()), count + 1
        if team.rank == 0 and time.monotonic() - shown > 60:
            print(
                f"part {part:.2f} step {step} v-loss {total / count:.4f} seconds a step {(time.monotonic() - shown) / count:.2f}",
                flush=True,
            )
            shown, total, count = time.monotonic(), 0.0, 0
            save(average.state, data / "controlnet.pt")
            save(
                {
                    "model": controlnet.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "average": average.state,
                    "spent": shown - started,
                    "step": step,
                },
                data / "controlnet_state.pt",
            )
    if team.rank == 0:
        save(average.state, data / "controlnet.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=22)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--rate", type=float, default=7e-4)
    add_team(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    team = Team(arguments.team, arguments.rank, arguments.data / "meeting_controlnet")
    train(arguments.data, arguments.minutes, arguments.seed, arguments.batch, arguments.rate, team)


if __name__ == "__main__":
    main()
