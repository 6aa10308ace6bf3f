"""Both jobs with a real engine process and a tiny model, and what happens when it fails, dies or is cancelled."""
from __future__ import annotations

import functools
import os
import signal
import time

import bpy
import numpy as np
import pytest

DEADLINE = 240.0  # seconds: torch alone takes ten to load on a busy machine


@pytest.fixture
def quick(part, protocol, monkeypatch, settings, tiny_model):
    """Two outer steps of a tiny model at the smallest size."""
    sampling = protocol("params").SamplingParams(outer_steps=2, ode_steps=2, warmup=1, blend_steps=0)
    monkeypatch.setattr(part("tasks"), "Job", functools.partial(protocol("job").Job, sampling=sampling))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings.model = str(tiny_model)
    settings.prompt_texture, settings.prompt_panorama = "red brick", "a forest"
    settings.texture_size, settings.panorama_width = 64, 256
    return settings


@pytest.fixture
def engine_of(monkeypatch, tmp_path):
    """engine_of(shell lines) -> that script takes the place of the engine's Python."""
    def replace(lines):
        script = tmp_path / "python"
        script.write_text(f"#!/bin/sh\n{lines}\n")
        script.chmod(0o755)
        monkeypatch.setenv("STOCHSYNC_ENGINE_PYTHON", str(script))
    return replace


@pytest.fixture
def pump(part):
    return part("pump").current()


