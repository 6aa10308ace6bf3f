"""The command line of install_deps.py: reads what is asked, looks, tells, does."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

from .console import Console, Failure
from .environment import python_of
from .failures import explain_os_error
from .locks import LOCKS
from .machine import DEVICES
from .removal import uninstall
from .setup import Setup, check
from .state import Layout, default_root

CHECKOUT = Path(__file__).resolve().parents[2]


def main(argv: Sequence[str]) -> int:
    """Returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted; with --test, pytest's."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # no test's stand-in
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    options, further = _parser().parse_known_args(argv)
    if further and not (options.test or options.demo):
        _parser().error(f"unrecognised: {' '.join(further)}")
    further = [argument for argument in further if argument != "--"]
    console = Console(options.progress)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _serve(options, further, console)
    except Failure as failure:
        console.failed(failure)
    except BrokenPipeError:  # whoever was listening is gone; the environment is as far as state.json says
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        console.failed(explain_os_error(error))
    except KeyboardInterrupt:
        console.failed(Failure("Interrupted.", "Run the same command again: it goes on where it was.", kind="interrupted"))
        return 130
    return 1


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    further = "Further arguments go to pytest (--test) or to demo.py (--demo)."
    parser = argparse.ArgumentParser(prog="install_deps.py", description=__doc__, allow_abbrev=False, epilog=further)
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--demo", action="store_true", help="set up, then texture and panorama through Blender, in demo/")
    task.add_argument("--test", action="store_true", help="set up, then run the test suite; more arguments go to pytest")
    task.add_argument("--check", action="store_true", help="test what is installed; one line per finding")
    task.add_argument("--uninstall", action="store_true", help="remove what this installer made; models are kept")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done, with sizes; no network, no writes")
    parser.add_argument("--root", type=Path, help="folder for everything (default: .stochsync in a checkout)")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="which build of torch (default: auto)")
    parser.add_argument("--python", help="interpreter for the engine (default: the best 3.11 to 3.13 on this machine)")
    parser.add_argument("--offline", type=Path, metavar="WHEELS", help="install from this folder of wheels, no network")
    parser.add_argument("--with-models", action="store_true", help="with --uninstall: remove downloaded models too")
    parser.add_argument("--progress", choices=("text", "json"), default="text", help="json: one object a line")
    parser.add_argument("--locks", type=Path, default=LOCKS, help="folder of lock files (default: scripts/locks)")
    return parser


def _serve(options: argparse.Namespace, further: list[str], console: Console) -> int:
    root = Path(os.path.abspath((options.root or default_root(CHECKOUT)).expanduser()))
    layout = Layout(root)
    if options.offline is not None and not options.offline.is_dir():
        raise Failure(f"The folder {options.offline} does not exist.", "Give the folder that holds the wheels.", kind="usage")
    if options.uninstall:
        return uninstall(layout, console, with_models=options.with_models, dry_run=options.dry_run)
    lock = options.locks / "engine.txt"
    if options.check:
        return check(layout, console, lock)
    setup = Setup(options, layout, console)
    if options.test or options.demo:
        return _develop(options, further, setup)
    setup.prepare()
    if options.dry_run:
        return 0
    code = check(layout, console, lock)
    if code == 0:
        engine = str(python_of(layout.engine))
        console.done(f"The engine is ready: {engine}", engine_python=engine, root=str(root))
    return code


def _develop(options: argparse.Namespace, further: list[str], setup: Setup) -> int:
    """--test and --demo: their code lies in a checkout, not in the extension."""
    if not (CHECKOUT / "scripts" / "development").is_dir():
        cause = "The extension holds neither the tests nor the demo."
        raise Failure(cause, "Run the same command in a checkout of the project.", kind="usage")
    from development import showcase, suite

    return (suite if options.test else showcase).run(setup, CHECKOUT, further)
