"""Stable Diffusion 1.x and 2.x: text, UNet, ControlNet and VAE of a diffusers folder, as the parts that the sampler uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...contracts import MadeSchedule, PredictionType, ScheduleMaker, View
from ...protocol.errors import InvalidParameter, ModelUnavailable
from ...protocol.messages import Notice
from ..adaptive_batch import AdaptiveBatch
from ..controlnet_cache import ControlNetCache
from ..device import check_finite, precision_for
from ..layout import check_controlnet, check_model, read_json, weights_file
from ..memory import check_memory, free_cached_memory, unet_bytes, vae_bytes
from ..networks import Autoencoder, ControlNet, Network, Pretrained, Tokenizer
from ..parts import load_network, read_part
from ..vocabulary import Vocabulary, load_vocabulary, vocabulary_notices

VIEWS = {"cpu": {"unet": 8, "vae": 1}, "cuda": {"unet": 0, "vae": 2}, "mps": {"unet": 0, "vae": 1}}
"""Views at once, 0: as many as fit. A VAE fills a GPU with two pictures, and its memory with a few more. On a CPU, where each
thread takes views of its own, a VAE gains nothing from two pictures over one (measured with the built-in checkpoint on one core),
and single ones share out evenly; the UNet gains a fifth from four over two at 256 px, and nothing beyond eight."""
WEIGHTS = {"text_encoder": "model", "unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}
"""The networks of a folder, and what their weights are called."""


def load_checkpoint(
    folder: Path,
    controlnet_folder: Path | None = None,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    compile: bool = False,
    batch_views: int = 0,
    name: str = "",
) -> StableDiffusion:
    """Load a diffusers folder and, for depth, a ControlNet.

    dtype: of the networks; None: what is best on the device (see precision.py). compile: let torch compile the networks for
    the card, which takes minutes at the first call; only on CUDA. batch_views: views in one network call, 0: as many as fit.
    Raises ModelUnavailable, naming the file or the pair, when something is missing, damaged or does not fit, and OutOfMemory.
    """
    from diffusers import AutoencoderKL, AutoencoderTiny, ControlNetModel, DDIMScheduler, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    folder, device = Path(folder), torch.device(device)
    check_model(folder)
    vae_config = read_json(folder / "vae" / "config.json")
    # diffusers takes true for a key that the file leaves out, as SD 1.5 and 2.1 do: only what the file says counts.
    precision = precision_for(device, dtype, force_upcast=vae_config.get("force_upcast", False))
    dtypes = {"unet": precision.networks, "vae": precision.vae, "text_encoder": precision.text}
    weights = {weights_file(folder / part, stem): dtypes[part] for part, stem in WEIGHTS.items()}
    if controlnet_folder is not None:
        check_controlnet(controlnet_folder)
        weights[weights_file(controlnet_folder, "diffusion_pytorch_model")] = precision.networks
    check_memory(weights, device)

    unet: Network = load_network(UNet2DConditionModel, folder / "unet", "diffusion_pytorch_model", device, precision.networks)
    vae_class: Pretrained = AutoencoderTiny if vae_config.get("_class_name") == "AutoencoderTiny" else AutoencoderKL
    vae: Autoencoder = load_network(vae_class, folder / "vae", "diffusion_pytorch_model", device, precision.vae)
    text_encoder: Network = load_network(CLIPTextModel, folder / "text_encoder", "model", device, precision.text)
    tokenizer = read_part(folder / "tokenizer", lambda: CLIPTokenizer.from_pretrained(folder / "tokenizer"))
    scheduler = read_part(folder / "scheduler", lambda: DDIMScheduler.from_pretrained(folder / "scheduler"))
    controlnet: ControlNet | None = None
    if controlnet_folder is not None:
        controlnet = load_network(ControlNetModel, controlnet_folder, "diffusion_pytorch_model", device, precision.networks)
    check_fit(folder, unet, vae, text_encoder, controlnet_folder, controlnet)

    lay_out(device, unet, vae, controlnet)
    if compile and device.type == "cuda":
        unet.compile()
        if controlnet is not None:
            controlnet.compile()
        vae.decoder.compile()
    views, workers = VIEWS[device.type], torch.get_num_threads() if device.type == "cpu" else 1
    return StableDiffusion(
        name=name or folder.name,
        folder=folder,
        device=device,
        dtype=precision.networks,
        tokenizer=tokenizer,
        text_encoder=text_encoder,
        unet=unet,
        vae=vae,
        controlnet=controlnet,
        alpha_bar=scheduler.alphas_cumprod.double(),
        prediction_type=scheduler.config.prediction_type,
        view_resolution=unet.config.sample_size * pixels_per_latent(vae),
        vocabulary=load_vocabulary(folder),
        unet_batch=AdaptiveBatch(batch_views or views["unet"], device, workers),
        vae_batch=AdaptiveBatch(batch_views or views["vae"], device, workers),
    )


def lay_out(device: torch.device, unet: Network, vae: Autoencoder, controlnet: ControlNet | None) -> None:
    """Channels last in memory where that is faster.

    On a CPU it halves the time of the VAE and of reading a depth condition, and costs the UNet a tenth in bfloat16. A GPU's
    matrix units take half precision in that order alone.
    """
    if device.type not in ("cpu", "cuda"):
        return
    parts: list[Network | nn.Module] = [vae]
    if device.type == "cuda":
        parts.append(unet)
    if controlnet is not None:
        parts.append(controlnet if device.type == "cuda" else controlnet.controlnet_cond_embedding)
    for part in parts:
        part.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's overloads leave memory_format out


def check_fit(
    folder: Path, unet: Network, vae: Network, text_encoder: Network, controlnet_folder: Path | None, controlnet: Network | None
) -> None:
    """ModelUnavailable when the parts were not made for each other."""
    width = unet.config.cross_attention_dim
    if not isinstance(unet.config.sample_size, int):
        raise ModelUnavailable("unet_no_size", folder=str(folder))
    if unet.config.in_channels != vae.config.latent_channels or unet.config.in_channels != unet.config.out_channels:
        raise ModelUnavailable("unet_channels", folder=str(folder), unet=unet.config.in_channels, vae=vae.config.latent_channels)
    if text_encoder.config.hidden_size != width:
        raise ModelUnavailable("text_width", folder=str(folder), unet=str(width), encoder=text_encoder.config.hidden_size)
    if controlnet is None:
        return
    other = controlnet.config.cross_attention_dim
    if other != width:
        raise ModelUnavailable(
            "controlnet_width", controlnet=str(controlnet_folder), theirs=str(other), folder=str(folder), ours=str(width)
        )
    theirs, ours = list(controlnet.config.block_out_channels), list(unet.config.block_out_channels)
    if theirs != ours:
        raise ModelUnavailable(
            "controlnet_blocks", controlnet=str(controlnet_folder), theirs=str(theirs), folder=str(folder), ours=str(ours)
        )


@dataclass(kw_only=True)
class StableDiffusion:
    """A loaded model. `denoiser` and `codec` are what the sampler uses; the rest says what it is."""

    name: str
    folder: Path
    device: torch.device
    dtype: torch.dtype  # of UNet and ControlNet
    tokenizer: Tokenizer
    text_encoder: Network
    unet: Network
    vae: Autoencoder
    controlnet: ControlNet | None
    alpha_bar: Tensor  # [T] float64
    prediction_type: PredictionType
    view_resolution: int  # pixels, of the views that it was made for
    vocabulary: Vocabulary  # what it was trained on
    unet_batch: AdaptiveBatch
    vae_batch: AdaptiveBatch

    @property
    def codec(self) -> StableDiffusionCodec:
        """For views of every size that the networks take."""
        return StableDiffusionCodec(self.vae, self.vae_batch, 2 ** (len(self.unet.config.block_out_channels) - 1))

    def denoiser(
        self, prompts: Mapping[str, str], negative_prompt: str = "", *, controlnet_scale: float = 1.0
    ) -> StableDiffusionDenoiser:
        """A denoiser for one job. prompts: the full prompt of each view label; each text is encoded once, here."""
        texts = list(dict.fromkeys([*prompts.values(), negative_prompt]))
        encoded = dict(zip(texts, embed(self.tokenizer, self.text_encoder, texts), strict=True))
        return StableDiffusionDenoiser(
            unet=self.unet,
            controlnet=self.controlnet,
            embeddings={label: encoded[text] for label, text in prompts.items()},
            negative=encoded[negative_prompt],
            prediction_type=self.prediction_type,
            controlnet_scale=controlnet_scale,
            batch=self.unet_batch,
        )

    def schedule(self, make: ScheduleMaker[MadeSchedule]) -> MadeSchedule:
        """The path that it was trained on, as one of `make`'s: variance preserving for this family."""
        return make.variance_preserving(self.alpha_bar)

    def fits_context(self, prompt: str) -> bool:
        """Whether the text encoder reads `prompt` to its end."""
        return not truncated_tail(self.tokenizer, prompt)

    def notices(self, prompts: Mapping[str, str] | Iterable[str]) -> tuple[Notice, ...]:
        """What of the prompts has no effect: the end of a long one, words that it was not trained on."""
        texts = list(dict.fromkeys(prompts.values() if isinstance(prompts, Mapping) else prompts))
        tails = [tail for tail in (truncated_tail(self.tokenizer, text) for text in texts) if tail]
        cut = [Notice("prompt_cut", tokens=self.tokenizer.model_max_length, lost=tail) for tail in tails]
        return (*cut, *vocabulary_notices(self.vocabulary, texts))

    def raise_precision(self) -> Notice | None:
        """After a broken picture: the next higher precision, and what to tell the artist; None when there is none left.

        Half precision overflows in the decoder first, which is cheap to run in full. A denoiser and a codec made before keep
        working.
        """
        if self.vae.dtype != torch.float32:
            self.vae.float()
            return Notice("decoder_raised")
        if any(module.dtype != torch.float32 for module in self._modules()):
            self.to_fp32()
            return Notice("precision_raised")
        return None

    def to_fp32(self) -> None:
        """Full precision from now on, for cards whose half precision overflows. A denoiser made before keeps working."""
        for module in self._modules():
            module.float()
        self.dtype = torch.float32

    def memory_bytes(self) -> int:
        """What the weights take, in bytes."""
        return sum(p.numel() * p.element_size() for module in self._modules() for p in module.parameters())

    def free(self) -> None:
        """Move the weights out of the device's memory; the checkpoint cannot be used afterwards."""
        for module in self._modules():
            module.to("meta")
        free_cached_memory()

    def _modules(self) -> list[Network]:
        modules: list[Network | None] = [self.text_encoder, self.unet, self.vae, self.controlnet]
        return [module for module in modules if module is not None]


