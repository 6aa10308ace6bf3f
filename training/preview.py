"""Contact sheets: `python -m training.preview {data,vae,samples,control,renoise} --data FOLDER --out FILE.png`.

data: training pictures by seed.  vae: picture above its round trip.  samples: prompts from pure noise.
control: solids' depth, the picture it came from, and what the ControlNet makes of it.
renoise: what StochSync does to one view, picture -> noise at t = 900 -> sample -> decode, again and again (colour drift).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from .architecture import build_controlnet, build_scheduler, build_unet
from .pictures import example
from .train_unet import SHEET, Cache, sample, sheet, velocity


def _models(data: Path):
    cache = Cache(data)
    unet = build_unet()
    unet.load_state_dict(torch.load(data / "unet.pt", weights_only=True))
    cache.text_encoder.load_state_dict(torch.load(data / "text_encoder.pt", weights_only=True))
    return cache, unet.eval(), cache.text_encoder.eval()


def data_sheet(count: int, seed: int) -> np.ndarray:
    """[count, 128, 128, 3]."""
    return np.stack([example(seed + k).picture for k in range(count)])


def vae_sheet(cache: Cache, count: int, seed: int) -> np.ndarray:
    """[2 * count, 128, 128, 3]: a row of pictures, a row of round trips."""
    pictures = data_sheet(count, seed)
    images = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        made = cache.decode(cache._vae.encode(images).latent_dist.mode() * cache.scale)
    return np.concatenate([pictures, made])


@torch.no_grad()
def control_sheet(data: Path, prompts: tuple[str, ...], guidance: float, steps: int, seed: int) -> np.ndarray:
    """[3 * len(prompts), 128, 128, 3]: depth, the picture it belongs to, the sample for the prompt."""
    cache, unet, text_encoder = _models(data)
    controlnet = build_controlnet(unet)
    controlnet.load_state_dict(torch.load(data / "controlnet.pt", weights_only=True))
    solids, index = [], seed
    while len(solids) < len(prompts):
        made = example(index)
        index += 1
        if made.kind == "object":
            solids.append(made)
    depth = np.stack([made.depth for made in solids])
    condition = torch.from_numpy(depth).float().div(255)[:, None].repeat(1, 3, 1, 1)

    class Guided(torch.nn.Module):
        def forward(self, x, t, text):
            down, mid = controlnet(x, t, text, controlnet_cond=torch.cat([condition, condition]), return_dict=False)
            return unet(x, t, text, down_block_additional_residuals=down, mid_block_additional_residual=mid)

    latents = sample(Guided(), text_encoder, cache, prompts, guidance, steps, seed)
    shown = np.repeat(depth[..., None], 3, -1)
    return np.concatenate([shown, np.stack([made.picture for made in solids]), cache.decode(latents)])


@torch.no_grad()
def renoise_sheet(data: Path, prompts: tuple[str, ...], guidance: float, rounds: int, seed: int, start: int = 900) -> np.ndarray:
    """[(rounds + 1) * len(prompts), 128, 128, 3]; prints mean colour and contrast of each round."""
    cache, unet, text_encoder = _models(data)
    scheduler = build_scheduler()
    alpha_bar = scheduler.alphas_cumprod.float()
    generator = torch.Generator().manual_seed(seed)
    images = cache.decode(sample(unet, text_encoder, cache, prompts, guidance, 25, seed))
    rows = [images]
    text = text_encoder(torch.cat([cache.tokenize([""] * len(prompts)), cache.tokenize(list(prompts))])).last_hidden_state
    for k in range(rounds):
        x0 = cache._vae.encode(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1).latent_dist.mode() * cache.scale
        level = start - k * (start - 400) // max(rounds - 1, 1)
        x, _ = velocity(x0, torch.randn(x0.shape, generator=generator), alpha_bar[level])
        grid = torch.linspace(level, 0, 11).round().long().tolist()
        for t, following in zip(grid[:-1], grid[1:], strict=True):
            without, with_text = unet(torch.cat([x, x]), t, text).sample.chunk(2)
            v = without + guidance * (with_text - without)
            a, s = alpha_bar[t].sqrt(), (1 - alpha_bar[t]).sqrt()
            x, _ = velocity(a * x - s * v, s * x + a * v, alpha_bar[following] if following else torch.ones(()))
        images = cache.decode(x)
        rows.append(images)
        print(f"round {k} t {level}: mean {images.mean((0, 1, 2)).round(1).tolist()} contrast {images.std():.1f}")
    return np.concatenate(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("data", "vae", "samples", "control", "renoise"))
    parser.add_argument("--data", type=Path, default=Path("build/training"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--prompts", nargs="+", default=SHEET)
    parser.add_argument("--guidance", type=float, default=5.0)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    prompts = tuple(arguments.prompts)
    if arguments.what == "data":
        images, columns = data_sheet(arguments.count, arguments.seed), arguments.columns
    elif arguments.what == "vae":
        images, columns = vae_sheet(Cache(arguments.data), arguments.columns, arguments.seed), arguments.columns
    elif arguments.what == "samples":
        cache, unet, text_encoder = _models(arguments.data)
        latents = sample(unet, text_encoder, cache, prompts, arguments.guidance, arguments.steps, arguments.seed)
        images, columns = cache.decode(latents), arguments.columns
    elif arguments.what == "control":
        images = control_sheet(arguments.data, prompts, arguments.guidance, arguments.steps, arguments.seed)
        columns = len(prompts)
    else:
        images, columns = renoise_sheet(arguments.data, prompts, arguments.guidance, 7, arguments.seed), len(prompts)
    sheet(images, columns, arguments.out)


if __name__ == "__main__":
    main()
