"""--uninstall: takes away what state.json says the installer made, and nothing else."""

from __future__ import annotations

import shutil

from .console import Console, Failure, megabytes
from .state import InstallLock, Layout, State


def uninstall(layout: Layout, console: Console, *, with_models: bool, dry_run: bool) -> int:
    """Remove environments, cache and logs; models only when asked, since they may be tens of GB of downloads."""
    state = State(layout)
    if not state.known:
        cause = f"Nothing is installed at {layout.root}."
        raise Failure(cause, "Give the folder of the installation with --root.", kind="not-installed")
    folders = [layout.environment(name) for name in state.made if name != "models" or with_models]
    if dry_run:
        for folder in folders:
            console.note(f"  would remove {folder}")
        return 0
    with InstallLock(layout.lock):
        for folder in folders:
            if folder.is_dir() and not folder.is_symlink():
                console.note(f"removing {folder}")
                shutil.rmtree(folder)
        if layout.models.is_dir() and not any(layout.models.iterdir()) and "models" in state.made:
            layout.models.rmdir()
        layout.state.unlink()
    layout.lock.unlink(missing_ok=True)
    if layout.models.is_dir():
        size = sum(file.stat().st_size for file in layout.models.rglob("*") if file.is_file()) / 1e6
        console.note(f"Kept: {layout.models} ({megabytes(size)} of models); --with-models removes it too.")
    elif layout.root.is_dir() and not any(layout.root.iterdir()):
        layout.root.rmdir()
    console.done("Uninstalled.")
    return 0
