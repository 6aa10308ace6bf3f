"""The known checkpoints, for the add-on, which reads no file of the engine. Made from models/catalog.toml.

Written by scripts/development/generate.py; change the catalogue, not this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MODEL_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "builtin": "Built-in (small, works offline)",
        "sd21-base": "Stable Diffusion 2.1 base",
        "sd15": "Stable Diffusion 1.5",
    }
)
"""Name -> label, as the Model field suggests them."""
