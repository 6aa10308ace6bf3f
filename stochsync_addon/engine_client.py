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

from ..engine.protocol import PROTOCOL_VERSION
from ..engine.protocol.errors import Busy, Cancelled, EngineDied, EngineError, EngineUnavailable, ProtocolError
from ..engine.protocol.files import sweep
from ..engine.protocol.messages import (
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
from ..engine.protocol.wire import KEY_BYTES
from ..engine.protocol.wording import shortened
from .engine_link import MOST_MESSAGES, Link
from .engine_process import exit_reason, last_line, spawn, wait_for

LONGEST_GAP = 1.0  # seconds that one pause between two polls counts at most

@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds after which the engine is given up, counted only while somebody polls."""

    hello: float = 30.0  # from start to hello
    loading: float = 180.0  # of silence while torch loads, which can hold every thread up on a slow disk
    silence: float = 30.0  # of silence later on; it sends a heartbeat every second
    grace: float = 5.0  # from cancel to the end of the cancelled job
    exit: float = 2.0  # from a closed connection to the end of the process

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"Patience.{name} = {value!r}: it must be above 0.")


class EngineClient:
    """One engine process, started when it is needed.

    `state` is "stopped", "starting", "ready", "busy" or "dead" (then `error` says why; `run` starts a fresh one).
    `poll` tells what happened, failures included, and never raises; `start`, `run` and `restart` raise EngineUnavailable.
    """

    def __init__(self, command: Sequence[str], *, logs: Path, environment: Mapping[str, str] | None = None,
                 patience: Patience | None = None) -> None:
        """`command` as of `engine_command`; `logs` is a writable folder for what the engine prints outside jobs;
        `environment` holds variables for the engine, as of `engine_environment`."""
        self._command, self._environment = tuple(command), dict(environment or {})
        self._patience = Patience() if patience is None else patience
        self.log = logs / f"engine-{os.getpid()}.log"
        self.error: EngineError | None = None
        self._process: subprocess.Popen | None = None
        self._link: Link | None = None
        self._reaping: list[subprocess.Popen] = []
        self._job: str | None = None  # the job that somebody waits for
        self._waiting: RunJob | None = None  # the same, while the engine cannot take it yet
        self._sent: RunJob | None = None  # the job that the engine has in hand, cancelled or not
        self._events: list[Message] = []  # to be handed out by the next poll
        self._now = self._last_poll = time.monotonic()
        self._heard = self._deadline = self._eof_at = 0.0
        self._greeted = self._loaded = False
        self._writer = 0  # process id behind temporary files; on Windows not that of the child, which only launches Python

    @property
    def state(self) -> str:
        if self._process is None:
            return "stopped" if self.error is None else "dead"
        if not self._greeted:
            return "starting"
        return "ready" if self._job is None else "busy"

    @property
    def pid(self) -> int | None:
        """The process id of the engine, while there is one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the engine unless it runs; returns at once. EngineUnavailable when it cannot even be started."""
        if self._process is not None and self._process.poll() is None:
            return
        self._drop()
        self.error = None
        key = secrets.token_bytes(KEY_BYTES)
        try:
            self._link = Link(key)
            self._process = spawn((*self._command, "--address", self._link.address), self.log, key, self._environment)
        except OSError as error:
            self._drop()
            self.error = EngineUnavailable("engine_not_started", reason=str(error))
            raise self.error from error
        self._greeted = self._loaded = False
        self._tick()
        self._heard, self._eof_at = self._now, 0.0

    def run(self, folder: Path) -> str:
        """Order the job in `folder`; its messages carry the name returned. Starts the engine if need be.

        Busy while another job runs. A job that was cancelled but has not ended yet is no hindrance.
        """
        if self._job is not None:
            raise Busy("engine_busy")
        self.start()
        folder = Path(folder).absolute()
        self._job, self._waiting = folder.name, RunJob(path=str(folder))
        self._dispatch()
        return folder.name

    def cancel(self, job: str) -> None:
        """End job `job`: the next poll says so, whatever the engine is doing. Any other job is untouched."""
        if job != self._job:
            return
        self._job = None
        if self._waiting is not None:
            self._waiting = None
        else:
            self._write(Cancel(job=job))
            self._deadline = self._now + self._patience.grace
        self._events.append(_failed(job, Cancelled("cancelled")))

    def free_memory(self) -> None:
        """Let the engine unload its models, when it has ended its job."""
        if self._greeted:
            self._write(FreeMemory())

    def poll(self) -> list[Message]:
        """What happened since the last call, at most MOST_MESSAGES; a failure of the engine itself is a Failed too."""
        self._tick()
        self._reap()
        if self._process is not None:
            try:
                self._receive()
                self._check_health()
            except EngineError as error:
                self._give_up(error)
        events, self._events = self._events[:MOST_MESSAGES], self._events[MOST_MESSAGES:]
        return events

    def stop(self, wait: float = 1.0) -> None:
        """End the engine: asked first, then killed; back within `wait` seconds or so, and no zombie is left behind."""
        process = self._process
        if process is not None:
            if self._greeted:
                self._write(Quit())
            process.stdin.close()
            wait_for([process], wait / 2)
        self._drop()
        self._reaping = wait_for(self._reaping, wait / 2)
        self.error, self._job, self._waiting = None, None, None
        self._events.clear()

    def restart(self) -> None:
        """Kill the engine and start a fresh one, at once; a job in hand is reported as cancelled."""
        if self._job is not None:
            self._events.append(_failed(self._job, Cancelled("cancelled")))
        self._job = self._waiting = None
        self._drop()
        self.start()

    def log_of(self, folder: Path | None = None) -> Path:
        """The log that tells about the job in `folder`, or about the engine itself."""
        return self.log if folder is None or not (folder / "log.txt").is_file() else folder / "log.txt"

    def _tick(self) -> None:
        """Let the clock of all deadlines run, but hardly while nobody polled: a blocked Blender is not a silent engine."""
        now = time.monotonic()
        self._now += min(now - self._last_poll, LONGEST_GAP)
        self._last_poll = now

    def _receive(self) -> None:
        for payload in self._link.receive():
            self._heard = self._now
            message = decode(payload)
            if not self._greeted:
                self._greet(message)
            elif isinstance(message, Heartbeat):
                pass
            elif isinstance(message, Failed) and message.job == "":
                self._events.append(message)
            elif isinstance(message, Progress | Preview | Result | Failed):
                self._follow(message)
            else:
                raise ProtocolError("message_not_from_engine", type=type(message).__name__)
        self._dispatch()

    def _greet(self, message: Message) -> None:
        if not isinstance(message, Hello):
            raise ProtocolError("no_hello")
        if message.protocol != PROTOCOL_VERSION:
            raise ProtocolError("version_mismatch", engine=message.protocol, addon=PROTOCOL_VERSION)
        self._greeted, self._writer = True, message.pid

    def _follow(self, message: Message) -> None:
        """Hand out what concerns the job that somebody waits for; a cancelled one only ends."""
        if self._sent is None or message.job != self._sent.job:
            return
        self._loaded = self._loaded or not (isinstance(message, Progress) and message.phase is Phase.STARTING)
        wanted = self._waiting is None and self._job == self._sent.job
        if isinstance(message, Result | Failed):
            self._sent = None
            if wanted:
                self._job = None
        if wanted:
            self._events.append(message)

    def _dispatch(self) -> None:
        """Send the waiting job as soon as the engine is free for it."""
        if self._waiting is not None and self._greeted and self._sent is None:
            self._sent, self._waiting = self._waiting, None
            self._write(self._sent)

    def _write(self, message: Message) -> None:
        self._link.send(encode(message))

    def _check_health(self) -> None:
        """Raise what is wrong with the engine; end one that ignores a cancel."""
        code = self._process.poll()
        if code is not None and self._link.drained:
            raise self._end_of_engine(exit_reason(code))
        if self._link.closed:
            self._eof_at = self._eof_at or self._now + self._patience.exit
            if self._now > self._eof_at:
                raise self._end_of_engine("")
            return
        silent = self._now - self._heard
        if not self._greeted:
            if silent > self._patience.hello:
                raise EngineUnavailable("engine_no_answer", seconds=self._patience.hello, log=str(self.log))
        elif silent > (self._patience.silence if self._loaded or self._sent is None else self._patience.loading):
            raise EngineDied("engine_silent", seconds=silent, log=self._log_of_sent())
        if self._sent is not None and self._is_cancelled() and self._now > self._deadline:
            self._replace()

    def _is_cancelled(self) -> bool:
        return self._job is None or self._waiting is not None

    def _replace(self) -> None:
        """Kill an engine that goes on with a cancelled job; the next job gets a fresh one."""
        self._drop()
        if self._waiting is not None:
            self.start()

    def _end_of_engine(self, how: str) -> EngineError:
        """The error that tells how the engine's process ended (as of `exit_reason`); how "": only its connection did."""
        if not self._greeted:
            words, log = last_line(self.log), str(self.log)
            how = how or "EOF"
            if how == "SIGKILL":
                return EngineUnavailable("engine_killed_early", log=log)
            if words:
                return EngineUnavailable("engine_ended_early_saying", how=how, last_line=words, log=log)
            return EngineUnavailable("engine_ended_early", how=how, log=log)
        if not how:
            return EngineDied("engine_disconnected", log=self._log_of_sent())
        if how == "SIGKILL":
            return EngineDied("engine_killed", log=self._log_of_sent())
        return EngineDied("engine_crashed", how=how, log=self._log_of_sent())

    def _log_of_sent(self) -> str:
        """The log that tells about the job that the engine has in hand."""
        return str(self.log_of(None if self._sent is None else Path(self._sent.path)))

    def _give_up(self, error: EngineError) -> None:
        """Drop the engine and report `error`; a job that only waited for a cancelled one to end gets a fresh engine."""
        in_line, job = self._sent is not None and self._waiting is not None, self._job
        self._drop()
        if in_line:
            try:
                self.start()
                return
            except EngineUnavailable as unavailable:
                error = unavailable
        self.error, self._job, self._waiting = error, None, None
        self._events.append(_failed(job or "", error))

    def _drop(self) -> None:
        """Let go of process and connection, killing what still runs. Waits for nothing."""
        if self._link is not None:
            self._link.close()
            self._link = None
        process, self._process, self._greeted = self._process, None, False
        if process is not None:
            process.stdin.close()
            if process.poll() is None:
                process.kill()
                self._reaping.append(process)
            if self._sent is not None:
                sweep(Path(self._sent.path), self._writer)
        self._sent = None

    def _reap(self) -> None:
        self._reaping = [process for process in self._reaping if process.poll() is None]


def _failed(job: str, error: EngineError) -> Failed:
    return Failed(job=job, code=error.code, facts=shortened(error.facts))
