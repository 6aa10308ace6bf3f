"""What crosses the wire comes back the same, and nothing else gets in."""

from __future__ import annotations

import random

import pytest

from engine.protocol.errors import ProtocolError
from engine.protocol.messages import (
    MAX_BYTES,
    Cancel,
    Failed,
    FreeMemory,
    Heartbeat,
    Hello,
    Notice,
    Phase,
    Preview,
    Progress,
    Quit,
    Result,
    RunJob,
    decode,
    encode,
)
from engine.protocol.wire import HEADER, Frames, check_addon, check_engine, engine_answer, frame, proof
from engine.protocol.wording import Cause

EXAMPLES = [
    Hello(protocol=1, engine="0.1.0", pid=7),
    Progress(job="a", phase=Phase.GENERATING, step=1, total=2, eta=3.5, memory=4),
    Preview(job="日本 ä", path="/tmp/ä b/p.png"),
    Progress(job="a", phase=Phase.DOWNLOADING, step=1, total=2, detail="unet/ä"),
    Result(job="a", path="/r.png", notices=(Notice("words_left_out", words="Éé"), Notice("precision_raised"))),
    Failed(job="a", code="disk_too_small", facts={"label": "Éé", "needed": 1.5, "folder": "/m", "free": 1}),
    Failed(
        job="a",
        code="model_not_downloaded",
        facts={
            "label": "SD",
            "folder": "/m",
            "tried": (
                Cause("source_no_answer", source="a/b", seconds=20.0),
                Cause("source_not_found", source="c/d", status=404, file="x"),
            ),
        },
    ),
    Heartbeat(busy=True),
    RunJob(path="/no utf-8 \udcff"),
    Cancel(job="a"),
    FreeMemory(),
    Quit(),
]


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda m: type(m).__name__)
def test_round_trip(message):
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b'"Quit"',
        b"{}",
        b'{"type": "Dance"}',
        b'{"type": []}',
        b'{"type": {}}',
        b'{"type": null}',
        b"\xff\xfe",
        b"{",
        b"[" * 60000,
        b'{"type": "Progress", "step": ' + b"9" * 6000 + b"}",
        b'{"type": "Quit", "more": 1}',
        b'{"type": "Cancel"}',
        b'{"type": "Cancel", "job": 3}',
        b'{"type": "Heartbeat", "busy": 1}',
        b'{"type": "Hello", "protocol": true, "engine": "x", "pid": 1}',
        b'{"type": "Result", "job": "a", "path": "p", "notices": "w"}',
        b'{"type": "Result", "job": "a", "path": "p", "notices": ["A sentence."]}',
        b'{"type": "Result", "job": "a", "path": "p", "notices": [{"code": "dance", "facts": {}}]}',
        b'{"type": "Result", "job": "a", "path": "p", "notices": [{"code": "drawn_as", "facts": {}}]}',
        b'{"type": "Failed", "job": "a", "code": "dance", "facts": {}}',
        b'{"type": "Failed", "job": "a", "code": "disk_full", "facts": {"more": 1}}',
        b'{"type": "Failed", "job": "a", "code": "disk_full", "facts": []}',
        b'{"type": "Failed", "job": "a", "code": "job_not_object", "facts": {"path": null}}',
        b'{"type": "Failed", "job": "a", "code": "job_not_object", "facts": {"path": {}}}',
        b'{"type": "Failed", "job": "a", "code": "job_not_object", "facts": {"path": [3]}}',
        b'{"type": "Failed", "job": "a", "code": "job_not_object", "facts": {"path": [{"code": "dance", "facts": {}}]}}',
        b'{"type": "Failed", "job": "a", "code": "job_format", "facts": {"path": "p", "format": NaN}}',
        b'{"type": "Progress", "job": "a", "phase": "dance", "step": 1, "total": 2}',
        b'{"type": "Progress", "job": "a", "phase": "generating", "step": 1, "total": 2, "eta": NaN}',
        b'{"type": "Progress", "job": "a", "phase": "generating", "step": 1, "total": 2, "eta": 1e999}',
        b'{"type": "Quit"}' + b" " * MAX_BYTES,
    ],
    ids=lambda payload: repr(payload[:40]),
)
def test_decode_refuses_everything_else_with_a_protocol_error(payload):
    with pytest.raises(ProtocolError):
        decode(payload)


def test_decode_survives_random_damage():
    """Whatever single bytes change, the answer is a message or a ProtocolError."""
    draw = random.Random(1)
    for _ in range(3000):
        payload = bytearray(encode(draw.choice(EXAMPLES)))
        for _ in range(draw.randint(1, 3)):
            payload[draw.randrange(len(payload))] = draw.randrange(256)
        try:
            decode(bytes(payload))
        except ProtocolError:
            pass


def test_encode_refuses_what_is_too_long_or_no_number():
    with pytest.raises(ProtocolError):
        encode(Failed(job="a", code="job_not_object", facts={"path": "t" * MAX_BYTES}))
    with pytest.raises(ValueError, match="JSON"):
        encode(Progress(job="a", phase=Phase.LOADING, step=0, total=1, eta=float("nan")))


def test_frames_come_out_whole_however_they_are_cut():
    draw = random.Random(2)
    payloads = [bytes(draw.randrange(256) for _ in range(draw.randrange(300))) for _ in range(50)]
    stream, frames, taken = b"".join(map(frame, payloads)), Frames(), []
    while stream:
        cut = draw.randint(1, 40)
        frames.feed(stream[:cut])
        stream = stream[cut:]
        while (payload := frames.take()) is not None:
            taken.append(payload)
    assert taken == payloads


@pytest.mark.parametrize("length", [-1, MAX_BYTES + 1, 0x7FFFFFFF, -0x80000000])
def test_frames_refuse_a_length_that_cannot_be_ours_before_storing_anything(length):
    frames = Frames()
    frames.feed(HEADER.pack(length))
    with pytest.raises(ProtocolError):
        frames.take()


def test_frames_are_those_of_multiprocessing():
    from multiprocessing.connection import Connection
    from socket import socketpair

    left, right = socketpair()
    connection = Connection(left.detach())
    connection.send_bytes(b"payload")
    assert right.recv(100) == frame(b"payload")
    right.sendall(frame(b"answer"))
    assert connection.recv_bytes() == b"answer"
    connection.close()
    right.close()


def test_key_exchange_needs_the_key_on_both_sides_and_admits_no_echo():
    key, other, a, e = bytes(range(32)), bytes(32), b"a" * 32, b"e" * 32
    closing = check_engine(key, a, engine_answer(key, a, e))
    check_addon(key, a, e, closing)
    with pytest.raises(ProtocolError):
        check_engine(key, a, engine_answer(other, a, e))
    with pytest.raises(ProtocolError):
        check_engine(key, b"b" * 32, engine_answer(key, a, e))  # replayed to another nonce
    with pytest.raises(ProtocolError):
        check_addon(key, a, e, proof(key, "engine", a, e))  # the engine's own proof sent back
    with pytest.raises(ProtocolError):
        check_addon(key, a, e, b"")
