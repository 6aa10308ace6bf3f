"""The paper: noise schedules, the solver G, and Algorithm 4. Torch only; no geometry, no diffusers."""
