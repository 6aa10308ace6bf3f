"""The installer's decisions, one by one."""

from __future__ import annotations

import ast
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
SOURCES = [SCRIPTS / "install_deps.py", *sorted((SCRIPTS / "installer").glob("*.py"))]
SOURCES += [SCRIPTS / "development" / name for name in ("blenders.py", "showcase.py", "suite.py")]
LOCKS = sorted((SCRIPTS / "locks").glob("*.txt"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_imports_only_the_standard_library_at_the_top(source):
    """The self-test imports torch and others inside its functions: it runs in the engine's own Python."""
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module]
        else:
            continue
        for name in names:
            assert name.split(".")[0] in sys.stdlib_module_names | {"installer"}, f"{source.name} imports {name}"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_line_of_a_lock_is_an_exact_pin_with_sizes(lock):
    from installer.locks import read_lock

    for platform in ("linux", "win32", "darwin"):
        pins = read_lock(lock, platform=platform)
        names = [pin.name for pin in pins]
        assert pins and len(set(names)) == len(names)
        assert all(pin.download > 0 and pin.disk >= pin.download * 0.5 for pin in pins)


def test_a_pin_counts_on_its_platform_alone(tmp_path):
    from installer.locks import read_lock

    path = tmp_path / "engine.txt"
    path.write_text(f"tiny==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:{'0' * 64}\n    # 1 MB, 2 MB on disk\n")
    assert [pin.name for pin in read_lock(path, platform="win32")] == ["tiny"] and read_lock(path, platform="linux") == []


def test_a_loose_requirement_is_refused(tmp_path):
    from installer.locks import read_lock

    path = tmp_path / "engine.txt"
    end = f" \\\n    --hash=sha256:{'0' * 64}\n    # 1 MB, 1 MB on disk\n"
    without_hash = "numpy==2.4.6\n    # 1 MB, 1 MB on disk\n"
    without_sizes = f"numpy==2.4.6 \\\n    --hash=sha256:{'0' * 64}\n"
    for text in (f"numpy>=2{end}", "numpy", f"numpy==2.*{end}", "numpy==2.4.6", without_hash, without_sizes):
        path.write_text(text)
        with pytest.raises(ValueError, match="engine.txt:1"):
            read_lock(path)


def test_locks_agree_with_each_other_and_hold_what_was_agreed():
    from installer.locks import read_lock
    from installer.machine import TORCH

    pins = {lock.stem: {pin.name: pin.version for pin in read_lock(lock)} for lock in LOCKS}
    assert pins["torch-pypi"]["torch"] == TORCH == "2.13.0"
    assert (pins["engine"]["diffusers"], pins["engine"]["transformers"]) == ("0.42.1", "5.23.0")
    for name, version in pins["test"].items():
        assert pins["engine"].get(name, version) == version
    assert not set(pins["torch-pypi"]) & set(pins["engine"]), "two locks of one environment may not pin the same package"


def test_the_engine_lock_is_complete():
    """Installed with --no-deps, so a requirement that no lock holds would be missing at run time."""
    from importlib import metadata

    from installer.locks import normalise, read_lock

    locks = {name: read_lock(SCRIPTS / "locks" / f"{name}.txt") for name in ("engine", "test", "torch-pypi")}
    pins = {pin.name: pin.version for lock in locks.values() for pin in lock}
    here = {normalise(package.metadata["Name"]) for package in metadata.distributions()}
    wanted = {name for name in pins if name in here or name not in {pin.name for pin in locks["torch-pypi"]}}
    try:
        requirement = pytest.importorskip("packaging.requirements").Requirement
        found = {name: metadata.requires(name) or [] for name in wanted | {"torch"}}  # its CPU build has no libraries
    except metadata.PackageNotFoundError as error:
        pytest.skip(f"not the locked environment: {error}")
    for name, lines in found.items():
        for line in lines:
            need = requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                assert normalise(need.name) in pins, f"{name} needs {line}"
                assert need.specifier.contains(pins[normalise(need.name)], prereleases=True), f"{name} needs {line}"


def machine_with(system="linux", architecture="x86_64", nvidia=(), amd=False):
    from installer.machine import Machine

    return Machine(system=system, architecture=architecture, nvidia=tuple(nvidia), amd=amd)


def gpu(capability, driver, name="NVIDIA Test"):
    from installer.machine import Gpu

    return Gpu(name=name, capability=capability, driver=driver)


H100, PASCAL, OLD_DRIVER, ANCIENT = gpu((9, 0), 580), gpu((6, 1), 580), gpu((8, 6), 535), gpu(None, 470)


@pytest.mark.parametrize(
    ("asked", "system", "nvidia", "amd", "kind", "says"),
    [
        ("auto", "linux", [], False, "cpu", "No supported GPU"),
        ("auto", "linux", [H100], False, "cuda", "9.0"),
        ("cpu", "linux", [H100], False, "cpu", "Asked for"),
        ("auto", "linux", [PASCAL], False, "cpu", "compute capability 6.1"),
        ("auto", "linux", [PASCAL, H100], False, "cuda", "9.0"),
        ("cuda", "linux", [OLD_DRIVER], False, "cpu", "driver 535 is too old"),
        ("auto", "linux", [ANCIENT], False, "cpu", "driver 470 is too old"),
        ("cuda", "linux", [], False, "cpu", "No NVIDIA GPU"),
        ("auto", "linux", [], True, "rocm", "AMD"),
        ("rocm", "linux", [], False, "cpu", "/dev/kfd"),
        ("rocm", "win32", [], False, "cpu", "Linux"),
        ("mps", "linux", [], False, "cpu", "Macs only"),
        ("auto", "win32", [H100], False, "cuda", "9.0"),
        ("auto", "win32", [], False, "cpu", "No supported GPU"),
    ],
)
def test_the_build_fits_the_machine(asked, system, nvidia, amd, kind, says):
    from installer.machine import choose_build

    build = choose_build(asked, machine_with(system=system, nvidia=nvidia, amd=amd))
    assert build.kind == kind and says in build.reason


def test_macs():
    from installer.console import Failure
    from installer.machine import choose_build

    assert choose_build("auto", machine_with("darwin", "arm64")).kind == "mps"
    assert choose_build("cpu", machine_with("darwin", "arm64")).kind == "cpu"
    with pytest.raises(Failure, match="Intel"):
        choose_build("auto", machine_with("darwin", "x86_64"))


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for nvidia-smi")
def test_nvidia_smi_is_read(program):
    from installer.machine import look

    program("nvidia-smi", 'echo "NVIDIA GeForce RTX 3060, 8.6, 581.42"; echo "NVIDIA GeForce GTX 1080, 6.1, 581.42"')
    assert [(one.name, one.capability, one.driver) for one in look().nvidia] == [
        ("NVIDIA GeForce RTX 3060", (8, 6), 581),
        ("NVIDIA GeForce GTX 1080", (6, 1), 581),
    ]
    program("nvidia-smi", 'case "$1" in *compute_cap*) echo "Field is not valid"; exit 2;; esac; echo "Tesla K80, 450.51"')
    assert [(one.capability, one.driver) for one in look().nvidia] == [(None, 450)]
    program("nvidia-smi", 'echo "NVIDIA-SMI has failed because it could not communicate with the driver"; exit 9')
    assert look().nvidia == ()


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk"),
        ("[Errno 13] Permission denied: '/opt/x'", "permission"),
        ("OSError: [WinError 5] Access is denied: 'C:\\\\x.pyd'", "permission"),
        ("[WinError 32] The process cannot access the file because it is being used by another process", "in-use"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "certificate"),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(Temporary failure in name resolution)'\n"
            "ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: none)\n"
            "ERROR: No matching distribution found for torch==2.13.0",
            "network",
        ),
        ("ERROR: No matching distribution found for torch==2.13.0+cpu", "no-match"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "corrupt"),
        ("zipfile.BadZipFile: File is not a zip file", "corrupt"),
        ("ERROR: HTTP error 403 while getting https://example.org/x.whl", "refused"),
        ("ERROR: x.whl is not a supported wheel on this platform.", "platform"),
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407'))", "proxy"),
        ("requests.exceptions.HTTPError: 503 Server Error: busy", "server"),
        # uv's words; each was seen with uv 0.13.9 on Linux
        ("error: Failed to install: torch\n  cause: failed to write: No space left on device (os error 28)", "disk"),
        ("error: Failed to create temporary file\n  cause: Read-only file system (os error 30)", "permission"),
        ("  cause: failed to open file `/x/.lock`: Permission denied (os error 13)", "permission"),
        ("  cause: client error (Connect)\n  cause: invalid peer certificate: UnknownIssuer", "certificate"),
        ("  cause: client error (Connect)\n  cause: tunnel error: unsuccessful", "proxy"),
        (
            "error: Failed to fetch: http://127.0.0.1:9/simple/tiny-b/\n  cause: error sending request for url\n"
            "  cause: client error (Connect)\n  cause: tcp connect error\n  cause: Connection refused (os error 111)",
            "network",
        ),
        ("  cause: dns error\n  cause: failed to lookup address information: Name or service not known", "network"),
        ("  cause: HTTP status client error (403 Forbidden) for url (http://x/simple/torch/)", "refused"),
        ("  cause: HTTP status client error (401 Unauthorized) for url (http://x/simple/torch/)", "refused"),
        ("  cause: HTTP status server error (503 Service Unavailable) for url (http://x/simple/)", "server"),
        ("  cause: HTTP status client error (429 Too Many Requests) for url (http://x/simple/)", "server"),
        ("error: Failed to download `tiny`\n  cause: Hash mismatch for `tiny`", "corrupt"),
        ("  cause: Failed to extract archive: tiny-1.0-py3-none-any.whl", "corrupt"),
        (
            "error: No solution found when resolving dependencies\n  cause: Because tiny-b was not found in the provided"
            " package locations and you require tiny-b==2.5, we can conclude that your requirements are unsatisfiable.",
            "no-match",
        ),
        ("  cause: Because torch==2.13.0 has no wheels with a matching Python ABI tag (e.g., `cp312`), and", "platform"),
        ("something quite new", "other"),
    ],
)
def test_each_failure_has_one_cause_and_one_remedy(output, kind):
    from installer.failures import explain

    failure = explain(output, code=1, log=Path("/logs/pip.log"))
    assert failure.kind == kind
    for sentence in (failure.cause, failure.remedy):
        assert re.fullmatch(r"[A-Z].*\.", sentence) and ". " not in sentence, sentence


