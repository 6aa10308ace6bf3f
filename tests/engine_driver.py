"""Drives an EngineClient as the add-on's timer does, with a watch on how long each call holds the main thread."""

from __future__ import annotations

import time
from pathlib import Path

from stochsync.engine.protocol.messages import Failed, Result
from stochsync.stochsync_addon.client.client import EngineClient

MAIN_THREAD = 0.05  # seconds that a call may take on Blender's main thread (the bound)
WAITED = 0.5  # seconds on the wall after which a call must have waited for the engine: less can be a busy machine's doing


def queued() -> float:
    """Seconds that this thread has waited for a processor: other programs' doing, not the client's. 0 where not told."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


class Driver:
    """Polls a client as the add-on's timer does, and keeps the longest that one call computed and took (seconds)."""

    def __init__(self, client: EngineClient) -> None:
        self.client = client
        self.messages: list = []
        self.computed = self.took = 0.0

    def call(self, function, *args):
        start, cpu = time.perf_counter() - queued(), time.thread_time()
        result = function(*args)
        self.computed = max(self.computed, time.thread_time() - cpu)
        self.took = max(self.took, time.perf_counter() - queued() - start)
        return result

    def never_held_the_thread(self) -> bool:
        """Whether each call was short. On a stopped engine a call that waits would do so until that is killed."""
        return self.computed < MAIN_THREAD and self.took < WAITED

    def poll(self) -> list:
        fresh = self.call(self.client.poll)
        self.messages += fresh
        return fresh

    def until(self, condition, seconds: float = 20.0) -> None:
        """Poll until `condition()`; the test fails when that takes longer than `seconds`."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"nothing came of it within {seconds} s: {self.messages[-3:]}, {self.client.state}"
            self.poll()
            time.sleep(0.01)

    def end_of(self, job: str, seconds: float = 20.0) -> Result | Failed:
        """The message with which `job` ends."""

        def ends() -> list:
            return [m for m in self.messages if isinstance(m, Result | Failed) and m.job == job]

        self.until(ends, seconds)
        return ends()[0]
