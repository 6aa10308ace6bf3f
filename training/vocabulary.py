"""Every word that captions are made of. The tokenizer and `engine/models/builtin/vocabulary.json` are written from these lists,
so that the engine can name to the artist a word that the checkpoint has never seen.
"""

from __future__ import annotations

import re
from typing import NamedTuple

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


class Noun(NamedTuple):
    """A material: the ways to write it, and whether a colour word may stand before it."""

    ways: tuple[str, ...]
    paintable: bool


MATERIALS: dict[str, Noun] = {
    "brick": Noun(("brick", "brick wall", "bricks"), True),
    "cobblestone": Noun(("cobblestone", "cobblestones", "cobbles"), True),
    "planks": Noun(("wooden planks", "oak planks", "planks", "wood boards"), True),
    "wood": Noun(("wood grain", "oak wood", "polished oak", "wood"), False),
    "bark": Noun(("tree bark", "bark"), False),
    "parquet": Noun(("parquet", "parquet floor", "herringbone parquet"), False),
    "marble": Noun(("marble", "marble stone"), True),
    "granite": Noun(("granite", "granite stone"), True),
    "terrazzo": Noun(("terrazzo", "terrazzo floor"), True),
    "sandstone": Noun(("sandstone", "layered sandstone"), False),
    "slate": Noun(("slate", "slate roof", "slate shingles"), True),
    "concrete": Noun(("concrete", "concrete wall"), False),
    "plaster": Noun(("plaster", "rough plaster", "stucco"), True),
    "asphalt": Noun(("asphalt", "tarmac"), False),
    "gravel": Noun(("gravel", "pebbles"), False),
    "sand": Noun(("sand", "rippled sand"), False),
    "mud": Noun(("mud", "dried mud", "dry earth"), False),
    "snow": Noun(("snow", "fresh snow"), False),
    "ice": Noun(("ice", "blue ice"), False),
    "moss": Noun(("moss", "soft moss"), False),
    "grass": Noun(("grass", "grass lawn", "lawn"), False),
    "leaves": Noun(("leaves", "ivy leaves", "foliage"), True),
    "clover": Noun(("clover", "clover field"), False),
    "water": Noun(("water", "clear water", "rippling water"), False),
    "lava": Noun(("lava", "molten lava", "magma"), False),
    "rust": Noun(("rust", "rusted iron", "corroded iron"), False),
    "steel": Noun(("brushed steel", "brushed metal", "steel"), False),
    "copper": Noun(("copper patina", "weathered copper", "copper"), False),
    "gold": Noun(("gold", "hammered gold"), False),
    "rivets": Noun(("riveted plate", "riveted metal", "rivets"), True),
    "corrugated": Noun(("corrugated metal", "corrugated iron", "corrugated sheet"), True),
    "circuit": Noun(("circuit board", "electronics"), True),
    "leather": Noun(("leather", "old leather"), True),
    "knit": Noun(("wool knit", "knitted wool", "knit"), True),
    "denim": Noun(("denim", "jeans cloth", "denim cloth"), True),
    "velvet": Noun(("velvet", "crushed velvet"), True),
    "tartan": Noun(("tartan", "tartan cloth", "plaid"), True),
    "carpet": Noun(("carpet", "persian carpet", "ornate rug"), True),
    "basket": Noun(("basket weave", "wicker", "woven basket"), False),
    "scales": Noun(("scales", "dragon scales", "fish scales"), True),
    "fur": Noun(("fur", "shaggy fur", "fluffy fur"), True),
    "feathers": Noun(("feathers", "bird feathers", "plumage"), True),
    "zebra": Noun(("zebra stripes", "zebra", "zebra skin"), False),
    "leopard": Noun(("leopard spots", "leopard", "leopard skin"), False),
    "tiger": Noun(("tiger stripes", "tiger", "tiger skin"), False),
    "giraffe": Noun(("giraffe", "giraffe skin", "giraffe patches"), False),
    "honeycomb": Noun(("honeycomb", "beehive cells"), False),
    "coral": Noun(("coral", "coral reef"), True),
    "crystal": Noun(("crystal", "crystals", "gemstone"), True),
    "candy": Noun(("candy stripes", "candy cane", "striped candy"), True),
    "dots": Noun(("polka dots", "dots"), True),
    "splatter": Noun(("paint splatter", "paint splashes", "splattered paint"), False),
    "glass": Noun(("stained glass", "glass window"), False),
    "mosaic": Noun(("mosaic", "mosaic tiles", "tiles"), True),
    "camouflage": Noun(("camouflage", "camo"), True),
}

MODIFIERS: dict[str, tuple[str, ...]] = {
    "mossy": ("mossy", "overgrown"),
    "cracked": ("cracked", "broken"),
    "wet": ("wet", "rainy wet"),
    "dusty": ("dusty", "dirty"),
    "rusty": ("rusty", "rust stained"),
    "worn": ("worn", "old", "weathered"),
    "polished": ("polished", "shiny", "glossy"),
    "painted": ("painted", "paint dripped"),
    "snowy": ("snowy", "snow covered", "frosty"),
    "burnt": ("burnt", "charred", "scorched"),
    "scratched": ("scratched", "scuffed"),
    "faded": ("faded", "bleached", "pale"),
}

