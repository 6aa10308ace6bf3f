"""The add-on: everything that touches bpy, and nothing that touches torch."""
