"""Every speed figure that the README quotes: both jobs, each preset, with the built-in model.

    python scripts/benchmark.py [--presets auto turbo] [--jobs panorama texture] [--mesh FILE] [--width 2048] [--size 1024]
    python scripts/benchmark.py --against COMMIT [--repeat 3]   the same jobs with this tree and with that commit, in turn
    python scripts/benchmark.py --beside                        alone, and while another process keeps one core busy
    python scripts/benchmark.py --nfe                           forwards as planned and as counted, on small views

Each job runs in a process of its own (a cold start, as the command line has it), so peak memory is the job's. Run it with the
engine's Python. Seconds depend on the machine and on what else it does, so compare only what one run printed: repeats alternate
between the sides, and of every phase the least time counts. Processor seconds (cpu) are those of the whole process, its start
included; geometry is planning, projection, unprojection and filling.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parents[1]
GEOMETRY = ("geometry", "project", "unproject", "finish")
COLUMNS = (
    "job",
    "preset",
    "side",
    "NFE",
    "total s",
    "cpu s",
    "load s",
    "denoise s",
    "encode s",
    "decode s",
    "geometry s",
    "share",
    "preview s",
    "ms/NFE",
    "peak GB",
)
PROMPTS = {"panorama": "an alpine meadow", "texture": "molten lava"}
SPIN = "while True: pass"  # what keeps one core busy: it never waits and touches no memory
REPEATS = 3  # of each side, where sides are compared
SMALL = {  # where forwards are counted, which depend neither on the canvas nor on the size of the views
    "panorama": ["--width", "256", "--view-resolution", "64", "--coarse-resolution", "64"],
    "texture": ["--size", "128", "--view-resolution", "64", "--coarse-resolution", "64"],
}


class Side(NamedTuple):
    """One of the things compared: a tree of the project, alone or beside a busy process."""

    name: str
    checkout: Path
    busy: bool


RENAMED = {"forwards": "nfe", "planned_forwards": "planned_nfe"}  # in the reports of commits before these names


class Measured(NamedTuple):
    """One job: its report.json and the processor seconds of its process."""

    report: dict
    cpu: float


def run(kind: str, preset: str, options: Sequence[str], out: Path, side: Side) -> Measured:
    """Do one job in a process of its own. subprocess.CalledProcessError where it fails."""
    command = [sys.executable, "-m", "engine", kind, *options, "--prompt", PROMPTS[kind], "--preset", preset, "--out", str(out)]
    with busy_process() if side.busy else nullcontext():
        before = child_seconds()
        subprocess.run(command, cwd=side.checkout, check=True, stdout=subprocess.DEVNULL)
        cpu = child_seconds() - before  # the busy process is not among them before it has ended
    report = json.loads((out / "report.json").read_bytes())
    return Measured({RENAMED.get(key, key): value for key, value in report.items()}, cpu)


def child_seconds() -> float:
    """Processor seconds, user and system, of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def busy_process() -> Iterator[subprocess.Popen]:
    """One process of one thread that computes as long as the block runs."""
    process = subprocess.Popen([sys.executable, "-c", SPIN])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def tree_of(commit: str) -> Iterator[Path]:
    """`commit` checked out into a temporary worktree. subprocess.CalledProcessError where there is no such commit."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git("worktree", "add", "--detach", "--quiet", str(tree), commit)
        try:
            yield tree
        finally:
            git("worktree", "remove", "--force", str(tree))


def git(*arguments: str) -> str:
    """What git prints, run in this checkout."""
    return subprocess.run(["git", *arguments], cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def sides_of(trees: dict[str, Path], beside: bool) -> list[Side]:
    """Every tree alone; with `beside`, each also beside a busy process, right after its run alone."""
    return [
        Side(f"{name}, beside" if busy else name, tree, busy)
        for name, tree in trees.items()
        for busy in ((False, True) if beside else (False,))
    ]


def least(runs: Sequence[Measured]) -> Measured:
    """One job from its repeats: of every phase, of processor time and of memory the least. The counts must agree.

    A phase that only some repeats report counts as 0 in the others. RuntimeError where the repeats' forwards differ.
    """
    nfe = {run.report["nfe"] for run in runs}
    if len(nfe) > 1:
        raise RuntimeError(f"repeats of one job ran {sorted(nfe)} forwards: they were not the same job")
    names = dict.fromkeys(name for run in runs for name in run.report["seconds"])
    seconds = {name: min(run.report["seconds"].get(name, 0.0) for run in runs) for name in names}
    memory = min(run.report["peak_memory"] for run in runs)
    return Measured(runs[0].report | {"seconds": seconds, "peak_memory": memory}, min(run.cpu for run in runs))


def geometry_of(report: dict) -> float:
    """Seconds of everything that is the canvas's and not the networks'."""
    return sum(report["seconds"].get(name, 0.0) for name in GEOMETRY)


def row(kind: str, preset: str, side: str, measured: Measured) -> list[str]:
    """One line of the table."""
    report, seconds = measured.report, measured.report["seconds"]
    geometry = geometry_of(report)
    return [
        kind,
        preset,
        side,
        str(report["nfe"]),
        f"{seconds['total']:.1f}",
        f"{measured.cpu:.1f}",
        *(f"{seconds.get(name, 0.0):.1f}" for name in ("load", "denoise", "encode", "decode")),
        f"{geometry:.1f}",
        f"{geometry / seconds['total']:.1%}",
        f"{seconds.get('preview', 0.0):.1f}",
        f"{1000 * seconds['denoise'] / report['nfe']:.1f}",
        f"{report['peak_memory'] / 1e9:.2f}",
    ]


def ratio_row(kind: str, preset: str, name: str, a: Measured, b: Measured) -> list[str]:
    """How many times what `b` takes `a` takes, column by column; nothing where `b` takes none."""

    def ratio(first: float, second: float) -> str:
        return f"{first / second:.2f}" if second > 0 else ""

    first, second = a.report, b.report
    phases = ("load", "denoise", "encode", "decode")
    return [
        kind,
        preset,
        name,
        ratio(first["nfe"], second["nfe"]),
        ratio(first["seconds"]["total"], second["seconds"]["total"]),
        ratio(a.cpu, b.cpu),
        *(ratio(first["seconds"].get(phase, 0.0), second["seconds"].get(phase, 0.0)) for phase in phases),
        ratio(geometry_of(first), geometry_of(second)),
        ratio(geometry_of(first) / first["seconds"]["total"], geometry_of(second) / second["seconds"]["total"]),
        ratio(first["seconds"].get("preview", 0.0), second["seconds"].get("preview", 0.0)),
        ratio(first["seconds"]["denoise"] / first["nfe"], second["seconds"]["denoise"] / second["nfe"]),
        ratio(first["peak_memory"], second["peak_memory"]),
    ]


def ratios(sides: Sequence[Side], found: dict[str, Measured], kind: str, preset: str) -> list[list[str]]:
    """The old tree over this one, alone; then each tree beside a busy process over itself alone."""
    alone = [side.name for side in sides if not side.busy]
    lines = [ratio_row(kind, preset, f"{alone[1]} / {alone[0]}", found[alone[1]], found[alone[0]])] if len(alone) > 1 else []
    by_tree = {side.checkout: side.name for side in sides if not side.busy}
    return lines + [
        ratio_row(kind, preset, f"{side.name} / alone", found[side.name], found[by_tree[side.checkout]])
        for side in sides
        if side.busy
    ]


def phase_table(kind: str, preset: str, found: dict[str, Measured]) -> list[str]:
    """Seconds of every phase that any side reports, side by side."""
    names = dict.fromkeys(name for measured in found.values() for name in measured.report["seconds"])
    lines = [line([f"{kind} {preset}, s", *found]), line(["---"] * (1 + len(found)))]
    for name in names:
        values = [measured.report["seconds"].get(name) for measured in found.values()]
        lines.append(line([name, *("" if value is None else f"{value:.2f}" for value in values)]))
    return lines


def nfe_row(kind: str, preset: str, report: dict) -> list[str]:
    """Forwards as planned and as counted. An engine that does not report its plan leaves the first empty."""
    planned, counted = report.get("planned_nfe"), report["nfe"]
    agree = "" if planned is None else "yes" if planned == counted else "**no**"
    return [kind, preset, "" if planned is None else str(planned), str(counted), agree]


def line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def compare(args: argparse.Namespace, sides: Sequence[Side], options: dict[str, list[str]], folder: Path) -> None:
    """The table: every job of every side, ratios below where there are several, seconds per phase at the end."""
    repeat = args.repeat or (REPEATS if len(sides) > 1 else 1)
    print(line(COLUMNS) + "\n|" + " --- |" * len(COLUMNS))
    details = []
    for kind in args.jobs:
        for preset in args.presets:
            runs: dict[str, list[Measured]] = {side.name: [] for side in sides}
            for number in range(repeat):
                for place, side in enumerate(sides):
                    out = folder / f"{kind}-{preset}-{place}-{number}"
                    runs[side.name].append(run(kind, preset, options[kind], out, side))
                    seconds = runs[side.name][-1].report["seconds"]["total"]
                    print(f"{kind} {preset}, {side.name}, {number + 1}/{repeat}: {seconds:.1f} s", file=sys.stderr, flush=True)
            found = {name: least(part) for name, part in runs.items()}
            for name, measured in found.items():
                print(line(row(kind, preset, name, measured)), flush=True)
            for cells in ratios(sides, found, kind, preset):
                print(line(cells), flush=True)
            details += ["", *phase_table(kind, preset, found)]
    if len(sides) > 1:
        print("\n".join(details))


def count(args: argparse.Namespace, side: Side, options: dict[str, list[str]], folder: Path) -> bool:
    """The table of forwards; whether all that were planned were counted."""
    print(line(("job", "preset", "planned", "counted", "same")) + "\n|" + " --- |" * 5)
    good = True
    for kind in args.jobs:
        for preset in args.presets:
            report = run(kind, preset, options[kind], folder / f"{kind}-{preset}", side).report
            good &= report.get("planned_nfe", report["nfe"]) == report["nfe"]
            print(line(nfe_row(kind, preset, report)), flush=True)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", default=["auto", "turbo", "fast", "paper"])
    parser.add_argument("--jobs", nargs="+", default=["panorama", "texture"], choices=("panorama", "texture"))
    parser.add_argument("--mesh", type=Path, help="OBJ, GLB or PLY file; without it a sphere of 20480 triangles")
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--against", metavar="COMMIT", help="run every job with this commit as well")
    parser.add_argument("--beside", action="store_true", help="run every job beside one busy process as well")
    parser.add_argument("--repeat", type=int, default=0, help=f"runs of each job; 0: {REPEATS} where sides are compared, else 1")
    parser.add_argument("--nfe", action="store_true", help="only count forwards, on small views of a small canvas")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that worktree and busy process go when it is ended
    with tempfile.TemporaryDirectory() as home, tree_of(args.against) if args.against else nullcontext() as other:
        folder = Path(home)
        mesh = (args.mesh or _sphere(folder / "sphere.ply")).resolve()
        if args.nfe:
            options = {"panorama": SMALL["panorama"], "texture": [str(mesh), *SMALL["texture"]]}
            return 0 if count(args, Side("this tree", CHECKOUT, False), options, folder) else 1
        options = {"panorama": ["--width", str(args.width)], "texture": [str(mesh), "--size", str(args.size)]}
        trees = {"this tree": CHECKOUT} | ({git("rev-parse", "--short", args.against): other} if other else {})
        compare(args, sides_of(trees, args.beside), options, folder)
    return 0


def _sphere(path: Path) -> Path:
    import trimesh

    trimesh.creation.icosphere(subdivisions=5).export(path)
    return path


if __name__ == "__main__":
    sys.exit(main())
