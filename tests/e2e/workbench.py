"""A repository under test and the command run in it, as a user would."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.state import Lab, Server
from tests.command import run_fairlead
from tests.ended import Ended
from tests.patience import PATIENCE

_TIMEOUT = 240.0


@dataclass
class Workbench:
    """An app's repository, with the lab's first server as its environment."""

    root: Path
    lab: Lab
    server: Server
    secrets: Mapping[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)

    def fairlead(self, *words: str, env: Mapping[str, str | None] | None = None, stdin: str = "") -> Ended:
        """Run ``fairlead`` in the repository; None in ``env`` takes a variable away."""
        given = {f"FAIRLEAD_SECRET_{name.upper()}": value for name, value in self.secrets.items()}
        wanted: dict[str, str | None] = {**self.lab.environ, **given, **self.environ, **(env or {})}
        environ = {**os.environ, **{name: value for name, value in wanted.items() if value is not None}}
        for name in (name for name, value in wanted.items() if value is None):
            environ.pop(name, None)
        try:
            return run_fairlead(words, cwd=self.root, env=environ, stdin=stdin, timeout=_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"`fairlead {' '.join(words)}` had not ended after {_TIMEOUT:g} s") from None

    def ok(self, *words: str) -> Ended:
        """Run ``fairlead``, which must end with 0."""
        ended = self.fairlead(*words)
        assert ended.code == 0, ended
        return ended

    def refused(self, code: int, *words: str, env: Mapping[str, str | None] | None = None) -> dict[str, Any]:
        """Run ``fairlead --json``, which must end with ``code`` and one document that says why; return it."""
        ended = self.fairlead("--json", *words, env=env)
        assert ended.code == code, ended
        # One that an app has printed is evidence, and stands behind the name of its service.
        assert not re.search(r"^\s*Traceback", ended.stderr, re.MULTILINE), ended
        document = ended.document
        if words[0] == "validate" and code != 2:
            assert document["findings"], document
            return document
        assert document["schema"] == "fairlead.error/v1", document
        assert document["what"], document
        assert document["fix"] or document["findings"], f"an error says what to do next: {document}"
        return document

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the one place in ``path`` that reads ``old``."""
        file = self.root / path
        text = file.read_text()
        assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times"
        file.write_text(text.replace(old, new))

    def vary(self, **variables: str) -> None:
        """Give the environment these variables, and no others: a new release of the same images."""
        file = self.root / "fairlead.yaml"
        others = [line for line in file.read_text().splitlines() if not line.startswith("    variables:")]
        listed = ", ".join(f"{name}: {value}" for name, value in variables.items())
        others.insert(others.index("    secrets: [canary]") + 1, f"    variables: {{{listed}}}")
        file.write_text("\n".join(others) + "\n")

    def git(self, *words: str) -> str:
        """Run git in the repository."""
        who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
        done = subprocess.run(
            ["git", *who, *words], cwd=self.root, capture_output=True, text=True, check=True, timeout=PATIENCE
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit everything and return the revision."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


def on_server(server: Server, *argv: str, check: bool = True, user: str = "root") -> str:
    """Run a command inside a server of the lab, from its console rather than over ssh."""
    words = ["docker", "exec", "--user", user, server.name, *argv]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    if (
        "OCI runtime exec failed: exec failed" in done.stdout + done.stderr
        and "init-p" in done.stdout + done.stderr
    ):
        # On a busy machine runc now and then loses the command that it starts: nothing of it has run.
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert not check or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def containers(server: Server, *filters: str) -> Sequence[str]:
    """The names of the running containers on a server, filtered as `docker ps` does."""
    words = [word for one in filters for word in ("--filter", one)]
    return sorted(on_server(server, "docker", "ps", "--format", "{{.Names}}", *words).split())


def visit(server: Server, path: str = "/", *, port: int = 80) -> tuple[int, str, str]:
    """Ask a server of the lab over HTTP: status, X-Release, body."""
    import http.client

    connection = http.client.HTTPConnection(server.address, port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("X-Release", ""), answer.read().decode()
    finally:
        connection.close()
