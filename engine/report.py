"""report.json: what a job did, in figures, for the panel, for bug reports and for the benchmark."""
from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from .protocol import VERSION
from .protocol.job import write_json
from .protocol.params import SamplingParams

LIBRARIES = ("torch", "diffusers", "transformers", "numpy", "embreex")


@dataclass(frozen=True, kw_only=True)
class Report:
    """One finished job. seconds: wall time per phase and in total; coverage: share of the canvas that a view saw."""

    kind: str
    model: str
    device: str
    dtype: str
    sampling: SamplingParams  # as resolved from the preset
    forwards: int  # NFE: network forwards, one per view and guidance branch
    coverage: float
    peak_memory: int  # bytes
    seconds: dict[str, float]
    warnings: tuple[str, ...]


def write_report(folder: Path, report: Report) -> Path:
    """Write `report` and the versions that made it to report.json."""
    path = folder / "report.json"
    write_json(path, {**asdict(report), "versions": versions()})
    return path


def versions() -> dict[str, str]:
    """What a bug report needs to know of this installation."""
    return {"stochsync": VERSION, "python": platform.python_version(), "system": platform.platform(),
            **{name: version(name) for name in LIBRARIES}}
