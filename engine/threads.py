"""Independent pieces of one computation, each on a processor thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Key = TypeVar("Key", bound=Hashable)
Piece = TypeVar("Piece")
Result = TypeVar("Result")


def threads_on(device: torch.device) -> int:
    """How many of the processor's threads may compute for `device`: torch's on the processor; 1 on a GPU, which has a queue."""
    return torch.get_num_threads() if device.type == "cpu" else 1


def side_by_side(
    call: Callable[[Piece], Result], pieces: Sequence[Piece], workers: int, threads: int | None = None
) -> list[Result]:
    """`call` of every piece, in their order, at most `workers` at a time, in the caller's inference mode.

    threads: how many threads torch has in all, shared out among the workers; None: one for each.
    The first error that a piece raises is raised again when none computes any more.

    Torch's own threads meet after every operation. On small tensors that costs more than they save, and beside another busy
    process they wait for whichever of them has lost its core. Threads with pieces of their own meet once, at the end.
    """
    workers = min(workers, len(pieces))
    if workers <= 1:
        return [call(piece) for piece in pieces]
    inference = torch.is_inference_mode_enabled()

    def in_this_mode(piece: Piece) -> Result:
        with torch.inference_mode(inference):  # which holds for one thread alone
            return call(piece)

    each = max((threads or workers) // workers, 1)
    # Leaving the pool waits for all its threads, so that none still holds memory when one has failed.
    with ThreadPoolExecutor(workers, "pieces", initializer=torch.set_num_threads, initargs=(each,)) as pool:
        return list(pool.map(in_this_mode, pieces))


def remembered(cache: dict[Key, Result], keys: Sequence[Key], compute: Callable[[Key], Result], workers: int) -> list[Result]:
    """What `cache` holds under `keys`; what it lacks is computed first, `side_by_side`."""
    missing = [key for key in dict.fromkeys(keys) if key not in cache]
    cache.update(zip(missing, side_by_side(compute, missing, workers), strict=True))
    return [cache[key] for key in keys]
