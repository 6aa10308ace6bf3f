"""Cancel, kill, stall, flood, garbage, orphans: whatever happens to the engine ends in one clear message, in bounded time."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from engine_driver import MAIN_THREAD
from stochsync.engine.protocol.errors import Busy, EngineDied, EngineUnavailable, ProtocolError
from stochsync.engine.protocol.messages import Cancel, Failed, Progress, Quit, Result
from stochsync.engine.protocol.wire import frame
from stochsync.stochsync_addon.client.process import engine_command
from stochsync.stochsync_addon.client.states import State

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent


def alive(pid: int) -> bool:
    """Whether process `pid` runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def running(driver, job: str) -> bool:
    return any(isinstance(m, Progress) and m.job == job and m.step > 2 for m in driver.messages)


def test_cancel_frees_the_artist_at_once_and_the_next_job_runs_in_the_same_process(drive, play):
    driver = drive()
    folder = play("long")
    driver.client.run(folder)
    driver.until(lambda: running(driver, "long"))
    pid = driver.client.pid
    driver.call(driver.client.cancel, "long")
    assert [m.code for m in driver.poll() if isinstance(m, Failed)] == ["cancelled"]
    assert driver.client.state == "cancelling"  # so that the next job may be ordered
    driver.client.run(play("plain"))
    assert isinstance(driver.end_of("plain"), Result)
    assert driver.client.pid == pid
    assert (folder / "closed.txt").exists() and not (folder / "result.png").exists()
    assert sum(isinstance(m, Failed) for m in driver.messages) == 1


def test_cancel_of_another_job_has_no_effect(drive, play):
    driver = drive()
    driver.client.run(play("chatty"))
    driver.client.cancel("some other")
    driver.until(lambda: running(driver, "chatty"))
    driver.client._write(Cancel(job="some other"))  # and the server keeps to that as well
    assert isinstance(driver.end_of("chatty"), Result)


def test_same_folder_can_run_again_right_after_its_cancel(drive, play):
    driver = drive()
    folder = play("long", "again")
    driver.client.run(folder)
    driver.until(lambda: running(driver, "again"))
    driver.client.cancel("again")
    driver.poll()
    driver.messages.clear()
    play("plain", "again")
    driver.client.run(folder)
    assert isinstance(driver.end_of("again"), Result), "the end of the cancelled run was taken for this one's"


def test_engine_deaf_to_cancel_is_killed_after_the_grace_and_the_next_job_gets_a_fresh_one(drive, play):
    driver = drive(grace=0.5)
    folder = play("mid-write")
    driver.client.run(folder)
    driver.until(lambda: list(folder.glob(".result.*.png")))
    old = driver.client.pid
    start = time.monotonic()
    driver.client.cancel("mid-write")
    driver.client.run(play("plain"))
    assert isinstance(driver.end_of("plain"), Result)
    assert time.monotonic() - start > 0.5
    assert driver.client.pid != old and not alive(old)
    assert not list(folder.glob(".result.*")) and not (folder / "result.png").exists()


def test_one_job_at_a_time(drive, play):
    driver = drive()
    driver.client.run(play("long"))
    with pytest.raises(Busy):
        driver.client.run(play("plain"))
    driver.until(lambda: running(driver, "long"))
    from stochsync.engine.protocol.messages import RunJob

    driver.client._write(RunJob(path=str(play("plain"))))  # past the client's own check
    driver.client._in_hand, kept = RunJob(path="plain"), driver.client._in_hand
    assert driver.end_of("plain").code == "engine_busy"
    driver.client._in_hand, driver.client._wanted, driver.client.state = kept, kept, State.BUSY
    assert isinstance(driver.end_of("long"), Result)


def test_kill_in_mid_job_is_named_and_a_fresh_engine_takes_the_next(drive, play):
    driver = drive()
    driver.client.run(play("long"))
    driver.until(lambda: running(driver, "long"))
    os.kill(driver.client.pid, signal.SIGKILL)
    failed = driver.end_of("long", 3.0)
    assert isinstance(failed.error, EngineDied) and failed.error.fix == "restart_engine" and "SIGKILL" in failed.error.text
    assert driver.client.state == "dead" and isinstance(driver.client.error, EngineDied)
    driver.client.run(play("plain"))
    assert isinstance(driver.end_of("plain"), Result)


