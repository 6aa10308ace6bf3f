"""The add-on's end of the engine: start, hello, send, poll, cancel, restart. No bpy, no threads.

Everything here runs on Blender's main thread, so nothing waits: the add-on listens and the engine connects, which leaves
Blender only `accept`, `recv` and `send` on sockets that never block (see engine/protocol/wire.py for why
`multiprocessing.connection` would).
The child is held by its stdin: when Blender goes, however, stdin ends and so does the engine.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...engine.protocol import PROTOCOL_VERSION
from ...engine.protocol.errors import Busy, Cancelled, EngineDied, EngineError, EngineUnavailable, ProtocolError
from ...engine.protocol.files import sweep
from ...engine.protocol.messages import (
    Cancel,
    Failed,
    FreeMemory,
    Heartbeat,
    Hello,
    Message,
    Phase,
    Preview,
    Progress,
    Quit,
    Result,
    RunJob,
    decode,
    encode,
)
from ...engine.protocol.wire import KEY_BYTES
from ...engine.protocol.wording import Cause, shortened
from .link import MOST_MESSAGES, Link
from .process import exit_reason, last_line, spawn, wait_for
from .states import SILENT, UNWANTED, WANTED, WITHOUT_PROCESS, Event, State, after

LONGEST_GAP = 1.0  # seconds that one pause between two polls counts at most
KILLED = Cause("signal_named", name="SIGKILL")
CONNECTION_CLOSED = Cause("connection_closed")


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Seconds after which the engine is given up, counted only while somebody polls."""

    hello: float = 30.0  # from start to hello
    loading: float = 180.0  # of silence while torch loads, which can hold every thread up on a slow disk
    silence: float = 30.0  # of silence later on; it sends a heartbeat every second
    grace: float = 5.0  # from cancel to the end of the cancelled job
    exit: float = 2.0  # from a closed connection to the end of the process

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"Timeouts.{name} = {value!r}: it must be above 0.")


