"""Both jobs, the whole way, with a tiny real checkpoint: what lies in the job folder afterwards, and what does not."""

from __future__ import annotations

import json
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image
from tiny_checkpoint import make_tiny_checkpoint

from engine.canonical import Request, SpaceCache
from engine.command_line import main
from engine.io.mesh_files import unwrap
from engine.models.catalog import BUILTIN_FOLDER, entry_for
from engine.models.families.sd import StableDiffusionCodec, load_checkpoint
from engine.models.load import FAMILIES, ModelCache
from engine.models.vocabulary import Vocabulary, load_vocabulary, unknown_words
from engine.prompts import in_own_words, negative_for, prompts_of
from engine.protocol.errors import BadResult, InvalidJob, InvalidMesh, InvalidParameter, ModelUnavailable
from engine.protocol.job import Job, save_job
from engine.protocol.kinds import KINDS, PanoramaParams, TextureParams
from engine.protocol.messages import Notice, Phase, Preview, Progress, Result
from engine.protocol.params import BUILTIN_MODEL, PRESETS, SamplingParams
from engine.sampling.plan import plan
from engine.sampling.schedule import Schedule, scaled_linear_alpha_bar
from engine.spaces.equirect import EquirectSpace
from engine.spaces.views import mesh_views, panorama_views
from engine.tasks import run_job

BRIEF = SamplingParams(outer_steps=3, warmup=1, blend_steps=1, ode_steps=3, t_stop=500)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(make_tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "môdel", "v_prediction"))


@pytest.fixture
def panorama(model) -> Job:
    return Job(kind="panorama", params=PanoramaParams(prompt="a meadow", model=model, width=256), sampling=BRIEF)


@pytest.fixture
def texture(model) -> Job:
    return Job(kind="texture", params=TextureParams(prompt="a brick", model=model, size=128), sampling=BRIEF)


def sphere():
    ball = trimesh.creation.icosphere(subdivisions=2)
    return unwrap(np.asarray(ball.vertices, np.float32), np.asarray(ball.faces, np.int32))


WARM = ModelCache()  # one load for all tests of this file


def run(folder: Path, cache: ModelCache = WARM) -> list:
    return list(run_job(folder, cache, SpaceCache()))


def test_a_panorama_job_leaves_all_it_promises(panorama, tmp_path):
    folder = save_job(tmp_path / "jöb 1", panorama)
    messages = run(folder)
    assert isinstance(messages[-1], Result) and messages[-1].path == str((folder / "result.png").resolve())
    assert sum(isinstance(m, Preview) for m in messages) == 2  # of three passes: the second and the last
    assert {p.name for p in folder.iterdir()} == {"job.json", "result.png", "preview.jpg", "report.json"}
    with Image.open(folder / "result.png") as picture:
        assert picture.size == (256, 128)
        assert np.asarray(picture).std() > 1
    report = json.loads((folder / "report.json").read_bytes())
    assert report["coverage"] == 1.0 and report["sampling"]["outer_steps"] == 3 and report["versions"]["torch"]


def test_a_texture_job_covers_the_mesh(texture, tmp_path):
    every_set = replace(BRIEF, outer_steps=5)
    folder = save_job(tmp_path / "job", replace(texture, sampling=every_set), sphere())
    assert isinstance(run(folder)[-1], Result)
    report = json.loads((folder / "report.json").read_bytes())
    assert report["coverage"] > 0.99  # a convex body, seen from all around, from above and from below
    with Image.open(folder / "result.png") as picture:
        assert picture.size == (128, 128) and np.asarray(picture).std() > 1


def test_progress_counts_the_forwards_that_were_planned(panorama, tmp_path):
    messages = run(save_job(tmp_path / "job", panorama))
    steps = [m for m in messages if isinstance(m, Progress) and m.phase is Phase.GENERATING]
    report = json.loads((tmp_path / "job" / "report.json").read_bytes())
    assert steps[-1].step == steps[-1].total == report["nfe"] == report["planned_nfe"]
    assert report["nfe"] == sum(stage["nfe"] for stage in report["stages"])
    assert all(a.step <= b.step for a, b in zip(steps, steps[1:], strict=False))
    assert all(m.eta >= 0 for m in steps)


