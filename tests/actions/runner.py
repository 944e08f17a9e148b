"""A composite action as GitHub's runner runs it, without act: where a workflow around it would prove nothing more."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.actions.job import ROOT, Project
from tests.patience import PATIENCE
from tests.unit.github.files import load

_ACTIONS = ROOT / ".github" / "actions"
_SHELL = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
_EXPRESSION = re.compile(r"\$\{\{ (inputs|github)\.([a-z-]+) \}\}")
# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation
CANCELS = ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5), (signal.SIGKILL, 0.0))
"""What the runner sends to the process of a step when its job is cancelled, and the seconds after which it goes on."""


@dataclass(frozen=True)
class Ran:
    """How a step ended: its exit code, log, page and outputs."""

    code: int
    log: str
    page: str
    outputs: Mapping[str, str]

    @property
    def headline(self) -> str:
        """The first line of the page."""
        return self.page.partition("\n")[0].removeprefix("### ")


class Step:
    """The step of an action that is the command, under way."""

    def __init__(self, folder: Path, script: str, cwd: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        for name in ("summary", "output"):
            (folder / name).touch()
        (folder / "script.sh").write_text(script)
        files = {
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "GITHUB_OUTPUT": str(folder / "output"),
            "RUNNER_TEMP": str(folder),
        }
        with (folder / "log").open("wb") as log:
            # A session of its own, as its runner's: what is sent to it reaches no child unasked.
            self.process = subprocess.Popen(
                [*_SHELL, str(folder / "script.sh")],
                cwd=cwd,
                env={**environ, **files},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()

    def until(self, said: str) -> None:
        """Wait for words in the log."""
        self.wait_for(lambda: said in self.log)

    def wait_for(self, ready: Callable[[], bool]) -> None:
        """Wait for something, for as long as the step runs."""
        deadline = time.monotonic() + PATIENCE
        while not ready():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def ended(self) -> Ran:
        """Wait for its end."""
        code = self.process.wait(PATIENCE)
        outputs = parse_outputs((self._folder / "output").read_text())
        return Ran(code, self.log, (self._folder / "summary").read_text(), outputs)

    def cancel(self) -> Ran:
        """End it as the runner ends the step of a job that is cancelled."""
        cancel(self.process.pid, self.process.wait)
        return self.ended()


def cancel(pid: int, wait: Callable[[float], object]) -> None:
    """Send a process what the runner sends; ``wait`` waits for its end so many seconds, or raises TimeoutExpired."""
    for number, seconds in CANCELS:
        os.kill(pid, number)
        try:
            wait(seconds or PATIENCE)
        except subprocess.TimeoutExpired:
            continue
        return


class Runner:
    """A job in the checkout of a project, on its last commit.

    Attributes:
        event: what GitHub sends of the event.
        job: variables of the job that are to be others than those of a push to main by alice.
    """

    def __init__(self, project: Project, folder: Path, environ: Mapping[str, str]) -> None:
        self._project = project
        self._folder = folder
        self._given = environ
        self._steps: list[Step] = []
        self.event: dict[str, Any] = {"repository": {"default_branch": "main"}}
        self.job: dict[str, str] = {}

    def start(
        self, action: str, inputs: Mapping[str, str] | None = None, *, which: int | None = None
    ) -> Step:
        """Begin a step of an action with these inputs: the one that is its command, or that of a number."""
        document = load(_ACTIONS / action / "action.yml")
        steps = document["runs"]["steps"]
        step = steps[[one.get("id") for one in steps].index("run") if which is None else which]
        given = {name: str(one.get("default", "")) for name, one in document["inputs"].items()}
        values = {**given, **(inputs or {})}
        assert values.keys() == given.keys(), f"{action} has no such input"

        def value_of(match: re.Match[str]) -> str:
            return values[match[2]] if match[1] == "inputs" else self._given.get("GITHUB_TOKEN", "")

        environ = {name: _EXPRESSION.sub(value_of, text) for name, text in step["env"].items()}
        environ = {name: _EXPRESSION.sub(value_of, text) for name, text in environ.items()}
        folder = Path(tempfile.mkdtemp(prefix=f"{action}-", dir=self._folder))
        begun = Step(folder, step["run"], self._project.root, {**self._environ(folder), **environ})
        self._steps.append(begun)
        return begun

    def run(self, action: str, inputs: Mapping[str, str] | None = None, *, which: int | None = None) -> Ran:
        """A step of an action, to its end."""
        return self.start(action, inputs, which=which).ended()

    def close(self) -> None:
        """End what a test that failed has left."""
        for step in self._steps:
            step.process.kill()
            step.process.wait()

    def _environ(self, folder: Path) -> dict[str, str]:
        event = folder / "event.json"
        event.write_text(json.dumps(self.event))
        return {
            **self._given,
            "PATH": f"{_ACTIONS / 'setup' / 'bin'}:{os.environ['PATH']}",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": "alice",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REPOSITORY": self._project.slug,
            "GITHUB_RUN_ID": "1",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": self._project.git("rev-parse", "HEAD"),
            "GITHUB_WORKSPACE": str(self._project.root),
            **self.job,
        }


def parse_outputs(text: str) -> dict[str, str]:
    """The outputs in a file GITHUB_OUTPUT, read as the runner reads them."""
    outputs: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, is_block, delimiter = line.partition("<<")
        assert is_block, line
        value = []
        for one in lines:
            if one == delimiter:
                break
            value.append(one)
        outputs[name] = "\n".join(value)
    return outputs
