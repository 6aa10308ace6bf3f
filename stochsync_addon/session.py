"""The one timer: it polls the engine and the installer, and hands finished pictures over. Under `blender -b`, a loop.

There is one Session, made when the add-on is switched on: what runs, what waits, and what the panel says about it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..engine.protocol.errors import Busy, EngineError, InternalError, error_of
from ..engine.protocol.messages import Notice
from .client.client import EngineClient
from .client.install import EngineInstall
from .client.job_state import JobState, begin, fail, fold, phase_text
from .client.process import engine_command, engine_environment
from .kinds import apply_result
from .pending_job import PendingJob
from .ui.preferences import SOURCE, engine_python, root_folder
from .ui.words import say, translate

BUSY_INTERVAL = 0.1  # seconds between two looks while something runs
IDLE_INTERVAL = 1.0  # ... while a warm engine only has a heartbeat to tell
IDLE_STOP = 900.0  # seconds after which a warm engine that nobody uses is ended
LOOP_INTERVAL = 0.02  # seconds, under -b


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What the error box shows. `state` ended in it; `folder` is the job's, and `log` the file that tells more."""

    state: JobState
    folder: Path
    log: Path

    @property
    def error(self) -> EngineError:
        """What went wrong."""
        return error_of(self.state.code, self.state.facts)


