"""The warm process behind the add-on: messages in, messages out, one job at a time, cancel.

The main thread does the jobs, since some libraries insist on it. Beside it run four threads that never compute: one reads
orders, one sends, one watches stdin (its end means that Blender is gone), one sends heartbeats. Torch comes with the first
job: hello must not wait for it.
"""

from __future__ import annotations

import faulthandler
import os
import queue
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import NoReturn, Protocol

from ..processor import threads_beside_blender
from ..protocol import PROTOCOL_VERSION, VERSION
from ..protocol.errors import (
    Busy,
    Cancelled,
    DiskFull,
    EngineError,
    EngineUnavailable,
    InternalError,
    OutOfMemory,
    ProtocolError,
)
from ..protocol.exhaustion import is_disk_full, is_out_of_memory
from ..protocol.files import sweep
from ..protocol.messages import (
    MAX_BYTES,
    Cancel,
    Failed,
    FreeMemory,
    Heartbeat,
    Hello,
    Message,
    Phase,
    Progress,
    Quit,
    Result,
    RunJob,
    decode,
)
from ..protocol.wire import KEY_BYTES, NONCE_BYTES, check_addon, engine_answer
from ..protocol.wording import shortened
from .log import Output, log_traceback, make_prints_unfailing
from .outbox import Outbox

HEARTBEAT = 1.0  # seconds between heartbeats
TRIM = 0.2  # seconds between looks at the log's size
IDLE = 600.0  # seconds without a job after which the models are unloaded
STUCK = 300.0  # seconds that one library call may hold the interpreter before the process gives itself up
NICENESS = 5  # so that Blender's own threads go first where the model computes on the processor


class Worker(Protocol):
    """What does the jobs: the real one is `tasks` with its model cache."""

    def run(self, folder: Path) -> Generator[Message, None, None]:
        """Messages of the job in `folder`, Result last; raises EngineError. Closing it cancels."""

    def free_memory(self) -> None:
        """Unload the models."""


@dataclass(frozen=True)
class Running:
    """The job in hand."""

    job: str
    folder: Path
    cancelled: threading.Event = field(default_factory=threading.Event)


class TaskWorker:
    """The real worker. Building it imports torch."""

    def __init__(self) -> None:
        import torch

        from ..canonical import SpaceCache
        from ..models.load import ModelCache
        from ..tasks import run_job

        torch.set_num_threads(threads_beside_blender(torch.get_num_threads(), os.environ))
        self._run_job, self._models, self._spaces = run_job, ModelCache(), SpaceCache()

    def run(self, folder: Path) -> Generator[Message, None, None]:
        return self._run_job(folder, self._models, self._spaces)

    def free_memory(self) -> None:
        self._models.free()
        self._spaces.free()


