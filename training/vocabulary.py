"""Every word that captions are made of, and which of them this version is trained on.

The generator writes captions from these lists, the tokenizer is built from them, and `engine/models/builtin/vocabulary.json`
is written from them, so that the engine can warn about a word the checkpoint has never seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.80, 0.10, 0.09),
    "orange": (0.95, 0.48, 0.08),
    "yellow": (0.96, 0.83, 0.16),
    "green": (0.13, 0.58, 0.20),
    "teal": (0.05, 0.58, 0.58),
    "blue": (0.12, 0.30, 0.82),
    "purple": (0.48, 0.17, 0.70),
    "pink": (0.96, 0.48, 0.68),
    "brown": (0.45, 0.26, 0.12),
    "white": (0.94, 0.93, 0.90),
    "grey": (0.52, 0.53, 0.55),
    "black": (0.10, 0.10, 0.11),
}

# material -> (ways to write it, may a colour word stand before it)
MATERIALS: dict[str, tuple[tuple[str, ...], bool]] = {
    "brick": (("brick", "brick wall", "bricks"), True),
    "cobblestone": (("cobblestone", "cobblestones"), True),
    "planks": (("wooden planks", "wood planks", "planks"), True),
    "oak": (("oak wood", "oak", "wood grain"), False),
    "marble": (("marble", "polished marble"), True),
    "granite": (("granite", "granite stone"), True),
    "sand": (("sand", "rippled sand"), False),
    "grass": (("grass", "grass lawn"), False),
    "moss": (("moss", "moss and stones"), False),
    "rust": (("rust", "rusty metal", "rusty iron"), False),
    "gold": (("gold", "hammered gold"), False),
    "copper": (("copper", "weathered copper"), False),
    "snow": (("snow",), False),
    "ice": (("ice", "cracked ice"), False),
    "lava": (("lava", "molten lava"), False),
    "leather": (("leather",), True),
    "tartan": (("tartan", "tartan cloth", "plaid"), True),
    "zebra": (("zebra", "zebra stripes", "zebra fur"), False),
    "leopard": (("leopard", "leopard fur", "leopard spots"), False),
    "giraffe": (("giraffe", "giraffe fur"), False),
    "tiger": (("tiger", "tiger fur", "tiger stripes"), False),
    "scales": (("scales", "dragon scales"), True),
    "mosaic": (("mosaic", "mosaic tiles"), True),
    "glass": (("stained glass",), False),
    "camouflage": (("camouflage",), True),
    "knit": (("knitted wool", "knit"), True),
    "stripes": (("candy stripes", "stripes"), True),
    "dots": (("polka dots",), True),
    "concrete": (("concrete",), False),
    "circuit": (("circuit board",), False),
    "terrazzo": (("terrazzo",), True),
    "bark": (("tree bark", "bark"), False),
    "water": (("water", "clear water"), False),
}

MODIFIERS: tuple[str, ...] = ("mossy", "rusty", "cracked", "snowy", "worn", "wet")

# scene -> ways to write it
SCENES: dict[str, tuple[str, ...]] = {
    "desert": ("a desert", "desert dunes", "sand dunes in a desert"),
    "mountains": ("snowy mountains", "a mountain range", "mountains with snow"),
    "meadow": ("an alpine meadow", "a green meadow", "a meadow with flowers and hills"),
    "forest": ("a pine forest", "a forest", "a forest of pine trees"),
    "ocean": ("the ocean", "the open sea", "an ocean with waves"),
    "beach": ("a tropical beach", "a beach with palm trees", "a beach"),
    "canyon": ("a red canyon", "a canyon", "a canyon with red rocks"),
    "stars": ("a night sky with stars", "a starry sky", "the milky way"),
    "aurora": ("an aurora", "northern lights", "northern lights over snow"),
    "city": ("a city skyline", "a city", "a city with skyscrapers"),
    "alien": ("an alien planet", "an alien landscape", "an alien world"),
    "clouds": ("a sea of clouds", "above the clouds", "clouds from above"),
}

# time of day -> ways to write it; "" is day as well
TIMES: dict[str, tuple[str, ...]] = {
    "day": ("", "by day", "in daylight", "at noon"),
    "sunset": ("at sunset", "in the evening"),
    "night": ("at night", "by night"),
    "dawn": ("at dawn", "in the morning"),
}

PANORAMA_SUFFIX: dict[str, str] = {"horizon": "", "up": ", looking up at the sky", "down": ", looking down at the ground"}
OBJECT_SUFFIX: tuple[str, ...] = (", front view", ", side view", ", back view", ", overhead view")
OBJECT_NOUNS: tuple[str, ...] = (
    "a statue", "a head", "a monkey head", "a monkey", "a bunny", "a vase", "a ball", "a sphere", "a ring", "an object",
    "a sculpture", "a teapot", "a rock", "a cube", "a cat", "a figure",
)  # fmt: skip
LEADS: tuple[str, ...] = ("", "", "", "a photo of ", "a picture of ", "a photograph of ")
SCENE_LEADS: tuple[str, ...] = ("", "", "", "a photo of ", "a panorama of ", "a view of ", "a landscape with ")
FLAT_FORMS: tuple[str, ...] = ("{m}", "{m}", "{m} texture", "a texture of {m}", "{m} pattern", "a close view of {m}")
OBJECT_FORMS: tuple[str, ...] = ("{o} made of {m}", "{m}", "{o} covered in {m}", "{m} {n}", "{m} texture")


# What this version is trained on: few things, each seen often. The tokenizer knows all of the above, so that a later version
# can learn the rest without new token numbers.
LEARNED_MATERIALS: tuple[str, ...] = (
    "brick", "marble", "camouflage", "gold", "lava", "leopard", "zebra", "grass", "rust",
)  # fmt: skip
LEARNED_SCENES: tuple[str, ...] = ("desert", "mountains", "meadow", "ocean")
LEARNED_TIMES: tuple[str, ...] = ("day", "sunset", "night")


def words_of(text: str) -> list[str]:
    """Lower-case words of a caption or prompt, punctuation dropped."""
    return re.findall(r"[a-z]+", text.lower())


def all_words() -> list[str]:
    """Sorted words that the tokenizer holds whole (one token each)."""
    return _collect(MATERIALS, SCENES, TIMES, MODIFIERS)


def learned_words() -> list[str]:
    """Sorted words that a caption of this version can contain."""
    return _collect(LEARNED_MATERIALS, LEARNED_SCENES, LEARNED_TIMES, ())


def _collect(
    materials: Iterable[str], scenes: Iterable[str], times: Iterable[str], modifiers: Iterable[str]
) -> list[str]:
    texts: list[str] = [*COLOURS, *modifiers, *OBJECT_NOUNS, *OBJECT_SUFFIX, *LEADS, *SCENE_LEADS, *PANORAMA_SUFFIX.values()]
    texts += [way for name in materials for way in MATERIALS[name][0]]
    texts += [way for name in scenes for way in SCENES[name]]
    texts += [way for name in times for way in TIMES[name]]
    texts += [re.sub(r"\{\w\}", " ", form) for form in (*FLAT_FORMS, *OBJECT_FORMS)]
    return sorted({word for text in texts for word in words_of(text)})
