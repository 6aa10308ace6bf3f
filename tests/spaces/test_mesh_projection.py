"""What views of a mesh show: filtering, other sizes, what lies behind, what is unknown, what is restored."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh
from mesh_canvases import flat, front, paint, smooth_texture
from mesh_shapes import PLANE, PLANE_UV, boxed, knot, sphere

from engine.spaces.mesh import MeshSpace
from engine.spaces.raster import RasterCanvas
from engine.spaces.views import View, orbit, pixels


def known_everywhere(z: torch.Tensor) -> RasterCanvas:
    return RasterCanvas(z, torch.ones(z.shape[1:]))


@pytest.mark.parametrize("resolution", [48, 64, 96])  # a half, two thirds, and the rays' own
def test_the_same_canvas_through_views_of_another_size(resolution):
    """A smaller picture is the larger one averaged down; what a view sees of the canvas does not depend on its size."""
    space = MeshSpace(*sphere(), 128, 96)
    other = space.at(resolution)
    assert other.view_resolution == resolution and other.at(96) is space and space.at(resolution) is other
    assert other.view_sets is space.view_sets
    views, canvas = space.view_sets[1], known_everywhere(smooth_texture(128))
    picture = other.project(canvas, views)
    assert picture.shape == (4, 3, resolution, resolution)
    small = torch.nn.functional.interpolate(space.project(canvas, views), size=(resolution, resolution), mode="area")
    # 64 of 96 rays: some pixels hold one ray, some two, where the mean over areas would cut them.
    assert (picture - small).abs().mean() < (1e-6 if 96 % resolution == 0 else 5e-3)
    seen = [
        at.unproject(at.blank(), views, torch.ones(4, 3, n, n), average=False).view_quality
        for at, n in ((space, 96), (other, resolution))
    ]
    assert torch.equal(*seen)
    assert other.condition(views).shape == other.seam_mask(views).shape == (4, 1, resolution, resolution)
    assert other.texels_per_pixel == pytest.approx(space.texels_per_pixel * 96 / resolution)


def test_views_may_be_larger_than_the_space_was_made_for():
    """Then they get rays of their own, as many as a space made for them has, whichever size was asked for first."""
    space, wanted = MeshSpace(*sphere(), 128, 48), MeshSpace(*sphere(), 128, 96)
    canvas, views = known_everywhere(smooth_texture(128)), space.view_sets[0]
    assert torch.equal(space.at(96).project(canvas, views), wanted.project(canvas, views))
    assert torch.equal(space.at(96).at(48).project(canvas, views), wanted.at(48).project(canvas, views))
    assert space.at(48) is space


@pytest.mark.parametrize(("size", "texels"), [(512, 1.5), (1024, 3)])
def test_a_texture_finer_than_the_picture_does_not_alias(size, texels):
    """Checks of one texel, so many to a pixel at the nearest point: grey, at every slope, rather than black or white at random.

    Over 1.5 texels either way, 2x2 bilinear samples 0.87 of a texel apart leave (1 - 0.87)^2 / 2 = 0.01 of them.
    """
    checks = ((torch.arange(size)[:, None] + torch.arange(size)) % 2).float().expand(3, size, size)
    space = MeshSpace(*sphere(), size, 64)
    assert space.texels_per_pixel > texels
    for at in (space, space.at(32)):
        for views in space.view_sets[:2]:
            assert (at.project(known_everywhere(checks), views) - 0.5).abs().max() < 0.02


def mean_of_rays(space: MeshSpace, z: torch.Tensor, view: View, side: int) -> torch.Tensor:
    """[3, h, w]: z read bilinearly by side x side rays a pixel, one by one; 0 off the object."""
    surface, n = space._surface, side * space.view_resolution
    seen = space._views._rasterizer.render(view, n, n)
    uv = (seen.barycentric[..., None] * surface.face_uv[seen.face.clamp(min=0)]).sum(-2)
    rays = torch.nn.functional.grid_sample(z[None], 2 * uv[None] - 1, align_corners=False)[0] * (seen.face >= 0)
    return torch.nn.functional.avg_pool2d(rays, side)


@pytest.mark.parametrize("texels", [1.0, 1.5, 2.0, 3.0, 6.0])
def test_a_pixel_is_the_mean_of_what_it_covers(texels):
    """Against 8x8 rays a pixel, on a leaning plane with random texels, which hold all frequencies alike.

    A third of what one bilinear reading per pixel misses: what is left comes of the shape of the footprint, as a square that
    leans against the texels is read as an upright one of the same spread, and of the halvings' own grid.
    """
    size = 128
    space = MeshSpace(*PLANE, PLANE_UV, size, 64)
    space = MeshSpace(*PLANE, PLANE_UV, size, round(64 * space.texels_per_pixel / texels))
    noise = torch.rand(3, size, size, generator=torch.Generator().manual_seed(0))
    view = View.orbiting(azimuth=20, elevation=30)
    shown, truth = space.project(known_everywhere(noise), [view])[0], mean_of_rays(space, noise, view, 8)
    off = (space.condition([view]) == 0).float()
    inside = torch.nn.functional.max_pool2d(off, 7, 1, 3)[0, 0] == 0
    missed, once = ((p - truth)[:, inside].square().mean().sqrt() for p in (shown, mean_of_rays(space, noise, view, 1)))
    assert inside.sum() > 50 and missed < once / 3


def test_stretched_uvs_are_averaged_along_their_stretch_alone():
    """Fourteen texels to a pixel one way and one and a half the other: checks turn grey, and bands of four pixels along
    the stretch keep their contrast, which a footprint as wide as it is long would lose."""
    space = MeshSpace(*PLANE, PLANE_UV * [1, 0.1], 512, 64)
    grid = torch.arange(512)
    checks = ((grid[:, None] + grid) % 2).float().expand(3, 512, 512)
    bands = ((grid[:, None] // 6) % 2).float().expand(3, 512, 512)
    (inside,) = torch.where(space.condition([front()])[0, 0, 32] > 0.9)
    middle = slice(int(inside[3]), int(inside[-3]))
    shown = [space.project(known_everywhere(z), [front()])[0, 0, middle, middle] for z in (checks, bands)]
    assert (shown[0] - 0.5).abs().max() < 0.1
    assert shown[1].min() < 0.1 and shown[1].max() > 0.9
    assert (shown[1] - shown[1].mean(1, keepdim=True)).abs().max() < 0.02  # and nothing varies along the bands


def test_pixels_across_a_seam_of_the_texture_show_both_sides():
    """A white chart and a black one, apart in the texture, that meet at x = 0: in the middle of an odd number of pixels."""
    x = np.array([-1, 0, 0.5, 1])
    vertices = np.array([[a, 0, b] for b in (-1, 1) for a in x])
    faces = np.array([f for i in range(3) for f in ([i, i + 1, i + 5], [i, i + 5, i + 4])])
    apart = np.where(np.arange(6) < 2, 0, 0.3)[:, None, None] * [1, 0]
    space = MeshSpace(vertices, faces, vertices[faces][..., [0, 2]] * 0.2 + [0.25, 0.5] + apart, 256, 65)
    z = torch.zeros(3, 256, 256)
    z[:, :, : round(0.4 * 256)] = 1  # between the charts, which lie at 0.05 to 0.25 and 0.55 to 0.75
    shown = space.project(known_everywhere(z), [front()])[0, 0, 25:40]
    assert torch.allclose(shown[:, 24:32], torch.ones(15, 8), atol=1e-5)
    assert torch.allclose(shown[:, 33:41], torch.zeros(15, 8), atol=1e-5)
    assert torch.allclose(shown[:, 32], torch.full((15,), 0.5), atol=1e-5)


def test_silhouettes_are_smooth_at_the_full_size():
    """The ball covers what a disc covers, in steps of a quarter of a pixel."""
    space = MeshSpace(*sphere(96), 128, 64)
    white = known_everywhere(torch.ones(3, 128, 128))
    shown = space.project(white, [front()], torch.zeros(1, 3, 64, 64))[0, 0]
    fine = (torch.arange(64 * 16) + 0.5) / (8 * 64) - 1
    edge = np.tan(np.arcsin(1 / 2.05)) / np.tan(np.radians(30))
    disc = ((fine[:, None] ** 2 + fine**2) < edge**2).float()
    disc = torch.nn.functional.avg_pool2d(disc[None], 16)[0]
    cut = (disc > 0) & (disc < 1)
    assert ((shown > 0) & (shown < 1)).sum() > 0.5 * cut.sum()
    assert (shown - disc)[cut].abs().mean() < 0.12  # four samples: a quarter of their distance, 1/16, and the facets
    assert torch.allclose(shown[~cut], disc[~cut], atol=0.26) and (shown - disc).mean().abs() < 2e-3


def test_what_lies_behind_the_object_is_shown_beside_it():
    """Composited with the silhouette's coverage: nothing of it shines through, and no rim is left around the object."""
    space = MeshSpace(*sphere(), 128, 64)
    views = space.view_sets[0]
    red = torch.tensor([1.0, 0, 0]).reshape(1, 3, 1, 1).expand(4, 3, 64, 64)
    white = known_everywhere(torch.ones(3, 128, 128))
    picture, alpha = space.project(white, views, red), space.project(white, views, red * 0)[:, :1]
    assert torch.allclose(picture, alpha + (1 - alpha) * red, atol=1e-6)
    assert (alpha == 0).any() and ((alpha > 0.2) & (alpha < 0.8)).any()
    grey = torch.full((4, 3, 64, 64), space.background)
    assert torch.equal(space.project(white, views), space.project(white, views, grey))
    blank, known = space.blank(), known_everywhere(space.blank().z)
    assert torch.allclose(space.project(blank, views, red), space.project(known, views, red), atol=1e-6)


