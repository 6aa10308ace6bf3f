"""Views, sets of views, and THE conventions that every space keeps to.

World    Blender's: right-handed, +Z up; the front of a mesh is what is seen from -Y.
Camera   looks along its own -Z, +Y up in the picture, +X to its right. `rotation` takes camera to world, so its columns
         are the camera's right, up and backward axes in the world.
Angles   degrees wherever a person writes or reads them; radians stay inside functions.
Picture  [3, h, w], row 0 on top, sRGB-encoded 0..1. A continuous pixel position (x, y) has x to the right and y down,
         0..w and 0..h; pixel (row i, column j) has its centre at (j + 0.5, i + 0.5). Texels of a canvas likewise.
Equirect exactly Blender's Environment Texture: a world direction d lies at
             x / W = 0.5 - atan2(d.y, d.x) / 2 pi        y / H = acos(d.z / |d|) / pi
         so the centre of the canvas is +X, the picture grows to the right toward -Y, the wrap is at -X, row 0 is +Z.
         Azimuth 0 of a panorama view is the centre of the canvas and azimuth grows to the right of the picture.
Mesh     azimuth 0 sees the mesh from -Y (the front), azimuth 90 from +X; positive elevations look down at it.
UV       u right, v up, as Blender: column = u W, row = (1 - v) H; the texture repeats outside 0..1.
Depth    in a G-buffer: distance along the camera's axis. As a condition: inverse depth, min-max over the object,
         nearest = 1, background = 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..protocol.kinds import LABELS
from ..protocol.params import VIEW_PLANS

Vector = tuple[float, float, float]
Rotation = tuple[Vector, Vector, Vector]  # row by row
PAPER_FOV = 72.0  # degrees, the paper's panorama views
BETWEEN_FOV = 96.0  # degrees: at 40 of elevation from eight below the horizon to two below the pole
AUTO_FOV = 92.0  # degrees: one more than a cube's face on either side, as decoders smear the border of a picture
HORIZON_ELEVATION = 37.0  # degrees up or down to which a panorama view still sees the horizon near its middle
OVERHEAD_ELEVATION = 50.0  # degrees from which a mesh view shows the top or the bottom rather than a side
ORBIT_FOV = 60.0  # degrees
ORBIT_DISTANCE = 2.05  # at 1 / sin(30 degrees) = 2 the unit sphere touches the border; this leaves it three pixels


@dataclass(frozen=True, kw_only=True)
class View:
    """A square pinhole picture of the world. Hashable, so that a space may keep what it computed for it."""

    rotation: Rotation  # camera -> world
    position: Vector
    fov: float  # degrees, across and down
    label: str  # what the prompt may say about it

    def __post_init__(self) -> None:
        if not 0.0 < self.fov < 180.0:
            raise ValueError(f"fov is {self.fov}, but must lie between 0 and 180 degrees")
        if self.label not in LABELS:
            raise ValueError(f"label is {self.label!r}, but must be one of {sorted(LABELS)}")
        rows = self.rotation
        if (
            len(rows) != 3
            or any(len(row) != 3 for row in rows)
            or any(abs(_dot(rows[i], rows[j]) - (i == j)) > 1e-6 for i in range(3) for j in range(3))
        ):
            raise ValueError(f"rotation is {rows}, but must be a 3x3 rotation")
        if _dot(_cross(rows[0], rows[1]), rows[2]) < 0:
            raise ValueError("rotation mirrors the picture, but must be a right-handed rotation")

    @classmethod
    def looking_out(cls, *, azimuth: float, elevation: float, fov: float, label: str | None = None) -> View:
        """A panorama view at the origin; elevation 90 looks at the zenith, where azimuth still says which way is right."""
        a, e = math.radians(azimuth), math.radians(elevation)
        forward = (math.cos(e) * math.cos(a), -math.cos(e) * math.sin(a), math.sin(e))
        right = (-math.sin(a), -math.cos(a), 0.0)
        if label is None:
            level = abs(elevation) <= HORIZON_ELEVATION
            label = "horizon" if level else "up" if elevation > 0 else "down"
        return cls(rotation=_rotation(right, forward), position=(0.0, 0.0, 0.0), fov=float(fov), label=label)

    @classmethod
    def orbiting(
        cls,
        *,
        azimuth: float,
        elevation: float,
        distance: float = ORBIT_DISTANCE,
        fov: float = ORBIT_FOV,
        label: str | None = None,
    ) -> View:
        """A view of the unit sphere from `distance` away; azimuth 0 stands at -Y, 90 at +X, elevation 90 on top."""
        a, e = math.radians(azimuth), math.radians(elevation)
        x, y, z = math.cos(e) * math.sin(a), -math.cos(e) * math.cos(a), math.sin(e)  # outward
        right, forward = (math.cos(a), math.sin(a), 0.0), (-x, -y, -z)
        position = (distance * x, distance * y, distance * z)
        return cls(
            rotation=_rotation(right, forward),
            position=position,
            fov=float(fov),
            label=label or _orbit_label(azimuth, elevation),
        )


def _dot(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _rotation(right: Vector, forward: Vector) -> Rotation:
    """Camera -> world from the picture's right and the line of sight; up is their cross product."""
    (rx, ry, rz), (ux, uy, uz), (fx, fy, fz) = right, _cross(right, forward), forward
    return (rx, ux, -fx), (ry, uy, -fy), (rz, uz, -fz)


