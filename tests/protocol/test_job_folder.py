"""A job folder: what is written comes back; what is missing, half-written, damaged or unknown is refused, in one sentence."""

from __future__ import annotations

import errno
import json
import os
import random
from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from engine.protocol.errors import DiskFull, EngineError, InvalidJob, InvalidMesh, InvalidParameter
from engine.protocol.files import sweep, write_atomically, write_json
from engine.protocol.job import Job, Mesh, load_job, load_mesh, save_job
from engine.protocol.kinds import KINDS, PanoramaParams, TextureParams
from engine.protocol.params import PRESETS, EngineParams, SamplingParams, from_dict

PANORAMA = Job(kind="panorama", params=PanoramaParams(prompt='日本 "quoted" ä'), sampling=SamplingParams(), created="then")
TEXTURE = Job(kind="texture", params=TextureParams(prompt="brick", seed=3), engine=EngineParams(device="cpu"), created="then")


@pytest.fixture
def mesh() -> Mesh:
    return Mesh(vertices=np.eye(3, dtype=np.float32), faces=np.array([[0, 1, 2]], np.int32), uv=np.zeros((1, 3, 2), np.float32))


def test_jobs_come_back_as_they_were(tmp_path, mesh):
    assert load_job(save_job(tmp_path / "a b ä", PANORAMA)) == PANORAMA
    folder = save_job(tmp_path / "t", TEXTURE, mesh)
    assert load_job(folder) == TEXTURE
    again = load_mesh(folder)
    assert all(np.array_equal(getattr(again, f.name), getattr(mesh, f.name)) for f in fields(Mesh))
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    "change",
    [
        {"colour": 1},
        {"params": {"prompt": "x", "colour": 1}},
        {"params": {"prompt": 3}},
        {"params": {"prompt": " "}},
        {"params": []},
        {"params": {"prompt": "lone \ud800"}},
        {"params": {"prompt": "x" * 2001}},
        {"params": {"prompt": "x", "seed": -1}},
        {"params": {"prompt": "x", "seed": True}},
        {"params": {"prompt": "x", "width": 1000}},
        {"params": {"prompt": "x", "width": 2048.0}},
        {"kind": "cube"},
        {"kind": []},
        {"kind": None},
        {"format": 2},
        {"format": None},
        {"engine": {"device": "abacus"}},
        {"sampling": {"guidance": float("nan")}},
        {"sampling": {"guidance": 10**400}},
        {"sampling": {"t_stop": 950}},
        {"sampling": {"max_stochasticity": False}},
        {"sampling": {"views": "sideways"}},
        {"sampling": {"coarse_steps": 4, "max_stochasticity": False, "non_overlapping": False}},
        {"sampling": {"view_resolution": 256, "coarse_resolution": 512}},
        {"params": {"prompt": "x", "words_up": "lone \ud800"}},
        {"sampling": []},
        {"versions": []},
        {"versions": {"a": 1}},
        {"created": 3},
    ],
    ids=str,
)
def test_bad_values_are_refused(tmp_path, change):
    folder = save_job(tmp_path / "job", PANORAMA)
    data = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps(data | change))
    with pytest.raises((InvalidJob, InvalidParameter)) as caught:
        load_job(folder)
    assert "\n" not in str(caught.value)


def test_damaged_job_files_are_refused_and_nothing_worse(tmp_path):
    folder = save_job(tmp_path / "job", PANORAMA)
    path, draw = folder / "job.json", random.Random(0)
    whole = path.read_bytes()
    damaged = [whole[:n] for n in range(0, len(whole) - 2, 7)] + [
        b"",
        b"null",
        b"[" * 50000,
        b"9" * 6000,
        b"\xff" * 10,
        b" " * (1 << 21),
    ]
    for _ in range(100):
        noisy = bytearray(whole)
        noisy[draw.randrange(len(noisy))] = draw.randrange(256)
        damaged.append(bytes(noisy))
    refused = 0
    for content in damaged:
        path.write_bytes(content)
        try:
            load_job(folder)
        except (InvalidJob, InvalidParameter):
            refused += 1
    assert refused > 60  # the rest changed a letter of the prompt or a digit
    path.unlink()
    path.mkdir()
    with pytest.raises(InvalidJob):
        load_job(folder)
    with pytest.raises(InvalidJob, match="missing"):
        load_job(tmp_path / "nowhere")


