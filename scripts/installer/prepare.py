"""Prepares environments under one root: looks, tells or does; and tests what is there."""
from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import machine, plan, pythons
from .console import Console, Failure, megabytes
from .environment import python_of, version_of
from .state import ENGINE, InstallLock, Layout, State, existing_parent, writable
from .work import Worker


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to set up: the engine with its extra lock files, and which Blenders as Python modules."""

    extras: tuple[str, ...] = ()
    blenders: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Prepares environments under one root with one set of options."""

    options: argparse.Namespace
    layout: Layout
    console: Console

    def prepare(self, request: Request) -> dict[str, Path]:
        """Set up what is asked for; environment name -> its interpreter. With --dry-run only tell. Raises Failure."""
        if not writable(self.layout.root):
            raise Failure(
                f"{self.layout.root} may not be written.", "Choose a folder of your own with --root.", kind="permission"
            )
        build = machine.choose_build(self.options.device, machine.look())
        engine_python = self._engine_python()
        used = {ENGINE: engine_python}
        for version in request.blenders:
            python = blender_python(version)
            if python:
                used[f"blender-{version}"] = python
        self.console.note(f"Folder: {self.layout.root}")
        self.console.note(f"Python: {engine_python.label} at {engine_python.path}")
        self.console.note(f"torch {machine.TORCH}, {build.kind} build. {build.reason}")
        if self.options.dry_run:
            self._tell(self._steps(request, used, build))
        else:
            self._do(request, used, build)
        return {name: python_of(self.layout.environment(name)) for name in used}

    @property
    def _locks(self) -> plan.Locks:
        wheels = Path(os.path.abspath(self.options.offline)) if self.options.offline else None
        return plan.Locks(folder=self.options.locks, wheels=wheels)

    def _engine_python(self) -> pythons.Python:
        """An environment that works is kept whatever its Python, unless another one is asked for."""
        version = version_of(self.layout.engine)
        if version in pythons.SUPPORTED and not self.options.python:
            there = pythons.probe(str(python_of(self.layout.engine)))
            if there is not None:
                return there
        return pythons.choose_engine_python(self.options.python)

    def _steps(self, request: Request, used: dict[str, pythons.Python], build: machine.Build) -> list[plan.Step]:
        lock_files = self._locks
        state = State(self.layout)
        steps = plan.plan_engine(
            self.layout.root, env=ENGINE, python=used[ENGINE], build=build, locks=lock_files, extras=request.extras,
            torch_build=state.facts.get("torch_build"),
        )  # fmt: skip
        for name in used:
            if name != ENGINE:
                version = name.removeprefix("blender-")
                steps += plan.plan_blender(
                    self.layout.root, env=name, version=version, python=used[name], locks=lock_files
                )
        return steps

    def _tell(self, steps: list[plan.Step]) -> None:
        download = disk = 0.0
        for step in steps:
            if step.needed:
                sizes = f"download {megabytes(step.download)}, on disk {megabytes(step.disk)}"
                download, disk = download + step.download, disk + step.disk
            else:
                sizes = "there already"
            self.console.note(f"  {step.env:<12} {step.title:<40} {sizes}")
        free = shutil.disk_usage(existing_parent(self.layout.root)).free / 1e6
        self.console.note(
            f"In all: download {megabytes(download)}, on disk {megabytes(disk)}; free there: {megabytes(free)}."
            " Nothing was changed."
        )

    def _do(self, request: Request, used: dict[str, pythons.Python], build: machine.Build) -> None:
        self.layout.root.mkdir(parents=True, exist_ok=True)
        with InstallLock(self.layout.lock):
            state = State(self.layout)
            worker = Worker(layout=self.layout, state=state, locks=self._locks, console=self.console)
            if state.begun:
                self.console.note(f"The last installation was cut off in {state.begun}; it goes on from there.")
            for name in used:
                worker.mend(name)
            steps = self._steps(request, used, build)
            worker.check_disk(steps)
            worker.carry_out(steps, pythons=used, build=build)
            engine = python_of(self.layout.engine)
            for name in ("cache", "logs", "models"):
                self.layout.environment(name).mkdir(exist_ok=True)
                if name not in state.made:
                    state.made.append(name)
            state.finish(engine_python=str(engine), device=build.kind)
            self.console.progress(1.0, "everything is installed")


def blender_python(version: str) -> pythons.Python | None:
    """The interpreter that Blender `version`'s wheel needs; None when this machine has none."""
    found = pythons.find((plan.BLENDERS[version],))
    return found[0] if found else None


def check(layout: Layout, console: Console, lock_folder: Path) -> int:
    """The self-test, in the engine's own Python: one line per finding; 0 when all is well."""
    engine = python_of(layout.engine)
    if version_of(layout.engine) is None:
        raise Failure(
            f"There is no working engine environment at {layout.engine}.",
            "Install it first: the same command without --check.",
            kind="not-installed",
        )
    console.note("Self-test:")
    command = [str(engine), "-I", "-X", "utf8", str(Path(__file__).with_name("selftest.py")), str(lock_folder / "engine.txt")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, encoding="utf-8",
        errors="replace", env=environment(layout),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            console.note("  " + line.rstrip())
    if process.returncode != 0:
        raise Failure(
            "The self-test found what is marked FAIL above.",
            "Run the same command without --check: it mends what it can; else remove it with --uninstall and install again.",
            kind="self-test",
        )
    return 0


def environment(layout: Layout) -> dict[str, str]:
    """For children of the installer: every cache under the one root, so that no other folder grows."""
    return {
        **pythons.clean_environment(),
        "STOCHSYNC_ROOT": str(layout.root),
        "STOCHSYNC_ENGINE_PYTHON": str(python_of(layout.engine)),
        "HF_HOME": str(layout.models),
        "TORCH_HOME": str(layout.cache / "torch"),
        "XDG_CACHE_HOME": str(layout.cache),
    }
