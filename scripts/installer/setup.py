"""Sets up environments under one root: what has to be done, with sizes; then doing it, so that a killed run can go on."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import machine, watched
from .console import Console, Failure, megabytes
from .environment import clear, for_children, installed, interpreter, mend, python_of, refuse_foreign, site_packages, torch_kind
from .failures import explain_os_error
from .locks import Pin, missing, read_lock
from .pythons import SUPPORTED, Python, choose_engine_python
from .state import ENGINE, InstallLock, Layout, State, existing_parent, writable
from .uv import Progress, Uv

SPARE = 300.0  # MB that must stay free
BYTECODE = Pin(name="bytecode", version="", download=0.0, disk=130.0)  # what compiling the engine's packages makes


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of an installation; `needed` is false when it is done already. Sizes in MB."""

    env: str  # the environment, or "uv"
    what: str  # uv, venv, torch, bytecode, or the name of a lock
    title: str
    needed: bool
    pins: tuple[Pin, ...] = ()  # what will be installed

    @property
    def key(self) -> str:
        return f"{self.env}/{self.what}"

    @property
    def download(self) -> float:
        return sum(pin.download for pin in self.pins) if self.needed else 0.0

    @property
    def disk(self) -> float:
        return sum(pin.disk for pin in self.pins) if self.needed else 0.0

    @property
    def weight(self) -> float:
        """Its share of the whole time, in MB-like units: a download costs more than the unpacking."""
        return 5.0 + self.download + 0.2 * self.disk


