"""Who may import whom (DESIGN), and that the extension builds into a zip that Blender's own tool accepts.

The imports are read from the syntax tree, those inside functions included: nothing is run, so Blender and torch may both
be missing. The build wants a Python with the `bpy` wheel: STOCHSYNC_BPY_PYTHON, or one that install_deps.py made.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from engine.protocol.kinds import KINDS

CHECKOUT = Path(__file__).resolve().parents[1]
STDLIB = set(sys.stdlib_module_names)
ROOMS = ("stochsync_addon", "engine", "engine.protocol", "engine.sampling", "engine.spaces", "engine.models")
BLENDER = {"bpy", "bmesh", "mathutils", "gpu", "blf", "addon_utils"}
NO_BPY = "stochsync_addon.client"


def modules() -> dict[str, Path]:
    """Dotted name -> file of every product module."""
    files = [CHECKOUT / "__init__.py", *(CHECKOUT / "engine").rglob("*.py"), *(CHECKOUT / "stochsync_addon").rglob("*.py")]
    names = {}
    for file in files:
        parts = file.relative_to(CHECKOUT).with_suffix("").parts
        names[".".join(part for part in parts if part != "__init__") or "__init__"] = file
    return names


def imports(name: str, nodes: Iterable[ast.AST]) -> set[str]:
    """Absolute dotted names that `nodes` of module `name` import: `engine.protocol.errors`, `torch`, `bpy.props`, …

    `from . import x` counts as an import of x, so that no submodule slips through.
    """
    package = [] if name == "__init__" else name.split(".") if MODULES[name].name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            found |= {".".join([*base, node.module])} if node.module else {".".join([*base, one.name]) for one in node.names}
    return found


MODULES = modules()
TREES = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in MODULES.items()}
LENGTHS = {name: len(file.read_text(encoding="utf-8").splitlines()) for name, file in MODULES.items()}
IMPORTS = {name: imports(name, ast.walk(tree)) for name, tree in TREES.items()}


def room(name: str) -> str:
    """The room that a module of ours lies in; "" for anything else."""
    inside = [one for one in ROOMS if name == one or name.startswith(one + ".")]
    return max(inside, key=len, default="")


def roots(name: str) -> set[str]:
    """Top-level names of what module `name` imports from outside the project."""
    return {one.split(".")[0] for one in IMPORTS[name] if not room(one)}


def of_room(wanted: str) -> list[str]:
    return [name for name in IMPORTS if room(name) == wanted]


def test_the_walk_sees_what_it_should():
    """Guards this file itself: a walk that found nothing would allow everything."""
    assert "bpy" in IMPORTS["stochsync_addon.scene.materials"] and "engine.protocol.errors" in IMPORTS["stochsync_addon.session"]
    assert "stochsync_addon.registration" in {*IMPORTS["__init__"], *(f"{one}.registration" for one in IMPORTS["__init__"])}
    assert all(of_room(one) for one in ROOMS)


@pytest.mark.parametrize("name", sorted(IMPORTS))
def test_only_relative_imports_inside_the_project(name):
    """The same files run as `engine` and inside Blender as bl_ext.<repository>.stochsync.engine."""
    tree = TREES[name]
    absolute = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0]
    absolute += [one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names]
    assert not [one for one in absolute if one.split(".")[0] in {"engine", "stochsync_addon"}]


@pytest.mark.parametrize("name", of_room("stochsync_addon"))
def test_the_addon_knows_the_protocol_only(name):
    assert {room(one) for one in IMPORTS[name]} <= {"", "stochsync_addon", "engine.protocol"}
    assert roots(name) <= STDLIB | BLENDER | {"numpy"}, "Blender's Python has nothing else"
    assert "threading" not in roots(name), "Blender does not support threads"
    assert not (name + ".").startswith(NO_BPY + ".") or not roots(name) & BLENDER


@pytest.mark.parametrize("name", of_room("stochsync_addon"))
def test_the_addon_reads_no_file_of_the_engine(name):
    """What it must know of the models is in engine/protocol, made by scripts/development/generate.py."""
    assert not roots(name) & {"tomllib"}
    told = [node.value for node in ast.walk(TREES[name]) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert not [text for text in told if text == "models" or "catalog.toml" in text or text.startswith("engine/")]


@pytest.mark.parametrize("name", sorted(IMPORTS))
def test_no_kind_of_job_is_asked_for_by_name(name):
    """What differs by kind is in its row: of protocol/kinds.py, canonical.py, or the add-on's kinds.py."""
    names = {"texture", "panorama", "plane"}
    compared = [one for node in ast.walk(TREES[name]) if isinstance(node, ast.Compare) for one in (node.left, *node.comparators)]
    compared += [
        pattern.value
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Match)
        for case in node.cases
        for pattern in ast.walk(case.pattern)
        if isinstance(pattern, ast.MatchValue)
    ]
    held = [leaf.value for one in compared for leaf in ast.walk(one) if isinstance(leaf, ast.Constant)]
    assert not names & {value for value in held if isinstance(value, str)}


