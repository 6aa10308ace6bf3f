"""Run by the engine's own Python: is what is installed able to do the work? One line per finding; exit code 0 or 1."""

from __future__ import annotations

import importlib
import os
import sys
import time
from functools import partial

LIBRARIES = ("diffusers", "transformers", "safetensors", "huggingface_hub", "trimesh", "scipy", "xatlas", "PIL")


def main() -> int:
    looks = {"python": _python, "torch": _torch, "kernel": _kernel, "convolution": _convolution, "rays (embreex)": _rays}
    looks |= {name: partial(_import, name) for name in LIBRARIES}
    failed = 0
    for name, look in looks.items():
        try:
            print(f"ok    {name}: {look()}", flush=True)
        except Exception as error:  # a self-test reports whatever goes wrong, in its own line
            failed = 1
            print(f"FAIL  {name}: {type(error).__name__}: {' '.join(str(error).split())[:300]}", flush=True)
    return failed


def _python() -> str:
    return f"{sys.version.split()[0]} at {sys.executable}"


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _torch() -> str:
    import torch

    device = _device()
    name = torch.cuda.get_device_name(0) if device == "cuda" else f"{os.cpu_count()} processor threads"
    return f"{torch.__version__} on {device} ({name})"


def _kernel() -> str:
    import torch

    left = torch.arange(256 * 256, dtype=torch.float32, device=_device()).reshape(256, 256) % 7
    start = time.perf_counter()
    product = (left @ left.T).cpu()
    seconds = time.perf_counter() - start
    if not torch.equal(product, (left.cpu().double() @ left.cpu().double().T).float()):
        raise RuntimeError("a 256 x 256 product of small integers came out wrong")
    return f"256 x 256 product right, {seconds * 1000:.1f} ms"


def _convolution() -> str:
    import torch

    image = torch.ones(1, 4, 64, 64, device=_device())
    result = torch.nn.functional.conv2d(image, torch.ones(8, 4, 3, 3, device=_device()), padding=1).cpu()
    if float(result[0, 0, 32, 32]) != 36.0 or float(result[0, 0, 0, 0]) != 16.0:
        raise RuntimeError("a 3 x 3 convolution of ones came out wrong")
    return "3 x 3 over 64 x 64 right"


def _rays() -> str:
    import numpy
    from embreex import rtcore_scene
    from embreex.mesh_construction import TriangleMesh

    scene = rtcore_scene.EmbreeScene()
    triangle = numpy.array([[[0, 0, 0], [1, 0, 0], [0, 1, 0]]], dtype=numpy.float32)
    TriangleMesh(scene, triangle)
    origins = numpy.array([[0.2, 0.2, 1], [0.9, 0.9, 1]], dtype=numpy.float32)
    down = numpy.array([[0, 0, -1], [0, 0, -1]], dtype=numpy.float32)
    hits = list(scene.run(origins, down))
    if hits != [0, -1]:
        raise RuntimeError(f"two rays at a triangle gave {hits} instead of [0, -1]")
    return "hit and miss right"


def _import(name: str) -> str:
    module = importlib.import_module(name)
    return str(getattr(module, "__version__", "imported"))


if __name__ == "__main__":
    sys.exit(main())
