"""What the linter and the type checker say of the sources."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "ruff", "check", "--no-cache", "."],
        ["-m", "ruff", "format", "--check", "--no-cache", "."],
        ["scripts/development/check_types.py"],
    ],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_clean(command):
    needed = "ruff" if "ruff" in command else "mypy"
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed here: the sources were NOT checked")
    run = subprocess.run([sys.executable, *command], cwd=CHECKOUT, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stdout + run.stderr
