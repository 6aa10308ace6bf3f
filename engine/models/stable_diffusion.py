"""A diffusers folder becomes a Checkpoint: the parts of a latent diffusion model, ready to denoise, encode and decode."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ..contracts import PredictionType, Schedule, ScheduleMaker
from ..protocol.errors import ModelUnavailable, OutOfMemory
from ..protocol.exhaustion import is_out_of_memory
from ..protocol.messages import Notice
from .chunks import Chunks, free_cached_memory
from .codec import StableDiffusionCodec, pixels_per_latent
from .denoiser import StableDiffusionDenoiser
from .layout import WEIGHTS, check_controlnet, check_model, read_json, variant_of, weights_file
from .memory import check_memory
from .precision import precision_for
from .text import Vocabulary, cut_off, embed, load_vocabulary, prompt_notices

VIEWS = {"cpu": {"unet": 8, "vae": 1}, "cuda": {"unet": 0, "vae": 2}, "mps": {"unet": 0, "vae": 1}}
"""Views at once, 0: as many as fit. A VAE fills a GPU with two pictures, and its memory with a few more. On a CPU, where each
thread takes views of its own, a VAE gains nothing from two pictures over one (measured with the built-in checkpoint on one core),
and single ones share out evenly; the UNet gains a fifth from four over two at 256 px, and nothing beyond eight."""


@dataclass(kw_only=True)
class Checkpoint:
    """A loaded model. `denoiser` and `codec` are what the sampler uses; the rest says what it is."""

    name: str
    folder: Path
    device: torch.device
    dtype: torch.dtype  # of UNet and ControlNet
    tokenizer: object
    text_encoder: nn.Module
    unet: nn.Module
    vae: nn.Module
    controlnet: nn.Module | None
    alpha_bar: Tensor  # [T] float64
    prediction_type: PredictionType
    view_resolution: int  # pixels, of the views that it was made for
    vocabulary: Vocabulary  # what it was trained on
    unet_chunks: Chunks
    vae_chunks: Chunks

    @property
    def codec(self) -> StableDiffusionCodec:
        """For views of every size that the networks take."""
        return StableDiffusionCodec(self.vae, self.vae_chunks, 2 ** (len(self.unet.config.block_out_channels) - 1))

    def denoiser(self, prompts: Mapping[str, str], negative_prompt: str = "", *,
                 controlnet_scale: float = 1.0) -> StableDiffusionDenoiser:
        """A denoiser for one job. prompts: the full prompt of each view label; each text is encoded once, here."""
        texts = list(dict.fromkeys([*prompts.values(), negative_prompt]))
        encoded = dict(zip(texts, embed(self.tokenizer, self.text_encoder, texts), strict=True))
        return StableDiffusionDenoiser(
            unet=self.unet, controlnet=self.controlnet, embeddings={label: encoded[text] for label, text in prompts.items()},
            negative=encoded[negative_prompt], prediction_type=self.prediction_type,
            controlnet_scale=controlnet_scale, chunks=self.unet_chunks)

    def schedule(self, make: ScheduleMaker) -> Schedule:
        """The path that it was trained on, as one of `make`'s: variance preserving for this family."""
        return make.variance_preserving(self.alpha_bar)

    def reads_whole(self, prompt: str) -> bool:
        """Whether the text encoder reads `prompt` to its end."""
        return not cut_off(self.tokenizer, prompt)

    def notices(self, prompts: Mapping[str, str] | Iterable[str]) -> tuple[Notice, ...]:
        """What of the prompts the model will not heed: the end of a long one, words it was never shown."""
        texts = prompts.values() if isinstance(prompts, Mapping) else prompts
        return prompt_notices(self.tokenizer, self.vocabulary, list(texts))

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

    def _modules(self) -> list[nn.Module]:
        return [m for m in (self.text_encoder, self.unet, self.vae, self.controlnet) if m is not None]


