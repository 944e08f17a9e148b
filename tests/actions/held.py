"""A task of a server that stands still in a phase, so that a test meets it there on any machine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from lab.state import Server
from tests.actions.runner import Step
from tests.e2e.workbench import on_server
from tests.patience import PATIENCE

_HOLD = """
import glob, os, select, signal, sys

def holders(folder):
    for link in glob.glob("/proc/[0-9]*/fd/3"):
        try:
            if os.readlink(link) == folder + "/alive":
                yield int(link.split("/")[2])
        except OSError:
            pass

begun = '"phase":"%s","state":"begin"' % sys.argv[1]
tasks = "/srv/fairlead/tiny/tasks/"
known = set(glob.glob(tasks + "*"))
print("ready", flush=True)
# Whoever started this has gone when its input ends.
while not select.select([sys.stdin], [], [], 0.01)[0]:
    for folder in set(glob.glob(tasks + "*")) - known:
        try:
            if begun not in open(folder + "/events.jsonl").read():
                continue
        except OSError:
            continue
        for pid in holders(folder):
            os.kill(pid, signal.SIGSTOP)
            print(pid, flush=True)
            sys.exit()
"""


class Held:
    """The next task of the server, which stands still as soon as it has begun a phase."""

    def __init__(self, server: Server, phase: str) -> None:
        self._server = server
        words = ["docker", "exec", "--interactive", server.name, "python3", "-c", _HOLD, phase]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._line() == "ready"
        self._pid = ""

    def wait(self, step: Step | None = None) -> None:
        """Until it stands still."""
        if step is not None:
            step.wait_for(lambda: self._process.poll() is not None)
        self._process.wait(PATIENCE)
        self._pid = self._line()

    def go_on(self) -> None:
        on_server(self._server, "kill", "-CONT", self._pid)
        self._pid = ""

    def close(self) -> None:
        told, _ = self._process.communicate()
        self._pid = self._pid or told.strip()
        if self._pid:
            self.go_on()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def held(server: Server, phase: str) -> Iterator[Held]:
    """Hold the next task in a phase; at the end it goes on, whatever the test has come to."""
    made = Held(server, phase)
    try:
        yield made
    finally:
        made.close()