def test_ended_by_the_system_means_memory():
    from installer.failures import explain

    assert {explain("", code=code, log=Path("x")).kind for code in (-9, 137)} == {"memory"}


@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_what_a_watched_child_started_ends_with_the_installer(tmp_path, end):
    """compileall's workers would wait for work for ever."""
    grandchild = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    code = (
        f"import sys; from pathlib import Path; sys.path.insert(0, {str(SCRIPTS)!r}); from installer import watched;"
        f"watched.run([sys.executable, '-c', {child!r}], settings={{}}, log=Path({str(tmp_path / 'log')!r}), tick=lambda: None)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 30
    while not (found := re.search(r"^(\d+)$", (tmp_path / "log").read_text() if (tmp_path / "log").exists() else "", re.M)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, end)
    process.wait()
    while alive(int(found[1])):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Does it run? One that only waits to be collected by its parent does not."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z" if status.parent.parent.is_dir() else not os.kill(pid, 0)
    except OSError:
        return False


def test_a_checkout_that_cannot_be_written_is_left_alone(tmp_path, monkeypatch):
    from installer import state

    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "pyproject.toml").touch()
    assert state.default_root(checkout) == checkout / ".stochsync"
    monkeypatch.setattr(state, "writable", lambda folder: False)
    elsewhere = state.default_root(checkout)
    assert checkout not in elsewhere.parents and elsewhere.name == "stochsync"


