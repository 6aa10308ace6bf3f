"""Torch's threads sleep where they wait, and one core is left to Blender where there are enough."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
import torch

from engine.models.load import ModelCache
from engine.processor import SPINS, threads_beside_blender, wait_passively
from engine.protocol.errors import ModelUnavailable
from engine.protocol.params import EngineParams
from engine.serve.server import TaskWorker, as_engine_error

ROOT = Path(__file__).resolve().parents[2]
RUN = "import runpy, sys; sys.argv = ['engine', 'doctor']; runpy.run_module('engine', run_name='__main__', alter_sys=True)"


@pytest.mark.skipif(sys.platform != "linux", reason="asks GNU's OpenMP, which torch uses on Linux")
@pytest.mark.parametrize(
    "asked, spins", [(None, f"'{SPINS}'"), ("ACTIVE", "'30000000000'")], ids=["by default", "who sets it keeps it"]
)
def test_torch_itself_says_that_its_threads_sleep(asked, spins):
    """The OpenMP library prints the settings that it goes by when it is loaded: too late a setting would not show there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    environment |= {"OMP_DISPLAY_ENV": "VERBOSE"} | ({"OMP_WAIT_POLICY": asked} if asked else {})
    done = subprocess.run([sys.executable, "-c", RUN], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    lines = [line for line in done.stderr.splitlines() if "GOMP_SPINCOUNT" in line]
    assert lines and all(spins in line for line in lines), done.stderr[-2000:]


def test_what_the_user_has_set_stays():
    for own in ({"OMP_WAIT_POLICY": "ACTIVE"}, {"GOMP_SPINCOUNT": "5"}):
        environment = dict(own)
        wait_passively(environment)
        assert environment == own


@pytest.mark.parametrize("cores,threads", [(1, 1), (2, 2), (3, 3), (4, 3), (16, 15)])
def test_one_core_is_blenders_where_there_are_four(cores, threads):
    assert threads_beside_blender(cores, {}) == threads
    assert threads_beside_blender(cores, {"OMP_NUM_THREADS": str(cores)}) == cores, "whoever sets it has decided"


def test_the_engine_behind_the_addon_leaves_that_core(monkeypatch):
    taken = []
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr(torch, "set_num_threads", taken.append)
    TaskWorker()
    assert taken == [7]


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "MPS backend out of memory",
    ],
)
def test_every_way_to_say_that_memory_ran_out(text):
    assert as_engine_error(RuntimeError(text), None).code == "out_of_memory"
    assert as_engine_error(RuntimeError("CUBLAS_STATUS_EXECUTION_FAILED"), None).code == "failure_unknown"


@pytest.mark.parametrize("model", ["builtin", "no such model"])
def test_garbage_is_collected_once_a_model_was_asked_for(model):
    """The process starts without, which saves time on imports; a job that went on so would keep every reference cycle."""
    loading = ModelCache().load(model, EngineParams(), depth=False)
    gc.disable()
    try:
        list(loading)
    except ModelUnavailable:
        assert model != "builtin"
    finally:
        collected, passed_over = gc.isenabled(), gc.get_freeze_count()
        gc.enable()
        gc.unfreeze()
    assert collected and passed_over > 0


def test_a_freed_model_is_no_longer_passed_over():
    """What refers to itself would else stay for as long as the process: a model's modules may."""
    cache = ModelCache()
    gc.disable()
    list(cache.load("builtin", EngineParams(), depth=False))
    assert gc.get_freeze_count() > 0
    cache.free()
    assert gc.get_freeze_count() == 0


def test_only_what_a_process_starts_with_is_passed_over():
    """A canvas refers to itself: were it passed over, every job of a running engine would add half a gigabyte for good."""

    class Canvas:
        pass

    canvas = Canvas()
    canvas.sizes, gone = {64: canvas}, weakref.ref(canvas)
    assert gc.isenabled()
    list(ModelCache().load("builtin", EngineParams(), depth=False))
    del canvas
    gc.collect()
    assert gone() is None
