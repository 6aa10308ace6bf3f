"""A texture from Python: write a job folder, do it in this process, and put the picture on the mesh.

python -m examples.texture_from_python chair.glb builtin out
"""

import sys
from pathlib import Path

from engine.canonical import SpaceCache
from engine.io.mesh_files import read_mesh, write_glb
from engine.models.load import ModelCache
from engine.protocol.job import Job, save_job
from engine.protocol.kinds import TextureParams
from engine.tasks import run_job

mesh_file, model, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
mesh, _ = read_mesh(mesh_file)  # unwrapped where it has no UVs
save_job(folder, Job(kind="texture", params=TextureParams(prompt="old oak planks", model=model, size=512)), mesh)
for message in run_job(folder, ModelCache(), SpaceCache()):
    print(message)
print(write_glb(folder / "textured.glb", mesh, folder / "result.png"))
