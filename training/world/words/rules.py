"""Rules over WordNet's hypernym tree: every hyponym of a meaning on the right can be drawn as the concepts on the left.

The nearest rule above a word applies. Meanings are written as `WordNet.root` reads them. A rule of NOTHING excludes
the hyponyms of its meanings.
"""

from __future__ import annotations

from .places import LAKE

GARDEN = "blossom garden/blossom/garden/meadow"
HALL = "castle hall/hall/cathedral hall/room"
HARBOUR = "harbour/harbor/beach"
STREET = "street/city streets/city"
STATION = "space station/station/outer space/room"
NOTHING = ""

PLACE_NAMES: dict[str, str] = {  # as good as the concept's own name
    "ocean": "ocean, sea",
    LAKE: "lake, stream, body of water, waterway, channel#5, pool, ditch, inlet",
    "beach": "beach, shore, island, coast, bay",
    HARBOUR: "seaport, dock, pier",
    "waterfall/canyon": "waterfall",
    "desert": "desert, dune",
    "canyon": "canyon, ravine, valley, natural depression, gorge",
    "mountains": "mountain, mountain peak, mountain range, glacier, natural elevation, ridge, ice mass, mountain pass",
    "meadow": "grassland, plain, hill, park, field, tract, mound",
    "farmland/meadow": "farm, farmland, plantation, vineyard",
    GARDEN: "garden, orchard",
    "forest": "forest, grove, woodland",
    "jungle/forest": "rain forest",
    "swamp/forest": "swamp, wetland, bog",
    "cave/canyon": "cave, mine, tunnel",
    "city": "city, national capital, skyscraper, metropolis",
    STREET: "street, road, highway, bridge, plaza, marketplace, thoroughfare",
    "village": "village, town, house, dwelling, castle, fortification, settlement, hut, church, monastery, residence, building",
    "ruins/village": "temple, pyramid, megalith",
    "stars": "star, galaxy#3, constellation#2",
    "planet/outer space/stars": "planet, satellite#3, asteroid, comet",
    "volcano": "volcano",
    "underwater": "reef",
    "room": """
        room, restaurant, tavern, shop, apartment, office, school#2, hospital, penal institution, medical building, place of
        business, mercantile
        establishment, aisle""",
    "library/room": "library",
    "kitchen/room": "kitchen",
    "workshop/room": "workshop, factory, garage, workplace, plant",
    HALL: "cathedral, theater, railway station, auditorium",
    STATION: "spacecraft",
    NOTHING: """
        body part, country, state, continent, american state, province, region, geographical area, organization, social group""",
}
PLACE_HINTS: dict[str, str] = {  # what is found there
    "ocean": "sailing vessel, ship, vessel#2, whale, cetacean, seabird",
    "beach": "palm#3, gull, swimsuit, shell#2",
    HARBOUR: "boat, cargo ship",
    "underwater": """
        fish, cephalopod, jellyfish, coelenterate, sea anemone, aquatic mammal, seaweed, echinoderm, crustacean, diving suit,
        mollusk""",
    "swamp/forest": "crocodilian reptile, frog, salamander, heron, reed#1, wading bird, sedge",
    "jungle/forest": "ape, parrot, monkey, liana, orchid, dinosaur, big cat, snake",
    "desert": "cactus, camel, succulent, scorpion",
    "forest": """
        tree, conifer, fungus, fern, bear, deer, owl, woody plant, squirrel, woodpecker, mustelid, canine, moss, songbird,
        passerine""",
    "meadow": """
        flower, herb, cattle, horse, sheep, butterfly, grass, bee, grasshopper, antelope, rabbit, wildflower, vascular plant,
        insect, ruminant, equine, legume, weed, lark""",
    GARDEN: "rose, shrub, fruit tree, vine",
    "farmland/meadow": "cereal, farm machine, grain, poultry, vegetable, swine, plow, domestic fowl, crop, harvester",
    "mountains": "ski, mountaineer, mountain goat, snow, ice, goat, sled",
    "canyon": "rock, stone",
    "city": "tower, aqueduct, monument, subway train",
    STREET: """
        car, motor vehicle, bus, bicycle, lamppost, streetlight, motorcycle, public transport, truck, wheeled vehicle, traffic
        light""",
    "village": "mill, roof",
    "ruins/village": "column#7, arch#4",
    "stars": "telescope, celestial body",
    STATION: "astronaut, satellite#1, rocket",
    "clouds": "aircraft, cloud, angel, airship",
    "volcano": "lava, fire",
    "room": """
        furniture, bed, curtain, bedclothes, toy, computer, musical instrument, domestic animal, home appliance, lamp, clock,
        keyboard instrument, display, bathtub, toiletry, office furniture, clothing, plaything, electronic equipment""",
    "living room/room": "sofa, fireplace, rug, television receiver",
    "library/room": "book#2, bookcase, publication",
    "kitchen/room": """
        kitchen utensil, cookware, tableware, food, cooking utensil, kitchen appliance, crockery, dish, beverage, stove,
        cutlery""",
    "workshop/room": "tool, machine, power tool, workbench, hand tool, lathe, machinery, engine, mechanism",
    HALL: "throne, chandelier, organ#5, altar, sword, armor, pew, religious residence",
}
SURFACE_NAMES: dict[str, str] = {
    "brick": "brick",
    "planks": "board#2, lumber, plywood, fence",
    "wood": "wood",
    "bark": "bark, trunk#1, log",
    "marble": "marble, limestone",
    "granite": "granite, rock, stone, igneous rock, rock#2",
    "sandstone": "sandstone, sedimentary rock",
    "slate": "slate, roof, shale",
    "concrete": "concrete, cement#3",
    "plaster": "plaster, paper, wall, wallpaper",
    "asphalt": "asphalt, road",
    "gravel": "gravel, pebble",
    "sand": "sand, desert, beach",
    "mud": "mud, soil, clay, earth#2",
    "snow": "snow",
    "ice": "ice, glacier",
    "moss": "moss, lichen, alga",
    "grass": "grass, lawn",
    "leaves": "leaf, shrub, vine, hedge, fern",
    "clover": "clover",
    "water": "water, body of water, liquid",
    "lava": "lava, fire",
    "steel": "steel, metal, metallic element, alloy, iron",
    "copper": "copper, bronze",
    "gold": "gold#3, brass, precious metal",
    "circuit": "circuit, electronic device, computer circuit, semiconductor device, chip#7",
    "leather": "leather, hide#2",
    "knit": "wool, yarn, sweater, knit, hosiery, scarf",
    "denim": "denim, fabric, trouser, canvas",
    "velvet": "velvet, silk, satin, curtain, brocade",
    "tartan": "tartan, tweed",
    "carpet": "rug, tapestry",
    "basket": "basket, wicker, straw",
    "scales": "reptile, dinosaur",
    "fur": "fur, pelt, hair",
    "feathers": "feather, plumage",
    "coral": "coral, sponge",
    "crystal": "gem, quartz, crystal, mineral, jewel",
    "candy": "candy",
    "splatter": "paint, ink, pigment",
    "glass": "glass, window",
    "mosaic": "mosaic, tile, ceramic, pottery, porcelain",
    "camouflage": "military uniform, camouflage",
    NOTHING: "body part, region, organization",
}
SURFACE_HINTS: dict[str, str] = {
    "brick": "building, chimney, house",
    "cobblestone": "castle, street, fortification, plaza",
    "planks": "boat, sailing vessel, cabin, box, shelf",
    "wood": "furniture, musical instrument, door, stringed instrument, carving",
    "bark": "tree, woody plant",
    "parquet": "floor",
    "marble": "statue, sculpture, column#7, monument, temple",
    "granite": "mountain, cliff, gravestone, natural elevation",
    "concrete": "bridge, dam",
    "mud": "pot, swamp, wetland",
    "mosaic": "crockery, vase, tableware, bathtub, toilet, dish, vessel#3",
    "leaves": "plant#2, flower, herb, vascular plant, garden, forest, vegetable, greens",
    "grass": "field, park, cereal, grassland, sedge",
    "leather": "footwear, bag, glove, belt, saddle, pachyderm, bookbinding",
    "knit": "hat, headdress, cap",
    "denim": "garment, clothing, bedclothes, sail, tent",
    "velvet": "gown, cushion, woman's clothing, robe",
    "steel": """
        weapon, tool, armor, kitchen utensil, machine, knife, cutlery, mechanism, device, engine, instrument, cookware, hand
        tool, edge tool, implement, hardware, gun""",
    "rivets": "aircraft, ship, spacecraft, warship, locomotive, submarine, tank#1, vehicle, boiler, robot",
    "rust": "anchor, wreck, chain",
    "gold": "jewelry, crown, brass#2, coin, throne, bell, award",
    "circuit": "computer, electronic equipment, calculator, telephone",
    "scales": "fish, snake, lizard, crocodilian reptile, turtle#2, amphibian#3, bony fish, arthropod",
    "fur": "mammal, placental, canine, feline, bear, carnivore, rodent, plaything, ape",
    "feathers": "bird, poultry, domestic fowl, owl",
    "coral": "coelenterate, echinoderm, mollusk, sea anemone",
    "water": "beverage, cetacean, rain",
    "honeycomb": "bee, wasp",
    "crystal": "salt#2",
    "candy": "dessert, sweet, cake",
    "moss": "fungus",
    "leopard": "leopard#2",
    "zebra": "zebra",
    "tiger": "tiger",
    "sand": "sandbank",
    "glass": "bottle, lamp, drinking vessel, lens",
    "basket": "straw hat",
    "plaster": "mask, book#2",
}
