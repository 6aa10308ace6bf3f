"""Train the autoencoder on crops: `python -m training.networks.train_vae --data FOLDER --minutes 20`.

FOLDER/pictures holds the shards; FOLDER/vae.pt is the result (moving average, channels normalised), FOLDER/vae_state.pt resumes.
The schedule is in processor time, not steps: it ends after a given time, which other load does not shorten. With
`--decoder` only the decoder is trained further (vae_decoder_state.pt), so that networks trained on the latents stay valid: a loss
on the latents of decoded pictures keeps a picture the same over the many round trips of a job.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor

from ..world import dataset
from ..world.captions import KINDS
from .architecture import FACTOR, build_vae
from .common import (
    MovingAverage,
    ProcessGroup,
    TrainingState,
    add_process_options,
    add_training_options,
    gradient_step,
    learning_rate,
    psnr,
    save,
)
from .muon import Muon

# part of the time, crop size in pixels, crops per step: small crops first (many steps), whole context last
PHASES = ((0.6, 64, 12), (0.9, 128, 4), (1.01, 256, 1))
DECODER_PHASES = ((0.5, 128, 4), (1.01, 256, 1))
REENCODED_SHARE = 0.35  # share of the steps whose input is itself a decoded picture
ROUND_TRIP_WEIGHT = 0.5  # of the latents' error; at 6, over four round trips, eight lost 1.2 dB less, but samples were grainy
TO_LATENT = 2 * torch.tensor([[1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, -1.0], [-0.5, 1.0, -0.5]])  # RGB to what `block_colours` returns


def pyramid_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """L1 of the picture and of four Laplacian bands, which weights edges like areas, plus the squared error; scalar."""
    difference = made - wanted
    loss = difference.abs().mean() + 3.0 * difference.square().mean()
    for _ in range(4):
        low = F.avg_pool2d(difference, 2)
        band = difference - F.interpolate(low, scale_factor=2.0, mode="bilinear", align_corners=False)
        loss = loss + 0.7 * band.abs().mean()
        difference = low
    return loss + 2.0 * difference.abs().mean()


def block_colours(images: Tensor) -> Tensor:
    """Target of the first three latent channels: lightness and two colour differences of each block, [B, 3, h/16, w/16].

    Without this the latents encode mainly lightness for the first thousand steps, and colours are learnt late and stay pale; and
    the diffusion model gets three smooth channels that it can predict at high noise.
    """
    red, green, blue = F.avg_pool2d(images, FACTOR).unbind(1)
    return 2 * torch.stack([(red + green + blue) / 3, red - blue, green - (red + blue) / 2], 1)


@torch.no_grad()
def start_as_block_mean(vae: AutoencoderKL, images: Tensor) -> None:
    """Set the weights so that the first latents are `block_colours` and the decoder returns them as blocks, approximately.

    Six channels carry the three values and their negatives through every layer (silu(x) - silu(-x) = x), the residual
    branches start at zero, all other channels stay random. From random weights, most of the time went into learning colour.
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
    vae.encoder.conv_out.bias[channels:] = -4.0
    for conv in (vae.quant_conv, vae.post_quant_conv):
        conv.weight.copy_(torch.eye(len(conv.weight))[:, :, None, None])
        conv.bias.zero_()
    carry(vae.decoder.conv_in, eye, centre, 1.0)
    carry(vae.decoder.conv_out, torch.linalg.inv(TO_LATENT) @ eye.T, centre, 1.0)
    # The norms before both outputs set the scale by all channels together: measure it once and undo it.
    wanted = block_colours(images)
    made = vae.encode(images).latent_dist.mean[:, :3]
    vae.encoder.conv_out.weight[:3] *= (made * wanted).sum() / made.square().sum()
    wanted = F.interpolate(F.avg_pool2d(images, FACTOR), scale_factor=float(FACTOR))
    made = vae.decode(vae.encode(images).latent_dist.mean).sample
    vae.decoder.conv_out.weight.mul_((made * wanted).sum() / made.square().sum())


