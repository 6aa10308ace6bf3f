"""Finding and fetching checkpoints, against a hub on this machine that misbehaves in every way seen in the wild."""

from __future__ import annotations

import hashlib
import shutil
import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine.models import hub
from engine.models.catalog import load_catalog, locate
from engine.models.families.sd import load_checkpoint
from engine.models.hub import obtain
from engine.protocol.errors import DiskFull, ModelUnavailable

FIRST, SECOND, LAST = (source.id for source in load_catalog().models["sd21-base"].sources)
ALL = (FIRST, SECOND, LAST)


class Hub:
    """What a loopback hub serves: per repository a folder, or the way it fails. Speaks the few calls a download makes."""

    def __init__(self) -> None:
        self.repositories: dict[str, Path | int | str] = {}  # id -> folder | HTTP status | "silent"
        self.cut_after: dict[str, int] = {}  # file -> bytes of the first answer, then the connection breaks
        self.damaged: set[str] = set()  # files whose content is not what their checksum says
        self.requests: Counter = Counter()
        self.sent: Counter = Counter()  # bytes of each file
        self.headers: list[dict] = []
        self.released = threading.Event()
        self.checksum = "sha256"


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        owner, name, _, revision, file = self.path.lstrip("/").split("/", 4)
        repository = self.hub.repositories.get(f"{owner}/{name}", 404)
        self.hub.requests[self.command, f"{owner}/{name}"] += 1
        self.hub.headers.append(dict(self.headers))
        if repository == "silent":
            self.hub.released.wait(30)
            self.close_connection = True
            return
        path = repository / file if isinstance(repository, Path) else None
        if path is None or not path.is_file():
            self.send_response(repository if path is None else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = path.read_bytes()
        self.send_file(file, content, revision, body)

    def send_file(self, file: str, content: bytes, revision: str, body: bool) -> None:
        ask = self.headers.get("Range")
        start = int(ask.removeprefix("bytes=").rstrip("-")) if ask else 0
        self.send_response(206 if ask else 200)
        if self.hub.checksum == "sha256":
            digest = hashlib.sha256(content).hexdigest()
        else:
            digest = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        self.send_header("ETag", f'"{digest}"')
        self.send_header("X-Repo-Commit", revision)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if not body:
            return
        piece = content[start:]
        if file in self.hub.damaged:
            piece = bytes(len(piece))
        cut = self.hub.cut_after.pop(file, None)
        if cut is not None:
            piece = piece[:cut]
        self.hub.sent[file] += len(piece)  # before the first byte leaves, so that no test counts too early
        self.wfile.write(piece)
        if cut is not None:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True


@pytest.fixture
def loopback():
    server = Hub()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": server}))
    httpd.daemon_threads = True
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    server.endpoint = f"http://127.0.0.1:{httpd.server_port}"
    yield server
    server.released.set()
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture(scope="module")
def sd21(tiny_v, tmp_path_factory) -> Path:
    """The tiny checkpoint under the file names that the catalogue fetches."""
    folder = shutil.copytree(tiny_v, tmp_path_factory.mktemp("hub") / "sd21")
    for part, stem in (("unet", "diffusion_pytorch_model"), ("vae", "diffusion_pytorch_model"), ("text_encoder", "model")):
        (folder / part / f"{stem}.safetensors").rename(folder / part / f"{stem}.fp16.safetensors")
    (folder / "tokenizer" / "special_tokens_map.json").write_text('{"pad_token": "!"}')
    (folder / "unet" / "not_wanted.bin").write_bytes(b"a pickle")
    return folder


@pytest.fixture(scope="module")
def depth_net(tiny_v) -> Path:
    return tiny_v / "controlnet"


def fetch(loopback, root: Path, *, model: str = "sd21-base", depth: bool = False, online: bool = True, timeout: float = 5.0):
    """Obtain the model to the end; returns what it is and every progress that was reported."""
    located = locate(model, root)
    return located, list(obtain(located, depth=depth, online=online, endpoint=loopback.endpoint, timeout=timeout))


def files_under(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_fetches_exactly_the_files_of_the_catalogue_and_they_run(loopback, sd21, depth_net, tmp_path):
    loopback.repositories = {FIRST: sd21, "thibaud/controlnet-sd21-depth-diffusers": depth_net}
    located, steps = fetch(loopback, tmp_path / "modèles", depth=True)
    entry = load_catalog().models["sd21-base"]
    assert located.folder == tmp_path / "modèles" / "sd21-base"
    assert files_under(located.folder) == set(entry.files)
    assert (located.folder / "unet" / "config.json").read_bytes() == (sd21 / "unet" / "config.json").read_bytes()
    checkpoint = load_checkpoint(located.folder, located.controlnet)
    assert checkpoint.prediction_type == "v_prediction" and checkpoint.controlnet is not None
    assert checkpoint.tokenizer.pad_token == "!"  # SD 2.x pads with it, against its own tokenizer_config.json

    first = [s for s in steps if s.total == steps[0].total]
    assert [s.done for s in first] == sorted(s.done for s in first)
    assert first[-1].done == first[-1].total == sum((sd21 / name).stat().st_size for name in entry.files)
    assert {s.file for s in first} == set(entry.files)


def test_offline_ever_after(loopback, sd21, tmp_path):
    loopback.repositories = {FIRST: sd21}
    fetch(loopback, tmp_path)
    loopback.requests.clear()
    located, steps = fetch(loopback, tmp_path, online=False)
    assert located.folder.is_dir() and steps == [] and not loopback.requests


def test_no_download_without_permission(loopback, sd21, tmp_path):
    loopback.repositories = {FIRST: sd21}
    with pytest.raises(ModelUnavailable, match="2.6 GB") as caught:
        fetch(loopback, tmp_path, online=False)
    assert caught.value.fix == "allow_online"
    assert not loopback.requests and not any(tmp_path.iterdir())


def test_mirrors_in_order_and_every_failure_named(loopback, tmp_path):
    """404, 401 and nothing at all; neither a prompt for a login nor a wait without end."""
    loopback.repositories = {FIRST: 404, SECOND: 401, LAST: "silent"}
    began = time.monotonic()
    with pytest.raises(ModelUnavailable) as caught:
        fetch(loopback, tmp_path, timeout=1.0)
    assert time.monotonic() - began < 25  # a fraction of what one unanswered call without a time-out takes here
    text = caught.value.text
    assert [text.index(name) for name in ALL] == sorted(text.index(name) for name in ALL)
    assert "404" in text and "401" in text and "no answer within 1 s" in text
    assert str(tmp_path / "sd21-base") in text, "where to put the files by hand"


def test_next_mirror_when_the_first_is_gone(loopback, sd21, tmp_path):
    loopback.repositories = {FIRST: 403, SECOND: "silent", LAST: sd21}
    located, _ = fetch(loopback, tmp_path, timeout=1.0)
    assert files_under(located.folder) == set(load_catalog().models["sd21-base"].files)


def test_nothing_listening(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nobody = Hub()
    nobody.endpoint = f"http://127.0.0.1:{port}"
    with pytest.raises(ModelUnavailable, match="no connection"):
        fetch(nobody, tmp_path, timeout=2.0)


def test_a_token_is_never_sent(loopback, sd21, tmp_path, monkeypatch):
    """A stale token makes the hub refuse even public files."""
    monkeypatch.setenv("HF_TOKEN", "hf_stale")
    loopback.repositories = {FIRST: sd21}
    fetch(loopback, tmp_path)
    assert loopback.headers and not any("authorization" in {key.lower() for key in headers} for headers in loopback.headers)


def test_a_broken_connection_is_resumed(loopback, sd21, tmp_path):
    name = "unet/diffusion_pytorch_model.fp16.safetensors"
    size = (sd21 / name).stat().st_size
    loopback.repositories = {FIRST: sd21}
    loopback.cut_after = {name: size // 2}
    located, steps = fetch(loopback, tmp_path)
    assert (located.folder / name).read_bytes() == (sd21 / name).read_bytes()
    assert loopback.sent[name] == size, "no byte twice"
    assert steps[-1].done == steps[-1].total


def test_a_closed_download_goes_on_where_it_stopped_even_from_a_mirror(loopback, sd21, tmp_path):
    """The process ends in the middle of a file; days later the first source is gone, the second has the same file."""
    name = "unet/diffusion_pytorch_model.fp16.safetensors"
    loopback.repositories = {FIRST: sd21}
    generator = obtain(locate("sd21-base", tmp_path), depth=False, online=True, endpoint=loopback.endpoint, timeout=5.0)
    for step in generator:
        if step.file == name and loopback.sent[name] == 0 and not loopback.cut_after:
            loopback.cut_after = {name: 1_500_000}
        partial = list((tmp_path / "sd21-base.part").rglob("diffusion_pytorch_model.fp16.safetensors*.incomplete"))
        if step.file == name and partial and partial[0].stat().st_size >= 1_500_000:
            generator.close()
            break
    assert not (tmp_path / "sd21-base").exists(), "half a model must not look like a model"
    here = partial[0].stat().st_size
    loopback.cut_after.clear()
    loopback.sent.clear()
    loopback.repositories = {FIRST: 404, SECOND: sd21}
    located, steps = fetch(loopback, tmp_path)
    assert loopback.sent[name] == (sd21 / name).stat().st_size - here
    assert "model_index.json" not in loopback.sent, "a file that was whole is not fetched again"
    assert steps[0].done > 0
    assert (located.folder / name).read_bytes() == (sd21 / name).read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["sd21-base"]


@pytest.mark.parametrize("checksum", ["sha256", "git"])
def test_damaged_content_is_noticed(loopback, sd21, tmp_path, checksum):
    name = "unet/config.json"
    loopback.checksum, loopback.damaged = checksum, {name}
    loopback.repositories = dict.fromkeys(ALL, sd21)
    with pytest.raises(ModelUnavailable, match=f"{name} arrived damaged"):
        fetch(loopback, tmp_path)
    assert not (tmp_path / "sd21-base").exists()


def test_a_stall_in_the_middle_ends(loopback, sd21, tmp_path, monkeypatch):
    """Some bytes, then silence: FACTS calls it stuck at 0 %."""

    def stalling(self, file, content, revision, body):
        self.send_response(200)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content[:10])
            self.hub.released.wait(30)

    monkeypatch.setattr(Handler, "send_file", stalling)
    loopback.repositories = {FIRST: sd21}
    began = time.monotonic()
    with pytest.raises(ModelUnavailable, match="no data for 0.5 s"):
        fetch(loopback, tmp_path, timeout=0.5)
    assert time.monotonic() - began < 25  # a fraction of what one unanswered call without a time-out takes here


def test_too_small_a_disk_is_told_before_the_first_byte(loopback, sd21, tmp_path, monkeypatch):
    """A full disk cannot be had in a test: the question how much is free is answered falsely."""
    loopback.repositories = {FIRST: sd21}
    real = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda path: real._replace(free=100_000_000))
    with pytest.raises(DiskFull, match="0.1 GB free") as caught:
        fetch(loopback, tmp_path)
    assert caught.value.fix == "open_preferences"
    assert not loopback.sent


def test_a_disk_that_fills_up_on_the_way(loopback, sd21, tmp_path, monkeypatch):
    loopback.repositories = {FIRST: sd21}
    real = Path.open

    def full(self, mode="r", *args, **kwargs):
        if self.suffix == ".incomplete" and "w" in mode and "unet" in self.parts:
            raise OSError(28, "No space left on device")
        return real(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DiskFull, match="is kept"):
        fetch(loopback, tmp_path)


def test_a_folder_that_cannot_be_written(loopback, sd21, tmp_path):
    (tmp_path / "file").write_text("in the way")
    loopback.repositories = {FIRST: sd21}
    with pytest.raises(ModelUnavailable, match="cannot be written") as caught:
        fetch(loopback, tmp_path / "file")
    assert caught.value.fix == "open_preferences"


def test_a_local_folder_is_a_model(loopback, tiny_eps, tmp_path):
    located, steps = fetch(loopback, tmp_path, model=str(tiny_eps), depth=True, online=False)
    assert located.folder == tiny_eps and located.controlnet == tiny_eps / "controlnet" and not steps
    assert fetch(loopback, tmp_path, model=str(tiny_eps), online=False) == (located, [])


def test_a_local_folder_without_depth_cannot_make_textures(loopback, tiny_eps, tmp_path):
    folder = shutil.copytree(tiny_eps, tmp_path / "plain", ignore=shutil.ignore_patterns("controlnet"))
    assert fetch(loopback, tmp_path, model=str(folder), online=False)[0].folder == folder
    with pytest.raises(ModelUnavailable, match="depth ControlNet"):
        fetch(loopback, tmp_path, model=str(folder), depth=True, online=False)


def test_unknown_names_name_the_known(loopback, tmp_path):
    with pytest.raises(ModelUnavailable, match="builtin, sd21-base, sd15"):
        fetch(loopback, tmp_path, model="sd9", online=False)


def test_a_damaged_folder_of_a_known_name_is_told_not_fetched_over(loopback, sd21, tmp_path):
    folder = shutil.copytree(sd21, tmp_path / "sd21-base")
    (folder / "unet" / "config.json").unlink()
    with pytest.raises(ModelUnavailable, match="config.json is missing"):
        fetch(loopback, tmp_path)
    assert not loopback.requests


def test_the_pinned_revision_is_what_is_asked_for(loopback, sd21, tmp_path, monkeypatch):
    asked = []
    plain = Handler.send_file

    def recording(self, file, content, revision, body):
        asked.append(revision)
        plain(self, file, content, revision, body)

    monkeypatch.setattr(Handler, "send_file", recording)
    loopback.repositories = {FIRST: sd21}
    fetch(loopback, tmp_path)
    assert set(asked) == {load_catalog().models["sd21-base"].sources[0].revision}
