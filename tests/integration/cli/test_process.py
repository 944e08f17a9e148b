"""The command as a process: streams, signals, and what a shell sees of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.processes import runs, wait_ended

FAIRLEAD = [sys.executable, "-m", "fairlead"]


def test_the_version_is_that_of_the_package() -> None:
    done = subprocess.run([*FAIRLEAD, "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"fairlead \d+\.\d+\.\d+\n", done.stdout)


def test_help_imports_no_heavy_library() -> None:
    """What costs is imported by the verb that needs it: the help comes as fast as click does."""
    script = "import sys; from fairlead.boundary import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = {"docker", "json", "jsonschema", "requests", "rich", "subprocess", "yaml", "asyncio", "tempfile"}
    assert not heavy & set(done.stderr.split())


def test_who_goes_back_loads_no_client_of_a_registry() -> None:
    """Users wait for it: it brings logins along, and asks no registry."""
    script = "import sys, fairlead.rollout.back, fairlead.rollout.registry; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"ssl", "requests", "jsonschema", "rich", "yaml"} & set(done.stdout.split())


def test_with_json_a_mistake_is_one_document_on_stdout(tmp_path: Path) -> None:
    done = subprocess.run(
        [*FAIRLEAD, "--json", "validate"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["schema"] == "fairlead.error/v1"
    assert done.stderr.startswith("error: ")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    reading, writing = os.pipe()
    with subprocess.Popen(
        [*FAIRLEAD, "completion", "bash"], stdout=writing, stderr=subprocess.PIPE
    ) as process:
        os.close(reading)
        os.close(writing)
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_sigterm_unwinds_like_ctrl_c() -> None:
    """Temporary files go, nobody sees a traceback, and the exit code is that of an interruption."""
    script = (
        "import sys, time\n"
        "import fairlead.cli.completion as verb\n"
        "def wait(shell):\n"
        "    try:\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(30)\n"
        "    finally:\n"
        "        print('cleaned', flush=True)\n"
        "verb.command.callback = wait\n"
        "from fairlead.boundary import main\n"
        "sys.exit(main(['completion', 'bash']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "cleaned\n"
        assert process.stderr.read() == "error: interrupted\n"
    assert process.returncode == 130


# How many it starts at once, and how.
STARTS = {
    "stream": (1, "process.stream(child, print)"),
    "run": (2, "each(lambda _: [process.run(child, check=False) for _ in range(99)], range(9), at_once=2)"),
    "capture": (2, "each(lambda _: process.capture(child, most=9, timeout=600), range(2))"),
    "within": (2, "each(lambda _: each(lambda _: process.run(child), range(9), at_once=1), range(2))"),
    "deaf": (2, "each(lambda _: process.run([*child, 'deaf']), range(2))"),
}


@pytest.mark.parametrize(
    ("start", "number"), [*((start, signal.SIGINT) for start in STARTS), ("stream", signal.SIGTERM)]
)
def test_what_a_command_has_started_ends_with_it(start: str, number: signal.Signals, tmp_path: Path) -> None:
    """A job that is cancelled, as GitHub does it: the signal is for this process alone, and no child hears of it."""
    child = (
        "import os, signal, sys, time\n"
        "sys.argv[2:] and signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open(f'{sys.argv[1]}/{os.getpid()}', 'x').close()\n"
        "time.sleep(600)"
    )
    count, call = STARTS[start]
    script = (
        "import sys\n"
        "import fairlead.cli.completion as verb\n"
        "from fairlead import process\n"
        "from fairlead.parallel import each\n"
        f"child = [sys.executable, '-S', '-c', {child!r}, {str(tmp_path)!r}]\n"
        f"verb.command.callback = lambda shell: {call}\n"
        "from fairlead.boundary import main\n"
        "sys.exit(main(['completion', 'bash']))\n"
    )
    deadline = time.monotonic() + PATIENCE
    with subprocess.Popen(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as started:
        try:
            while len(list(tmp_path.iterdir())) < count:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            started.send_signal(number)
            assert started.wait(PATIENCE) == 130
            # What was begun in the meantime, too.
            for one in tmp_path.iterdir():
                wait_ended(int(one.name), PATIENCE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
        assert started.stderr is not None
        assert started.stderr.read() == "error: interrupted\n"


def test_what_has_ended_and_nobody_has_waited_for_does_not_run() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert runs(process.pid)
        assert process.stdin is not None
        process.stdin.close()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{process.pid}").exists()
        assert not runs(process.pid)
    assert not runs(process.pid)


def test_a_shell_completes_verbs_and_options() -> None:
    environ = {
        **os.environ,
        "_FAIRLEAD_COMPLETE": "bash_complete",
        "COMP_CWORD": "1",
        "COMP_WORDS": "fairlead st",
    }
    done = subprocess.run(FAIRLEAD, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["plain,status"]