@torch.no_grad()
def normalise(vae: AutoencoderKL, images: Tensor) -> None:
    """Give every latent channel mean 0 and bring their deviations half-way to equal; no decoded picture changes.

    The factors are folded into the 1x1 convolutions on both sides of the latent. Left as they are, channels of small variance lie
    below the diffusion noise at nearly every step; made equal, faint detail weighs as much in the loss as colour and shape.
    """
    latents = torch.cat([vae.encode(part).latent_dist.mean for part in images.split(8)])
    mean, std = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    factor = std.rsqrt() / std.mean().sqrt()  # deviations become sqrt(std / mean std): their squares have mean 1
    c = len(mean)
    vae.post_quant_conv.bias += vae.post_quant_conv.weight[:, :, 0, 0] @ mean
    vae.post_quant_conv.weight /= factor[None, :, None, None]
    vae.quant_conv.weight[:c] *= factor[:, None, None, None]
    vae.quant_conv.bias[:c] = (vae.quant_conv.bias[:c] - mean) * factor
    # The posterior's variance regularised the latents during training; from here on it would only add noise to every round trip.
    vae.quant_conv.weight[c:] = 0
    vae.quant_conv.bias[c:] = -14


def crops(pictures: list[np.ndarray], size: int, count: int, rng: np.random.Generator) -> Tensor:
    """Random crops [count, 3, size, size] in -1..1, flipped half of the time; `pictures` are [n, H, W, 3] of any sizes."""
    out = np.empty((count, size, size, 3), np.uint8)
    for k in range(count):
        shard = pictures[rng.integers(len(pictures))]
        y, x = rng.integers(0, shard.shape[1] + 1 - size), rng.integers(0, shard.shape[2] + 1 - size)
        crop = shard[rng.integers(len(shard)), y : y + size, x : x + size]
        out[k] = crop[:, ::-1] if rng.random() < 0.5 else crop
    return torch.from_numpy(out).permute(0, 3, 1, 2).float() / 127.5 - 1


def shard_names(data: Path, split: str) -> list[str]:
    """Every whole shard of `split`."""
    return [name for part in KINDS for name in dataset.shards(data / "pictures", split, part)]


def read(data: Path, names: list[str]) -> list[np.ndarray]:
    """Pictures of each named shard, [n, H, W, 3] uint8."""
    return [dataset.load(data / "pictures", [name]).pictures for name in names]


class TrainingTask:
    """The autoencoder and its losses."""

    def __init__(self, data: Path, pictures: list[np.ndarray], seed: int, decoder: bool, device: torch.device) -> None:
        self.vae, self._decoder, self._device = build_vae(), decoder, device
        if decoder or (data / "vae.pt").exists():
            self.vae.load_state_dict(torch.load(data / "vae.pt", weights_only=True))
        else:
            start_as_block_mean(self.vae, crops(pictures, 128, 32, np.random.default_rng(seed)))
        if decoder:
            self.vae.encoder.requires_grad_(False)
            self.vae.quant_conv.requires_grad_(False)
        self.vae.to(device, memory_format=torch.channels_last)

    def loss(self, wanted: Tensor, again: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch [B, 3, h, w] and its terms. `again`: the input is replaced by its own reconstruction."""
        source = wanted
        with torch.autocast(self._device.type, torch.bfloat16):
            if again:
                with torch.no_grad():
                    source = self.vae.decode(self.vae.encode(wanted).latent_dist.mode()).sample.float().clamp(-1, 1)
            posterior = self.vae.encode(source).latent_dist
            made = self.vae.decode(posterior.sample()).sample.float()
            if self._decoder:
                back = self.vae.encode(made.clamp(-1, 1)).latent_dist.mode().float()
        fit = pyramid_loss(made, wanted)
        if self._decoder:
            trip = (back - posterior.mean.float()).square().mean()
            return fit + ROUND_TRIP_WEIGHT * trip, {"fit": fit, "trip": trip}
        kl = posterior.kl().float().mean() / posterior.mean[0].numel()
        guide = (posterior.mean[:, :3].float() - block_colours(source)).abs().mean()
        return fit + 0.3 * guide + 3e-4 * kl, {"fit": fit, "kl": kl, "guide": guide}


def train(
    data: Path,
    minutes: float,
    seed: int,
    processes: ProcessGroup,
    peak_rate: float,
    device: torch.device,
    compiled: bool,
    decoder: bool,
) -> None:
    """Train encoder and decoder, or the decoder alone, until `minutes` have been spent in all, earlier runs included.

    New shards are loaded as they appear; `compiled`: with torch.compile.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, processes.rank, int(time.time())])
    names = shard_names(data, "train")
    pictures = read(data, names)
    task = TrainingTask(data, pictures, seed, decoder, device)
    vae = task.vae
    if compiled:
        vae.encoder.compile()
        vae.decoder.compile()
    optimiser = Muon(vae, peak_rate, processes=processes)
    average = MovingAverage(vae, 0.995)
    parts = {"model": vae, "optimiser": optimiser, "average": average}
    state = TrainingState(data / ("vae_decoder_state.pt" if decoder else "vae_state.pt"), minutes, parts, device, processes)
    while (share := state.share()) < 1:
        if state.step % 300 == 0:
            fresh = [name for name in shard_names(data, "train") if name not in names]
            names, pictures = names + fresh, pictures + read(data, fresh)
        size, count = next((size, count) for until, size, count in (DECODER_PHASES if decoder else PHASES) if share < until)
        wanted = crops(pictures, size, count, rng).to(device).contiguous(memory_format=torch.channels_last)
        # Its own reconstructions must be reproduced unchanged: in part of the steps, once they resemble pictures.
        loss, terms = task.loss(wanted, again=(decoder or share > 0.5) and rng.random() < REENCODED_SHARE)
        rate = learning_rate(peak_rate, state.step, share, warm_up=50, floor=0.02)
        gradient_step(loss, vae, optimiser, rate, processes)
        average.update(vae)
        if state.advance(terms):
            check = float(round_trip_psnr(average.state, data, 12, 1)[1].mean())
            state.report(f"shards {len(pictures)} PSNR {check:.2f} dB")
            state.save()
    if processes.rank == 0:
        state.save()
        write_result(average.state, data, equalise=not decoder)