class StableDiffusionDenoiser:
    """eps(x_t, t, c), v or x0 for views, each with the prompt of its label; see `Denoiser` in engine/contracts.py."""

    def __init__(
        self,
        *,
        unet: Network,
        controlnet: ControlNet | None,
        embeddings: Mapping[str, Tensor],
        negative: Tensor,
        prediction_type: PredictionType,
        controlnet_scale: float,
        batch: AdaptiveBatch,
    ) -> None:
        """embeddings: [L, D] for each view label; negative: [L, D]."""
        self.unet = unet
        self.controlnet = controlnet
        self.embeddings = embeddings
        self.negative = negative
        self.prediction_type = prediction_type
        self.controlnet_scale = controlnet_scale
        self.batch = batch
        self.nfe = 0
        self._cache = None if controlnet is None else ControlNetCache(controlnet)

    def __call__(self, x_t: Tensor, t: int, views: Sequence[View], condition: Tensor | None, guidance: float) -> Tensor:
        """Guided model output, float32: uncond + guidance (cond - uncond), both in one call; guidance <= 1: cond alone."""
        hint_of = self._hints(condition, x_t)
        text = torch.stack([self.embeddings[view.label] for view in views])

        def call(part: slice) -> Tensor:
            return self._guided(x_t[part], t, text[part], hint_of(part), guidance)

        branches = 2 if guidance > 1 else 1
        controlnet = None if condition is None else self.controlnet
        needed = unet_bytes(self.unet, x_t.shape[-2:], branches=branches, controlnet=controlnet)
        with torch.inference_mode():
            output = self.batch.run(len(views), call, needed)
        self.nfe += len(views) * branches
        return output.clone()  # a normal tensor: what inference_mode made may not meet autograd later

    def _hints(self, condition: Tensor | None, x_t: Tensor) -> Callable[[slice], Tensor | None]:
        """What the ControlNet is given for the views of a slice of the batch; None without a condition."""
        if condition is None:
            return lambda part: None
        if self.controlnet is None or self._cache is None:
            raise ValueError("A depth condition was given to a denoiser that has no ControlNet.")
        controlnet, cache = self.controlnet, self._cache
        return lambda part: cache.embed(condition, part, lambda: depth_hint(controlnet, condition[part], x_t.shape[-2:]))

    def _guided(self, x_t: Tensor, t: int, text: Tensor, hint: Tensor | None, guidance: float) -> Tensor:
        if guidance <= 1:
            return self._forward(x_t, t, text, hint).float()
        text = torch.cat([self.negative.expand_as(text), text])
        hint = None if hint is None else torch.cat([hint, hint])
        without, with_prompt = self._forward(torch.cat([x_t, x_t]), t, text, hint).float().chunk(2)
        return without + guidance * (with_prompt - without)

    def _forward(self, x: Tensor, t: int, text: Tensor, hint: Tensor | None) -> Tensor:
        """One call of the networks in their own precision."""
        dtype, device = self.unet.dtype, self.unet.device
        x, text = x.to(device, dtype), text.to(device, dtype)
        timestep = torch.full((), t, device=device)  # unlike torch.tensor it copies nothing from the host, which would wait
        if hint is None or self.controlnet is None:
            return self.unet(x, timestep, encoder_hidden_states=text).sample
        down, middle = self.controlnet(
            x,
            timestep,
            encoder_hidden_states=text,
            controlnet_cond=hint,
            conditioning_scale=self.controlnet_scale,
            return_dict=False,
        )
        return self.unet(
            x, timestep, encoder_hidden_states=text, down_block_additional_residuals=down, mid_block_additional_residual=middle
        ).sample


