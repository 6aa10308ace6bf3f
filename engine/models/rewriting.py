"""An artist's prompt in the words of a small checkpoint: what can be drawn of it, and what to tell the artist.

A checkpoint ships the table `words.tsv` beside its `vocabulary.json`. Each line holds a kind of word ("place", "surface",
"colour", "time", "weather", "modifier"), what the words mean, how sure that is (4: they name it, 3: a kind of it, 2: found with
it, 1: alike in meaning), and the words, separated by bars. A place or surface is a list of concepts in order of preference, of
which the first that the checkpoint knows counts; lines of which it knows none are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..protocol.messages import Notice

TABLE = "words.tsv"
NEUTRAL = {"place": "meadow", "surface": "plaster"}  # drawn, where known, when a prompt names nothing that can be drawn
LONGEST = 4  # words of a phrase
LISTED = 6  # words named in a sentence for the artist
IDLE = frozenset(
    """
    a about above across after all along also am among an and any are around as at away back be beautiful been before behind
    being below beneath beside between but by can close closeup close-up could detailed did do does down each every few for
    from full had has have he her here high him his how i if in inside into is it its just like made many me more most much
    my near no none not nothing of off on one only onto or other our out over own photo photograph picture rather she side
    so some such texture textured surface pattern seamless than that the their them then there these they this those through
    to top two three under until up upon us very view was we were what when where which while who whole will with within
    without you your panorama landscape scene material covered image background""".split()
)
"""Words that carry no picture of their own: nobody needs to hear that they are left out."""
DENIALS = frozenset({"no", "without", "not", "never"})  # what follows, up to the next comma, is not there
SIDE_WORDS = {"with": 0.7, "by": 0.8, "from": 0.6, "for": 0.6, "like": 0.4, "as": 0.5, "where": 0.9, "near": 0.7, "behind": 0.7}
"""What follows one of these, up to the next comma, is beside the point by so much."""
MAIN_WORDS = frozenset({"of", "in", "on", "covered", "made", "inside", "under", "beneath"})  # these end it


@dataclass(frozen=True)
class Meaning:
    """What a word of one kind leads to."""

    kind: str
    concept: str  # a key of the checkpoint's vocabulary
    wording: str  # how its captions write that concept
    sureness: int


class Found(NamedTuple):
    """A word or phrase of a prompt."""

    text: str
    order: int
    weight: float  # of what it stands for: less for what is beside the point
    meanings: tuple[Meaning, ...]


@dataclass(frozen=True)
class Lexicon:
    """The table of one checkpoint, and the ways in which its captions write what it knows."""

    meanings: Mapping[str, tuple[Meaning, ...]]  # by word or phrase, lower case
    ways: Mapping[str, Mapping[str, tuple[str, ...]]]  # by kind, then concept
    words: frozenset[str]  # that captions are made of
    silent: Mapping[str, frozenset[str]]  # concepts of which captions never tell the time or the weather, by "time", "weather"


class Rewriting(NamedTuple):
    """What the model is given, and what to tell the artist; nothing where nothing was changed."""

    prompt: str
    notices: tuple[Notice, ...]


def bare(text: str) -> str:
    """`text` without its article."""
    return re.sub(r"^(a|an|the) ", "", text)


def load_lexicon(folder: Path, listed: Mapping[str, Any]) -> Lexicon | None:
    """The table in a checkpoint's folder, None where there is none. listed: what its vocabulary.json says."""
    file = folder / TABLE
    if not file.is_file():
        return None
    ways = {
        "place": listed["scenes"],
        "surface": listed["materials"],
        "modifier": listed["modifiers"],
        "time": listed["times"],
        "weather": listed["weathers"],
        "colour": {name: [name] for name in listed["colours"]},
    }
    ways = {kind: {concept: tuple(ones) for concept, ones in concepts.items()} for kind, concepts in ways.items()}
    known = {
        kind: {bare(way): (concept, way) for concept, ones in reversed(concepts.items()) for way in reversed(ones)}
        | {concept: (concept, ones[0]) for concept, ones in concepts.items()}
        for kind, concepts in ways.items()
    }
    meanings: dict[str, dict[str, Meaning]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        kind, choices, sureness, words = line.split("\t")
        choice = next((known[kind][one] for one in choices.split("/") if one in known[kind]), None)
        if choice is not None:
            concept, wording = choice
            meaning = Meaning(kind, concept, wording, int(sureness))
            for word in words.split("|"):
                before = meanings.setdefault(word, {}).get(kind)
                if before is None or before.sureness < meaning.sureness:
                    meanings[word][kind] = meaning
    for kind, concepts in ways.items():  # the model's own words mean themselves
        for concept, ones in concepts.items():
            for way in ones:
                meanings.setdefault(bare(way), {})[kind] = Meaning(kind, concept, way, 4)
    silent = {kind: frozenset(listed.get("silent", {}).get(kind, ())) for kind in ("time", "weather")}
    return Lexicon({word: tuple(ones.values()) for word, ones in meanings.items()}, ways, frozenset(listed["words"]), silent)


def rewrite(prompt: str, kind: str, lexicon: Lexicon | None) -> Rewriting:
    """`prompt`, which describes a `kind` ("place" or "surface"), in the checkpoint's own words.

    It stays as it is where there is no table, and where it is wholly of the checkpoint's words and names a place (a surface).
    """
    if lexicon is None:
        return Rewriting(prompt, ())
    found = list(look_up(prompt, kind, lexicon))
    own = {bare(way) for ones in lexicon.ways[kind].values() for way in ones} | set(lexicon.ways[kind])
    if all(word in lexicon.words or word in IDLE for word in words_of(prompt)) and any(one.text in own for one in found):
        return Rewriting(prompt, ())
    subject, by = subject_of(found, kind)
    drawn = subject or _neutral(kind, lexicon)
    parts, used = _place(drawn, found, lexicon) if kind == "place" else _surface(drawn, found)
    used |= _saying(found, kind, drawn.concept)
    lost = list(dict.fromkeys(one.text for one in found if one.text not in used and one.text not in IDLE))
    return Rewriting(" ".join(parts), _notices(kind, parts, by, own, lost))


def words_of(text: str) -> list[str]:
    """Lower-case words, without punctuation and whatever holds a figure ("8k")."""
    return re.findall(r"\b[^\W\d_]+\b", re.sub(r"['’]s?\b", "", text.lower()))


def look_up(prompt: str, kind: str, lexicon: Lexicon) -> Iterator[Found]:
    """The words and longest known phrases of `prompt` in their order; without what it says is not there.

    kind: "place" or "surface", whichever the prompt is for; what words mean for the other does not count.
    """
    other = {"place": "surface", "surface": "place"}[kind]
    order = 0
    for clause in re.split(r"[,.;:!?()\n]+", prompt.lower()):
        words, weight, k = words_of(clause), 1.0, 0
        while k < len(words):
            if words[k] in DENIALS:
                break
            weight = SIDE_WORDS.get(words[k], 1.0 if words[k] in MAIN_WORDS else weight)
            for length in range(min(LONGEST, len(words) - k), 0, -1):
                text = " ".join(words[k : k + length])
                known = meanings_of(text, lexicon) if text not in IDLE else ()
                meanings = tuple(meaning for meaning in known if meaning.kind != other)
                if meanings or length == 1:
                    yield Found(text, order, weight, meanings)
                    order, k = order + 1, k + length
                    break


def meanings_of(text: str, lexicon: Lexicon) -> tuple[Meaning, ...]:
    """What `text` means, or else its singular."""
    for form in forms(text):
        if form in lexicon.meanings:
            return lexicon.meanings[form]
    return ()


def forms(text: str) -> Iterator[str]:
    """`text` as it stands, and what its last word may be the plural of."""
    yield text
    for ending, instead in (("ies", "y"), ("ves", "f"), ("es", ""), ("s", "")):
        if text.endswith(ending) and len(text) - len(ending) >= 3:
            yield text[: len(text) - len(ending)] + instead


def subject_of(found: Sequence[Found], kind: str) -> tuple[Meaning | None, str]:
    """What a prompt is of and the text that says so; None where no word of it tells.

    The surest word decides, an earlier one before a later; others that lead to the same concept lend it weight.
    """
    scores: dict[str, float] = {}
    best: dict[str, tuple[float, Meaning, str]] = {}
    for one in found:
        for meaning in one.meanings:
            if meaning.kind == kind:
                value = meaning.sureness * one.weight * max(0.6, 1 - 0.03 * one.order)
                scores[meaning.concept] = scores.get(meaning.concept, 0.0) + 0.25 * value
                if value > best.get(meaning.concept, (0.0,))[0]:
                    best[meaning.concept] = value, meaning, one.text
    if not best:
        return None, ""
    concept = max(best, key=lambda name: 0.75 * best[name][0] + scores[name])
    return best[concept][1], best[concept][2]


def _neutral(kind: str, lexicon: Lexicon) -> Meaning:
    """What is drawn of a prompt that names nothing."""
    ways = lexicon.ways[kind]
    concept = NEUTRAL[kind] if NEUTRAL[kind] in ways else next(iter(ways))
    return Meaning(kind, concept, ways[concept][0], 0)


def facet(found: Sequence[Found], kind: str) -> tuple[Meaning | None, str]:
    """The surest colour, time, … that a prompt tells, the first of equals, and the text that tells it."""
    told = [(meaning, one.text) for one in found for meaning in one.meanings if meaning.kind == kind]
    return max(told, key=lambda pair: pair[0].sureness, default=(None, ""))


def _saying(found: Sequence[Found], kind: str, concept: str) -> set[str]:
    """The artist's words that mean this concept."""
    return {one.text for one in found for meaning in one.meanings if (meaning.kind, meaning.concept) == (kind, concept)}


def _place(place: Meaning, found: Sequence[Found], lexicon: Lexicon) -> tuple[list[str], set[str]]:
    """The parts of a prompt for a place, and the artist's words that are in them."""
    parts, used = [place.wording], set[str]()
    for kind in ("time", "weather"):
        meaning, text = facet(found, kind)
        if meaning is not None and place.concept not in lexicon.silent[kind]:
            parts.append(lexicon.ways[kind][meaning.concept][0])
            used |= _saying(found, kind, meaning.concept)
    return parts, used


def _surface(surface: Meaning, found: Sequence[Found]) -> tuple[list[str], set[str]]:
    """The parts of a prompt for a surface, and the artist's words that are in them."""
    front, used = [], set[str]()
    for kind in ("modifier", "colour"):
        meaning, text = facet([one for one in found if not any(other.concept == surface.concept for other in one.meanings)], kind)
        if meaning is not None and meaning.wording not in surface.wording.split():
            front.append(meaning.concept)
            used |= _saying(found, kind, meaning.concept)
    return [*front, surface.wording], used


def _notices(kind: str, parts: Sequence[str], by: str, own: set[str], lost: Sequence[str]) -> tuple[Notice, ...]:
    """What is drawn, why it is not what was asked for, and what is left out."""
    notices = [Notice("drawn_as", prompt=(", " if kind == "place" else " ").join(parts))]
    if not by:
        notices.append(Notice("no_place_named") if kind == "place" else Notice("no_surface_named"))
    elif bare(by) not in own:
        notices.append(Notice("word_not_learnt", word=by))
    if lost:
        more = f", … (+{len(lost) - LISTED})" if len(lost) > LISTED else ""
        notices.append(Notice("words_left_out", words=", ".join(f'"{word}"' for word in lost[:LISTED]) + more))
    return tuple(notices)
