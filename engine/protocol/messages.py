"""The small JSON messages that the two processes exchange, and nothing else.

Each message is one frozen dataclass; on the wire it is a JSON object whose "type" names the class. None holds a sentence: what
happened is a code and its facts, which each side words from its own tables (wording.py).
Engine -> client: Hello, Progress, Preview, Result, Failed, Heartbeat. Client -> engine: RunJob, Cancel, FreeMemory, Quit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from .errors import EngineError, ProtocolError, error_of
from .wording import NOTICES, Cause, Fact, fill, row

MAX_BYTES = 64 * 1024


class Phase(StrEnum):
    """What a job is doing. Its words are in wording.PHASES."""

    STARTING = "starting"  # the engine imports torch
    LOADING = "loading"
    DOWNLOADING = "downloading"
    PREPARING = "preparing"
    GENERATING = "generating"
    FILLING = "filling"
    WRITING = "writing"


@dataclass(frozen=True, init=False)
class Notice:
    """Something to know of a result that was made all the same: a code of wording.NOTICES and its facts."""

    code: str
    facts: Mapping[str, Fact]

    def __init__(self, code: str, /, **facts: Fact) -> None:
        """ValueError unless `code` is in the table and `facts` are exactly those that its template names."""
        fill(row(NOTICES, code).template, facts)
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "facts", facts)

    def __hash__(self) -> int:
        return hash((self.code, *sorted(self.facts)))

    @property
    def text(self) -> str:
        """The sentence in English."""
        return self.worded()

    def worded(self, translate: Callable[[str], str] = str) -> str:
        """The same in the language that `translate` turns English templates into."""
        return fill(row(NOTICES, self.code).template, self.facts, translate)


@dataclass(frozen=True, kw_only=True)
class Hello:
    """First message of the engine, sent before torch is imported."""

    protocol: int
    engine: str
    pid: int


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where job `job` stands: step `step` of `total` in `phase`; `eta` seconds left (-1: not known); `memory` peak bytes.

    detail: what the phase is busy with, by name: the file that is downloaded.
    """

    job: str
    phase: Phase
    step: int
    total: int
    eta: float = -1.0
    memory: int = 0
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A picture of the unfinished canvas lies at `path` (absolute)."""

    job: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """The finished picture lies at `path` (absolute)."""

    job: str
    path: str
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The job ended without a result. `code` and `facts` are an EngineError's; job "": it is no job's failure."""

    job: str
    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        error_of(self.code, self.facts)

    @property
    def error(self) -> EngineError:
        """The same as an error, with its English text and its fix."""
        return error_of(self.code, self.facts)


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """Sent every second or so, also while a library call is busy; `busy` tells whether a job runs."""

    busy: bool


@dataclass(frozen=True, kw_only=True)
class RunJob:
    """Run the job folder at `path` (absolute); its replies carry `job`."""

    path: str

    @property
    def job(self) -> str:
        """The name of the job, which is its folder's."""
        return Path(self.path).name


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """Stop job `job` between two denoiser calls; other jobs are not touched."""

    job: str


@dataclass(frozen=True, kw_only=True)
class FreeMemory:
    """Unload the models that are kept warm."""


@dataclass(frozen=True, kw_only=True)
class Quit:
    """End the process."""


Message = Hello | Progress | Preview | Result | Failed | Heartbeat | RunJob | Cancel | FreeMemory | Quit
TYPES = {cls.__name__: cls for cls in (Hello, Progress, Preview, Result, Failed, Heartbeat, RunJob, Cancel, FreeMemory, Quit)}
SCALARS: dict[str, tuple[type[Any], ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}


def encode(message: Message) -> bytes:
    """UTF-8 JSON of one message, for `Connection.send_bytes`."""
    # Escaped to ASCII: a path that is no UTF-8 holds lone surrogates, which only so survive the way.
    payload = json.dumps({"type": type(message).__name__, **asdict(message)}, allow_nan=False).encode()
    if len(payload) > MAX_BYTES:
        raise ProtocolError("message_too_long", size=len(payload), limit=MAX_BYTES)
    return payload


def decode(payload: bytes) -> Message:
    """The message in `payload`; ProtocolError for anything that is not exactly one of ours."""
    if len(payload) > MAX_BYTES:
        raise ProtocolError("message_too_long", size=len(payload), limit=MAX_BYTES)
    try:
        data = json.loads(payload.decode())
    except (ValueError, RecursionError) as error:  # ValueError: no UTF-8, no JSON, or an endless number
        raise ProtocolError("message_unreadable", reason=str(error)) from error
    if not isinstance(data, dict) or not isinstance(data.get("type"), str) or data["type"] not in TYPES:
        raise ProtocolError("message_unknown")
    cls = TYPES[data.pop("type")]
    known = {f.name: f for f in fields(cls)}
    missing = [name for name, f in known.items() if f.default is MISSING and f.default_factory is MISSING and name not in data]
    unknown = sorted(set(data) - set(known))
    if missing or unknown:
        raise ProtocolError("message_keys", type=cls.__name__, missing=str(missing), unknown=str(unknown))
    values = {name: _checked(cls.__name__, known[name], value) for name, value in data.items()}
    try:
        return cls(**values)
    except ValueError as error:
        raise ProtocolError("message_facts", type=cls.__name__, reason=str(error)) from error


def _checked(owner: str, of: Field[Any], value: Any) -> Any:
    """`value`, if it has the type that the field declares; objects become phases and notices."""
    declared = str(of.type)  # as it is written above: annotations are not evaluated
    try:
        match declared:
            case "tuple[Notice, ...]":
                return tuple(Notice(one["code"], **_facts(one["facts"])) for one in value)
            case "Mapping[str, Fact]":
                return _facts(value)
            case "Phase":
                return Phase(value)
        if isinstance(value, SCALARS[declared]) and (declared == "bool" or not isinstance(value, bool)):
            if declared != "float" or abs(value) < math.inf:
                return value
    except (ValueError, KeyError, TypeError) as error:
        raise ProtocolError("message_facts", type=owner, reason=str(error)) from error
    raise ProtocolError("message_value", owner=owner, name=of.name, type=declared, value=repr(value))


def _facts(value: Any) -> dict[str, Fact]:
    """`value` if it can be the facts of something; that they fit its template is for the constructor to see."""
    if not isinstance(value, dict):
        raise TypeError(f"facts are an object, not {value!r}")
    return {
        name: tuple(Cause(one["code"], **one["facts"]) for one in fact) if isinstance(fact, list) else fact
        for name, fact in value.items()
    }
