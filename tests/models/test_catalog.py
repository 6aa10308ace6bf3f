"""Every entry of the catalogue is complete, pinned and fits; folders find their entry."""

from __future__ import annotations

import json
import shutil

import pytest

from engine.models.catalog import CATALOG_FILE, describe_models, entry_for, list_models, load_catalog, locate
from engine.models.families.sd import load_checkpoint
from engine.models.layout import check_model, parameters_in, weights_file
from engine.models.load import FAMILIES, ModelCache
from engine.protocol.errors import InvalidParameter, ModelUnavailable
from engine.protocol.params import BUILTIN_MODEL, EngineParams, SamplingParams

ENTRIES = [*load_catalog().models.values(), *load_catalog().controlnets.values()]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_entry_is_complete_and_pinned(entry):
    assert entry.label and entry.licence
    if entry.name == BUILTIN_MODEL:
        return
    assert entry.sources and entry.download_gb > 0
    assert all(source.pinned for source in entry.sources), "a branch may change under us"
    assert not any(name.endswith((".bin", ".ckpt", ".pt")) for name in entry.files), "no pickles"
    assert sum(name.endswith(".safetensors") for name in entry.files) in (1, 3)


@pytest.mark.parametrize("entry", load_catalog().models.values(), ids=lambda entry: entry.name)
def test_model_pairs_with_its_controlnet(entry):
    assert set(entry.auto) == {"panorama", "texture"}
    assert all(isinstance(params, SamplingParams) for params in entry.auto.values())
    assert all(params.guidance == entry.guidance for params in entry.auto.values())
    if entry.controlnet:
        assert load_catalog().controlnets[entry.controlnet].cross_attention_dim == entry.cross_attention_dim
    if entry.files:
        assert {name.split("/")[0] for name in entry.files} == {
            "model_index.json",
            "scheduler",
            "text_encoder",
            "tokenizer",
            "unet",
            "vae",
        }


@pytest.mark.parametrize(
    "change",
    [
        ("t_stop = 500", "t_stpo = 500"),
        ("licence", "license"),
        ('solver = "dpmpp"', 'solver = "x"'),
        ("download_gb = 2.13\n", ""),
        ('controlnet = "sd15-depth"', 'controlnet = "sd21-depth"'),
        ("451f4fe16113", "main"),
        ("outer_steps = 10", "outer_steps = 0"),
    ],
)
def test_a_mistake_in_the_file_is_an_error(tmp_path, change):
    text = CATALOG_FILE.read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / "catalog.toml").write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(InvalidParameter):
        load_catalog(tmp_path / "catalog.toml")


def with_text_width(folder, target, width):
    copy = shutil.copytree(folder, target)
    path = copy / "unet" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"cross_attention_dim": width}))
    return str(copy)


def test_a_folder_gets_the_settings_of_its_family(tiny_eps, tmp_path):
    assert entry_for(with_text_width(tiny_eps, tmp_path / "a", 768)).name == "sd15"
    assert entry_for(with_text_width(tiny_eps, tmp_path / "b", 1024)).name == "sd21-base"
    assert entry_for(str(tiny_eps)).name == BUILTIN_MODEL
    with pytest.raises(ModelUnavailable, match="model_index.json"):
        entry_for(str(tmp_path))


def test_list_says_what_is_here(tiny_eps, tmp_path):
    here = {status.entry.name: status for status in list_models(tmp_path)}
    assert not here["sd15"].on_disk and here["sd15"].bytes == 0 and "sd15" in describe_models(tmp_path)
    shutil.copytree(tiny_eps, tmp_path / "sd15")
    shutil.copytree(tiny_eps / "controlnet", tmp_path / "sd15-depth")
    status = {s.entry.name: s for s in list_models(tmp_path)}["sd15"]
    assert status.on_disk and status.depth and status.bytes > 6e6
    (tmp_path / "sd15" / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"cut")
    status = {s.entry.name: s for s in list_models(tmp_path)}["sd15"]
    assert not status.on_disk and "diffusion_pytorch_model.safetensors" in status.problem
    (line,) = [line for line in describe_models(tmp_path).splitlines() if line.startswith("sd15")]
    assert "damaged" in line and "CreativeML" in line


@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: content + b"x"], ids=["cut", "grown"])
def test_one_byte_too_few_or_too_many_is_damage(tiny_eps, tmp_path, change):
    """Seen from the header alone, so that a list of models need not load them."""
    folder = shutil.copytree(tiny_eps, tmp_path / "copy")
    check_model(folder)
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ModelUnavailable, match=r"vae.diffusion_pytorch_model\.safetensors is damaged"):
        check_model(folder)


def test_header_counts_the_parameters(tiny_eps):
    checkpoint = load_checkpoint(tiny_eps)
    assert parameters_in(weights_file(tiny_eps / "unet", "diffusion_pytorch_model")) == checkpoint.unet.num_parameters()


def test_the_builtin_checkpoint_is_whole_and_what_its_entry_says(tmp_path):
    located = locate(BUILTIN_MODEL, tmp_path)
    folder, entry = located.folder, located.entry
    check_model(folder)
    checkpoint = load_checkpoint(folder, located.controlnet)
    assert checkpoint.controlnet is not None
    assert checkpoint.view_resolution == entry.view_resolution
    # What it was trained at: the presets after the paper keep to it, and only Auto's last passes draw finer views.
    assert checkpoint.view_resolution == checkpoint.vae.config.sample_size
    for auto in entry.auto.values():
        assert auto.view_resolution > checkpoint.view_resolution and auto.coarse_steps
    assert checkpoint.prediction_type == entry.prediction_type
    assert {"red", "brick"} <= checkpoint.vocabulary.words
    assert checkpoint.memory_bytes() < entry.memory_gb * 1e9


def test_every_family_of_the_catalogue_can_be_loaded_and_depth_only_where_it_is_asked_for(tiny_eps):
    assert {entry.family for entry in load_catalog().models.values()} <= set(FAMILIES)
    for depth in (False, True):
        loading = ModelCache().load(str(tiny_eps), EngineParams(device="cpu"), depth=depth)
        with pytest.raises(StopIteration) as end:
            next(loading)
        assert (end.value.value.checkpoint.controlnet is not None) == depth