def until(pump, condition):
    """Tick, as the timer would, until `condition` holds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"still {pump.headline!r}, problem {pump.problem}"
        pump.tick()
        time.sleep(0.01)


def snapshot() -> dict:
    """What must not change when nothing was made."""
    cube = bpy.data.objects["Cube"]
    return {"images": len(bpy.data.images), "materials": len(bpy.data.materials), "worlds": len(bpy.data.worlds),
            "uv": [one.name for one in cube.data.uv_layers], "mode": cube.mode, "world": bpy.context.scene.world.name,
            "selected": [one.name for one in bpy.context.selected_objects], "meshes": len(bpy.data.meshes)}


def test_both_jobs_end_to_end(quick, pump):
    cube = bpy.data.objects["Cube"]
    cube.data.uv_layers.remove(cube.data.uv_layers[0])
    assert bpy.ops.stochsync.generate_texture() == {"FINISHED"}
    image = cube.active_material.node_tree.nodes.active.image
    assert tuple(image.size) == (64, 64) and image.packed_file is not None
    assert np.array(image.pixels).reshape(64, 64, 4)[..., :3].std() > 0.01
    assert [one.name for one in cube.data.uv_layers] == ["StochSync UV"] and not pump.busy and pump.problem is None
    pid = pump._client.pid

    assert bpy.ops.stochsync.generate_panorama() == {"FINISHED"}
    assert pump._client.pid == pid, "the second job should find the engine warm"
    world = bpy.context.scene.world
    picture = next(node for node in world.node_tree.nodes if node.bl_idname == "ShaderNodeTexEnvironment")
    assert tuple(picture.image.size) == (256, 128) and picture.image.packed_file is not None


def test_two_meshes_one_texture_each(quick, pump):
    other = bpy.data.objects.new("Other", bpy.data.objects["Cube"].data.copy())
    bpy.context.collection.objects.link(other)
    other.select_set(True)
    assert bpy.ops.stochsync.generate_texture() == {"FINISHED"}
    images = {one.active_material.node_tree.nodes.active.image for one in (other, bpy.data.objects["Cube"])}
    assert {image.name for image in images} == {"StochSync Cube", "StochSync Other"}


def test_an_engine_killed_in_mid_job(quick, pump, part, protocol):
    before = snapshot()
    submit_texture(part, quick)
    until(pump, lambda: pump.state.fraction > 0.05)
    os.kill(pump._client.pid, signal.SIGKILL)
    until(pump, lambda: not pump.busy)
    assert "killed" in pump.problem.error.text and pump.problem.error.fix == "restart_engine"
    assert snapshot() == before
    bpy.ops.stochsync.fix(code="restart_engine")
    assert bpy.ops.stochsync.generate_panorama() == {"FINISHED"}  # the next job is unharmed


def submit_texture(part, settings):
    """What the button does with a window: start and return."""
    engine, jobs = part("preferences").engine_params(), part("preferences").root_folder() / "jobs"
    cube = bpy.data.objects["Cube"]
    part("pump").current().submit([part("tasks").prepare_texture(bpy.context, cube, part("properties").texture_params(settings),
                                                                 engine, jobs)])


def test_cancel_frees_the_panel_at_once(quick, pump, part):
    before = snapshot()
    submit_texture(part, quick)
    until(pump, lambda: pump.state.fraction > 0.05)
    assert bpy.ops.stochsync.cancel() == {"FINISHED"}
    pump.tick()
    assert not pump.busy and pump.problem is None and snapshot() == before
    assert not bpy.ops.stochsync.cancel.poll()
    assert bpy.ops.stochsync.generate_panorama() == {"FINISHED"}


def test_cancel_also_forgets_what_waits(quick, pump, part):
    submit_texture(part, quick)
    pump.queue.append(pump.task)
    pump.cancel()
    pump.tick()
    assert not pump.busy and not pump.queue


def test_a_second_job_is_refused_while_one_runs(quick, pump, part):
    submit_texture(part, quick)
    with pytest.raises(RuntimeError, match="at work already"):
        bpy.ops.stochsync.generate_panorama()
    assert pump.task is not None
    pump.cancel()
    pump.tick()


def one_error(operator, words: str, pump, fix: str | None = None) -> None:
    """`operator` raises one error that says `words`; the scene is as it was, and the panel says the same."""
    before = snapshot()
    with pytest.raises(RuntimeError, match=words):
        operator()
    assert pump.problem.error.text and not pump.busy and not pump.queue and snapshot() == before
    if fix is not None:
        assert pump.problem.error.fix == fix


def test_no_engine(settings, pump, monkeypatch, tmp_path):
    settings.prompt_texture = "x"
    monkeypatch.setenv("STOCHSYNC_ENGINE_PYTHON", str(tmp_path / "absent"))
    one_error(bpy.ops.stochsync.generate_texture, "not installed", pump, "install_engine")


def test_an_empty_prompt(settings, pump, engine_of):
    engine_of("exit 0")
    one_error(bpy.ops.stochsync.generate_texture, "prompt is empty", pump)
    one_error(bpy.ops.stochsync.generate_panorama, "prompt is empty", pump)


def test_nothing_selected(settings, pump, engine_of):
    engine_of("exit 0")
    settings.prompt_texture = "x"
    bpy.data.objects["Cube"].select_set(False)
    one_error(bpy.ops.stochsync.generate_texture, "Nothing is selected", pump, "select_mesh")


@pytest.mark.parametrize("lines, words", [("echo torn apart >&2; exit 3", "torn apart"), ("kill -9 $$", "killed"),
                                          ("exec cat /dev/null", "ended")])
def test_a_broken_engine(settings, pump, engine_of, lines, words):
    engine_of(lines)
    settings.prompt_texture = "x"
    one_error(bpy.ops.stochsync.generate_texture, words, pump, "install_engine")


def test_a_model_that_is_not_there(quick, pump, tmp_path):
    quick.model = str(tmp_path / "no model")
    one_error(bpy.ops.stochsync.generate_panorama, "no model", pump, "choose_model")


def test_modes_survive_a_failure(settings, pump, engine_of):
    engine_of("exit 3")
    settings.prompt_texture = "x"
    bpy.ops.object.mode_set(mode="EDIT")
    one_error(bpy.ops.stochsync.generate_texture, "ended", pump)
    assert bpy.data.objects["Cube"].mode == "EDIT"


def test_a_result_that_no_longer_fits_is_one_error(quick, pump, part):
    submit_texture(part, quick)
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    until(pump, lambda: not pump.busy)
    assert "deleted meanwhile" in pump.problem.error.text


def test_switching_off_ends_the_engine(quick, pump, part):
    import addon_utils

    submit_texture(part, quick)
    until(pump, lambda: pump.state.fraction > 0)
    pid = pump._client.pid
    addon_utils.disable("bl_ext.user_default.stochsync")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_tick_never_holds_blender_up(quick, pump, part):
    """All ticks but the one that puts the picture into the scene take less than 50 ms."""
    submit_texture(part, quick)
    slow, end = [], time.monotonic() + DEADLINE
    while pump.busy and time.monotonic() < end:
        start = time.thread_time()  # of this thread alone: other processes on the machine do not count
        pump.tick()
        if pump.busy:
            slow.append(time.thread_time() - start)
        time.sleep(0.01)
    assert pump.problem is None and max(slow) < 0.05
