"""The facts that define a picture, and captions that describe them in varied wording.

Facts are sampled first; `pictures.draw` renders the picture from them, and `caption` makes a new caption of them at every call.
A caption may omit a fact only if it is the default (day, clear weather).
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .vocabulary import (
    ALWAYS_NIGHT,
    COLOURS,
    FLAT_FORMS,
    INDOORS,
    LEADS,
    LOOKS,
    MATERIALS,
    MODIFIERS,
    NO_WEATHER,
    OBJECT_FORMS,
    OBJECTS,
    SCENE_LEADS,
    SCENES,
    SKIES,
    TIMES,
    VIEWS,
    WEATHERS,
    words_of,
)

KINDS = ("flat", "object", "scene")
COLOURED_SHARE = 0.70  # of the paintable materials: captions with a colour word
MODIFIED_SHARE = 0.45  # of the materials: captions with a modifier
LOOK_SHARES = (62, 19, 19)  # of LOOKS, in order
TIME_SHARES = (35, 13, 13, 13, 13, 13)  # of TIMES, in order: the default time most often
WEATHER_SHARES = (50, 10, 10, 10, 10, 10)  # of WEATHERS
VIEW_SHARES = (30, 36, 22, 12)  # of VIEWS, in order
COUNTABLE = (  # words that an article may precede
    "wall", "floor", "roof", "carpet", "rug", "lawn", "field", "board", "plate", "sheet", "window", "mosaic", "reef", "weave",
)  # fmt: skip
AGED = ("mossy", "cracked", "rusty", "dusty", "faded")  # modifiers that "old" may precede
NO_CHANGE = {  # modifiers that would not be visible on a noun
    "snow": ("snowy",),
    "ice": ("snowy",),
    "moss": ("mossy",),
    "grass": ("mossy",),
    "clover": ("mossy",),
    "rust": ("rusty",),
    "water": ("wet",),
    "sand": ("dusty",),
    "mud": ("cracked", "dusty"),
    "lava": ("burnt", "cracked"),
    "splatter": ("painted",),
}


@dataclass(frozen=True)
class Facts:
    """The contents of one picture, as keys of the vocabulary's tables; "" where a field does not apply."""

    kind: str  # "flat", "object" or "scene"
    noun: str = ""
    colour: str = ""
    modifier: str = ""
    scene: str = ""
    time: str = ""
    weather: str = ""
    look: str = ""
    view: str = ""

    @property
    def subject(self) -> str:
        """The noun or the scene."""
        return self.noun or self.scene


def subjects(kind: str) -> list[str]:
    """Every noun, or every scene, that a picture of this kind can show."""
    return list(SCENES if kind == "scene" else MATERIALS)


def random_facts(random: Random, kind: str | None = None, subject: str | None = None) -> Facts:
    """Random facts of one picture; `kind` and `subject` are drawn uniformly where they are not given."""
    kind = kind or random.choice(KINDS)
    subject = subject or random.choice(subjects(kind))
    if kind == "scene":
        time = "night" if subject in ALWAYS_NIGHT else random.choices(list(TIMES), TIME_SHARES)[0]
        weather = "" if subject in NO_WEATHER else random.choices(list(WEATHERS), WEATHER_SHARES)[0]
        look = random.choices(list(LOOKS), LOOK_SHARES)[0]
        return Facts("scene", scene=subject, time=time, weather=weather, look=look)
    colour = random.choice(list(COLOURS)) if MATERIALS[subject].paintable and random.random() < COLOURED_SHARE else ""
    modifier = ""
    if random.random() < MODIFIED_SHARE:
        modifier = random.choice([name for name in MODIFIERS if name not in NO_CHANGE.get(subject, ())])
    view = random.choices(VIEWS, VIEW_SHARES)[0] if kind == "object" else ""
    return Facts(kind, noun=subject, colour=colour, modifier=modifier, view=view)


def caption(facts: Facts, random: Random) -> str:
    """One wording of `facts`, of words in `vocabulary.all_words()` alone."""
    return _scene(facts, random) if facts.kind == "scene" else _material(facts, random)


