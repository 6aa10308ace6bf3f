"""Languages of the interface: one file each, named by its ISO code. English is what the code says; it needs no file.

A file holds six tables. PHASES, FIXES, ERRORS, NOTICES and CAUSES word the codes of engine/protocol/wording.py and
wording_errors.py (here both sentences of a row are one text); TEXTS has everything else by its English text. Facts in braces keep
their names and formats. The tests say what is missing.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType

from ....engine.protocol import wording
from ....engine.protocol.wording_errors import ERRORS


def names() -> list[str]:
    """ISO codes of the languages that have a file here."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def texts(language: ModuleType) -> dict[str, str]:
    """English text -> text of `language`, of all its tables."""
    found = dict(language.TEXTS)
    for code, words in language.PHASES.items():
        found[wording.PHASES[code]] = words
    for code, words in language.FIXES.items():
        found[wording.FIXES[code]] = words
    tables: tuple[tuple[Mapping[str, wording.Wording], Mapping[str, str]], ...] = (
        (ERRORS, language.ERRORS),
        (wording.NOTICES, language.NOTICES),
        (wording.CAUSES, language.CAUSES),
    )
    for rows, words_by_code in tables:
        for code, words in words_by_code.items():
            found[rows[code].template] = words
    return found


def load() -> dict[str, dict[str, str]]:
    """ISO code -> English text -> text, of every language."""
    return {name: texts(importlib.import_module(f"{__name__}.{name}")) for name in names()}
