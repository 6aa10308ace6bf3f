"""Puts the checkout on sys.path, so that the tests import the files as they lie here."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
