"""Clients of played engines, and folders of played jobs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from engine_driver import Driver
from stochsync.stochsync_addon.client.client import EngineClient, Timeouts

ROOT = Path(__file__).resolve().parents[2]
STANDIN = Path(__file__).with_name("standin_engine.py")


@pytest.fixture
def drive(tmp_path):
    """Makes drivers of played engines; stops whatever was started."""
    drivers = []

    def make(command: tuple[str, ...] | None = None, **timeouts: float) -> Driver:
        command = command or (sys.executable, "-I", "-B", "-u", "-X", "utf8", str(STANDIN), str(ROOT))
        client = EngineClient(command, logs=tmp_path / "logs", timeouts=Timeouts(**timeouts))
        drivers.append(Driver(client))
        return drivers[-1]

    yield make
    for driver in drivers:
        driver.client.stop()


@pytest.fixture
def play(tmp_path):
    """Makes job folders for the played engine."""

    def make(what: str, name: str = "") -> Path:
        folder = tmp_path / (name or what)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "play.txt").write_text(what, encoding="utf-8")
        return folder

    return make