def _material(facts: Facts, random: Random) -> str:
    words, tail = _surface(facts, random)
    lead = random.choice(LEADS)
    if facts.kind == "flat":
        if random.random() < 0.4 and words.split()[-1] in COUNTABLE:
            words, forms = _with_article(words), ["{m}", "{m}", "a texture of {m}", "a close view of {m}"]
        else:
            forms = list(FLAT_FORMS)
        if lead:
            forms = ["{m}"]
        if tail:  # a texture of brick, red and mossy: what follows the comma must stand next to its noun
            forms = [form for form in forms if form.endswith("{m}")]
        return lead + random.choice(forms).format(m=words) + tail
    thing = random.choice(OBJECTS)
    form = random.choice([form for form in OBJECT_FORMS if not tail or form.endswith("{m}")])
    noun = thing.split(" ", 1)[1]
    text = form.format(m=words, o=thing, n=noun)
    if form.startswith("{m} {n}") and random.random() < 0.5:
        text = _with_article(text)
    suffix = f", {facts.view} view" if random.random() < 0.7 else ""
    return lead + text + tail + suffix


def _surface(facts: Facts, random: Random) -> tuple[str, str]:
    """The words for the material, and the adjectives that follow after a comma: ("mossy brick wall", ", red")."""
    way = random.choice([way for way in MATERIALS[facts.noun].ways if _implied(way) in ("", facts.modifier)])
    modifier = "" if not facts.modifier or _implied(way) else random.choice(MODIFIERS[facts.modifier])
    colour = facts.colour
    if facts.modifier in AGED and modifier and random.random() < 0.12:
        modifier = f"old {modifier}"
    elif modifier and random.random() < 0.06:
        modifier = f"very {modifier}"
    if not (modifier or colour):
        return way, ""
    draw = random.random()
    if draw < 0.6:
        return " ".join(filter(None, (modifier, colour, way))), ""
    if draw < 0.7:
        return " ".join(filter(None, (colour, modifier, way))), ""
    if modifier and draw < 0.85:
        return f"{colour} {way}".strip(), f", {modifier}"
    if colour and draw < 0.92:
        return f"{modifier} {way}".strip(), f", {colour}"
    both = [colour, modifier] if random.random() < 0.5 else [modifier, colour]
    return way, ", " + " and ".join(filter(None, both))


def _implied(way: str) -> str:
    """The modifier that a spelling of a noun already implies ("old leather" is worn), or ""."""
    words = words_of(way)
    for name, ways in MODIFIERS.items():
        if any(one in words for one in (name, *ways)):
            return name
    return ""


def _with_article(text: str) -> str:
    return f"an {text}" if text[0] in "aeio" or text.startswith("ug") else f"a {text}"


def _scene(facts: Facts, random: Random) -> str:
    place = random.choice(SCENES[facts.scene])
    when = random.choice(TIMES[facts.time])
    if facts.scene in ALWAYS_NIGHT or facts.time == "day":
        when = when if random.random() < 0.5 else ""
    weather = random.choice(WEATHERS[facts.weather]) if facts.weather else ""
    if facts.weather == "clear" and random.random() < 0.5:
        weather = ""
    circumstances = [part for part in (when, weather) if part]
    if random.random() < 0.25:
        circumstances.reverse()
    plain = place.split()[0] in ("a", "an", "the")  # "over a desert", but not "over inside a room"
    if facts.look == "up" and plain and facts.scene not in (*ALWAYS_NIGHT, *INDOORS) and random.random() < 0.35:
        sky = random.choice(SKIES[facts.time])
        text = f"looking up at the {sky} {random.choice(('over', 'above'))} {place}"
        return " ".join([text, *([weather] if weather else [])])
    if circumstances and random.random() < 0.12:
        text = f"{', '.join(circumstances)}, {place}"
    elif circumstances and random.random() < 0.2:
        text = f"{place}, {', '.join(circumstances)}"
    else:
        lead = random.choice(SCENE_LEADS) if plain else random.choice(LEADS) if place.startswith("northern") else ""
        text = lead + " ".join([place, *circumstances])
    return text + random.choice(LOOKS[facts.look])
