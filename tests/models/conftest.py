"""Tiny checkpoints of both layouts, made once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from tiny_checkpoint import make_tiny_checkpoint


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Models this small run faster on one core than on many."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", autouse=True)
def no_proxy_for_loopback():
    """A proxy in the environment must not swallow the calls to the loopback hub; the session reads this when it is made."""
    before = os.environ.get("NO_PROXY")
    os.environ["NO_PROXY"] = "127.0.0.1"
    yield
    if before is None:
        del os.environ["NO_PROXY"]
    else:
        os.environ["NO_PROXY"] = before


@pytest.fixture(scope="session")
def tiny_eps(tmp_path_factory) -> Path:
    """Laid out like SD 1.5. The folder's name has a space and letters outside ASCII, as users' folders have."""
    return make_tiny_checkpoint(tmp_path_factory.mktemp("Modelle ä é 模型") / "eps", "epsilon")


@pytest.fixture(scope="session")
def tiny_v(tmp_path_factory) -> Path:
    """Laid out like SD 2.x."""
    return make_tiny_checkpoint(tmp_path_factory.mktemp("v"), "v_prediction", seed=1)