def depth_hint(controlnet: ControlNet, condition: Tensor, latent_size: Sequence[int]) -> Tensor:
    """[B, 1, h, w] inverse depth as the ControlNet wants it: channels, precision, and the size that it reduces to latents'."""
    factor = 2 ** (len(controlnet.config.conditioning_embedding_out_channels) - 1)
    size = (latent_size[0] * factor, latent_size[1] * factor)
    if condition.shape[-2:] != size:
        condition = F.interpolate(condition, size=size, mode="bilinear", antialias=True)
    hint = condition.expand(-1, controlnet.config.conditioning_channels, -1, -1)
    return hint.to(controlnet.device, controlnet.dtype)


class StableDiffusionCodec:
    """Pictures 0..1 to latents in the model's scale and back; see `LatentCodec` in engine/contracts.py."""

    def __init__(self, vae: Autoencoder, batch: AdaptiveBatch, latent_multiple: int = 1) -> None:
        """latent_multiple: width and height of latents must be a multiple of it, which the UNet's downsampling decides."""
        self.vae = vae
        self.batch = batch
        self.latent_multiple = latent_multiple
        self.scale: float = vae.config.scaling_factor
        self.shift: float = getattr(vae.config, "shift_factor", None) or 0.0

    def latent_shape(self, view_resolution: int) -> tuple[int, int, int]:
        """(C, h, w) of a view of so many pixels; InvalidParameter where the networks cannot take that size."""
        factor = pixels_per_latent(self.vae)
        multiple = factor * self.latent_multiple
        if view_resolution < multiple or view_resolution % multiple:
            below = max(view_resolution // multiple, 1) * multiple
            raise InvalidParameter(
                "view_size_unfit", view_resolution=view_resolution, multiple=multiple, below=below, above=below + multiple
            )
        side = view_resolution // factor
        return self.vae.config.latent_channels, side, side

    def encode(self, images: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
        """[B, 3, H, W] 0..1 -> [B, C, h, w] float32: a sample of each posterior, its noise from that view's generator."""

        def call(part: slice) -> Tensor:
            pixels = images[part].to(self.vae.device) * 2 - 1
            encoded = self.vae.encode(pixels.to(self.vae.dtype))
            if hasattr(encoded, "latents"):  # AutoencoderTiny
                return torch.stack([encoded.latents, torch.zeros_like(encoded.latents)], 1).float()
            return torch.stack([encoded.latent_dist.mean, encoded.latent_dist.std], 1).float()

        with torch.inference_mode():
            mean, std = self.batch.run(len(images), call, vae_bytes(self.vae, images.shape[-2:])).unbind(1)
        # Noise outside the pieces: a second try after a lack of memory must not draw twice.
        noise = torch.stack([torch.randn(mean.shape[1:], generator=g, device=g.device) for g in generators])
        return (mean + std * noise.to(mean.device) - self.shift) * self.scale

    def decode(self, latents: Tensor) -> Tensor:
        """[B, C, h, w] -> [B, 3, H, W] float32, clamped to 0..1. BadResult when the numbers overflowed."""

        def call(part: slice) -> Tensor:
            z = latents[part].to(self.vae.device) / self.scale + self.shift
            return (self.vae.decode(z.to(self.vae.dtype)).sample.float() / 2 + 0.5).clamp(0, 1)

        factor = pixels_per_latent(self.vae)
        size = (latents.shape[-2] * factor, latents.shape[-1] * factor)
        images = self.batch.run(len(latents), call, vae_bytes(self.vae, size))  # without gradients
        check_finite(images)
        return images.clone()


def pixels_per_latent(vae: Network) -> int:
    """How many pixels of a picture, in width, make one of its latents."""
    tiny = getattr(vae.config, "decoder_block_out_channels", None)
    return 2 ** (len(tiny or vae.config.block_out_channels) - 1)


def tokenize(tokenizer: Tokenizer, prompts: Sequence[str]) -> Any:
    """Token ids [N, L] and their mask, padded and cut to the model's length."""
    length = tokenizer.model_max_length
    return tokenizer(list(prompts), padding="max_length", max_length=length, truncation=True, return_tensors="pt")


def embed(tokenizer: Tokenizer, text_encoder: Network, prompts: Sequence[str]) -> Tensor:
    """Text embeddings [N, L, D] of the prompts: the encoder's last hidden state, as Stable Diffusion was trained with."""
    tokens = tokenize(tokenizer, prompts)
    mask = tokens.attention_mask.to(text_encoder.device) if getattr(text_encoder.config, "use_attention_mask", False) else None
    with torch.inference_mode():
        return text_encoder(tokens.input_ids.to(text_encoder.device), attention_mask=mask)[0]


def truncated_tail(tokenizer: Tokenizer, prompt: str) -> str:
    """The end of `prompt` that does not fit into the model's length; "" when all of it does."""
    ids = tokenizer(prompt, truncation=False, verbose=False).input_ids
    room = tokenizer.model_max_length
    return tokenizer.decode(ids[room - 1 : -1]).strip() if len(ids) > room else ""
