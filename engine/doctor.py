"""`python -m engine doctor`: does this installation work? One line per finding."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from importlib.metadata import version

from .io.report import LIBRARIES


def findings() -> Iterator[tuple[bool, str]]:
    """(fine?, sentence) for every library, the device, one kernel, one ray and the built-in checkpoint."""
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            yield False, f"{name} cannot be imported ({error}): run scripts/install_deps.py again"
            return
        yield True, f"{name} {version(name)}"

    import torch

    from .models.catalog import BUILTIN_FOLDER
    from .models.device import device_for

    device = device_for("auto")
    product = torch.ones(8, 8, device=device) @ torch.ones(8, 8, device=device)
    yield bool((product == 8).all()), f"a matrix product on {device}"

    import numpy as np

    from .models.layout import is_model
    from .spaces.rasterize import EmbreeRasterizer
    from .spaces.views import View

    triangle = np.array([[-9, 0, -9], [9, 0, -9], [0, 0, 9]], np.float32)
    buffer = EmbreeRasterizer(triangle, np.array([[0, 1, 2]])).render(
        View.orbiting(azimuth=0, elevation=0, distance=2, fov=60, label="front"), 4, 4
    )
    yield int(buffer.face[2, 2]) == 0, "a ray cast by embree"
    yield is_model(BUILTIN_FOLDER), "the built-in checkpoint"
