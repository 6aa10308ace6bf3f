"""The add-on inside a real Blender: the `bpy` wheel. Each test starts from the factory scene with the extension enabled.

Left out where bpy is not installed. What needs the engine takes its Python from STOCHSYNC_ENGINE_PYTHON.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
USER = Path(tempfile.mkdtemp(prefix="stochsync bpy é "))  # a space and a letter beyond ASCII, as in many a user name
os.environ["BLENDER_USER_RESOURCES"] = str(USER)  # before bpy is imported
PACKAGE = "bl_ext.user_default.stochsync"

try:
    import bpy
except ImportError:
    collect_ignore_glob = ["test_*.py"]
else:
    import addon_utils

    extensions = USER / "extensions" / "user_default"
    extensions.mkdir(parents=True)
    (extensions / "stochsync").symlink_to(CHECKOUT, target_is_directory=True)
    _exit_code = 0

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(session, exitstatus):
        global _exit_code
        _exit_code = int(exitstatus)

    def pytest_unconfigure(config):
        """Blender 4.2 can crash on the way out of the wheel: leave without its clean-up."""
        shutil.rmtree(USER, ignore_errors=True)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_exit_code)


@pytest.fixture(autouse=True)
def addon():
    """The extension, freshly enabled in the factory scene."""
    bpy.ops.wm.read_factory_settings()
    module = addon_utils.enable(PACKAGE, default_set=True)
    assert module is not None, "the extension could not be enabled"
    yield sys.modules[PACKAGE]
    addon_utils.disable(PACKAGE, default_set=True)


@pytest.fixture
def part(addon):
    """part("scene.materials") -> the add-on's module of that name, as Blender has loaded it."""
    import importlib

    return lambda name: importlib.import_module(f"{PACKAGE}.stochsync_addon.{name}")


@pytest.fixture
def protocol(addon):
    """protocol("errors") -> the protocol's module of that name, as the add-on sees it."""
    import importlib

    return lambda name: importlib.import_module(f"{PACKAGE}.engine.protocol.{name}")


@pytest.fixture
def settings(addon):
    return bpy.context.scene.stochsync


@pytest.fixture
def suzanne(addon):
    """Suzanne with her UVs, alone, active and selected."""
    bpy.ops.object.select_all(action="SELECT")
    bpy.ops.object.delete()
    bpy.ops.mesh.primitive_monkey_add(calc_uvs=True)
    return bpy.context.object


@pytest.fixture(scope="session")
def engine_python() -> Path:
    """The engine's Python; without one the test is left out, saying so."""
    python = os.environ.get("STOCHSYNC_ENGINE_PYTHON", "")
    if not python:
        pytest.skip("STOCHSYNC_ENGINE_PYTHON is not set: the tests with a real engine are left out")
    return Path(python)


@pytest.fixture(scope="session")
def tiny_model(engine_python, tmp_path_factory) -> Path:
    """A checkpoint of random weights, a second's work for the engine."""
    folder = tmp_path_factory.mktemp("tiny model")
    subprocess.run([str(engine_python), str(CHECKOUT / "tests" / "tiny_checkpoint.py"), str(folder)], check=True, timeout=600)
    return folder


@pytest.fixture
def picture(tmp_path):
    """picture(array [H, W, 3] uint8, row 0 on top) -> path of a PNG with it, written without Blender's help."""
    from PIL import Image

    def write(array, name: str = "result.png") -> Path:
        path = tmp_path / name
        Image.fromarray(array).save(path)
        return path

    return write


@pytest.fixture
def render(tmp_path):
    """render(size) -> what Cycles sees, [size, size, 3] float 0..1 as displayed, row 0 on top."""
    import numpy as np

    def shoot(size: int = 64, samples: int = 4):
        scene = bpy.context.scene
        scene.render.engine = "CYCLES"
        scene.cycles.samples, scene.cycles.device = samples, "CPU"
        scene.render.resolution_x = scene.render.resolution_y = size
        scene.render.resolution_percentage = 100
        scene.view_settings.view_transform = "Standard"
        scene.render.filepath = str(tmp_path / f"render{time.monotonic_ns()}.png")
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(scene.render.filepath)
        pixels = np.empty(size * size * 4, np.float32)
        image.pixels.foreach_get(pixels)
        bpy.data.images.remove(image)
        return pixels.reshape(size, size, 4)[::-1, :, :3]

    return shoot
