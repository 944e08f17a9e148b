"""The one connection, to a real sshd: who is let in, what it costs, and what happens when it breaks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fairlead.remote.agent import build_agent
from fairlead.remote.setup import LIBRARY
from tests.e2e.workbench import Workbench, on_server, visit
from tests.patience import PATIENCE


@contextmanager
def counted_key(tiny: Workbench, file: Path) -> Iterator[Callable[[], int]]:
    """A key of the deploy user's that is made for a while; how often it has let somebody in.

    Others log in to this server too: each `lab up` looks whether it answers.
    """
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    public = file.with_suffix(".pub").read_text().strip()
    told = subprocess.run(["ssh-keygen", "-lf", file], capture_output=True, text=True, check=True)
    _, fingerprint, *_ = told.stdout.split()
    allowed = "/home/deploy/.ssh/authorized_keys"

    def count() -> int:
        log = subprocess.run(["docker", "logs", tiny.server.name], capture_output=True, text=True, check=True)
        lines = (log.stdout + log.stderr).splitlines()
        return len([line for line in lines if "Accepted publickey for" in line and fingerprint in line])

    on_server(tiny.server, "sh", "-c", f"echo '{public}' >> {allowed}")
    try:
        yield count
    finally:
        on_server(
            tiny.server, "sh", "-c", f"kept=$(grep -vF '{public}' {allowed}); echo \"$kept\" > {allowed}"
        )


def _forget_agent(tiny: Workbench) -> None:
    on_server(tiny.server, "rm", "-rf", "/srv/fairlead/agents")


def _host_key(tiny: Workbench) -> str:
    """The server's own key as the server has it, not as the network tells it."""
    kind, key, *_ = on_server(tiny.server, "cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()
    return f"{tiny.server.address} {kind} {key}"


def test_an_unknown_host_key_is_refused_with_the_very_line_to_add(bench: Workbench, tmp_path: Path) -> None:
    known = tmp_path / "known hosts"
    known.write_text("")
    with counted_key(bench, tmp_path / "key") as count:
        words = ("history", "--known-hosts", str(known), "--identity", str(tmp_path / "key"))
        error = bench.refused(4, *words)
        assert count() == 0
        assert known.read_text() == "", "nothing is learned behind the user's back"
        known.write_text(error["details"][0] + "\n")
        bench.ok(*words)
        assert count() == 1
    assert error["details"][0] == _host_key(bench)
    printed = on_server(bench.server, "ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub").split()
    assert printed[1] in error["details"][1]


def test_a_changed_host_key_is_refused_with_a_warning(bench: Workbench, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    kind, key, *_ = (tmp_path / "other.pub").read_text().split()
    known = tmp_path / "known_hosts"
    known.write_text(f"{bench.server.address} {kind} {key}\n")
    error = bench.refused(4, "history", "--known-hosts", str(known))
    assert "has changed" in error["what"]
    assert f"{known}:1" in error["why"]
    assert "do not go on" in error["fix"]
    assert error["details"][0] == _host_key(bench)


def test_a_key_that_the_server_does_not_know_is_told_as_that(bench: Workbench, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    error = bench.refused(4, "history", "--identity", str(tmp_path / "key"))
    assert "does not accept the key" in error["what"]
    assert "authorized_keys" in error["fix"]


def test_a_key_file_that_others_can_read_is_told_as_that(bench: Workbench, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(bench.lab.identity.read_bytes())
    key.chmod(0o644)
    error = bench.refused(4, "history", "--identity", str(key))
    assert "chmod 600" in error["fix"]


def test_the_content_of_a_key_may_come_in_a_variable(bench: Workbench) -> None:
    """As a job of GitHub Actions has it, even when its last newline was lost on the way."""
    content = bench.lab.identity.read_text().rstrip("\n")
    bench.environ["FAIRLEAD_SSH_KEY"] = content
    ended = bench.fairlead("history", env={"FAIRLEAD_SSH_IDENTITY": None})
    assert ended.code == 0, ended


@pytest.mark.parametrize(
    ("host", "word"),
    [("deploy@127.0.0.1:1", "refuses connections"), ("deploy@no-such-host.invalid", "cannot be resolved")],
)
def test_a_host_that_is_not_there_is_told_with_the_reason(bench: Workbench, host: str, word: str) -> None:
    bench.edit("fairlead.yaml", f"hosts: [deploy@{bench.server.address}]", f"hosts: [{host}]")
    assert word in bench.refused(4, "history")["what"]


def test_a_server_without_python_is_told_as_that(bench: Workbench) -> None:
    python = on_server(bench.server, "readlink", "-f", "/usr/bin/python3").strip()
    link = on_server(bench.server, "readlink", "/usr/bin/python3").strip()
    on_server(bench.server, "rm", "/usr/bin/python3")
    try:
        error = bench.refused(4, "history")
    finally:
        on_server(bench.server, "ln", "-s", link or python, "/usr/bin/python3")
    assert "python3 is missing" in error["what"]


def test_the_server_is_checked(bench: Workbench) -> None:
    document = bench.ok("--json", "host", "check").document
    states = {check["name"]: check["state"] for check in document["checks"]}
    assert {states[name] for name in ("python", "root", "engine", "compose", "disk", "clock")} <= {
        "ok",
        "warning",
    }


def test_a_server_that_lacks_something_fails_the_check(bench: Workbench) -> None:
    """Beside one that is not there: each is told."""
    here, nowhere = f"deploy@{bench.server.address}", "deploy@127.0.0.250"
    bench.edit("fairlead.yaml", f"[{here}]", f"[{nowhere}, {here}]")
    on_server(bench.server, "gpasswd", "--delete", "deploy", "docker")
    try:
        ended = bench.fairlead("--json", "host", "check")
    finally:
        on_server(bench.server, "usermod", "--append", "--groups", "docker", "deploy")
    assert ended.code == 4, ended
    lost = [check for check in ended.document["checks"] if check["host"] == nowhere]
    assert [(check["name"], check["state"]) for check in lost] == [("connection", "failed")]
    assert "refuses connections" in lost[0]["found"]
    engine = next(check for check in ended.document["checks"] if check["name"] == "engine")
    assert (engine["host"], engine["state"]) == (here, "failed")
    assert "group docker" in engine["found"] + engine["fix"]


@contextmanager
def passing_user(tiny: Workbench, name: str) -> Iterator[None]:
    """A user of the server who is not there yet, and is gone afterwards, logged in or not."""
    forget = f"userdel --force {name} 2> /dev/null; rm -rf /home/{name}; ! id -u {name} 2> /dev/null"
    on_server(tiny.server, "sh", "-c", forget)
    try:
        yield
    finally:
        on_server(tiny.server, "sh", "-c", forget)
        on_server(tiny.server, "rm", "-rf", LIBRARY)
        on_server(tiny.server, "chown", "-R", "deploy:deploy", "/srv/fairlead")


def test_a_fresh_server_is_prepared_and_nothing_happens_the_second_time(
    tiny: Workbench, tmp_path: Path
) -> None:
    """A user who is not there yet is made, let in and can deploy."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    tiny.edit("fairlead.yaml", "hosts: [deploy@", "hosts: [newcomer@")
    with passing_user(tiny, "newcomer"):
        for _ in range(2):
            ended = tiny.ok("host", "setup", "--run", "--public-key", str(tmp_path / "key.pub"))
            assert "is prepared" in ended.stdout
        keys = on_server(tiny.server, "cat", "/home/newcomer/.ssh/authorized_keys").splitlines()
        assert len(keys) == 1
        tiny.ok("history", "--identity", str(tmp_path / "key"))


@pytest.mark.long
def test_a_restricted_key_deploys_and_opens_nothing_else(tiny: Workbench, tmp_path: Path) -> None:
    """No shell, no file copy, no forwarding, no other agent than the one that root installed."""
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    tiny.edit("fairlead.yaml", "hosts: [deploy@", "hosts: [guarded@")
    own = ("--identity", str(key))
    with passing_user(tiny, "guarded"):
        for words in ((), ("--restrict",), ("--restrict",)):
            tiny.ok("host", "setup", "--run", "--public-key", f"{key}.pub", *words)
        lines = on_server(tiny.server, "cat", "/home/guarded/.ssh/authorized_keys").splitlines()
        assert len(lines) == 1
        assert lines[0].startswith('restrict,command="')
        tiny.ok("deploy", *own)

        ssh = ("-F", "none", "-i", key, "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes",
               "-o", f"UserKnownHostsFile={tiny.lab.known_hosts}")  # fmt: skip
        there = f"guarded@{tiny.server.address}"
        shell = subprocess.run(
            ["ssh", *ssh, there, "id; echo in"], capture_output=True, text=True, input="", check=False
        )
        assert "uid=" not in shell.stdout + shell.stderr
        assert "in" not in shell.stdout.split()
        (tmp_path / "file").write_text("x")
        copied = subprocess.run(
            ["scp", *ssh, tmp_path / "file", f"{there}:/tmp/copied"],
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert copied.returncode != 0
        assert on_server(tiny.server, "ls", "/tmp/copied", check=False) == ""
        forwarded = subprocess.run(
            ["ssh", *ssh, "-W", "127.0.0.1:22", there],
            capture_output=True,
            text=True,
            input="",
            timeout=PATIENCE,
            check=False,
        )
        assert "SSH-2.0" not in forwarded.stdout

        installed = on_server(tiny.server, "ls", f"{LIBRARY}/agents").split()
        on_server(tiny.server, "mv", f"{LIBRARY}/agents/{installed[0]}", f"{LIBRARY}/agents/{'0' * 64}")
        error = tiny.refused(4, "history", *own)
        assert "does not run the agent" in error["what"]
        assert "host setup --restrict" in error["fix"]


def test_a_deploy_is_one_connection_and_sends_the_agent_once(live: Workbench, tmp_path: Path) -> None:
    _forget_agent(live)
    live.vary(COLOUR="yellow")
    with counted_key(live, tmp_path / "key") as count:
        for turn, agent_bytes in enumerate((len(build_agent().content), 0), 1):
            document = live.ok("--json", "deploy", "--identity", str(tmp_path / "key")).document
            assert document["traffic"] == {"connections": 1, "agent_bytes": agent_bytes}
            assert count() == turn


def _start_deploy(tiny: Workbench) -> subprocess.Popen[str]:
    given = {f"FAIRLEAD_SECRET_{name.upper()}": value for name, value in tiny.secrets.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "fairlead", "deploy"],
        cwd=tiny.root,
        env={**os.environ, **tiny.lab.environ, **given, **tiny.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _wait_for(what: str, look: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while what not in look():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.05)


def test_a_client_that_is_killed_does_not_stop_the_deploy(live: Workbench) -> None:
    """SIGKILL in the middle: the same command again follows the same task."""
    before = live.ok("--json", "history").document["history"]
    journal = f"/srv/fairlead/{live.root.name}/journal.jsonl"

    live.vary(COLOUR="green")
    client = _start_deploy(live)
    _wait_for('"phase":"start"', lambda: on_server(live.server, "tail", "--lines", "3", journal))
    os.killpg(client.pid, signal.SIGKILL)
    client.communicate()
    live.ok("deploy", "--reason", "the first one was killed")
    assert "green" in visit(live.server)[2]
    history = live.ok("--json", "history").document["history"]
    assert [entry["release"] for entry in history[1:]] == [entry["release"] for entry in before]
