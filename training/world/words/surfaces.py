"""Hand-made list: common words of prompts for surfaces. A key lists materials in order of preference, of which the first that a
checkpoint knows is drawn; each is a material of `training.world.vocabulary` or one of the ways to write it.

NAMES denote the material itself; HINTS denote things and animals with such a surface, and have lower priority than a name.
"""

from __future__ import annotations

NAMES: dict[str, str] = {
    "brick": "brick, bricks, brickwork, brick wall, masonry, red bricks, klinker, brickwall, mortar, adobe brick, firebrick",
    "cobblestone": """
        cobblestone, cobblestones, cobbles, paving, pavement, stone paving, flagstone, flagstones, stone wall, stonework,
        stone floor, castle wall, castle walls, stone blocks, dry stone wall, fieldstone, rubble wall, stone bricks, dungeon
        wall, setts, ashlar, paver""",
    "planks": """
        plank, planks, boards, board, wooden boards, floorboards, decking, plywood, barn wood, barn boards, clapboard, pallet
        wood, siding, wood planks, wooden planks, fence, picket fence, bamboo, wooden crate, crate, wooden floor,
        weatherboard, lumber, wooden deck, deck, barn door, slats, wood siding""",
    "wood": """
        wood, wooden, oak, mahogany, walnut, teak, pine, ebony, maple, cherry wood, cedar, rosewood, timber, wood grain, burl,
        driftwood, birchwood, birch wood, plywood grain, veneer, carved wood, hardwood, softwood, balsa, beech, ash wood, elm,
        sandalwood, redwood, varnish, oak wood, polished wood, dark wood, lacquer""",
    "bark": """
        bark, tree bark, trunk, tree trunk, stump, tree stump, log, logs, branch, branches, roots, twig, twigs, cork, tree,
        driftwood bark, birch bark, birch tree, root, treebark, gnarled""",
    "parquet": """
        parquet, herringbone, herringbone floor, hardwood floor, laminate, laminate floor, wooden flooring, chevron floor,
        parquetry""",
    "marble": """
        marble, carrara, alabaster, travertine, onyx, veined marble, limestone, soapstone, marmor, calacatta, jade, nephrite,
        malachite, lapis lazuli, serpentine, ivory, veined""",
    "granite": """
        granite, basalt, rock, rocks, stone, boulder, boulders, diorite, cliff face, speckled granite, volcanic rock, rocky,
        stony, gneiss, bedrock, gritstone, porphyry, stone surface, meteorite, asteroid, pumice, cliff""",
    "terrazzo": "terrazzo, terrazzo floor, agglomerate, confetti stone",
    "sandstone": """
        sandstone, rock strata, strata, sedimentary rock, layered rock, canyon, canyon rock, red rock, layered sandstone,
        sedimentary, rock layers, petra, sphinx, pyramid""",
    "slate": """
        slate, roof tiles, shingles, shingle, slate roof, schist, roof tile, roofing, chalkboard, blackboard, shale, wood
        shingles, tiled roof""",
    "concrete": """
        concrete, cement, bunker, brutalist, cinder block, cinder blocks, breeze block, sidewalk, reinforced concrete, screed,
        cement blocks, dam wall, overpass, skatepark, brutalism""",
    "plaster": """
        plaster, stucco, adobe, gypsum, drywall, chalk, whitewash, wall, wallpaper, render coat, clay wall, fresco, lime wash,
        limewash, plasterboard, papier mache, paper, cardboard, parchment, papyrus, plastered, wall paint, canvas, eggshell,
        bone, skull""",
    "asphalt": """
        asphalt, tarmac, road, highway, blacktop, tar, bitumen, street, racetrack, runway, motorway, road surface, driveway,
        pothole""",
    "gravel": """
        gravel, pebble, pebbles, shingle beach, ballast, rubble, river stones, scree, crushed stone, crushed rock, small
        stones, river rocks, stones, riverbed, grit, debris""",
    "sand": """
        sand, sandy, dune, dunes, desert, beach, beach sand, sandcastle, sahara, silt, desert sand, desert floor, quartz sand,
        sandbox""",
    "mud": """
        mud, muddy, soil, dirt, earth, clay, ground, dry earth, riverbank mud, loam, humus, terracotta, terra cotta, peat,
        swamp, parched, dirt road, desert clay, drought, bog, dry lake, unfired clay, potting soil, dried mud, sludge,
        chocolate""",
    "snow": """
        snow, fresh snow, powder snow, snowdrift, snowflake, snowflakes, snowball, fallen snow, snowman, slush, snowfall,
        icing, whipped cream, fresh powder, frosting, cotton wool""",
    "ice": """
        ice, frozen, glacier, glacial, iceberg, icicle, icicles, frost, permafrost, ice cube, ice cubes, frozen lake, glacial
        ice, ice sculpture, frosted, hoarfrost, frozen water, snow queen""",
    "moss": "moss, lichen, algae, peat moss, sphagnum, mold, mould, moss covered, moss ball, mildew, slime, fungus",
    "grass": """
        grass, lawn, turf, meadow, field, pasture, golf green, football pitch, soccer field, hay, prairie, sod, grassy, reed,
        wheat, putting green, grassland""",
    "leaves": """
        leaf, leaves, foliage, ivy, hedge, bush, shrub, leaf litter, autumn leaves, vines, vine, fern, ferns, topiary, jungle,
        leafy, plant, plants, vegetation, laurel, boxwood, lettuce, cabbage, petals, flowers, flower, undergrowth, creeper,
        tree canopy, fallen leaves, floral, shrubbery, garland, forest floor, blossom, leafage""",
    "clover": "clover, shamrock, trefoil, clovers, four leaf, four leaf clover",
    "water": """
        water, liquid, sea, ocean, river, lake, pool, swimming pool, puddle, waves, ripples, ripple, rippling, aqua, caustics,
        rain water, pond, fluid, waterfall, stream, underwater, sea water, wave, pool surface, water surface, aquatic""",
    "lava": """
        lava, magma, molten, ember, embers, fire, flame, flames, fiery, volcanic, volcano, molten metal, hot coals, coals,
        hell, hellfire, inferno, burning, molten lava, blaze, bonfire, furnace, plasma, glowing cracks, wildfire, infernal,
        scoria""",
    "rust": """
        rust, rusted, corroded, corrosion, oxidised, oxidized, rusted metal, rusty metal, rusty iron, rusting, scrap metal,
        shipwreck, rusted iron, corten, corten steel, cor ten, iron oxide, rust metal, junkyard, scrapyard, wreck""",
    "steel": """
        steel, metal, metallic, iron, aluminium, aluminum, chrome, titanium, silver, stainless, stainless steel, brushed
        metal, pewter, tin, nickel, wrought iron, cast iron, sterling silver, tungsten, lead, platinum, gunmetal, chromium,
        brushed steel, zinc, blade, mercury, mirror, polished metal, brushed aluminium, anodized, galvanized, foil, alloy,
        mithril""",
    "copper": "copper, bronze, verdigris, patina, oxidized copper, green copper, copper patina",
    "gold": """
        gold, golden, gilded, gilt, brass, gold leaf, gold plated, treasure, bullion, ingot, ingots, gold bar, 24k, gold foil,
        golden metal, hammered gold""",
    "rivets": """
        rivet, rivets, riveted, bolts, armor plate, armor plates, armour plates, metal plates, steampunk, spaceship hull, hull
        plating, fuselage, plating, panel lines, greebles, sci fi panels, bolted, girder, girders, steel plates, mecha, mech,
        sci fi panel, hull, plate armor, plate armour, boiler, diamond plate, boilerplate, riveted plate, bolt""",
    "corrugated": """
        corrugated, corrugated iron, corrugated metal, tin roof, tin shed, sheet metal, corrugated steel, shipping container,
        metal siding, metal roof, roller shutter, corrugated sheet, quonset""",
    "circuit": """
        circuit, circuits, circuit board, motherboard, pcb, microchip, electronics, electronic, computer chip, chips and
        wires, cpu, cyberpunk, cyborg, tron, cybernetic, semiconductor, processor, printed circuit, wiring, wires,
        microprocessor, cybernetics, hacker, digital, transistor, transistors, hi tech, high tech, android""",
    "leather": """
        leather, suede, cowhide, rawhide, saddle, faux leather, calfskin, tanned, leatherette, nubuck, stitched leather,
        leather bound, elephant skin, rhino skin, buckskin, chamois, vinyl, rubber, tanned hide""",
    "knit": """
        knit, knitted, knitting, wool, woolen, woollen, yarn, sweater, jumper, pullover, cardigan, crochet, crocheted, cable
        knit, scarf, beanie, mitten, mittens, woolly, cashmere, hosiery, wool knit, tweed, thread, macrame, angora, mohair,
        socks, sock, poncho, embroidery, fleece blanket""",
    "denim": """
        denim, jeans, jean, dungarees, chambray, denim jacket, twill, trousers, workwear, overalls, cloth, fabric, textile,
        cotton, linen, canvas cloth, burlap, hessian, sackcloth, gabardine, woven, textiles, sailcloth, khaki trousers,
        polyester, nylon, hemp, jute""",
    "velvet": """
        velvet, satin, silk, plush, velour, velveteen, crushed velvet, corduroy, brocade, chiffon, taffeta, silken, velvety,
        damask, upholstery, curtain, drapery, lace, organza, curtains, microfiber""",
    "tartan": """
        tartan, plaid, kilt, checked, checkered, chequered, gingham, flannel, lumberjack, highlander, argyle, scottish cloth,
        picnic blanket, checkerboard, burberry, checks""",
    "carpet": """
        carpet, rug, persian, persian rug, oriental rug, kilim, tapestry, doormat, prayer rug, persian carpet, shag rug,
        medallions, magic carpet, shag, ornate rug, arabesque, paisley, mat, bath mat""",
    "basket": """
        basket, wicker, rattan, woven basket, hamper, straw, thatch, thatched, cane, basketry, basket weave, woven bamboo,
        bamboo weave, wickerwork, raffia, straw hat, willow weave, woven straw, bird nest, nest, beehive basket, creel,
        seagrass, woven reed""",
    "scales": """
        scale, scales, scaly, reptile, dragon, dragon skin, dragon scales, fish scales, snake skin, snakeskin, reptilian,
        lizard, crocodile skin, alligator skin, crocodile, alligator, mermaid, scaled, serpent, dinosaur skin, fish skin,
        chainmail, chain mail, armadillo, pangolin, scale mail, godzilla, basilisk, dragonhide, snake scales""",
    "fur": """
        fur, furry, hair, hairy, fluffy, shaggy, mane, pelt, fleece, fuzzy, wool fleece, teddy bear, faux fur, animal fur,
        coat of fur, winter coat, mammoth, yeti, bigfoot, werewolf, wig, fuzz, pelage, plushie, stuffed animal, sheepskin,
        mink, furred, afro, beard""",
    "feathers": """
        feather, feathers, feathered, plumage, plume, wings, wing, angel wings, peacock feathers, down feathers, quill,
        plumes, feathery, plumed, bird""",
    "zebra": "zebra, zebra stripes, zebra skin, zebra print, black and white stripes",
    "leopard": """
        leopard, cheetah, jaguar, ocelot, leopard print, leopard spots, animal print, rosettes, snow leopard, leopard skin,
        spotted fur, spotted cat, hyena, serval""",
    "tiger": """
        tiger, tiger stripes, tiger print, bengal, bengal tiger, tiger skin, siberian tiger, bengal stripes, orange and black
        stripes""",
    "giraffe": "giraffe, giraffe skin, giraffe print, giraffe pattern, giraffe patches, giraffes",
    "honeycomb": """
        honeycomb, beehive, beeswax, honey, hexagon, hexagons, hexagonal, hexagonal cells, hex tiles, hexagonal pattern, hive,
        bee hive, apiary, hex grid, wax cells, wasp nest""",
    "coral": "coral, coral reef, reef, polyps, sea coral, sponge, sea sponge, anemone, barnacle, barnacles",
    "crystal": """
        crystal, crystals, gem, gems, gemstone, gemstones, jewel, jewels, diamond, diamonds, ruby, emerald gem, sapphire,
        amethyst, quartz, topaz, geode, faceted, opal, garnet, crystalline, kryptonite, obsidian, rhinestone, prism, salt
        crystals, diamond facets, facets, shard, shards, jewelled, fluorite, zircon, glassy, tourmaline, swarovski""",
    "candy": """
        candy, candy cane, candy stripes, lollipop, peppermint, striped, stripes, stripe, candy cane stripes, sweets, bonbon,
        candyfloss, bubblegum, pinstripe, diagonal stripes, zigzag, humbug, gummy""",
    "dots": """
        dots, polka dot, polka dots, dotted, spots, spotted, dot, polkadot, ladybug, halftone, bubbles, circles, toadstool,
        fly agaric""",
    "splatter": """
        splatter, paint splatter, splattered, splash, graffiti, spray paint, sprayed paint, jackson pollock, pollock, drip
        painting, paint drips, ink, ink blots, dripping paint, oil paint, oil paints, paintball, splashes, action painting,
        palette, abstract expressionism, watercolor, watercolour, abstract paint, paint splashes, blots, rainbow, blood
        splatter, splat""",
    "glass": """
        stained glass, glass, glassware, window, church window, leaded glass, window pane, tiffany, tiffany lamp, panes,
        cathedral window, leadlight, murano, glazed window, bottle, colored glass, rose window""",
    "mosaic": """
        mosaic, mosaics, tile, tiles, tesserae, ceramic, ceramics, ceramic tiles, bathroom tiles, subway tiles, zellige,
        azulejo, porcelain, pottery, tiled, kitchen tiles, bathroom floor, glazed tiles, trencadis, gaudi, faience, glazed,
        disco ball, byzantine, earthenware, kintsugi, pixel""",
    "camouflage": """
        camouflage, camo, military, army, soldier uniform, soldier, army uniform, camouflaged, military uniform, camo pattern,
        disguise, hunting jacket, combat uniform, ghillie suit, commando, tank""",
}
HINTS: dict[str, str] = {
    "brick": "chimney, pizza oven, tenement, house facade, kiln, fireplace, factory, house, building",
    "cobblestone": """
        castle, dungeon, medieval wall, well, fortress, tower, ruin, ruins, plaza, medieval, bridge, old town, courtyard""",
    "planks": """
        barn, pirate ship, ship deck, pier, jetty, cabin, shed, bench, bookshelf, wooden house, boat, pallet, treehouse,
        galleon""",
    "wood": """
        guitar, cello, table, furniture, desk, cabinet, barrel, door, chair, piano, drawer, totem, totem pole, pinocchio,
        carving, carved, wardrobe, chess piece, clog, pipe, lute, puppet, spoon, cuckoo clock, wand, staff""",
    "bark": "ent, treebeard, dryad, treant, forest spirit, woodland creature, oaks, bonsai",
    "parquet": "floor, flooring, ballroom, dance floor, gym floor, basketball court, bowling alley",
    "marble": """
        statue, bust, sculpture, goddess, renaissance, michelangelo, greek god, venus, cherub, column, temple, mausoleum,
        classical, pillar, caesar, aphrodite, bathtub""",
    "granite": """
        tombstone, gravestone, golem, troll, countertop, monolith, stonehenge, mountain, easter island, moai, grave, stone
        age, cave, moon, crater, obelisk""",
    "concrete": "parking garage, dam, industrial wall, soviet, urban wall, overpass, pillar box",
    "plaster": """
        villa, mediterranean wall, mexican house, mummy, ghost, mask, facade, wall of a house, cottage wall, moon surface,
        eggs, egg, mime""",
    "asphalt": "tire, tyre, manhole, traffic",
    "slate": "roof, rooftop, church roof",
    "sand": "egypt, dakar, sandworm, oasis, coast, seashell",
    "mud": "pot, flower pot, golem of clay, pottery clay, pig, garden, potato, farm, swamp thing, cookie, gingerbread",
    "snow": "winter, alpine, christmas, polar, arctic, ski slope, igloo",
    "ice": "elsa, ice queen, cryo, freezer, frosty, icy",
    "moss": "forest, forest stone, swamp monster, hobbit, fairy, old log, zen garden, woodland, jungle ruin",
    "grass": "golf, stadium, hill, hobbit house, countryside, cricket pitch",
    "leaves": """
        garden, poison ivy, maple, oak leaf, nature, botanical, forest, autumn, spring, rose, plant pot, salad, green man,
        eden""",
    "water": "fish tank, rain, aquarium, tears, jellyfish, elemental, swim, wave pattern, sailor, dolphin, whale, seal",
    "lava": """
        demon, devil, phoenix, balrog, fire elemental, dragon fire, sun, hot, satan, heat, forge, salamander spirit, glowing""",
    "rust": "old car, abandoned car, anchor, wreckage, old pipe, chain, tanker, junk, apocalypse, post apocalyptic, abandoned",
    "steel": """
        knife, sword, robot, fork, cutlery, scissors, machine, car, cog, gears, gear, knight, armour, armor, helmet, shield,
        axe, sink, refrigerator, bumper, terminator, engine, spear, can, bullet, pan, bicycle, motorcycle, key, hammer, gun,
        pistol, bucket, fender, drone, dagger, bell, anchor chain, tap, toaster""",
    "copper": "still, cauldron, coin, coins, buddha, teapot of copper",
    "gold": """
        crown, trumpet, pharaoh, ring, jewellery, jewelry, necklace, oscar, trophy, saxophone, throne, king, idol, chalice,
        tutankhamun, midas, earrings, buddha gold, baroque, ornament, amulet, medal, star trophy, horn, luxury, bling""",
    "rivets": """
        spaceship, submarine, airplane, aircraft, ship hull, robot plating, boiler plate, locomotive, battleship, warship,
        plane, starship, space station, zeppelin, star wars, industrial, dieselpunk, eiffel tower, warhammer, mechanical""",
    "corrugated": "shanty, shed roof, container, garage door, favela, hangar, barn roof, silo, grain silo, shack",
    "circuit": """
        computer, laptop, hologram, ai, artificial intelligence, technology, neon, sci fi, scifi, futuristic, smartphone,
        borg, console""",
    "leather": """
        skin, hide, jacket, biker, boots, boot, wallet, belt, handbag, shoe, shoes, glove, gloves, football, baseball, whip,
        cowboy, couch, holster, armchair, briefcase, suitcase, sofa, bag, baseball glove, elephant, rhino, rhinoceros, hippo,
        punching bag, book, viking, saddlebag, catcher mitt, purse""",
    "knit": "grandma, blanket, hat, cozy, cosy, winter hat, slippers, tea cosy, felt, baby clothes, throw",
    "denim": """
        shirt, pants, worker, pocket, stitching, seams, backpack, apron, t shirt, sail, tent, uniform, clothes, clothing, sack""",
    "velvet": """
        dress, gown, sheets, bedding, cushion, ribbon, tie, cape, robe, throne cushion, lingerie, royal, pillow, theatre,
        theater, opera, bow tie, wedding dress, skirt, cloak, kimono, santa""",
    "tartan": "scottish, scotland, bagpipes, tablecloth, hipster, chess, chessboard",
    "carpet": "living room floor, aladdin, mosque, turkish, moroccan, iranian, ottoman, hotel lobby, afghan",
    "basket": "picnic, lampshade, scarecrow, hut, broom, rope, thatched roof, garden chair",
    "scales": """
        fish, snake, dinosaur, salmon, goldfish, iguana, gecko, python, cobra, chameleon, trout, turtle, tortoise, viper,
        monster, hydra, sea monster, wyvern, trex, t rex, tyrannosaurus, tail, triceratops, sea serpent, medusa, shark, carp,
        naga, lizard man""",
    "fur": """
        bear, wolf, dog, cat, fox, rabbit, bunny, hamster, lion, sheep, panda, koala, monkey, gorilla, squirrel, teddy, mouse,
        rat, goat, llama, alpaca, kitten, puppy, beaver, badger, otter, raccoon, bison, chewbacca, polar bear, ape, horse,
        pony, donkey, camel, lynx, kitty, viking cloak, buffalo, animal, beast, wookiee, moose, deer, reindeer, poodle,
        safari, moth, bumblebee, yak""",
    "feathers": """
        owl, eagle, parrot, peacock, swan, raven, crow, angel, duck, chicken, chick, hawk, falcon, penguin, flamingo, ostrich,
        phoenix feather, griffin, goose, dove, pigeon, macaw, harpy, pegasus, turkey, rooster, hen, icarus, vulture, pillow
        down, dreamcatcher, boa, sparrow, hummingbird, toucan, gryphon""",
    "giraffe": "cow, cow pattern, cow spots, guernsey, holstein",
    "honeycomb": "bee, bees, wasp, hornet",
    "coral": "sea creature, ocean floor, sea bed, seabed, davy jones, tropical reef, atlantis",
    "crystal": """
        ring stone, chandelier, fortress of solitude, magic stone, ice princess, wine glass, sugar, cut stone, dice, fairy
        crystal, salt""",
    "candy": """
        circus, christmas, willy wonka, santa stripes, sock stripes, beach ball, deckchair, cake, ice cream, awning, cupcake,
        gingerbread house""",
    "dots": "minnie mouse, clown, bow, yayoi kusama, lichtenstein, mushroom cap",
    "splatter": """
        artist, painting, painter, colorful, colourful, street art, tie dye, vandalised, holi, skateboard, psychedelic,
        paintbrush, multicolored, expressionist, confetti, comic""",
    "glass": """
        church, vase of glass, vial, light bulb, lamp shade, greenhouse, lantern, cathedral, transparent, aquarium glass,
        potion, wineglass, kaleidoscope""",
    "mosaic": """
        bathroom, swimming pool tiles, roman floor, vase, cup, mug, plate, bowl, fountain, sink tiles, toilet, jug, dish, urn,
        amphora, shower, alhambra, tea cup, bathroom wall, dinnerware, fish pond tiles, majolica""",
    "camouflage": "hunter, jeep, sniper, army truck, war, humvee, warfare, ranger, paratrooper, warplane",
}