class EngineClient:
    """One engine process, started when it is needed. `state` follows the table in states.py; `error` says why it is DEAD.

    `poll` tells what happened, failures included, and never raises; `start`, `run` and `restart` raise EngineUnavailable.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        logs: Path,
        environment: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        """`command` as of `engine_command`; `logs` is a writable folder for what the engine prints outside jobs;
        `environment` holds variables for the engine, as of `engine_environment`."""
        self._command, self._environment = tuple(command), dict(environment or {})
        self._timeouts = Timeouts() if timeouts is None else timeouts
        self.log = logs / f"engine-{os.getpid()}.log"
        self.state = State.STOPPED
        self.error: EngineError | None = None
        self._process: subprocess.Popen | None = None
        self._link: Link | None = None
        self._reaping: list[subprocess.Popen] = []
        self._wanted: RunJob | None = None  # the job that somebody waits for
        self._in_hand: RunJob | None = None  # the job that the engine has, cancelled or not
        self._messages: list[Message] = []  # to be handed out by the next poll
        self._now = self._last_poll = time.monotonic()
        self._heard = self._deadline = self._eof_at = 0.0
        self._loaded = False  # torch has been imported
        self._writer = 0  # process id behind temporary files; on Windows not that of the child, which only launches Python

    @property
    def pid(self) -> int | None:
        """The process id of the engine, while there is one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the engine unless it runs; returns at once. EngineUnavailable when it cannot even be started."""
        if self.state not in WITHOUT_PROCESS:
            if self.state in WANTED or self._process.poll() is None:  # of an end in the middle of a job, `poll` tells
                return
            self._drop()
            self._on(Event.STOP)
        try:
            self._launch()
        except EngineUnavailable as error:
            self.error = error
            self._on(Event.FAIL)
            raise
        self.error = None
        self._on(Event.START)

    def run(self, folder: Path) -> str:
        """Order the job in `folder`; its messages carry the name returned. Starts the engine if need be.

        Busy while another job runs. A job that was cancelled but has not ended yet is no hindrance.
        """
        if self.state in WANTED:
            raise Busy("engine_busy")
        self.start()
        self._wanted = RunJob(path=str(Path(folder).absolute()))
        self._on(Event.RUN)
        return self._wanted.job

    def cancel(self, job: str) -> None:
        """End job `job`: the next poll says so, whatever the engine is doing. Any other job is untouched."""
        if self._wanted is None or job != self._wanted.job:
            return
        self._wanted = None
        if self.state is State.BUSY:
            self._write(Cancel(job=job))
            self._deadline = self._now + self._timeouts.grace
        self._on(Event.CANCEL)
        self._messages.append(_failed(job, Cancelled("cancelled")))

    def free_memory(self) -> None:
        """Let the engine unload its models, when it has ended its job."""
        if self.state not in SILENT | WITHOUT_PROCESS:
            self._write(FreeMemory())

    def poll(self) -> list[Message]:
        """What happened since the last call, at most MOST_MESSAGES; a failure of the engine itself is a Failed too."""
        self._tick()
        self._reap()
        if self.state not in WITHOUT_PROCESS:
            try:
                self._receive()
                self._check_health()
            except EngineError as error:
                self._give_up(error)
        messages, self._messages = self._messages[:MOST_MESSAGES], self._messages[MOST_MESSAGES:]
        return messages

    def stop(self, wait: float = 1.0) -> None:
        """End the engine: asked first, then killed; back within `wait` seconds or so, and no zombie is left behind."""
        if self.state not in WITHOUT_PROCESS:
            if self.state not in SILENT:
                self._write(Quit())
            if self._process is not None and self._process.stdin is not None:  # in every state with a process there is one
                self._process.stdin.close()
                wait_for([self._process], wait / 2)
        self._drop()
        self._on(Event.STOP)
        self._reaping = wait_for(self._reaping, wait / 2)
        self.error = self._wanted = None
        self._messages.clear()

    def restart(self) -> None:
        """Kill the engine and start a fresh one, at once; a job that is wanted is reported as cancelled."""
        if self._wanted is not None:
            self._messages.append(_failed(self._wanted.job, Cancelled("cancelled")))
        self._wanted = None
        self._drop()
        self._on(Event.STOP)
        self.start()

    def log_of(self, folder: Path | None = None) -> Path:
        """The log that tells about the job in `folder`, or about the engine itself."""
        return self.log if folder is None or not (folder / "log.txt").is_file() else folder / "log.txt"

    def _on(self, event: Event) -> None:
        """Go to the state after `event`. Whatever leads to BUSY, the wanted job is sent there."""
        self.state = after(self.state, event)
        if self.state is State.BUSY:
            self._in_hand = self._wanted
            if self._in_hand is not None:  # what leads to BUSY is that a job is wanted
                self._write(self._in_hand)

    def _tick(self) -> None:
        """Let the clock of all deadlines run, but hardly while nobody polled: a blocked Blender is not a silent engine."""
        now = time.monotonic()
        self._now += min(now - self._last_poll, LONGEST_GAP)
        self._last_poll = now

    def _launch(self) -> None:
        """Start a process; no state changes. EngineUnavailable."""
        key = secrets.token_bytes(KEY_BYTES)
        try:
            self._link = Link(key)
            self._process = spawn((*self._command, "--address", self._link.address), self.log, key, self._environment)
        except OSError as error:
            self._drop()
            raise EngineUnavailable("engine_not_started", reason=str(error)) from error
        self._loaded = False
        self._tick()
        self._heard, self._eof_at = self._now, 0.0

    def _receive(self) -> None:
        for payload in self._link.receive():
            self._heard = self._now
            message = decode(payload)
            if self.state in SILENT:
                self._greet(message)
            elif isinstance(message, Heartbeat):
                pass
            elif isinstance(message, Failed) and message.job == "":
                self._messages.append(message)
            elif isinstance(message, Progress | Preview | Result | Failed):
                self._follow(message)
            else:
                raise ProtocolError("message_not_from_engine", type=type(message).__name__)

    def _greet(self, message: Message) -> None:
        if not isinstance(message, Hello):
            raise ProtocolError("no_hello")
        if message.protocol != PROTOCOL_VERSION:
            raise ProtocolError("version_mismatch", engine=message.protocol, addon=PROTOCOL_VERSION)
        self._writer = message.pid
        self._on(Event.HELLO)

    def _follow(self, message: Progress | Preview | Result | Failed) -> None:
        """Hand out what concerns the job that somebody waits for; a cancelled one only ends."""
        if self._in_hand is None or message.job != self._in_hand.job:
            return
        self._loaded = self._loaded or not (isinstance(message, Progress) and message.phase is Phase.STARTING)
        if self.state is State.BUSY:
            self._messages.append(message)
        if isinstance(message, Result | Failed):
            self._in_hand = None
            if self.state is State.BUSY:
                self._wanted = None
            self._on(Event.END)

    def _write(self, message: Message) -> None:
        self._link.send(encode(message))

    def _check_health(self) -> None:
        """Raise what is wrong with the engine; replace one that ignores a cancel."""
        code = self._process.poll()
        if code is not None and self._link.drained:
            raise self._end_of_engine(exit_reason(code))
        if self._link.closed:
            self._eof_at = self._eof_at or self._now + self._timeouts.exit
            if self._now > self._eof_at:
                raise self._end_of_engine(CONNECTION_CLOSED)
            return
        silent = self._now - self._heard
        if self.state in SILENT:
            if silent > self._timeouts.hello:
                raise EngineUnavailable("engine_no_answer", seconds=self._timeouts.hello, log=str(self.log))
        elif silent > (self._timeouts.silence if self._loaded or self._in_hand is None else self._timeouts.loading):
            raise EngineDied("engine_silent", seconds=silent, log=self._log_of_job())
        if self.state in UNWANTED and self._now > self._deadline:
            self._drop()
            self._on(Event.OVERDUE)
            if self.state is State.ORDERED:
                self._launch()

    def _end_of_engine(self, how: Cause) -> EngineError:
        """The error that tells how the engine's process or its connection ended."""
        if self.state in SILENT:
            words, log = last_line(self.log), str(self.log)
            if how == KILLED:
                return EngineUnavailable("engine_killed_early", log=log)
            if words:
                return EngineUnavailable("engine_ended_early_saying", how=(how,), last_line=words, log=log)
            return EngineUnavailable("engine_ended_early", how=(how,), log=log)
        if how == KILLED:
            return EngineDied("engine_killed", log=self._log_of_job())
        return EngineDied("engine_crashed", how=(how,), log=self._log_of_job())

    def _log_of_job(self) -> str:
        """The log that tells about the job that the engine has in hand."""
        return str(self.log_of(None if self._in_hand is None else Path(self._in_hand.path)))

    def _give_up(self, error: EngineError) -> None:
        """Drop the engine and report `error`; a job that only waited for a cancelled one to end gets a fresh engine."""
        self._drop()
        self._on(Event.FAIL)
        if self.state is State.ORDERED:
            try:
                self._launch()
                return
            except EngineUnavailable as unavailable:
                error = unavailable
                self._on(Event.FAIL)
        job, self._wanted, self.error = self._wanted, None, error
        self._messages.append(_failed("" if job is None else job.job, error))

    def _drop(self) -> None:
        """Let go of process and connection, killing what still runs. Waits for nothing; no state changes."""
        if self._link is not None:
            self._link.close()
            self._link = None
        process, self._process = self._process, None
        if process is not None:
            process.stdin.close()
            if process.poll() is None:
                process.kill()
                self._reaping.append(process)
            if self._in_hand is not None:
                sweep(Path(self._in_hand.path), self._writer)
        self._in_hand = None

    def _reap(self) -> None:
        self._reaping = [process for process in self._reaping if process.poll() is None]


def _failed(job: str, error: EngineError) -> Failed:
    return Failed(job=job, code=error.code, facts=shortened(error.facts))
