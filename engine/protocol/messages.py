"""The small JSON messages that the two processes exchange, and nothing else.

Each message is one frozen dataclass; on the wire it is a JSON object whose "type" names the class.
Engine -> client: Hello, Progress, Preview, Result, Failed, Heartbeat. Client -> engine: RunJob, Cancel, FreeMemory, Quit.
"""
from __future__ import annotations

import json
import math
from dataclasses import MISSING, asdict, dataclass, fields

from .errors import FIXES, ProtocolError

MAX_BYTES = 64 * 1024
STARTING = "Starting the engine"
"""The phase in which the engine imports torch."""


@dataclass(frozen=True, kw_only=True)
class Hello:
    """First word of the engine, sent before torch is imported."""

    protocol: int
    engine: str
    pid: int


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where job `job` stands: step `step` of `total` in `phase`; `eta` seconds left (-1: not known); `memory` peak bytes."""

    job: str
    phase: str
    step: int
    total: int
    eta: float = -1.0
    memory: int = 0


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A picture of the unfinished canvas lies at `path` (absolute)."""

    job: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """The finished picture lies at `path` (absolute); `warnings` are sentences for the artist."""

    job: str
    path: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The job ended without a result. `code` is an EngineError's, `fix` a key of errors.FIXES."""

    job: str
    code: str
    text: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """Sent every second or so, also while a library call is busy; `busy` tells whether a job runs."""

    busy: bool


@dataclass(frozen=True, kw_only=True)
class RunJob:
    """Run the job folder at `path` (absolute); its replies carry `job`."""

    job: str
    path: str


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
SCALARS = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}


def encode(message: Message) -> bytes:
    """UTF-8 JSON of one message, for `Connection.send_bytes`."""
    # Escaped to ASCII: a path that is no UTF-8 holds lone surrogates, which only so survive the way.
    payload = json.dumps({"type": type(message).__name__, **asdict(message)}, allow_nan=False).encode()
    if len(payload) > MAX_BYTES:
        raise ProtocolError(f"A message of {len(payload)} bytes is over the limit of {MAX_BYTES}.", fix="restart_engine")
    return payload


def decode(payload: bytes) -> Message:
    """The message in `payload`; ProtocolError for anything that is not exactly one of ours."""
    if len(payload) > MAX_BYTES:
        raise ProtocolError(f"A message of {len(payload)} bytes is over the limit of {MAX_BYTES}.", fix="restart_engine")
    try:
        data = json.loads(payload.decode())
    except (ValueError, RecursionError) as error:  # ValueError: no UTF-8, no JSON, or an endless number
        raise ProtocolError(f"The other side sent something that is no message: {error}.", fix="restart_engine") from error
    if not isinstance(data, dict) or not isinstance(data.get("type"), str) or data["type"] not in TYPES:
        raise ProtocolError("The other side sent an unknown kind of message; are add-on and engine of one version?")
    cls = TYPES[data.pop("type")]
    known = {f.name: f for f in fields(cls)}
    missing = [name for name, f in known.items() if f.default is MISSING and name not in data]
    unknown = sorted(set(data) - set(known))
    if missing or unknown:
        raise ProtocolError(f"A {cls.__name__} message lacks {missing} and has unknown keys {unknown}.")
    for name, value in data.items():
        data[name] = _checked(cls.__name__, known[name], value)
    if cls is Failed and data.get("fix", "") not in FIXES:
        raise ProtocolError(f"A Failed message names the unknown remedy {data['fix']!r}.")
    return cls(**data)


def _checked(owner: str, field, value):
    """`value`, if it has the type that the field declares; tuples of strings arrive as lists."""
    if field.type == "tuple[str, ...]":
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
    elif isinstance(value, SCALARS[field.type]) and (field.type == "bool" or not isinstance(value, bool)):
        if field.type != "float" or abs(value) < math.inf:
            return value
    raise ProtocolError(f"{owner}.{field.name} should be {field.type}, not {value!r}.")
