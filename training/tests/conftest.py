"""Lets the tests import `training` and the `engine` beside it as they lie in this checkout."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
