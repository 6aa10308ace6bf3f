"""From the artist's prompt to what the model is given: in words it was trained on, with what each view adds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from .models.rewriting import rewrite
from .models.vocabulary import Vocabulary, unknown_words
from .protocol.job import Job
from .protocol.kinds import JobKind, Place
from .protocol.messages import Notice
from .protocol.params import DEFAULT_NEGATIVE_PROMPT

INDOORS = frozenset(
    """apartment attic ballroom basement bathroom bedroom cellar classroom corridor garage gym gymnasium hallway
    indoor indoors interior kitchen laboratory library lobby loft lounge office pantry restaurant room sauna stairwell tavern
    vestibule warehouse workshop""".split()
)
OUTDOORS = frozenset(
    """alley alps aurora avenue bay beach canyon city cityscape clearing cliff cliffs coast countryside courtyard
    desert dunes farm field fields fjord forest garden glacier gorge hamlet harbor harbour highway hill hills hillside horizon
    island jungle lagoon lake landscape marsh meadow moor mountain mountains ocean orchard outdoor outdoors park pasture plain
    plains plateau plaza pond prairie rainforest river road rooftop ruins savanna savannah sea seaside shore skyline steppe storm
    street streets sunrise sunset swamp town tundra valley village vineyard volcano waterfall wilderness woods""".split()
)
ENCLOSED = frozenset(
    """aquarium catacomb catacombs cave caverns cavern caves cosmos dungeon galaxy grotto nebula reef sewer
    submarine submerged tunnel tunnels undersea underground underwater""".split()
)
ENCLOSED_PHRASES = (
    "under water",
    "under the sea",
    "ocean floor",
    "sea floor",
    "outer space",
    "deep sea",
    "milky way",
    "in space",
    "above the clouds",
    "sea of clouds",
    "in the clouds",
)


def place_of(prompt: str) -> Place:
    """ "outdoors", "indoors", or "" where `prompt` names neither, both, or a place without a sky and without a ceiling."""
    text = " ".join(prompt.lower().split())
    words = set(re.findall(r"[a-z]+", text))
    if words & ENCLOSED or any(phrase in text for phrase in ENCLOSED_PHRASES):
        return ""
    indoors, outdoors = bool(words & INDOORS), bool(words & OUTDOORS)
    if indoors == outdoors:
        return ""
    return "indoors" if indoors else "outdoors"


def suffixes(kind: JobKind, prompt: str, own: Mapping[str, str]) -> dict[str, str]:
    """What each view label of a job of `kind` adds to `prompt`; `own`: by label, the artist's words in place of ours."""
    by_label = kind.suffixes.get(place_of(prompt), kind.suffixes[""])
    return {**by_label, **{label: f", {words.strip()}" for label, words in own.items() if words.strip()}}


def in_own_words(job: Job, vocabulary: Vocabulary) -> tuple[Job, tuple[Notice, ...]]:
    """`job` with its prompt in words that a checkpoint of this `vocabulary` was trained on, and notices that say so.

    There are none when the prompt is as it was: there is no table of words, or all its words are known.
    """
    prompt, notices = rewrite(job.params.prompt, job.row.concept, vocabulary.lexicon)
    return (replace(job, params=replace(job.params, prompt=prompt)), notices) if notices else (job, ())


def negative_for(job: Job, vocabulary: Vocabulary) -> tuple[str, tuple[Notice, ...]]:
    """The negative prompt to use, and a notice where it is not the one that was asked for.

    A checkpoint with a small vocabulary takes words it was never shown for noise, and guidance away from noise is noise:
    there the words it does not know are dropped, silently only where they are our own default.
    """
    asked = job.params.negative_prompt
    strange = {word for word, _ in unknown_words(asked, vocabulary)}
    if not strange:
        return asked, ()
    kept = ", ".join(part for part in (piece.strip() for piece in asked.split(",")) if not strange & set(part.lower().split()))
    if asked == DEFAULT_NEGATIVE_PROMPT:
        return kept, ()
    return kept, (Notice("negative_shortened", kept=kept, words=", ".join(sorted(strange))),)


def prompts_of(job: Job, fits: Callable[[str], bool]) -> dict[str, str]:
    """`prompts_by_label` of `job`, in the artist's own words where there are some."""
    own = {label: getattr(job.params, name) for label, name in job.row.own_suffixes.items()}
    return prompts_by_label(job.params.prompt, suffixes(job.row, job.params.prompt, own), fits)


def prompts_by_label(prompt: str, suffix: dict[str, str], fits: Callable[[str], bool]) -> dict[str, str]:
    """The full prompt for every view label: `prompt` with what the label adds.

    `fits` tells whether the model reads a text to its end. Where it does not, the prompt gives way at its end, not the
    suffix: a view that is not told it looks up shows a second horizon.
    """
    return {label: _shortened(prompt.strip(), text, fits) + text for label, text in suffix.items()}


def _shortened(prompt: str, suffix: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning of `prompt`, in whole words, that fits together with `suffix`; never less than one word."""
    words = prompt.split()
    while len(words) > 1 and not fits(" ".join(words) + suffix):
        words.pop()
    return prompt if len(words) == len(prompt.split()) else " ".join(words)
