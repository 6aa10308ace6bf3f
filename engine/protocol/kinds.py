"""The table of job kinds: all that engine and add-on know of a kind beyond how its canvas is built and its result applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .errors import InvalidParameter
from .params import JobParams, SamplingParams, check_text, param


@dataclass(frozen=True, kw_only=True)
class PanoramaParams(JobParams):
    """A 360-degree panorama from a prompt."""

    width: int = param(
        2048, "Width", "Width of the panorama; it is twice as wide as high", low=256, high=8192, multiple=64, unit="PIXEL"
    )
    words_up: str = param("", "Words Upward", "What views that look up add to the prompt; empty: chosen to fit the place")
    words_down: str = param("", "Words Downward", "What views that look down add to the prompt; empty: chosen to fit the place")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("words_up", "words_down"):
            check_text(name, getattr(self, name))


@dataclass(frozen=True, kw_only=True)
class TextureParams(JobParams):
    """A texture for one mesh, on its own UVs, from a prompt."""

    size: int = param(1024, "Size", "Width and height of the texture", low=64, high=8192, multiple=64, unit="PIXEL")


@dataclass(frozen=True, kw_only=True)
class PlaneParams(JobParams):
    """A picture of any size from a prompt, as in the paper's wide pictures."""

    width: int = param(1536, "Width", "Width of the picture", low=64, high=8192, multiple=64, unit="PIXEL")
    height: int = param(512, "Height", "Height of the picture", low=64, high=8192, multiple=64, unit="PIXEL")


PAPER: dict[str, Any] = {"views": "paper", "warmup": 1}
"""What all presets after the paper share."""

PANORAMA_PRESETS: dict[str, dict[str, Any]] = {
    "paper": PAPER | {"blend_steps": 2},
    "fast": PAPER | {"t_stop": 700, "outer_steps": 8, "blend_steps": 1},
    "turbo": PAPER | {"t_stop": 700, "outer_steps": 8, "blend_steps": 0, "solver": "dpmpp", "ode_steps": 20},
}
"""Appendices B and E."""

TEXTURE_PRESETS: dict[str, dict[str, Any]] = {
    "paper": PAPER | {"t_start": 999, "blend_steps": 4},
    "fast": PAPER | {"t_start": 999, "t_stop": 500, "outer_steps": 15, "blend_steps": 2},
    "turbo": PAPER | {"t_start": 999, "t_stop": 500, "outer_steps": 15, "blend_steps": 2, "solver": "dpmpp", "ode_steps": 20},
}
""""paper" is appendix B's, with one warm-up step as in Algorithm 4 (the reference takes four, which are sixteen pictures that
know nothing of each other). The paper has no StochSync* for meshes: "fast" and "turbo" are ours, fifteen passes, so that every
set of views has its turn three times."""

Place = Literal["outdoors", "indoors", ""]  # "": any other place, or none
Suffixes = Mapping[Place, Mapping[str, str]]  # place -> view label -> what the prompt gets at its end

PITCH_SUFFIXES: Suffixes = {
    "outdoors": {"horizon": "", "up": ", looking up at the sky", "down": ", looking down at the ground"},
    "indoors": {"horizon": "", "up": ", looking up at the ceiling", "down": ", looking down at the floor"},
    "": {"horizon": "", "up": ", looking up", "down": ", looking down"},
}
"""Views towards the poles would otherwise show a horizon of their own; told of a sky, they paint one under a roof."""

SIDE_SUFFIXES: Suffixes = {
    "": {
        "front": ", front view",
        "front-side": ", front side view",
        "side": ", side view",
        "back-side": ", back side view",
        "back": ", back view",
        "top": ", overhead view",
        "bottom": "",
    },
}
"""The reference's suffixes by camera. A camera at 45 degrees that is told "front" paints a second face."""


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """One kind of job. Every field that holds names holds names of fields of `params`."""

    name: str  # in job.json and on the command lines
    label: str  # in the panel
    tip: str
    params: type[JobParams]
    needs_mesh: bool = False  # the job folder holds mesh.npz
    has_depth: bool = False  # its views are drawn with depth, so that the model needs a ControlNet
    concept: Literal["place", "surface"]  # what its prompt describes, for models that know few words
    canvas_size: tuple[str, ...]  # what the size of its canvas depends on; the first is its width in texels
    suffixes: Suffixes  # their keys are the labels of its views
    own_suffixes: Mapping[str, str]  # view label -> the field in which artists word that label's suffix themselves
    presets: Mapping[str, Mapping[str, Any]]  # over the defaults of SamplingParams, which are appendix B's
    tuned_as: str  # the kind whose Auto settings in a model's catalogue entry serve this one as well

    def preset_sampling(self, preset: str, *, guidance: float = 7.5) -> SamplingParams:
        """The settings behind a preset's name.

        "auto" depends on the checkpoint and is resolved where the catalogue is known; so does `guidance`.
        """
        if preset not in self.presets:
            raise InvalidParameter("preset_unknown", preset=repr(preset), known=", ".join(self.presets))
        return SamplingParams(guidance=guidance, **self.presets[preset])


KINDS: dict[str, JobKind] = {
    kind.name: kind
    for kind in (
        JobKind(
            name="texture",
            label="Texture",
            tip="A texture for the selected mesh, on its own UVs",
            params=TextureParams,
            needs_mesh=True,
            has_depth=True,
            concept="surface",
            canvas_size=("size",),
            suffixes=SIDE_SUFFIXES,
            own_suffixes={},
            presets=TEXTURE_PRESETS,
            tuned_as="texture",
        ),
        JobKind(
            name="panorama",
            label="Panorama",
            tip="A 360-degree panorama as the World of this scene",
            params=PanoramaParams,
            concept="place",
            canvas_size=("width",),
            suffixes=PITCH_SUFFIXES,
            own_suffixes={"up": "words_up", "down": "words_down"},
            presets=PANORAMA_PRESETS,
            tuned_as="panorama",
        ),
        JobKind(
            name="plane",
            label="Wide Picture",
            tip="A flat picture of any size",
            params=PlaneParams,
            concept="place",
            canvas_size=("width", "height"),
            suffixes={"": {"window": ""}},
            own_suffixes={},
            presets=PANORAMA_PRESETS,
            tuned_as="panorama",
        ),
    )
}

LABELS = frozenset(label for kind in KINDS.values() for by_label in kind.suffixes.values() for label in by_label)
"""Of views: what a prompt may say about where they look from or to."""