def test_kill_in_mid_write_leaves_nothing_half_written(drive, play):
    driver = drive()
    folder = play("mid-write")
    driver.client.run(folder)
    driver.until(lambda: list(folder.glob(".result.*.png")))
    os.kill(driver.client.pid, signal.SIGKILL)
    assert isinstance(driver.end_of("mid-write").error, EngineDied)
    assert not list(folder.glob(".result.*")) and not (folder / "result.png").exists()


def test_crash_keeps_the_last_words_of_c_code_in_the_job_log(drive, play):
    driver = drive()
    folder = play("crash")
    driver.client.run(folder)
    failed = driver.end_of("crash")
    assert isinstance(failed.error, EngineDied) and "SIGABRT" in failed.error.text
    assert str(folder / "log.txt") in failed.error.text
    log = (folder / "log.txt").read_text()
    assert "last words of a C library" in log and "Fatal Python error: Aborted" in log


def test_death_between_jobs_costs_the_next_job_nothing(drive, play):
    driver = drive()
    driver.client.run(play("plain", "one"))
    driver.end_of("one")
    os.kill(driver.client.pid, signal.SIGKILL)
    time.sleep(0.2)
    driver.client.run(play("plain", "two"))
    assert isinstance(driver.end_of("two"), Result)


def test_stall_ends_in_time_and_never_holds_the_main_thread(drive, play):
    driver = drive(silence=1.5, loading=1.5)
    driver.client.run(play("stop"))
    failed = driver.end_of("stop", 10.0)
    assert isinstance(failed.error, EngineDied) and "silent" in failed.error.text
    assert driver.never_held_the_thread()


@pytest.mark.parametrize("delay", [0.0, 0.03, 0.1, 0.2])
def test_engine_stopped_while_it_starts_holds_nothing_up(drive, play, delay):
    """Wherever in its start the engine is stopped: before connecting, between the steps of the key exchange, or after.

    The job is a long one: a short one may be done before the latest stop.
    """
    driver = drive(hello=0.7, loading=0.7, silence=1.5)
    driver.client.run(play("long"))
    end = time.monotonic() + delay
    while time.monotonic() < end:
        driver.poll()
    os.kill(driver.client.pid, signal.SIGSTOP)
    failed = driver.end_of("long", 10.0)
    assert isinstance(failed.error, EngineUnavailable | EngineDied)
    assert driver.never_held_the_thread()


def test_engine_stuck_in_c_code_ends_itself_and_logs_where_it_was(drive, play):
    """Nothing in Python runs then, stdin's watcher neither: without Blender to kill it, it would be an orphan for ever."""
    driver = drive(silence=60.0, loading=60.0)
    folder = play("stuck")
    driver.client.run(folder)
    failed = driver.end_of("stuck")
    assert isinstance(failed.error, EngineDied) and "exit code 1" in failed.error.text
    log = (folder / "log.txt").read_text()
    assert "Timeout" in log and "standin_engine.py" in log


def test_job_goes_on_while_blender_reads_nothing_and_is_not_taken_for_silent_afterwards(drive, play):
    """As during a render. 40 000 messages are far more than the socket holds."""
    driver = drive(silence=1.5, loading=1.5)
    folder = play("chatty")
    driver.client.run(folder)
    driver.until(lambda: running(driver, "chatty"))
    start = time.monotonic()
    while not (folder / "result.png").exists() or time.monotonic() - start < 2.0:
        assert time.monotonic() - start < 60.0, "the job waits for a reader"
        time.sleep(0.05)
    assert isinstance(driver.end_of("chatty"), Result)


def test_blender_that_is_busy_while_the_engine_starts_finds_it_ready(drive):
    """Deadlines run only while somebody polls, and the engine waits for its answers."""
    driver = drive(hello=1.5)
    driver.client.start()
    time.sleep(2.5)
    driver.until(lambda: driver.client.state != "starting")
    assert driver.client.state == "ready", driver.client.error


