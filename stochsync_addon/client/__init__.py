"""The add-on's side of the engine's process: start it, talk to it, install it. No bpy, no threads, nothing that waits."""
