"""Who holds a restricted key tries to do more with it than it is for, or to leave no trace."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from fairlead.errors import CommandFailedError
from fairlead.host.disk.journal import Record, render_record
from fairlead.remote.agent import Agent, build_agent
from fairlead.remote.public_key import parse_public_key
from fairlead.remote.session import Blob
from fairlead.remote.setup import LIBRARY
from tests.adversary.deployer.guarded import Guarded, render_frame
from tests.e2e.workbench import on_server
from tests.unit.host.samples import document

NIGHT = ("--apps", "board,board-staging", "--verbs", "rollback,status,logs")


def _fingerprint(key: Any) -> str:
    return parse_public_key(key.with_suffix(".pub").read_bytes(), "key").fingerprint


def test_a_key_does_nothing_but_its_verbs_for_its_apps_and_every_attempt_is_recorded(
    guarded: Guarded,
) -> None:
    """A rollback-only key of one app deploys, rotates, removes, smuggles files and options, reaches for another app.

    Holds: each ends with exit 2 and words that name the restriction; each is in the host's log with the key's
    fingerprint and where it came from, before anything is done and when it has ended.
    """
    key = guarded.make_key("night")
    guarded.admit(key, *NIGHT)
    for app in ("board", "shop"):
        guarded.write(f"/srv/fairlead/{app}/journal.jsonl", "")
    task = "20300131T235959-0a1b2c"
    guarded.write(f"/srv/fairlead/shop/tasks/{task}/request.json", json.dumps({"kind": "rollback"}))
    attempts: list[dict[str, Any]] = [
        {"request": "deploy", "release": document(), "by": "root"},
        {"request": "deploy", "release": document(), "app": "board-staging"},
        {"request": "rotate", "app": "board", "secrets": {"password": "a1" * 32}},
        {"request": "remove", "app": "board", "volumes": True},
        {"request": "drain", "app": "board"},
        {"request": "history", "app": "board"},
        {"request": "check"},
        {"request": "rollback", "app": "shop"},
        {"request": "rollback", "app": "board/../shop"},
        {"request": "rollback", "app": ["board", "shop"]},
        {"request": "rollback", "app": "board", "release": {"app": "shop"}},
        {"request": "rollback", "app": "board", "options": {"take_over": True}},
        {"request": "rollback", "app": "board", "options": {"accept_schema": "000001"}},
        {"request": "logs", "app": "shop"},
        {"request": "order", "app": "shop", "task": task, "order": "stop"},
        {"request": "attach", "app": "shop", "task": task},
        {"request": "order", "app": "board", "task": f"../../shop/tasks/{task}", "order": "stop"},
        {"request": "shell", "app": "board"},
    ]
    with guarded.connect(key) as session:
        for attempt in attempts:
            answer = session.ask(attempt)
            assert answer["exit"] == 2, attempt
            assert answer["error"]["fix"], attempt
        smuggled = session.ask(
            {"request": "rollback", "app": "board"},
            [Blob("file", "a1" * 32, b"x"), Blob("secret", "password", b"y")],
        )
        assert "does not name" in smuggled["error"]["what"]
    # Agents of earlier tests stay on a server, and have a module of that name.
    found = (
        "-not",
        "-path",
        "/srv/fairlead/agents/*",
        "(",
        "-name",
        "order*",
        "-o",
        "-name",
        "releases",
        ")",
    )
    left = on_server(guarded.server, "find", "/srv/fairlead", *found)
    assert left == ""

    record = guarded.record()
    for line in record:
        assert f" key={_fingerprint(key)} from=" in line
        assert " from=: " not in line
    assert len([line for line in record if line.startswith("asked ")]) == len(attempts) + 1
    refused = [line for line in record if line.startswith("ended ") and "status=refused exit=2" in line]
    assert len(refused) == len(attempts) + 1
    assert "request=deploy app=board environment=production repository=" in record[0]
    assert f" commit={'1' * 40} " in record[0]


def test_who_brings_no_secrets_does_not_learn_how_they_are_named(guarded: Guarded) -> None:
    """A key that may not deploy asks for what the names of secrets' values are made with, to try short values.

    Holds: it is told to keys that deploy or set secrets only.
    """
    told = {}
    for name, verbs in (("night", "rollback,status"), ("setter", "secrets"), ("deployer", "deploy")):
        key = guarded.make_key(name)
        guarded.admit(key, "--apps", "board", "--verbs", verbs)
        with guarded.connect(key) as session:
            told[name] = "marks" in session.ask({"request": "state", "app": "board", "marks": True})["data"]
    assert told == {"night": False, "setter": True, "deployer": True}


def test_the_restriction_is_not_the_client_s_to_choose(guarded: Guarded) -> None:
    """Choose another command, words for the door, variables, an older agent or one by `..`; say a JSON key twice.

    Holds: the forced command takes its words from `authorized_keys` and its root from itself; it starts the one agent
    that `current` names; what is no request is in the host's log.
    """
    key = guarded.make_key("night")
    guarded.admit(key, *NIGHT)
    with guarded.connect(key, words=("--key", "SHA256:" + "x" * 43, "--verbs", "deploy")) as session:
        assert session.ask({"request": "deploy", "release": document()})["exit"] == 2
        assert session.ask({"request": "hello"})["data"]["root"] == "/srv/fairlead"
    assert "uid=" not in guarded.run_shell(key)

    name = build_agent().sha256
    before = "b" * 64
    on_server(guarded.server, "cp", "-r", f"{LIBRARY}/agents/{name}", f"{LIBRARY}/agents/{before}")
    for sha256 in (before, "0" * 64, "../agents/" + before, name[:-1], f"{name}/"):
        with pytest.raises(CommandFailedError, match=r"does not run the agent|no agent"):
            guarded.connect(key, Agent(b"x", sha256))

    greeting = render_frame({"agent": name, "size": 1})
    door = ("python3", "-I", f"{LIBRARY}/door", "--key", _fingerprint(key), "--verbs", "status")
    told = {
        "FAIRLEAD_ROOT": "/tmp",
        "PYTHONPATH": "/tmp",
        "DOCKER_HOST": "tcp://192.0.2.1:1",
        "BASH_ENV": "/tmp/x",
    }
    given = [word for name_, value in told.items() for word in ("--env", f"{name_}={value}")]
    twice = b'{"request": "hello", "request": "deploy", "app": "board"}\n'
    done = subprocess.run(
        ["docker", "exec", "--interactive", "--user", guarded.user, *given, guarded.server.name, *door],
        input=greeting + render_frame({"request": "hello"}) + twice + b"\xff\n",
        capture_output=True,
        check=False,
    )
    # The greeting begins on a line of its own, whatever a shell has printed before.
    _, hello, double, garbage = (json.loads(line) for line in filter(None, done.stdout.splitlines()))
    assert hello["data"]["root"] == "/srv/fairlead"
    assert (double["exit"], garbage["exit"]) == (2, 2)

    record = guarded.record()
    assert any(line.startswith("malformed command=") and "id" in line for line in record)
    assert len([line for line in record if line.startswith("refused why=")]) == 5
    assert record[-1].startswith(f"malformed key={_fingerprint(key)}")
    assert not [line for line in record if "x" * 43 in line and "key=SHA256:xxx" in line]


def test_whose_key_removed_an_app_is_known_whatever_the_client_says(guarded: Guarded) -> None:
    """With a key that may remove: say `by` of somebody else, and let the app's journal go with it.

    Holds: `removed.jsonl` has the fingerprint beside the claim, the journal is kept in `removed.journals`, and the
    host's log has the request and its end.
    """
    key = guarded.make_key("key")
    guarded.admit(key)
    content = render_record(Record(1, 1.0, "pulled", {"image": "x"})).decode()
    guarded.write("/srv/fairlead/board/journal.jsonl", content)
    answer = guarded.ask(key, {"request": "remove", "app": "board", "by": "alice of the board team"})
    assert answer["exit"] == 0, answer
    removed = json.loads(on_server(guarded.server, "cat", "/srv/fairlead/removed.jsonl").splitlines()[-1])
    assert (removed["by"], removed["key"]) == ("alice of the board team", _fingerprint(key))
    journals = on_server(guarded.server, "sh", "-c", "cat /srv/fairlead/removed.journals/board-*.jsonl")
    assert content in journals
    record = guarded.record()
    assert any(line.startswith("asked ") and 'by="alice of the board team"' in line for line in record)
    assert any(line.startswith("finished ") and _fingerprint(key) in line for line in record)


def test_who_may_deploy_does_not_become_root_where_the_owner_forbids_it(guarded: Guarded) -> None:
    """With a deploy key and a forged verdict: a privileged job, a bind of `/`, the host's processes, a device.

    Holds: with `host setup --restrict --forbid all` the agent refuses each, whatever the verdict says, and keeps
    nothing of it.
    """
    from tests.unit.host.samples import service

    key = guarded.make_key("key")
    guarded.admit(key, "--forbid", "all")
    hostile: dict[str, dict[str, Any]] = {
        "privileged": {"privileged": True},
        "bind": {"volumes": [{"type": "bind", "source": "/", "target": "/host"}]},
        "namespace": {"pid": "host"},
        "device": {"devices": [{"source": "/dev/sda", "target": "/dev/sda", "permissions": "rwm"}]},
        "capability": {"cap_add": ["SYS_ADMIN"]},
    }
    with guarded.connect(key) as session:
        for kind, definition in hostile.items():
            release = document()
            release["services"]["job"] = service("job", "migrate", definition=definition)
            for request in ("deploy", "plan"):
                answer = session.ask({"request": request, "release": release})
                assert answer["exit"] == 2, (kind, answer)
                assert "policy of this server" in answer["error"]["what"], kind
                assert f"({kind})" in answer["error"]["why"]
    assert on_server(guarded.server, "ls", "/srv/fairlead").split() in ([], ["agents"])


def test_a_release_needs_the_signature_of_a_signer_of_its_app(guarded: Guarded) -> None:
    """Deploy unsigned, or with a signature by another key, of another app's signer, over another release, for git.

    Holds: with `host setup --restrict --signers` each is refused before anything is kept; one that the signer has signed
    is planned.
    """
    from fairlead.host.wire.signature import render_signed
    from fairlead.remote.signing import sign_release

    key, signer, stranger = (guarded.make_key(name) for name in ("key", "signer", "stranger"))
    signers = guarded.folder / "signers"
    lines = {"board": signer, "shop": stranger}
    signers.write_text("".join(f"{app} {one.with_suffix('.pub').read_text()}" for app, one in lines.items()))
    guarded.admit(key, "--signers", str(signers))
    release = document()
    other = document(revision="2" * 40)
    argv = ("ssh-keygen", "-Y", "sign", "-q", "-n", "git", "-f", str(signer))
    git = subprocess.run(argv, input=render_signed(release), capture_output=True, check=True).stdout.decode()
    forged = [
        None,
        "",
        "x",
        sign_release(release, key, {}),
        sign_release(release, stranger, {}),
        sign_release(other, signer, {}),
        git,
    ]
    with guarded.connect(key) as session:
        for signature in forged:
            for request in ("deploy", "plan"):
                answer = session.ask({"request": request, "release": release, "signature": signature})
                assert answer["exit"] == 2, answer
                assert "sign" in answer["error"]["what"]
        good = session.ask(
            {"request": "plan", "release": release, "signature": sign_release(release, signer, {})}
        )
        assert "sign" not in str((good.get("error") or {}).get("what")), good
    assert on_server(guarded.server, "ls", "/srv/fairlead").split() in ([], ["agents"])
    own = guarded.folder / "own"
    own.write_text(f"board {key.with_suffix('.pub').read_text()}")
    rendered = guarded.render(key.with_suffix(".pub"), "--restrict", "--signers", str(own))
    assert rendered.code == 2, "who deploys may not be the signer"
