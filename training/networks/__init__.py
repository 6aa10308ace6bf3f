"""The networks of the built-in checkpoint: their sizes, their training and their export as a diffusers folder."""
