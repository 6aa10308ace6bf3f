"""Every speed figure that the README quotes: both jobs, each preset, with the built-in model.

    python scripts/benchmark.py [--presets auto turbo] [--jobs panorama texture] [--mesh FILE] [--width 2048] [--size 1024]

Each job runs in a process of its own (a cold start, as the command line has it), so peak memory is the job's. Run it with the
engine's Python. Seconds depend on the machine and on what else it does; the shares and the counts do not.
"""
from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
GEOMETRY = ("geometry", "project", "unproject", "finish")
COLUMNS = ("job", "preset", "NFE", "total s", "load s", "denoise s", "encode s", "decode s", "geometry s", "share", "ms/NFE",
           "peak GB")
PROMPTS = {"panorama": "an alpine meadow", "texture": "molten lava"}


def run(kind: str, preset: str, options: list[str], out: Path) -> dict:
    """Do one job and return its report."""
    command = [sys.executable, "-m", "engine", kind, *options, "--prompt", PROMPTS[kind], "--preset", preset, "--out", str(out)]
    subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    return json.loads((out / "report.json").read_bytes())


def row(kind: str, preset: str, report: dict) -> list[str]:
    """One line of the table."""
    seconds = report["seconds"]
    geometry = sum(seconds.get(name, 0.0) for name in GEOMETRY)
    return [kind, preset, str(report["forwards"]), f"{seconds['total']:.1f}",
            *(f"{seconds.get(name, 0.0):.1f}" for name in ("load", "denoise", "encode", "decode")), f"{geometry:.1f}",
            f"{geometry / seconds['total']:.0%}", f"{1000 * seconds['denoise'] / report['forwards']:.1f}",
            f"{report['peak_memory'] / 1e9:.2f}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", default=["auto", "turbo", "fast", "paper"])
    parser.add_argument("--jobs", nargs="+", default=["panorama", "texture"], choices=("panorama", "texture"))
    parser.add_argument("--mesh", type=Path, help="OBJ, GLB or PLY file; without it a sphere of 20480 triangles")
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--size", type=int, default=1024)
    args = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |\n|" + " --- |" * len(COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        mesh = args.mesh or _sphere(Path(folder) / "sphere.ply")
        options = {"panorama": ["--width", str(args.width)], "texture": [str(mesh), "--size", str(args.size)]}
        for kind in args.jobs:
            for preset in args.presets:
                report = run(kind, preset, options[kind], Path(folder) / f"{kind}-{preset}")
                print("| " + " | ".join(row(kind, preset, report)) + " |", flush=True)
    return 0


def _sphere(path: Path) -> Path:
    import trimesh

    trimesh.creation.icosphere(subdivisions=5).export(path)
    return path


if __name__ == "__main__":
    sys.exit(main())