def test_pixels_that_look_at_unseen_texels_are_unknown():
    """Left half of a plane known, right half not; and what looks past the plane."""
    space = MeshSpace(*PLANE, PLANE_UV, 64, 64)
    best = torch.zeros(64, 64)
    best[:, :32] = 1
    mask = space.unknown_mask(RasterCanvas(torch.rand(3, 64, 64), best), [front()])
    assert mask.shape == (1, 1, 64, 64) and set(mask.unique().tolist()) == {0, 1}
    xy, _ = pixels(front(), torch.tensor([[-0.3, 0, 0.3], [0.3, 0, -0.3]]), 64, 64)
    known, unknown = (mask[0, 0, int(y), int(x)] for x, y in xy)
    assert known == 0 and unknown == 1 and mask[0, 0, 0, 0] == 1 and mask[0, 0, 32, 31:34].any()
    everything = space.unknown_mask(known_everywhere(torch.rand(3, 64, 64)), [front()])
    past = space.project(known_everywhere(torch.ones(3, 64, 64)), [front()], torch.zeros(1, 3, 64, 64))[:, :1] < 0.99
    assert torch.equal(everything, past.float())
    assert (space.unknown_mask(space.blank(), [front()]) == 1).all()


def test_unseen_texels_show_what_the_view_sees_beside_them():
    """Charts far apart in the texture, side by side on the object: the neighbours in the picture are asked."""
    vertices, faces, uv = sphere()
    space = MeshSpace(vertices, faces, uv, 256, 64)
    z, best = torch.full((3, 256, 256), 0.5), torch.zeros(256, 256)
    top = torch.arange(256) < 128
    z[0, top], z[1:, top] = 1, 0
    best[top] = 1
    picture = space.project(RasterCanvas(z, best), [front()])[0]
    black = torch.zeros(1, 3, 64, 64)
    on_object = space.project(known_everywhere(torch.ones_like(z)), [front()], black)[0, 0] > 1 - 1e-5
    assert torch.allclose(picture[0][on_object], torch.ones(1), atol=2e-3)
    assert torch.allclose(picture[1][on_object], torch.zeros(1), atol=2e-3)
    below = space.project(RasterCanvas(z, best), [front(elevation=-89)])[0]  # sees nothing known: the mean of the canvas
    assert torch.allclose(below[:, 32, 32], torch.tensor([1.0, 0, 0]), atol=1e-5)


