"""The shim that Blender demands beside the manifest; everything it starts lives in `stochsync_addon`.

bpy is imported inside the functions only, so that test runners and packagers may import this file without Blender.
"""


def register():
    """Called by Blender when the extension is enabled."""
    from .stochsync_addon import registration

    registration.register()


def unregister():
    """Called by Blender when the extension is disabled, and when Blender ends."""
    from .stochsync_addon import registration

    registration.unregister()
