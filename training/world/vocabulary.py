"""All words that occur in captions. The tokenizer and `engine/models/builtin/vocabulary.json` are built from these lists, so that
the engine can report the words of a prompt that the checkpoint was not trained on.
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
    """A material: its spellings in captions, and whether a colour word may precede it."""

    ways: tuple[str, ...]
    paintable: bool


MATERIALS: dict[str, Noun] = {
    "brick": Noun(("brick", "brick wall", "bricks", "brickwork", "old bricks"), True),
    "cobblestone": Noun(("cobblestone", "cobblestones", "cobbles", "cobbled street", "stone paving", "paving stones"), True),
    "planks": Noun(
        ("wooden planks", "oak planks", "planks", "wood boards", "wooden boards", "timber planks", "wooden floor"), True
    ),
    "wood": Noun(("wood grain", "oak wood", "polished oak", "wood", "walnut wood", "wooden", "timber"), False),
    "bark": Noun(("tree bark", "bark", "bark of a tree", "tree trunk"), False),
    "parquet": Noun(("parquet", "parquet floor", "herringbone parquet", "herringbone floor", "wooden parquet"), False),
    "marble": Noun(("marble", "marble stone", "veined marble"), True),
    "granite": Noun(("granite", "granite stone", "speckled granite", "granite rock"), True),
    "terrazzo": Noun(("terrazzo", "terrazzo floor", "terrazzo tiles"), True),
    "sandstone": Noun(("sandstone", "layered sandstone", "sandstone rock", "sandstone cliff"), False),
    "slate": Noun(("slate", "slate roof", "slate shingles", "slate tiles", "roof tiles", "shingles"), True),
    "concrete": Noun(("concrete", "concrete wall", "cement", "concrete blocks"), False),
    "plaster": Noun(("plaster", "rough plaster", "stucco", "plaster wall", "stucco wall"), True),
    "asphalt": Noun(("asphalt", "tarmac", "road", "asphalt road"), False),
    "gravel": Noun(("gravel", "pebbles", "river stones", "small stones"), False),
    "sand": Noun(("sand", "rippled sand", "beach sand", "desert sand"), False),
    "mud": Noun(("mud", "dried mud", "dry earth", "dried earth", "cracked earth", "soil"), False),
    "snow": Noun(("snow", "fresh snow", "powder snow"), False),
    "ice": Noun(("ice", "blue ice", "frozen lake", "glacier ice"), False),
    "moss": Noun(("moss", "soft moss", "green moss"), False),
    "grass": Noun(("grass", "grass lawn", "lawn", "green grass", "turf"), False),
    "leaves": Noun(("leaves", "ivy leaves", "foliage", "leaf litter", "ivy", "hedge"), True),
    "clover": Noun(("clover", "clover field", "clover leaves", "shamrock"), False),
    "water": Noun(("water", "clear water", "rippling water", "pool water", "sea water"), False),
    "lava": Noun(("lava", "molten lava", "magma", "glowing lava", "hot lava"), False),
    "rust": Noun(("rust", "rusted iron", "corroded iron", "rusted metal", "rusted steel", "iron rust"), False),
    "steel": Noun(("brushed steel", "brushed metal", "steel", "stainless steel", "brushed aluminium", "metal"), False),
    "copper": Noun(("copper patina", "weathered copper", "copper", "oxidized copper", "bronze patina"), False),
    "gold": Noun(("gold", "hammered gold", "golden metal", "pure gold", "golden"), False),
    "rivets": Noun(
        ("riveted plate", "riveted metal", "rivets", "metal plates with rivets", "armor plates", "spaceship hull"), True
    ),
    "corrugated": Noun(("corrugated metal", "corrugated iron", "corrugated sheet", "corrugated roof", "tin roof"), True),
    "circuit": Noun(("circuit board", "electronics", "computer chip", "microchip board"), True),
    "leather": Noun(("leather", "old leather", "leather hide", "stitched leather"), True),
    "knit": Noun(("wool knit", "knitted wool", "knit", "knitted sweater", "yarn", "woolen knit"), True),
    "denim": Noun(("denim", "jeans cloth", "denim cloth", "blue jeans", "jeans"), True),
    "velvet": Noun(("velvet", "crushed velvet", "velvet cloth", "silk velvet"), True),
    "tartan": Noun(("tartan", "tartan cloth", "plaid", "scottish tartan", "plaid cloth"), True),
    "carpet": Noun(("carpet", "persian carpet", "ornate rug", "oriental rug", "oriental carpet"), True),
    "basket": Noun(("basket weave", "wicker", "woven basket", "rattan", "woven straw", "woven wicker"), False),
    "scales": Noun(("scales", "dragon scales", "fish scales", "reptile scales", "snake scales", "lizard scales"), True),
    "fur": Noun(("fur", "shaggy fur", "fluffy fur", "furry", "animal fur", "hairy fur"), True),
    "feathers": Noun(("feathers", "bird feathers", "plumage", "feathered", "wing feathers"), True),
    "zebra": Noun(("zebra stripes", "zebra", "zebra skin", "zebra fur", "zebra print"), False),
    "leopard": Noun(("leopard spots", "leopard", "leopard skin", "leopard fur", "leopard print", "jaguar spots"), False),
    "tiger": Noun(("tiger stripes", "tiger", "tiger skin", "tiger fur", "tiger print"), False),
    "giraffe": Noun(("giraffe", "giraffe skin", "giraffe patches", "giraffe fur", "giraffe print"), False),
    "honeycomb": Noun(("honeycomb", "beehive cells", "bee honeycomb", "hexagons"), False),
    "coral": Noun(("coral", "coral reef", "coral polyps", "sea coral"), True),
    "crystal": Noun(("crystal", "crystals", "gemstone", "amethyst crystals", "gem facets", "cut gems"), True),
    "candy": Noun(("candy stripes", "candy cane", "striped candy", "diagonal stripes", "stripes"), True),
    "dots": Noun(("polka dots", "dots", "spotted cloth", "polka dot cloth"), True),
    "splatter": Noun(("paint splatter", "paint splashes", "splattered paint", "splashes of paint", "colourful paint"), False),
    "glass": Noun(("stained glass", "glass window", "church window", "stained glass window"), False),
    "mosaic": Noun(("mosaic", "mosaic tiles", "tiles", "small tiles", "bathroom tiles", "ceramic tiles"), True),
    "camouflage": Noun(("camouflage", "camo", "army camouflage", "military camo"), True),
}

MODIFIERS: dict[str, tuple[str, ...]] = {
    "mossy": ("mossy", "overgrown"),
    "cracked": ("cracked", "broken", "shattered", "crumbling"),
    "wet": ("wet", "rainy wet", "damp", "soaked"),
    "dusty": ("dusty", "dirty", "grimy"),
    "rusty": ("rusty", "rust stained"),
    "worn": ("worn", "old", "weathered", "aged", "battered"),
    "polished": ("polished", "shiny", "glossy", "gleaming"),
    "painted": ("painted", "paint dripped"),
    "snowy": ("snowy", "snow covered", "frosty", "icy"),
    "burnt": ("burnt", "charred", "scorched", "sooty"),
    "scratched": ("scratched", "scuffed", "scraped"),
    "faded": ("faded", "bleached", "pale"),
}

SCENES: dict[str, tuple[str, ...]] = {
    "desert": ("a desert", "desert dunes", "sand dunes in a desert", "a sandy desert", "the sahara"),
    "mountains": ("snowy mountains", "a mountain range", "mountain peaks", "the alps", "mountains with snow", "high mountains"),
    "meadow": ("an alpine meadow", "a green meadow", "a meadow with flowers", "a flower meadow", "green hills", "a grassy field"),
    "forest": ("a forest clearing", "a pine forest", "a forest", "the woods", "a forest of pine trees", "a fir forest"),
    "ocean": ("the ocean", "the open sea", "an ocean with waves", "the sea", "open water"),
    "beach": ("a tropical beach", "a beach with palm trees", "a beach", "a sandy beach", "a tropical island", "the seaside"),
    "lake": ("a lake", "a mountain lake", "a lake with a jetty", "a calm lake", "a lake shore", "a lake between mountains"),
    "waterfall": ("a waterfall", "waterfalls", "a waterfall over mossy rocks", "a pool under a waterfall", "a high waterfall"),
    "cliffs": ("sea cliffs", "cliffs by the sea", "a rocky coast", "a coastal cliff", "a coast with a lighthouse"),
    "harbour": ("a harbour", "a harbour with boats", "a fishing harbour", "a harbor", "boats in a harbour", "a marina"),
    "jungle": ("a jungle", "a rainforest", "a tropical jungle", "a tropical rainforest", "a jungle with vines", "dense jungle"),
    "autumn": ("an autumn forest", "a forest in autumn", "autumn trees", "autumn woods", "a park in autumn", "fall foliage"),
    "blossom": ("a blossom garden", "a cherry blossom garden", "cherry blossoms", "a garden in bloom", "a garden", "an orchard"),
    "swamp": ("a swamp", "a marsh", "a murky swamp", "a bayou", "a swamp with lily pads", "wetlands"),
    "farmland": ("farmland", "a farm", "a farm with a red barn", "a wheat field", "fields with a windmill", "the countryside"),
    "canyon": ("a red canyon", "a canyon", "a canyon with red rocks", "a rocky canyon", "a gorge"),
    "city": ("a city skyline", "a city", "a city with skyscrapers", "a town of towers", "a metropolis", "downtown skyscrapers"),
    "village": ("a village", "a village with houses", "a small village", "a little town", "a hamlet with a church"),
    "stars": ("a sky full of stars", "a starry sky", "the milky way", "a galaxy of stars"),
    "planet": ("outer space", "outer space with planets", "a nebula", "a nebula with planets", "deep space", "a ringed planet"),
    "station": ("a space station", "inside a space station", "a spaceship interior", "inside a spaceship", "a spaceship cockpit"),
    "aurora": ("an aurora", "northern lights", "northern lights over snow", "the aurora borealis", "polar lights"),
    "volcano": ("a volcano", "an erupting volcano", "a volcano with lava", "a volcanic landscape", "a lava volcano"),
    "alien": ("an alien planet", "an alien landscape", "an alien world", "a strange planet", "another planet", "a fantasy world"),
    "underwater": ("underwater", "an underwater reef", "under the sea", "the ocean floor", "a coral reef under water"),
    "clouds": ("a sea of clouds", "above the clouds", "clouds from above", "high in the clouds", "a sky above the clouds"),
    "street": ("a street", "an old town street", "a city street", "a street of shops", "a cobbled lane", "streets of a town"),
    "ruins": ("stone ruins", "ruins", "a temple in ruins", "ruins with columns", "temple ruins", "the ruins of a temple"),
    "cave": ("a cave", "a cavern", "a cave with crystals", "inside a cave", "a dripstone cave", "a grotto"),
    "hall": ("a cathedral hall", "a castle hall", "inside a cathedral", "inside a castle", "a gothic cathedral", "a great hall"),
    "library": ("a library", "an old library", "a library with bookshelves", "inside a library", "bookshelves", "a study room"),
    "kitchen": ("a kitchen", "a kitchen interior", "inside a kitchen", "a cosy kitchen", "a kitchen with a stove"),
    "room": ("a room interior", "a living room", "inside a room", "a cosy room", "an apartment interior", "a bedroom"),
}
ALWAYS_NIGHT = ("stars", "aurora", "planet", "station")  # no other time, no weather but clear
OPEN_SKY = (  # their upward views show the same sky
    "desert", "mountains", "meadow", "ocean", "beach", "canyon", "village", "lake", "cliffs", "harbour",
    "farmland",
)  # fmt: skip
INDOORS = ("room", "hall", "library", "kitchen", "cave", "station")  # scenes without a sky
NO_WEATHER = (*ALWAYS_NIGHT, *INDOORS, "underwater", "clouds")

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
SKIES: dict[str, tuple[str, ...]] = {  # names of the sky in captions of upward views
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
    """Sorted words that a caption can contain; each is one token."""
    texts = [*COLOURS, *OBJECTS, *VIEWS, "view", *LEADS, *SCENE_LEADS, *FLAT_FORMS, *OBJECT_FORMS, *CONNECTIVES]
    texts += [way for noun in MATERIALS.values() for way in noun.ways]
    for table in (MODIFIERS, SCENES, TIMES, WEATHERS, LOOKS, SKIES):
        texts += [way for ways in table.values() for way in ways]
    return sorted({word for text in texts for word in words_of(re.sub(r"\{\w\}", " ", text))})