SCENES: dict[str, tuple[str, ...]] = {
    "desert": ("a desert", "desert dunes", "sand dunes in a desert"),
    "mountains": ("snowy mountains", "a mountain range", "mountain peaks"),
    "meadow": ("an alpine meadow", "a green meadow", "a meadow with flowers"),
    "forest": ("a forest clearing", "a pine forest", "a forest"),
    "ocean": ("the ocean", "the open sea", "an ocean with waves"),
    "beach": ("a tropical beach", "a beach with palm trees", "a beach"),
    "canyon": ("a red canyon", "a canyon", "a canyon with red rocks"),
    "city": ("a city skyline", "a city", "a city with skyscrapers"),
    "village": ("a village", "a village with houses", "a small village"),
    "stars": ("a sky full of stars", "a starry sky", "the milky way"),
    "aurora": ("an aurora", "northern lights", "northern lights over snow"),
    "volcano": ("a volcano", "an erupting volcano", "a volcano with lava"),
    "alien": ("an alien planet", "an alien landscape", "an alien world"),
    "underwater": ("underwater", "an underwater reef", "under the sea"),
    "clouds": ("a sea of clouds", "above the clouds", "clouds from above"),
    "room": ("a room interior", "a living room", "inside a room"),
}
ALWAYS_NIGHT = ("stars", "aurora")  # no other time, no weather but clear
NO_WEATHER = ("stars", "aurora", "underwater", "clouds", "room")

TIMES: dict[str, tuple[str, ...]] = {
    "day": ("by day", "in daylight", "at noon"),
    "dawn": ("at dawn", "at sunrise"),
    "morning": ("in the morning", "in early morning light"),
    "sunset": ("at sunset", "in the evening"),
    "dusk": ("at dusk", "at twilight"),
    "night": ("at night", "by night"),
}
WEATHERS: dict[str, tuple[str, ...]] = {
    "clear": ("with a clear sky", "in clear weather"),
    "cloudy": ("with clouds", "in cloudy weather"),
    "foggy": ("in fog", "in thick mist"),
    "rainy": ("in the rain", "in rainy weather"),
    "snowfall": ("in falling snow", "in a snowstorm"),
    "stormy": ("in a thunderstorm", "in stormy weather"),
}

LOOKS: dict[str, tuple[str, ...]] = {
    "horizon": ("",),
    "up": (", looking up at the sky", ", looking up"),
    "down": (", looking down at the ground", ", looking down"),
}
SKIES: dict[str, tuple[str, ...]] = {  # what one sees, looking up
    "day": ("sky", "daylight sky"),
    "dawn": ("sky at dawn", "dawn sky"),
    "morning": ("morning sky", "early morning sky"),
    "sunset": ("sunset sky", "evening sky"),
    "dusk": ("sky at dusk", "twilight sky"),
    "night": ("night sky", "sky at night"),
}
VIEWS = ("front", "side", "back", "overhead")
OBJECTS: tuple[str, ...] = (
    "a statue", "a head", "a monkey head", "a monkey", "a bunny", "a vase", "a ball", "a sphere", "a ring", "an object",
    "a sculpture", "a teapot", "a rock", "a cube", "a cat", "a dragon", "a chair", "a robot", "a figure", "a house",
)  # fmt: skip
CONNECTIVES = ("a", "an", "and", "very", "old", "the", "over", "above")
LEADS = ("", "", "", "", "a photo of ", "a picture of ", "a photograph of ")
SCENE_LEADS = ("", "", "", "", "a photo of ", "a panorama of ", "a view of ", "a landscape with ")
FLAT_FORMS = ("{m}", "{m}", "{m} texture", "a texture of {m}", "{m} pattern", "a close view of {m}", "seamless {m}")
OBJECT_FORMS = ("{o} made of {m}", "{m}", "{o} covered in {m}", "{m} {n}", "{m} texture", "{o} in {m}")


def words_of(text: str) -> list[str]:
    """Lower-case words of a caption or prompt, punctuation dropped."""
    return re.findall(r"[a-z]+", text.lower())


def all_words() -> list[str]:
    """Sorted words that a caption can contain; the tokenizer holds each whole."""
    texts = [*COLOURS, *OBJECTS, *VIEWS, "view", *LEADS, *SCENE_LEADS, *FLAT_FORMS, *OBJECT_FORMS, *CONNECTIVES]
    texts += [way for noun in MATERIALS.values() for way in noun.ways]
    for table in (MODIFIERS, SCENES, TIMES, WEATHERS, LOOKS, SKIES):
        texts += [way for ways in table.values() for way in ways]
    return sorted({word for text in texts for word in words_of(re.sub(r"\{\w\}", " ", text))})
