#!/usr/bin/env python3
"""Sets up everything StochSync needs, in a private folder; the only set-up step.

    python3 scripts/install_deps.py            the engine, in <checkout>/.stochsync
    python3 scripts/install_deps.py --demo     ... and a texture and a panorama made through Blender, in demo/
    python3 scripts/install_deps.py --test     ... and the whole test suite (further arguments go to pytest)
    python3 scripts/install_deps.py --check    is what is installed sound?
    python3 scripts/install_deps.py --dry-run  what would be done, with sizes

Standard library only. The add-on's Install Engine button runs this same file with `--root FOLDER --progress json`.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036  (the very case this line is for)
    sys.exit(
        "This is Python %d.%d, and StochSync needs 3.11, 3.12 or 3.13.\n"  # noqa: UP031  (older Pythons must read this)
        "Install one of those and run the same command with it, for example: python3.11 scripts/install_deps.py"
        % sys.version_info[:2]
    )

sys.dont_write_bytecode = True  # this folder may be read-only, or inside an extension that Blender removes file by file
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from installer.cli import main  # noqa: E402  (the version check must come first)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