def serve(address: str, load: Callable[[], Worker] = TaskWorker) -> NoReturn:
    """Connect to the add-on at `address` ("@NAME" or "127.0.0.1:PORT"), prove the key that the first line of stdin holds,
    and serve until either end goes. `load` builds the worker when the first job comes. Ends the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in Blender's terminal is Blender's; we end with it
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    make_prints_unfailing()
    faulthandler.enable(file=2)
    server = Server(load)
    try:
        key = read_key()
        threading.Thread(target=server.watch_stdin, daemon=True, name="watch_stdin").start()
        connection = join(address, key)
    except (EngineError, OSError, EOFError) as error:
        print(f"The engine could not reach the add-on: {error!r}", file=sys.stderr)
        sys.exit(3)
    server.run(connection)


def read_key() -> bytes:
    """The shared key: hex on the first line of stdin, so that neither `ps` nor the environment shows it."""
    line = os.read(0, 2 * KEY_BYTES + 2)
    while line and not line.endswith(b"\n") and len(line) < 2 * KEY_BYTES + 1:
        more = os.read(0, 2 * KEY_BYTES + 2 - len(line))
        if not more:
            break
        line += more
    text = line.strip().decode("ascii", "replace")
    if len(text) != 2 * KEY_BYTES or not re.fullmatch("[0-9a-f]+", text):
        raise ProtocolError("key_missing")
    return bytes.fromhex(text)


def join(address: str, key: bytes) -> Connection:
    """The connection to the add-on, after both sides have shown that they hold `key`.

    Blender may be busy for minutes before it answers; when it is gone, stdin ends this process.
    """
    loopback = re.fullmatch(r"(127\.0\.0\.1):(\d{1,5})", address)
    if not (loopback or address.startswith("@")):
        raise ProtocolError("address_malformed", address=repr(address))
    connection = Client((loopback[1], int(loopback[2])) if loopback else "\0" + address[1:])
    addon_nonce, engine_nonce = connection.recv_bytes(MAX_BYTES), os.urandom(NONCE_BYTES)
    connection.send_bytes(engine_answer(key, addon_nonce, engine_nonce))
    check_addon(key, addon_nonce, engine_nonce, connection.recv_bytes(MAX_BYTES))
    return connection


class Server:
    """One worker, one job at a time."""

    def __init__(self, load: Callable[[], Worker]) -> None:
        self._load = load
        self._worker: Worker | None = None
        self._orders: queue.SimpleQueue[Running | FreeMemory] = queue.SimpleQueue()
        self._running: Running | None = None
        self._lock = threading.Lock()
        self._outbox = Outbox()
        self._output = Output()

    def run(self, connection: Connection) -> NoReturn:
        """Greet the add-on behind `connection`, then do what it orders, for ever."""
        self._outbox.post(Hello(protocol=PROTOCOL_VERSION, engine=VERSION, pid=os.getpid()))
        for part in (self._send, self._read):
            threading.Thread(target=part, args=(connection,), daemon=True, name=part.__name__).start()
        threading.Thread(target=self._send_heartbeats, daemon=True, name="_send_heartbeats").start()
        while True:
            try:
                order = self._orders.get(timeout=IDLE)
            except queue.Empty:
                order = FreeMemory()
            if isinstance(order, Running):
                self._do(order)
            elif self._worker is not None:
                self._worker.free_memory()

    def _do(self, running: Running) -> None:
        """Do one job; its last message goes out when the next order can be taken."""
        log = running.folder / "log.txt"
        with self._output.to(log):
            try:
                last = self._work(running)
            except (Exception, SystemExit) as error:  # a library that calls exit() ends its job, not the engine
                log_traceback(error)
                last = failure(running.job, error, log)
        with self._lock:
            self._running = None
        self._outbox.post(last)

    def _work(self, running: Running) -> Message:
        """The job's Result, its other messages posted on the way. Raises what went wrong, Cancelled among it."""
        if self._worker is None:
            self._outbox.post(Progress(job=running.job, phase=Phase.STARTING, step=0, total=1))
            self._worker = self._load()
        with closing(self._worker.run(running.folder)) as messages:
            for message in messages:
                if isinstance(message, Result):
                    return message
                if running.cancelled.is_set():
                    raise Cancelled("cancelled")
                self._outbox.post(message)
        raise InternalError("no_result")

    def _read(self, connection: Connection) -> None:
        """Take orders until the add-on is gone."""
        while True:
            try:
                payload = connection.recv_bytes(MAX_BYTES)
            except (EOFError, OSError):  # gone, or out of step, which has no way back
                self._leave("The add-on closed the connection.")
            try:
                self._take(decode(payload))
            except EngineError as error:
                self._outbox.post(failure("", error, None))

    def _take(self, order: Message) -> None:
        match order:
            case RunJob(job=job, path=path):
                with self._lock:
                    if self._running is not None:
                        self._outbox.post(failure(job, Busy("engine_busy"), None))
                        return
                    self._running = Running(job, Path(path))
                    self._orders.put(self._running)
            case Cancel(job=job):
                with self._lock:
                    if self._running is not None and self._running.job == job:
                        self._running.cancelled.set()
            case FreeMemory():
                self._orders.put(order)
            case Quit():
                self._leave("The add-on asked to quit.")
            case _:
                raise ProtocolError("message_not_for_engine", type=type(order).__name__)

    def _send(self, connection: Connection) -> None:
        try:
            self._outbox.send_all(connection.send_bytes)
        except OSError:
            self._leave("The add-on reads no more.")

    def watch_stdin(self) -> None:
        """Wait for the end of stdin, which is the end of whoever started this process, and end with it."""
        while os.read(0, 4096):
            pass
        self._leave("Blender is gone (stdin ended).")

    def _send_heartbeats(self) -> None:
        """Heartbeats, also while torch computes; the log's cap; and the last resort against a call that never returns."""
        next_beat = 0.0
        while True:
            if time.monotonic() >= next_beat:
                next_beat = time.monotonic() + HEARTBEAT
                self._outbox.post(Heartbeat(busy=self._running is not None))
                # Needs no interpreter lock: ends even a process whose C code holds that for ever, and nobody is left to see.
                faulthandler.dump_traceback_later(STUCK, exit=True, file=2)
            self._output.trim()
            time.sleep(TRIM)

    def _leave(self, why: str) -> NoReturn:
        """End at once, in the middle of whatever runs: results are written by rename, so only temporary files need sweeping."""
        try:
            running = self._running
            if running is not None:
                sweep(running.folder, os.getpid())
            print(why, file=sys.stderr)
        finally:
            os._exit(0)


def failure(job: str, error: BaseException, log: Path | None) -> Failed:
    """The message that tells of `error`: a code and facts; the traceback stays in the log."""
    known = as_engine_error(error, log)
    return Failed(job=job, code=known.code, facts=shortened(known.facts))


def as_engine_error(error: BaseException, log: Path | None) -> EngineError:
    """`error` in the terms of the one error tree. A full disk or memory is told as such, whatever a library made of it."""
    if isinstance(error, OutOfMemory | DiskFull | Cancelled):
        return error
    link: BaseException | None = error
    while link is not None:
        if is_disk_full(link):
            return DiskFull("disk_full")
        if is_out_of_memory(link):
            return OutOfMemory("out_of_memory")
        link = link.__cause__ or link.__context__
    if isinstance(error, EngineError):
        return error
    name, reason = type(error).__name__, " ".join(str(error).split())[:300]
    if isinstance(error, ImportError):
        return EngineUnavailable("libraries_incomplete", reason=reason)
    if log is None:
        return InternalError("failure_unknown", type=name, reason=reason)
    return InternalError("failure_logged", type=name, reason=reason, log=str(log))
