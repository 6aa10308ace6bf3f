"""Hand-made lists: words for states, colours, times and weather, by keys of `training.world.vocabulary`."""

from __future__ import annotations

COLOURS: dict[str, str] = {
    "red": """
        red, crimson, scarlet, ruby, vermilion, maroon, burgundy, cherry, blood red, reddish, carmine, cardinal, ruby red,
        wine red, brick red, claret, oxblood, strawberry, rust coloured""",
    "orange": """
        orange, amber, tangerine, apricot, pumpkin, peach, rust colored, burnt orange, ginger, carrot, saffron, ochre,
        marigold, coppery""",
    "yellow": """
        yellow, lemon, mustard, canary, yellowish, blonde, blond, sunny yellow, buttery, primrose, straw coloured, citrine""",
    "green": """
        green, emerald, olive, lime, mint, jade, sage, greenish, forest green, viridian, chartreuse, pea green, moss green,
        verdant, pistachio, bottle green, khaki""",
    "teal": "teal, turquoise, cyan, aqua, aquamarine, seafoam, petrol, blue green, verdigris",
    "blue": """
        blue, azure, navy, indigo, cobalt, ultramarine, cerulean, sapphire, bluish, sky blue, dark blue, royal blue, baby
        blue, midnight blue, prussian blue, periwinkle""",
    "purple": "purple, violet, lilac, mauve, plum, aubergine, amethyst, lavender, magenta, purplish, eggplant, orchid",
    "pink": """
        pink, rose, fuchsia, salmon, blush, pinkish, coral pink, hot pink, rosy, rose coloured, rose colored, flamingo pink,
        bubblegum pink""",
    "brown": """
        brown, tan, chestnut, chocolate, coffee, brownish, sepia, umber, mahogany brown, hazel, bronze coloured, caramel,
        cinnamon, tawny, russet, cognac, beige, tan brown, fawn, walnut brown, auburn, earthy, mocha, cocoa""",
    "white": """
        white, ivory, cream, snow white, off white, whitish, pearl, ivory white, alabaster white, milky, creamy, eggshell
        white, bone white, pure white, chalky, pearly""",
    "grey": """
        grey, gray, silver grey, ash grey, slate grey, greyish, charcoal, grayish, gunmetal grey, silvery, taupe, steel grey,
        leaden, ashen""",
    "black": "black, jet black, ebony black, pitch black, blackish, onyx black, coal black, raven black, sable, inky",
}
TIMES: dict[str, str] = {
    "day": """
        day, by day, noon, midday, daylight, daytime, at noon, afternoon, sunny day, bright sunlight, broad daylight,
        sunshine, high noon, lunchtime, sunny afternoon, in daylight, summer day""",
    "dawn": """
        dawn, sunrise, daybreak, at sunrise, at dawn, first light, sunup, crack of dawn, cockcrow, alpenglow, rising sun, sun
        rising, aurora of morning, sun rises""",
    "morning": "morning, early morning, in the morning, morning light, breakfast time, forenoon, mornings, morning dew, dewy",
    "sunset": """
        sunset, sundown, evening, golden hour, at sunset, evening sun, setting sun, evening light, sun setting, sunset sky,
        late light, eventide, sunsets, afterglow, sun sets, low sun, evenings, magic hour""",
    "dusk": "dusk, twilight, blue hour, gloaming, at dusk, crepuscular, after sunset, nightfall, civil twilight, half light",
    "night": """
        night, midnight, nighttime, night time, moonlit, moonlight, by night, at night, full moon, nocturnal, at midnight,
        starlit, dark night, nocturne, moonrise, moonlit night, starlight, nights, moonshine, witching hour, neon lit,
        lamplit, small hours, wee hours""",
}
WEATHERS: dict[str, str] = {
    "clear": """
        clear sky, sunny, clear weather, cloudless, blue sky, clear skies, sunlit, clear air, blue skies, sun drenched, bright
        sky, fair weather, fine weather, sun kissed, clear day, sunny weather, crystal clear air, sunbathed, sunbeams""",
    "cloudy": """
        cloudy, overcast, clouds, cloud cover, dramatic clouds, grey sky, gray sky, gloomy, with clouds, cloudy sky, cloudy
        day, dull weather, leaden sky, clouded, overclouded, dramatic sky, moody sky, brooding sky""",
    "foggy": """
        foggy, fog, mist, misty, haze, hazy, smog, in fog, murk, thick mist, brume, fogbound, smoky, steamy, misting,
        vaporous, mists, fogs, volumetric fog, spray, pea souper""",
    "rainy": """
        rain, rainy, drizzle, downpour, raining, showers, rainfall, in the rain, monsoon, wet weather, pouring rain, drizzly,
        raindrops, rainstorm, shower of rain, drizzling, cloudburst, wet street, rained""",
    "snowfall": """
        snowfall, snowing, blizzard, snowstorm, falling snow, snow storm, whiteout, flurries, snow flurries, sleet,
        snowflakes, hail, snow falling, heavy snow, snows""",
    "stormy": """
        storm, stormy, thunderstorm, lightning, thunder, tempest, hurricane, typhoon, tornado, gale, squall, cyclone,
        thunderclouds, windy storm, stormy weather, storms, tempestuous, thunderous, storm clouds, lightning bolt""",
}
MODIFIERS: dict[str, str] = {
    "mossy": "mossy, overgrown, moss covered, covered in moss, lichen covered, moss grown, ivy clad, algae covered, weedy",
    "cracked": """
        cracked, broken, shattered, crumbling, fractured, split, splintered, cracks, fissured, crazed, damaged, smashed,
        ruined, crackled, crumbled, chipped, splintering, ruptured, torn, ripped, cracking, dented, crushed, demolished,
        fragmented""",
    "wet": """
        wet, damp, soaked, moist, dripping, soggy, rain soaked, drenched, dewy, slimy, wet look, slippery, waterlogged,
        sodden, clammy, slick, sweaty, watery, glistening, moistened, oily""",
    "dusty": """
        dusty, dirty, grimy, dust covered, filthy, stained, soiled, muddy, grubby, sandy dust, cobwebbed, grungy, grunge,
        dust, dirt covered, smudged, greasy, unwashed, mucky, messy, cobwebs, grime, tarnished dust, stains""",
    "rusty": "rusty, rust stained, rust stains, rusting, corroding, rust streaked, rust spots",
    "worn": """
        worn, old, weathered, aged, battered, ancient, antique, vintage, rotten, rotting, decayed, decaying, threadbare,
        tattered, used, ragged, distressed, dilapidated, tarnished, eroded, shabby, rugged, rustic, wrinkled, rough, crinkled,
        medieval, centuries old, timeworn, well worn, abandoned, mouldy, moldy, patched, derelict, rickety, decrepit, frayed,
        peeling, flaking, patinated, elderly, age old""",
    "polished": """
        polished, shiny, glossy, gleaming, smooth, lustrous, shining, waxed, lacquered, sleek, reflective, varnished, glazed
        finish, mirror polished, mirror finish, sparkling, glittering, iridescent, shimmering, shimmer, high gloss, glistening
        clean, buffed, burnished, polish, glossed, silky, brand new, satiny, pristine, glitter, sheen""",
    "painted": """
        painted, paint dripped, repainted, hand painted, enamelled, enameled, spray painted, coated in paint, whitewashed,
        paint, peeling paint, lick of paint, daubed""",
    "snowy": """
        snowy, snow covered, frosty, icy, frosted, snow capped, snow dusted, wintry, frost covered, ice covered, frozen over,
        iced, rimed""",
    "burnt": """
        burnt, charred, scorched, sooty, burned, singed, blackened, fire damaged, burning, toasted, smouldering, soot, soot
        covered, incinerated, smoldering, carbonized, ashy, roasted, baked black""",
    "scratched": """
        scratched, scuffed, scraped, scratches, scratchy, nicked, abraded, gouged, grazed, brushed, clawed, claw marks,
        scarred, etched, engraved, sanded, hammered""",
    "faded": """
        faded, bleached, pale, washed out, discolored, discoloured, pastel, sun bleached, muted, desaturated, light colored,
        light coloured, dull, stonewashed, pallid, drained of colour, whitened, washed""",
}

MISLEADING = frozenset(
    """
    ageless archaeological artistic brunette broke clean clear cold colored coloured colorful colorless color dark
    desecrated desiccate desiccated despoiled dried dry extinguished evaporated geriatric grim hydrated lighted lunar lusty
    lustful meteorological negro nightmarish older redheaded rising rustproof rustproofed sheared skyward solar stellar
    sunburned sunburnt sunless suntanned tanned thirsty toothed waking washable waterproof waterproofed weatherproof wearing
    windy younger blushing daily crackers multicolored
""".split()
) | {"black and white", "free burning", "of age", "under the weather", "broken in"}
"""Words that the encoder takes for a colour, a state, a time or weather that they do not tell, opposites among them. Found by
reading all that it gave."""
