"""How the built-in checkpoint's `words.tsv` is made: from English words to what that checkpoint can draw.

`python -m training.world.words.make --help`; read `training/README.md` first.
"""
