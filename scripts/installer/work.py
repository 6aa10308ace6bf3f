"""Carries a plan out: each step noted before it begins, so that a killed run is seen and mended by the next."""
from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .console import Console, Failure, megabytes
from .environment import create, installed, mend, refuse_foreign
from .failures import explain_os_error
from .locks import Pin, read_lock
from .machine import Attempt, Build
from .pip_run import install, uninstall
from .plan import Locks, Step
from .pythons import Python
from .state import Layout, State, existing_parent

SPARE = 300.0  # MB that must stay free


@dataclass(kw_only=True)
class Worker:
    """The hands of one installation."""

    layout: Layout
    state: State
    locks: Locks
    console: Console

    @property
    def wheels(self) -> Path | None:
        """The --offline folder."""
        return self.locks.wheels

    def check_disk(self, steps: Sequence[Step]) -> None:
        """Raises Failure when the disk under the root cannot hold what is to come."""
        need = sum(step.disk + (0 if self.wheels else step.download) for step in steps if step.needed)
        free = shutil.disk_usage(existing_parent(self.layout.root)).free / 1e6
        if need and free < need + SPARE:
            raise Failure(
                f"{megabytes(need + SPARE)} are needed at {self.layout.root}, and {megabytes(free)} are free there.",
                "Free some space, or choose a folder on another disk with --root.",
                kind="disk",
            )

    def mend(self, env: str) -> None:
        """Take out what a killed run left half-made in an environment."""
        refuse_foreign(self.layout.environment(env))
        for name in mend(self.layout.environment(env)):
            self.console.note(f"{name} in {env} is incomplete and will be installed again.")

    def carry_out(self, steps: Sequence[Step], *, pythons: dict[str, Python], build: Build | None) -> None:
        """Do every needed step in order. Raises Failure; what was finished before stays."""
        todo = [step for step in steps if step.needed]
        total = sum(step.weight for step in todo)
        before = 0.0
        for step in todo:
            start, share = before / total, step.weight / total

            def report(fraction: float, text: str, start: float = start, share: float = share, step: Step = step) -> None:
                self.console.progress(start + share * fraction, f"{step.env}: {text}")

            report(0.0, step.title)
            self.state.begin(step.key, makes=step.env)
            try:
                self._do(step, python=pythons[step.env], build=build, report=report)
            except OSError as error:
                raise explain_os_error(error) from error
            self.state.finish(**self._facts(step, build))
            before += step.weight

    def _facts(self, step: Step, build: Build | None) -> dict[str, str]:
        return {"torch_build": build.kind} if step.what == "torch" and build else {}

    def _do(self, step: Step, *, python: Python, build: Build | None, report: Callable[[float, str], None]) -> None:
        if step.what == "venv":
            create(self.layout.environment(step.env), python, wheels=self.wheels)
        elif step.what == "torch":
            assert build is not None
            self._torch(step, build, report)
        else:
            assert step.lock is not None
            self._install(step, ["--no-deps", "-r", str(step.lock)], report)

    def _torch(self, step: Step, build: Build, report: Callable[[float, str], None]) -> None:
        env = self.layout.environment(step.env)
        stale = [name for name in installed(env) if name in ("torch", "triton") or name.startswith(("nvidia-", "cuda-"))]
        if stale:
            uninstall(env, stale, cache=self.layout.cache, log=self.layout.logs / "pip.log")
        ways = list(dict.fromkeys(tuple(self._torch_arguments(attempt)) for attempt in build.attempts))
        for number, way in enumerate(ways, start=1):
            try:
                return self._install(step, list(way), report)
            except Failure as failure:
                if number == len(ways) or failure.kind not in ("no-match", "network", "refused", "certificate", "proxy"):
                    raise
                self.console.note(f"{failure.cause} Trying the next source of torch ({number + 1} of {len(ways)}).")

    def _torch_arguments(self, attempt: Attempt) -> list[str]:
        if attempt.lock:
            return ["--no-deps", "-r", str(self.locks.path(attempt.lock))]
        assert attempt.requirement is not None
        arguments = [attempt.requirement]
        if attempt.index and self.wheels is None:
            arguments += ["--index-url", attempt.index]
        if attempt.with_dependencies:  # what this build needs beside the lock is pinned by torch itself
            return [*arguments, "-c", str(self.locks.path("engine.txt"))]
        return [*arguments, "--no-deps"]

    def _install(self, step: Step, arguments: list[str], report: Callable[[float, str], None]) -> None:
        pins = step.pins or tuple(read_lock(self.locks.path("torch-cpu.txt")))
        try:
            self._pip(step, arguments, pins, report)
        except Failure as failure:
            if failure.kind != "corrupt" or self.wheels:
                raise
            self.console.note("A damaged download was found: the download cache is emptied and the step done again.")
            shutil.rmtree(self.layout.cache / "pip", ignore_errors=True)
            self._pip(step, arguments, pins, report)

    def _pip(self, step: Step, arguments: list[str], pins: tuple[Pin, ...], report: Callable[[float, str], None]) -> None:
        install(
            self.layout.environment(step.env),
            arguments,
            pins=pins,
            cache=self.layout.cache,
            wheels=self.wheels,
            log=self.layout.logs / "pip.log",
            report=report,
        )
