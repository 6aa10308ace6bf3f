"""A small convolutional network that predicts the facts of a picture, trained independently of the diffusion model."""
