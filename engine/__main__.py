"""Entry point of `python -m engine`."""

from __future__ import annotations

import gc
import os
import sys

from .command_line import main
from .processor import wait_passively

wait_passively(os.environ)
gc.disable()  # a fifth of the time that torch and diffusers take to load goes into looking for garbage; see ModelCache
sys.exit(main(sys.argv[1:]))