def held_out(data: Path, count: int) -> Tensor:
    """`count` held-out pictures from all shards alike, [count, 3, 256, 256] in -1..1."""
    shards = read(data, shard_names(data, "held"))
    each = -(-count // len(shards))
    chosen = [shard[:: max(1, len(shard) // each)][:each, :256, :256] for shard in shards]
    return torch.from_numpy(np.concatenate(chosen)[:count]).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def round_trip_psnr(state: dict[str, Tensor], data: Path, count: int, most: int) -> dict[int, Tensor]:
    """PSNR of held-out pictures, [count] dB, after 1 to `most` round trips."""
    vae = build_vae()
    vae.load_state_dict(state)
    vae.eval()
    made, wanted, found = held_out(data, count), held_out(data, count), {}
    for trip in range(1, most + 1):
        made = torch.cat([vae.decode(vae.encode(batch).latent_dist.mode()).sample.clamp(-1, 1) for batch in made.split(8)])
        found[trip] = psnr(made / 2 + 0.5, wanted / 2 + 0.5)
    return found


def write_result(state: dict[str, Tensor], data: Path, *, equalise: bool) -> None:
    """Write FOLDER/vae.pt, with `equalise` its channels normalised; print PSNR of one and of eight round trips."""
    vae = build_vae()
    vae.load_state_dict(state)
    if equalise:
        normalise(vae.eval(), crops(read(data, shard_names(data, "train")), 256, 64, np.random.default_rng(1)))
    save(vae.state_dict(), data / "vae.pt")
    found = round_trip_psnr(vae.state_dict(), data, 16, 8)
    print(" ".join(f"{trip} trips: {float(found[trip].mean()):.2f} dB" for trip in (1, 8)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_training_options(parser, minutes=20)
    parser.add_argument("--rate", type=float, default=1.2e-3)
    parser.add_argument("--decoder", action="store_true", help="train only the decoder, starting from vae.pt")
    add_process_options(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    processes = ProcessGroup(arguments.world_size, arguments.rank, arguments.data / "rendezvous_vae")
    device = torch.device(arguments.device)
    options = (arguments.rate, device, arguments.compile, arguments.decoder)
    train(arguments.data, arguments.minutes, arguments.seed, processes, *options)


if __name__ == "__main__":
    main()
