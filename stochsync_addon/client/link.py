"""The connection to the engine: the add-on listens, the engine connects and proves that it holds the key. Never waits."""

from __future__ import annotations

import secrets
import socket
import sys

from ...engine.protocol.errors import ProtocolError
from ...engine.protocol.wire import NONCE_BYTES, PROOF_BYTES, Frames, check_engine, frame

READ_BYTES = 1 << 18  # most bytes read at once
MOST_MESSAGES = 64  # most messages handed out at once
MOST_PEERS = 8  # connections that may be proving themselves at once


def listen() -> socket.socket:
    """A fresh listening socket that never blocks and is no file.

    A socket with a path would have to be kept short, outside odd temporary folders, and be removed; and closing its last
    connection waits for the file system's journal (0.2 s were seen). The key keeps other users out, on loopback as well.
    """
    listener = socket.socket(socket.AF_UNIX if sys.platform == "linux" else socket.AF_INET)
    try:
        listener.setblocking(False)
        listener.bind(f"\0stochsync-{secrets.token_hex(16)}" if sys.platform == "linux" else ("127.0.0.1", 0))
        listener.listen(MOST_PEERS)
    except OSError:
        listener.close()
        raise
    return listener


class Link:
    """The listening socket, then the one connection over which the engine has proved itself."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._listener = listen()
        self._peers: list[Peer] = []
        self._engine: Peer | None = None

    @property
    def address(self) -> str:
        """What the engine is told to connect to: "@NAME" (Linux's abstract sockets) or "127.0.0.1:PORT"."""
        name = self._listener.getsockname()
        return f"@{name[1:].decode()}" if isinstance(name, bytes) else f"{name[0]}:{name[1]}"

    @property
    def closed(self) -> bool:
        """The engine was connected, and is no more."""
        return self._engine is not None and self._engine.closed

    @property
    def drained(self) -> bool:
        """Nothing more will come."""
        return self._engine is None or self._engine.closed

    def receive(self) -> list[bytes]:
        """The payloads that lie ready, at most MOST_MESSAGES. ProtocolError for bytes that are no frames."""
        if self._engine is None:
            self._admit()
        if self._engine is None:
            return []
        self._engine.flush()
        self._engine.read()
        payloads: list[bytes] = []
        while len(payloads) < MOST_MESSAGES and (payload := self._engine.frames.take()) is not None:
            payloads.append(payload)
        self._engine.full = len(payloads) == MOST_MESSAGES
        return payloads

    def send(self, payload: bytes) -> None:
        self._engine.send(payload)

    def _admit(self) -> None:
        """Let new connections prove themselves; the first that does is the engine, and no other is accepted after it."""
        while len(self._peers) < MOST_PEERS:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                break
            self._peers.append(Peer(connection))
        for peer in tuple(self._peers):
            try:
                proved = peer.proves(self._key)
            except ProtocolError:  # not the engine; on loopback any local user can connect
                proved = False
                peer.close()
            if proved:
                self._engine = peer
                self._peers.remove(peer)
                self._stop_listening()
                return
        self._peers = [peer for peer in self._peers if not peer.closed]

    def _stop_listening(self) -> None:
        self._listener.close()
        for peer in self._peers:
            peer.close()
        self._peers.clear()

    def close(self) -> None:
        self._stop_listening()
        if self._engine is not None:
            self._engine.close()


class Peer:
    """One connection, never waiting."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._nonce = secrets.token_bytes(NONCE_BYTES)
        self._out = bytearray()
        self.frames = Frames()
        self.closed = self.full = False
        self.send(self._nonce)

    def proves(self, key: bytes) -> bool:
        """Whether the other side has shown that it holds `key`; False while it has not answered, ProtocolError if wrong."""
        self.read()
        answer = self.frames.take()
        if answer is None:
            return False
        if len(answer) != NONCE_BYTES + PROOF_BYTES:
            raise ProtocolError("engine_unproven")
        self.send(check_engine(key, self._nonce, answer))
        return True

    def read(self) -> None:
        """Take in what has come, at most READ_BYTES, unless enough lies here already."""
        if self.closed or self.full:
            return
        try:
            data = self._connection.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if data:
            self.frames.feed(data)
        else:
            self.closed = True

    def send(self, payload: bytes) -> None:
        """Queue one frame and send what goes; all we ever send is some hundred bytes per job."""
        self._out += frame(payload)
        self.flush()

    def flush(self) -> None:
        while self._out and not self.closed:
            try:
                del self._out[: self._connection.send(self._out)]
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._out.clear()  # gone; what it said before is still to be read, and reading notices the end

    def close(self) -> None:
        self.closed = True
        self._connection.close()
