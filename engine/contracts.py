"""What `tasks` joins: a canonical space, a schedule, a denoiser, a latent codec.

`sampling`, `spaces` and `models` never import one another; each only keeps to these shapes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal, Protocol, TypeVar

import torch
from torch import Tensor

from .protocol.messages import Notice

Canvas = TypeVar("Canvas")
"""A canonical sample z and whatever its space must know of it. Only the space looks inside."""

PredictionType = Literal["epsilon", "v_prediction", "sample", "flow_prediction"]
"""What a network predicts, in diffusers' words: eps; v = signal eps - noise x_0; x_0; a flow's velocity eps - x_0."""


class View(Hashable, Protocol):
    """A picture of a canvas: how it is taken is its space's business. Equal views see the same."""

    @property
    def label(self) -> str:
        """What the prompt may say of it: one of protocol.kinds.LABELS."""


ViewT = TypeVar("ViewT", bound=View)
"""The views of one space. No other space is asked about them."""

ViewSet = tuple[ViewT, ...]


class Space(Protocol[Canvas, ViewT]):
    """A canonical space Z with its projections f_c (z -> x) and their least-squares inverse (x -> z).

    Tensors lie on the device that the space was built for.
    """

    @property
    def view_sets(self) -> tuple[ViewSet[ViewT], ...]:
        """Sets of non-overlapping views, used in turn."""

    @property
    def fill_sets(self) -> tuple[ViewSet[ViewT], ...]:
        """Used in turn afterwards, for what view_sets never see; often empty."""

    @property
    def view_resolution(self) -> int:
        """Pixels, the width and height of every view."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the artist should know of how it was built."""

    @property
    def texels_per_pixel(self) -> float:
        """How many texels of the canvas lie side by side on one pixel of a view, typically."""

    def at(self, view_resolution: int) -> Space[Canvas, ViewT]:
        """The same canvas seen through views of another size; what does not depend on that size is shared."""

    def blank(self) -> Canvas: ...

    def unseen_share(self, views: Sequence[ViewT], drawn: Sequence[ViewT]) -> list[float]:
        """For each of `views`, the share of the canvas in its picture that none of the views `drawn` sees, 0..1.

        By geometry alone, on a coarse grid: planning projects no canvas.
        """

    def project(self, canvas: Canvas, views: Sequence[ViewT], behind: Tensor | None = None) -> Tensor:
        """f_c(z) for each view: [B, 3, h, w] sRGB 0..1.

        Texels that no view has seen yet show something that fits to what the view sees beside them.
        behind: [B, 3, h, w], shown where a view looks past the canvas; None: a flat colour.
        """

    def unproject(self, canvas: Canvas, views: Sequence[ViewT], images: Tensor, *, average: bool) -> Canvas:
        """arg-min over z of sum_i |f_ci(z) - images_i|^2 (Algorithm 4, lines 7 and 16); texels unseen keep their value.

        average: True solves it by the weighted mean of overlapping views (Algorithm 2); False lets the best view win.
        """

    def condition(self, views: Sequence[ViewT]) -> Tensor | None:
        """[B, 1, h, w] inverse depth, nearest = 1, background = 0; None where the space has no geometry."""

    def seam_mask(self, views: Sequence[ViewT]) -> Tensor:
        """[B, 1, h, w]: 0 at the border of what each view owns, 1 deep inside and off the canvas."""

    def unknown_mask(self, canvas: Canvas, views: Sequence[ViewT]) -> Tensor:
        """[B, 1, h, w]: 1 where a pixel looks at texels that no view has seen or past the canvas, else 0."""

    def restore(self, canvas: Canvas, known: Canvas) -> Canvas:
        """`canvas` with all that `known` has seen as it is there, but for a blended border."""

    def coverage(self, canvas: Canvas) -> float:
        """Share of the texels that matter which some view has seen, 0..1."""

    def to_image(self, canvas: Canvas) -> Tensor:
        """[3, H, W] sRGB 0..1: the canvas as it is, for previews."""

    def fill_and_pad(self, canvas: Canvas) -> Tensor:
        """[3, H, W] sRGB 0..1 with unseen texels filled and margins padded: what is written to disk."""


class Schedule(Protocol):
    """A Gaussian path x_t = signal(t) x_0 + noise(t) eps at the timesteps 0..last, the noisier the higher."""

    @property
    def last(self) -> int:
        """The noisiest timestep."""

    def signal(self, t: int) -> float:
        """The factor of x_0, >= 0."""

    def noise(self, t: int) -> float:
        """The factor of eps, > 0; on a flow path its time s, 0..1."""


MadeSchedule = TypeVar("MadeSchedule", bound=Schedule, covariant=True)


class ScheduleMaker(Protocol[MadeSchedule]):
    """Makes the Schedule of a checkpoint; the class `sampling.schedule.Schedule` is one."""

    def variance_preserving(self, alpha_bar: Tensor) -> MadeSchedule:
        """alpha_bar: [T], the cumulative product of 1 - beta."""

    def flow(self, steps: int = ..., *, shift: float = ...) -> MadeSchedule:
        """Rectified flow over `steps` timesteps, spread by `shift`."""


class Denoiser(Protocol):
    """A diffusion or flow model in its own latent scale."""

    @property
    def prediction_type(self) -> PredictionType:
        """What a call gives."""

    @property
    def nfe(self) -> int:
        """Network forwards so far, one per view and guidance branch."""

    def __call__(self, x_t: Tensor, t: int, views: Sequence[View], condition: Tensor | None, guidance: float) -> Tensor:
        """Guided model output [B, C, h, w] float32 at timestep t of its Schedule; guidance <= 1 runs the conditional branch
        alone.

        condition: [B, 1, H, W] inverse depth of the views, as Space.condition gives it, or None.
        """


class LatentCodec(Protocol):
    """Pictures to latents and back."""

    def latent_shape(self, view_resolution: int) -> tuple[int, int, int]:
        """(C, h, w) of a view of so many pixels; InvalidParameter where the networks cannot take that size."""

    def encode(self, images: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
        """[B, 3, H, W] sRGB 0..1 -> [B, C, h, w]; one generator per view, so that batching changes nothing."""

    def decode(self, latents: Tensor) -> Tensor:
        """[B, C, h, w] -> [B, 3, H, W] clamped to 0..1."""
