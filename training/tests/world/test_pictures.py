"""The training pictures: seeded, independent of their batch, with exact depth and captions of known words."""

from __future__ import annotations

import json
from random import Random

import numpy as np
import pytest
import torch

from training.world import dataset, shapes, vocabulary
from training.world.captions import KINDS, NO_CHANGE, Facts, caption, random_facts, subjects
from training.world.noise import Field
from training.world.pictures import draw
from training.world.scenes import World, directions
from training.world.shapes.shares import SHARES
from training.world.shapes.solids import Superquadric, blob

CPU = torch.device("cpu")
BRICKS = [
    Facts("flat", noun="brick", colour="red", modifier="mossy"),
    Facts("flat", noun="brick"),
    Facts("flat", noun="brick", modifier="wet"),
]
SOLIDS = [
    Facts("object", noun="marble", colour="teal", view="front"),
    Facts("object", noun="marble", modifier="worn", view="side"),
    Facts("object", noun="marble", colour="blue", modifier="faded", view="front"),  # uses the mean colour of the picture
]
PLACES = [
    Facts("scene", scene="desert", time="sunset", weather="clear", look="horizon"),
    Facts("scene", scene="desert", time="day", weather="foggy", look="up"),
]


@pytest.mark.parametrize("facts", [BRICKS, SOLIDS, PLACES], ids=KINDS)
def test_a_picture_depends_on_its_facts_and_seed_not_on_its_batch(facts):
    seeds = list(range(20, 20 + len(facts)))
    together = draw(facts, seeds, 64)
    for k in range(len(facts)):
        alone = draw(facts[k : k + 1], seeds[k : k + 1], 64)
        assert (dataset.to_uint8(alone.images).astype(int) - dataset.to_uint8(together.images[k : k + 1])).__abs__().max() <= 1
        assert torch.equal(alone.inverse_depth[0], together.inverse_depth[k])
    again = draw(facts, seeds, 64)
    assert torch.equal(again.images, together.images)
    assert not torch.equal(draw(facts, [seed + 9 for seed in seeds], 64).images, together.images)
    assert together.images.min() >= 0 and together.images.max() <= 1


def test_a_batch_of_two_nouns_is_refused():
    with pytest.raises(ValueError, match="share"):
        draw([BRICKS[0], SOLIDS[0]], [0, 1], 64)


def test_a_larger_flat_shows_more_at_the_same_scale():
    small, large = (draw([Facts("flat", noun="marble", colour="green")], [3], size).images for size in (128, 192))
    assert float((large[..., 32:160, 32:160] - small).abs().mean()) < 0.01


def test_only_objects_have_depth_and_stand_before_one_grey():
    drawn = draw(SOLIDS, [5, 6, 7], 128)
    assert draw(BRICKS[:1], [5], 64).inverse_depth.abs().max() == 0
    for image, depth in zip(drawn.images, drawn.inverse_depth[:, 0], strict=True):
        assert depth.max() == 1
        corner = image[:, :1, :1]
        assert float((corner - corner.mean()).abs().max()) < 1e-6
        around = torch.nn.functional.max_pool2d(depth[None], 3, 1, 1)[0] == 0  # beyond the outline, softened by one pixel
        assert float((image - corner).abs()[:, around].max()) < 1e-6
        assert 0.05 < float((depth > 0).float().mean()) < 0.9


def test_depth_is_exact_against_a_sphere():
    ball = Superquadric((0.8, 0.8, 0.8), 2, 2, CPU)
    camera = shapes.frame(ball, torch.eye(3), "front", Random(3))
    seen = shapes.render(ball, camera, 128)
    rays = camera.rays(128)
    along = -(rays @ camera.origin)
    under = along.square() - (camera.origin.square().sum() - 0.64)
    truth = (along - under.clamp(min=0).sqrt()) * -(rays @ camera.back)
    mask = seen.mask.reshape(-1)
    certain = under.abs() > 0.01  # not the pixels whose ray grazes the ball
    assert torch.equal(mask[certain], (under > 0)[certain])
    both = mask & certain
    assert float((seen.depth.reshape(-1) - truth)[both].abs().max()) < 1e-3
    inverse = 1 / truth[mask & (under > 0)]
    expected = (1 / truth - inverse.min()) / (inverse.max() - inverse.min())
    expected = shapes.DEPTH_FLOOR + (1 - shapes.DEPTH_FLOOR) * expected
    assert float((seen.inverse_depth.reshape(-1) - expected)[both].abs().max()) < 0.02


