"""Worlds are the same in every view, in every batch, and never blank."""

import pytest
import torch

from training.world.noise import Field
from training.world.scenes import PAINTERS, World, directions
from training.world.vocabulary import SCENES, TIMES, WEATHERS

SIZE = 24


def views(azimuths: list[float], elevations: list[float], fov: float = 90.0, size: int = SIZE) -> torch.Tensor:
    return directions(torch.tensor(azimuths), torch.tensor(elevations), torch.full((len(azimuths),), fov), size)


def test_every_scene_of_the_vocabulary_is_painted() -> None:
    assert set(PAINTERS) == set(SCENES)


@pytest.mark.parametrize("scene", SCENES)
def test_views_agree_where_they_see_the_same(scene: str) -> None:
    world = World(scene, ["sunset", "night"], ["cloudy", "rainy"], Field([3, 4]))
    here = views([10.0, 100.0], [0.0, -30.0])
    near = views([40.0, 130.0], [15.0, 30.0])
    shared = torch.cat([here[:, 50:300], near[:, 200:420]], 1)
    alone, after = world(here), world(near)
    together = world(shared)
    assert torch.allclose(together[:, :250], alone[:, 50:300], atol=1e-4)
    assert torch.allclose(together[:, 250:], after[:, 200:420], atol=1e-4)


@pytest.mark.parametrize("scene", SCENES)
def test_a_batch_of_one_is_a_batch_of_many(scene: str) -> None:
    times, weathers = list(TIMES), list(WEATHERS)
    d = views([0.0, 60.0, 120.0, 180.0, 240.0, 300.0], [0.0, 20.0, -20.0, 80.0, -80.0, 5.0])
    many = World(scene, times, weathers, Field(range(6)))(d)
    for k in range(6):
        one = World(scene, times[k : k + 1], weathers[k : k + 1], Field([k]))(d[k : k + 1])
        assert torch.allclose(one[0], many[k], atol=1e-4)


@pytest.mark.parametrize("scene", SCENES)
def test_no_world_is_blank(scene: str) -> None:
    times = [time for time in TIMES for _ in WEATHERS]
    weathers = list(WEATHERS) * len(TIMES)
    world = World(scene, times, weathers, Field(range(len(times))))
    for elevation in (0.0, 90.0, -90.0):
        colour = world(views([30.0] * len(times), [elevation] * len(times)))
        assert torch.isfinite(colour).all()
        assert colour.min() >= 0 and colour.max() <= 1
        spread = colour.std(1).mean(-1)
        assert (spread > (0.02 if elevation == 0 else 0.004)).all(), (elevation, spread.min())


@pytest.mark.parametrize("elevation", (-80.0, 0.0, 80.0))
def test_night_is_dark_and_blue(elevation: float) -> None:
    d = views([0.0, 0.0], [elevation, elevation])
    for scene in ("desert", "meadow", "beach", "village", "mountains"):
        day, night = World(scene, ["day", "night"], ["clear", "clear"], Field([1, 1]))(d).mean(1)
        assert night.mean() < 0.5 * day.mean()
        assert night[2] > 1.3 * night[0]


@pytest.mark.parametrize("scene", ("cliffs", "farmland", "lake", "ruins"))
def test_the_ground_of_open_places_begins_at_the_horizon(scene: str) -> None:
    """In fog everything far is hazed to one colour, the ground first: what lies just under the level is the colour of air."""
    world = World(scene, ["day"], ["foggy"], Field([5]))
    seaward = world.light.sun_azimuth + world.variation[1] - 0.5
    reach = 0.3 if scene == "cliffs" else 3.1  # radians to either side: elsewhere cliffs stand before the horizon
    turn = seaward[0] + torch.linspace(-reach, reach, 60)
    level = torch.stack([turn.cos() * 0.99996, turn.sin() * 0.99996, torch.full_like(turn, -0.009)], -1)[None]
    # the median, since trunks and columns stand before it here and there; far ground differs by 0.01, near things by 0.2
    assert float((world(level) - world.light.horizon).abs().mean(-1).median()) < 0.12


def test_a_lake_mirrors_what_stands_behind_it() -> None:
    """Just above and below the far shore the same colours lie at the same angle from it, but for waves and the water's hue."""
    world = World("lake", ["day"], ["clear"], Field([5]))
    turn = torch.linspace(0, 6.2, 400)
    above, below, elsewhere = (
        world(torch.stack([(turn + aside).cos() * 0.995, (turn + aside).sin() * 0.995, torch.full_like(turn, up)], -1)[None])
        for up, aside in ((0.10, 0.0), (-0.10, 0.0), (-0.10, 1.0))
    )
    assert float((above - below).abs().mean()) < 0.75 * float((above - elsewhere).abs().mean())


@pytest.mark.parametrize("scene", SCENES)
def test_every_world_is_drawn_on_the_device_of_its_directions(scene: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On "meta", which refuses tensors of the processor as a GPU does, and computes nothing: every branch is taken."""
    monkeypatch.setattr(torch.Tensor, "__bool__", lambda self: True)
    field = Field([1, 2])
    field.device = torch.device("meta")
    for name in ("_volume", "_offsets", "_draws", "_jitter", "_salt"):
        setattr(field, name, getattr(field, name).to("meta"))
    colour = World(scene, ["day", "night"], ["clear", "rainy"], field)(torch.empty(2, 16, 3, device="meta"))
    assert colour.shape == (2, 16, 3) and colour.device.type == "meta"


def test_places_look_unlike_each_other_under_the_same_sky() -> None:
    """The mean colours of 6x6 parts of views by day, all around: no two places come nearer than a part of one shade in 25."""
    d = directions(torch.arange(4) * 90.0, torch.full((4,), -8.0), torch.full((4,), 90.0), SIZE)
    seen = {}
    for scene in SCENES:
        views = World(scene, ["day"] * 4, ["clear"] * 4, Field([3] * 4))(d).reshape(4, SIZE, SIZE, 3).permute(0, 3, 1, 2)
        seen[scene] = torch.nn.functional.adaptive_avg_pool2d(views, 6)
    for first in SCENES:
        for second in SCENES:
            assert first == second or float((seen[first] - seen[second]).abs().mean()) > 0.04, (first, second)


def test_directions_turn_right_and_up() -> None:
    ahead = directions(torch.tensor([0.0, 90.0, 0.0]), torch.tensor([0.0, 0.0, 90.0]), torch.full((3,), 60.0), 3)[:, 4]
    assert torch.allclose(ahead, torch.tensor([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]), atol=1e-6)
