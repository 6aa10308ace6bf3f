"""How often each kind of solid is drawn, and its random rotation."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor

from .limbs import branches, crescent, cup, figure, furniture, letter, pierced, plate, tentacles
from .solids import Solid, animal, ball, blob, chair, cube, head, house, knot, robot, rock, terrain, torus, vase

TURNED = (blob, ball, cube, torus, knot, rock, pierced)  # solids without a front, drawn at any angle
SHARES: dict[Callable[[Random, torch.device], Solid], int] = {  # per cent
    head: 13, animal: 9, blob: 4, ball: 6, cube: 5, chair: 4, robot: 6, torus: 5, knot: 5, vase: 7, terrain: 2, rock: 3, house: 3,
    figure: 9, branches: 2, tentacles: 4, letter: 2, plate: 3, crescent: 2, pierced: 3, cup: 1, furniture: 2,
}  # fmt: skip


def random_rotation(r: Random, device: torch.device) -> Tensor:
    """A random rotation [3, 3]."""
    q = F.normalize(torch.tensor([r.gauss(0, 1) for _ in range(4)]), dim=0)
    w, x, y, z = q.tolist()
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return torch.tensor(rows, device=device)


def random_solid(r: Random, device: torch.device) -> tuple[Solid, Tensor]:
    """A solid, and the rotation [3, 3] from its own space to the world's."""
    make = r.choices(list(SHARES), list(SHARES.values()))[0]
    solid = make(r, device)
    return solid, random_rotation(r, device) if make in TURNED else torch.eye(3, device=device)
