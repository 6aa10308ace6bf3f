"""The benchmark's arithmetic, where the answer is known beforehand; no job is run and nothing is timed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scripts import benchmark
from scripts.benchmark import Measured

HERE, THERE = Path("here"), Path("there")


def measured(total: float, *, cpu: float = 10.0, nfe: int = 100, memory: int = 10**9, **phases: float) -> Measured:
    seconds = {"denoise": total / 2, **phases, "total": total}
    return Measured({"seconds": seconds, "nfe": nfe, "peak_memory": memory}, cpu)


def cell(cells: list[str], column: str) -> str:
    return cells[benchmark.COLUMNS.index(column)]


def test_geometry_is_planning_projection_unprojection_and_filling_and_nothing_else():
    report = measured(100, geometry=1, project=2, unproject=3, finish=4, preview=50, encode=50, write=50).report
    assert benchmark.geometry_of(report) == 10
    cells = benchmark.row("panorama", "auto", "this tree", Measured(report, 1.0))
    assert (cell(cells, "geometry s"), cell(cells, "share")) == ("10.0", "10.0%")
    assert len(cells) == len(benchmark.COLUMNS)


def test_of_the_repeats_the_least_of_each_phase_counts():
    first, second = measured(50, cpu=9, geometry=4, finish=1), measured(40, cpu=12, geometry=5)
    best = benchmark.least([first, second, measured(60, cpu=11, geometry=3, finish=2)])
    assert best.cpu == 9
    assert best.report["seconds"] == {"denoise": 20, "geometry": 3, "finish": 0, "total": 40}


def test_repeats_that_did_different_work_are_refused():
    with pytest.raises(RuntimeError, match="not the same job"):
        benchmark.least([measured(50), measured(50, nfe=101)])


def test_phases_that_only_one_commit_knows_do_no_harm():
    old, new = measured(80, geometry=8, load=2), measured(40, geometry=2, warm=1, plan=3)
    cells = benchmark.ratio_row("texture", "auto", "old / new", old, new)
    assert (cell(cells, "total s"), cell(cells, "geometry s"), cell(cells, "share")) == ("2.00", "4.00", "2.00")
    assert cell(cells, "load s") == ""  # nothing to divide by
    table = benchmark.phase_table("texture", "auto", {"new": new, "old": old})
    assert "| plan | 3.00 |  |" in table and "| load |  | 2.00 |" in table


def test_sides_alternate_between_trees_and_each_is_alone_before_it_is_beside():
    names = [(side.name, side.busy) for side in benchmark.sides_of({"this tree": HERE, "abc": THERE}, beside=True)]
    assert names == [("this tree", False), ("this tree, beside", True), ("abc", False), ("abc, beside", True)]
    assert [side.busy for side in benchmark.sides_of({"this tree": HERE}, beside=False)] == [False]


def test_ratios_are_old_over_new_and_beside_over_the_same_tree_alone():
    sides = benchmark.sides_of({"new": HERE, "old": THERE}, beside=True)
    found = {side.name: measured(total) for side, total in zip(sides, (10, 20, 30, 150), strict=True)}
    lines = {cell(cells, "side"): cell(cells, "total s") for cells in benchmark.ratios(sides, found, "panorama", "auto")}
    assert lines == {"old / new": "3.00", "new, beside / alone": "2.00", "old, beside / alone": "5.00"}


def test_planned_forwards_stand_beside_the_counted_ones():
    assert benchmark.nfe_row("panorama", "paper", {"planned_nfe": 7790, "nfe": 7790})[2:] == ["7790", "7790", "yes"]
    assert benchmark.nfe_row("panorama", "paper", {"planned_nfe": 7450, "nfe": 7790})[2:] == ["7450", "7790", "**no**"]
    assert benchmark.nfe_row("panorama", "paper", {"nfe": 7450})[2:] == ["", "7450", ""]


def test_the_busy_process_ends_with_its_block():
    with benchmark.busy_process() as process:
        assert process.poll() is None
    assert process.returncode is not None
    with pytest.raises(ZeroDivisionError), benchmark.busy_process() as process:
        1 / 0  # noqa: B018 - also when the job fails
    assert process.returncode is not None


def test_another_commit_is_checked_out_and_removed(tmp_path, monkeypatch):
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)

    git("init", "--quiet")
    for text in ("first", "second"):
        (tmp_path / "file").write_text(text)
        git("add", "file")
        git("commit", "--quiet", "-m", text)
    monkeypatch.setattr(benchmark, "CHECKOUT", tmp_path)
    with benchmark.tree_of("HEAD~1") as tree:
        assert (tree / "file").read_text() == "first"
    assert not tree.exists() and (tmp_path / "file").read_text() == "second"
    assert len(benchmark.git("worktree", "list").splitlines()) == 1
