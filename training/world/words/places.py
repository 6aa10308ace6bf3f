"""Hand-made list: common words of prompts for places. A key lists concepts in order of preference, of which the first that a
checkpoint knows is drawn; each is a scene of `training.world.vocabulary` or one of the ways to write it.

NAMES denote the place itself; HINTS denote things that are found there, and have lower priority than a name.
"""

from __future__ import annotations

LAKE = "lake/open water/ocean"
NAMES: dict[str, str] = {
    "ocean": """
        ocean, sea, open sea, high seas, atlantic, pacific, indian ocean, north sea, baltic, mediterranean, caribbean sea,
        waves, wave, seascape, swell, whitecaps, open water, tsunami, maelstrom, sea storm, gulf, strait, sound, ocean waves""",
    LAKE: """
        lake, lakeside, lake shore, lakeshore, pond, reservoir, loch, tarn, river, stream, creek, brook, canal, riverbank,
        riverside, estuary, delta, lough, mere, backwater, weir, rapids, water lilies, mountain lake, alpine lake, fjord lake,
        frozen lake, frozen river""",
    "cliffs/sea cliffs/canyon": "cliff, cliffs, bluff, precipice, cliff face, rock face, crag face",
    "cliffs/sea cliffs/beach": """
        sea cliff, sea cliffs, white cliffs, headland, promontory, cape, sea stack, sea stacks, rocky coast, rugged coast,
        coastal cliff, coastal cliffs, bird cliffs, dover""",
    "beach": """
        beach, shore, seashore, coast, coastline, seaside, coastal, bay, cove, lagoon, island, islands, isle, archipelago,
        atoll, tropical island, sandbar, caribbean, maldives, hawaii, bahamas, polynesia, shoreline, surf, strand, tropics,
        tropical paradise, beachfront, seafront, sandy cove, palm beach, desert island, dunes by the sea""",
    "harbour/harbor/beach": """
        harbour, harbor, port, marina, pier, dock, docks, wharf, quay, jetty, dockyard, shipyard, seaport, fishing port,
        boardwalk, fishing village, container port""",
    "waterfall/canyon": "waterfall, waterfalls, cascade, cataract, falls, niagara, niagara falls",
    "desert": """
        desert, dune, dunes, sand dune, sand dunes, sahara, gobi, kalahari, namib, mojave, outback, oasis, badlands,
        wasteland, wastelands, salt flat, salt flats, death valley, arid land, drylands, sandstorm, dust storm, tatooine,
        arrakis, sand sea, sandy plain, dead land, barren plain, post apocalyptic, postapocalyptic""",
    "canyon": """
        canyon, grand canyon, gorge, ravine, mesa, butte, buttes, monument valley, slot canyon, gully, chasm, abyss, riverbed,
        dry riverbed, escarpment, crevasse, hoodoos, gulch, red rocks, rock formation, rock formations, rift""",
    "mountains": """
        mountain, mountains, mountain range, peak, peaks, summit, alps, alpine, himalaya, himalayas, himalayan, andes,
        rockies, dolomites, everest, mount everest, matterhorn, ridge, mountainside, mountaintop, glacier, glaciers, fjord,
        fjords, valley, highland, highlands, plateau, ski slope, ski resort, slopes, crag, crags, mountain pass, snowfield,
        snowfields, antarctica, antarctic, arctic, north pole, south pole, iceberg, icebergs, ice sheet, winter landscape,
        snowy landscape, snow landscape, winter wonderland, mount fuji, fuji, yosemite, patagonia, massif, foothills, scree,
        moraine, avalanche, base camp, mountain valley, sierra, carpathians, pyrenees, caucasus, winter, snow""",
    "meadow": """
        meadow, country road, country lane, dirt road, meadows, grassland, grasslands, prairie, steppe, pasture, pastures,
        field, fields, hill, hills, hillside,
        rolling hills, plain, plains, savanna, savannah, moor, moors, moorland, heath, heathland, countryside, lawn, golf
        course, wildflowers, flower field, wildflower, grass, downs, pampas, glade, green hills, veld, alpine meadow, rural
        landscape, tuscany, mongolia, park, serengeti, safari, dale, knoll, hillock, turf, football pitch, stadium, playground""",
    "blossom garden/blossom/garden/meadow": """
        garden, gardens, cherry blossom, cherry blossoms, sakura, blossom, blossoms, orchard, japanese garden, flower garden,
        rose garden, botanical garden, in bloom, backyard, zen garden, tulips""",
    "farmland/meadow": """
        farm, farmland, farms, farmyard, wheat field, wheat fields, cornfield, corn field, crop, crops, crop field, vineyard,
        vineyards, rice paddy, rice terrace, rice terraces, rice field, paddy, plantation, ranch, sunflower field, sunflower
        fields, lavender field, lavender fields, harvest, ploughed field, agricultural, haystack, haystacks, windmill,
        windmills, barn, homestead, allotment, tea plantation, sunflowers, field of sunflowers""",
    "forest": """
        forest, woods, woodland, wood, grove, thicket, pine forest, fir forest, clearing, forest clearing, taiga, redwoods,
        sequoias, birch forest, enchanted forest, fairy forest, forest path, black forest, copse, wilderness, trees, bamboo
        forest, oaks, pines, firs, spruces, birches, beech forest, wildwood, treetops, campsite in the woods""",
    "autumn forest/forest": """
        autumn, autumn forest, autumn park, fall colors, fall foliage, autumn leaves, october, autumnal, fall colours, autumn
        trees, indian summer""",
    "jungle/forest": "jungle, rainforest, rain forest, tropical forest, amazon, amazon rainforest, cloud forest, congo",
    "swamp/forest": """
        swamp, swamps, marsh, marshland, bog, bayou, wetland, wetlands, everglades, mangrove, mangroves, fen, mire, quagmire,
        swampland, peat bog""",
    "cave/canyon": """
        cave, caves, cavern, caverns, grotto, mine, mineshaft, underground cave, crystal cave, stalactites, stalagmites,
        catacomb, catacombs, tunnel""",
    "city": """
        city, cityscape, skyline, metropolis, megacity, downtown, skyscraper, skyscrapers, urban, rooftop, rooftops, city
        center, city centre, high rise, highrise, manhattan, new york, nyc, tokyo, london, paris, dubai, shanghai, hong kong,
        chicago, los angeles, san francisco, singapore, sydney, berlin, moscow, rome, istanbul, las vegas, seoul, mumbai,
        delhi, cairo, rio de janeiro, cyberpunk, cyberpunk city, futuristic city, blade runner, gotham, capital, metropolitan,
        town square, plaza, business district, skyscraper canyon, apartment blocks, tower blocks, megalopolis, utopia,
        coruscant""",
    "street/city streets/city": """
        street, streets, alley, alleyway, avenue, boulevard, backstreet, lane, road, sidewalk, intersection, crosswalk, city
        street, shopping street, market street, highway, motorway, freeway, bridge, traffic, market, bazaar, souk,
        marketplace, neighborhood, neighbourhood, suburb, suburbs, suburban, gas station, shibuya, times square, chinatown,
        favela, slum, crossroads, bus stop""",
    "village": """
        village, hamlet, small town, town, little town, cottage, cottages, settlement, medieval town, medieval village, old
        town, villages, chalet, chalets, hobbit, shire, hobbit hole, hobbit village, the shire, provence, farmhouse, church,
        chapel, houses, house, log cabin, cabin, hut, huts, courtyard, monastery, abbey, castle, fortress, palace, citadel,
        mansion, manor, villa, country house, half timbered houses, town hall, santorini, igloo""",
    "ruins/village": """
        ruins, ruin, ancient ruins, temple ruins, ruined castle, ruined temple, ancient temple, greek temple, colosseum,
        acropolis, stonehenge, pyramid, pyramids, angkor, angkor wat, machu picchu, petra, mayan pyramid, lost city, ancient
        city, rubble, ruined, pompeii, mayan temple, temple, abandoned city""",
    "stars": """
        stars, star, starry sky, starry night, milky way, night sky, space, outer space, deep space, cosmos, galaxy, galaxies,
        universe, constellation, constellations, starfield, star field, andromeda, meteor shower, comet, astronomy,
        astrophotography, black hole, interstellar, heavens, cosmic, shooting stars, stargazing, meteor""",
    "nebula/stars": "nebula, nebulae, supernova, orion nebula, stellar nursery, cosmic dust, supernova remnant",
    "planet/outer space/stars": """
        saturn, jupiter, neptune, uranus, planet earth, earth from space, orbit, asteroid, asteroids, asteroid belt, gas
        giant, solar system, earth from orbit""",
    "aurora": "aurora, northern lights, southern lights, polar lights, aurora borealis, borealis, aurora australis",
    "volcano": """
        volcano, volcanoes, volcanic, eruption, erupting volcano, lava, lava field, lava flow, lava lake, magma, crater,
        vesuvius, etna, mount etna, krakatoa, mordor, mount doom, hell, inferno, hellscape, underworld, geyser, volcanic
        island""",
    "alien": """
        alien, alien planet, alien world, alien landscape, exoplanet, planet, planets, fantasy world, extraterrestrial, mars,
        martian, moon surface, lunar, lunar surface, lunar landscape, surface of the moon, pandora, another world, sci fi
        landscape, otherworldly, strange planet, fantasy landscape, surreal landscape, floating islands, dreamscape,
        fairyland, wonderland, fairy tale, giant mushrooms, mars surface, other planet, unearthly""",
    "underwater": """
        underwater, undersea, under water, seabed, sea bed, seafloor, sea floor, ocean floor, reef, coral reef, deep sea,
        atlantis, scuba, scuba diving, diving, snorkeling, submerged, sunken, shipwreck, sunken ship, kelp forest, aquarium,
        beneath the waves, beneath the sea, under the sea, under the waves, great barrier reef, ocean depths, depths,
        submarine, coral""",
    "clouds": """
        above the clouds, cloudscape, sea of clouds, clouds from above, heaven, heavenly, plane window, in the clouds, among
        clouds, stratosphere, cloud city, floating castle, castle in the sky, cumulus, cumulonimbus, skydiving, paradise in
        the sky, hot air balloon, hot air balloons""",
    "room": """
        restaurant, cafe, café, diner, pub, tavern, inn, coffee shop, canteen, cafeteria, bistro,
        room, rooms, interior, interiors, indoors, indoor, inside, bedroom, bathroom, apartment, flat, office, hotel room,
        studio, loft, attic, basement, cellar, cabin interior, corridor, hallway, cell, prison cell, prison, classroom,
        school, hospital, hospital room, clinic, laboratory, lab, gym, sauna, spa, dining room, nursery, penthouse, dorm,
        dormitory, lobby, reception, waiting room, conference room, boardroom, shop, store, supermarket, salon, cinema,
        showroom, gallery, art gallery, museum, elevator, locker room, bunker, tent, yurt, train carriage, pantry, closet,
        casino, nightclub, bar, house interior, home, greenhouse, swimming pool, conservatory, vault, staircase, stairwell,
        gaming room, server room""",
    "living room/room": "living room, lounge, sitting room, parlor, parlour, drawing room, fireplace, den, family room, salon",
    "library/room": "library, bookshop, bookstore, reading room, bookshelves, bookshelf, bookcase, archive, scriptorium",
    "kitchen/room": "kitchen, bakery, kitchenette, galley, scullery",
    "workshop/room": """
        workshop, garage, forge, smithy, factory, warehouse, shed, atelier, hangar, sawmill, car repair shop, factory hall,
        machine shop""",
    "castle hall/hall/cathedral hall/room": """
        hall, great hall, throne room, cathedral, cathedral interior, church interior, nave, ballroom, castle hall, banquet
        hall, dungeon, crypt, concert hall, opera house, opera, theatre, theater, theatre hall, mosque, synagogue, palace
        hall, haunted house, train station, railway station, subway station, metro station, airport, basilica, castle
        interior, gothic cathedral, sanctuary""",
    "space station/station/outer space/room": "space station, spacecraft, starship, iss, spaceship, space shuttle",
    "space station/station/room": """
        spaceship interior, cockpit, airlock, spaceship corridor, spaceship bridge, command center, space station interior,
        starship interior""",
}
HINTS: dict[str, str] = {
    "ocean": """
        sail, sailing, sailboat, yacht, ship, ships, whale, whales, dolphin, dolphins, boat, regatta, pirate ship, horizon,
        nautical, tide, tides, water, oil rig, galleon, flood, flooded, ferry, surfer, surfers, captain, raft""",
    LAKE: "canoe, kayak, swan, swans, duck, ducks, reed, reeds, heron, herons, lilies, fishing rod, dam, ferryman",
    "beach": """
        tropical, palm, palms, palm tree, palm trees, coconut, coconuts, seagull, seagulls, gulls, seashell, seashells,
        sunbathers,
        hammock, parasol, sunbathing, lifeguard, lifeguards, lighthouse, sandcastle, surfboard, starfish, crab, vacation,
        holiday, sand, cocktail, snorkels, driftwood, bikini, turquoise, summer holidays""",
    "harbour/harbor/beach": """
        dinghy, dinghies, trawler, fishing boat, crane, cranes, cargo ship, cargo ships, yachts, fishing nets, anchor,
        container ship, seaman""",
    "desert": """
        cactus, cacti, camel, camels, caravan, tumbleweed, bedouin, bedouins, mirage, scorpion, western, arid, drought, egypt,
        arabia, sphinx, pharaoh, cowboy, parched, arizona, nomads, joshua tree, heat, wild west, nevada, barren""",
    "canyon": "sandstone, rock, rocks, boulder, boulders, rocky, cliff dwelling, rugged, utah, rock climber, stone arch",
    "mountains": """
        tundra, ski, skiing, skier, skiers, snowboard, ibex, yak, climber, climbers, alpinist, marmot, chamois, edelweiss,
        snowy, ice, icy, penguins, penguin, polar bear, sherpa, nepal, tibet, switzerland, norway, iceland, snow capped,
        swiss, cable car, frozen, eagle, hiker, trek, hiking, snowfall, blizzard, snowman, christmas, sled, reindeer, frost,
        frosty, yeti, snow covered""",
    "meadow": """
        cow, cows, sheep, horse, horses, bees, butterfly, butterflies, daisy, daisies, poppy, poppies, dandelion, dandelions,
        picnic, flower, flowers, shepherd, grassy, heather, kite, goat, goats, lamb, lambs, clover, ireland, irish, scotland,
        scottish, spring, bison, lavender, grazing, grazed, cattle, lion, lions, elephant, elephants, zebra, zebras, giraffe""",
    "blossom garden/blossom/garden/meadow": """
        rose, roses, petals, cherry tree, cherry trees, hedge, flowerbed, pagoda, tulip, koi pond, fountain, gardener, peony,
        peonies, wisteria, magnolia, gazebo, bloom, bonsai""",
    "farmland/meadow": """
        tractor, wheat, farmer, farmers, hay, scarecrow, sunflower, corn, barley, rye, scythe, chicken coop, silo, orchard
        rows, hops, pumpkins, olives, cotton, rice""",
    "forest": """
        tree, oak, pine, fir, spruce, birch, beech, cypress, fern, ferns, mushroom, mushrooms, deer, stag, wolf, wolves, fox,
        bear, owl, fairy, fairies, elf, elves, elven, fireflies, moss, mossy, trail, path, druid, log, logs, redwood,
        squirrel, robin hood, foliage, canopy, undergrowth, leaves, red riding hood, finland, canada, lumberjack, cedar,
        willow, ivy, campfire, unicorn, needles, trunk, trunks, twigs, branches, christmas trees""",
    "autumn forest/forest": "maple, maple trees, maples, new england, falling leaves",
    "jungle/forest": """
        lianas, liana, vines, orchids, parrot, parrots, toucan, monkey, monkeys, gorilla, tarzan, python, jaguar, tiger,
        dinosaur, dinosaurs, jurassic, prehistoric, macaw, bromeliads, borneo, explorer, tree ferns""",
    "swamp/forest": "alligator, alligators, crocodile, frogs, frog, toad, mosquitoes, murky, peat, cattails, witch hut",
    "cave/canyon": "bat, bats, miner, miners, underground, dwarves, dwarven, crystals, stalactite, spelunker, bear den",
    "city": """
        tower, towers, billboard, billboards, neon, subway, taxi, taxis, penthouse view, apartment building, megastructure,
        futuristic, dystopian, dystopia, blocks, helicopter, office buildings, cable cars, noir, industrial, vaporwave, crowd,
        victorian era, steampunk, synthwave, buildings, building, architecture, golden gate, golden gate bridge, eiffel tower""",
    "street/city streets/city": """
        car, cars, bus, tram, bicycle, umbrella, umbrellas, street lamp, street lamps, lantern, lanterns, graffiti, trash
        cans, street light, street lights, pedestrian, pedestrians, shop signs, vendor, vendors, motorbike, truck, scooter,
        cobblestone, rush hour, puddles, puddle, traffic light, gas lamps, asphalt, shopfront, backalley, power lines, street
        food""",
    "village": """
        thatched, chimney, chimneys, bell tower, steeple, gnome, well, knight, knights, medieval, dragon, blacksmith,
        peasants, domes, mayor, bavarian, hobbits, rural, terraced houses, roofs, roof""",
    "ruins/village": """
        column, columns, ancient, gladiator, roman, romans, greek, archaeological, mayan, aztec, inca, collapsed, demolished,
        monolith, megalith, obelisk, dolmen, crumbling walls, apocalypse""",
    "stars": "telescope, astronomer, satellite, hubble, jwst, rocket, wormhole, sci fi, suns, zodiac, perseids",
    "planet/outer space/stars": "rings, earth, moons, lunar orbit",
    "aurora": "lapland, tromso, tromsø",
    "volcano": """
        ash, ashes, demon, demons, devil, satan, molten, brimstone, fire, flames, burning, embers, sulfur, sulphur,
        apocalyptic""",
    "alien": """
        ufo, fantasy, surreal, bioluminescent, ufos, rover, martians, glowing plants, portal, wizard tower, magical, magic,
        avatar, star wars,
        lovecraftian, psychedelic, trippy, abstract, dream, mushroom planet, crystal world""",
    "underwater": """
        fish, fishes, shark, sharks, jellyfish, mermaid, mermaids, diver, divers, octopus, clownfish, kelp, seaweed, sea
        turtle, anemone, anemones, squid, stingray, manta ray, sea urchin, seahorse, whale shark, nautilus, poseidon, neptune
        kingdom, plankton, corals""",
    "clouds": """
        sky, skies, cloud, airplane, aeroplane, plane, angel, angels, cherubs, jet, gods, olympus, zeppelin, airship,
        parachute, god rays, balloon, divine, paraglider, biplane, flying, pegasus""",
    "room": """
        bed, wardrobe, mirror, wallpaper, desk, lamp, curtain, curtains, window, windows, chair, chairs, floor, ceiling,
        parquet, carpet, carpets, cozy, cosy, boxes, shelf, shelves, computer, toilet, bathtub, shower, toys, cradle, crib,
        piano, door, blackboard, microscope, cubicle, surgeon, patient, cot, pillow, blanket, candle, candles, candlelight,
        furniture, table, tables, scandinavian, minimalist, mid century modern, bauhaus, art deco, tatami, locker""",
    "living room/room": "sofa, couch, armchair, armchairs, tv, television, coffee table, rug, hearth, christmas tree",
    "library/room": "book, books, tome, tomes, scroll, scrolls, paperbacks, librarian, manuscripts, globe, reading",
    "kitchen/room": """
        oven, stove, pots, pans, refrigerator, fridge, espresso machine, chef, sink, barista, dishes, cooking, barrels""",
    "workshop/room": """
        anvil, workbench, tools, carpenter, lathe, mechanic, machinery, conveyor belt, toolbox, assembly line, potter,
        welding, inventor""",
    "castle hall/hall/cathedral hall/room": """
        throne, chandelier, chandeliers, stained glass, altar, pew, pews, pipe organ, organ, vaulted, vault ceiling, pillars,
        tapestry, tapestries, gothic, baroque, banquet, knights hall, vampire, dracula, marble floor, stage, haunted, arches,
        king, queen""",
    "space station/station/outer space/room": """
        astronaut, astronauts, cosmonaut, zero gravity, cryosleep, escape pod, solar panels, modules""",
}
