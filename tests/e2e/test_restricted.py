"""Every verb of the command with a key that is restricted to it, over a real sshd: it works, and no other does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fairlead.host.wire.restriction import VERBS
from tests.adversary.deployer.guarded import USER, Guarded, guarded_user
from tests.e2e.workbench import Workbench, on_server, visit

# In an order in which each finds what it needs.
COMMANDS: dict[str, tuple[Sequence[str], ...]] = {
    "check": (("host", "check"),),
    "deploy": (("deploy",),),
    "plan": (("plan",),),
    "status": (("status",),),
    "history": (("history",),),
    "logs": (("logs", "web"),),
    "secrets": (("secrets", "set", "canary", "--from-file", "value"),),
    "rollback": (("rollback", "--dry-run"), ("rollback",)),
    "repair": (("repair",),),
    "drain": (("host", "drain", "{host}", "--timeout", "1s"), ("host", "undrain", "{host}")),
    "maintenance": (("maintenance", "on"), ("maintenance", "off")),
    "remove": (("remove", "--yes"),),
}


@pytest.fixture
def guarded(tiny: Workbench, tmp_path: Path) -> Iterator[Guarded]:
    """The tiny app's server with a user for it; the app is to be deployed by keys of theirs."""
    tiny.edit("fairlead.yaml", "hosts: [deploy@", f"hosts: [{USER}@")
    (tmp_path / "keys").mkdir()
    (tiny.root / "value").write_text("another-value-5c2e")
    with guarded_user(tiny.lab, tiny.server, tmp_path / "keys") as made:
        yield made


def _allowed(verb: str) -> frozenset[str]:
    """The verbs whose every request a key for ``verb`` may send: reading what it needs itself is no more."""
    return frozenset(other for other, requests in VERBS.items() if requests <= VERBS[verb])


def test_every_verb_works_with_a_key_for_it_and_no_other_does(tiny: Workbench, guarded: Guarded) -> None:
    assert set(COMMANDS) == set(VERBS)
    key = guarded.make_key("key")
    own = ("--identity", str(key))
    where = f"{USER}@{tiny.server.address}"
    for number, (verb, commands) in enumerate(COMMANDS.items()):
        if verb == "rollback":
            tiny.vary(COLOUR="red")
            guarded.admit(key, "--apps", "tiny", "--verbs", "deploy")
            tiny.secrets = {"canary": "another-value-5c2e"}
            tiny.ok("deploy", *own)
        guarded.admit(key, "--apps", "tiny", "--verbs", verb)
        for words in commands:
            tiny.ok(*(word.format(host=where) for word in words), *own)
        # One other, in turn: the whole square is a unit test's.
        others = [other for other in COMMANDS if other not in _allowed(verb)]
        other = others[number % len(others)]
        words = COMMANDS[other][0]
        error = tiny.refused(2, *(word.format(host=where) for word in words), *own)
        assert "the key may" in error["what"], (verb, other, error)
        assert verb in error["why"]
        assert "host setup --restrict" in error["fix"]
    # The last one may not ask for the checks of the host: neither well nor wrong.
    checks = tiny.ok("--json", "doctor", *own).document["checks"]
    (host,) = (one for one in checks if where in one["name"])
    assert host["state"] == "warning"
    assert "the key may" in host["found"]
    guarded.admit(key, "--apps", "another")
    assert "may not touch the app" in tiny.refused(2, "status", *own)["what"]


@pytest.mark.long
def test_history_tells_which_key_it_was_and_the_policy_holds_for_rollbacks_too(
    tiny: Workbench, guarded: Guarded
) -> None:
    key, signer = guarded.make_key("key"), guarded.make_key("signer")
    own = ("--identity", str(key))
    guarded.admit(key)
    tiny.ok("deploy", *own, "--reason", "begin")
    entry = tiny.ok("--json", "history", *own).document["history"][0]
    assert entry["reason"] == "begin"
    listed = guarded.allowed()[0].split("--key ")[1].split('"')[0]
    assert entry["key"] == listed
    assert entry["key"][:15] in tiny.ok("history", *own).stderr + tiny.ok("history", *own).stdout

    signers = guarded.folder / "signers"
    signers.write_text(f"tiny {signer.with_suffix('.pub').read_text()}")
    guarded.admit(key, "--signers", str(signers))
    tiny.vary(COLOUR="red")
    assert "not signed" in tiny.refused(2, "deploy", *own)["what"]
    tiny.ok("deploy", *own, "--signing-identity", str(signer))
    assert "red" in visit(tiny.server)[2]
    assert "not signed" in tiny.refused(2, "rollback", *own)["what"], "the first one was signed by nobody"
    tiny.ok("secrets", "set", "canary", "--from-file", "value", *own)
    tiny.secrets = {"canary": "another-value-5c2e"}
    tiny.vary(COLOUR="blue")
    tiny.ok("deploy", *own, "--signing-identity", str(signer))
    assert "blue" in visit(tiny.server)[2]
    tiny.ok("rollback", *own)
    assert "red" in visit(tiny.server)[2]

    checks = tiny.ok("--json", "host", "check", *own).document["checks"]
    states = {one["name"]: one for one in checks}
    assert states["record"]["state"] == "ok"
    assert "signed" in states["policy"]["found"]
    on_server(tiny.server, "rm", "/dev/log")
    checks = tiny.ok("--json", "host", "check", *own).document["checks"]
    assert next(one for one in checks if one["name"] == "record")["state"] == "warning"
