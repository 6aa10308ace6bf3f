"""`blender -b scene.blend --command stochsync …`: the same jobs without a window, with exit codes and one-line errors."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import bpy

from ..engine.protocol.errors import EngineError, InvalidMesh
from ..engine.protocol.kinds import KINDS
from ..engine.protocol.options import add_options, given
from .kinds import IN_BLENDER
from .ui.preferences import SOURCE, engine_installed, engine_python

COMMAND = "stochsync"
EXIT_DONE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2

_handles: list[object] = []  # Blender forgets a command whose handle is gone


def register() -> None:
    """Make `blender --command stochsync` known."""
    _handles.append(bpy.utils.register_cli_command(COMMAND, main))


def unregister() -> None:
    """The reverse."""
    while _handles:
        bpy.utils.unregister_cli_command(_handles.pop())


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog=f"blender -b SCENE.blend --command {COMMAND}",
        description="Textures and panoramas from a prompt, in the scene that is open.",
    )
    commands = top.add_subparsers(dest="command", required=True)
    texture = commands.add_parser("texture", help="texture a mesh of the scene")
    texture.add_argument("--object", required=True, help="name of the mesh object")
    panorama = commands.add_parser("panorama", help="make a panorama and set it as the World")
    panorama.add_argument("--strength", type=float, help="brightness of the World (default: that of the World before)")
    panorama.add_argument("--rotation", type=float, help="degrees about the vertical (default: 0)")
    for name, command in (("texture", texture), ("panorama", panorama)):
        command.add_argument("--save", type=Path, metavar="FILE.blend", help="write the scene here afterwards")
        add_options(command, KINDS[name].params, required=("prompt",))
    commands.add_parser("doctor", help="check the engine's installation")
    return top


def main(argv: list[str]) -> int:
    """Run one command; the exit code."""
    try:
        args = parser().parse_args(argv)
    except SystemExit as usage:  # argparse has told what is wrong
        return EXIT_DONE if not usage.code else EXIT_USAGE
    if getattr(args, "save", None) is not None and args.save.suffix != ".blend":
        return fail(f"--save {args.save}: the name must end in .blend")
    try:
        return COMMANDS[args.command](args)
    except EngineError as error:
        return fail(error.text)
    except RuntimeError as error:  # what bpy.ops makes of an operator's ERROR report
        return fail(str(error).removeprefix("Error: ").strip())


def fail(text: str) -> int:
    print(f"{COMMAND}: error: {' '.join(text.split())}", file=sys.stderr)
    return EXIT_FAILED


def make_texture(args: argparse.Namespace) -> int:
    """Texture one mesh of the open scene."""
    layer = bpy.context.view_layer
    target = layer.objects.get(args.object)
    if target is None:
        known = ", ".join(sorted(one.name for one in layer.objects if one.type == "MESH")) or "none"
        raise InvalidMesh("object_unknown", name=args.object, known=known)
    for one in layer.objects:
        one.select_set(one == target)
    layer.objects.active = target
    take_over(args, "texture")
    bpy.ops.stochsync.generate_texture()
    return save(args.save)


def make_panorama(args: argparse.Namespace) -> int:
    """Make a panorama the World of the open scene."""
    settings = take_over(args, "panorama")
    for name in ("strength", "rotation"):
        if getattr(args, name) is not None:
            setattr(settings, f"panorama_{name}", getattr(args, name))
    bpy.ops.stochsync.generate_panorama()
    return save(args.save)


def take_over(args: argparse.Namespace, kind: str) -> bpy.types.PropertyGroup:
    """Put the options into the scene's settings. InvalidParameter for what would not fit there unchanged."""
    params = KINDS[kind].params(**given(args, KINDS[kind].params))
    settings = bpy.context.scene.stochsync
    for own, name in IN_BLENDER[kind].settings.items():
        setattr(settings, own, getattr(params, name))
    settings.kind, settings.seed_lock = kind, True
    return settings


def save(path: Path | None) -> int:
    """Write the scene, if a file was asked for."""
    if path is None:
        return EXIT_DONE
    bpy.ops.wm.save_as_mainfile(filepath=str(path.absolute()), copy=True)
    print(f"StochSync: saved {path}")
    return EXIT_DONE


def doctor(args: argparse.Namespace) -> int:
    """Let the engine check itself."""
    if not engine_installed():
        return fail(f"the engine is not installed: {engine_python()} is missing")
    return subprocess.run([str(engine_python()), "-m", "engine", "doctor"], cwd=SOURCE, check=False).returncode


COMMANDS = {"texture": make_texture, "panorama": make_panorama, "doctor": doctor}
