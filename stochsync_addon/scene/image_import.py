"""A finished picture on disk -> an image data-block, packed at once so that saving the file saves the picture.

Blender's own PNG reader does the work: it knows that row 0 of the file is the top row, and that 8-bit pictures are sRGB.
"""

from __future__ import annotations

from pathlib import Path

import bpy

from ...engine.protocol.errors import InvalidJob

TAG = "stochsync"
"""Custom property that marks the data-blocks and nodes the add-on made: it never changes or removes any others."""


def import_image(path: Path, name: str, owner: str) -> bpy.types.Image:
    """The picture at `path` as a packed sRGB image `name`, taking the place of the one made for `owner` before, if any.

    `owner` says what the picture is for ("texture:Suzanne"). InvalidJob when the file cannot be read.
    """
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError as error:
        raise InvalidJob("picture_unreadable", path=str(path), reason=str(error)) from error
    if not image.size[0]:
        bpy.data.images.remove(image)
        raise InvalidJob("picture_damaged", path=str(path))
    image.pack()
    image.alpha_mode = "NONE"
    image[TAG] = owner
    for former in [one for one in bpy.data.images if one != image and one.get(TAG) == owner and not one.library]:
        former.user_remap(image)
        bpy.data.images.remove(former)
    image.name = name
    return image