def test_an_extension_without_a_checkout_uses_the_users_folder(tmp_path):
    from installer.state import default_root

    assert tmp_path not in default_root(tmp_path).parents


def test_an_old_python_gets_a_sentence():
    """The first lines must be readable by any Python 3; here the check itself is run with a pretended version."""
    code = "import sys; sys.version_info = (3, 8, 10); sys.argv = ['x']; exec(open(sys.path.pop()).read())"
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.append({str(SCRIPTS / 'install_deps.py')!r}); {code}"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 1 and "This is Python 3.8" in run.stderr


def test_interpreters_that_cannot_serve_are_passed_over(program):
    from installer.pythons import probe

    assert probe(str(program("python3.11", "echo 'pyenv: python3.11: command not found' >&2; exit 127"))) is None
    assert probe(sys.executable).version == sys.version_info[:2]


def test_where_packages_would_go_to_is_not_inherited(monkeypatch):
    from installer.pythons import clean_environment

    gone = {"PIP_TARGET": "/x", "PIP_CONSTRAINT": "x.txt", "PYTHONPATH": "/blender/modules", "VIRTUAL_ENV": "/x"}
    gone |= {"UV_PYTHON": "3.12", "UV_CACHE_DIR": "/x", "UV_CONSTRAINT": "x.txt", "UV_PROJECT_ENVIRONMENT": "/x"}
    kept = {"PIP_INDEX_URL": "http://localhost/simple", "PIP_CONFIG_FILE": "/x", "PIP_DEFAULT_TIMEOUT": "9"}
    kept |= {"UV_INDEX": "http://localhost/simple", "UV_INDEX_STUDIO_PASSWORD": "x", "UV_HTTP_TIMEOUT": "9", "HTTPS_PROXY": "x"}
    for name, value in {**gone, **kept}.items():
        monkeypatch.setenv(name, value)
    left = clean_environment()
    assert not set(gone) & set(left)
    assert {name: left.get(name) for name in kept} == kept, "where packages come from is the user's own choice"


