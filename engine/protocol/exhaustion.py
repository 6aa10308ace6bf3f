"""How a library's error is recognised as a lack of memory or of disk space. Needs neither torch nor any other library."""

from __future__ import annotations

import errno
import re

ALLOCATION_FAILED = re.compile(r"out of memory|can't allocate memory|\bcu[a-z]+_status_[a-z_]*alloc[a-z]*_failed", re.IGNORECASE)
"""What CUDA, the CPU, Metal, and CUDA's libraries (cuBLAS, cuDNN, cuSOLVER, ...) say when memory ran out."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python or torch says by `error` that memory ran out: CUDA has a type for it, the CPU and Metal only a text."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and ALLOCATION_FAILED.search(str(error)) is not None


def is_disk_full(error: BaseException) -> bool:
    """Whether `error` says that a disk is full, or its user's share of it."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
