"""How the built-in checkpoint is made: procedural pictures, training, export (see README.md)."""
