"""The script that prepares a server."""

from __future__ import annotations

from fairlead.remote.setup import render_setup


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
