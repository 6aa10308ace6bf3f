"""--test: which part runs what, and what counts as a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

PYTHONS = {"engine-env": Path("e"), "blender-4.2": Path("b42"), "blender-5.2": Path("b52")}


@pytest.fixture
def checkout(tmp_path):
    for path in ("tests/blender/test_a.py", "tests/spaces/test_b.py"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("further", "names"),
    [
        ([], ["engine", "Blender 4.2", "Blender 5.2"]),
        (["-k", "wrap"], ["engine", "Blender 4.2", "Blender 5.2"]),
        (["tests/spaces"], ["engine"]),
        (["tests/spaces/test_b.py::test_x", "-x"], ["engine"]),
        (["tests/blender/test_a.py"], ["Blender 4.2", "Blender 5.2"]),
        (["tests/spaces", "tests/blender"], ["engine", "Blender 4.2", "Blender 5.2"]),
    ],
)
def test_paths_choose_the_parts_that_hold_them(checkout, further, names):
    from development.suite import parts

    found = parts(PYTHONS, checkout, further)
    assert [part.name for part in found] == names
    for part in found:
        blender = any(argument.startswith("tests/blender") for argument in part.arguments)
        assert blender == (part.name != "engine")


def test_without_paths_both_the_products_tests_and_those_of_training_run(checkout):
    from development.suite import parts

    engine = parts(PYTHONS, checkout, [])[0]
    assert {"tests", "training/tests"} <= set(engine.arguments)


def test_a_report_is_counted(tmp_path):
    from development.suite import read_report

    path = tmp_path / "junit.xml"
    path.write_text('<testsuites><testsuite tests="10" failures="2" errors="1" skipped="3"/></testsuites>')
    outcome = read_report(path)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (4, 3, 3)
    path.write_text("<testsuites><testsuite tes")
    assert read_report(path).passed == 0


def summary(outcomes, left_out=()):
    import io

    from development.suite import _sum_up
    from installer.console import Console

    stream = io.StringIO()
    code = _sum_up(outcomes, list(left_out), Console(stream=stream))
    return code, stream.getvalue().splitlines()


def test_the_last_line_counts_everything():
    from development.suite import Outcome

    code, lines = summary({"engine": Outcome(passed=5, skipped=1), "Blender 4.2": Outcome(passed=2)}, ["5.2"])
    assert code == 0 and lines[-1] == "7 passed, 0 failed, 1 skipped"
    assert any("LEFT OUT" in line and "5.2" in line for line in lines)


def test_a_part_that_died_fails_the_whole_though_no_test_failed():
    from development.suite import Outcome

    code, lines = summary({"engine": Outcome(passed=5), "Blender 4.2": Outcome(passed=2, problem="pytest ended with -11")})
    assert code == 1 and lines[-1] == "7 passed, 1 failed, 0 skipped"


def test_no_test_at_all_is_a_failure():
    from development.suite import Outcome

    assert summary({"engine": Outcome()})[0] == 1