def _orbit_label(azimuth: float, elevation: float) -> str:
    """The reference's words: one for each eighth of the circle, so that only one view of a round is "front"."""
    if abs(elevation) >= OVERHEAD_ELEVATION:
        return "top" if elevation > 0 else "bottom"
    from_front = abs((azimuth + 180) % 360 - 180)
    return ("front", "front-side", "side", "back-side", "back")[round(from_front / 45)]


ViewSet = tuple[View, ...]


class ViewPlan(NamedTuple):
    """Which views a job looks through."""

    view_sets: tuple[ViewSet, ...]  # used in turn
    fill_sets: tuple[ViewSet, ...]  # used in turn afterwards, for what view_sets never see; empty where they see all


def half_tangent(view: View) -> float:
    """Half the width of the picture one unit in front of the camera."""
    return math.tan(math.radians(view.fov) / 2)


def axes(view: View, device: torch.device | str = "cpu") -> Tensor:
    """[3, 3] float64 camera -> world; its columns are right, up, backward."""
    return torch.tensor(view.rotation, dtype=torch.float64, device=device)


def pixel_centres(height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """[h, w, 2] continuous (x, y) of the centres."""
    y = torch.arange(height, dtype=torch.float64, device=device) + 0.5
    x = torch.arange(width, dtype=torch.float64, device=device) + 0.5
    return torch.stack([x.expand(height, width), y[:, None].expand(height, width)], dim=-1)


def rays(view: View, height: int, width: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Origin [3] and unit world directions [h, w, 3] through the pixel centres, float64."""
    centres = pixel_centres(height, width, device)
    tangent = half_tangent(view)
    camera = torch.stack(
        [
            (2 * centres[..., 0] / width - 1) * tangent,
            (1 - 2 * centres[..., 1] / height) * tangent,
            -torch.ones_like(centres[..., 0]),
        ],
        dim=-1,
    )
    directions = camera @ axes(view, device).T
    origin = torch.tensor(view.position, dtype=torch.float64, device=device)
    return origin, directions / directions.norm(dim=-1, keepdim=True)


def pixels(view: View, points: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Continuous pixel positions [..., 2] (x, y) of world points [..., 3], and their depth [...] along the axis.

    A depth <= 0 lies behind the camera; its position means nothing.
    """
    origin = torch.tensor(view.position, dtype=points.dtype, device=points.device)
    camera = (points - origin) @ axes(view, points.device).to(points.dtype)
    depth = -camera[..., 2]
    scale = torch.where(depth > 0, 1 / (depth * half_tangent(view)), torch.full_like(depth, torch.nan))
    x = (1 + camera[..., 0] * scale) * (width / 2)
    y = (1 - camera[..., 1] * scale) * (height / 2)
    return torch.stack([x, y], dim=-1), depth


def ring(count: int, *, elevation: float, fov: float, start: float = 0.0) -> ViewSet:
    """`count` panorama views evenly around one elevation, the first at azimuth `start`."""
    return tuple(View.looking_out(azimuth=start + 360.0 * i / count, elevation=elevation, fov=fov) for i in range(count))


def views_paper_band() -> tuple[ViewSet, ...]:
    """The paper's panorama: two sets of five at elevation 0, FoV 72. It leaves both caps of the sphere empty."""
    return ring(5, elevation=0, fov=PAPER_FOV), ring(5, elevation=0, fov=PAPER_FOV, start=36)


def panorama_views(plan: str) -> ViewPlan:
    """The views of a panorama.

    "paper": the paper's band, exactly; what it leaves empty is filled by two sets of ours, each of which sees both
    caps whole, so that the second mends the first one's seams.
    "auto": ours. Two sets that see the sphere, six around the horizon and the poles and eight in between, so turned
    that the seams of one run through the middle of the other's views: above 30 degrees of latitude 13 % of the first
    set's seams and 8 % of the second's lie within 5 degrees of one of the other's. Of the pairs of sets made of level
    rows and poles that were tried, at 72 to 94 degrees, none was cheaper, and the best of all shared hardly less.
    """
    if plan == "paper":
        caps = _both_ways(4, 60, PAPER_FOV, 0), _both_ways(4, 40, PAPER_FOV, 22.5) + _poles(PAPER_FOV)
        return ViewPlan(views_paper_band(), caps)
    if plan == "auto":
        first = ring(4, elevation=0, fov=AUTO_FOV) + _poles(AUTO_FOV)
        # To within two degrees of the poles, where a round seam would show, past the horizon, which must not lie on a border, and
        # wide enough to leave no gaps between neighbours, in which the former pass would stay.
        return ViewPlan((first, _both_ways(4, 40, BETWEEN_FOV, 22.5)), ())
    raise ValueError(f"view plan is {plan!r}, but must be one of {VIEW_PLANS}")


def _both_ways(count: int, elevation: float, fov: float, start: float) -> ViewSet:
    """A ring at `elevation`, and one as far below the horizon that is turned by half a step against it."""
    turned = start + 180.0 / count
    return ring(count, elevation=elevation, fov=fov, start=start) + ring(count, elevation=-elevation, fov=fov, start=turned)


def _poles(fov: float) -> ViewSet:
    return ring(1, elevation=90, fov=fov) + ring(1, elevation=-90, fov=fov)


def orbit(cameras: Iterable[tuple[float, float]]) -> ViewSet:
    """Mesh views from (azimuth, elevation) pairs at the default distance and field of view."""
    return tuple(View.orbiting(azimuth=azimuth, elevation=elevation) for azimuth, elevation in cameras)


def mesh_views(plan: str) -> ViewPlan:
    """The views of a mesh.

    "paper": the reference's sixteen cameras; what they leave empty is filled from the top and the bottom.
    "auto": the same five sets, all of them in turn.
    """
    *around, ends = views_orbit()
    if plan == "paper":
        return ViewPlan(tuple(around), (ends,))
    if plan == "auto":
        return ViewPlan((*around, ends), ())
    raise ValueError(f"view plan is {plan!r}, but must be one of {VIEW_PLANS}")


def views_orbit() -> tuple[ViewSet, ...]:
    """The reference's sixteen cameras, four sets of four, and a set of two that sees what they miss: top and bottom.

    One view each, so that no seam runs across either; without them a sixth of a cube or of a ball stays unseen.
    """
    return (
        orbit([(0, 0), (90, -15), (180, 0), (270, -15)]),
        orbit([(45, 30), (135, 0), (225, 30), (315, 0)]),
        orbit([(0, -15), (90, 0), (180, -15), (270, 0)]),
        orbit([(45, 0), (135, 30), (225, 0), (315, 30)]),
        orbit([(0, 75), (0, -75)]),
    )
