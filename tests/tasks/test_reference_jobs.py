"""Jobs of an earlier version, done again: the same pictures, byte by byte on the kind of machine that they were made on.

`reference/` holds the two job folders (job.json, mesh.npz) with their result.png, and machine.json, which says what they were
made with. To make them anew, after a change that is meant to change pictures: `python tests/tasks/test_reference_jobs.py`.
"""

from __future__ import annotations

import json
import platform
import shutil
import sys
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from engine.command_line import main

REFERENCE = Path(__file__).parent / "reference"
ASKED = ("job.json", "mesh.npz")
PSNR_ELSEWHERE = 30  # dB. Other processors round float32 sums otherwise; another seed gives about 12


def machine() -> dict[str, str]:
    """What the bytes of a picture depend on beside the job."""
    return {
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def done_again(name: str, folder: Path) -> np.ndarray:
    folder.mkdir()
    for file in ASKED:
        if (REFERENCE / name / file).exists():
            shutil.copy(REFERENCE / name / file, folder)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert main(["run", str(folder)]) == 0
    finally:
        torch.set_num_threads(threads)
    return picture(folder)


def picture(folder: Path) -> np.ndarray:
    with Image.open(folder / "result.png") as image:
        return np.asarray(image)


@pytest.mark.parametrize("name", ["panorama", "texture"])
def test_a_job_of_an_earlier_version_gives_the_same_picture(name, tmp_path):
    made, expected = done_again(name, tmp_path / name), picture(REFERENCE / name)
    assert made.shape == expected.shape
    if machine() == json.loads((REFERENCE / "machine.json").read_bytes()):
        assert np.array_equal(made, expected)
    else:
        error = np.square(made.astype(float) - expected).mean()
        assert 10 * np.log10(255**2 / error) > PSNR_ELSEWHERE


if __name__ == "__main__":
    for made_anew in ("panorama", "texture"):
        if main(["run", str(REFERENCE / made_anew)]):
            sys.exit(1)
        for extra in ("report.json", "preview.jpg", "log.txt"):
            (REFERENCE / made_anew / extra).unlink(missing_ok=True)
    (REFERENCE / "machine.json").write_text(json.dumps(machine(), indent=1) + "\n", encoding="utf-8")
