"""The judge: a small network that names what a picture shows. It never sees the diffusion model, nor the model it."""
