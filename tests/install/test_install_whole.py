"""Whole installations with tiny wheels, as a person or the add-on's button starts them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote, unquote

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and shell scripts of POSIX")


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")}


# The self-test looks for the real torch, which the tiny one cannot pass: "everything is installed" tells of success.


def test_installs_into_a_path_with_spaces_and_letters_and_again_without_work(installed):
    state = json.loads((installed.root / "state.json").read_text(encoding="utf-8"))
    assert state["begun"] is None and state["facts"]["torch_build"] == "cpu"
    before = snapshot(installed.root / "engine-env")
    code, output = installed.run()
    progress = [line for line in output.splitlines() if line.startswith("[")]
    assert progress == ["[100 %] everything is installed"], "a second run has nothing to do"
    assert snapshot(installed.root / "engine-env") == before
    assert "FAIL  torch" in output and code == 1, "a torch that cannot compute must not pass the self-test"


def test_json_progress_is_one_object_a_line_and_never_goes_back(half):
    _, output = half.run("--progress", "json")
    messages = [json.loads(line) for line in output.splitlines()]
    percents = [message["percent"] for message in messages if message["kind"] == "progress"]
    assert percents == sorted(percents) and percents[-1] == 100 and len(percents) > 3
    assert messages[-1]["kind"] == "failed" and messages[-1]["remedy"]


@pytest.mark.parametrize(
    ("start", "moment"), [("world", "virtual environment"), ("half", "torch 2"), ("half", "engine packages")]
)
def test_killed_half_way_the_next_run_completes(request, start, moment):
    world = request.getfixturevalue(start)
    process = world.start()
    for line in process.stdout:
        if moment in line and line.startswith("["):
            time.sleep(0.1)
            break
    process.kill()
    process.communicate()
    code, output = world.run()
    assert "cut off" in output and "everything is installed" in output, output
    assert world.module("tiny_a").is_file() and world.module("tiny_b").is_file()


def test_a_package_that_was_being_unpacked_is_unpacked_again(installed):
    module = installed.module("tiny_b")
    assert module.stat().st_nlink > 1, "the environment no longer shares its files with uv's cache: this tests less than it could"
    module.write_bytes(b"VAL")  # cut off in the middle, in uv's cache as well: it is one file
    code, output = installed.run()
    assert module.read_bytes() == b"VALUE = 1\n", output
    assert "tiny_b in engine-env is incomplete" in output


def test_an_environment_whose_python_is_gone_is_made_anew(installed):
    (installed.root / "engine-env" / "bin" / "python").unlink()
    installed.run()
    assert (installed.root / "engine-env" / "bin" / "python").exists() and installed.module("tiny_a").is_file()


def test_unreadable_state_costs_nothing(installed):
    (installed.root / "state.json").write_text("{ half")
    code, output = installed.run()
    assert "everything is installed" in output and installed.module("tiny_a").is_file()


def running_uvs(root: Path) -> list[str]:
    """Command lines of this root's uv."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # ended while we looked
    return [line for line in lines if line.startswith(str(root / "cache"))]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("place", ["cache/uv/.tmp*", "engine-env/lib/python3.*/site-packages"], ids=["unpacking", "linking"])
def test_killed_at_work_uv_dies_too_and_the_next_run_completes(half, place):
    """An orphaned uv would go on writing under the next run's hands."""
    many = {f"tiny_a_data/{number}.txt": b"%d" % number for number in range(20000)}  # about a second of work
    half.make_wheel("tiny-a", "1.0", {**many, "tiny_a.py": b"VALUE = 1\n"})
    process = half.start()
    deadline = time.monotonic() + 60
    while not list(half.root.glob(f"{place}/tiny_a_data/*")) and time.monotonic() < deadline:
        time.sleep(0.002)
    assert running_uvs(half.root), "uv was never seen at work"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 5
    while running_uvs(half.root) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not running_uvs(half.root)
    data = "engine-env/lib/python3.*/site-packages/tiny_a_data/*"
    assert len(list(half.root.glob(data))) < len(many), "the kill came too late to tell"
    code, output = half.run()
    assert "cut off in engine-env/engine" in output and "everything is installed" in output
    assert len(list(half.root.glob(data))) == len(many)


