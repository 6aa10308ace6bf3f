"""What a view adds to the artist's prompt, so that the model knows where it looks."""
from __future__ import annotations

PANORAMA_SUFFIX = {"horizon": "", "up": ", looking up at the sky", "down": ", looking down at the ground"}
"""Views towards the poles would otherwise show a horizon of their own."""

TEXTURE_SUFFIX = {"front": ", front view", "side": ", side view", "back": ", back view", "top": ", overhead view", "bottom": ""}
"""The reference's suffixes by camera; without them every side gets a face."""

SUFFIXES = {"panorama": PANORAMA_SUFFIX, "texture": TEXTURE_SUFFIX}


def prompts_by_label(kind: str, prompt: str) -> dict[str, str]:
    """The full prompt for every view label of a job of `kind` ("panorama" or "texture")."""
    return {label: prompt.strip() + suffix for label, suffix in SUFFIXES[kind].items()}