def test_what_is_known_is_restored_exactly_but_for_its_border():
    space = MeshSpace(*sphere(), 128, 64)
    known = space.unproject(space.blank(), [front()], torch.rand(1, 3, 64, 64), average=False)
    painted = paint(space, flat(1, 64))
    restored = space.restore(painted, known)
    firm, border = known.view_quality >= 0.2, (known.view_quality > 0) & (known.view_quality < 0.2)
    assert firm.any() and border.any()
    assert torch.equal(restored.z[:, firm], known.z[:, firm])
    assert torch.equal(restored.z[:, known.view_quality == 0], painted.z[:, known.view_quality == 0])
    low = torch.minimum(known.z, painted.z) - 1e-6
    high = torch.maximum(known.z, painted.z) + 1e-6
    assert ((restored.z >= low) & (restored.z <= high))[:, border].all()
    weight = ((known.view_quality - 0.1) / 0.1)[border]
    assert torch.allclose(restored.z[:, border], torch.lerp(painted.z, known.z, ((known.view_quality - 0.1) / 0.1))[:, border])
    assert weight.min() < 0.3  # it starts from the least cosine at which anything is seen
    assert torch.equal(restored.view_quality, torch.maximum(known.view_quality, painted.view_quality))
    only = space.restore(space.blank(), known)
    assert torch.equal(only.z[:, known.view_quality > 0], known.z[:, known.view_quality > 0])