def test_two_at_once_the_second_says_so(half):
    from installer.state import InstallLock

    with InstallLock(half.root / "install.lock"):
        code, output = half.run()
    assert code == 1 and "Another installer is at work" in output and str(os.getpid()) in output
    assert "everything is installed" in half.run()[1], "the lock must be free again"


def test_dry_run_writes_nothing_and_tells_sizes(world):
    code, output = world.run("--dry-run")
    assert code == 0 and not world.root.exists()
    assert "download 0.2 MB" in output or "download 0 MB" in output and "In all" in output
    assert "torch 2.13.0 (cpu build)" in output and "192 MB" in output


def test_read_only_folder_is_refused_in_words(world):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere; the decision itself is tested with default_root")
    world.root.mkdir(mode=0o555)
    code, output = world.run()
    assert code == 1 and "may not be written" in output and "--root" in output


def test_a_foreign_folder_in_the_way_is_not_touched(world):
    precious = world.root / "engine-env" / "thesis.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("years of work")
    code, output = world.run()
    assert code == 1 and "not a virtual environment" in output
    assert precious.read_text() == "years of work"
    world.run("--uninstall")
    assert precious.read_text() == "years of work"


def test_uninstall_removes_what_it_made_and_nothing_else(installed):
    (installed.root / "jobs").mkdir()
    (installed.root / "jobs" / "mine.png").write_text("a picture")
    (installed.root / "models" / "sd.safetensors").write_text("downloaded for an hour")
    code, output = installed.run("--uninstall")
    assert code == 0 and "models" in output
    left = sorted(str(path.relative_to(installed.root)) for path in installed.root.rglob("*") if path.is_file())
    assert left == ["jobs/mine.png", "models/sd.safetensors"]
    assert installed.run("--uninstall")[0] == 1, "there is nothing left to uninstall"


def test_uninstall_takes_an_empty_root_away(installed):
    assert installed.run("--uninstall")[0] == 0
    assert not installed.root.exists()


