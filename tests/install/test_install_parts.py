"""The installer's decisions, one by one."""
from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
SOURCES = [SCRIPTS / "install_deps.py", *sorted((SCRIPTS / "installer").glob("*.py"))]
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

    pins = read_lock(lock, platform="win32")
    names = [pin.name for pin in pins]
    assert pins and len(set(names)) == len(names)
    assert all(pin.download > 0 and pin.disk >= pin.download * 0.5 for pin in pins)


def test_a_loose_requirement_is_refused(tmp_path):
    from installer.locks import read_lock

    path = tmp_path / "engine.txt"
    for line in ("numpy>=2", "numpy", "numpy==2.*  # 1 MB, 1 MB on disk", "numpy==2.4.6"):
        path.write_text(line)
        with pytest.raises(ValueError, match="engine.txt:1"):
            read_lock(path)


def test_locks_agree_with_each_other_and_hold_what_was_agreed():
    from installer.locks import read_lock
    from installer.machine import TORCH

    pins = {lock.stem: {pin.name: pin.version for pin in read_lock(lock)} for lock in LOCKS}
    assert pins["torch-cpu"]["torch"] == pins["torch-cuda"]["torch"] == TORCH == "2.13.0"
    assert (pins["engine"]["diffusers"], pins["engine"]["transformers"]) == ("0.42.1", "5.23.0")
    for name, version in pins["test"].items():
        assert pins["engine"].get(name, version) == version
    assert not set(pins["torch-cuda"]) & set(pins["engine"]), "two locks of one environment may not pin the same package"


def test_the_engine_lock_is_complete():
    """Installed with --no-deps, so a requirement that no lock holds would be missing at run time."""
    from importlib import metadata

    from installer.locks import normalise, read_lock

    locks = [SCRIPTS / "locks" / f"{name}.txt" for name in ("engine", "test", "torch-cpu")]
    pins = {pin.name: pin.version for lock in locks for pin in read_lock(lock)}
    try:
        requirement = pytest.importorskip("packaging.requirements").Requirement
        found = {name: metadata.requires(name) or [] for name in pins}
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
        ("something quite new", "other"),
    ],
)
def test_each_failure_has_one_cause_and_one_remedy(output, kind):
    from installer.failures import explain

    failure = explain(output, code=1, log=Path("/logs/pip.log"))
    assert failure.kind == kind
    for sentence in (failure.cause, failure.remedy):
        assert re.fullmatch(r"[A-Z].*\.", sentence) and ". " not in sentence, sentence


def test_a_pip_ended_by_the_system_means_memory():
    from installer.failures import explain

    assert explain("", code=-9, log=Path("x")).kind == "memory"


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


def test_where_pip_would_install_to_is_not_inherited(monkeypatch):
    from installer.pythons import clean_environment

    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PYTHONPATH", "/blender/modules")
    monkeypatch.setenv("PIP_INDEX_URL", "http://localhost/simple")
    kept = clean_environment()
    assert "PIP_TARGET" not in kept and "PYTHONPATH" not in kept
    assert kept["PIP_INDEX_URL"] == "http://localhost/simple", "where packages come from is the user's own choice"
