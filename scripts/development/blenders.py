"""The versions of Blender, as a Python module, that the tests and the demo run in."""

from __future__ import annotations

from installer.pythons import Python, find

BLENDERS = {"4.2": (3, 11), "5.2": (3, 13)}  # Blender -> the one Python that its wheel exists for


def blender_python(version: str) -> Python | None:
    """The interpreter that Blender `version`'s wheel needs; None when this machine has none."""
    found = find((BLENDERS[version],))
    return found[0] if found else None
