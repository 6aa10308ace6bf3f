"""What is made from tables of the code says what the tables say now."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "scripts"))

from development import generate  # noqa: E402  (its folder must be on the path first)

from engine.protocol.wording import NOTICES  # noqa: E402
from engine.protocol.wording_errors import CLASSES, ERRORS  # noqa: E402


@pytest.mark.parametrize("path", generate.OUTPUTS)
def test_a_generated_file_is_up_to_date(path):
    held = (CHECKOUT / path).read_text(encoding="utf-8")
    assert held == generate.OUTPUTS[path](), "run scripts/development/generate.py"


def test_every_code_is_explained_to_the_artist():
    page = generate.troubleshooting()
    assert all(f"| `{code}` |" in page for code in (*ERRORS, *NOTICES)) and set(generate.CLASS_PAGES) == set(CLASSES)


def test_a_change_of_wording_is_noticed(monkeypatch):
    """Guards this file itself."""
    monkeypatch.setitem(generate.OUTPUTS, "docs/troubleshooting.md", lambda: "other")
    assert generate.main(["--check"]) == 1
