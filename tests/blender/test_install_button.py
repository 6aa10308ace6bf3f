"""The Install Engine button: a process of its own, whose reports the panel shows."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import bpy
import pytest

SCRIPT = """
import json, sys, time
def say(**message): print(json.dumps(message), flush=True)
print("chatter of pip")
say(kind="progress", percent=40, text="Downloading torch")
{rest}
"""


@pytest.fixture
def install(part, tmp_path):
    """install(rest of the script) -> an EngineInstall of a stand-in for install_deps.py."""
    made = []

    def start(rest):
        script = tmp_path / "install_deps.py"
        script.write_text(SCRIPT.format(rest=rest))
        made.append(part("client.install").EngineInstall(tmp_path / "root", "cpu", python=sys.executable, script=script))
        return made[-1]

    yield start
    for one in made:
        one.stop()


def follow(run, until=lambda run: not run.running):
    end = time.monotonic() + 30
    while not until(run):
        assert time.monotonic() < end
        run.poll()
        time.sleep(0.01)


def test_progress_then_done(install):
    run = install("say(kind='done', text='Ready.')")
    follow(run)
    assert (run.percent, run.text, run.problem) == (40, "Downloading torch", None)


def test_a_failure_says_cause_and_advice(install):
    run = install("say(kind='failed', cause='The disk is full.', remedy='Free 2 GB.'); sys.exit(1)")
    follow(run)
    assert run.problem.text == "The disk is full. Free 2 GB." and run.problem.fix == "install_engine"


def test_a_crash_names_the_log(install):
    run = install("raise SystemExit(7)")
    follow(run)
    assert "code 7" in run.problem.text and Path(run.log).read_text().startswith("chatter")


def test_stop_ends_it_and_its_children(install):
    run = install(
        "import subprocess; child = subprocess.Popen(['sleep', '60']); "
        "say(kind='progress', percent=50, text=str(child.pid)); time.sleep(60)"
    )
    follow(run, lambda run: run.percent == 50)
    run.stop()
    time.sleep(0.2)
    status = Path(f"/proc/{run.text}/status")
    assert not status.exists() or "zombie" in status.read_text()


def test_an_unwritable_folder_is_one_error(part, protocol, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(protocol("errors").EngineUnavailable, match="another engine folder"):
        part("client.install").EngineInstall(tmp_path / "file" / "root", "cpu")


def test_offline_is_refused_with_a_way_out(part):
    assert not bpy.app.online_access
    with pytest.raises(RuntimeError, match="online access"):
        bpy.ops.stochsync.install_engine()
    assert part("session").current().problem.error.fix == "allow_online"


def test_it_runs_the_installer_of_this_extension(part):
    assert part("client.install").SCRIPT.is_file()
