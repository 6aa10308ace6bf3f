"""The one home of every parameter: default, range, unit and tooltip.

The panel builds its properties from these dataclasses, the command line its options, job.json its keys.
Each refuses a bad value on construction with InvalidParameter, naming the value and the range.
"""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal, get_args

from .errors import InvalidParameter

DEFAULT_NEGATIVE_PROMPT = "low quality, blurry, text, watermark, frame"
BUILTIN_MODEL = "builtin"
LONGEST_TEXT = 2000  # characters
VIEW_PLANS = ("auto", "paper")
Grid = Literal["linear", "karras"]
Solver = Literal["ddim", "dpmpp"]


def param(
    default: Any,
    label: str,
    tip: str,
    *,
    low: float | None = None,
    high: float | None = None,
    multiple: int = 1,
    unit: str = "",
    choices: tuple[str, ...] = (),
) -> Any:
    """A dataclass field that carries its own range, unit, choices and tooltip as metadata."""
    meta = {"label": label, "tip": tip, "low": low, "high": high, "multiple": multiple, "unit": unit, "choices": choices}
    return field(default=default, metadata=meta)


def _check(owner: Any) -> None:
    """Refuse any value outside what its field declares."""
    for f in fields(owner):
        value, meta, kind = getattr(owner, f.name), f.metadata, type(f.default)
        good_type = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if kind is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
            object.__setattr__(owner, f.name, float(value))
            value, good_type = float(value), True
        if not good_type:
            raise InvalidParameter("value_type", name=f.name, value=repr(value), type=kind.__name__)
        if kind is float and not math.isfinite(value):
            raise InvalidParameter("value_infinite", name=f.name, value=repr(value))
        if meta["choices"] and value not in meta["choices"]:
            raise InvalidParameter("value_choice", name=f.name, value=repr(value), choices=", ".join(meta["choices"]))
        if meta["low"] is not None and not meta["low"] <= value <= meta["high"]:
            raise InvalidParameter("value_range", name=f.name, value=repr(value), low=meta["low"], high=meta["high"])
        if kind is int and value % meta["multiple"]:
            raise InvalidParameter("value_multiple", name=f.name, value=repr(value), multiple=meta["multiple"])


def from_dict(cls: type, data: object) -> Any:
    """`cls` built from a JSON object; an unknown key is an error, an absent key takes its default."""
    if not isinstance(data, dict):
        raise InvalidParameter("params_not_object", owner=cls.__name__, value=repr(data))
    unknown = sorted(set(data) - {f.name for f in fields(cls)})
    if unknown:
        raise InvalidParameter("params_unknown", owner=cls.__name__, names=", ".join(map(repr, unknown)))
    absent = [f.name for f in fields(cls) if f.default is MISSING and f.name not in data]
    if absent:
        raise InvalidParameter("params_absent", owner=cls.__name__, names=", ".join(absent))
    return cls(**data)