def test_the_same_job_gives_the_same_bytes_and_another_seed_others(panorama, tmp_path):
    twin = replace(panorama, params=replace(panorama.params, seed=1))
    for name, job in (("a", panorama), ("b", panorama), ("c", twin)):
        run(save_job(tmp_path / name, job))
    a, b, c = ((tmp_path / name / "result.png").read_bytes() for name in "abc")
    assert a == b and a != c


def test_coarse_steps_are_smaller_and_the_rest_is_at_full_size(panorama, tmp_path):
    sampling = replace(BRIEF, outer_steps=6, coarse_steps=4, t_stop=300)
    messages = run(save_job(tmp_path / "job", replace(panorama, sampling=sampling)))
    steps = [m for m in messages if isinstance(m, Progress) and m.phase is Phase.GENERATING]
    assert steps[-1].step == steps[-1].total and sum(isinstance(m, Preview) for m in messages) == 3
    report = json.loads((tmp_path / "job" / "report.json").read_bytes())
    assert report["nfe"] == report["planned_nfe"] > steps[-1].total  # half the size is a quarter of the work
    assert [(stage["view_resolution"], stage["steps"]) for stage in report["stages"]] == [(32, 4), (64, 2)]
    with pytest.raises(InvalidParameter, match="coarse_steps = 6"):
        replace(sampling, coarse_steps=6)
    with pytest.raises(InvalidParameter, match="view sets"):
        run(save_job(tmp_path / "few", replace(panorama, sampling=replace(BRIEF, coarse_steps=2, blend_steps=0))))


def test_the_papers_views_are_completed_by_ours_and_the_report_says_so(panorama, tmp_path):
    """The band alone leaves more than two fifths of the sphere unseen."""
    sampling = replace(BRIEF, views="paper", fill_steps=2)
    report_of = tmp_path / "job" / "report.json"
    run(save_job(tmp_path / "job", replace(panorama, sampling=sampling)))
    report = json.loads(report_of.read_bytes())
    assert [(stage["purpose"], stage["steps"]) for stage in report["stages"]] == [("synchronize", 3), ("fill", 2)]
    assert report["stages"][0]["views"] == 15
    assert 0.55 < report["coverage_before_fill"] < 0.6 and report["coverage"] == 1.0


def test_views_of_another_size_are_a_parameter(panorama, tmp_path):
    run(save_job(tmp_path / "job", replace(panorama, sampling=replace(BRIEF, view_resolution=128))))
    assert json.loads((tmp_path / "job" / "report.json").read_bytes())["stages"][0]["view_resolution"] == 128


def test_a_canvas_far_finer_than_its_views_is_warned_of(panorama, tmp_path):
    """Views of 64 pixels fill a few hundred texels around; the warning names a size that they can fill."""
    large = replace(panorama, params=replace(panorama.params, width=1024))
    result = run(save_job(tmp_path / "large", large))[-1]
    (notice,) = [one for one in result.notices if one.code == "size_beyond_views"]
    assert (notice.facts["view_resolution"], notice.facts["size"]) == (64, 1024) and 64 <= notice.facts["filled"] < 512
    small = replace(panorama, params=replace(panorama.params, width=256))
    assert not [one for one in run(save_job(tmp_path / "small", small))[-1].notices if one.code == "size_beyond_views"]


def test_geometry_is_kept_for_the_next_job_on_the_same_canvas(panorama, texture, tmp_path):
    spaces, mesh = SpaceCache(), sphere()
    sampling = BRIEF

    def space_of(name: str, job: Job, shape=None):
        folder = save_job(tmp_path / name, job, shape)
        return spaces.get(
            Request(job=job, folder=folder, views=sampling.views, view_resolution=64, device=torch.device("cpu"), depth_floor=0.0)
        )

    first = space_of("a", texture, mesh)
    assert space_of("b", replace(texture, params=replace(texture.params, prompt="another", seed=9)), mesh) is first
    first.at(32)  # the sizes of a space hold each other
    moved = space_of("c", texture, replace(mesh, vertices=mesh.vertices * [1, 1, 2]))
    assert moved is not first
    gone = weakref.ref(first)
    del first
    assert space_of("c2", panorama) is not moved
    assert gone() is None, "half a gigabyte per mesh would stay in memory"
    other = space_of("d", panorama)
    assert space_of("e", panorama) is other
    assert space_of("f", replace(panorama, params=replace(panorama.params, width=512))) is not other