def test_every_kind_in_blender_is_a_kind():
    """And names each of its parameters; read from the syntax tree, since Blender may be missing."""
    tree = TREES["stochsync_addon.kinds"]
    table = next(node.value for node in tree.body if isinstance(node, ast.AnnAssign) and node.target.id == "IN_BLENDER")
    assert {key.value for key in table.keys} <= set(KINDS)


def test_modules_stay_small():
    """A module of more than 400 lines is two modules."""
    assert not {name: count for name, count in LENGTHS.items() if count > 400}


@pytest.mark.parametrize("name", of_room("engine.protocol"))
def test_the_protocol_needs_nothing(name):
    assert {room(one) for one in IMPORTS[name]} <= {"", "engine.protocol"}
    assert roots(name) <= STDLIB | {"numpy"}


@pytest.mark.parametrize("name", [one for one in IMPORTS if room(one).startswith("engine")])
def test_the_engine_knows_no_blender(name):
    assert not roots(name) & BLENDER
    assert "stochsync_addon" not in {room(one) for one in IMPORTS[name]}


@pytest.mark.parametrize("own", ["engine.sampling", "engine.spaces", "engine.models"])
def test_the_three_rooms_never_meet(own):
    for name in of_room(own):
        others = {room(one) for one in IMPORTS[name]} - {"", own, "engine.protocol"}
        assert others <= {"engine"}, f"{name} imports from {others}"
        assert {one for one in IMPORTS[name] if room(one) == "engine"} <= {"engine.contracts", "engine.threads", "engine"}, name


def test_the_product_does_not_need_training():
    """`training/` is a package of its own: neither the product, its scripts nor its tests import it, relatively or by name."""
    files = [file for top in ("engine", "stochsync_addon", "scripts", "tests") for file in sorted((CHECKOUT / top).rglob("*.py"))]
    found: dict[str, set[str]] = {}
    for file in [CHECKOUT / "__init__.py", *files]:
        package = file.relative_to(CHECKOUT).parent.parts
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = [*package[: len(package) - node.level + 1]] if node.level else []
                names = [".".join([*base, *filter(None, [node.module]), one.name]) for one in node.names]
            else:
                continue
            for name in names:
                found.setdefault(name.removeprefix("stochsync.").split(".")[0], set()).add(file.relative_to(CHECKOUT).as_posix())
    assert {"tests/test_boundaries.py", "scripts/benchmark.py"} <= found["sys"], "the walk has found nothing"
    assert not found.get("training")


def test_sampling_is_torch_alone():
    for name in of_room("engine.sampling"):
        assert roots(name) <= STDLIB | {"torch"}, name


def test_nothing_heavy_is_imported_for_hello():
    """What `serve` imports at the top of its modules, all the way down, is free of torch: hello comes first."""
    waiting, seen = ["engine.__main__", "engine.serve.server"], set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in MODULES:
            continue
        seen.add(name)
        found = imports(name, TREES[name].body)
        assert not {one.split(".")[0] for one in found} & {"torch", "diffusers", "transformers", "scipy"}, name
        waiting += [one for one in found if room(one)]


@pytest.fixture(scope="module")
def manifest() -> dict:
    with open(CHECKOUT / "blender_manifest.toml", "rb") as handle:
        return tomllib.load(handle)


