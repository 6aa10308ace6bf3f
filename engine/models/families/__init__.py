"""One module per family of checkpoints: layout, text, denoiser, codec and load."""
