"""Runs mypy over the product, or over the rooms given.

    <engine python> scripts/development/check_types.py [engine/spaces ...]

Blender loads the checkout as one package, and the add-on imports the engine relatively; so mypy sees it through a link named
`stochsync`, as tests/conftest.py does.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
ROOMS = ("engine", "scripts", "stochsync_addon")


def main(rooms: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="stochsync-types-") as folder:
        link = Path(folder) / "stochsync"
        link.symlink_to(CHECKOUT, target_is_directory=True)
        cache = CHECKOUT / ".stochsync" / "cache" / "mypy"
        options = ["--config-file", str(CHECKOUT / "pyproject.toml"), "--cache-dir", str(cache)]
        paths = [f"stochsync/{room}" for room in rooms or ROOMS]
        return subprocess.run([sys.executable, "-m", "mypy", *options, *paths], cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