def test_nothing_is_written_beside_the_script(half, tmp_path):
    """Inside an extension the folder may be read-only, and what is written there would be lost."""
    place = tmp_path / "extension" / "scripts"
    shutil.copytree(SCRIPTS, place, ignore=shutil.ignore_patterns("__pycache__"))
    before = snapshot(place)
    for path in [place, *place.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    settings = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    run = subprocess.run(
        [sys.executable, str(place / "install_deps.py"), *half.options], capture_output=True, text=True, env=settings
    )
    assert "everything is installed" in run.stdout, run.stdout + run.stderr
    assert snapshot(place) == before


def test_the_extension_says_that_it_holds_no_tests(world, tmp_path):
    """Its zip leaves scripts/development/ out."""
    place = tmp_path / "extension" / "scripts"
    shutil.copytree(SCRIPTS, place, ignore=shutil.ignore_patterns("__pycache__", "development"))
    command = [sys.executable, str(place / "install_deps.py"), *world.options, "--test"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1 and "FAILED: The extension holds neither the tests nor the demo." in run.stdout
    assert not world.root.exists()


def test_no_space_says_how_much_is_needed(half):
    lock = half.locks / "engine.txt"
    lock.write_text(lock.read_text().replace("0.1 MB on disk", "900000000 MB on disk"))
    code, output = half.run()
    assert code == 1 and "are needed" in output and "REMEDY: Free some space" in output


def test_a_missing_wheel_names_the_package(half):
    next(half.wheels.glob("tiny_b*")).unlink()
    code, output = half.run()
    assert code == 1 and "FAILED: No package tiny-b==2.5 exists" in output and "REMEDY: " in output


def test_a_damaged_wheel_is_told_as_damaged(half):
    wheel = next(half.wheels.glob("tiny_b*"))
    wheel.write_bytes(wheel.read_bytes()[:200])
    code, output = half.run()
    assert code == 1 and "damaged" in output


def test_check_without_an_installation_says_so(world):
    code, output = world.run("--check")
    assert code == 1 and "no working engine environment" in output


def test_a_python_without_pip_borrows_one(world, tmp_path):
    """Debian splits pip and ensurepip off."""
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    code, output = replace(world, python=str(tmp_path / "bare" / "bin" / "python")).run()
    assert "everything is installed" in output and world.module("tiny_a").is_file(), output


def test_a_file_that_is_not_the_locked_one_is_refused(half):
    half.make_wheel("tiny-b", "2.5", {"tiny_b.py": b"VALUE = 'another'\n"}, lock=False)
    code, output = half.run()
    assert code == 1 and "FAILED: A downloaded package is damaged." in output
    assert not half.module("tiny_b").exists()


def test_another_build_of_torch_takes_its_place_with_its_libraries(installed):
    """What the user installed beside ours stays."""
    site = installed.module("x").parent
    (site / "torch" / "version.py").unlink()
    (site / "torch" / "version.py").write_bytes(b"cuda = '13'  ")  # a CUDA build, of the size that its RECORD gives
    record = site / "torch-2.13.0+cpu.dist-info" / "RECORD"
    record.write_text(record.read_text().replace(",12\n", ",13\n"))
    for name in ("nvidia-cublas", "own-tool"):
        module = f"{name.replace('-', '_')}.py"
        with zipfile.ZipFile(installed.make_wheel(name, "1.0", {module: b"x = 1\n"}, lock=False)) as wheel:
            wheel.extractall(site)
    code, output = installed.run()
    assert "torch 2.13.0 (cpu build)" in output and "everything is installed" in output, output
    assert (site / "torch" / "version.py").read_bytes() == b"cuda = None\n"
    assert not (site / "nvidia_cublas.py").exists() and (site / "own_tool.py").exists()


@pytest.fixture
def index(world):
    """The address of a package index on this machine that holds the wheels; what was asked of it is in `asked`."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            name = unquote(self.path.rstrip("/").rpartition("/")[2])
            if self.path.startswith("/simple/"):
                wheels = [wheel.name for wheel in world.wheels.glob(f"{name.replace('-', '_')}-*.whl")]
                self.answer("".join(f'<a href="/files/{quote(wheel)}">{wheel}</a>' for wheel in wheels).encode(), "text/html")
            else:
                self.answer((world.wheels / name).read_bytes(), "application/octet-stream")

        def answer(self, body: bytes, kind: str) -> None:
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass  # no lines in the tests' output

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple", asked
        server.shutdown()


def only_pip_s_file(path: Path, text: str) -> dict[str, str]:
    """Settings in which pip is configured by this file alone."""
    path.write_text(text)
    return {name: "" for name in os.environ if name.startswith("PIP_")} | {"PIP_CONFIG_FILE": str(path)}


def test_the_index_that_pip_is_configured_with_is_uv_s_too(world, index, tmp_path):
    address, asked = index
    settings = only_pip_s_file(tmp_path / "pip.conf", f"[global]\nindex-url = {address}\n[install]\nretries = 0\n")
    code, output = world.run(options=world.online_options, **settings)
    assert "everything is installed" in output, output
    wanted = {"/simple/uv/", "/simple/torch/", "/simple/tiny-a/", "/simple/tiny-b/"}
    assert wanted <= {path.rstrip("/") + "/" for path in asked}


@pytest.mark.parametrize("start", ["world", "half"], ids=["pip, for uv", "uv"])
def test_an_index_that_nobody_answers_at_is_told_so(request, start, tmp_path):
    world = request.getfixturevalue(start)
    address = "http://127.0.0.1:9/simple"  # the port that discards; nothing listens
    settings = only_pip_s_file(tmp_path / "pip.conf", f"[global]\nindex-url = {address}\nretries = 1\n")
    code, output = world.run(options=world.online_options, **settings, HTTPS_PROXY="http://127.0.0.1:9")
    assert code == 1 and "FAILED: The package server could not be reached." in output, output
    assert "REMEDY: Check the internet connection" in output
