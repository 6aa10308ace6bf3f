"""StochSync without a network: views of a sphere are drawn from a mixture of plain colours, and agree on one.

python -m examples.closed_form_sphere sphere.png
"""

import itertools
import sys
from pathlib import Path

import torch

from engine.io.images import save_png
from engine.models.ideal import IdealDenoiser, IdentityCodec, mixture
from engine.protocol.params import SamplingParams
from engine.sampling.plan import plan
from engine.sampling.schedule import Schedule, scaled_linear_alpha_bar
from engine.sampling.synchronize import synchronize
from engine.spaces.equirect import EquirectSpace

space = EquirectSpace(256, 32)  # a canvas of 256 x 128 texels, views of 32 x 32 pixels
schedule = Schedule.variance_preserving(scaled_linear_alpha_bar())
colours = torch.tensor(list(itertools.product((0.2, 0.8), repeat=3))[1:-1])  # [6, 3], neither black nor white
pictures = colours[:, :, None, None].expand(-1, -1, space.view_resolution, space.view_resolution)
denoiser = IdealDenoiser(mixture(pictures, variance=0.002), schedule)
steps = plan(SamplingParams(guidance=1.0, outer_steps=10, ode_steps=10), space, schedule)
*_, last = synchronize(steps, space, IdentityCodec(), denoiser, seed=0)
print(save_png(Path(sys.argv[1]), space.fill_and_pad(last.canvas)))
