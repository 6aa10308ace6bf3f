"""Checkpoints: which ones are known, where they are, how they are fetched, and how they become a Denoiser and a LatentCodec."""
