"""uv, which installs the packages: fetched by pip once, given pip's settings, watched while it works."""

from __future__ import annotations

import ast
import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from . import watched
from .console import Failure
from .environment import python_of
from .failures import explain
from .locks import Pin, normalise, read_lock
from .pythons import SUPPORTED, clean_environment, find
from .state import Layout

Progress = Callable[[float, str], None]  # fraction of this run 0..1, what is being done

# pip's option -> uv's variables
_SETTINGS = {
    "index-url": ["UV_DEFAULT_INDEX"],
    "extra-index-url": ["UV_INDEX"],
    "no-index": ["UV_NO_INDEX"],
    "find-links": ["UV_FIND_LINKS"],
    "trusted-host": ["UV_INSECURE_HOST"],
    "cert": ["SSL_CERT_FILE"],
    "client-cert": ["SSL_CLIENT_CERT"],
    "proxy": ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"],
    "timeout": ["UV_HTTP_TIMEOUT"],
    "default-timeout": ["UV_HTTP_TIMEOUT"],
    "retries": ["UV_HTTP_RETRIES"],
}


class Uv:
    """The pinned uv of one root. `wheels` is the folder to install from without any network, or None."""

    def __init__(self, layout: Layout, lock: Path, wheels: Path | None) -> None:
        self.pin = read_lock(lock)[0]
        self._lock, self._wheels, self._cache = lock, wheels, layout.cache / "uv"
        self.folder = layout.cache / f"uv-{self.pin.version}"
        self._log = layout.logs / "uv.log"
        self._settings: dict[str, str] = {}

    @property
    def there(self) -> bool:
        return self.folder.is_dir()

    def fetch(self) -> None:
        """Install uv by pip into a folder of its own. Raises Failure."""
        partial = self.folder.with_name(f"{self.folder.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        options = ["--no-input", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
        options += ["--no-index", "--find-links", str(self._wheels)] if self._wheels else []
        command = [*pip_command(self._wheels), "install", *options, "--require-hashes", "-r", str(self._lock)]
        settings = clean_environment()
        if self._wheels:  # neither the user's index nor a configured folder may add to what was given
            settings = {key: value for key, value in settings.items() if not key.startswith("PIP_")}
            settings["PIP_CONFIG_FILE"] = os.devnull
        self._watch(
            [*command, "--target", str(partial)], {**settings, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}, lambda: None
        )
        os.replace(partial, self.folder)

    def venv(self, env: Path, python: str) -> None:
        """Make the environment in its folder, which may hold the mark of one already. Raises Failure."""
        self._run(["venv", "--allow-existing", "--no-project", "--python", python, str(env)], lambda: None)

    def install(self, env: Path, arguments: Sequence[str], *, pins: Sequence[Pin], report: Progress) -> None:
        """`uv pip install` of these arguments; `pins` is what will be installed, for the progress. Raises Failure."""
        source = ["--no-index", "--find-links", str(self._wheels)] if self._wheels else []
        meter = _Meter(self._cache, pins)
        command = ["pip", "install", "--only-binary", ":all:", *source, *arguments]
        self._run([*command, "--python", str(python_of(env))], lambda: report(*meter.read()))

    def uninstall(self, env: Path, names: Sequence[str]) -> None:
        """Remove these packages. Raises Failure."""
        self._run(["pip", "uninstall", *names, "--python", str(python_of(env))], lambda: None)

    def forget(self, names: Sequence[str]) -> None:
        """Take packages (all, when none is named) out of the cache, whose files the environment shares. Raises Failure."""
        self._run(["cache", "clean", *names], lambda: None)

    def _run(self, arguments: list[str], tick: Callable[[], None]) -> None:
        self._settings = self._settings or uv_settings(self._wheels)
        binary = next(path for path in self.folder.glob("*/uv*") if path.name in ("uv", "uv.exe"))
        self._watch([str(binary), *arguments], {**self._settings, "UV_CACHE_DIR": str(self._cache)}, tick)

    def _watch(self, command: list[str], settings: dict[str, str], tick: Callable[[], None]) -> None:
        code, output = watched.run(command, settings=settings, log=self._log, tick=tick)
        if code != 0:
            raise explain(output, code=code, log=self._log)


class _Meter:
    """How far uv has come, by what lies in its cache: it unpacks each package while it downloads it, then links the files."""

    def __init__(self, cache: Path, pins: Sequence[Pin]) -> None:
        self._cache, self._sizes = cache, {pin.name: pin.disk for pin in pins}
        self._total = max(sum(self._sizes.values()), 0.1)
        self._before = set(cache.glob("archive-v0/*"))
        self._done = 0.0

    def read(self) -> tuple[float, str]:
        """Fraction of the work, 0..1, and a text."""
        new = {folder for folder in self._cache.glob("archive-v0/*") if folder not in self._before}
        names = [info.name.partition("-")[0] for folder in new for info in folder.glob("*.dist-info")]
        size = sum(self._sizes.get(normalise(name), 0.0) for name in names)
        for folder in self._cache.glob(".tmp*"):
            size += sum(_size(os.path.join(place, name)) for place, _, files in os.walk(folder) for name in files) / 1e6
        self._done = max(self._done, min(size, self._total))
        return 0.95 * self._done / self._total, f"downloaded and unpacked {self._done:.0f} of {self._total:.0f} MB"


def _size(path: str) -> int:
    try:
        return os.stat(path, follow_symlinks=False).st_size
    except OSError:  # moved to its final place meanwhile
        return 0


def pip_command(wheels: Path | None) -> list[str]:
    """A pip that runs in this Python: its own, or the wheel of one from elsewhere on this machine. Raises Failure."""
    python = [sys.executable, "-I", "-X", "utf8"]
    own = [*python, "-m", "pip"]
    run = subprocess.run([*own, "--version"], capture_output=True, env=clean_environment(), stdin=subprocess.DEVNULL)
    if run.returncode == 0:
        return own
    if wheel := next(_pip_wheels(wheels), None):
        return [*python, f"{wheel}/pip"]
    cause = "This Python lacks pip, and no other Python on this machine can lend it."
    remedy = "Install it (Debian and Ubuntu: apt install python3-pip), then run the same command again."
    raise Failure(cause, remedy, kind="python")


def _pip_wheels(wheels: Path | None) -> Iterator[Path]:
    """Wheels of pip on this machine; other Pythons are looked for last, since that takes a second."""
    for folder in (*([wheels] if wheels else []), *_bundled(sys.base_prefix), Path("/usr/share/python-wheels")):
        yield from folder.glob("pip-*.whl")
    for python in find(SUPPORTED):
        for folder in _bundled(python.prefix):
            yield from folder.glob("pip-*.whl")


def _bundled(prefix: str) -> list[Path]:
    """Where a Python of this prefix keeps the pip of its module ensurepip."""
    return [*Path(prefix).glob("lib/python3.*/ensurepip/_bundled"), Path(prefix, "Lib", "ensurepip", "_bundled")]


def uv_settings(wheels: Path | None) -> dict[str, str]:
    """The environment of uv: what pip is configured with on this machine, unless packages come from a folder alone."""
    settings = clean_environment()
    if wheels:
        settings = {key: value for key, value in settings.items() if not key.startswith("UV_")} | {"UV_OFFLINE": "1"}
    else:
        if authorities := settings.get("REQUESTS_CA_BUNDLE") or settings.get("CURL_CA_BUNDLE"):
            settings.setdefault("SSL_CERT_FILE", authorities)
        run = subprocess.run(
            [*pip_command(None), "config", "list"], capture_output=True, text=True, encoding="utf-8", env=settings
        )
        settings = {**settings, **translate(run.stdout)}
        if sys.platform in ("win32", "darwin") or ssl.get_default_verify_paths().cafile:
            settings.setdefault("UV_SYSTEM_CERTS", "1")  # as pip does from 24.2 on
    # All of the configured places count alike, as with pip. Our own pyproject.toml is a developer's: it names other indexes.
    return {**settings, "UV_INDEX_STRATEGY": "unsafe-best-match", "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"}


def translate(configuration: str) -> dict[str, str]:
    """uv's variables for what `pip config list` printed; of several values pip takes the variable's, then [install]'s."""
    found: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for key, value in re.findall(rf"^{section}\.([\w-]+)=(['\"].*)$", configuration, re.MULTILINE):
            words = ast.literal_eval(value).split()
            for variable in _SETTINGS.get(key, []):
                found[variable] = ("," if key == "find-links" else " ").join(words)
            if key == "keyring-provider" and words == ["subprocess"]:
                found["UV_KEYRING_PROVIDER"] = "subprocess"
    return found
