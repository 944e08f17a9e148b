"""The script that prepares a server."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from fairlead.errors import InputError
from fairlead.remote.agent import build_agent
from fairlead.remote.public_key import PublicKey, parse_public_key
from fairlead.remote.session import loader_argv
from fairlead.remote.setup import LIBRARY, PLACEHOLDER_KEY, Restriction, render_door, render_setup
from tests.unit.remote.keys import ED25519, line_of

KEY = parse_public_key(f"{line_of(ED25519)} mine".encode(), "key.pub")
RESTRICTION = Restriction(render_door(loader_argv()[-1]), build_agent())


def _files(script: str) -> dict[str, bytes]:
    """What the script writes for root: the content of each file."""
    found = re.findall(r"base64 -d <<'END_OF_FILE' >(\S+)\.new\n(.*?)END_OF_FILE\n", script, re.DOTALL)
    return {path: base64.b64decode(text) for path, text in found}


def test_it_makes_everything_that_a_deploy_needs() -> None:
    script = render_setup("deploy", KEY)
    for line in (
        "set -eu",
        "useradd",
        "usermod --append --groups docker deploy",
        "/srv/fairlead",
        "authorized_keys",
        KEY.line,
    ):
        assert line in script
    assert "echo" not in script, "what a shell makes of a backslash there, nobody knows"


def test_without_a_key_there_is_a_place_for_one() -> None:
    assert PLACEHOLDER_KEY in render_setup("deploy", None)
    with pytest.raises(InputError, match="which key"):
        render_setup("deploy", None, restriction=RESTRICTION)


@pytest.mark.parametrize(
    ("user", "root"),
    [
        (r"deploy\n", "/srv/x"),
        ("deploy\n", "/srv/x"),
        ("-deploy", "/srv/x"),
        ("de ploy", "/srv/x"),
        ("$(id)", "/srv/x"),
        ("", "/srv/x"),
        ("d" * 33, "/srv/x"),
        ("deploy", "srv"),
        ("deploy", "/srv/x\n"),
        ("deploy", "/srv/$(id)"),
        ("deploy", "/srv/'x"),
        ("deploy", "/"),
    ],
)
def test_what_may_not_stand_in_a_script_of_root_is_refused(user: str, root: str) -> None:
    with pytest.raises(InputError):
        render_setup(user, KEY, root)


def test_a_restricted_key_opens_the_door_and_nothing_else() -> None:
    script = render_setup("deploy", KEY, restriction=RESTRICTION)
    door = f"python3 -I {LIBRARY}/door --key {KEY.fingerprint}"
    assert f"""'restrict,command="{door}"' '{KEY.line}'""" in script
    files = _files(script)
    assert files[f"{LIBRARY}/door"].decode() == RESTRICTION.door
    assert files[f"{LIBRARY}/agents/current"].decode() == build_agent().sha256
    assert f'PINNED = "{LIBRARY}/agents"' in RESTRICTION.door
    assert 'PINNED_ROOT = "/srv/fairlead"' in RESTRICTION.door


def test_apps_and_verbs_stand_in_the_forced_command() -> None:
    given = replace(RESTRICTION, apps=("board", "board-staging"), verbs=("rollback", "status"))
    script = render_setup("deploy", KEY, restriction=given)
    assert f"--key {KEY.fingerprint} --apps board,board-staging --verbs rollback,status\"'" in script


@pytest.mark.parametrize(
    ("apps", "verbs"),
    [
        (("Board",), None),
        (("board --verbs deploy",), None),
        (('board" ssh-rsa',), None),
        (("board\n",), None),
        ((), None),
        (None, ("everything",)),
        (None, ("deploy;id",)),
        (None, ()),
    ],
)
def test_a_restriction_to_what_does_not_exist_is_refused(
    apps: Sequence[str] | None, verbs: Sequence[str] | None
) -> None:
    with pytest.raises(InputError):
        render_setup("deploy", KEY, restriction=replace(RESTRICTION, apps=apps, verbs=verbs))


def test_the_policy_of_the_host_is_written_kept_or_lifted() -> None:
    policy, signers = f"{LIBRARY}/policy.json", f"{LIBRARY}/signers"
    plain = render_setup("deploy", KEY, restriction=RESTRICTION)
    assert policy not in _files(plain)
    assert signers not in plain
    content = b"board ssh-ed25519 AAAA\nEND_OF_FILE\n"
    given = replace(RESTRICTION, forbid=("privileged", "bind"), signers=content)
    script = render_setup("deploy", KEY, restriction=given)
    assert json.loads(_files(script)[policy])["forbid"] == ["bind", "privileged"]
    assert _files(script)[signers] == content
    lifted = render_setup("deploy", KEY, restriction=replace(RESTRICTION, forbid=(), signers=b""))
    assert json.loads(_files(lifted)[policy])["forbid"] == []
    assert f"rm -f {signers}" in lifted
    with pytest.raises(InputError, match="kind"):
        render_setup("deploy", KEY, restriction=replace(RESTRICTION, forbid=("everything",)))


def test_a_comment_cannot_close_what_the_script_quotes() -> None:
    key = PublicKey(KEY.type, KEY.blob, "END_OF_FILE")
    assert render_setup("deploy", key, restriction=RESTRICTION).count("\nEND_OF_FILE\n") == 2
