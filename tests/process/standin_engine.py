"""An engine whose jobs are scripted, for the tests of server and client: `standin_engine.py ROOT --address A`.

It is the real server; only the worker is played. What a job does stands in `play.txt` of its folder.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, sys.argv[1])

from engine.protocol.errors import InvalidMesh
from engine.protocol.messages import Message, Notice, Phase, Preview, Progress, Result
from engine.serve import server


class Player:
    def run(self, folder: Path) -> Iterator[Message]:
        play = (folder / "play.txt").read_text(encoding="utf-8")
        job = folder.name
        try:
            for step in range(40):
                yield Progress(job=job, phase=Phase.GENERATING, step=step, total=40, eta=1.0)
                if step == 5:
                    yield Preview(job=job, path=str(folder / "preview.jpg"))
                    self.act(play, folder)
                if play == "long":
                    time.sleep(0.05)
                elif play == "chatty":
                    yield from (Progress(job=job, phase=Phase.GENERATING, step=step, total=40) for _ in range(1000))
            (folder / "result.png").write_bytes(b"whole")
            yield Result(job=job, path=str(folder / "result.png"), notices=(Notice("drawn_as", prompt="played"),))
        finally:
            (folder / "closed.txt").write_text("closed")

    def act(self, play: str, folder: Path) -> None:
        libc = ctypes.CDLL(None)
        if play == "flood":
            line = b"library noise " * 4681 + b"\n"  # 64 KiB
            for _ in range(800):  # 50 MiB past Python, as a C library prints
                libc.write(1, line, len(line))
        elif play == "deaf":
            time.sleep(60.0)
        elif play == "mid-write":
            (folder / f".result.{os.getpid()}.png").write_bytes(b"half")
            time.sleep(60.0)
        elif play == "stuck":
            server.STUCK = 1.0
            time.sleep(1.5)  # until the next pulse has set the shorter watch
            ctypes.PyDLL(None).sleep(60)  # holds the interpreter's lock, unlike a CDLL
        elif play == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif play == "crash":
            libc.puts(b"last words of a C library")
            libc.fflush(None)
            os.abort()
        elif play == "exit":
            sys.exit(7)
        elif play == "defect":
            raise KeyError("a defect")
        elif play == "memory":
            raise MemoryError
        elif play == "torch memory":
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: 8 bytes.")
        elif play == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        elif play == "mesh":
            raise InvalidMesh("mesh_no_faces")
        elif play == "import":
            raise ModuleNotFoundError("No module named 'torch'")

    def free_memory(self) -> None:
        print("memory freed", flush=True)


if __name__ == "__main__":
    server.serve(sys.argv[3], Player)
