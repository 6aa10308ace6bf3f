"""Every material of the world, by its noun in `training.world.vocabulary.MATERIALS`."""

from __future__ import annotations

from . import animal, cloth, metal, nature, pattern, stone, wood
from .common import Material, Surface, Tint

TABLE: dict[str, Material] = stone.TABLE | wood.TABLE | metal.TABLE | nature.TABLE | cloth.TABLE | animal.TABLE | pattern.TABLE

__all__ = ["TABLE", "Material", "Surface", "Tint"]
