"""Writes the pages and modules that are made from tables, so that they cannot say anything else.

python scripts/development/generate.py            writes them
python scripts/development/generate.py --check    says which are out of date, and ends with 1 if any is
"""

from __future__ import annotations

import argparse
import importlib
import importlib.machinery
import importlib.util
import json
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

CHECKOUT = Path(__file__).resolve().parents[2]
if str(CHECKOUT) not in sys.path:
    sys.path.insert(0, str(CHECKOUT))

from engine.protocol.wording import CAUSES, FIXES, NOTICES, Wording  # noqa: E402  (the checkout must be on the path first)
from engine.protocol.wording_errors import CLASSES  # noqa: E402

TROUBLESHOOTING = """# Troubleshooting

What StochSync can say, by code. The code stands in the report that **Copy Report** puts on the clipboard, and in the engine's
messages. Words in braces stand for what the message names: a path, a number, a name. Where the message has a button, its label
is in the last column.

Every job has its own folder under `jobs/` in the engine's folder, with a `log.txt` that tells more.

This page is made from `engine/protocol/wording.py` and `wording_errors.py` by `scripts/development/generate.py`.
"""

CLASS_PAGES: Mapping[str, tuple[str, str]] = {
    "InvalidParameter": ("A value that will not do", "Change that value."),
    "InvalidJob": ("A job folder or a result that cannot be used", "Make the job anew, from the panel or a command line."),
    "InvalidMesh": ("A mesh that cannot be textured", "Mend the mesh, or export it again."),
    "ModelUnavailable": ("A model that cannot be had or used", "Complete the model's folder, or choose another model."),
    "OutOfMemory": ("Not enough memory", "Choose a smaller size, or close other programs."),
    "DiskFull": ("Not enough room on the disk", "Free some space."),
    "BadResult": ("A picture that came out broken", "Choose another model, or `precision` float32."),
    "EngineUnavailable": ("An engine that does not start", "Install the engine again."),
    "EngineDied": ("An engine that ended", "Start it again."),
    "ProtocolError": ("Add-on and engine do not understand each other", "Restart the engine, or install it again."),
    "Cancelled": ("Cancelled", "Nothing: it was asked for."),
    "Busy": ("Busy", "Wait, or cancel what runs."),
    "InternalError": ("A defect of ours", "Please report it, with what **Copy Report** copies."),
}
"""Name of an error class -> its heading, and what to do about an error whose message does not say so itself."""


def troubleshooting() -> str:
    """docs/troubleshooting.md: every error, notice and cause, with what to do about it."""
    parts = [TROUBLESHOOTING]
    for name, rows in CLASSES.items():
        title, advice = CLASS_PAGES[name]
        parts.append(f"## {title}\n" + _table(rows, ("code", "what happened", "what to do", "button"), advice))
    parts.append(
        "## Notices\nA result was made all the same.\n"
        + _table(NOTICES, ("code", "what it says", "what to do", ""), "Nothing has to be done.")
    )
    parts.append(
        "## Causes\nParts of other messages: why a place had no model, how a process ended.\n"
        + _table(CAUSES, ("code", "what it says", "", ""), "")
    )
    return "\n".join(parts)


def _table(rows: Mapping[str, Wording], heads: tuple[str, ...], advice: str) -> str:
    """A Markdown table of `rows`, without the columns whose head is "". `advice`: of rows that give none themselves."""
    shown = [i for i, head in enumerate(heads) if head]
    cells = [heads, ("---",) * len(heads)]
    cells += [(f"`{code}`", row.happened, _capital(row.advice or advice), FIXES[row.fix]) for code, row in rows.items()]
    return "".join("| " + " | ".join(line[i].replace("|", "\\|") for i in shown) + " |\n" for line in cells)


def _capital(text: str) -> str:
    """`text` as a sentence of its own, unless it begins with a fact."""
    return text[:1].upper() + text[1:]


MODEL_LABELS = '''"""The known checkpoints, for the add-on, which reads no file of the engine. Made from models/catalog.toml.

Written by scripts/development/generate.py; change the catalogue, not this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MODEL_LABELS: Mapping[str, str] = MappingProxyType(
    {
%s    }
)
"""Name -> label, as the Model field suggests them."""
'''


def model_labels() -> str:
    """engine/protocol/model_labels.py: the name and label of every model in the catalogue."""
    catalogue = tomllib.loads((CHECKOUT / "engine" / "models" / "catalog.toml").read_text(encoding="utf-8"))
    return MODEL_LABELS % "".join(
        f"        {_quoted(name)}: {_quoted(entry['label'])},\n" for name, entry in catalogue["model"].items()
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


STATES_BEGIN, STATES_END = "<!-- states: made by scripts/development/generate.py -->\n", "<!-- end of states -->\n"


def architecture() -> str:
    """docs/architecture.md with the diagram of the client's states as the table has them now."""
    page = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    before, _, rest = page.partition(STATES_BEGIN)
    _, _, after = rest.partition(STATES_END)
    return f"{before}{STATES_BEGIN}```mermaid\n{_addon('client.states').diagram()}```\n{STATES_END}{after}"


def _addon(name: str) -> ModuleType:
    """A module of the add-on that needs no Blender, imported as Blender does it: inside one package with the engine."""
    if "stochsync" not in sys.modules:
        spec = importlib.machinery.ModuleSpec("stochsync", loader=None, is_package=True)
        spec.submodule_search_locations = [str(CHECKOUT)]
        sys.modules["stochsync"] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"stochsync.stochsync_addon.{name}")


OUTPUTS: dict[str, Callable[[], str]] = {
    "docs/troubleshooting.md": troubleshooting,
    "docs/architecture.md": architecture,
    "engine/protocol/model_labels.py": model_labels,
}
"""Path from the checkout -> what the file must hold."""


def stale() -> list[str]:
    """The files that do not hold what they must."""
    return [
        path
        for path, made in OUTPUTS.items()
        if not (CHECKOUT / path).is_file() or (CHECKOUT / path).read_text(encoding="utf-8") != made()
    ]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; say what is out of date")
    check = parser.parse_args(argv).check
    old = stale()
    for path in old:
        print(f"{path} {'is out of date' if check else 'written'}")
        if not check:
            (CHECKOUT / path).write_text(OUTPUTS[path](), encoding="utf-8", newline="\n")
    return int(check and bool(old))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
