"""A panorama from a diffusers folder, and the picture after every outer step, straight from the loop.

python -m examples.panorama_from_diffusers engine/models/builtin "an alpine meadow at dawn" out
"""

import sys
from pathlib import Path

from engine.io.images import save_png
from engine.models.families.sd import load_checkpoint
from engine.prompts import prompts_by_label, suffixes
from engine.protocol.kinds import KINDS
from engine.sampling.plan import plan
from engine.sampling.schedule import Schedule
from engine.sampling.synchronize import OuterStep, synchronize
from engine.spaces.equirect import EquirectSpace

model, prompt, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
checkpoint = load_checkpoint(model)
space = EquirectSpace(1024, checkpoint.view_resolution)
denoiser = checkpoint.denoiser(prompts_by_label(prompt, suffixes(KINDS["panorama"], prompt, {}), checkpoint.fits_context))
schedule = checkpoint.schedule(Schedule)
steps = plan(KINDS["panorama"].preset_sampling("turbo"), space, schedule)
folder.mkdir(parents=True, exist_ok=True)
for event in synchronize(steps, space, checkpoint.codec, denoiser, seed=0):
    if isinstance(event, OuterStep):
        print(save_png(folder / f"{event.index:02d}.png", space.fill_and_pad(event.canvas)))
