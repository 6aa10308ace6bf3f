"""Common words that no caption contains, and the word of the vocabulary that comes nearest in meaning (not in spelling)."""

from __future__ import annotations

NEAREST: dict[str, str] = {
    # materials
    "stonework": "cobblestone", "masonry": "brick", "pavement": "cobblestone", "boulders": "rock",
    "mahogany": "wood", "plywood": "wood", "bamboo": "planks", "log": "bark", "logs": "bark", "laminate": "parquet",
    "clay": "mud", "dirt": "mud", "chalk": "plaster", "wallpaper": "plaster", "onyx": "marble", "quartz": "crystal",
    "diamond": "crystal", "ruby": "crystal", "emerald": "crystal", "jade": "marble", "obsidian": "crystal",
    "amber": "honeycomb", "silver": "steel", "chrome": "steel", "aluminum": "steel", "titanium": "steel",
    "brass": "gold", "armour": "armor", "steampunk": "rivets", "mechanical": "rivets", "robotic": "rivets",
    "scifi": "circuit", "cyberpunk": "circuit", "cotton": "knit", "linen": "denim", "fabric": "denim",
    "satin": "velvet", "scarf": "tartan", "kilt": "tartan", "wickerwork": "wicker", "hair": "fur", "fluff": "fluffy",
    "bear": "fur", "wolf": "fur", "dog": "fur", "owl": "feathers", "eagle": "feathers", "parrot": "feathers",
    "crocodile": "scales", "dinosaur": "scales", "cheetah": "leopard", "cow": "giraffe", "jewel": "gemstone",
    "lollipop": "candy", "sweets": "candy", "graffiti": "splatter", "ink": "splatter", "porcelain": "tiles",
    "hay": "straw", "lichen": "moss", "algae": "moss", "fire": "lava", "flames": "lava",
    "frost": "frosty", "icicles": "ice", "pebble": "pebbles",
    # states, colours, times and weather
    "ancient": "old", "ruined": "broken", "misty": "mist",
    "antique": "old", "damaged": "broken", "fractured": "cracked",
    "decayed": "worn", "vintage": "faded", "metallic": "shiny", "smooth": "polished", "sparkling": "shiny",
    "filthy": "dirty", "muddy": "dirty", "sunny": "clear", "bright": "clear", "overcast": "cloudy",
    "hazy": "fog", "thunder": "thunderstorm", "lightning": "thunderstorm", "blizzard": "snowstorm",
    "nightfall": "night", "midnight": "night", "midday": "noon", "afternoon": "noon", "sundown": "sunset",
    "moonlight": "night", "moonlit": "night", "gray": "grey", "violet": "purple", "magenta": "pink",
    "turquoise": "teal", "cyan": "teal", "crimson": "red", "scarlet": "red", "navy": "blue", "beige": "sand",
    "ivory": "white", "tan": "brown", "lime": "green", "maroon": "red",
    # places
    "woodland": "forest", "prairie": "meadow", "steppe": "meadow", "valley": "mountains", "tokyo": "city", "cottage": "village",
    "cosmos": "nebula", "universe": "nebula", "mars": "planet", "moon": "planet", "office": "room", "pond": "lake",
    "fjord": "lake", "lagoon": "beach", "stream": "waterfall", "bog": "swamp", "port": "harbour", "dock": "harbour",
    "alley": "lane", "palace": "castle", "chapel": "cathedral", "monastery": "cathedral", "sakura": "blossom",
    "vineyard": "farm", "mine": "cave", "tunnel": "cave", "bookshop": "library", "heaven": "clouds", "dune": "dunes",
    "oasis": "desert",
}  # fmt: skip
