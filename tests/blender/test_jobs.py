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
    monkeypatch.setattr(part("pending_job"), "Job", functools.partial(protocol("job").Job, sampling=sampling))
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
def session(part):
    return part("session").current()


def until(session, condition):
    """Tick, as the timer would, until `condition` holds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"still {session.headline!r}, problem {session.problem}"
        session.tick()
        time.sleep(0.01)


def snapshot() -> dict:
    """What must not change when nothing was made."""
    cube = bpy.data.objects["Cube"]
    return {
        "images": len(bpy.data.images),
        "materials": len(bpy.data.materials),
        "worlds": len(bpy.data.worlds),
        "uv": [one.name for one in cube.data.uv_layers],
        "mode": cube.mode,
        "world": bpy.context.scene.world.name,
        "selected": [one.name for one in bpy.context.selected_objects],
        "meshes": len(bpy.data.meshes),
    }


def test_both_jobs_end_to_end(quick, session):
    cube = bpy.data.objects["Cube"]
    cube.data.uv_layers.remove(cube.data.uv_layers[0])
    assert bpy.ops.stochsync.generate_texture() == {"FINISHED"}
    image = cube.active_material.node_tree.nodes.active.image
    assert tuple(image.size) == (64, 64) and image.packed_file is not None
    assert np.array(image.pixels).reshape(64, 64, 4)[..., :3].std() > 0.01
    assert [one.name for one in cube.data.uv_layers] == ["StochSync UV"] and not session.busy and session.problem is None
    pid = session._client.pid

    assert bpy.ops.stochsync.generate_panorama() == {"FINISHED"}
    assert session._client.pid == pid, "the second job should find the engine warm"
    world = bpy.context.scene.world
    picture = next(node for node in world.node_tree.nodes if node.bl_idname == "ShaderNodeTexEnvironment")
    assert tuple(picture.image.size) == (256, 128) and picture.image.packed_file is not None


def test_two_meshes_one_texture_each(quick, session):
    other = bpy.data.objects.new("Other", bpy.data.objects["Cube"].data.copy())
    bpy.context.collection.objects.link(other)
    other.select_set(True)
    assert bpy.ops.stochsync.generate_texture() == {"FINISHED"}
    images = {one.active_material.node_tree.nodes.active.image for one in (other, bpy.data.objects["Cube"])}
    assert {image.name for image in images} == {"StochSync Cube", "StochSync Other"}


def test_an_engine_killed_in_mid_job(quick, session, part, protocol):
    before = snapshot()
    submit_texture(part, quick)
    until(session, lambda: session.state.fraction > 0.05)
    os.kill(session._client.pid, signal.SIGKILL)
    until(session, lambda: not session.busy)
    assert "killed" in session.problem.error.text and session.problem.error.fix == "restart_engine"
    assert snapshot() == before
    bpy.ops.stochsync.fix(code="restart_engine")
    assert bpy.ops.stochsync.generate_panorama() == {"FINISHED"}  # the next job is unharmed


def submit_texture(part, settings):
    """What the button does with a window: start and return."""
    engine, jobs = part("ui.preferences").engine_params(), part("ui.preferences").root_folder() / "jobs"
    cube = bpy.data.objects["Cube"]
    params = part("ui.properties").params_of("texture", settings)
    part("session").current().submit([part("pending_job").prepare_texture(bpy.context, cube.name, params, engine, jobs)])


def test_cancel_frees_the_panel_at_once(quick, session, part):
    before = snapshot()
    submit_texture(part, quick)
    until(session, lambda: session.state.fraction > 0.05)
    assert bpy.ops.stochsync.cancel() == {"FINISHED"}
    session.tick()
    assert not session.busy and session.problem is None and snapshot() == before
    assert not bpy.ops.stochsync.cancel.poll()
    assert bpy.ops.stochsync.generate_panorama() == {"FINISHED"}


def test_cancel_also_forgets_what_waits(quick, session, part):
    submit_texture(part, quick)
    session.queue.append(session.job)
    session.cancel()
    session.tick()
    assert not session.busy and not session.queue


def test_a_second_job_is_refused_while_one_runs(quick, session, part):
    submit_texture(part, quick)
    with pytest.raises(RuntimeError, match="at work already"):
        bpy.ops.stochsync.generate_panorama()
    assert session.job is not None
    session.cancel()
    session.tick()


def one_error(operator, words: str, session, fix: str | None = None) -> None:
    """`operator` raises one error that says `words`; the scene is as it was, and the panel says the same."""
    before = snapshot()
    with pytest.raises(RuntimeError, match=words):
        operator()
    assert session.problem.error.text and not session.busy and not session.queue and snapshot() == before
    if fix is not None:
        assert session.problem.error.fix == fix


def test_no_engine(settings, session, monkeypatch, tmp_path):
    settings.prompt_texture = "x"
    monkeypatch.setenv("STOCHSYNC_ENGINE_PYTHON", str(tmp_path / "absent"))
    one_error(bpy.ops.stochsync.generate_texture, "not installed", session, "install_engine")


def test_an_empty_prompt(settings, session, engine_of):
    engine_of("exit 0")
    one_error(bpy.ops.stochsync.generate_texture, "prompt is empty", session)
    one_error(bpy.ops.stochsync.generate_panorama, "prompt is empty", session)


def test_nothing_selected(settings, session, engine_of):
    engine_of("exit 0")
    settings.prompt_texture = "x"
    bpy.data.objects["Cube"].select_set(False)
    one_error(bpy.ops.stochsync.generate_texture, "Nothing is selected", session, "select_mesh")


@pytest.mark.parametrize(
    "lines, words", [("echo torn apart >&2; exit 3", "torn apart"), ("kill -9 $$", "killed"), ("exec cat /dev/null", "ended")]
)
def test_a_broken_engine(settings, session, engine_of, lines, words):
    engine_of(lines)
    settings.prompt_texture = "x"
    one_error(bpy.ops.stochsync.generate_texture, words, session, "install_engine")


def test_a_model_that_is_not_there(quick, session, tmp_path):
    quick.model = str(tmp_path / "no model")
    one_error(bpy.ops.stochsync.generate_panorama, "no model", session, "choose_model")


def test_modes_survive_a_failure(settings, session, engine_of):
    engine_of("exit 3")
    settings.prompt_texture = "x"
    bpy.ops.object.mode_set(mode="EDIT")
    one_error(bpy.ops.stochsync.generate_texture, "ended", session)
    assert bpy.data.objects["Cube"].mode == "EDIT"


def test_a_result_that_no_longer_fits_is_one_error(quick, session, part):
    submit_texture(part, quick)
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    until(session, lambda: not session.busy)
    assert "deleted meanwhile" in session.problem.error.text


def test_switching_off_ends_the_engine(quick, session, part):
    import addon_utils

    submit_texture(part, quick)
    until(session, lambda: session.state.fraction > 0)
    pid = session._client.pid
    addon_utils.disable("bl_ext.user_default.stochsync")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_tick_never_holds_blender_up(quick, session, part):
    """All ticks but the one that puts the picture into the scene take less than 50 ms."""
    submit_texture(part, quick)
    slow, end = [], time.monotonic() + DEADLINE
    while session.busy and time.monotonic() < end:
        start = time.thread_time()  # of this thread alone: other processes on the machine do not count
        session.tick()
        if session.busy:
            slow.append(time.thread_time() - start)
        time.sleep(0.01)
    assert session.problem is None and max(slow) < 0.05