def test_texels_per_pixel_of_a_plane():
    """Counted: texels along the plane against the pixels that the plane is wide where it stands."""
    for size, resolution in ((64, 64), (256, 64), (128, 256)):
        space = MeshSpace(*PLANE, PLANE_UV, size, resolution)
        xy, _ = pixels(front(), torch.tensor([[-1, 0, 0], [1, 0, 0.0]]) / space.radius, resolution, resolution)
        assert space.texels_per_pixel == pytest.approx(size / float(xy[1, 0] - xy[0, 0]), rel=1e-4)
    half = MeshSpace(*PLANE, PLANE_UV * 0.5, 256, 64)
    assert half.texels_per_pixel == pytest.approx(MeshSpace(*PLANE, PLANE_UV, 128, 64).texels_per_pixel, rel=1e-4)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_tiny_and_huge_meshes_are_the_same_mesh(scale):
    """Blender scenes come in millimetres and in kilometres, far from the origin too."""
    vertices, faces, uv = knot()
    views = MeshSpace(vertices, faces, uv, 64, 48).view_sets[0]
    images = torch.rand(4, 3, 48, 48)
    results = []
    for factor, offset in ((1, 0), (scale, 30 * scale)):
        plate = (PLANE[0] * 0.5 + [0, -2, 0]) * factor + offset, PLANE[1]
        space = MeshSpace(vertices * factor + offset, faces, uv, 64, 48, occluders=plate)
        canvas = space.unproject(space.blank(), views, images, average=False)
        results.append((space.fill_and_pad(canvas), space.project(canvas, views), space.condition(views), canvas.view_quality))
    for one, other in zip(*results, strict=True):
        assert (one - other).abs().mean() < 1e-3  # rounding moves single rays over an edge


def test_depth_floor_keeps_the_farthest_surface_off_the_background():
    plain, floored = (MeshSpace(*sphere(), 64, 64, depth_floor=floor) for floor in (0.0, 0.25))
    depth, raised = plain.condition([front()]), floored.condition([front()])
    on_object = raised > 0
    assert raised[on_object].min() == pytest.approx(0.25) and raised.max() == 1
    assert not depth[~on_object].any() and (depth[on_object] == 0).any()  # without a floor something vanishes
    assert torch.allclose(raised[on_object], 0.25 + 0.75 * depth[on_object], atol=1e-6)
    assert (floored.at(32).condition([front()]).unique()[1]) >= 0.25
    flat_on = MeshSpace(*PLANE, PLANE_UV, 64, 64).condition([front()])
    assert flat_on[flat_on > 0].min() > 0.99 and flat_on[0, 0, 32, 32] > 0.99  # all of it is nearest


@pytest.mark.parametrize("distance, sees", [(-2.05, False), (0.2, True)])  # looking away from it, and from inside it
def test_views_that_see_nothing_and_views_from_inside(distance, sees):
    space, view = MeshSpace(*sphere(), 64, 64), front(distance=distance)
    for at in (space, space.at(32)):
        n = at.view_resolution
        for average in (True, False):
            canvas = at.unproject(at.blank(), [view], torch.rand(1, 3, n, n), average=average)
            assert (at.coverage(canvas) > 0.05) == sees and torch.isfinite(canvas.z).all()
        behind = torch.rand(1, 3, n, n)
        picture = at.project(known_everywhere(torch.rand(3, 64, 64)), [view], behind)
        assert torch.isfinite(picture).all() and (picture == behind).all() == (not sees)
        assert bool(at.condition([view]).any()) == sees and bool((at.seam_mask([view]) == 1).all()) == (not sees)


def test_sets_of_views_for_what_is_left_are_kept():
    fill = (orbit([(0, 90)]), orbit([(0, -90)]))
    space = MeshSpace(*sphere(), 64, 48, view_sets=(orbit([(0, 0)]),), fill_sets=fill)
    assert space.fill_sets == fill and space.at(24).fill_sets == fill and MeshSpace(*sphere(), 64, 48).fill_sets == ()


def test_every_tensor_names_its_device():
    """With another default device, a tensor that names none lands there and cannot be mixed with the others."""
    views = orbit([(0, 0), (90, -15), (180, 0), (270, -15)])
    with torch.device("meta"):
        space = MeshSpace(*boxed(trimesh.creation.torus(1, 0.3)), 96, 64, "cpu", view_sets=(views,))
        canvas = space.blank()
        images = torch.rand(4, 3, 64, 64, device="cpu")
        for at, average in ((space, False), (space.at(32), True)):
            pictures = images[..., : at.view_resolution, : at.view_resolution]
            canvas = at.unproject(canvas, views, pictures, average=average)
            parts = [at.project(canvas, views), at.condition(views), at.seam_mask(views), at.unknown_mask(canvas, views)]
            parts += [*at.restore(canvas, canvas), at.fill_and_pad(canvas)]
            assert {part.device.type for part in parts} == {"cpu"}
        assert space.coverage(canvas) > 0.4 and space.unseen_share(views, views)[0] < 0.2
