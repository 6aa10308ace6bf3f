"""The engine: everything that touches torch, and nothing that touches bpy."""