@dataclass(frozen=True, kw_only=True)
class SamplingParams:
    """How StochSync samples. The first three fields are the paper's three ingredients (section 6, Table 2)."""

    max_stochasticity: bool = param(True, "Maximum Stochasticity", "sigma_t = sqrt(1 - alpha_bar): fresh noise every step")
    multi_step: bool = param(True, "Multi-step x0", "Solve the ODE down to x0 instead of one Tweedie step")
    non_overlapping: bool = param(True, "Non-overlapping Views", "Sample disjoint views and alternate between shifted sets")
    views: str = param(
        "auto",
        "Views",
        "auto: ours, which see everything; paper: the paper's, and ours for what those never see",
        choices=VIEW_PLANS,
    )
    view_resolution: int = param(
        0,
        "View Resolution",
        "Width and height of a view; 0: what the model was made for",
        low=0,
        high=2048,
        multiple=64,
        unit="PIXEL",
    )
    coarse_steps: int = param(0, "Coarse Steps", "First outer steps on smaller views, which place what is large", low=0, high=199)
    coarse_resolution: int = param(
        0,
        "Coarse Resolution",
        "Width and height of those smaller views; 0: half of the others",
        low=0,
        high=2048,
        multiple=64,
        unit="PIXEL",
    )
    t_start: int = param(900, "First Timestep", "Noise level of the first step after the warm-up", low=1, high=999)
    t_stop: int = param(270, "Last Timestep", "Noise level at which the outer loop stops", low=0, high=998)
    outer_steps: int = param(25, "Outer Steps", "Passes over the canvas", low=1, high=200)
    fill_steps: int = param(4, "Fill Steps", "Passes over what the paper's views never see", low=0, high=200)
    ode_steps: int = param(50, "ODE Steps", "Steps of one solve from pure noise down to a picture", low=1, high=500)
    ode_grid: Grid = param("linear", "ODE Grid", "Spacing of those steps", choices=get_args(Grid))
    solver: Solver = param("ddim", "ODE Solver", "First-order DDIM or second-order DPM-Solver++ 2M", choices=get_args(Solver))
    guidance: float = param(7.5, "Guidance", "How strongly the prompt pulls (classifier-free guidance)", low=0.0, high=30.0)
    guidance_t_min: int = param(0, "Guidance From", "No guidance below this timestep", low=0, high=999)
    guidance_t_max: int = param(999, "Guidance To", "No guidance above this timestep", low=0, high=999)
    warmup: int = param(
        1, "Warm-up Steps", "First outer steps, in which views of what is not painted yet start from pure noise", low=0, high=50
    )
    blend_steps: int = param(2, "Border Steps", "Last outer steps, which keep view borders and redo the interior", low=0, high=50)
    blend_t_max: int = param(
        640, "Border Timestep", "Highest noise level of the border steps, whose timestep is doubled", low=1, high=999
    )
    keep_background: bool = param(
        False, "Keep Background", "Mesh views go on before the background that was decoded last, not before plain grey"
    )

    def __post_init__(self) -> None:
        _check(self)
        if self.t_stop >= self.t_start:
            raise InvalidParameter("t_stop_too_high", t_stop=self.t_stop, t_start=self.t_start)
        if self.guidance_t_min > self.guidance_t_max:
            raise InvalidParameter("guidance_interval", t_min=self.guidance_t_min, t_max=self.guidance_t_max)
        if self.non_overlapping and not self.max_stochasticity:
            raise InvalidParameter("new_views_need_stochasticity")
        if self.coarse_steps and not self.max_stochasticity:
            raise InvalidParameter("coarse_needs_stochasticity", coarse_steps=self.coarse_steps)
        if self.coarse_steps and not self.warmup <= self.coarse_steps < self.outer_steps - self.blend_steps:
            raise InvalidParameter(
                "coarse_steps_range",
                coarse_steps=self.coarse_steps,
                warmup=self.warmup,
                borders=self.outer_steps - self.blend_steps,
            )
        if self.coarse_resolution and self.view_resolution and self.coarse_resolution > self.view_resolution:
            raise InvalidParameter("coarse_resolution_range", coarse=self.coarse_resolution, full=self.view_resolution)
        if self.warmup + self.blend_steps > self.outer_steps:
            raise InvalidParameter("outer_steps_too_few", needed=self.warmup + self.blend_steps, outer_steps=self.outer_steps)


PRESETS = ("auto", "paper", "fast", "turbo")


@dataclass(frozen=True, kw_only=True)
class JobParams:
    """What jobs of all kinds ask; each kind adds its own."""

    prompt: str = param("", "Prompt", "What the result shows")
    negative_prompt: str = param(DEFAULT_NEGATIVE_PROMPT, "Negative Prompt", "What it should not show")
    model: str = param(BUILTIN_MODEL, "Model", "Checkpoint: a name of the catalogue, or a folder on disk")
    preset: str = param("auto", "Preset", "Time to spend; Auto is what was measured best for the model", choices=PRESETS)
    seed: int = param(0, "Seed", "The same seed gives the same result", low=0, high=2**31 - 1)

    def __post_init__(self) -> None:
        _check(self)
        if not self.prompt.strip():
            raise InvalidParameter("prompt_empty")
        check_text("prompt", self.prompt)


@dataclass(frozen=True, kw_only=True)
class EngineParams:
    """Where and how the engine computes; a property of the machine, not of the picture."""

    device: str = param("auto", "Device", "Where the model runs", choices=("auto", "cpu", "cuda", "mps"))
    online: bool = param(False, "Allow Downloads", "Fetch checkpoints that are not on this machine")
    models_folder: str = param("", "Model Folder", "Where checkpoints are kept; empty: the engine's own folder")
    batch_views: int = param(0, "Views at Once", "Views in one network call; 0: as many as fit", low=0, high=64)
    precision: str = param(
        "auto",
        "Precision",
        "Numbers that the networks compute in; auto: half where the device is faster so",
        choices=("auto", "float32", "bfloat16", "float16"),
    )
    compile: bool = param(False, "Compile", "Compile the networks first: a minute, worth it for many jobs on one CUDA device")

    def __post_init__(self) -> None:
        _check(self)


def check_text(name: str, text: str) -> None:
    """Refuse what no file can hold, and what is longer than any prompt."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidParameter("text_surrogates", name=name)
    if len(text) > LONGEST_TEXT:
        raise InvalidParameter("text_too_long", name=name, length=len(text), limit=LONGEST_TEXT)
