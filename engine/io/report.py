"""report.json: what a job cost and what came of it, for the panel, for bug reports and for the benchmark."""

from __future__ import annotations

import platform
from collections import defaultdict
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from ..models.device import check_finite
from ..protocol import VERSION
from ..protocol.errors import BadResult
from ..protocol.files import write_json
from ..protocol.messages import Notice
from ..protocol.params import SamplingParams
from ..sampling.plan import Plan, PlannedStep

LIBRARIES = ("torch", "diffusers", "transformers", "numpy", "embreex")
FLAT = 1e-3
"""Standard deviation (sRGB 0..1) under which a result is one flat colour: no prompt asks for that, broken fp16 gives it."""


class Outcome(NamedTuple):
    """A finished canvas and what it took."""

    z: Tensor  # [3, H, W] sRGB 0..1
    nfe: int  # network forwards as counted
    coverage: float  # share of the canvas that a view saw, those that fill included
    coverage_before_fill: float

    def refuse_broken(self) -> None:
        """BadResult for a canvas that is NaN or one flat colour, which half precision gives on some cards."""
        check_finite(self.z)
        if float(self.z.std()) < FLAT:
            raise BadResult("result_flat")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Outer steps that share a view size and a purpose."""

    purpose: str  # "synchronize" (Algorithm 4), or "fill" (what its views never see)
    view_resolution: int
    steps: int
    views: int  # in all steps
    nfe: int  # network forwards as planned


@dataclass(frozen=True, kw_only=True)
class Report:
    """One finished job. seconds: wall time per phase and in total."""

    kind: str
    model: str
    device: str
    dtype: str
    sampling: SamplingParams  # as resolved from the preset
    stages: tuple[Stage, ...]
    planned_nfe: int
    nfe: int  # network forwards, one per view and guidance branch, as counted
    coverage: float  # share of the canvas that a view saw
    coverage_before_fill: float  # the same without the views of ours that complete the paper's
    peak_memory: int  # bytes
    seconds: dict[str, float]
    notices: tuple[Notice, ...]


def stages_of(plan: Plan[Any], view_resolution: int) -> tuple[Stage, ...]:
    """The steps of `plan`, which has views of `view_resolution` at the most, by purpose and size."""
    groups: dict[tuple[str, int], list[PlannedStep[Any]]] = defaultdict(list)
    for step in plan.steps:
        groups["fill" if step.fill else "synchronize", round(view_resolution * step.scale)].append(step)
    return tuple(
        Stage(
            purpose=purpose,
            view_resolution=size,
            steps=len(steps),
            views=sum(len(step.views) for step in steps),
            nfe=sum(map(plan.nfe_of, steps)),
        )
        for (purpose, size), steps in groups.items()
    )


def write_report(folder: Path, report: Report) -> Path:
    """Write `report` and the versions that made it to report.json."""
    path = folder / "report.json"
    write_json(path, {**asdict(report), "versions": versions()})
    return path


def versions() -> dict[str, str]:
    """What a bug report needs to know of this installation."""
    return {
        "stochsync": VERSION,
        "python": platform.python_version(),
        "system": platform.platform(),
        **{name: version(name) for name in LIBRARIES},
    }
