"""Write the checkpoint as a standard diffusers folder in half precision: `python -m training.networks.export --help`."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

from ..world import vocabulary
from ..world.nearest import NEAREST
from . import architecture

BUILTIN = Path(__file__).resolve().parents[2] / "engine" / "models" / "builtin"
GOOD_PROMPTS = Path(__file__).with_name("good_prompts.json")


def load_parts(data: Path) -> dict[str, torch.nn.Module]:
    """Every network with its newest weights found in `data`; one not trained yet keeps its random initial weights."""
    torch.manual_seed(0)
    parts = {
        "vae": architecture.build_vae(),
        "unet": architecture.build_unet(),
        "text_encoder": architecture.build_text_encoder(architecture.build_tokenizer(data / "tokenizer")),
    }
    parts["controlnet"] = architecture.build_controlnet(parts["unet"])
    for name, part in parts.items():
        file = data / f"{name}.pt"
        if file.exists():
            part.load_state_dict(torch.load(file, weights_only=True))
    return parts


def known_words() -> dict:
    """The contents of vocabulary.json: the words and concepts that the captions of the training contain."""
    return {
        "words": vocabulary.all_words(),
        "nearest": NEAREST,
        "colours": list(vocabulary.COLOURS),
        "materials": {name: list(noun.ways) for name, noun in vocabulary.MATERIALS.items()},
        "paintable": [name for name, noun in vocabulary.MATERIALS.items() if noun.paintable],
        "modifiers": {name: list(ways) for name, ways in vocabulary.MODIFIERS.items()},
        "scenes": {name: list(ways) for name, ways in vocabulary.SCENES.items()},
        "times": {name: list(ways) for name, ways in vocabulary.TIMES.items()},
        "weathers": {name: list(ways) for name, ways in vocabulary.WEATHERS.items()},
        "silent": {"time": list(vocabulary.ALWAYS_NIGHT), "weather": list(vocabulary.NO_WEATHER)},
        "good_prompts": json.loads(GOOD_PROMPTS.read_text()),
    }


def export(data: Path, target: Path) -> None:
    """Save all parts found in `data` to `target` (fp16 safetensors) with `vocabulary.json`."""
    parts = {name: part.half().eval() for name, part in load_parts(data).items()}
    pipeline = StableDiffusionPipeline(
        vae=parts["vae"],
        text_encoder=parts["text_encoder"],
        tokenizer=architecture.build_tokenizer(data / "tokenizer"),
        unet=parts["unet"],
        scheduler=architecture.build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(target, safe_serialization=True)
    for name in ("vocab.json", "merges.txt"):  # the slow tokenizer's files: transformers itself writes tokenizer.json alone
        shutil.copyfile(data / "tokenizer" / name, target / "tokenizer" / name)
    parts["controlnet"].save_pretrained(target / "controlnet", safe_serialization=True)
    (target / "vocabulary.json").write_text(json.dumps(known_words(), indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the trained parts (*.pt)")
    parser.add_argument("--target", type=Path, default=BUILTIN)
    arguments = parser.parse_args()
    export(arguments.data, arguments.target)


if __name__ == "__main__":
    main()