def test_engine_whose_blender_dies_before_the_handshake_ends(tmp_path):
    """The other end of the address stays open and silent, as a stranger's might; stdin alone tells."""
    listener = socket.create_server(("127.0.0.1", 0))
    engine = subprocess.Popen(
        [sys.executable, "-I", str(HERE / "standin_engine.py"), str(ROOT), "--address", f"127.0.0.1:{listener.getsockname()[1]}"],
        stdin=subprocess.PIPE,
    )
    engine.stdin.write(bytes(32).hex().encode() + b"\n")
    engine.stdin.flush()
    connection, _ = listener.accept()
    time.sleep(0.2)
    assert engine.poll() is None
    engine.stdin.close()
    assert engine.wait(5.0) == 0
    connection.close()
    listener.close()


def test_flood_of_c_level_output_neither_blocks_nor_fills_the_disk(drive, play):
    driver = drive()
    folder = play("flood")
    driver.client.run(folder)
    assert isinstance(driver.end_of("flood"), Result)
    log = (folder / "log.txt").read_bytes()
    assert len(log) <= 1 << 20 and log.startswith(b"library noise") and log.endswith(b"\n") and b"bytes left out" in log


def engine_that_says(tmp_path: Path, says: str) -> tuple[str, ...]:
    """The command of a false engine that holds the key, and then runs `says` with `connection` in hand."""
    script = tmp_path / "false_engine.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys, time, os
        sys.path.insert(0, {str(ROOT)!r})
        from engine.protocol import *
        from engine.protocol.messages import *
        from engine.serve.server import join, read_key
        connection = join(sys.argv[2], read_key())
        hello = Hello(protocol=PROTOCOL_VERSION, engine=VERSION, pid=os.getpid())
    """)
        + textwrap.dedent(says)
        + "\ntime.sleep(60)\n"
    )
    return (sys.executable, "-I", str(script))


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("connection.send_bytes(encode(Hello(protocol=999, engine='9', pid=1)))", "version 999"),
        ("connection.send_bytes(encode(Heartbeat(busy=False)))", "did not say hello"),
        ("connection.send_bytes(b'\\x80 no json')", "no message"),
        ("connection.send_bytes(encode(hello)); connection.send_bytes(b'{\"type\": []}')", "unknown type"),
        ("connection.send_bytes(encode(hello)); connection.send_bytes(encode(Quit()))", "only the add-on may send"),
        ("os.write(connection.fileno(), b'\\xff' * 100000)", "announced"),
    ],
)
def test_garbage_from_the_engine_is_a_protocol_error(drive, play, tmp_path, says, words):
    driver = drive(engine_that_says(tmp_path, says))
    driver.client.run(play("plain"))
    failed = driver.end_of("plain")
    assert isinstance(failed.error, ProtocolError) and words in failed.error.text
    assert failed.error.fix in ("install_engine", "restart_engine")
    assert driver.never_held_the_thread()


def test_half_a_message_is_waited_for_without_blocking(drive, play, tmp_path):
    """`Connection.recv_bytes` would block here for ever, though `poll` says that there is something to read."""
    driver = drive(
        engine_that_says(tmp_path, "connection.send_bytes(encode(hello)); os.write(connection.fileno(), b'\\0\\0')"),
        silence=1.0,
        loading=1.0,
    )
    driver.client.run(play("plain"))
    assert isinstance(driver.end_of("plain").error, EngineDied)
    assert driver.never_held_the_thread()


def test_garbage_from_the_client_is_answered_and_the_job_goes_on(drive, play):
    driver = drive()
    driver.client.run(play("long"))
    driver.until(lambda: running(driver, "long"))
    driver.client._link.send(b'{"type": "Dance"}')
    driver.client._link.send(b"\xff\xfe")
    driver.until(
        lambda: any(isinstance(m, Failed) and m.job == "" and isinstance(m.error, ProtocolError) for m in driver.messages), 3.0
    )
    assert isinstance(driver.end_of("long"), Result)


def test_client_out_of_step_ends_the_engine(drive, play):
    driver = drive()
    driver.client.run(play("long"))
    driver.until(lambda: running(driver, "long"))
    driver.client._link._engine._connection.send(b"\x7f" * 64)
    failed = driver.end_of("long", 5.0)
    assert isinstance(failed.error, EngineDied) and "exit code 0" in failed.error.text


def test_wrong_key_is_refused_both_ways(drive, play, tmp_path):
    script = tmp_path / "impostor.py"
    script.write_text(
        f"import sys, time; sys.path.insert(0, {str(ROOT)!r})\nfrom engine.serve.server import join, read_key\n"
        "read_key(); join(sys.argv[2], bytes(32))\ntime.sleep(60)\n"
    )
    driver = drive((sys.executable, "-I", str(script)))
    driver.client.run(play("plain"))
    failed = driver.end_of("plain")
    assert isinstance(failed.error, EngineUnavailable) and driver.client._link is None
    assert "EOFError" in driver.client.log.read_text() or "ConnectionResetError" in driver.client.log.read_text()

    listener = socket.create_server(("127.0.0.1", 0))
    engine = subprocess.Popen(
        [sys.executable, "-I", str(HERE / "standin_engine.py"), str(ROOT), "--address", f"127.0.0.1:{listener.getsockname()[1]}"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    engine.stdin.write(bytes(32).hex().encode() + b"\n")
    engine.stdin.flush()
    connection, _ = listener.accept()
    connection.sendall(frame(bytes(32)))
    connection.recv(4096)
    connection.sendall(frame(b"no proof at all"))
    assert engine.wait(10) == 3
    assert b"does not hold its key" in engine.stderr.read()
    engine.stdin.close()
    engine.stderr.close()
    connection.close()
    listener.close()


def test_strangers_on_the_socket_do_not_keep_the_engine_out(drive, play, monkeypatch):
    monkeypatch.setattr("stochsync.stochsync_addon.client.link.sys", SimpleNamespace(platform="another"))  # loopback
    driver = drive()
    driver.client.run(play("plain"))
    host, port = driver.client._link.address.split(":")
    strangers = [socket.create_connection((host, int(port))) for _ in range(3)]
    strangers[0].sendall(b"GET / HTTP/1.0\r\n\r\n")
    strangers[1].close()
    assert isinstance(driver.end_of("plain"), Result)
    for stranger in strangers:
        stranger.close()


def test_key_is_in_neither_arguments_nor_environment(drive, play):
    driver = drive()
    driver.client.run(play("long"))
    key = driver.client._link._key
    driver.until(lambda: running(driver, "long"))
    process = Path(f"/proc/{driver.client.pid}")
    seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert key.hex().encode() not in seen and key not in seen


@pytest.mark.parametrize(
    "command",
    [
        ("/nowhere/python",),
        (sys.executable, "-c", "import no_such_module"),
        (sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"),
    ],
)
def test_engine_that_cannot_start_says_install(drive, play, command):
    driver = drive(command)
    try:
        driver.client.run(play("plain"))
        error = driver.end_of("plain").error
    except EngineUnavailable as raised:
        error = raised
    assert isinstance(error, EngineUnavailable) and error.fix == "install_engine"
    assert any(word in error.text for word in ("/nowhere/python", "no_such_module", "SIGSEGV"))
    assert driver.client.state == "dead"


def test_engine_is_shut_off_from_blenders_python_and_writes_nothing_beside_its_sources(drive, tmp_path, monkeypatch):
    root = tmp_path / "add-on: ä 日本"  # a colon, which PYTHONPATH could not hold
    shutil.copytree(ROOT / "engine", root / "engine", ignore=shutil.ignore_patterns("__pycache__", "builtin"))
    decoy = tmp_path / "decoy" / "engine"
    decoy.mkdir(parents=True)
    (decoy / "__init__.py").write_text("raise SystemExit('the decoy was imported')")
    monkeypatch.setenv("PYTHONPATH", str(decoy.parent))
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.chdir(decoy.parent)
    before = {path.relative_to(root) for path in root.rglob("*")}
    driver = drive(engine_command(Path(sys.executable), root))
    driver.client.start()
    driver.until(lambda: driver.client.state != "starting")
    assert driver.client.state == "ready", driver.client.error
    assert b"PYTHONHOME" not in Path(f"/proc/{driver.client.pid}/environ").read_bytes()
    assert {path.relative_to(root) for path in root.rglob("*")} == before


def test_stop_is_quick_and_leaves_no_process_or_zombie(drive, play):
    driver = drive()
    driver.client.run(play("deaf"))
    driver.until(lambda: running(driver, "deaf"))
    pid = driver.client.pid
    start = time.monotonic()
    driver.client.stop()
    assert time.monotonic() - start < 1.5
    assert not Path(f"/proc/{pid}").exists()
    assert driver.client.state == "stopped"


def test_stop_kills_even_a_stopped_engine(drive, play):
    driver = drive()
    driver.client.run(play("long"))
    driver.until(lambda: running(driver, "long"))
    pid = driver.client.pid
    os.kill(pid, signal.SIGSTOP)
    driver.client.stop()
    assert not Path(f"/proc/{pid}").exists()


def test_restart_gives_a_fresh_process_at_once(drive, play):
    driver = drive()
    driver.client.run(play("deaf"))
    driver.until(lambda: running(driver, "deaf"))
    old = driver.client.pid
    durations = []
    for _ in range(4):
        start = time.perf_counter()
        driver.client.restart()
        durations.append(time.perf_counter() - start)
    assert min(durations) < MAIN_THREAD, "even the quickest, which no other program delayed"
    assert driver.client.pid != old
    assert driver.end_of("deaf").code == "cancelled"
    driver.client.run(play("plain"))
    assert isinstance(driver.end_of("plain"), Result)


@pytest.mark.parametrize("what", ["long", "mid-write"])
def test_no_engine_outlives_its_blender(play, tmp_path, what):
    """Blender is killed with SIGKILL in mid-job: the engine goes within seconds, and half-written files with it."""
    folder = play(what)
    blender = tmp_path / "blender.py"
    blender.write_text(
        textwrap.dedent(f"""
        import sys, time
        sys.path.insert(0, {str(ROOT / "tests")!r})
        import conftest
        from pathlib import Path
        from stochsync.stochsync_addon.client.client import EngineClient
        command = (sys.executable, "-I", {str(HERE / "standin_engine.py")!r}, {str(ROOT)!r})
        client = EngineClient(command, logs=Path({str(tmp_path)!r}))
        client.run(Path({str(folder)!r}))
        while not any(getattr(m, "step", 0) >= 5 for m in client.poll()):
            time.sleep(0.01)
        print(client.pid, flush=True)
        time.sleep(60)
    """)
    )
    parent = subprocess.Popen([sys.executable, str(blender)], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    time.sleep(0.2)
    assert alive(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 5.0
    while alive(pid):
        assert time.monotonic() < end, "the engine outlived its parent"
        time.sleep(0.02)
    assert not list(folder.glob(".result.*")) and not (folder / "result.png").exists()


def test_quit_ends_the_engine(drive, play):
    driver = drive()
    driver.client.run(play("plain"))
    driver.end_of("plain")
    process = driver.client._process
    driver.client._write(Quit())
    assert process.wait(3.0) == 0


def test_free_memory_reaches_the_worker(drive, play):
    driver = drive()
    driver.client.run(play("plain"))
    driver.end_of("plain")
    driver.client.free_memory()
    driver.until(lambda: "memory freed" in driver.client.log.read_text(), 3.0)


@pytest.mark.parametrize("name", ["mit Leer zeichen äöü 日本", "a:b;c'd\"e", "no-utf8-\udcff", "tief/" + "x" * 200])
def test_any_path_will_do(drive, play, name):
    driver = drive()
    driver.client.run(play("plain", f"{name}/{name[-60:]}"))
    assert isinstance(driver.end_of(name[-60:]), Result)
