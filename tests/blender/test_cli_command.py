"""`blender --command stochsync …`: exit codes and one line per error. The wheel has no binary: the function is called."""

from __future__ import annotations

import functools

import bpy
import pytest


@pytest.fixture
def command(part, capfd):
    """command(arguments…) -> (exit code, lines on stderr that are ours)."""

    def run(*argv):
        code = part("command_line").main([str(one) for one in argv])
        return code, [line for line in capfd.readouterr().err.splitlines() if line.startswith("stochsync:")]

    return run


@pytest.fixture
def quick(part, protocol, monkeypatch):
    sampling = protocol("params").SamplingParams(outer_steps=2, ode_steps=2, warmup=1, blend_steps=0)
    monkeypatch.setattr(part("pending_job"), "Job", functools.partial(protocol("job").Job, sampling=sampling))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def test_both_jobs_and_saving(command, quick, tiny_model, tmp_path):
    texture, world = tmp_path / "texture é.blend", tmp_path / "world.blend"
    assert command(
        "texture",
        "--object",
        "Cube",
        "--prompt",
        "red brick",
        "--size",
        64,
        "--seed",
        7,
        "--model",
        tiny_model,
        "--save",
        texture,
    ) == (0, [])
    assert bpy.context.scene.stochsync.seed == 7
    assert command(
        "panorama",
        "--prompt",
        "forest",
        "--width",
        256,
        "--model",
        tiny_model,
        "--rotation",
        30,
        "--strength",
        0.5,
        "--save",
        world,
    ) == (0, [])
    bpy.ops.wm.open_mainfile(filepath=str(world))
    assert bpy.data.objects["Cube"].active_material.node_tree.nodes.active.image.packed_file is not None
    assert bpy.context.scene.world.get("stochsync") and bpy.context.scene.stochsync.panorama_rotation == 30


@pytest.mark.parametrize(
    "argv, code",
    [
        ((), 2),
        (("texture",), 2),
        (("texture", "--object", "Cube"), 2),
        (("fly",), 2),
        (("texture", "--object", "Cube", "--prompt", "x", "--preset", "best"), 2),
        (("--help",), 0),
    ],
)
def test_usage(command, argv, code):
    assert command(*argv)[0] == code


@pytest.mark.parametrize(
    "argv, words",
    [
        (("--object", "Nobody", "--prompt", "x"), "no object named 'Nobody'"),
        (("--object", "Camera", "--prompt", "x"), "not a mesh"),
        (("--object", "Cube", "--prompt", "  "), "prompt is empty"),
        (("--object", "Cube", "--prompt", "x", "--size", "100"), "multiple of 64"),
        (("--object", "Cube", "--prompt", "x", "--seed", "-1"), "between 0 and"),
        (("--object", "Cube", "--prompt", "x"), "ended"),
    ],
)
def test_each_failure_is_one_line(command, monkeypatch, tmp_path, argv, words):
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nexit 3\n")
    script.chmod(0o755)
    monkeypatch.setenv("STOCHSYNC_ENGINE_PYTHON", str(script))
    code, lines = command("texture", *argv)
    assert code == 1 and len(lines) == 1 and words in lines[0]


def test_doctor(command, engine_python):
    assert command("doctor")[0] == 0


def test_doctor_without_an_engine(command, monkeypatch, tmp_path):
    monkeypatch.setenv("STOCHSYNC_ENGINE_PYTHON", str(tmp_path / "absent"))
    code, lines = command("doctor")
    assert code == 1 and "not installed" in lines[0]


def test_a_wrong_file_name_is_told_before_the_work(command, part):
    code, lines = command("panorama", "--prompt", "x", "--save", "scene.png")
    assert code == 1 and ".blend" in lines[0]
