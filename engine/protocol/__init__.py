"""What both processes share: parameters, jobs, messages, errors. Standard library and numpy only."""

from __future__ import annotations

VERSION = "0.1.0"
PROTOCOL_VERSION = 2