def test_closing_the_generator_cancels_and_leaves_no_result(panorama, tmp_path):
    folder = save_job(tmp_path / "job", panorama)
    messages = run_job(folder, ModelCache(), SpaceCache())
    for message in messages:
        if isinstance(message, Progress) and message.phase is Phase.GENERATING:
            break
    messages.close()
    assert {p.name for p in folder.iterdir()} == {"job.json"}


def test_a_model_that_gives_nan_is_an_error_and_no_file(panorama, tmp_path, monkeypatch):
    decode = StableDiffusionCodec.decode
    monkeypatch.setattr(StableDiffusionCodec, "decode", lambda self, x: decode(self, x) * float("nan"))
    with pytest.raises(BadResult):
        run(save_job(tmp_path / "job", panorama))
    assert not (tmp_path / "job" / "result.png").exists()


@pytest.mark.parametrize(
    "sound,dtype",
    [
        (lambda checkpoint: checkpoint.vae.dtype == torch.float32, "bfloat16"),
        (lambda checkpoint: checkpoint.dtype == torch.float32, "float32"),
    ],
    ids=["the decoder was broken", "all was broken"],
)
def test_a_broken_half_precision_result_is_made_again_in_full(panorama, tmp_path, monkeypatch, sound, dtype):
    """No card with broken fp16 can be had here: bfloat16 stands for half precision, and its decoder is made to fail."""
    decode, models = StableDiffusionCodec.decode, ModelCache()
    loaded = []
    monkeypatch.setitem(
        FAMILIES, "sd", lambda *folders, **options: loaded.append(load_checkpoint(*folders, **options)) or loaded[0]
    )
    monkeypatch.setattr(
        StableDiffusionCodec, "decode", lambda self, x: decode(self, x) * (1.0 if sound(loaded[0]) else float("nan"))
    )
    folder = save_job(tmp_path / "job", replace(panorama, engine=replace(panorama.engine, precision="bfloat16")))
    result = list(run_job(folder, models, SpaceCache()))[-1]
    told = [notice for notice in result.notices if "full precision" in notice.text]
    assert [notice.code == "decoder_raised" for notice in told] == ([True] if dtype == "bfloat16" else [True, False])
    assert json.loads((folder / "report.json").read_bytes())["dtype"] == dtype


def test_what_cannot_be_done_is_said(panorama, texture, tmp_path):
    with pytest.raises(InvalidJob, match="no job"):
        run(tmp_path)
    with pytest.raises(ModelUnavailable, match="nowhere"):
        run(save_job(tmp_path / "a", replace(panorama, params=replace(panorama.params, model="nowhere"))))
    mesh = sphere()
    with pytest.raises(InvalidMesh):
        run(save_job(tmp_path / "b", texture, replace(mesh, uv=np.zeros_like(mesh.uv))))


def test_presets_follow_the_paper_and_auto_the_catalogue(panorama):
    def of(preset: str, kind: str = "panorama") -> SamplingParams:
        return entry_for(BUILTIN_MODEL).sampling(KINDS[kind], preset)

    paper = of("paper")
    assert (paper.t_start, paper.t_stop, paper.outer_steps, paper.ode_steps) == (900, 270, 25, 50)
    assert paper.views == "paper" and (paper.warmup, paper.blend_steps) == (1, 2)
    assert of("paper", "texture").t_start == 999  # the last of a thousand timesteps
    assert (of("fast").t_stop, of("fast").outer_steps) == (700, 8)
    assert of("turbo").solver == "dpmpp" and of("turbo").outer_steps == 8
    assert of("auto") == of(PanoramaParams(prompt="x").preset)


@pytest.mark.parametrize("preset, nfe", [("paper", 7790), ("fast", 3230 + 40 - 40), ("turbo", 1280 + 10)])
def test_presets_after_the_paper_cost_what_the_paper_says_and_what_fills_costs_is_apart(preset, nfe):
    """Appendices B and E by arithmetic: five views and guidance. The first solve of "fast" starts at t = 999 instead of 900 (49
    calls for 45), and its border step at 640 instead of 725 (32 for 36); that of "turbo" at 999 too (one call more)."""
    sampling = KINDS["panorama"].preset_sampling(preset)
    views = panorama_views("paper")
    space = EquirectSpace(256, 64, view_sets=views.view_sets, fill_sets=views.fill_sets)
    steps = plan(sampling, space, Schedule.variance_preserving(scaled_linear_alpha_bar()))
    main = sum(steps.nfe_of(step) for step in steps.steps if not step.fill)
    assert main == nfe
    assert [view.fov for step in steps.steps if not step.fill for view in step.views] == [72.0] * 5 * sampling.outer_steps
    assert len(steps.steps) - steps.main_steps == 4


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("model", [BUILTIN_MODEL, "sd15", "sd21-base"])
def test_every_texture_preset_has_three_rounds_of_all_view_sets(preset, model):
    """With fewer, most views are drawn once, after a warm-up in which none knows of the others."""
    sampling = entry_for(model).sampling(KINDS["texture"], preset)
    rounds = sampling.outer_steps / len(mesh_views(sampling.views).view_sets)
    assert sampling.warmup == 1 and sampling.outer_steps >= 15 and rounds >= 3
    assert sampling.outer_steps - sampling.coarse_steps >= len(mesh_views(sampling.views).view_sets)