def test_inverse_depth_is_min_max_over_the_solid_and_zero_elsewhere():
    depth = torch.tensor([[2.0, 4.0], [3.0, 9.0]])
    hit = torch.tensor([[True, True], [True, False]])
    inverse = shapes.inverse_depth(depth, hit)
    assert inverse[0, 0] == 1 and inverse[1, 1] == 0
    assert inverse[0, 1] == pytest.approx(shapes.DEPTH_FLOOR, abs=1e-6)
    between = (1 / 3 - 1 / 4) / (1 / 2 - 1 / 4)
    assert inverse[1, 0] == pytest.approx(shapes.DEPTH_FLOOR + (1 - shapes.DEPTH_FLOOR) * between, abs=1e-6)


def test_the_outline_of_the_depth_is_that_of_the_picture_to_the_pixel():
    """On a solid in one bright colour nothing but the outline differs from the background; half of a step is where it lies.

    5 %: the smoothed outline pixels, of which some fall on the other side of the half.
    """
    for seed in range(40, 46):
        drawn = draw([Facts("object", noun="snow", view="front")], [seed], 192)
        image, depth = drawn.images[0], drawn.inverse_depth[0, 0]
        covered = depth > 0
        assert float(depth[covered].min()) == pytest.approx(shapes.DEPTH_FLOOR, abs=1e-6)
        behind = image[:, 0, 0]
        step = (image - behind[:, None, None]).abs().amax(0)
        apart = step > step[covered].median() / 2
        outline = torch.nn.functional.max_pool2d(depth[None], 3, 1, 1)[0] > 0
        wrong = (apart != covered) & ~outline
        assert not wrong.any()
        assert float((apart & ~covered).sum()) <= 0.05 * float(covered.sum())


def missed_pixels(solid, camera, size: int) -> torch.Tensor:
    """[S, S] bool: pixels that `render` leaves empty though their ray runs through the solid."""
    seen = shapes.render(solid, camera, size)
    missed = (~seen.mask).reshape(-1).nonzero()[:, 0]
    rays = camera.rays(size)[missed]
    along = torch.linspace(camera.near, camera.far, 120)
    points = camera.origin + rays[:, None] * along[:, None]
    inside = solid.distance(points.reshape(-1, 3)).reshape(len(missed), -1).amin(-1) < -0.01
    result = torch.zeros(size * size, dtype=torch.bool)
    result[missed[inside]] = True
    return result.reshape(size, size)


@pytest.mark.parametrize("make", SHARES, ids=lambda make: make.__name__)
def test_a_solid_has_no_holes_of_rays_that_ended_early(make):
    solid = make(Random(4), CPU)
    assert not missed_pixels(solid, shapes.frame(solid, torch.eye(3), "front", Random(5)), 48).any()


def test_what_lies_behind_a_grazed_part_is_met():
    """A ray that passes a part closely advances by tiny steps: those of this blob once ended on the way, in a black arc."""
    r = Random(3)
    solid = blob(r, CPU)
    assert not missed_pixels(solid, shapes.frame(solid, torch.eye(3), "front", r), 128).any()


@pytest.mark.parametrize("noun", vocabulary.MATERIALS)
def test_every_modifier_is_seen_on_every_noun(noun):
    """0.03: what changes less than 8 of 255 on average at 128 px is easily missed."""
    asked = [modifier for modifier in vocabulary.MODIFIERS if modifier not in NO_CHANGE.get(noun, ())]
    facts = [Facts("flat", noun=noun, modifier=modifier) for modifier in ("", *asked)]
    without, *given = draw(facts, [7] * len(facts), 128).images
    change = {modifier: float((image - without).abs().mean()) for modifier, image in zip(asked, given, strict=True)}
    assert min(change.values()) > 0.03, change


@pytest.mark.parametrize("make", SHARES, ids=lambda make: make.__name__)
def test_every_solid_is_framed_whole_and_its_points_lie_on_its_surface(make):
    solid = make(Random(4), CPU)
    seen = shapes.render(solid, shapes.frame(solid, torch.eye(3), "side", Random(5)), 64)
    assert len(seen.points) == int(seen.mask.sum()) > 60
    assert float(solid.distance(seen.points * seen.camera.width).abs().max()) < 4e-3
    border = torch.cat([seen.mask[0], seen.mask[-1], seen.mask[:, 0], seen.mask[:, -1]])
    assert not border.any()
    assert bool(torch.isfinite(seen.uv).all()) and bool(torch.isfinite(seen.normals).all())


def test_captions_use_known_words_only():
    random, known = Random(0), set(vocabulary.all_words())
    for _ in range(5000):
        text = caption(random_facts(random), random)
        assert set(vocabulary.words_of(text)) <= known, text
        assert "{" not in text and "  " not in text and " ," not in text, text


