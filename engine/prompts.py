"""What a view adds to the artist's prompt, so that the model knows where it looks."""
from __future__ import annotations

from collections.abc import Callable

PANORAMA_SUFFIX = {"horizon": "", "up": ", looking up at the sky", "down": ", looking down at the ground"}
"""Views towards the poles would otherwise show a horizon of their own."""

TEXTURE_SUFFIX = {"front": ", front view", "side": ", side view", "back": ", back view", "top": ", overhead view", "bottom": ""}
"""The reference's suffixes by camera; without them every side gets a face."""

SUFFIXES = {"panorama": PANORAMA_SUFFIX, "texture": TEXTURE_SUFFIX}


def prompts_by_label(kind: str, prompt: str, fits: Callable[[str], bool]) -> dict[str, str]:
    """The full prompt for every view label of a job of `kind` ("panorama" or "texture").

    `fits` tells whether the model reads a text to its end. Where it does not, the prompt gives way at its end, not the
    suffix: a view that is not told it looks up shows a second horizon.
    """
    return {label: _shortened(prompt.strip(), suffix, fits) + suffix for label, suffix in SUFFIXES[kind].items()}


def _shortened(prompt: str, suffix: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning of `prompt`, in whole words, that fits together with `suffix`; never less than one word."""
    words = prompt.split()
    while len(words) > 1 and not fits(" ".join(words) + suffix):
        words.pop()
    return prompt if len(words) == len(prompt.split()) else " ".join(words)
