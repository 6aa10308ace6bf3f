"""What engine, add-on and installer must agree on: environment variables, and where things lie under the root folder."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT_VARIABLE = "STOCHSYNC_ROOT"
"""Environment variable that names the root: the folder that the installer set up, under which everything large lies."""
PYTHON_VARIABLE = "STOCHSYNC_ENGINE_PYTHON"
"""Environment variable that names the engine's Python, for tests and the demonstration; it goes before the preferences."""
ENGINE_ENVIRONMENT = "engine-env"
"""The virtual environment of the engine, under the root."""


def python_of(environment: Path) -> Path:
    """The interpreter of the virtual environment in the folder `environment`, whether it is there or not."""
    return environment / "Scripts" / "python.exe" if sys.platform == "win32" else environment / "bin" / "python"


def models_folder(root: Path) -> Path:
    """Where downloaded checkpoints lie under `root`."""
    return root / "models"


def library_variables(root: Path) -> dict[str, str]:
    """Variables that keep whatever the engine's libraries store under the one folder `root`."""
    cache = root / "cache"
    return {
        ROOT_VARIABLE: str(root),
        "HF_HOME": str(models_folder(root)),
        "TORCH_HOME": str(cache / "torch"),
        "XDG_CACHE_HOME": str(cache),
    }
