"""Every size of the networks in the built-in checkpoint; each function builds one of them, with random weights.

A view is 256x256 px and its latent 16x16x16: as many numbers as Stable Diffusion's 4x32x32, but the UNet works on a quarter of
the positions, which on a processor is a quarter of the time. The UNet has self-attention and cross-attention to the text tokens
at 8x8; the text also scales and shifts every block through the time embedding (`addition_embed_type="text"`), with which a model
as small as this follows words for colours and materials.
"""

from __future__ import annotations

import json
from pathlib import Path

from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, UNet2DConditionModel
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from ..world.vocabulary import all_words

IMAGE_SIZE = 256
FACTOR = 16
LATENT_SIZE = IMAGE_SIZE // FACTOR
LATENT_CHANNELS = 16
MAX_TOKENS = 32
TEXT_WIDTH = 128
START, END = "<|startoftext|>", "<|endoftext|>"


def build_tokenizer(folder: Path) -> CLIPTokenizer:
    """Load vocab.json + merges.txt from `folder`, written first if missing: one token per known word, bytes for others.

    Made once per training: the BPE trainer breaks ties arbitrarily, so two runs of it can number a few words differently.
    """
    if (folder / "vocab.json").exists():
        return CLIPTokenizer.from_pretrained(folder, model_max_length=MAX_TOKENS)
    trained = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    trained.normalizer = normalizers.Lowercase()
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=4000, min_frequency=0, initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False
    )
    trained.train_from_iterator(all_words(), trainer)
    merges = [tuple(pair) for pair in json.loads(trained.to_str())["model"]["merges"]]
    # CLIP's order: bytes, bytes that end a word, merges, the two special tokens.
    tokens = alphabet + [byte + "</w>" for byte in alphabet] + [a + b for a, b in merges] + [START, END]
    vocab: dict[str, int] = {}
    for token in tokens:
        vocab.setdefault(token, len(vocab))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=MAX_TOKENS)


def build_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """Three causal transformer layers; output [B, 32, 128]."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=3 * TEXT_WIDTH,
            projection_dim=TEXT_WIDTH,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def build_vae() -> AutoencoderKL:
    """Fully convolutional, factor 16, 16 channels: no attention, so that what is learnt on crops holds for whole views.

    Two thirds of its operations are in the two finest levels, which is why these are narrow.
    """
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 5,
        up_block_types=("UpDecoderBlock2D",) * 5,
        block_out_channels=(16, 16, 32, 64, 128),
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=1,  # two channels per group would desaturate plain areas
        sample_size=IMAGE_SIZE,
        scaling_factor=1.0,  # train_vae leaves the latents with mean 0 and deviation 1
        mid_block_add_attention=False,
    )


def build_unet() -> UNet2DConditionModel:
    """Two levels (16x16, 8x8), self- and cross-attention at 8x8: 6 M parameters, 1 GFLOP a view."""
    return UNet2DConditionModel(
        sample_size=LATENT_SIZE,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=(96, 160),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2D",
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=16,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=4,
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        resnet_time_scale_shift="scale_shift",
    )


def build_controlnet(unet: UNet2DConditionModel) -> ControlNetModel:
    """A copy of the UNet's encoder, conditioned on inverse depth 0..1 repeated to RGB, 256x256."""
    return ControlNetModel.from_unet(unet, conditioning_channels=3, conditioning_embedding_out_channels=(8, 16, 32, 48, 64))


def build_scheduler() -> DDIMScheduler:
    """v-prediction on a schedule that reaches zero signal, so that t = 999 is pure noise."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
    )