def test_what_pip_is_configured_with_is_said_in_uv_s_words():
    """As `pip config list` prints it; the environment's variable goes before [install], that before [global]."""
    from installer.uv import translate

    found = translate(
        "WARNING: something\n"
        ":env:.cert='/etc/studio.pem'\n"
        ":env:.index-url='https://user:secret@mirror/simple'\n"
        "download.index-url='https://another/simple'\n"
        "global.cert='/etc/other.pem'\n"
        "global.extra-index-url='https://one/simple\\nhttps://two/simple'\n"
        "global.find-links='/wheels https://three/wheels'\n"
        "global.index-url='https://global/simple'\n"
        "global.keyring-provider='subprocess'\n"
        "global.no-cache-dir='false'\n"
        "global.proxy='http://proxy:3128'\n"
        "global.trusted-host='mirror one'\n"
        "install.retries='1'\n"
        "install.timeout='60'\n"
    )
    assert found == {
        "SSL_CERT_FILE": "/etc/studio.pem",
        "UV_DEFAULT_INDEX": "https://user:secret@mirror/simple",
        "UV_INDEX": "https://one/simple https://two/simple",
        "UV_FIND_LINKS": "/wheels,https://three/wheels",
        "UV_KEYRING_PROVIDER": "subprocess",
        "HTTPS_PROXY": "http://proxy:3128",
        "HTTP_PROXY": "http://proxy:3128",
        "ALL_PROXY": "http://proxy:3128",
        "UV_INSECURE_HOST": "mirror one",
        "UV_HTTP_RETRIES": "1",
        "UV_HTTP_TIMEOUT": "60",
    }
    assert translate("") == {}


def test_torch_s_sources_by_build():
    """The locked build is checked against hashes; the others lie on PyTorch's own indexes and have no lock."""
    from installer.machine import choose_build

    cpu = choose_build("cpu", machine_with())
    assert cpu.sources == ("configured", "pytorch", "lock")
    assert cpu.arguments("configured", Path("l")) == ["torch==2.13.0+cpu", "--no-deps"]
    assert cpu.arguments("pytorch", Path("l"))[1:3] == ["--default-index", "https://download.pytorch.org/whl/cpu"]
    for build in (choose_build("auto", machine_with(nvidia=[H100])), choose_build("auto", machine_with("darwin", "arm64"))):
        assert build.sources == ("lock",)
        assert build.arguments("lock", Path("l")) == ["--no-deps", "--require-hashes", "-r", "l"]
    rocm = choose_build("rocm", machine_with(amd=True))
    assert rocm.arguments("pytorch", Path("l")) == [
        "torch==2.13.0+rocm7.2",
        "--default-index",
        "https://download.pytorch.org/whl/rocm7.2",
    ]
