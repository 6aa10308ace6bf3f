"""The tables of wording, and that nothing else words anything: what crosses the wire are codes of these tables and facts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.protocol.errors import TREE, EngineError, InvalidJob, ModelUnavailable, error_of
from engine.protocol.messages import Failed, Notice, Phase, decode, encode
from engine.protocol.wording import CAUSES, FIXES, NOTICES, PHASES, Cause, Wording, facts_of, fill, shortened
from engine.protocol.wording_errors import CLASSES, ERRORS

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = [file for top in ("engine", "stochsync_addon") for file in sorted((CHECKOUT / top).rglob("*.py"))]
TREES = {file.relative_to(CHECKOUT).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in FILES}
TABLES = {
    **{name: rows for name, rows in CLASSES.items()},
    "Notice": NOTICES,
    "Cause": CAUSES,
    "_SourceFailed": CAUSES,
    "Failed": ERRORS,
}
ROWS = [*ERRORS.items(), *NOTICES.items(), *CAUSES.items()]

SENTENCE = re.compile(r"[^\W\d_]{2,}[,:;]? +[^\W\d_]{2,}")
"""Two words with a space between them. A code, a key, a name of a file or a class has none."""

LOCAL = {"engine/command_line.py", "engine/doctor.py", "engine/protocol/wording.py", "engine/protocol/wording_errors.py"}
"""Modules that talk to a terminal, and the tables themselves."""

WORDED_HERE = {"print", "_leave", "param", "JobKind", "ValueError", "TypeError", "RuntimeError", "IndexError"}
"""Calls that may hold a sentence: a log's, a tooltip's, and what is raised at a programmer, which is a library's own message."""

NOT_SAID = {
    "PITCH_SUFFIXES",
    "SIDE_SUFFIXES",
    "DEFAULT_NEGATIVE_PROMPT",
    "IDLE",
    "FILLERS",
    "INDOORS",
    "OUTDOORS",
    "ENCLOSED",
    "ENCLOSED_PHRASES",
    "ALLOCATION_FAILED",
    "MODEL_LABELS",
}
"""Constants that are read by a model, or compared with what others say; and names of models."""

FOR_A_TERMINAL = {"describe_models"}
"""Functions whose text a command line prints."""


