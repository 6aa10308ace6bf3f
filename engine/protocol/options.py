"""Parameter dataclasses as command-line options: what both command lines are made of."""

from __future__ import annotations

import argparse
from collections.abc import Container
from dataclasses import fields
from typing import Any


def add_options(parser: argparse._ActionsContainer, cls: type, *, required: Container[str] = ()) -> None:
    """One option per field of the parameter dataclass `cls`, with its tooltip as help.

    An option that is not given leaves no value, so that `given` can tell what was. `required`: names of fields.
    """
    for f in fields(cls):
        option, tip = "--" + f.name.replace("_", "-"), f.metadata["tip"].replace("%", "%%")
        needed = f.name in required
        if isinstance(f.default, bool):
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=None, required=needed, help=tip)
        else:
            default = f" (default: {f.default})" if f.default != "" else ""
            parser.add_argument(
                option,
                type=type(f.default),
                choices=f.metadata["choices"] or None,
                default=None,
                required=needed,
                help=tip + default,
            )


def given(args: argparse.Namespace, cls: type) -> dict[str, Any]:
    """The fields of `cls` that were given on the command line."""
    return {f.name: getattr(args, f.name) for f in fields(cls) if getattr(args, f.name, None) is not None}
