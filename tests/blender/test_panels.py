"""The add-on can be switched on and off, and its panels draw in every state, naming only what exists."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import addon_utils
import bpy
import pytest

PACKAGE = "bl_ext.user_default.stochsync"


class Layout:
    """Stands in for UILayout: refuses properties, operators and icons that do not exist, and remembers what was drawn."""

    ICONS = set(bpy.types.UILayout.bl_rna.functions["prop"].parameters["icon"].enum_items.keys())

    def __init__(self, drawn=None):
        self.drawn = [] if drawn is None else drawn

    def row(self, align=False):
        return Layout(self.drawn)

    column = row

    def box(self):
        return Layout(self.drawn)

    def separator(self):
        pass

    def prop(self, owner, name, text=None, icon="NONE", expand=False, placeholder=""):
        assert name in owner.bl_rna.properties and icon in self.ICONS
        self.drawn.append(f"prop {name}")

    def label(self, text="", icon="NONE"):
        assert icon in self.ICONS
        self.drawn.append(text)

    def operator(self, name, text=None, icon="NONE", emboss=True):
        module, function = name.split(".")
        getattr(getattr(bpy.ops, module), function).get_rna_type()  # KeyError when there is no such operator
        assert icon in self.ICONS
        self.drawn.append(f"operator {name}" + (f" {text}" if text else ""))
        return SimpleNamespace()

    def progress(self, factor=0.0, text=""):
        assert 0 <= factor <= 1
        self.drawn.append(f"progress {factor:.2f} {text}")

    def template_icon(self, icon_value, scale=1.0):
        self.drawn.append("picture")


@pytest.fixture
def draw(part):
    """draw() -> everything that the panels draw now."""

    def collect():
        drawn = []
        for panel in part("ui.panels").CLASSES:
            if not hasattr(panel, "poll") or panel.poll(bpy.context):
                panel.draw(SimpleNamespace(layout=Layout(drawn)), bpy.context)
        return drawn

    return collect


@pytest.fixture
def installed(monkeypatch, tmp_path):
    python = tmp_path / "python"
    python.write_bytes(b"")
    monkeypatch.setenv("STOCHSYNC_ENGINE_PYTHON", str(python))


@pytest.fixture
def missing(monkeypatch, tmp_path):
    monkeypatch.setenv("STOCHSYNC_ENGINE_PYTHON", str(tmp_path / "absent"))


@pytest.fixture
def problem(protocol):
    """problem(fix) -> an error of the table with that fix, with long texts for facts where it has any."""

    def of(fix):
        errors, wording, rows = protocol("errors"), protocol("wording"), protocol("wording_errors").ERRORS
        code, template = max(
            ((code, row.template) for code, row in rows.items() if row.fix == fix), key=lambda one: len(wording.facts_of(one[1]))
        )
        facts = {
            name: 1.5 if f"{{{name}:" in template else "One two three four five six seven eight nine ten."
            for name in wording.facts_of(template)
        }
        return errors.error_of(code, facts)

    return of


def test_off_and_on_again_leaves_nothing(part):
    for _ in range(2):
        addon_utils.disable(PACKAGE)
        assert not hasattr(bpy.types.Scene, "stochsync") and not hasattr(bpy.types, "STOCHSYNC_PT_main")
        with pytest.raises(AttributeError):
            bpy.ops.stochsync.generate_texture()
        assert addon_utils.enable(PACKAGE) is not None
        assert hasattr(bpy.context.scene, "stochsync")


def test_every_default_and_range_is_the_protocol_s(settings, protocol):
    params = protocol("kinds").TextureParams
    fields = {f.name: f for f in params.__dataclass_fields__.values()}
    size, rna = fields["size"], settings.bl_rna.properties["texture_size"]
    assert (rna.default, rna.hard_min, rna.hard_max) == (size.default, size.metadata["low"], size.metadata["high"])
    assert rna.description == size.metadata["tip"]
    assert set(settings.bl_rna.properties["preset"].enum_items.keys()) == set(fields["preset"].metadata["choices"])


def test_sizes_snap_to_what_the_engine_takes(settings, part):
    settings.texture_size, settings.prompt_texture = 1000, "x"
    assert settings.texture_size == 1024 - 1024 % 64 and part("ui.properties").params_of("texture", settings).size == 1024


def test_seed_is_new_each_time_unless_locked(settings, part):
    seeds = set()
    for _ in range(4):
        part("ui.properties").draw_seed(settings)
        seeds.add(settings.seed)
    assert len(seeds) == 4  # two of 2^31 alike: once in 360 million runs
    settings.seed_lock = True
    part("ui.properties").draw_seed(settings)
    assert settings.seed in seeds


def test_models_of_the_catalogue_are_offered(part, protocol):
    names = [name for name, _ in part("ui.properties").search_models(None, None, "")]
    assert protocol("params").BUILTIN_MODEL in names and len(names) > 1
    assert all("sd15" in name for name, _ in part("ui.properties").search_models(None, None, "sd15"))


def test_without_an_engine_the_panel_offers_to_install_it(draw, missing):
    drawn = draw()
    assert "operator stochsync.install_engine" in drawn and "prop prompt_texture" not in drawn
    assert "operator stochsync.fix Allow Online Access" in drawn  # the wheel starts offline


@pytest.mark.parametrize("kind", ["texture", "panorama"])
def test_idle(draw, installed, settings, kind):
    settings.kind = kind
    drawn = draw()
    assert f"operator stochsync.generate_{kind}" in drawn and f"prop prompt_{kind}" in drawn and "prop seed_lock" in drawn
    assert not any(one.startswith("progress") for one in drawn)


def test_the_target_is_named(draw, installed):
    assert any("Cube" in one and "UVMap" in one for one in draw())
    bpy.data.objects["Cube"].data.uv_layers.remove(bpy.data.objects["Cube"].data.uv_layers[0])
    assert any("new layer" in one for one in draw())
    bpy.data.objects["Cube"].select_set(False)
    assert "Select a mesh" in draw()
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    assert "Select a mesh" in draw()


def test_running(draw, installed, part, protocol):
    session = part("session").current()
    session.job = part("pending_job").PendingJob(kind="texture", folder=Path("/none/job"), scene="Scene", target="Cube")
    progress = protocol("messages").Progress(
        job="job", phase=protocol("messages").Phase.GENERATING, step=1, total=2, eta=42.0, memory=3_200_000_000
    )
    session.state = part("client.job_state").fold(part("client.job_state").begin("job"), progress)
    drawn = draw()
    bar = next(one for one in drawn if one.startswith("progress"))
    assert "Generating" in bar and "40 s left" in bar and "operator stochsync.cancel" in drawn
    assert "Peak memory: 3.2 GB" in drawn
    assert not any("generate" in one for one in drawn if one.startswith("operator"))
    session.job = None


def test_every_problem_has_its_button_and_fits_the_panel(draw, installed, part, protocol, problem):
    session = part("session").current()
    for code, label in protocol("wording").FIXES.items():
        session.show(problem(code))
        drawn = draw()
        assert "operator stochsync.copy_report" in drawn and "operator stochsync.dismiss" in drawn
        assert (f"operator stochsync.fix {label}" in drawn) == bool(code)
        box = drawn[drawn.index("operator stochsync.generate_texture") + 1 :]
        text = box[: box.index("operator stochsync.dismiss")]
        assert " ".join(text) == session.problem.error.text
        assert max(map(len, text)) <= part("ui.panels").columns(bpy.context)
    session.dismiss()
    assert "operator stochsync.copy_report" not in draw()


def test_every_fix_is_known(part, protocol):
    assert set(part("ui.operators").FIX_ACTIONS) == set(protocol("wording").FIXES) - {""}


def test_fixes_do_what_they_say(part, problem, settings, installed):
    session = part("session").current()

    def press(code):
        session.show(problem(code))
        assert bpy.ops.stochsync.fix(code=code) == {"FINISHED"} and session.problem is None

    press("lower_size")
    assert settings.texture_size == 512
    cube = bpy.data.objects["Cube"]
    press("unwrap")
    assert [one.name for one in cube.data.uv_layers] == ["UVMap", "StochSync UV"] and cube.data.uv_layers[1].active_render
    bpy.ops.object.select_all(action="DESELECT")
    press("select_mesh")
    assert cube.select_get()
    assert bpy.ops.stochsync.set_model(model="sd15") == {"FINISHED"} and settings.model == "sd15"


def test_report_has_versions_error_and_log(part, protocol, tmp_path):
    session = part("session").current()
    (part("ui.preferences").root_folder() / "install.log").write_text("last words\n")
    session.show(protocol("errors").InternalError("failure_unknown", type="KeyError", reason="It broke"))
    text = part("ui.operators").problem_report(session.problem)
    for piece in (bpy.app.version_string, "StochSync 0", "failure_unknown", "It broke", "last words"):
        assert piece in text


def test_opening_another_file_forgets_the_error(part, protocol):
    session = part("session").current()
    session.show(protocol("errors").Busy("engine_busy"))
    bpy.ops.wm.read_homefile(use_factory_startup=False)
    assert part("session").current().problem is None
