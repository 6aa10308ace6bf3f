"""How the engine shares the processor: an artist's Blender is always the other process."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

FEW_CORES = 4  # from so many on, one is left to Blender
SPINS = "2000"  # beside a busy process 1.5 times slower; with 10000 it is 2.8 times


def wait_passively(environment: MutableMapping[str, str]) -> None:
    """Let torch's threads sleep where they wait for each other; call it before torch is imported, which reads this once.

    By default they spin. Where another process holds one of the cores, all the others then spin while the last thread waits
    for its turn: a network call was seen to take fifty times as long. GNU's OpenMP may spin for SPINS, some ten microseconds:
    geometry is a fifth faster so on two idle cores. Networks do not need it: each thread has views of its own
    (models/adaptive_batch.py). Who has set either variable has decided already.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(environment):
        environment.update(OMP_WAIT_POLICY="PASSIVE", GOMP_SPINCOUNT=SPINS)


def threads_beside_blender(threads: int, environment: Mapping[str, str]) -> int:
    """How many of the `threads` that torch would take (one per core) the engine takes beside a Blender.

    One core is left to Blender where there are FEW_CORES or more; of fewer the engine cannot spare one, and its lower priority
    must do. OMP_NUM_THREADS, where it is set, has decided already.
    """
    if "OMP_NUM_THREADS" in environment or threads < FEW_CORES:
        return threads
    return threads - 1