class Setup:
    """Sets up environments under one root with one set of options."""

    def __init__(self, options: argparse.Namespace, layout: Layout, console: Console) -> None:
        self.options, self.layout, self.console = options, layout, console
        wheels = Path(os.path.abspath(options.offline)) if options.offline else None
        self._uv = Uv(layout, options.locks / "uv.txt", wheels)

    def prepare(self, extras: Sequence[str] = (), others: Mapping[str, Python] | None = None) -> dict[str, Path]:
        """Set up the engine with these locks beside its own, and other environments (name -> its Python; its lock is NAME.txt).

        Returns name -> interpreter of each environment. With --dry-run only tell. Raises Failure.
        """
        if not writable(self.layout.root):
            cause = f"{self.layout.root} may not be written."
            raise Failure(cause, "Choose a folder of your own with --root.", kind="permission")
        build = machine.choose_build(self.options.device, machine.look())
        pythons = {ENGINE: self._engine_python(), **(others or {})}
        locks = {name: ["engine", *extras] if name == ENGINE else [name] for name in pythons}
        self.console.note(f"Folder: {self.layout.root}")
        self.console.note(f"Python: {pythons[ENGINE].label} at {pythons[ENGINE].path}")
        self.console.note(f"torch {machine.TORCH}, {build.kind} build. {build.reason}")
        if self.options.dry_run:
            self._tell(self._steps(pythons, locks, build, State(self.layout)))
        else:
            self.layout.root.mkdir(parents=True, exist_ok=True)
            with InstallLock(self.layout.lock):
                self._do(pythons, locks, build, State(self.layout))
        return {name: python_of(self.layout.environment(name)) for name in pythons}

    def _engine_python(self) -> Python:
        """An environment that works is kept whatever its Python, unless another one is asked for."""
        there = None if self.options.python else interpreter(self.layout.engine)
        return there if there and there.version in SUPPORTED else choose_engine_python(self.options.python)

    def _steps(
        self, pythons: Mapping[str, Python], locks: Mapping[str, list[str]], build: machine.Build, state: State
    ) -> list[Step]:
        steps: list[Step] = []
        for name, python in pythons.items():
            env = self.layout.environment(name)
            present = interpreter(env)
            works = present is not None and present.version == python.version
            there = installed(env) if works else {}
            title = f"virtual environment with {python.label}"
            own = [Step(env=name, what="venv", title=title, needed=not works)]
            if name == ENGINE:
                kind = "cpu" if build.kind == "mps" else build.kind  # one build serves both
                fits = not missing([build.pin], there) and torch_kind(env) == kind
                title = f"torch {machine.TORCH} ({build.kind} build)"
                own.append(Step(env=name, what="torch", title=title, needed=not fits, pins=(build.pin,)))
            for lock in locks[name]:
                absent = tuple(missing(read_lock(self.options.locks / f"{lock}.txt"), there))
                own.append(Step(env=name, what=lock, title=f"{lock} packages", needed=bool(absent), pins=absent))
            if name == ENGINE:  # the engine writes none itself, and would compile all of its libraries at every start
                begun = any(step.needed for step in own) or (state.begun or "").startswith(f"{name}/")
                own.append(Step(env=name, what="bytecode", title="compiled Python files", needed=begun, pins=(BYTECODE,)))
            steps += own
        fetch = not self._uv.there and any(step.needed for step in steps)
        pin = self._uv.pin
        return [Step(env="uv", what="uv", title=f"{pin.name} {pin.version}", needed=fetch, pins=(pin,)), *steps]

    def _tell(self, steps: Iterable[Step]) -> None:
        for step in steps:
            sizes = f"download {megabytes(step.download)}, on disk {megabytes(step.disk)}" if step.needed else "there already"
            self.console.note(f"  {step.env:<12} {step.title:<40} {sizes}")
        download, disk = (megabytes(sum(getattr(step, key) for step in steps)) for key in ("download", "disk"))
        free = megabytes(self._free())
        self.console.note(f"In all: download {download}, on disk {disk}; free there: {free}. Nothing was changed.")

    def _free(self) -> float:
        return shutil.disk_usage(existing_parent(self.layout.root)).free / 1e6

    def _do(self, pythons: Mapping[str, Python], locks: Mapping[str, list[str]], build: machine.Build, state: State) -> None:
        if state.begun:
            self.console.note(f"The last installation was cut off in {state.begun}; it goes on from there.")
        for name in pythons:
            self._mend(name)
        todo = [step for step in self._steps(pythons, locks, build, state) if step.needed]
        need = sum(step.disk for step in todo) + SPARE
        if todo and self._free() < need:
            cause = f"{megabytes(need)} are needed at {self.layout.root}, and {megabytes(self._free())} are free there."
            raise Failure(cause, "Free some space, or choose a folder on another disk with --root.", kind="disk")
        self.layout.models.mkdir(exist_ok=True)
        state.made += [name for name in ("models", "cache", "logs") if name not in state.made]
        total, before = sum(step.weight for step in todo), 0.0
        for step in todo:

            def report(fraction: float, text: str, start: float = before, step: Step = step) -> None:
                self.console.progress((start + step.weight * fraction) / total, f"{step.env}: {text}")

            report(0.0, step.title)
            state.begin(step.key, makes="cache" if step.env == "uv" else step.env)
            try:
                self._do_step(step, pythons, build, report)
            except OSError as error:
                raise explain_os_error(error) from error
            before += step.weight
        state.finish(engine_python=str(python_of(self.layout.engine)), device=build.kind, torch_build=build.kind)
        self.console.progress(1.0, "everything is installed")

    def _mend(self, name: str) -> None:
        refuse_foreign(self.layout.environment(name))
        broken = mend(self.layout.environment(name))
        for package in broken:
            self.console.note(f"{package} in {name} is incomplete and will be installed again.")
        if broken and self._uv.there:
            self._uv.forget(broken)

    def _do_step(self, step: Step, pythons: Mapping[str, Python], build: machine.Build, report: Progress) -> None:
        env = self.layout.environment(step.env)
        if step.what == "uv":
            self._uv.fetch()
        elif step.what == "venv":
            clear(env)
            self._uv.venv(env, pythons[step.env].path)
        elif step.what == "torch":
            self._torch(env, step, build, report)
        elif step.what == "bytecode":
            self._compile(env)
        else:
            lock = str(self.options.locks / f"{step.what}.txt")
            self._install(env, ["--no-deps", "--require-hashes", "-r", lock], step.pins, report)

    def _torch(self, env: Path, step: Step, build: machine.Build, report: Progress) -> None:
        """Try the sources in turn; first take a torch of another build away with its libraries."""
        stale = [name for name in installed(env) if name in ("torch", "triton") or name.startswith(("nvidia-", "cuda-"))]
        if stale:
            self._uv.uninstall(env, stale)
        sources = [source for source in build.sources if source != "pytorch" or not self.options.offline]
        for number, source in enumerate(sources, start=1):
            try:
                return self._install(env, build.arguments(source, self.options.locks / "torch-pypi.txt"), step.pins, report)
            except Failure as failure:
                if number == len(sources) or failure.kind not in ("no-match", "network", "refused", "certificate", "proxy"):
                    raise
                self.console.note(f"{failure.cause} Trying the next source of torch ({number + 1} of {len(sources)}).")

    def _install(self, env: Path, arguments: list[str], pins: Sequence[Pin], report: Progress) -> None:
        try:
            self._uv.install(env, arguments, pins=pins, report=report)
        except Failure as failure:
            if failure.kind != "corrupt" or self.options.offline:
                raise
            self.console.note("A damaged download was found: the download cache is emptied and the step done again.")
            self._uv.forget(())
            self._uv.install(env, arguments, pins=pins, report=report)

    def _compile(self, env: Path) -> None:
        folder = str(site_packages(env))
        command = [str(python_of(env)), "-I", "-m", "compileall", "-q", "-j", "0", "-x", r"[/\\]tests?[/\\]", folder]
        # a package may hold a file that no Python compiles (a template): its exit code says nothing of the installation
        watched.run(command, settings=for_children(self.layout), log=self.layout.logs / "compile.log", tick=lambda: None)


def check(layout: Layout, console: Console, lock: Path) -> int:
    """The self-test, in the engine's own Python: one line per finding; 0 when all is well. Raises Failure."""
    if interpreter(layout.engine) is None:
        cause = f"There is no working engine environment at {layout.engine}."
        raise Failure(cause, "Install it first: the same command without --check.", kind="not-installed")
    console.note("Self-test:")
    there = installed(layout.engine)
    wrong = [f"{pin.name} {there.get(pin.name, 'none')} instead of {pin.version}" for pin in missing(read_lock(lock), there)]
    console.note(f"  FAIL  locked versions: {'; '.join(wrong)}" if wrong else "  ok    locked versions")
    command = [str(python_of(layout.engine)), "-I", "-X", "utf8", str(Path(__file__).with_name("selftest.py"))]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        env=for_children(layout),
    ) as process:
        for line in process.stdout or ():
            console.note("  " + line.rstrip())
    if process.returncode != 0 or wrong:
        remedy = "Run the same command without --check: it mends what it can; else --uninstall and install again."
        raise Failure("The self-test found what is marked FAIL above.", remedy, kind="self-test")
    return 0
