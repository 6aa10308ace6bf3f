"""Every word that the add-on shows is in every language, with the same facts; and no sentence escapes the tables."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from string import Formatter

import pytest
from stochsync.engine.protocol import wording
from stochsync.engine.protocol.errors import TREE, error_of
from stochsync.engine.protocol.kinds import KINDS
from stochsync.engine.protocol.params import EngineParams
from stochsync.engine.protocol.wording_errors import ERRORS
from stochsync.stochsync_addon.client import job_state
from stochsync.stochsync_addon.ui import languages

ADDON = Path(__file__).resolve().parents[1] / "stochsync_addon"
SHOWN_AS = {"text", "name", "description", "placeholder", "message", "bl_label", "bl_description"}
"""Keyword arguments and class attributes that Blender shows."""
TRANSLATED = {"translate", "say"}
"""Functions whose first argument is shown."""
SENTENCE = re.compile(r"[^\W\d_]{2,}[,:;]? +[^\W\d_]{2,}")
NOT_SHOWN = {"command_line.py"}
"""The command line of Blender talks to a terminal, in English as all command lines."""
PROGRAMMERS = {"ValueError", "RuntimeError", "NotImplementedError"}
ENGLISH = {"report"}
"""Functions that make a bug report, which is read by us."""
BLENDERS = {"Base Color"}
"""Names of Blender's own that are looked up."""
DATA_BLOCK = re.compile(r"StochSync \w*")
"""Names of data-blocks and nodes, which Blender does not translate either."""


def shown(tree: ast.Module) -> Iterator[str]:
    """String constants of a module of the add-on that somebody may read in Blender."""

    def walk(node: ast.AST, described: bool = False) -> Iterator[str]:
        if isinstance(node, ast.FunctionDef) and node.name in ENGLISH:
            return
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in PROGRAMMERS:
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # a docstring, unless it is a button's, which is its tooltip
        if isinstance(node, ast.ClassDef) and "bpy.types.Operator" in map(ast.unparse, node.bases):
            yield ast.get_docstring(node)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in TRANSLATED:
            yield from (one.value for one in node.args[:1] if isinstance(one, ast.Constant))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") not in {*TREE, "Cause"}:
            told = [one.value for one in node.keywords if one.arg in SHOWN_AS]
            yield from (one.value for one in told if isinstance(one, ast.Constant))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            yield from (node.value.value for one in node.targets if getattr(one, "id", "") in SHOWN_AS)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SENTENCE.search(node.value):
            yield node.value
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    for text in walk(tree):
        if text and re.search(r"[^\W\d_]", text) and text not in BLENDERS and not DATA_BLOCK.fullmatch(text):
            yield text


FILES = [file for file in sorted(ADDON.rglob("*.py")) if file.name not in NOT_SHOWN and file.parent.name != "languages"]
LANGUAGES = languages.load()


def test_the_walk_sees_what_it_should():
    """Guards this file itself: a walk that found nothing would allow everything."""
    source = (
        'class A(bpy.types.Operator):\n    """Tip"""\n    bl_label = "Go"\n    def f(self):\n        """Not this"""\n'
        '        layout.label(text="Word")\n        say("{a} b")\n        x = f"two words {y}"\n'
        '        raise ValueError("not this")'
    )
    assert list(shown(ast.parse(source))) == ["Tip", "Go", "Word", "{a} b", "two words "]
    assert "de" in LANGUAGES and len(LANGUAGES["de"]) > 250


@pytest.mark.parametrize("name", LANGUAGES)
@pytest.mark.parametrize("file", FILES, ids=[file.relative_to(ADDON).as_posix() for file in FILES])
def test_what_the_add_on_shows_is_in_every_language(name, file):
    ours = {job_state.SHARE_OF_PHASE, job_state.SECONDS_LEFT, *(template for *_, template in job_state.TIMES_LEFT)}
    words = {*shown(ast.parse(file.read_text(encoding="utf-8"))), *(ours if file.name == "job_state.py" else ())}
    program = {text for text in words if text.startswith("import runpy")}  # the engine's start, which Python reads
    assert not words - program - set(LANGUAGES[name])


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_code_is_in_every_language(name):
    language = importlib.import_module(f"{languages.__name__}.{name}")
    assert set(language.ERRORS) == set(ERRORS) and set(language.NOTICES) == set(wording.NOTICES)
    assert set(language.CAUSES) == set(wording.CAUSES) and set(language.PHASES) == set(wording.PHASES)
    assert set(language.FIXES) == set(wording.FIXES) - {""}


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_parameter_is_in_every_language(name):
    params = [*(kind.params for kind in KINDS.values()), EngineParams]
    told = {text for cls in params for f in fields(cls) for text in (f.metadata["label"], f.metadata["tip"])}
    told |= {text for kind in KINDS.values() for text in (kind.label, kind.tip)}
    assert not told - set(LANGUAGES[name])


def slots(template: str) -> list[tuple[str, str]]:
    """The facts of `template` with their formats, in no order."""
    return sorted((name, form) for _, name, form, _ in Formatter().parse(template) if name is not None)


@pytest.mark.parametrize(("english", "words"), [pair for texts in LANGUAGES.values() for pair in texts.items()])
def test_a_translation_has_the_same_facts_and_its_own_words(english, words):
    assert slots(english) == slots(words)
    assert words == words.strip() and "  " not in words
    if "." in english[-1]:
        assert words.endswith(".") and not words.endswith("..")


@pytest.mark.parametrize("name", LANGUAGES)
def test_no_language_words_what_nobody_says(name):
    said = {text for file in FILES for text in shown(ast.parse(file.read_text(encoding="utf-8")))}
    said |= {job_state.SHARE_OF_PHASE, job_state.SECONDS_LEFT, *(template for *_, template in job_state.TIMES_LEFT)}
    said |= {
        text
        for cls in [*(kind.params for kind in KINDS.values()), EngineParams]
        for f in fields(cls)
        for text in (f.metadata["label"], f.metadata["tip"], *(choice.capitalize() for choice in f.metadata["choices"]))
    }
    said |= {text for kind in KINDS.values() for text in (kind.label, kind.tip)}
    language = importlib.import_module(f"{languages.__name__}.{name}")
    initial = {"Starting the installer"}  # of client/install.py, which has no word for "shown"
    spelt = {"CPU", "NVIDIA GPU (CUDA)", "Apple GPU (Metal)"}  # of ui/properties.py
    assert set(language.TEXTS) - said - initial - spelt == set()


def test_an_error_in_german():
    german = LANGUAGES["de"]
    cause = wording.Cause("source_not_found", source="a/b", status=404, file="x")
    error = error_of("model_not_downloaded", {"label": "SD", "folder": "/m", "tried": (cause,)})
    text = error.worded(lambda template: german.get(template, template))
    assert text.startswith("SD konnte nicht heruntergeladen werden. Versucht wurde: a/b: HTTP 404, nicht gefunden (x).")


def test_progress_in_german():
    german = LANGUAGES["de"].__getitem__
    state = job_state.begin("job")
    assert job_state.phase_text(state, german) == "Engine wird gestartet"
    assert job_state.time_left(41.0, german) == "noch etwa 40 s"
