"""`python -m engine …`: the same jobs from a plain shell."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from .protocol import VERSION
from .protocol.errors import EngineError, InvalidParameter
from .protocol.job import Job, load_job, save_job
from .protocol.kinds import KINDS
from .protocol.messages import Preview, Progress, Result
from .protocol.options import add_options, given
from .protocol.params import EngineParams, SamplingParams, from_dict
from .protocol.wording import PHASES

EXIT_FAILED, EXIT_USAGE, EXIT_CANCELLED = 1, 2, 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m engine", description="StochSync: textures, panoramas and wide pictures from a prompt."
    )
    top.add_argument("--version", action="version", version=VERSION)
    commands = top.add_subparsers(dest="command", required=True)
    for kind in KINDS.values():
        command = commands.add_parser(kind.name, help=kind.params.__doc__)
        command.set_defaults(kind=kind.name)
        if kind.needs_mesh:
            command.add_argument("mesh", type=Path, help="OBJ, GLB or PLY file")
        command.add_argument("--out", type=Path, required=True, metavar="DIR", help="job folder to write")
        for cls in (kind.params, EngineParams, SamplingParams):
            add_options(command.add_argument_group(cls.__name__), cls)
    run = commands.add_parser("run", help="do (or redo) a job folder")
    run.add_argument("job", type=Path, help="job folder")
    serve = commands.add_parser("serve", help="serve the Blender add-on (started by it)")
    serve.add_argument("--address", required=True)
    models = commands.add_parser("models", help="list the known checkpoints")
    models.add_argument("--models-folder", default="", help="where downloaded checkpoints are kept")
    commands.add_parser("doctor", help="check this installation")
    return top


def main(argv: list[str]) -> int:
    """Run one command; returns the exit code. Errors end in one line on stderr."""
    args = parser().parse_args(argv)
    try:
        return COMMANDS[args.command](args)
    except InvalidParameter as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("cancelled", file=sys.stderr)
        return EXIT_CANCELLED


def make(args: argparse.Namespace) -> int:
    """A job of the kind that the command names: written, then done."""
    kind = KINDS[args.kind]
    job = Job(
        kind=kind.name,
        params=from_dict(kind.params, given(args, kind.params)),
        engine=from_dict(EngineParams, given(args, EngineParams)),
    )
    if not kind.needs_mesh:
        save_job(args.out, with_sampling(job, args))
        return run_folder(args.out)
    from .io.mesh_files import read_mesh, write_glb

    mesh, unwrapped = read_mesh(args.mesh)
    if unwrapped:
        print(f"{args.mesh.name} has no UVs: unwrapped it with xatlas")
    save_job(args.out, with_sampling(job, args), mesh)
    code = run_folder(args.out)
    if code == 0:
        print(write_glb(args.out / "textured.glb", mesh, args.out / "result.png"))
    return code


def with_sampling(job: Job, args: argparse.Namespace) -> Job:
    """`job` with the sampling fields that were given laid over its preset's; without any, the preset stands by itself."""
    changes = given(args, SamplingParams)
    if not changes:
        return job
    from .models.catalog import entry_for

    preset = entry_for(job.params.model).sampling(job.row, job.params.preset)
    return replace(job, sampling=replace(preset, **changes))


def run_folder(folder: Path) -> int:
    """Do the job in `folder` with a progress bar."""
    from tqdm import tqdm

    load_job(folder)  # a bad job is refused before torch takes its seconds to load
    from .canonical import SpaceCache
    from .models.load import ModelCache
    from .tasks import run_job

    bar = None
    for message in run_job(folder, ModelCache(), SpaceCache()):
        match message:
            case Progress(phase=phase, step=step, total=total, detail=detail):
                title = PHASES[phase].format(detail=detail)
                if bar is None or bar.desc != title:
                    if bar is not None:
                        bar.close()
                    bar = tqdm(total=total, desc=title, unit="", disable=None, leave=total > 1)
                    bar.desc = title
                bar.update(step - bar.n)
            case Preview():
                pass  # preview.jpg lies in the job folder for whoever watches it
            case Result(path=path, notices=notices):
                if bar is not None:
                    bar.close()
                for notice in notices:
                    print(f"warning: {notice.text}", file=sys.stderr)
                print(path)
    return 0


def run_existing(args: argparse.Namespace) -> int:
    return run_folder(args.job)


def serve(args: argparse.Namespace) -> int:
    from .serve.server import serve as serve_forever

    return serve_forever(args.address)


def list_models(args: argparse.Namespace) -> int:
    from .models.catalog import describe_models, models_root

    print(describe_models(models_root(args.models_folder)))
    return 0


def doctor(args: argparse.Namespace) -> int:
    from .doctor import findings

    worst = 0
    for ok, line in findings():
        print(("ok     " if ok else "FAILED ") + line)
        worst = max(worst, not ok)
    return int(worst)


COMMANDS = {**dict.fromkeys(KINDS, make), "run": run_existing, "serve": serve, "models": list_models, "doctor": doctor}
