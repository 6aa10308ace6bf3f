"""Every example does what its docstring says, in a process of its own, with a tiny checkpoint where it wants a model."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import trimesh
from PIL import Image
from tiny_checkpoint import make_tiny_checkpoint

CHECKOUT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted(path.stem for path in (CHECKOUT / "examples").glob("*.py"))


@pytest.fixture
def arguments(tmp_path) -> dict[str, list[str]]:
    """For each example what stands behind its name on the command line."""
    tiny_eps = make_tiny_checkpoint(tmp_path / "tiny")
    mesh = tmp_path / "ball.glb"
    trimesh.creation.icosphere(subdivisions=1).export(mesh)
    return {
        "closed_form_sphere": [str(tmp_path / "sphere.png")],
        "texture_from_python": [str(mesh), str(tiny_eps), str(tmp_path / "job")],
        "panorama_from_diffusers": [str(tiny_eps), "an alpine meadow", str(tmp_path / "steps")],
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_ends_with_the_file_that_it_names(name, arguments):
    command = [sys.executable, "-m", f"examples.{name}", *arguments[name]]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = Path(done.stdout.splitlines()[-1])
    if made.suffix == ".glb":
        assert trimesh.load(made, force="mesh").visual.material.baseColorTexture.size == (512, 512)
    else:
        width, height = Image.open(made).size
        assert width == 2 * height


def test_all_views_of_the_closed_form_sphere_agree_on_one_colour(tmp_path):
    made = tmp_path / "sphere.png"
    subprocess.run([sys.executable, "-m", "examples.closed_form_sphere", str(made)], cwd=CHECKOUT, check=True)
    # the colours lie 0.6 apart, and each has a deviation of 0.045
    assert all(high - low < 0.5 * 255 for low, high in Image.open(made).getextrema())


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_says_how_it_is_run_and_stays_short(name):
    source = (CHECKOUT / "examples" / f"{name}.py").read_text(encoding="utf-8")
    assert re.search(rf"^ *python -m examples\.{name} ", source, re.MULTILINE)
    body = source.split('"""', 2)[2].splitlines()
    assert len([line for line in body if line and not line.startswith(("import", "from"))]) <= 12
