"""Train UNet and text encoder on cached latents: `python -m training.train_unet --data FOLDER --minutes 50`.

Reads FOLDER/pictures, vae.pt and latent_scale.json; writes unet.pt and text_encoder.pt (running averages), unet_state.pt
(resumes) and sample sheets FOLDER/samples_<step>.png. The schedule is in elapsed time, as in train_vae.
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
from diffusers import UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel

from . import dataset
from .architecture import (
    LATENT_CHANNELS,
    LATENT_SIZE,
    MAX_TOKENS,
    build_scheduler,
    build_text_encoder,
    build_tokenizer,
    build_unet,
    build_vae,
)
from .common import Average, Team, add_team, save
from .vocabulary import learned_words, words_of


class Cache:
    """Latents (scaled), caption tokens and depths of every shard made so far; `refresh` encodes what is new."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._names: list[str] = []
        self._vae = build_vae()
        self._vae.load_state_dict(torch.load(data / "vae.pt", weights_only=True))
        self._vae.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.scale = json.loads((data / "latent_scale.json").read_text())["scaling_factor"]
        self._words = set(learned_words())
        self._tokenizer = build_tokenizer(data / "tokenizer")
        self.text_encoder = build_text_encoder(self._tokenizer)
        self.latents = torch.empty(0, LATENT_CHANNELS, LATENT_SIZE, LATENT_SIZE)
        self.tokens = torch.empty(0, 4, MAX_TOKENS, dtype=torch.long)
        self.depths = torch.empty(0, 128, 128, dtype=torch.uint8)
        self.is_object = torch.empty(0, dtype=torch.bool)
        self.empty = self.tokenize([""])[0]

    def tokenize(self, captions: list[str]) -> Tensor:
        """Token ids [B, 32], padded and cut."""
        return self._tokenizer(
            captions, padding="max_length", truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        ).input_ids

    @torch.no_grad()
    def refresh(self, at_most: int, team: Team) -> int:
        """Encode up to `at_most` new shards, each picture and its mirror image; return the number held.

        Pictures of things outside the learned vocabulary are left out; each member of a team holds its share of the shards.
        """
        mine = [n for n in dataset.shards(self._data / "pictures") if int(n) // dataset.SHARD % team.size == team.rank]
        for name in [n for n in mine if n not in self._names][:at_most]:
            file = self._data / f"latents_{name}.pt"
            pictures, depths, facts = dataset.load(self._data / "pictures", [name])
            known = [index for index, fact in enumerate(facts) if set(words_of(fact["captions"][0])) <= self._words]
            if file.exists():
                latents = torch.load(file, weights_only=True)
            else:
                images = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
                flip = torch.cat([images, images.flip(-1)])
                with torch.autocast("cpu", torch.bfloat16):
                    parts = [
                        self._vae.encode(batch.contiguous(memory_format=torch.channels_last)).latent_dist.mode()
                        for batch in flip.split(10)
                    ]
                latents = torch.cat(parts).float() * self.scale
                save(latents, file)
            latents = torch.cat([half[known] for half in latents.chunk(2)])
            facts = [facts[index] for index in known]
            tokens = torch.stack([self.tokenize(fact["captions"]) for fact in facts])
            depth = torch.from_numpy(depths)[known]
            self.latents = torch.cat([self.latents, latents])
            self.tokens = torch.cat([self.tokens, tokens, tokens])
            self.depths = torch.cat([self.depths, depth, depth.flip(-1)])
            self.is_object = torch.cat([self.is_object, torch.tensor([fact["kind"] == "object" for fact in facts]).repeat(2)])
            self._names.append(name)
        return len(self.latents)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> np.ndarray:
        """Pictures [B, 128, 128, 3] uint8."""
        images = self._vae.decode(latents / self.scale).sample
        return ((images.clamp(-1, 1) + 1) * 127.5 + 0.5).to(torch.uint8).permute(0, 2, 3, 1).numpy()


def velocity(x0: Tensor, eps: Tensor, alpha_bar: Tensor) -> tuple[Tensor, Tensor]:
    """Noised latents and their v-target at signal level alpha_bar [B, 1, 1, 1]."""
    a, s = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    return a * x0 + s * eps, a * eps - s * x0


SHEET = (
    "red brick wall", "blue tartan", "green marble", "leopard fur", "gold", "a monkey head made of lava, front view",
    "a head made of red brick, side view", "a statue covered in zebra stripes", "a desert at sunset", "snowy mountains",
    "an alpine meadow", "a tropical beach", "a city skyline at night", "northern lights", "the ocean, looking up at the sky",
    "an alien planet",
)  # fmt: skip


@torch.no_grad()
def sample(unet, text_encoder, cache: Cache, prompts: tuple[str, ...], guidance: float, steps: int, seed: int) -> Tensor:
    """Plain DDIM from pure noise: latents [B, 4, 32, 32]."""
    scheduler = build_scheduler()
    scheduler.set_timesteps(steps)
    tokens = torch.cat([cache.tokenize([""] * len(prompts)), cache.tokenize(list(prompts))])
    text = text_encoder(tokens).last_hidden_state
    x = torch.randn(len(prompts), LATENT_CHANNELS, LATENT_SIZE, LATENT_SIZE, generator=torch.Generator().manual_seed(seed))
    for t in scheduler.timesteps:
        out = unet(torch.cat([x, x]), t, text).sample
        without, with_text = out.chunk(2)
        x = scheduler.step(without + guidance * (with_text - without), t, x).prev_sample
    return x


def sheet(images: np.ndarray, columns: int, file: Path) -> None:
    """Pictures [B, h, w, 3] side by side."""
    from PIL import Image

    rows = [np.concatenate(images[i : i + columns], 1) for i in range(0, len(images), columns)]
    Image.fromarray(np.concatenate(rows)).save(file)


def warm_start(unet: UNet2DConditionModel, text_encoder: CLIPTextModel, earlier: Path) -> None:
    """Weights of an earlier run; attention blocks that it did not have start as the identity."""
    text_encoder.load_state_dict(torch.load(earlier / "text_encoder.pt", weights_only=True))
    missing, unexpected = unet.load_state_dict(torch.load(earlier / "unet.pt", weights_only=True), strict=False)
    if unexpected or any(".attentions." not in key for key in missing):
        raise ValueError(f"{earlier} holds another network: {unexpected or missing}")
    for key in missing:
        if ".proj_out." in key:
            unet.get_parameter(key).data.zero_()


def train(data: Path, minutes: float, seed: int, batch: int, rate: float, team: Team, earlier: Path | None) -> None:
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + team.rank + int(time.time()))
    cache = Cache(data)
    cache.refresh(2, team)
    unet, text_encoder = build_unet().to(memory_format=torch.channels_last), cache.text_encoder
    if earlier is not None:
        warm_start(unet, text_encoder, earlier)
    both = torch.nn.ModuleDict({"unet": unet, "text_encoder": text_encoder})
    optimiser = torch.optim.AdamW(both.parameters(), lr=rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    average = Average(both, 0.985)  # of every fifth step
    spent, step = 0.0, 0
    if (data / "unet_state.pt").exists():
        state = torch.load(data / "unet_state.pt", weights_only=True)
        both.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average.load(state["average"])
        spent, step = state["spent"], state["step"]
    alpha_bar = build_scheduler().alphas_cumprod.float()
    alpha_bar[-1] = 0.0  # diffusers keeps 2**-24 there
    started, shown, total, count = time.monotonic() - spent, time.monotonic(), 0.0, 0
    while True:
        part = team.agree((time.monotonic() - started) / (minutes * 60))
        if part >= 1:
            break
        if step % 25 == 0 and part < 0.85:
            cache.refresh(1, team)
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * part)))
        pick = torch.randint(len(cache.latents), (batch,), generator=generator)
        x0 = cache.latents[pick].contiguous(memory_format=torch.channels_last)
        tokens = cache.tokens[pick, torch.randint(4, (batch,), generator=generator)].clone()
        tokens[torch.rand(batch, generator=generator) < 0.1] = cache.empty
        # Stratified over the batch, and a little more often where whole pictures are decided (large t).
        u = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
        t = (u.pow(0.85) * 1000).long().clamp(max=999)
        eps = torch.randn(x0.shape, generator=generator)
        x_t, target = velocity(x0, eps, alpha_bar[t].view(-1, 1, 1, 1))
        with torch.autocast("cpu", torch.bfloat16):
            out = unet(x_t, t, text_encoder(tokens).last_hidden_state).sample
        loss = F.mse_loss(out.float(), target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        team.average_gradients(both)
        torch.nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimiser.step()
        if step % 5 == 0:
            average.update(both)
        step, total, count = step + 1, total + float(loss.detach()), count + 1
        if team.rank == 0 and time.monotonic() - shown > 45:
            pace = f"v-loss {total / count:.4f} seconds a step {(time.monotonic() - shown) / count:.2f}"
            print(f"part {part:.2f} step {step} examples {len(cache.latents)} {pace}", flush=True)
            shown, total, count = time.monotonic(), 0.0, 0
            write(data, average)
            save(
                {
                    "model": both.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "average": average.state,
                    "spent": shown - started,
                    "step": step,
                },
                data / "unet_state.pt",
            )
    if team.rank == 0:
        write(data, average)


def write(data: Path, average: Average) -> None:
    """The averaged weights as unet.pt and text_encoder.pt."""
    for name in ("unet", "text_encoder"):
        save(
            {key.removeprefix(name + "."): value for key, value in average.state.items() if key.startswith(name + ".")},
            data / f"{name}.pt",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--from", dest="earlier", type=Path, help="folder with unet.pt and text_encoder.pt to start from")
    add_team(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    team = Team(arguments.team, arguments.rank, arguments.data / "meeting_unet")
    train(arguments.data, arguments.minutes, arguments.seed, arguments.batch, arguments.rate, team, arguments.earlier)


if __name__ == "__main__":
    main()
