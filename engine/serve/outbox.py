"""Messages on their way out: never waits for the reader, never grows without bound."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from ..protocol.messages import Failed, Heartbeat, Message, Preview, Progress, encode


class Outbox:
    """Posts messages from any thread; `send_all` sends them in order from one.

    Blender reads nothing while it renders, and a socket holds only some hundred messages. So a message that only tells
    the latest state takes the place of its older kind, and the job goes on at full speed.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[Message, bytes]] = deque()
        self._ready = threading.Condition()

    def post(self, message: Message) -> None:
        """Queue `message`. ProtocolError or ValueError if it cannot be encoded."""
        payload = encode(message)
        with self._ready:
            if isinstance(message, Heartbeat) and self._waiting:
                return  # what waits will tell as well that the engine lives
            if isinstance(message, Progress | Preview | Failed):
                self._drop_older(message)
            self._waiting.append((message, payload))
            self._ready.notify()

    def _drop_older(self, message: Progress | Preview | Failed) -> None:
        """Forget a waiting message of the same kind about the same job; its place is taken."""
        kept = [
            (other, payload) for other, payload in self._waiting if type(other) is not type(message) or other.job != message.job
        ]
        self._waiting = deque(kept)

    def send_all(self, send: Callable[[bytes], None]) -> None:
        """Send for ever; ends with OSError when the other side is gone."""
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._waiting)
                _, payload = self._waiting.popleft()
            send(payload)
