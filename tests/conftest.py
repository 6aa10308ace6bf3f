"""Lets the tests import the files as they lie here: `engine`, and the add-on as Blender sees it, inside one package.

Blender loads the whole extension as a package, so the add-on says `from ..engine.protocol import ...`. Tests that need no
Blender say `from stochsync.stochsync_addon.client.job_state import ...`; `stochsync` is the checkout without its Blender shim.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # the latter for tiny_checkpoint

if "stochsync" not in sys.modules:
    spec = importlib.machinery.ModuleSpec("stochsync", loader=None, is_package=True)
    spec.submodule_search_locations.append(str(ROOT))
    sys.modules["stochsync"] = importlib.util.module_from_spec(spec)
