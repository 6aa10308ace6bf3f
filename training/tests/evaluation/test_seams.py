"""Seams of panoramas, where their strength is known because they were painted."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.io.images import save_png
from engine.spaces.views import View, ViewSet, ring
from training.evaluation import seam_metric
from training.evaluation import seams as command

BAND = (ring(5, elevation=0, fov=72), ring(5, elevation=0, fov=72, start=36))  # the paper's


def cube(start: float, fov: float = 98) -> ViewSet:
    poles = ring(1, elevation=90, fov=fov, start=start) + ring(1, elevation=-90, fov=fov, start=start)
    return ring(4, elevation=0, fov=fov, start=start) + poles


CUBES = (cube(0), cube(45))


def directions(height: int) -> Tensor:
    """[H, 2 H, 3] of the texel centres, by the documented convention: the middle is +X, left is +Y, row 0 is +Z."""
    longitude = 2 * math.pi * (0.5 - (torch.arange(2 * height, dtype=torch.float64) + 0.5) / (2 * height))
    polar = math.pi * (torch.arange(height, dtype=torch.float64)[:, None] + 0.5) / height
    flat = polar.sin()
    return torch.stack([flat * longitude.cos(), flat * longitude.sin(), polar.cos().expand(height, 2 * height)], -1)


def clouds(height: int = 192) -> Tensor:
    """[3, H, 2 H] a smooth random pattern that lies on the sphere, with a bright sky above a dark ground and a sharp horizon."""
    at = directions(height)
    generator = torch.Generator().manual_seed(3)
    waves = torch.randn(40, 3, generator=generator, dtype=torch.float64) * 6
    phases = 2 * math.pi * torch.rand(40, generator=generator, dtype=torch.float64)
    pattern = torch.cos(at @ waves.T + phases).mean(-1)
    sky = torch.where(at[..., 2] > 0, 0.25 + 0.2 * at[..., 2], -0.2 + 0.2 * at[..., 2])
    return (0.5 + 0.4 * pattern + sky).float().expand(3, -1, -1).contiguous()


def tinted(z: Tensor, views: ViewSet, above: float = 0.0, step: float = 0.15) -> Tensor:
    """`z` with the ground of every other view of a set brighter, from `above` degrees of latitude on."""
    at = directions(z.shape[1]).reshape(-1, 3)
    owner = seam_metric.owners(views, at).reshape(z.shape[1:])
    high = torch.asin(at[:, 2].clamp(-1, 1)).abs().reshape(z.shape[1:]) >= math.radians(above)
    return z + step * ((owner % 2 == 0) & (owner >= 0) & high)


def test_a_panorama_without_seams_has_none_whatever_its_horizon_and_its_views():
    """Thousands of points of a pattern of forty waves: a quarter off 1 at most, though a horizon crosses every border."""
    for sets in (CUBES, BAND):
        for ratio in seam_metric.seam_jump(clouds(), sets):
            assert math.isnan(ratio) or ratio == pytest.approx(1, abs=0.25)


def test_a_seam_shows_in_its_band_alone():
    low, high = seam_metric.seam_jump(tinted(clouds(), CUBES[0], above=32), CUBES)
    assert high > 2 and low == pytest.approx(1, abs=0.3)
    assert seam_metric.seam_jump(tinted(clouds(), CUBES[0]), CUBES)[0] > 1.5


def test_a_seam_shows_at_the_borders_of_its_own_set():
    z = tinted(clouds(), BAND[0])
    (own,), (other,) = (seam_metric.seam_jump(z, BAND, ((0, 25),), [part]) for part in BAND)
    assert own > 2 and other == pytest.approx(1, abs=0.3)


def test_a_stronger_seam_measures_stronger_and_noise_weakens_it():
    weak, strong = (seam_metric.seam_jump(tinted(clouds(), BAND[0], step=step), BAND, ((0, 25),))[0] for step in (0.05, 0.2))
    assert strong > 1.5 * weak
    noise = 0.5 * torch.rand(3, 192, 384, generator=torch.Generator().manual_seed(1))
    assert seam_metric.seam_jump(tinted(clouds(), BAND[0], step=0.2) + noise, BAND, ((0, 25),))[0] < strong


def test_no_border_in_a_band_is_nan():
    assert math.isnan(seam_metric.seam_jump(clouds(), BAND, ((60, 90),))[0])


def test_borders_of_a_band_of_five_lie_at_every_72_degrees_and_run_upwards():
    found = seam_metric.border(BAND[0], torch.Generator().manual_seed(0))
    inside = found.points[:, 2].abs() < math.sin(math.radians(25))
    azimuth = torch.rad2deg(torch.atan2(-found.points[inside, 1], found.points[inside, 0]))
    off = (azimuth % 72 - 36).abs()
    assert float(off.max()) < 0.02  # one degree, halved eight times
    east, _ = seam_metric.frame(found.points[inside])
    assert float((found.across[inside] * east).sum(-1).abs().min()) > 0.999


def test_borders_are_sampled_by_their_length():
    """Five upright borders of a band, per degree of latitude as many from 0 to 12 as from 12 to 24; 10 %: 400 points each."""
    found = seam_metric.border(BAND[0], torch.Generator().manual_seed(0), count=400_000)
    latitude = torch.rad2deg(torch.asin(found.points[:, 2])).abs()
    near, far = ((latitude >= low) & (latitude < low + 12) for low in (0, 12))
    assert int(near.sum()) > 400
    assert int(far.sum()) / int(near.sum()) == pytest.approx(1, abs=0.1)


def test_a_panorama_is_sampled_by_the_documented_convention():
    z = directions(64).permute(2, 0, 1).float()
    at = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0], [0.6, 0, -0.8]], dtype=torch.float64)
    assert torch.allclose(seam_metric.sample_equirect(z, at), at.T.float(), atol=0.03)  # a texel is 2.8 degrees


def test_a_direction_belongs_to_its_most_central_view():
    views = (View.looking_out(azimuth=0, elevation=0, fov=90), View.looking_out(azimuth=60, elevation=0, fov=90))
    at = directions(90).reshape(-1, 3)
    owner = seam_metric.owners(views, at).reshape(90, 180)
    middle = owner[45]  # columns of two degrees, azimuth 0 at 90
    assert middle[90 + 10] == 0 and middle[90 + 20] == 1 and middle[90 - 21] == 0 and middle[90 - 24] == -1


def job(folder: Path, kind: str, z: Tensor | None) -> None:
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(json.dumps({"kind": kind}))
    if z is not None:
        save_png(folder / "result.png", z)


def test_the_command_finds_finished_panoramas_and_measures_each_folder_with_its_own_views(tmp_path, capsys, monkeypatch):
    job(tmp_path / "old" / "a", "panorama", tinted(clouds(96), CUBES[0], above=32))
    job(tmp_path / "old" / "b", "panorama", clouds(96))
    job(tmp_path / "old" / "texture", "texture", clouds(96))
    job(tmp_path / "old" / "running", "panorama", None)
    assert [file.parent.name for file in command.panoramas(tmp_path)] == ["a", "b"]
    monkeypatch.setattr("sys.argv", ["seams", "--jobs", str(tmp_path / "old"), "--views", "cube", "--threads", "1"])
    command.main()
    *_, name, views, count, low, high, _ = capsys.readouterr().out.splitlines()[-1].split("|")
    assert (views.strip(), count.strip()) == ("cube", "2")
    assert float(high.split("±")[0]) > float(low.split("±")[0]) + 0.3


def test_old_cubes_are_two_of_six_that_cover_everything():
    at = directions(64).reshape(-1, 3)
    sets = command.turned_cubes()
    assert [len(views) for views in sets] == [6, 6]
    assert all(bool((seam_metric.owners(views, at) >= 0).all()) for views in sets)
