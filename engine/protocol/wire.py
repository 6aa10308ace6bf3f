"""Bytes on the wire, without any I/O: frames, and the proof that both ends hold the same key.

The frames are those of `multiprocessing.connection` (a big-endian length, then the payload), which the engine uses as it
is, since its threads may block. Blender's main thread may not: even after `poll()` says yes, `Connection.recv_bytes` waits
for the rest of a frame, and `Client`/`Listener` wait for each answer of their key exchange, so a stopped engine would
freeze Blender. Hence this part, which never waits: bytes are fed in as they come and whole payloads are taken out.

Key exchange (the add-on listens, the engine connects; nobody else learns the key or can replay an answer):
    add-on -> engine   nonce A
    engine -> add-on   nonce E + proof(key, "engine", A, E)
    add-on -> engine   proof(key, "add-on", A, E)
"""

from __future__ import annotations

import hmac
import struct

from .errors import ProtocolError
from .messages import MAX_BYTES

HEADER = struct.Struct("!i")
KEY_BYTES = NONCE_BYTES = PROOF_BYTES = 32


def frame(payload: bytes) -> bytes:
    """`payload` with its length before it."""
    return HEADER.pack(len(payload)) + payload


class Frames:
    """A buffer of received bytes from which whole payloads are taken."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        self._bytes += data

    def take(self) -> bytes | None:
        """The next whole payload, or None while it is incomplete. ProtocolError for a length that cannot be ours."""
        if len(self._bytes) < HEADER.size:
            return None
        (length,) = HEADER.unpack_from(self._bytes)
        if not 0 <= length <= MAX_BYTES:
            raise ProtocolError("frame_length", length=length)
        end = HEADER.size + length
        if len(self._bytes) < end:
            return None
        payload = bytes(self._bytes[HEADER.size : end])
        del self._bytes[:end]
        return payload


def proof(key: bytes, role: str, addon_nonce: bytes, engine_nonce: bytes) -> bytes:
    """What only a holder of `key` can say for these two nonces; `role` keeps one side's answer from serving as the other's."""
    return hmac.digest(key, role.encode() + b"\0" + addon_nonce + engine_nonce, "sha256")


def engine_answer(key: bytes, addon_nonce: bytes, engine_nonce: bytes) -> bytes:
    """The engine's frame in reply to the add-on's nonce."""
    return engine_nonce + proof(key, "engine", addon_nonce, engine_nonce)


def check_engine(key: bytes, addon_nonce: bytes, answer: bytes) -> bytes:
    """The add-on's closing frame if `answer` is right, else ProtocolError."""
    engine_nonce, claim = answer[:NONCE_BYTES], answer[NONCE_BYTES:]
    if not hmac.compare_digest(claim, proof(key, "engine", addon_nonce, engine_nonce)):
        raise ProtocolError("engine_unproven")
    return proof(key, "add-on", addon_nonce, engine_nonce)


def check_addon(key: bytes, addon_nonce: bytes, engine_nonce: bytes, claim: bytes) -> None:
    """ProtocolError unless `claim` proves that the add-on holds the key."""
    if not hmac.compare_digest(claim, proof(key, "add-on", addon_nonce, engine_nonce)):
        raise ProtocolError("addon_unproven")
