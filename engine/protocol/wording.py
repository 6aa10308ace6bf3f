"""What the codes that errors, notices and phases consist of say in English, and how facts are put into it.

Neither process sends sentences. Each has these tables: the engine words its log from them, the add-on what it shows, which
translates the template before it puts the facts in. A row is found by its code and never changed at run time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from types import MappingProxyType
from typing import NamedTuple

Scalar = str | int | float | bool


@dataclass(frozen=True, init=False)
class Cause:
    """What led to an error, as one of its facts: a code of CAUSES and facts of its own, which hold no causes."""

    code: str
    facts: Mapping[str, Scalar]

    def __init__(self, code: str, /, **facts: Scalar) -> None:
        """ValueError unless `code` is in the table and `facts` are exactly those that its template names."""
        fill(row(CAUSES, code).template, facts)
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "facts", facts)


Fact = Scalar | tuple[Cause, ...]
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


FIXES: Mapping[str, str] = MappingProxyType(
    {
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
    }
)
"""Code of a fix -> label of the button that the panel makes of it; "" makes none."""

PHASES: Mapping[str, str] = MappingProxyType(
    {
        "starting": "Starting the engine",
        "loading": "Loading the model",
        "downloading": "Downloading {detail}",
        "preparing": "Preparing the views",
        "generating": "Generating",
        "filling": "Filling and padding",
        "writing": "Writing the result",
    }
)
"""Value of messages.Phase -> what the panel says in it; `detail` is Progress.detail."""

NOTICES: Mapping[str, Wording] = MappingProxyType(
    {
        "size_beyond_views": Wording(
            "Views of {view_resolution} pixels can fill about {filled} of the {size} pixels across: the rest is enlarged.",
            "A smaller size would look the same.",
        ),
        "negative_shortened": Wording('The negative prompt was shortened to "{kept}": this small model does not know {words}.'),
        "prompt_cut": Wording('The prompt is longer than the model reads ({tokens} tokens); this was left out: "{lost}".'),
        "words_unknown": Wording("This small model was never shown {words}."),
        "words_nearest": Wording("The nearest that it knows: {pairs}."),
        "drawn_as": Wording("Drawn as: {prompt}."),
        "no_place_named": Wording("Nothing in the prompt names a place that was learnt."),
        "no_surface_named": Wording("Nothing in the prompt names a surface that was learnt."),
        "word_not_learnt": Wording('No picture of "{word}" was learnt.'),
        "words_left_out": Wording("Left out: {words}."),
        "decoder_raised": Wording(
            "The model gave a broken picture in half precision; it was run again with its decoder in full precision."
        ),
        "precision_raised": Wording("The model gave a broken picture in half precision; it was run again in full precision."),
        "nvdiffrast_broken": Wording(
            "nvdiffrast is installed but does not work here ({reason}).", "Embree took its place, on the processor."
        ),
    }
)
"""Code -> what the artist should know of a result that was made all the same."""

CAUSES: Mapping[str, Wording] = MappingProxyType(
    {
        "source_needs_login": Wording("{source}: HTTP {status} needs a login, or is gone ({file})"),
        "source_refused": Wording("{source}: HTTP {status} refused ({file})"),
        "source_not_found": Wording("{source}: HTTP {status} not found ({file})"),
        "source_busy": Wording("{source}: HTTP {status} too many requests ({file})"),
        "source_server_error": Wording("{source}: HTTP {status} server error ({file})"),
        "source_offline": Wording("{source}: the environment variable {variable} forbids it"),
        "source_no_answer": Wording("{source}: no answer within {seconds:g} s"),
        "source_no_connection": Wording("{source}: no connection ({reason})"),
        "source_no_size": Wording("{source}: {file} has no known size"),
        "source_damaged": Wording("{source}: {file} arrived damaged"),
        "source_no_data": Wording("{source}: no data for {seconds:g} s ({file})"),
        "source_broken_off": Wording("{source}: the connection broke ({file}: {reason})"),
        "source_cut_short": Wording("{source}: {file} ended after {received} of {size} bytes"),
        "exit_code": Wording("exit code {code}"),
        "signal_named": Wording("{name}"),
        "signal": Wording("signal {number}"),
        "connection_closed": Wording("it closed its connection"),
    }
)
"""Code -> part of a sentence: why a source of a model could not deliver, how a process ended. Semicolons join several."""


@cache
def facts_of(template: str) -> frozenset[str]:
    """The names of the facts that `template` is filled with."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def fill(template: str, facts: Mapping[str, Fact], translate: Callable[[str], str] = str) -> str:
    """`translate(template)` with `facts` in it, causes among them worded likewise.

    ValueError unless they are exactly those it names, each a text, a finite number or causes.
    """
    if facts_of(template) != set(facts):
        raise ValueError(f"{template!r} needs the facts {sorted(facts_of(template))}, not {sorted(facts)}")
    for name, value in facts.items():
        if not _is_fact(value):
            raise ValueError(f"the fact {name} = {value!r} is no text, no finite number and no causes")
    return translate(template).format(**{name: _worded(value, translate) for name, value in facts.items()})


def _is_fact(value: object) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(one, Cause) for one in value)
    return isinstance(value, str | int) or isinstance(value, float) and math.isfinite(value)


def _worded(value: Fact, translate: Callable[[str], str]) -> Scalar:
    if isinstance(value, tuple):
        return "; ".join(fill(CAUSES[one.code].template, one.facts, translate) for one in value)
    return value


def shortened(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """`facts` with every text cut to LONGEST_FACT characters, so that a message stays small."""
    return {name: _shortened(value) for name, value in facts.items()}


def _shortened(value: Fact) -> Fact:
    if isinstance(value, tuple):
        return tuple(Cause(one.code, **{name: _cut(fact) for name, fact in one.facts.items()}) for one in value)
    return _cut(value)


def _cut(value: Scalar) -> Scalar:
    return value[:LONGEST_FACT] if isinstance(value, str) else value


def row(table: Mapping[str, Wording], code: str) -> Wording:
    """The row of `code`; ValueError where there is none."""
    if code not in table:
        raise ValueError(f"the code {code!r} is not in the table")
    return table[code]