def test_captions_never_contradict_their_facts():
    random = Random(1)
    for _ in range(3000):
        facts = random_facts(random)
        words = set(vocabulary.words_of(caption(facts, random)))
        if facts.kind != "scene":
            assert facts.colour in words or not facts.colour
            own = set(vocabulary.words_of(" ".join(vocabulary.MATERIALS[facts.noun].ways)))
            assert not (set(vocabulary.COLOURS) - own - {facts.colour}) & words
        elif facts.time not in ("day", "night"):
            assert words & set(vocabulary.words_of(" ".join(vocabulary.TIMES[facts.time] + vocabulary.SKIES[facts.time])))


def test_facts_respect_what_a_scene_allows():
    random = Random(2)
    for _ in range(1000):
        facts = random_facts(random, "scene")
        assert facts.time == "night" or facts.scene not in vocabulary.ALWAYS_NIGHT
        assert (facts.weather == "") == (facts.scene in vocabulary.NO_WEATHER)


def test_no_sky_is_over_a_place_indoors():
    random = Random(3)
    for scene in vocabulary.INDOORS:
        for _ in range(60):
            text = caption(Facts("scene", scene=scene, time="day", look="up"), random)
            assert not text.startswith("looking up at the"), text


def test_plans_are_balanced_and_the_held_out_seeds_are_others():
    count = len(subjects("scene")) * dataset.GROUP
    planned = [dataset.plan("train", "scene", index)[0].scene for index in range(count)]
    assert all(planned.count(name) == dataset.GROUP for name in subjects("scene"))
    seeds = {split: {dataset.plan(split, part, index)[1] for part in KINDS for index in range(50)} for split in dataset.SPLITS}
    assert len(seeds["train"]) == 150 and not seeds["train"] & seeds["held"]


def test_shards_are_whole_or_absent_and_read_back(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "SHARD_SIZE", 4)
    monkeypatch.setattr(dataset, "SIZES", {"flat": 64, "object": 64, "scene": 64})
    arguments = ["dataset", "--out", str(tmp_path), "--part", "object", "--count", "8"]
    monkeypatch.setattr("sys.argv", arguments)
    dataset.main()
    names = dataset.shards(tmp_path, "train", "object")
    assert names == ["train_object_000000", "train_object_000004"]
    loaded = dataset.load(tmp_path, names)
    assert loaded.pictures.shape == (8, 64, 64, 3) and loaded.depth.shape == (8, 64, 64)
    assert loaded.facts[5] == dataset.plan("train", "object", 5)[0]
    first = (tmp_path / "train_object_000000.npz").stat().st_mtime_ns
    (tmp_path / "train_object_000004.json").unlink()  # as if stopped in the middle
    assert dataset.shards(tmp_path, "train", "object") == names[:1]
    dataset.main()
    assert (tmp_path / "train_object_000000.npz").stat().st_mtime_ns == first
    again = dataset.load(tmp_path, names)
    assert np.array_equal(again.pictures, loaded.pictures)
    assert len(json.loads((tmp_path / "train_object_000004.json").read_text())) == 4


def test_a_world_looks_the_same_from_every_view():
    """One direction has one colour, whichever view it is seen in; 2e-3: float sums in another order."""
    for scene in ("mountains", "beach", "aurora"):
        world = World(scene, ["night"], ["clear"], Field([9]))
        d = directions(torch.tensor([30.0]), torch.tensor([5.0]), torch.tensor([80.0]), 24)
        alone = torch.cat([world(part) for part in d.split(100, 1)], 1)
        assert float((world(d) - alone).abs().max()) < 2e-3


def test_azimuth_grows_to_the_right_and_elevation_upward():
    def view(azimuth: float, elevation: float) -> torch.Tensor:
        numbers = (torch.tensor([number]) for number in (azimuth, elevation, 90.0))
        return directions(*numbers, 8).reshape(8, 8, 3)

    d, right, up = view(0, 0), view(20, 0)[4, 4], view(0, 20)[4, 4]
    assert d[4, 7] @ right > d[4, 0] @ right
    assert d[0, 4] @ up > d[7, 4] @ up


def test_seeds_that_differ_above_32_bits_give_other_noise():
    """Held-out pictures have such seeds: with the noise of the training pictures they would not be held out."""
    points = torch.rand(1, 100, 2, generator=torch.Generator().manual_seed(0)) * 8
    low, high = (Field([seed]).value(points) for seed in (5, 5 + (1 << 40)))
    assert not torch.allclose(low, high)