def test_manifest(manifest):
    version: dict = {}
    exec((CHECKOUT / "engine" / "protocol" / "__init__.py").read_text(encoding="utf-8"), version)  # stdlib only, no import
    assert manifest["id"] == "stochsync" and manifest["version"] == version["VERSION"]
    assert manifest["blender_version_min"] == "4.2.0" and manifest["license"] == ["SPDX:GPL-3.0-or-later"]
    assert len(manifest["tagline"]) <= 64 and not manifest["tagline"].endswith(".") and "blender" not in manifest["name"].lower()
    assert set(manifest["tags"]) <= {"Lighting", "Material", "Render", "UV"}  # of those that Blender's `extension validate` knows
    assert set(manifest["permissions"]) == {"files", "network"}
    assert all(len(reason) <= 64 and not reason.endswith(".") for reason in manifest["permissions"].values())


def environment_with_bpy() -> str:
    """A Blender environment that install_deps.py made beside the engine's; "" when there is none."""
    root = os.environ.get("STOCHSYNC_ROOT", "")
    python = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    return str(next(iter(sorted(Path(root).glob(f"blender-*/{python}"))), "")) if root else ""


@pytest.fixture(scope="module")
def extension_tool() -> list[str]:
    """The command line of Blender's own extension tool, which the wheel brings along."""
    python = os.environ.get("STOCHSYNC_BPY_PYTHON", "") or environment_with_bpy()
    if not python:
        pytest.skip("no Python with bpy (STOCHSYNC_BPY_PYTHON): the extension was NOT built and validated")
    where = subprocess.run(
        [python, "-c", "import importlib.util as u; print(u.find_spec('bpy').submodule_search_locations[0])"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.strip()
    tools = sorted(Path(where).glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    assert tools, f"no extension tool in {where}"
    return [python, str(tools[0])]


CLUTTER = (
    "demo/demo.blend",
    ".stochsync/engine-env/x.py",
    "shared/NOTES.md",
    "engine/__pycache__/x.pyc",
    "build/x",
    "x.zip",
    ".ci/run",
    ".git/config",
    "engine.log",
)
SHORT = 64 * 1024  # bytes: weights are cut to this, since compressing them is the tool's slow part and proves nothing


@pytest.fixture(scope="module")
def archive(extension_tool, tmp_path_factory) -> Path:
    """The extension as Blender's tool builds it from a checkout that has been worked in."""
    source = tmp_path_factory.mktemp("checkout")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True, timeout=60).stdout
    for name in filter(None, tracked.decode().split("\0")):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        whole = (CHECKOUT / name).read_bytes()
        target.write_bytes(whole[:SHORT] if name.endswith(".safetensors") else whole)
    for name in CLUTTER:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("clutter")
    path = tmp_path_factory.mktemp("extension") / "stochsync.zip"
    built = subprocess.run(
        [*extension_tool, "build", "--source-dir", str(source), "--output-filepath", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return path


def test_the_zip_passes_blender_s_own_validation(extension_tool, archive):
    done = subprocess.run([*extension_tool, "validate", str(archive)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_zip_holds_what_it_needs_and_nothing_else(archive):
    with zipfile.ZipFile(archive) as content:
        names = set(content.namelist())
    for needed in (
        "__init__.py",
        "blender_manifest.toml",
        "LICENSE",
        "engine/__main__.py",
        "engine/models/catalog.toml",
        "scripts/install_deps.py",
        "scripts/locks/engine.txt",
        "scripts/locks/torch-pypi.txt",
        "scripts/locks/uv.txt",
        "stochsync_addon/registration.py",
        "stochsync_addon/ui/languages/de.py",
        "stochsync_addon/client/states.py",
        "engine/serve/server.py",
    ):
        assert needed in names, needed
    assert {name.split("/")[1] for name in names if name.startswith("scripts/")} == {"install_deps.py", "installer", "locks"}
    assert not [name for name in names if name.startswith("scripts/locks/") and ("blender" in name or "test" in name)]
    builtin = {file.relative_to(CHECKOUT).as_posix() for file in (CHECKOUT / "engine" / "models" / "builtin").rglob("*.*")}
    assert len(builtin) > 8 and builtin <= names, "the built-in checkpoint is not in the zip"
    tops = {name.split("/")[0] for name in names}
    assert tops <= {"__init__.py", "blender_manifest.toml", "LICENSE", "README.md", "engine", "scripts", "stochsync_addon"}
    assert not [name for name in names if name.startswith("scripts/development")]
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".blend", ".log"))]