def test_damaged_meshes_are_refused_and_nothing_worse(tmp_path, mesh):
    folder = save_job(tmp_path / "job", TEXTURE, mesh)
    path, draw = folder / "mesh.npz", random.Random(0)
    whole = path.read_bytes()
    for content in [whole[:n] for n in range(0, len(whole), 97)] + [b"", b"PK", os.urandom(500)]:
        path.write_bytes(content)
        with pytest.raises(InvalidMesh):
            load_mesh(folder)
    for _ in range(100):
        noisy = bytearray(whole)
        for _ in range(4):
            noisy[draw.randrange(len(noisy))] = draw.randrange(256)
        path.write_bytes(noisy)
        try:
            load_mesh(folder)
        except EngineError:
            pass
    with open(path, "wb") as handle:
        np.save(handle, np.zeros(3))  # an array, not an archive
    with pytest.raises(InvalidMesh):
        load_mesh(folder)
    path.unlink()
    with pytest.raises(InvalidMesh, match="no mesh.npz"):
        load_mesh(folder)


def test_a_vertex_without_a_place_that_no_face_uses_does_no_harm(mesh, tmp_path):
    vertices = np.concatenate([mesh.vertices, np.full((1, 3), np.nan, np.float32)])
    folder = save_job(tmp_path / "t", TEXTURE, replace(mesh, vertices=vertices))
    assert np.isnan(load_mesh(folder).vertices[3]).all()


@pytest.mark.parametrize(
    "change, fix",
    [
        ({"faces": np.zeros((0, 3), np.int32)}, "select_mesh"),
        ({"vertices": np.full((3, 3), np.nan, np.float32)}, "select_mesh"),
        ({"uv": np.full((1, 3, 2), np.inf, np.float32)}, "unwrap"),
        ({"uv": np.zeros((2, 3, 2), np.float32)}, "unwrap"),
    ],
)
def test_the_fix_suits_the_fault(mesh, change, fix):
    """A button that unwraps does not help against vertices that are no numbers."""
    with pytest.raises(InvalidMesh) as caught:
        replace(mesh, **change)
    assert caught.value.fix == fix


@pytest.mark.parametrize(
    "change",
    [
        {"faces": np.zeros((0, 3), np.int32)},
        {"faces": np.array([[0, 1, 3]], np.int32)},
        {"faces": np.array([[0, 1, -1]], np.int32)},
        {"faces": np.zeros((1, 3), np.float32)},
        {"vertices": np.full((3, 3), np.nan, np.float32)},
        {"vertices": np.zeros((3, 2), np.float32)},
        {"vertices": np.array([["a"] * 3] * 3)},
        {"vertices": np.float32(1)},
        {"uv": np.zeros((2, 3, 2), np.float32)},
        {"uv": np.full((1, 3, 2), np.inf, np.float32)},
        {"occluder_vertices": np.full((1, 3), np.nan, np.float32)},
        {"occluder_faces": np.array([[0, 0, 0]], np.int32)},
    ],
    ids=lambda change: next(f"{name} {value.dtype} {value.shape}" for name, value in change.items()),
)
def test_impossible_meshes_are_refused(mesh, change):
    with pytest.raises(InvalidMesh):
        replace(mesh, **change)


def test_a_job_without_what_its_kind_needs_is_refused(tmp_path, mesh):
    for job, given in ((TEXTURE, None), (PANORAMA, mesh)):
        with pytest.raises(InvalidJob):
            save_job(tmp_path / "job", job, given)
    with pytest.raises(InvalidJob):
        Job(kind="panorama", params=TEXTURE.params)
    assert not (tmp_path / "job").exists()


def test_atomic_write_keeps_the_old_file_when_the_new_one_fails(tmp_path):
    path = tmp_path / "result.png"
    path.write_bytes(b"old")

    def half(temporary):
        temporary.write_bytes(b"ha")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull, match="result.png"):
        write_atomically(path, half)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
    write_json(path, {"ä": 1})
    assert json.loads(path.read_bytes().decode()) == {"ä": 1}


def test_sweep_takes_only_what_that_process_left(tmp_path):
    names = (".result.41.png", ".report.41.json", ".result.42.png", "result.41.png", "job.json")
    for name in names:
        (tmp_path / name).write_bytes(b"")
    sweep(tmp_path, 41)
    assert {path.name for path in tmp_path.iterdir()} == set(names[2:])
    sweep(tmp_path / "nowhere", 41)


def test_parameters_round_trip_and_every_default_is_allowed():
    for owner in (SamplingParams(), PanoramaParams(prompt="x"), TextureParams(prompt="x"), EngineParams()):
        assert from_dict(type(owner), json.loads(json.dumps(asdict(owner)))) == owner
        for f in fields(owner):
            assert f.metadata["label"] and f.metadata["tip"], f"{f.name} has nothing to show in the panel"
    for kind in KINDS.values():
        assert from_dict(kind.params, asdict(kind.params(prompt="x"))) == kind.params(prompt="x")
        assert kind.tuned_as in KINDS and set(kind.own_suffixes.values()) <= {f.name for f in fields(kind.params)}
        for preset in PRESETS[1:]:
            assert isinstance(kind.preset_sampling(preset), SamplingParams)
