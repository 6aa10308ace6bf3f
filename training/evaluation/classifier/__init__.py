"""A small convolutional network that names what a picture shows. Neither it nor the diffusion model is trained on the other."""