def sentences(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of every string constant that reads like a sentence, outside docstrings and what may hold one."""

    def walk(node: ast.AST) -> Iterator[tuple[int, str]]:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # a docstring
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in WORDED_HERE:
            return
        if isinstance(node, ast.FunctionDef) and node.name in FOR_A_TERMINAL:
            return
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if {getattr(one, "id", "") for one in targets} & NOT_SAID:
                return
        if isinstance(node, ast.match_case):
            node = ast.Module(node.body, [])  # what a case compares with is not said
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SENTENCE.search(node.value):
            yield node.lineno, node.value
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    yield from walk(tree)


def raised() -> Iterator[tuple[str, ast.Call, str, str]]:
    """(place, call, name of the class, code) of every error, notice and cause that the product makes with a code of its own."""
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name not in TABLES or name == "Failed":
                continue
            for one in choices(node.args[0]) if node.args else ():
                yield f"{file}:{node.lineno}", node, name, one


def choices(argument: ast.expr) -> list[str]:
    """The constants that an argument may be: itself, or both of a conditional expression."""
    if isinstance(argument, ast.IfExp):
        return choices(argument.body) + choices(argument.orelse)
    return [argument.value] if isinstance(argument, ast.Constant) else []


RAISED = list(raised())


def test_the_walk_sees_what_it_should():
    """Guards this file itself: a walk that found nothing would allow everything."""
    assert len(RAISED) > 100 and {file.split("/")[0] for file, *_ in RAISED} == {"engine", "stochsync_addon"}
    told = "raise DiskFull('a', name=f'{n} is full of files')\nx = 'no memory left' if y else z\nraise ValueError('not this')"
    assert [text for _, text in sentences(ast.parse(told))] == [" is full of files", "no memory left"]


@pytest.mark.parametrize("file", [file for file in TREES if file.startswith("engine/") and file not in LOCAL])
def test_the_engine_makes_no_sentences(file):
    assert not list(sentences(TREES[file]))


@pytest.mark.parametrize("file", [file for file in TREES if file.startswith("engine/") and file not in LOCAL])
def test_what_may_word_something_words_nothing_that_is_sent(file):
    """No fact of an error, notice or cause is a text made here, whatever it says: only names, numbers and codes are."""
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in TABLES:
            for fact in node.keywords:
                texts = [one.value for one in ast.walk(fact.value) if isinstance(one, ast.Constant)]
                texts = [text for text in texts if isinstance(text, str)]
                assert not [text for text in texts if SENTENCE.search(text)], f"line {node.lineno}: {texts}"


@pytest.mark.parametrize(("place", "call", "name", "code"), RAISED, ids=[f"{place} {code}" for place, _, _, code in RAISED])
def test_what_is_raised_is_in_the_table_with_its_facts(place, call, name, code):
    assert code in TABLES[name]
    given = {one.arg for one in call.keywords} | ({"source"} if name == "_SourceFailed" else set())
    assert None in given or given == facts_of(TABLES[name][code].template)


def test_no_row_of_the_tables_is_dead():
    named = {
        node.value
        for file, tree in TREES.items()
        if file not in LOCAL
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not {code for code, _ in ROWS} - named


def test_no_code_has_two_meanings():
    codes = [code for code, _ in ROWS]
    assert len(codes) == len(set(codes)) and set(CLASSES) == set(TREE)


@pytest.mark.parametrize(("code", "wording"), ROWS, ids=[code for code, _ in ROWS])
def test_a_row_reads_well(code, wording: Wording):
    assert re.fullmatch("[a-z][a-z0-9_]*", code)
    assert wording.fix in FIXES and wording.happened == wording.happened.strip()
    ends = wording.template.rstrip(")'\"")
    assert code in CAUSES or ends.endswith((".", "}")), "a sentence ends with a full stop"
    if wording.advice and wording.happened[-1] in ":;":
        assert wording.advice[0].islower() or wording.advice[0] == "{"


def test_every_phase_has_its_words():
    assert set(PHASES) == set(Phase)
    assert {one for one in PHASES if facts_of(PHASES[one])} == {"downloading"} and facts_of(PHASES["downloading"]) == {"detail"}


def test_facts_must_be_those_of_the_template():
    for facts in ({}, {"path": "p", "more": 1}, {"path": None}, {"path": float("nan")}, {"path": ["p"]}, {"path": ("p",)}):
        with pytest.raises(ValueError, match="fact"):
            InvalidJob("job_not_object", **facts)
    with pytest.raises(ValueError, match="no code"):
        InvalidJob("disk_full")
    with pytest.raises(ValueError, match="not in the table"):
        error_of("dance", {})
    with pytest.raises(ValueError, match="not in the table"):
        Notice("dance")


def test_braces_in_a_fact_are_left_alone():
    assert InvalidJob("job_not_object", path="/a/{path}/{0}").text == "/a/{path}/{0} does not hold a job."


def causes() -> tuple[Cause, ...]:
    return Cause("source_no_answer", source="a/b", seconds=20.0), Cause("source_not_found", source="c/d", status=404, file="x")


def test_causes_are_worded_where_they_are_shown():
    error = ModelUnavailable("model_not_downloaded", label="SD", folder="/m", tried=causes())
    assert "Tried a/b: no answer within 20 s; c/d: HTTP 404 not found (x)." in error.text
    sent = decode(encode(Failed(job="j", code=error.code, facts=error.facts)))
    assert sent.error.text == error.text
    german = {CAUSES["source_no_answer"].template: "{source}: keine Antwort in {seconds:g} s"}
    assert "a/b: keine Antwort in 20 s; c/d: HTTP 404" in sent.error.worded(lambda text: german.get(text, text))


def test_long_facts_are_cut_in_causes_too():
    long = Cause("source_no_connection", source="a/b", reason="x" * 9000)
    facts = shortened({"tried": (long,), "label": "y" * 9000, "count": 3})
    assert facts["count"] == 3 and len(facts["label"]) == len(facts["tried"][0].facts["reason"]) < 9000


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_survives_the_wire(code):
    facts = {name: number_or_text(ERRORS[code].template, name) for name in facts_of(ERRORS[code].template)}
    error = error_of(code, facts)
    assert isinstance(error, EngineError) and error.text == fill(ERRORS[code].template, facts)
    assert decode(encode(Failed(job="j", code=code, facts=facts))).error.text == error.text


def number_or_text(template: str, name: str) -> float | str:
    """A fact that the template's format takes: those with a precision are numbers."""
    return 1.5 if f"{{{name}:" in template else "ä"


SHARED_NAMES = ("STOCHSYNC_ROOT", "STOCHSYNC_ENGINE_PYTHON", "HF_HOME", "TORCH_HOME", "engine-env", "Scripts")


def test_names_that_must_be_agreed_on_have_one_home():
    at = {
        name: {
            file
            for file, tree in TREES.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and node.value == name
        }
        for name in SHARED_NAMES
    }
    assert at == {name: {"engine/protocol/environment.py"} for name in SHARED_NAMES}
