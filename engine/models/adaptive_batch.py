"""Running a batch in as few pieces as memory allows; the result is the same however it is cut."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..protocol.errors import OutOfMemory
from ..protocol.exhaustion import is_out_of_memory
from ..threads import side_by_side
from .memory import free_cached_memory, free_memory

SHARE = 0.8
"""How much of the free memory a call may be planned to fill: allocators round up, and other programs want some as well."""


class AdaptiveBatch:
    """Cuts batches into pieces of at most `limit` views that fit into the free memory, and computes them side by side.

    Asking first matters: some drivers do not refuse but move memory to the slow side of the bus. Where memory runs out all
    the same, the limit is halved, for good.

    Side by side: on a processor each piece has a thread to itself, or several where there are more than pieces. Small
    networks scale so to all cores: on two cores a view was decoded in 71 ms instead of 94.
    """

    def __init__(self, limit: int = 0, device: torch.device | str = "cpu", workers: int = 1) -> None:
        """limit: views in a piece; 0: as many as fit. device: where the calls compute. workers: pieces at a time."""
        self.limit = limit
        self.device = torch.device(device)
        self.workers = workers
        self._threads = workers  # the processor's, to be shared out; stays as it is when memory allows fewer workers

    def cut(self, views: int, bytes_per_view: int = 0) -> tuple[int, int]:
        """How many of `views` to take in a piece, and how many pieces at a time, when each view needs `bytes_per_view` while it
        is computed (0: not known)."""
        # A question to the driver, at which no kernel is waited for.
        free = free_memory(self.device) if bytes_per_view and views > 1 else None
        fitting = views if free is None else max(1, min(views, int(SHARE * free / bytes_per_view)))
        workers = min(self.workers, fitting)
        size = min(fitting // workers, -(-views // workers))
        return (min(self.limit, size) if self.limit else size), workers

    def run(self, views: int, call: Callable[[slice], Tensor], bytes_per_view: int = 0) -> Tensor:
        """`call` over slices of range(views), concatenated; without gradients. OutOfMemory when not even one view fits."""
        while True:
            size, workers = self.cut(views, bytes_per_view)
            try:
                pieces = [slice(start, start + size) for start in range(0, views, size)]
                with torch.inference_mode():
                    parts = side_by_side(call, pieces, workers, self._threads)
                return torch.cat(parts)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                failure = str(error).splitlines()[0] if str(error) else type(error).__name__
            # Outside the except clause: the traceback, which holds the failed call's tensors, is gone by now.
            if size == 1 and workers == 1:
                raise OutOfMemory("memory_for_view", reason=failure)
            self.workers, self.limit = (workers, size // 2) if size > 1 else (1, 1)
            free_cached_memory()
