"""Messages that only tell the latest state replace one another; ends never get lost; nothing unsendable is queued."""

from __future__ import annotations

import threading

import pytest

from engine.protocol.errors import ProtocolError
from engine.protocol.messages import Failed, Heartbeat, Phase, Preview, Progress, Result, decode
from engine.serve.outbox import Outbox


def sent_by(outbox: Outbox, until: int) -> list:
    """What `outbox` sends, up to `until` messages."""
    messages, done = [], threading.Event()

    def send(payload: bytes) -> None:
        messages.append(decode(payload))
        if len(messages) == until:
            done.set()
            raise OSError("enough")

    def run() -> None:
        try:
            outbox.send_all(send)
        except OSError:
            pass

    threading.Thread(target=run, daemon=True).start()
    assert done.wait(5.0), messages
    return messages


def progress(job: str, step: int) -> Progress:
    return Progress(job=job, phase=Phase.GENERATING, step=step, total=10_000)


def test_while_nobody_reads_only_the_latest_state_waits():
    outbox = Outbox()
    outbox.post(Heartbeat(busy=True))
    for step in range(10_000):
        outbox.post(progress("a", step))
        outbox.post(Heartbeat(busy=True))
        if step % 100 == 0:
            outbox.post(Preview(job="a", path=f"/{step}.png"))
    outbox.post(Result(job="a", path="/r.png"))
    outbox.post(progress("b", 1))
    assert sent_by(outbox, 5) == [
        Heartbeat(busy=True),
        Preview(job="a", path="/9900.png"),
        progress("a", 9999),
        Result(job="a", path="/r.png"),
        progress("b", 1),
    ]


def test_ends_are_kept_and_in_order():
    outbox = Outbox()
    ends = [Result(job=str(n), path="/r.png") if n % 2 else Failed(job=str(n), code="no_result") for n in range(50)]
    for end in ends:
        outbox.post(end)
    assert sent_by(outbox, 50) == ends


def test_what_cannot_be_encoded_is_refused_where_it_is_posted():
    outbox = Outbox()
    with pytest.raises(ProtocolError):
        outbox.post(Failed(job="a", code="job_missing", facts={"folder": "t" * 100_000}))
    outbox.post(Heartbeat(busy=False))
    assert sent_by(outbox, 1) == [Heartbeat(busy=False)]