class Session:
    """Runs jobs one after the other. Everything here returns at once, but for `wait` and for handing a result over."""

    def __init__(self) -> None:
        self.queue: deque[PendingJob] = deque()
        self.job: PendingJob | None = None  # the one that the engine works on
        self.state = JobState()
        self.problem: Problem | None = None
        self.notes: tuple[Notice, ...] = ()  # of the last results
        self.finished = ""  # what was made last
        self.installer: EngineInstall | None = None
        self._client: EngineClient | None = None
        self._client_python: Path | None = None
        self._idle_since = time.monotonic()

    @property
    def installing(self) -> bool:
        return self.installer is not None and self.installer.running

    @property
    def busy(self) -> bool:
        """Whether a job or an installation is under way."""
        return self.job is not None or self.installing

    def refuse_if_busy(self) -> None:
        if self.busy:
            raise Busy("addon_busy")

    def submit(self, jobs: Iterable[PendingJob]) -> None:
        """Start `jobs`, one after the other. EngineUnavailable when the engine cannot be started."""
        self.refuse_if_busy()
        self.queue.extend(jobs)
        self.notes, self.finished = (), ""
        self._next()
        self._watch()

    def install(self, root: Path, device: str) -> None:
        """Start the installer."""
        self.refuse_if_busy()
        self.stop_engine()
        self.installer = EngineInstall(root, device)
        self._watch()

    def cancel(self) -> None:
        """End what runs and forget what waits."""
        self.queue.clear()
        if self.installing:
            self.installer.stop()
        elif self.job is not None:
            self._client.cancel(self.job.folder.name)

    def free_memory(self) -> None:
        """Let the engine unload its model."""
        if self._client is not None:
            self._client.free_memory()

    def stop_engine(self) -> None:
        """End the engine; the next job starts a fresh one."""
        if self._client is not None:
            self._client.stop()
            self._client = None
        self.job = None
        self.queue.clear()

    def shutdown(self) -> None:
        """End everything that was started here."""
        if self.installing:
            self.installer.stop()
        self.stop_engine()

    def show(self, error: EngineError) -> None:
        """Put `error` into the panel's box; a cancelled job is no error."""
        self._show(fail(self.state, error), None)

    def _show(self, state: JobState, folder: Path | None) -> None:
        if state.status == "cancelled":
            return
        log = self._client.log_of(folder) if self._client is not None else root_folder() / "install.log"
        self.problem = Problem(state=state, folder=folder or root_folder(), log=log)

    def dismiss(self) -> None:
        self.problem = None

    def tick(self) -> float | None:
        """One look at everything; returns the seconds to the next, or None when there is nothing to look at."""
        changed = self._poll_installer()
        changed = self._poll_engine() or changed
        if changed:
            redraw_panels()
        if self.busy:
            self._idle_since = time.monotonic()
            return BUSY_INTERVAL
        if self._client is None:
            return None
        if time.monotonic() - self._idle_since > IDLE_STOP:
            self.stop_engine()
            return None
        return IDLE_INTERVAL

    def wait(self) -> None:
        """Loop until nothing runs, printing a line whenever something new is to be told. For `blender -b`."""
        said = ""
        try:
            while self.busy:
                self.tick()
                line = self.headline
                if line and line != said:
                    print(f"StochSync: {line}", flush=True)
                    said = line
                time.sleep(LOOP_INTERVAL)
        except KeyboardInterrupt:
            self.shutdown()
            raise

    @property
    def headline(self) -> str:
        """Where things stand, in one line that changes with the phase and every ten percent."""
        if self.installing:
            return f"{translate(self.installer.text)} ({self.installer.percent // 10 * 10} %)"
        if self.job is None:
            return self.finished
        return f"{self.job.label}: {phase_text(self.state, translate)} ({int(10 * self.state.fraction) * 10} %)"

    def _watch(self) -> None:
        self._idle_since = time.monotonic()
        if not bpy.app.background and not bpy.app.timers.is_registered(_tick):
            bpy.app.timers.register(_tick, first_interval=BUSY_INTERVAL, persistent=True)

    def _next(self) -> None:
        """Send the next job to the engine."""
        self.job = self.queue.popleft() if self.queue else None
        if self.job is None:
            return
        self.state = begin(self.job.folder.name)
        try:
            self._engine().run(self.job.folder)
        except EngineError:
            self.job = None
            self.queue.clear()
            raise

    def _engine(self) -> EngineClient:
        """The client of the engine that the preferences name now."""
        python = engine_python()
        if self._client is not None and self._client_python != python:
            self._client.stop()
            self._client = None
        if self._client is None:
            self._client = EngineClient(
                engine_command(python, SOURCE), logs=root_folder() / "logs", environment=engine_environment(root_folder())
            )
            self._client_python = python
        return self._client

    def _poll_installer(self) -> bool:
        if not self.installing or not self.installer.poll():
            return False
        if not self.installing and self.installer.problem is not None:
            self.show(self.installer.problem)
        elif not self.installing:
            self.finished = translate("The engine is installed.")
        return True

    def _poll_engine(self) -> bool:
        if self._client is None:
            return False
        messages = self._client.poll()
        for message in messages:
            self.state = fold(self.state, message)
            if self.job is None or self.state.active:
                continue
            if self.state.status == "done":
                self._hand_over(self.job, self.state)
            else:
                self._fail(self.state)
        return bool(messages)

    def _hand_over(self, job: PendingJob, state: JobState) -> None:
        """Put the result into the scene, then go on with the next job."""
        try:
            apply_result(bpy.context, job, Path(state.result))
            self.notes += state.notices
            self.finished = say("{job} is done.", job=job.label)
            self._next()
        except EngineError as error:
            self._fail(fail(state, error))
        except Exception as error:  # a defect of ours must not leave the panel busy for ever
            self._fail(fail(state, InternalError("result_not_applied", reason=str(error))))
            raise

    def _fail(self, state: JobState) -> None:
        """End with what `state` says; what waits is forgotten, since it was asked for together with it."""
        folder = self.job.folder if self.job is not None else None
        self.state, self.job = state, None
        self.queue.clear()
        self._show(state, folder)


_session: Session | None = None


def current() -> Session:
    """The session, made by `register`: Blender's classes have no other way to find it."""
    if _session is None:
        raise RuntimeError("The StochSync add-on is not switched on.")
    return _session


def _tick() -> float | None:
    return current().tick()


@bpy.app.handlers.persistent
def _on_load(*_: object) -> None:
    """Another file is about to open: what runs was asked for in this one."""
    current().cancel()
    current().dismiss()


def redraw_panels() -> None:
    """Let the sidebars show the news; nothing else of the interface is redrawn."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()


def register() -> None:
    """Make the session."""
    global _session
    _session = Session()
    bpy.app.handlers.load_pre.append(_on_load)


def unregister() -> None:
    """End everything, and take the timer away: Blender 4.2 crashes at exit over one that is left."""
    global _session
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    bpy.app.handlers.load_pre.remove(_on_load)
    current().shutdown()
    _session = None
