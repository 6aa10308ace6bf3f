"""The real server and the real client, with a played worker: what a job can do, and what becomes of it."""

from __future__ import annotations

import pytest
from stochsync.engine.protocol.messages import Failed, Notice, Preview, Progress, Result


def test_job_comes_back_in_order_and_the_engine_stays_warm(drive, play):
    driver = drive()
    for name in ("first", "second"):
        driver.call(driver.client.run, play("plain", name))
        result = driver.end_of(name)
        assert isinstance(result, Result) and result.notices == (Notice("drawn_as", prompt="played"),)
        assert driver.client.state == "ready"
    pid = driver.client.pid
    kinds = [type(m) for m in driver.messages if getattr(m, "job", "") == "second"]
    assert kinds[-1] is Result and Preview in kinds and Progress in kinds
    steps = [m.step for m in driver.messages if isinstance(m, Progress) and m.job == "second"]
    assert steps == sorted(steps)
    assert driver.client.pid == pid and pid is not None


@pytest.mark.parametrize(
    ("what", "code", "fix"),
    [
        ("mesh", "mesh_no_faces", "select_mesh"),
        ("memory", "out_of_memory", "lower_size"),
        ("torch memory", "out_of_memory", "lower_size"),
        ("full", "disk_full", ""),
        ("import", "libraries_incomplete", "install_engine"),
        ("defect", "failure_logged", "open_log"),
        ("exit", "failure_logged", "open_log"),
    ],
)
def test_each_failure_is_one_clear_message_and_the_next_job_is_unharmed(drive, play, what, code, fix):
    driver = drive()
    folder = play(what)
    driver.client.run(folder)
    failed = driver.end_of(what)
    assert isinstance(failed, Failed) and (failed.code, failed.error.fix) == (code, fix)
    assert "Traceback" not in failed.error.text and "\n" not in failed.error.text
    assert "Traceback" in (folder / "log.txt").read_text()
    if code == "failure_logged":
        assert str(folder / "log.txt") in failed.error.text
    driver.client.run(play("plain"))
    assert isinstance(driver.end_of("plain"), Result)
