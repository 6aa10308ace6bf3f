"""Running a batch in as few pieces as memory allows; the result is the same however it is cut."""
from __future__ import annotations

import re
from collections.abc import Callable

import torch
from torch import Tensor

from ..protocol.errors import OutOfMemory
from .memory import free_memory

SHARE = 0.8
"""How much of the free memory a call may be planned to fill: allocators round up, and other programs want some as well."""

ALLOCATION_FAILED = re.compile(r"out of memory|can't allocate memory|\bcu[a-z]+_status_[a-z_]*alloc[a-z]*_failed", re.IGNORECASE)
"""What CUDA, the CPU, Metal, and CUDA's libraries (cuBLAS, cuDNN, cuSOLVER, ...) say when memory ran out."""


class Chunks:
    """Cuts batches into pieces of at most `limit` views that fit into the memory free at the time.

    Asking first matters: some drivers do not refuse but move memory to the slow side of the bus. Where memory runs out all
    the same, the limit is halved, for good.
    """

    def __init__(self, limit: int = 0, device: torch.device | str = "cpu") -> None:
        """limit: views at once; 0: as many as fit. device: where the calls compute."""
        self.limit = limit
        self.device = torch.device(device)

    def size(self, views: int, bytes_per_view: int = 0) -> int:
        """How many of `views` to take at once, when each needs `bytes_per_view` while it is computed (0: not known)."""
        size = min(self.limit, views) if self.limit else views
        # A question to the driver, at which no kernel is waited for.
        free = free_memory(self.device) if bytes_per_view and size > 1 else None
        return size if free is None else max(1, min(size, int(SHARE * free / bytes_per_view)))

    def run(self, views: int, call: Callable[[slice], Tensor], bytes_per_view: int = 0) -> Tensor:
        """`call` over slices of range(views), concatenated. OutOfMemory when not even one view fits."""
        while True:
            size = self.size(views, bytes_per_view)
            try:
                return torch.cat([call(slice(start, start + size)) for start in range(0, views, size)])
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                failure = str(error).splitlines()[0] if str(error) else "no memory left"
            # Outside the except clause: the traceback, which holds the failed call's tensors, is gone by now.
            if size == 1:
                raise OutOfMemory(f"Not even one view fits into memory ({failure}). Close other programs, or choose a smaller "
                                  "model.", fix="free_memory")
            self.limit = size // 2
            free_cached_memory()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch says by this that memory ran out: CUDA has a type for it, its libraries, the CPU and Metal only a text."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and ALLOCATION_FAILED.search(str(error)) is not None


def free_cached_memory() -> None:
    """Give what torch's allocator keeps in reserve back to the device."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
