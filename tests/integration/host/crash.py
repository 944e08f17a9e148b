"""An agent that dies at one point of its work: right before its N-th effect.

Run as a program: ``crash.py FOLDER TRACE [N | PHASE:N [full]]``. It carries out the request in the task's folder, as an agent does,
and writes down each effect before it happens: the phase, and what it is. Before effect N it kills itself, as a
crash or the kernel would. An effect is whatever changes something that outlives the process: files and links below
the app's folder (told by Python's audit events), records of the journal, programs, calls that change the engine. With ``full`` it lives on, and from that effect on the disk is full: whatever takes
space fails as the kernel lets it fail.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from fairlead.host.door.task_process import run_task
from fairlead.host.engine import api

_CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "subprocess.Popen"}


class Killer:
    """Counts effects, and dies before the one that is asked for."""

    def __init__(self, root: str, trace: Path, at: str, *, full: bool) -> None:
        self._root = root
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._at = at
        self._dies, self._is_full = not full, False
        self._count: Counter[str] = Counter()
        self._lock = threading.RLock()
        self.phase = "prepare"

    def effect(self, name: str) -> None:
        """Something is about to change."""
        with self._lock:
            self._count.update(("", self.phase))
            os.write(self._trace, f"{self.phase} {name}\n".encode())
            if self._at in {str(self._count[""]), f"{self.phase}:{self._count[self.phase]}"}:
                if self._dies:
                    os.kill(os.getpid(), signal.SIGKILL)
                self._is_full = True
            # A short link lies in its inode, and takes no space.
            if self._is_full and name.startswith(("open", "os.mkdir", "record")):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def audit(self, event: str, words: tuple[Any, ...]) -> None:
        """Python's own account of what the process does."""
        if event == "open" and isinstance(words[2], int) and words[2] & _CHANGING:
            self._file("open", words[0])
        elif event == "os.symlink":
            self._file(event, words[1])
        elif event in _EVENTS:
            self._file(event, words[0])

    def _file(self, event: str, path: object) -> None:
        text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        if event == "subprocess.Popen":
            self.effect(f"run {Path(text).name}")
        elif text.startswith(self._root):
            self.effect(f"{event} {text[len(self._root) :]}")
        elif event == "os.truncate":
            self.effect(event)


def main() -> int:
    """Work, and die when it is time."""
    folder, trace = Path(sys.argv[1]), Path(sys.argv[2])
    at, full = (*sys.argv[3:], "", "")[:2]
    killer = Killer(str(folder.parent.parent), trace, at, full=bool(full))
    write, request = os.pwrite, api.EngineApi._request

    def pwrite(handle: int, content: bytes, position: int) -> int:
        record = content.decode(errors="replace")
        killer.effect(f"record {_kind(record)}")
        done = write(handle, content, position)
        killer.phase = _phase(record) or killer.phase
        return done

    def ask(self: api.EngineApi, method: str, path: str, *words: Any) -> Any:
        if method != "GET":
            killer.effect(f"{method} {path.partition('?')[0]}")
        return request(self, method, path, *words)

    setattr(os, "pwrite", pwrite)  # noqa: B010 - the stand-in takes what the journal gives, no more
    setattr(api.EngineApi, "_request", ask)  # noqa: B010 - as above
    sys.addaudithook(killer.audit)
    return run_task(folder, sys.argv)


def _kind(line: str) -> str:
    try:
        return str(json.loads(line).get("type", "holder"))
    except ValueError:
        return "newline"


def _phase(line: str) -> str:
    try:
        return str(json.loads(line).get("phase", "")) if '"type":"phase"' in line else ""
    except ValueError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
