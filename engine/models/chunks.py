"""Running a batch in as few pieces as memory allows; the result is the same however it is cut."""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..protocol.errors import OutOfMemory


class Chunks:
    """Cuts batches into pieces of at most `limit` views and halves the limit, for good, whenever memory runs out."""

    def __init__(self, limit: int = 0) -> None:
        """limit: views at once; 0: the whole batch until memory says otherwise."""
        self.limit = limit

    def run(self, views: int, call: Callable[[slice], Tensor]) -> Tensor:
        """`call` over slices of range(views), concatenated. OutOfMemory when not even one view fits."""
        while True:
            size = min(self.limit, views) if self.limit else views
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
    """Whether torch says by this that memory ran out: CUDA has a type for it, the CPU and Metal only a text."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def free_cached_memory() -> None:
    """Give what torch's allocator keeps in reserve back to the device."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
