"""The mesh: a texture lies where the UVs say, and only what a view can see is painted from it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh
from mesh_canvases import flat, front, paint, smooth_texture
from mesh_shapes import PLANE, PLANE_UV, boxed, knot, sphere

from engine.protocol.errors import InvalidMesh
from engine.protocol.job import Mesh
from engine.spaces.mesh import MeshSpace
from engine.spaces.raster import RasterCanvas
from engine.spaces.views import orbit, pixels


def test_blank_canvas_is_never_shown_once_something_is_painted():
    """White painted from the front, seen from the side: white up to the silhouette, no grey patch."""
    space = MeshSpace(*sphere(), 128, 64)
    canvas = space.unproject(space.blank(), [front()], torch.ones(1, 3, 64, 64), average=False)
    views = [front(azimuth=80)]
    whole = space.project(RasterCanvas(torch.ones(3, 128, 128), torch.ones(128, 128)), views)
    assert space.coverage(canvas) < 0.5
    assert torch.allclose(space.project(canvas, views), whole, atol=1e-6)
    assert (space.project(space.blank(), views) == space.background).all()


def test_marks_appear_where_their_uvs_lie():
    """A plane seen from the front, u to the right and v up: the picture is the texture."""
    space = MeshSpace(*PLANE, PLANE_UV, 64, 64)
    z = torch.zeros(3, 64, 64)
    z[0, :32, :32] = 1  # red, top left of the texture: u < 1/2, v > 1/2
    z[1, 32:, 32:] = 1  # green, bottom right
    picture = space.project(RasterCanvas(z, torch.ones(64, 64)), [front()])[0]
    xy, _ = pixels(front(), torch.tensor([[-0.3, 0, 0.3], [0.3, 0, -0.3], [0.3, 0, 0.3]]), 64, 64)
    (red, green, black) = [picture[:, int(y), int(x)] for x, y in xy]
    assert red.tolist() == [1, 0, 0] and green.tolist() == [0, 1, 0] and black.tolist() == [0, 0, 0]
    assert (picture[:, 0, 0] == 0.5).all()  # background


def test_pictures_land_where_their_uvs_lie():
    space = MeshSpace(*PLANE, PLANE_UV, 64, 64)
    image = torch.zeros(1, 3, 64, 64)
    image[:, 0, :32, :32] = 1
    z = space.unproject(space.blank(), [front()], image, average=False).z
    # Two texels either side of the edge lie within a pixel of it.
    assert (z[0, :30, :30] > 1 - 1e-6).all() and not z[0, 34:].any() and not z[0, :, 34:].any()


def test_uvs_past_the_edge_of_the_texture_wrap():
    inside = MeshSpace(*PLANE, PLANE_UV, 64, 64)
    outside = MeshSpace(*PLANE, PLANE_UV + [3, -2], 64, 64)
    canvas = RasterCanvas(torch.rand(3, 64, 64), torch.ones(64, 64))
    assert torch.allclose(inside.project(canvas, [front()]), outside.project(canvas, [front()]), atol=1e-4)


@pytest.mark.parametrize("average", [True, False])
def test_round_trip(average):
    """What every view shows of a smooth texture goes back to where it came from."""
    space = MeshSpace(*sphere(48), 256, 192)
    z = smooth_texture(256)
    canvas, source = space.blank(), RasterCanvas(z, torch.ones(256, 256))
    for views in space.view_sets:
        canvas = space.unproject(canvas, views, space.project(source, views), average=average)
    seen = canvas.view_quality > 0.3  # flatter than that, a pixel spans several periods
    error = ((canvas.z - z)[:, seen] ** 2).mean()
    assert -10 * torch.log10(error) >= 35
    again, views = space.project(canvas, space.view_sets[0]), space.view_sets[0]
    solid = space.condition(views).expand_as(again) > 0.2
    assert ((again - space.project(source, views))[solid] ** 2).mean() < 1e-3


@pytest.mark.parametrize("hider_first", [True, False])
def test_what_is_hidden_stays_unseen_whatever_its_index(hider_first):
    """A small plate before a big one: the shadow is not painted, with low triangle ids in front or behind."""
    plate = PLANE[0] * 0.3 + [0, -0.8, 0]
    parts = [(plate, PLANE_UV * 0.4), (PLANE[0], PLANE_UV * 0.5 + 0.5)]
    parts = parts if hider_first else parts[::-1]
    vertices = np.concatenate([part[0] for part in parts])
    uv = np.concatenate([part[1] for part in parts])
    space = MeshSpace(vertices, np.concatenate([PLANE[1], PLANE[1] + 4]), uv, 128, 128)
    canvas = space.unproject(space.blank(), [front()], torch.ones(1, 3, 128, 128), average=False)
    big = canvas.view_quality[:64, 64:] > 0
    small = canvas.view_quality[128 - 51 :, :51] > 0
    assert small.float().mean() > 0.95
    assert not big[24:40, 24:40].any()  # right behind the plate
    assert big[:8].all() and big[:, :8].all()
    # The plate's shadow is a square of 0.3 x (distance ratio) of the plane; beside it only a pixel's margin is lost.
    hidden = (~big).float().mean().sqrt()
    camera = 2.05 * space.radius
    expected = 0.3 * (camera + space.centre[1]) / (camera + space.centre[1] - 0.8)
    assert expected - 0.03 < hidden < expected + 0.09


def test_occluders_hide_but_are_not_painted():
    plate = (PLANE[0] * 0.3 + [0, -0.8, 0], PLANE[1])
    space = MeshSpace(*PLANE, PLANE_UV, 64, 64, occluders=plate)
    canvas = space.unproject(space.blank(), [front()], torch.ones(1, 3, 64, 64), average=False)
    assert not (canvas.view_quality[26:38, 26:38] > 0).any() and (canvas.view_quality[:6] > 0).all()
    picture = space.project(RasterCanvas(torch.ones(3, 64, 64), torch.ones(64, 64)), [front()])[0]
    assert (picture[:, 32, 32] == 0.5).all() and (picture[:, 20, 20] == 1).all()
    assert space.condition([front()])[0, 0, 32, 32] == 0


def test_a_broken_occluder_hides_nothing():
    plate = (PLANE[0] * [np.nan, 1, 1], PLANE[1])
    space = MeshSpace(*PLANE, PLANE_UV, 32, 32, occluders=plate)
    assert space.coverage(space.unproject(space.blank(), [front()], torch.ones(1, 3, 32, 32), average=False)) > 0.99


def test_the_back_of_a_thin_sheet_is_not_painted_from_the_front():
    back = (PLANE[0] * [-1, 1, 1] + [0, 0.002, 0], PLANE[1])
    vertices = np.concatenate([PLANE[0], back[0]])
    uv = np.concatenate([PLANE_UV * [0.5, 1], PLANE_UV * [0.5, 1] + [0.5, 0]])
    space = MeshSpace(vertices, np.concatenate([PLANE[1], back[1] + 4]), uv, 64, 64)
    canvas = space.unproject(space.blank(), [front()], torch.ones(1, 3, 64, 64), average=False)
    assert (canvas.view_quality[:, :32] > 0).all() and not canvas.view_quality[:, 32:].any()


def test_visibility_agrees_with_a_ray_per_texel():
    """The depth buffer stands in for rays: it may lose a pixel beside what hides, it must not see through it."""
    vertices, faces, uv = knot()
    space = MeshSpace(vertices, faces, uv, 256, 192)
    position, normal = space._surface.position.T, space._surface.normal.T
    truth_scene = trimesh.Trimesh((vertices - space.centre) / space.radius, faces, process=False)
    for view in (front(), front(azimuth=45, elevation=30)):
        sight = torch.nn.functional.normalize(torch.tensor(view.position) - position, dim=-1)
        facing = (sight * normal).sum(-1) > 0.1
        hidden = truth_scene.ray.intersects_any((position + 3e-3 * sight).numpy(), sight.numpy())
        truth = facing & ~torch.from_numpy(hidden)
        canvas = space.unproject(space.blank(), [view], torch.ones(1, 3, 192, 192), average=False)
        seen = canvas.view_quality.flatten()[space._surface.texel] > 0
        assert 0.1 < truth.float().mean() < 0.5
        assert (seen & ~truth).sum() < 0.002 * truth.sum()
        assert (truth & ~seen).sum() < 0.1 * truth.sum()


def test_a_picture_finer_than_the_texture_does_not_alias():
    """One-pixel checks on an eighth as many texels turn grey rather than black or white at random."""
    space = MeshSpace(*PLANE, PLANE_UV, 32, 256)
    checks = ((torch.arange(256)[:, None] + torch.arange(256)) % 2).float().expand(1, 3, 256, 256)
    z = space.unproject(space.blank(), [front()], checks, average=False).z
    assert (z - 0.5).abs().mean() < 0.02  # the corners read one pixel over and over


def test_inverted_normals_do_no_harm():
    vertices, faces, uv = sphere(24)
    upright = MeshSpace(vertices, faces, uv, 128, 96)
    inverted = MeshSpace(vertices, faces[:, ::-1], uv[:, ::-1], 128, 96)
    one, other = (paint(space, flat(1, 96)) for space in (upright, inverted))
    assert upright.coverage(one) == pytest.approx(inverted.coverage(other), abs=0.01)


def test_no_background_bleeds_in_at_silhouettes():
    """A white ball in front of black, smeared by a pixel as decoders do: hardly a texel may be tinted."""
    space = MeshSpace(*sphere(), 256, 64)
    white = RasterCanvas(torch.ones(3, 256, 256), torch.ones(256, 256))

    def shown(views):
        on_object = (space.project(white, views) > 1 - 1e-5).float()  # weights sum to 1 but for rounding
        return -torch.nn.functional.max_pool2d(-on_object, 3, 1, 1)  # every pixel beside the background is black

    canvas = paint(space, shown)
    assert torch.allclose(canvas.z[:, canvas.view_quality > 0], torch.ones(1), atol=1e-5)


def test_charts_do_not_bleed_into_one_another_through_their_margin():
    """The margin is what the last canvas left there: it must not be seen."""
    space = MeshSpace(*boxed(trimesh.creation.box()), 128, 64)
    z = torch.zeros(3, 128, 128)
    z.flatten(1)[:, space._surface.on_chart] = 1
    views, best = space.view_sets[0], torch.ones(128, 128)
    with_margin, without = (space.project(RasterCanvas(canvas, best), views) for canvas in (z, z * 0 + 1))
    assert torch.allclose(with_margin, without, atol=1e-6)


def test_the_view_that_looks_straightest_wins():
    views = orbit([(0, 0), (40, 0)])
    space = MeshSpace(*sphere(), 256, 96, view_sets=(views,))
    images = torch.stack([torch.zeros(3, 96, 96), torch.ones(3, 96, 96)])
    canvas = space.unproject(space.blank(), views, images, average=False)
    equator = canvas.z[0, 128]
    column = lambda azimuth: round((azimuth / 360 + 0.75) % 1 * 256)  # noqa: E731  u = 0 is +X, -Y is three quarters on
    assert (equator[column(-50) : column(19)] == 0).all() and equator[column(21)] == 1 and equator[column(50)] == 1
    assert canvas.view_quality.max() <= 1 and canvas.view_quality[128, column(0)] > 0.99
    mean = space.unproject(space.blank(), views, images, average=True).z[0, 128]
    assert mean[column(20)] == pytest.approx(0.5, abs=0.02) and 0 < mean[column(5)] < 0.5


def test_a_worse_view_blends_and_a_better_one_replaces():
    space = MeshSpace(*PLANE, PLANE_UV, 64, 64)
    slanted, straight = front(azimuth=65), front()
    ones, zeros = torch.ones(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)
    canvas = space.unproject(space.blank(), [slanted], ones, average=False)
    assert (canvas.z[:, 32, 32] == 1).all()  # the best ever seen, though slanted
    canvas = space.unproject(canvas, [straight], zeros, average=False)
    assert (canvas.z[:, 32, 32] == 0).all()
    cosine = float(space.unproject(space.blank(), [slanted], ones, average=False).view_quality[32, 32])
    canvas = space.unproject(canvas, [slanted], ones, average=False)
    assert canvas.z[0, 32, 32] == pytest.approx((cosine - 0.1) / 0.4, abs=1e-5)
    assert canvas.view_quality[32, 32] > 0.99


def test_unprojecting_leaves_its_input_alone():
    space = MeshSpace(*sphere(), 64, 48)
    before = space.blank()
    space.unproject(before, space.view_sets[0], torch.ones(4, 3, 48, 48), average=False)
    assert (before.z == space.background).all() and not before.view_quality.any()


def test_depth_condition_is_inverse_depth_of_the_object():
    space = MeshSpace(*sphere(), 64, 65)
    depth = space.condition([front()])[0, 0]
    assert depth.shape == (65, 65) and depth.max() == 1 and depth.min() == 0
    assert depth[32, 32] > 0.99 and depth[0, 0] == 0
    # The point halfway out on the picture, by hand: ray and unit sphere.
    view, tangent = 2.05, np.tan(np.radians(30)) * (16 / 32.5)
    along = (view - np.sqrt(view**2 - (1 + tangent**2) * (view**2 - 1))) / (1 + tangent**2)
    near, far = 1 / (view - 1), 1 / (view - 1 / view)
    assert depth[32, 48] == pytest.approx((1 / along - far) / (near - far), abs=0.05)  # the silhouette's own pixel
    assert (depth[32, 33:56].diff() < 0).all()


def test_seam_masks_lie_on_the_object_and_off_what_others_own():
    """Off the object nothing is kept from being made anew, as in the reference: the mask is 1 there."""
    space = MeshSpace(*sphere(), 128, 96, depth_floor=0.1)
    views = space.view_sets[0]
    masks, depth = space.seam_mask(views), space.condition(views)
    assert masks.shape == (4, 1, 96, 96) and masks.min() == 0 and (masks.amax((1, 2, 3)) == 1).all()
    assert (masks[depth == 0] == 1).all() and (masks[depth > 0] < 1).any()
    first = (depth[..., :-1] == 0) & (depth[..., 1:] > 0)
    assert first.any() and not masks[..., 1:][first].any()  # the object's own border is a border
    assert masks[0, 0, 48, 48] == 1
    shared = (space.seam_mask(orbit([(0, 0), (40, 0)])) * (depth[:1] > 0))[0, 0, 48]
    border = 48 * (1 + np.sin(np.radians(20)) / (2.05 - np.cos(np.radians(20))) / np.tan(np.radians(30)))
    assert not shared[int(border) + 2 :].any() and shared[int(border) - 6] > 0 and shared[24] > 0


@pytest.mark.parametrize(
    "mesh", [trimesh.creation.box(), trimesh.creation.torus(1, 0.3), trimesh.creation.capsule(), trimesh.creation.cone(1, 2)]
)
def test_no_texel_is_left_unfilled(mesh):
    """On the surface, hidden or not, and in the margin: the file holds nothing but painted colours."""
    space = MeshSpace(*boxed(mesh), 256, 64)
    canvas = paint(space, flat(0.9, 64))
    assert 0.85 < space.coverage(canvas) <= 1
    assert torch.allclose(space.fill_and_pad(canvas), torch.full((3, 256, 256), 0.9), atol=1e-4)


def test_unseen_texels_take_after_their_neighbours_in_space():
    space = MeshSpace(*boxed(trimesh.creation.icosphere(2)), 256, 64, view_sets=(orbit([(0, 0), (180, 0)]),))
    images = torch.stack([torch.zeros(3, 64, 64), torch.ones(3, 64, 64)])
    canvas = space.unproject(space.blank(), space.view_sets[0], images, average=False)
    assert space.coverage(canvas) < 0.95
    result = space.fill_and_pad(canvas).flatten(1)[0, space._surface.texel]
    y = space._surface.position[1]
    assert (result[y < -0.1] < 0.01).all() and (result[y > 0.1] > 0.99).all()


def test_a_canvas_that_nobody_painted_is_finished_as_it_is():
    space = MeshSpace(*PLANE, PLANE_UV * 0.5, 32, 32)
    assert (space.fill_and_pad(space.blank()) == space.background).all()


def test_margin_texels_do_not_count_as_uncovered():
    space = MeshSpace(*PLANE, PLANE_UV * 0.3 + 0.2, 64, 64)
    assert space.coverage(space.blank()) == 0
    assert space.coverage(paint(space, flat(1, 64))) == 1


def test_scale_and_place_do_not_matter():
    vertices, faces, uv = sphere(16)
    small, large = MeshSpace(vertices, faces, uv, 64, 48), MeshSpace(vertices * 700 + [1e4, -50, 3], faces, uv, 64, 48)
    assert torch.allclose(small.condition([front()]), large.condition([front()]), atol=1e-3)
    assert large.radius == pytest.approx(700) and np.allclose(large.centre, [1e4, -50, 3])


def test_degenerate_and_crowded_meshes_do_not_crash():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1], [2, 0, 0], [np.nan] * 3])  # the last belongs to no face
    faces = np.array([[0, 1, 2], [0, 1, 3], [1, 1, 1], [0, 1, 2]])
    uv = np.array([[[0, 0], [1, 0], [0, 1]]] * 2 + [[[0.5, 0.5]] * 3, [[0.2, 0.2], [0.4, 0.4], [0.6, 0.6]]])
    space = MeshSpace(vertices, faces, uv, 32, 32)
    assert torch.isfinite(space.fill_and_pad(paint(space, flat(1, 32)))).all()
    one = MeshSpace(vertices[:3], faces[:1], uv[:1], 32, 32)
    assert one.coverage(paint(one, flat(1, 32))) > 0.9
    crowd = MeshSpace(*boxed(trimesh.creation.icosphere(6)), 128, 32, view_sets=(orbit([(0, 0)]),))
    assert torch.isfinite(crowd.fill_and_pad(paint(crowd, flat(1, 32)))).all()


@pytest.mark.parametrize(
    "vertices, faces, uv, complaint, fix",
    [
        (PLANE[0], np.zeros((0, 3), int), np.zeros((0, 3, 2)), "no faces", "select_mesh"),
        (PLANE[0] * np.nan, PLANE[1], PLANE_UV, "no valid position", "select_mesh"),
        (PLANE[0] * [np.inf, 1, 1], PLANE[1], PLANE_UV, "no valid position", "select_mesh"),
        (PLANE[0], PLANE[1] + 2, PLANE_UV, "a vertex that does not exist", "select_mesh"),
        (PLANE[0], PLANE[1] - 1, PLANE_UV, "a vertex that does not exist", "select_mesh"),
        (PLANE[0] * 0, PLANE[1], PLANE_UV, "no extent", "select_mesh"),
        (PLANE[0], PLANE[1], PLANE_UV + np.inf, "UV map is broken", "unwrap"),
        (PLANE[0], PLANE[1], PLANE_UV * np.nan, "UV map is broken", "unwrap"),
        (PLANE[0], PLANE[1], PLANE_UV * 1e9, "UV map is broken", "unwrap"),
        (PLANE[0], PLANE[1], PLANE_UV * 0, "UV map is empty", "unwrap"),
    ],
)
def test_a_mesh_that_cannot_be_painted_is_refused_in_plain_words(vertices, faces, uv, complaint, fix):
    """And the button it offers fits the fault: unwrapping mends no broken vertex."""
    with pytest.raises(InvalidMesh, match=complaint) as caught:
        MeshSpace(vertices, faces, uv, 32, 32)
    assert caught.value.fix == fix
    if caught.value.code != "uv_empty":  # which depends on the size of the texture
        with pytest.raises(InvalidMesh) as sooner:
            Mesh(vertices=np.asarray(vertices, np.float32), faces=np.asarray(faces, np.int32), uv=np.asarray(uv, np.float32))
        assert sooner.value.code == caught.value.code, "a job folder takes what the space does"


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        ((*PLANE, PLANE_UV[:1], 32, 32), "one pair per corner"),
        ((PLANE[0][:, :2], PLANE[1], PLANE_UV, 32, 32), r"must be \[V, 3\]"),
        ((*PLANE, PLANE_UV, 4, 32), "must be 8 or more"),
    ],
)
def test_what_only_a_programmer_gets_wrong_is_a_value_error(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        MeshSpace(*arguments)
    with pytest.raises(ValueError, match="depth_floor"):
        MeshSpace(*PLANE, PLANE_UV, 32, 32, depth_floor=1.0)
    with pytest.raises(ValueError, match="view_resolution"):
        MeshSpace(*PLANE, PLANE_UV, 32, 32).at(4)


def test_a_view_fades_out_at_what_hides_part_of_it():
    """White, then black from a view half of which a plate hides: the edge of its shadow must not be a step."""
    plate = np.array([[-0.05, -1.3, -2], [2, -1.3, -2], [2, -1.3, 2], [-0.05, -1.3, 2]])
    shaded = MeshSpace(*sphere(), 512, 256, occluders=(plate, np.array([[0, 1, 2], [0, 2, 3]])))
    open_air = MeshSpace(*sphere(), 512, 256)
    canvas = paint(open_air, lambda views: torch.ones(len(views), 3, 256, 256))
    canvas = shaded.unproject(canvas, [front()], torch.zeros(1, 3, 256, 256), average=False)
    row = open_air.project(canvas, [front()])[0, 0, 128, 64:192]
    assert row.min() < 0.05 and row.max() > 0.95  # both halves are there
    assert (row[1:] - row[:-1]).abs().max() < 0.3  # four pixels for the way; a hard edge: 0.39
