"""Two environments of one app on one host: each is itself, and nothing that is asked of one happens to the other.

Nor does what is asked in another folder of the repository, under the same name.
"""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Iterator
from dataclasses import replace

import click

from fairlead.cli.root import command as root
from lab.state import Server
from tests.e2e.conftest import copy_of
from tests.e2e.workbench import Workbench, containers, on_server
from tests.patience import PATIENCE

_ALONE = """\
environments:
  staging:
    name: tiny
    hosts: [deploy@{address}]
    url: http://staging.lab.test
    edge: true
    secrets: [canary]
"""
_BOTH = """\
environments:
  production:
    hosts: [deploy@{address}]
    url: http://tiny.lab.test
    secrets: [canary]
  staging:
    hosts: [deploy@{address}]
    url: http://staging.lab.test
    secrets: [canary]
    variables: {{COLOUR: {colour}}}
"""
_MISMATCHED = (
    ("remove", "--volumes", "--yes"),
    ("rollback",),
    ("rollback", "--dry-run"),
    ("repair",),
    ("status",),
    ("history",),
    ("logs",),
    ("secrets", "set", "--configured", "canary"),
    ("deploy",),
    ("plan",),
    ("check",),
    ("diff",),
    ("maintenance", "on"),
    ("maintenance", "off"),
    ("host", "drain", "HOST"),
    ("host", "undrain", "HOST"),
    ("host", "remove", "HOST", "--volumes", "--yes"),
)
_OTHERWISE = {
    "ship": "it builds first, and deploys as `deploy` does",
    "doctor": "it asks for the host, not for an app",
    "github deployment": "it asks what serves as `status` does, and needs a token of GitHub",
    "host check": "it asks for the host, not for an app",
    "host setup": "it prepares a host, and asks no agent",
}
"""Verbs that meet a server and are not tried below, and why."""


def _declare(bench: Workbench, text: str, **values: str) -> None:
    file = bench.root / "fairlead.yaml"
    head = file.read_text().partition("environments:")[0]
    file.write_text(head + text.format(address=bench.server.address, **values))


def _ask(server: Server, name: str) -> int:
    connection = http.client.HTTPConnection(server.address, 80, timeout=PATIENCE)
    try:
        connection.request("GET", "/", headers={"Host": name})
        return connection.getresponse().status
    finally:
        connection.close()


def _volumes(server: Server) -> set[str]:
    return set(on_server(server, "docker", "volume", "ls", "--format", "{{.Name}}").split())


def _serving(bench: Workbench, environment: str) -> str:
    return str(bench.ok("--json", "status", "-e", environment).document["state"]["serving"])


def _verbs(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every verb that reaches a server, by its options, from the command line's own tables."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from _verbs(command, (*before, name))
        elif command is not None and "known_hosts" in {one.name for one in command.params}:
            yield (*before, name)


def test_every_verb_that_reaches_a_server_is_tried_with_another_environment() -> None:
    """One that is added later fails here until it is."""
    assert isinstance(root, click.Group)
    tried = {words[: len(verb)] for verb in _verbs(root) for words in _MISMATCHED}
    left = {" ".join(verb) for verb in _verbs(root) if verb not in tried}
    assert left == set(_OTHERWISE)


def test_two_environments_share_a_host_and_neither_is_taken_for_the_other(tiny: Workbench) -> None:
    """Deployed, changed, rolled back and removed beside production, which keeps serving what it served, and its data."""
    server = tiny.server
    _declare(tiny, _BOTH, colour="red")
    assert "staging is called tiny-staging on its hosts" in tiny.ok("plan", "-e", "staging").stdout
    for environment in ("production", "staging"):
        tiny.ok("deploy", "-e", environment)
    tiny.ok("diff", "-e", "production")
    on_server(server, "docker", "stop", "tiny-store-1")
    apart = tiny.fairlead("--json", "diff", "-e", "production")
    assert (apart.code, apart.document["same"]) == (4, False), apart
    assert any(reason.startswith("store: ") for reason in apart.document["hosts"][0]["reasons"])
    tiny.ok("repair", "-e", "production")
    tiny.ok("diff", "-e", "production")
    on_server(server, "docker", "exec", "tiny-store-1", "redis-cli", "set", "kept", "yes")
    on_server(server, "docker", "exec", "tiny-store-1", "redis-cli", "save")
    _declare(tiny, _BOTH, colour="green")
    tiny.ok("deploy", "-e", "staging")
    tiny.ok("rollback", "-e", "staging")
    assert (_serving(tiny, "production"), _serving(tiny, "staging")) == ("000001", "000001")
    assert (_ask(server, "tiny.lab.test"), _ask(server, "staging.lab.test")) == (200, 200)

    other = replace(copy_of(tiny, tiny.root.parent / "other"), environ=dict(tiny.environ))
    _declare(other, _ALONE)
    before = (containers(server), _volumes(server))
    for words in _MISMATCHED:
        error = other.refused(2, *(server.address if word == "HOST" else word for word in words))
        assert "belongs to production" in error["what"], (words, error)
        assert "-e production" in error["fix"]
    folder = replace(tiny, root=tiny.root / "apps" / "tiny", environ=dict(tiny.environ))
    shutil.copytree(other.root, folder.root, ignore=shutil.ignore_patterns(".git"))
    _declare(folder, _BOTH, colour="red")
    for words in (("deploy",), ("status",), ("remove", "--volumes", "--yes")):
        error = folder.refused(2, *words, "-e", "production")
        assert error["what"].endswith(", its top folder"), (words, error)
        assert "apps/tiny/fairlead.yaml" in error["fix"]
    assert (containers(server), _volumes(server)) == before

    told = tiny.ok("--json", "remove", "-e", "staging", "--volumes", "--yes").document
    assert told["app"] == "tiny-staging"
    assert (_ask(server, "tiny.lab.test"), _ask(server, "staging.lab.test")) == (200, 404)
    assert not [name for name in (*containers(server), *_volumes(server)) if "tiny-staging" in name]
    assert on_server(server, "docker", "exec", "tiny-store-1", "redis-cli", "get", "kept").strip() == "yes"
    assert _serving(tiny, "production") == "000001"

    # The app moves into the folder: once that is said, it is that one's, with its data and its history, and stays so.
    folder.ok("deploy", "-e", "production", "--take-over")
    assert on_server(server, "docker", "exec", "tiny-store-1", "redis-cli", "get", "kept").strip() == "yes"
    assert _ask(server, "tiny.lab.test") == 200
    for words in (("deploy",), ("status",), ("rollback",)):
        error = tiny.refused(2, *words, "-e", "production")
        assert error["what"].endswith("folder apps/tiny"), (words, error)
    history = folder.ok("--json", "history", "-e", "production").document["history"]
    assert {entry["release"] for entry in history} >= {"000001"}
