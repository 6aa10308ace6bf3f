"""Tiny checkpoints in the layout of the real ones, with random weights, for every test that needs a whole model.

    python tests/tiny_checkpoint.py FOLDER [epsilon|v_prediction]

The folder is a standard diffusers folder (64 px views, 8x8x4 latents, 7 MB) and holds its depth ControlNet in
`controlnet/`, as the built-in checkpoint does. "epsilon" is laid out like SD 1.5, "v_prediction" like SD 2.x.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

VIEW_RESOLUTION = 64
WORDS = ("a", "photo", "of", "red", "green", "blue", "brick", "wall", "sky", "ground", "texture", "forest", "blurry")


def write_tokenizer(folder: Path) -> None:
    """A CLIP tokenizer written by hand: the 256 byte symbols, each also as the end of a word, and a merge chain per word."""
    from transformers import CLIPTokenizer
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    symbols = list(bytes_to_unicode().values())
    tokens = symbols + [s + "</w>" for s in symbols]
    merges: list[str] = []
    for word in WORDS:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:  # left to right: "r e d</w>" -> "re d</w>" -> "red</w>"
            pair, parts = f"{parts[0]} {parts[1]}", [parts[0] + parts[1], *parts[2:]]
            if pair not in merges:
                merges.append(pair)
                tokens.append(parts[0])
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    CLIPTokenizer(vocab=vocabulary, merges=[tuple(m.split()) for m in merges], model_max_length=77).save_pretrained(folder)


def make_tiny_checkpoint(folder: str | Path, prediction_type: str = "epsilon", seed: int = 0, controlnet: bool = True) -> Path:
    """Write a runnable checkpoint into `folder` and return it; the same seed writes the same weights."""
    from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    like_sd2 = prediction_type == "v_prediction"
    folder = Path(folder)
    write_tokenizer(folder / "tokenizer")
    vocabulary = json.loads((folder / "tokenizer" / "vocab.json").read_text(encoding="utf-8"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        text_encoder = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(vocabulary),
                hidden_size=32,
                intermediate_size=64,
                num_hidden_layers=2,
                num_attention_heads=4,
                projection_dim=32,
                bos_token_id=vocabulary["<|startoftext|>"],
                eos_token_id=vocabulary["<|endoftext|>"],
                pad_token_id=vocabulary["<|endoftext|>"],
            )
        )
        unet = UNet2DConditionModel(
            sample_size=VIEW_RESOLUTION // 8,
            block_out_channels=(32, 64),
            layers_per_block=1,
            norm_num_groups=8,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=32,
            attention_head_dim=(4, 8) if like_sd2 else 4,
            use_linear_projection=like_sd2,
        )
        vae = AutoencoderKL(
            sample_size=VIEW_RESOLUTION,
            block_out_channels=(8, 8, 16, 16),
            layers_per_block=1,
            norm_num_groups=4,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=4,
        )
        torch.nn.init.normal_(vae.decoder.conv_out.weight, std=0.15)  # pictures with contrast, not one flat grey
        depth_net = ControlNetModel.from_unet(unet, conditioning_channels=3) if controlnet else None
        if depth_net is not None:  # real ControlNets start at zero and are trained away from it: these must act as well
            embedding = depth_net.controlnet_cond_embedding
            for conv in (embedding.conv_in, *embedding.blocks, embedding.conv_out):
                torch.nn.init.normal_(conv.weight, std=(3.0 / conv.weight[0].numel()) ** 0.5)
            for conv in (*depth_net.controlnet_down_blocks, depth_net.controlnet_mid_block):
                torch.nn.init.normal_(conv.weight, std=0.1)
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type=prediction_type,
    )
    for name, part in (
        ("text_encoder", text_encoder),
        ("unet", unet),
        ("vae", vae),
        ("controlnet", depth_net),
        ("scheduler", scheduler),
    ):
        if part is not None:
            part.save_pretrained(folder / name)
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.42.1",
        "feature_extractor": [None, None],
        "safety_checker": [None, None],
        "image_encoder": [None, None],
        "requires_safety_checker": False,
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")
    return folder


if __name__ == "__main__":
    print(make_tiny_checkpoint(sys.argv[1], *sys.argv[2:3]))
