"""Entry point of `python -m engine`."""
from __future__ import annotations

import os
import sys

from .command_line import main
from .processor import wait_passively

wait_passively(os.environ)
sys.exit(main(sys.argv[1:]))
