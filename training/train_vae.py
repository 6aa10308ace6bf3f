"""Train the autoencoder on crops: `python -m training.train_vae --data FOLDER --minutes 18`.

FOLDER/pictures holds the shards; FOLDER/vae.pt is the result (running average), FOLDER/vae_state.pt resumes. The schedule is
in elapsed time, not steps, so that it ends when it should on a machine that is shared.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor

from . import dataset
from .architecture import build_vae
from .common import Average, Team, add_team, save

# part of the time, crop size in pixels, crops per step: small crops first (many steps), whole context last
PHASES = ((0.65, 64, 8), (0.92, 128, 2), (1.01, 192, 1))


def pyramid_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """L1 of the picture and of three Laplacian bands, so that edges count as much as areas."""
    difference = made - wanted
    loss = difference.abs().mean()
    for _ in range(3):
        low = F.avg_pool2d(difference, 2)
        band = difference - F.interpolate(low, scale_factor=2.0, mode="bilinear", align_corners=False)
        loss = loss + 0.8 * band.abs().mean()
        difference = low
    return loss + 2.0 * difference.abs().mean()


def colours(images: Tensor) -> Tensor:
    """What the first three latent channels must be: lightness and two colour differences of each 8x8 block, [B, 3, h/8, w/8].

    Without this the code spends itself on light and dark for the first thousand steps and colours come late and wash out.
    """
    red, green, blue = F.avg_pool2d(images, 8).unbind(1)
    return 2 * torch.stack([(red + green + blue) / 3, red - blue, green - (red + blue) / 2], 1)


TO_LATENT = 2 * torch.tensor([[1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, -1.0], [-0.5, 1.0, -0.5]])  # what `colours` does to RGB


@torch.no_grad()
def start_as_block_mean(vae: AutoencoderKL, images: Tensor) -> None:
    """Set the weights so that the first latents are `colours` and the decoder paints them as 8x8 blocks, near enough.

    Six channels carry the three values and their negatives through every layer (silu(x) - silu(-x) = x), the residual
    branches start at zero, all other channels stay random. Learning colour from random weights took most of the time.
    """
    eye = torch.cat([torch.eye(3), -torch.eye(3)])

    def carry(conv: torch.nn.Conv2d, matrix: Tensor, taps: slice, share: float) -> None:
        conv.weight[: len(matrix)] = 0
        conv.bias[: len(matrix)] = 0
        conv.weight[: len(matrix), : matrix.shape[1], taps, taps] = share * matrix[:, :, None, None]

    for name, module in vae.named_modules():
        if name.endswith("conv2"):
            module.weight.zero_()
            module.bias.zero_()
        elif name.endswith("conv_shortcut"):
            carry(module, torch.eye(6), slice(0, 1), 1.0)
        elif "downsamplers" in name and name.endswith(".conv"):
            carry(module, torch.eye(6), slice(0, 2), 0.25)
        elif "upsamplers" in name and name.endswith(".conv"):
            carry(module, torch.eye(6), slice(1, 2), 1.0)
    centre = slice(1, 2)
    carry(vae.encoder.conv_in, eye @ TO_LATENT, centre, 1.0)
    carry(vae.encoder.conv_out, eye.T, centre, 1.0)
    channels = vae.config.latent_channels
    vae.encoder.conv_out.weight[channels:] *= 0.1
    vae.encoder.conv_out.bias[channels:] = -3.0
    for conv in (vae.quant_conv, vae.post_quant_conv):
        conv.weight.copy_(torch.eye(len(conv.weight))[:, :, None, None])
        conv.bias.zero_()
    carry(vae.decoder.conv_in, eye, centre, 1.0)
    carry(vae.decoder.conv_out, torch.linalg.inv(TO_LATENT) @ eye.T, centre, 1.0)
    # The norms before both outputs set the scale by all channels together: measure it once and undo it.
    wanted = colours(images)
    made = vae.encode(images).latent_dist.mean[:, :3]
    vae.encoder.conv_out.weight[:3] *= (made * wanted).sum() / made.square().sum()
    wanted = F.interpolate(F.avg_pool2d(images, 8), scale_factor=8.0)
    made = vae.decode(vae.encode(images).latent_dist.mean).sample
    vae.decoder.conv_out.weight.mul_((made * wanted).sum() / made.square().sum())


def crops(pictures: np.ndarray, size: int, count: int, rng: np.random.Generator) -> Tensor:
    """Random crops [count, 3, size, size] in -1..1, flipped half of the time."""
    out = np.empty((count, size, size, 3), np.uint8)
    for k in range(count):
        y, x = rng.integers(0, 257 - size, 2)
        crop = pictures[rng.integers(len(pictures)), y : y + size, x : x + size]
        out[k] = crop[:, ::-1] if rng.random() < 0.5 else crop
    return torch.from_numpy(out).permute(0, 3, 1, 2).float() / 127.5 - 1


def train(data: Path, minutes: float, seed: int, team: Team, decoder_only: bool) -> None:
    """Train all of it, or go on with the decoder alone (latents made before stay valid)."""
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, team.rank, int(time.time())])
    names = dataset.shards(data / "pictures")
    pictures = dataset.load(data / "pictures", names)[0]
    vae = build_vae()
    state_file, peak = data / "vae_state.pt", 1.5e-3
    if decoder_only:
        vae.load_state_dict(torch.load(data / "vae.pt", weights_only=True))
        vae.encoder.requires_grad_(False)
        vae.quant_conv.requires_grad_(False)
        state_file, peak = data / "vae_decoder_state.pt", 5e-4
    else:
        start_as_block_mean(vae, crops(pictures, 64, 64, np.random.default_rng(seed)))
    vae = vae.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW([p for p in vae.parameters() if p.requires_grad], lr=peak, betas=(0.9, 0.99), weight_decay=1e-4)
    average = Average(vae, 0.995)
    spent, step, shown = 0.0, 0, 0.0
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        vae.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average.load(state["average"])
        spent, step = state["spent"], state["step"]
    started = time.monotonic() - spent
    sums = torch.zeros(4)
    while True:
        part = team.agree((time.monotonic() - started) / (minutes * 60))
        if part >= 1:
            break
        if step % 200 == 0 and dataset.shards(data / "pictures") != names:
            names = dataset.shards(data / "pictures")
            pictures = dataset.load(data / "pictures", names)[0]
        size, count = next((size, count) for until, size, count in (PHASES[1:] if decoder_only else PHASES) if part < until)
        wanted = crops(pictures, size, count, rng).contiguous(memory_format=torch.channels_last)
        source = wanted
        if part > 0.5 and rng.random() < 0.4:  # what it made itself must come back unchanged
            with torch.no_grad():
                source = vae.decode(vae.encode(wanted).latent_dist.mode()).sample.clamp(-1, 1)
        for group in optimiser.param_groups:
            group["lr"] = peak * min(1.0, (step + 1) / 50) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * part)))
        with torch.autocast("cpu", torch.bfloat16):
            posterior = vae.encode(source).latent_dist
            made = vae.decode(posterior.sample()).sample.float()
        fit = pyramid_loss(made, wanted)
        kl = posterior.kl().float().mean() / posterior.mean[0].numel()
        guide = (posterior.mean[:, :3].float() - colours(source)).abs().mean()
        loss = fit + 0.3 * guide + 2e-4 * kl
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        team.average_gradients(vae)
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimiser.step()
        average.update(vae)
        step += 1
        sums += torch.tensor([1.0, float(fit.detach()), float(kl.detach()), float(guide.detach())])
        if team.rank == 0 and time.monotonic() - shown > 30:
            shown = time.monotonic()
            fit_mean, kl_mean, guide_mean = (sums[1:] / sums[0]).tolist()
            losses = f"fit {fit_mean:.4f} kl {kl_mean:.3f} guide {guide_mean:.3f}"
            print(f"part {part:.2f} step {step} pictures {len(pictures)} {losses}", flush=True)
            sums.zero_()
            state = {
                "model": vae.state_dict(),
                "optimiser": optimiser.state_dict(),
                "average": average.state,
                "spent": shown - started,
                "step": step,
            }
            save(state, state_file)
            save(average.state, data / "vae.pt")
    if team.rank == 0:
        save(average.state, data / "vae.pt")
        measure(data, keep_scale=decoder_only)


def measure(data: Path, keep_scale: bool, count: int = 48) -> None:
    """Write FOLDER/latent_scale.json (1 / std) unless latents are in use already; print PSNR of one and eight round trips."""
    vae = build_vae()
    vae.load_state_dict(torch.load(data / "vae.pt", weights_only=True))
    vae.eval()
    names = dataset.shards(data / "pictures")
    pictures = dataset.load(data / "pictures", names[-1:])[0][:count]
    wanted = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        latents = torch.cat([vae.encode(batch).latent_dist.mode() for batch in wanted.split(8)])
        scale = 1 / float(latents.std())
        print("latent std", latents.std((0, 2, 3)).tolist(), "scaling_factor", scale)
        if not keep_scale:
            (data / "latent_scale.json").write_text(json.dumps({"scaling_factor": round(scale, 5)}))
        made = wanted
        for trip in range(1, 9):
            made = torch.cat([vae.decode(vae.encode(batch).latent_dist.mode()).sample.clamp(-1, 1) for batch in made.split(8)])
            if trip in (1, 8):
                error = (made - wanted).square().mean((1, 2, 3)) / 4
                drift = (made - wanted).mean((0, 2, 3)).abs().max() / 2
                print(f"trips {trip}: PSNR {float((-10 * error.log10()).mean()):.2f} dB, mean colour drift {float(drift):.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=18)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--decoder", action="store_true", help="go on from vae.pt with the encoder frozen")
    add_team(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    team = Team(arguments.team, arguments.rank, arguments.data / "meeting_vae")
    train(arguments.data, arguments.minutes, arguments.seed, team, arguments.decoder)


if __name__ == "__main__":
    main()
