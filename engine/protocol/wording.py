"""What the codes that errors, notices and phases consist of say in English, and how facts are put into it.

Neither process sends sentences. Each has these tables: the engine words its log from them, the add-on what it shows, which
translates the template before it puts the facts in. A row is found by its code and never changed at run time.
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from string import Formatter
from types import MappingProxyType
from typing import NamedTuple

Fact = str | int | float | bool
"""What a template may be filled with. A sentence is no fact; a name, a path, a number and a library's own message are."""

LONGEST_FACT = 2000  # characters; beyond, `shortened` cuts


class Wording(NamedTuple):
    """One row: what happened, what to do about it, and the button that does it."""

    happened: str  # a str.format template of named facts
    advice: str = ""  # likewise
    fix: str = ""  # a key of FIXES

    @property
    def template(self) -> str:
        """Both sentences: what is translated, then filled in."""
        return f"{self.happened} {self.advice}" if self.advice else self.happened


FIXES: Mapping[str, str] = MappingProxyType({
    "": "",
    "install_engine": "Install Engine",
    "restart_engine": "Restart Engine",
    "allow_online": "Allow Online Access",
    "choose_model": "Choose Another Model",
    "open_preferences": "Open Preferences",
    "free_memory": "Free Memory",
    "lower_size": "Use a Smaller Size",
    "unwrap": "Unwrap the Mesh",
    "select_mesh": "Select a Mesh",
    "open_log": "Open the Log",
})
"""Code of a fix -> label of the button that the panel makes of it; "" makes none."""

PHASES: Mapping[str, str] = MappingProxyType({
    "starting": "Starting the engine",
    "loading": "Loading the model",
    "downloading": "Downloading {detail}",
    "preparing": "Preparing the views",
    "generating": "Generating",
    "filling": "Filling and padding",
    "writing": "Writing the result",
})
"""Value of messages.Phase -> what the panel says in it; `detail` is Progress.detail."""

NOTICES: Mapping[str, Wording] = MappingProxyType({
    "size_beyond_views": Wording("Views of {view_resolution} pixels can fill about {filled} of the {size} pixels across: the "
                                 "rest is enlarged.", "A smaller size would look the same."),
    "negative_shortened": Wording("The negative prompt was shortened to \"{kept}\": this small model does not know {words}."),
    "prompt_cut": Wording("The prompt is longer than the model reads ({tokens} tokens); this was left out: \"{lost}\"."),
    "words_unknown": Wording("This small model was never shown {words}."),
    "words_nearest": Wording("The nearest that it knows: {pairs}."),
    "drawn_as": Wording("Drawn as: {prompt}."),
    "no_place_named": Wording("Nothing in the prompt names a place that was learnt."),
    "no_surface_named": Wording("Nothing in the prompt names a surface that was learnt."),
    "word_not_learnt": Wording("No picture of \"{word}\" was learnt."),
    "words_left_out": Wording("Left out: {words}."),
    "decoder_raised": Wording("The model gave a broken picture in half precision; it was run again with its decoder in full "
                              "precision."),
    "precision_raised": Wording("The model gave a broken picture in half precision; it was run again in full precision."),
    "nvdiffrast_broken": Wording("nvdiffrast is installed but does not work here ({reason}).",
                                 "Embree took its place, on the processor."),
})
"""Code -> what the artist should know of a result that was made all the same."""


@cache
def facts_of(template: str) -> frozenset[str]:
    """The names of the facts that `template` is filled with."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def fill(template: str, facts: Mapping[str, Fact]) -> str:
    """`template` with `facts` in it. ValueError unless they are exactly those it names, each a text or a finite number."""
    if facts_of(template) != set(facts):
        raise ValueError(f"{template!r} needs the facts {sorted(facts_of(template))}, not {sorted(facts)}")
    for name, value in facts.items():
        if not isinstance(value, Fact) or isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"the fact {name} = {value!r} is neither a text nor a finite number")
    return template.format(**facts)


def shortened(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """`facts` with every text cut to LONGEST_FACT characters, so that a message stays small."""
    return {name: value[:LONGEST_FACT] if isinstance(value, str) else value for name, value in facts.items()}


def row(table: Mapping[str, Wording], code: str) -> Wording:
    """The row of `code`; ValueError where there is none."""
    if code not in table:
        raise ValueError(f"the code {code!r} is not in the table")
    return table[code]
