"""The script that prepares a server."""

from __future__ import annotations

from fairlead.remote.agent import build_agent
from fairlead.remote.session import loader_argv
from fairlead.remote.setup import LIBRARY, render_door, render_setup


def test_names_and_keys_are_quoted_for_the_shell() -> None:
    script = render_setup("deploy", "ssh-ed25519 AAAA it's mine\n", "/srv/fair lead")
    assert "grep -qxF 'ssh-ed25519 AAAA it'\"'\"'s mine' " in script
    assert "install -d -o deploy -g \"$(id -gn deploy)\" -m 0750 '/srv/fair lead'" in script


def test_it_makes_everything_that_a_deploy_needs() -> None:
    script = render_setup("deploy", "ssh-ed25519 AAAA")
    for line in (
        "set -eu",
        "useradd",
        "usermod --append --groups docker deploy",
        "/srv/fairlead",
        "authorized_keys",
    ):
        assert line in script


def test_a_restricted_key_opens_the_door_and_nothing_else() -> None:
    door = render_door(loader_argv()[-1])
    assert f'PINNED = "{LIBRARY}/agents"' in door
    script = render_setup("deploy", "ssh-ed25519 AAAA mine", door=door, agent=build_agent())
    assert f"""command="python3 -I {LIBRARY}/door",restrict ssh-ed25519 AAAA mine""" in script
    assert "grep -vF 'ssh-ed25519 AAAA' " in script, "the same key without the restriction goes"
    assert build_agent().sha256 in script