def load_checkpoint(folder: Path, controlnet_folder: Path | None = None, *, device: torch.device | str = "cpu",
                    dtype: torch.dtype | None = None, compile: bool = False, batch_views: int = 0,
                    name: str = "") -> Checkpoint:
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

    unet = _load_part(UNet2DConditionModel, folder / "unet", "diffusion_pytorch_model", device, precision.networks)
    vae_class = AutoencoderTiny if vae_config.get("_class_name") == "AutoencoderTiny" else AutoencoderKL
    vae = _load_part(vae_class, folder / "vae", "diffusion_pytorch_model", device, precision.vae)
    text_encoder = _load_part(CLIPTextModel, folder / "text_encoder", "model", device, precision.text)
    tokenizer = _read(folder / "tokenizer", lambda: CLIPTokenizer.from_pretrained(folder / "tokenizer"))
    scheduler = _read(folder / "scheduler", lambda: DDIMScheduler.from_pretrained(folder / "scheduler"))
    controlnet = None
    if controlnet_folder is not None:
        controlnet = _load_part(ControlNetModel, controlnet_folder, "diffusion_pytorch_model", device, precision.networks)
    check_fit(folder, unet, vae, text_encoder, controlnet_folder, controlnet)

    lay_out(device, unet, vae, controlnet)
    if compile and device.type == "cuda":
        for module in (unet, controlnet, vae.decoder):
            if module is not None:
                module.compile()
    views, workers = VIEWS[device.type], torch.get_num_threads() if device.type == "cpu" else 1
    return Checkpoint(
        name=name or folder.name, folder=folder, device=device, dtype=precision.networks, tokenizer=tokenizer,
        text_encoder=text_encoder, unet=unet, vae=vae, controlnet=controlnet, alpha_bar=scheduler.alphas_cumprod.double(),
        prediction_type=scheduler.config.prediction_type, view_resolution=unet.config.sample_size * pixels_per_latent(vae),
        vocabulary=load_vocabulary(folder), unet_chunks=Chunks(batch_views or views["unet"], device, workers),
        vae_chunks=Chunks(batch_views or views["vae"], device, workers))


def lay_out(device: torch.device, unet: nn.Module, vae: nn.Module, controlnet: nn.Module | None) -> None:
    """Channels last in memory where that is faster.

    On a CPU it halves the time of the VAE and of reading a depth condition, and costs the UNet a tenth in bfloat16. A GPU's
    matrix units take half precision in that order alone.
    """
    if device.type == "cpu":
        parts = [vae] if controlnet is None else [vae, controlnet.controlnet_cond_embedding]
    else:
        parts = [vae, unet, controlnet] if device.type == "cuda" else []
    for part in parts:
        if part is not None:
            part.to(memory_format=torch.channels_last)


def check_fit(folder: Path, unet: nn.Module, vae: nn.Module, text_encoder: nn.Module, controlnet_folder: Path | None,
              controlnet: nn.Module | None) -> None:
    """ModelUnavailable when the parts were not made for each other."""
    width = unet.config.cross_attention_dim
    if not isinstance(unet.config.sample_size, int):
        raise ModelUnavailable("unet_no_size", folder=str(folder))
    if unet.config.in_channels != vae.config.latent_channels or unet.config.in_channels != unet.config.out_channels:
        raise ModelUnavailable("unet_channels", folder=str(folder), unet=unet.config.in_channels,
                               vae=vae.config.latent_channels)
    if text_encoder.config.hidden_size != width:
        raise ModelUnavailable("text_width", folder=str(folder), unet=str(width), encoder=text_encoder.config.hidden_size)
    if controlnet is None:
        return
    other = controlnet.config.cross_attention_dim
    if other != width:
        raise ModelUnavailable("controlnet_width", controlnet=str(controlnet_folder), theirs=str(other), folder=str(folder),
                               ours=str(width))
    theirs, ours = list(controlnet.config.block_out_channels), list(unet.config.block_out_channels)
    if theirs != ours:
        raise ModelUnavailable("controlnet_blocks", controlnet=str(controlnet_folder), theirs=str(theirs), folder=str(folder),
                               ours=str(ours))


def _load_part(cls: type, folder: Path, stem: str, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """One network, frozen; every weight must come from the file, or the pictures would be noise."""
    def load() -> tuple[nn.Module, dict]:
        return cls.from_pretrained(folder, variant=variant_of(folder, stem), use_safetensors=True, local_files_only=True,
                                   output_loading_info=True, dtype=dtype)

    module, info = _read(folder, load)
    missing = sorted(key for key in info["missing_keys"] if "position_ids" not in key)
    if missing or info.get("mismatched_keys"):
        raise ModelUnavailable("model_weights_strange", folder=str(folder), count=len(missing),
                               first=str(missing[0] if missing else info["mismatched_keys"][0]))
    return _read(folder, lambda: module.to(device)).eval().requires_grad_(False)


def _read(folder: Path, load: Callable) -> object:
    """`load()`, whose many ways to fail on a damaged folder become one."""
    from safetensors import SafetensorError

    try:
        return load()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, SafetensorError) as error:
        if is_out_of_memory(error):
            raise OutOfMemory("memory_to_load", folder=str(folder)) from error
        raise ModelUnavailable("model_part_unloadable", folder=str(folder), reason=str(error)) from error