def test_words_a_small_model_does_not_know_leave_the_negative_prompt(panorama):
    small = Vocabulary(frozenset({"snow", "red"}))

    def negative(text: str) -> tuple[str, tuple[Notice, ...]]:
        return negative_for(replace(panorama, params=replace(panorama.params, negative_prompt=text)), small)

    assert negative("red, blurry, snow") == ("red, snow", (Notice("negative_shortened", kept="red, snow", words="blurry"),))
    assert negative(PanoramaParams(prompt="x").negative_prompt) == ("", ())
    assert negative("red") == ("red", ())


def test_the_command_line_does_jobs_of_every_kind_and_redoes_one(model, tmp_path, capsys):
    brief = [
        "--model",
        model,
        "--outer-steps",
        "2",
        "--coarse-steps",
        "0",
        "--ode-steps",
        "2",
        "--blend-steps",
        "0",
        "--warmup",
        "1",
    ]
    assert main(["panorama", "--prompt", "sea", "--width", "256", "--out", str(tmp_path / "p"), *brief]) == 0
    before = (tmp_path / "p" / "result.png").read_bytes()
    assert main(["run", str(tmp_path / "p")]) == 0
    assert (tmp_path / "p" / "result.png").read_bytes() == before
    trimesh.creation.box().export(tmp_path / "box.ply")
    box, out = str(tmp_path / "box.ply"), str(tmp_path / "t")
    assert main(["texture", box, "--prompt", "oak", "--size", "64", "--out", out, *brief]) == 0
    assert (tmp_path / "t" / "textured.glb").is_file()
    assert "unwrapped" in capsys.readouterr().out
    wide = tmp_path / "w"
    assert main(["plane", "--prompt", "sea", "--width", "192", "--height", "64", "--out", str(wide), *brief]) == 0
    with Image.open(wide / "result.png") as picture:
        assert picture.size == (192, 64) and np.asarray(picture).std() > 1
    assert json.loads((wide / "report.json").read_bytes())["coverage"] == 1.0
    assert {"panorama", "texture", "plane"} == set(KINDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["panorama", "--prompt", " ", "--out", "x"], "prompt is empty"),
        (["panorama", "--prompt", "sea", "--width", "255", "--out", "x"], "width = 255"),
        (["texture", "absent.obj", "--prompt", "oak", "--out", "x"], "absent.obj"),
        (["run", "nowhere"], "no job"),
    ],
)
def test_a_bad_command_ends_in_one_line(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) in (1, 2)
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_the_doctor_and_the_list_of_models_speak(capsys):
    assert main(["doctor"]) == 0
    findings = capsys.readouterr().out.splitlines()
    assert len(findings) >= 7 and all(line.startswith("ok") for line in findings)
    assert main(["models"]) == 0
    assert "builtin" in capsys.readouterr().out


def test_a_checkpoint_with_a_table_is_given_its_own_words_and_the_artist_is_told(panorama):
    """What views add still comes after it, and fits the place that is drawn."""
    small = load_vocabulary(BUILTIN_FOLDER)

    def asked(prompt: str) -> Job:
        return replace(panorama, params=replace(panorama.params, prompt=prompt))

    job, told = in_own_words(asked("misty bayou at daybreak"), small)
    assert unknown_words(job.params.prompt, small) == [] and told[0].code == "drawn_as"
    assert prompts_of(job, lambda text: True)["up"] == f"{job.params.prompt}, looking up at the sky"
    same = asked("an alpine meadow at dawn")
    assert in_own_words(same, small) == (same, ())
    assert in_own_words(asked("misty bayou"), Vocabulary()) == (asked("misty bayou"), ())
