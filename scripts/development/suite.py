"""--test: the whole suite, each part in the environment it needs, each in a process of its own under a time limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as xml
from dataclasses import dataclass
from pathlib import Path

from installer.console import Console
from installer.environment import for_children
from installer.pythons import dotted
from installer.setup import Setup
from installer.state import ENGINE, Layout

from .blenders import BLENDERS, blender_python

TIME_LIMIT = {"engine": 3600.0, "blender": 1500.0}  # seconds
NO_TESTS = 5  # pytest's exit code when nothing was selected


@dataclass(frozen=True, kw_only=True)
class Part:
    """One pytest process: its name, interpreter, arguments and time limit in seconds."""

    name: str
    python: Path
    arguments: tuple[str, ...]
    limit: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    passed: int = 0
    failed: int = 0  # errors included
    skipped: int = 0
    problem: str | None = None  # why the part as a whole is not sound, beside its failed tests


def run(setup: Setup, checkout: Path, further: list[str]) -> int:
    """Set up, run every part, sum up. 0 when every part is sound and at least one test passed."""
    found = {version: blender_python(version) for version in BLENDERS}
    left_out = [version for version, python in found.items() if python is None]
    for version in left_out:
        setup.console.note(_left_out(version))
    blenders = {f"blender-{version}": python for version, python in found.items() if python is not None}
    pythons = setup.prepare(["test"], blenders)
    if setup.options.dry_run:
        return 0
    setup.layout.logs.mkdir(parents=True, exist_ok=True)
    outcomes = {}
    for part in parts(pythons, checkout, further):
        setup.console.note(f"\n===== {part.name} =====")
        outcomes[part.name] = _run_part(part, checkout, setup.layout, selective=bool(further))
    return _sum_up(outcomes, left_out, setup.console)


def parts(pythons: dict[str, Path], checkout: Path, further: list[str]) -> list[Part]:
    """What to run. Paths among the further arguments choose the parts that hold them; without one, all run."""
    named = [argument for argument in further if (checkout / argument.partition("::")[0]).exists()]
    rest = tuple(argument for argument in further if argument not in named)
    in_blender = [path for path in named if Path(path).parts[:2] == ("tests", "blender")]
    elsewhere = [path for path in named if path not in in_blender]
    found = []
    if elsewhere or not named:
        paths = tuple(elsewhere) or ("tests", "training/tests", "--ignore=tests/blender", "--ignore=tests/gui")
        found.append(Part(name="engine", python=pythons[ENGINE], arguments=(*paths, *rest), limit=TIME_LIMIT["engine"]))
    if (in_blender or not named) and (checkout / "tests" / "blender").is_dir():
        paths = tuple(in_blender) or ("tests/blender",)
        for env, python in pythons.items():
            if env.startswith("blender-"):
                name = env.replace("-", " ").title()
                found.append(Part(name=name, python=python, arguments=(*paths, *rest), limit=TIME_LIMIT["blender"]))
    return found


def _run_part(part: Part, checkout: Path, layout: Layout, *, selective: bool) -> Outcome:
    report = layout.logs / f"junit-{part.name.lower().replace(' ', '-')}.xml"
    report.unlink(missing_ok=True)
    command = [str(part.python), "-m", "pytest", "-p", "no:cacheprovider", f"--junitxml={report}", *part.arguments]
    # a session of its own: what the tests leave running is ended with it
    process = subprocess.Popen(
        command, cwd=checkout, env=for_children(layout), stdin=subprocess.DEVNULL, start_new_session=sys.platform != "win32"
    )
    try:
        code: int | None = process.wait(timeout=part.limit)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        _end(process)
    outcome = read_report(report)
    if code is None:
        return _with(outcome, f"ran past its limit of {part.limit:.0f} seconds")
    if code == NO_TESTS and selective:
        return outcome
    if code not in (0, 1):
        return _with(outcome, f"pytest ended with code {code}")
    if code == 1 and outcome.failed == 0:
        return _with(outcome, "pytest reported a failure that its report does not hold")
    return outcome if report.is_file() else _with(outcome, "pytest left no report")


def _end(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # nothing was left running
    process.wait()


def _with(outcome: Outcome, problem: str) -> Outcome:
    return Outcome(passed=outcome.passed, failed=outcome.failed, skipped=outcome.skipped, problem=problem)


def read_report(path: Path) -> Outcome:
    """The counts of a JUnit report; none when there is no readable one (the process died)."""
    try:
        suites = list(xml.parse(path).getroot().iter("testsuite"))
    except (OSError, xml.ParseError):
        return Outcome()
    total, failures, errors, skipped = (
        sum(int(suite.get(key, 0)) for suite in suites) for key in ("tests", "failures", "errors", "skipped")
    )
    return Outcome(passed=max(0, total - failures - errors - skipped), failed=failures + errors, skipped=skipped)


def _sum_up(outcomes: dict[str, Outcome], left_out: list[str], console: Console) -> int:
    console.note("\n===== Summary =====")
    for version in left_out:
        console.note(_left_out(version))
    for name, outcome in outcomes.items():
        problem = f"; {outcome.problem}" if outcome.problem else ""
        console.note(f"{name}: passed {outcome.passed}, failed {outcome.failed}, skipped {outcome.skipped}{problem}")
    passed, skipped = (sum(getattr(outcome, key) for outcome in outcomes.values()) for key in ("passed", "skipped"))
    failed = sum(max(outcome.failed, 1 if outcome.problem else 0) for outcome in outcomes.values())
    console.note(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if passed and not failed else 1


def _left_out(version: str) -> str:
    return (
        f"!!! LEFT OUT: the tests in Blender {version}: its wheel needs Python {dotted(BLENDERS[version])},"
        " and this machine has none."
    )
