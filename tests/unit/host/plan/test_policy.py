"""What the owner of a host lets no release do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fairlead.host.disk.paths import app_paths
from fairlead.host.plan.decide import decide_deploy
from fairlead.host.plan.policy import Policy, read_policy
from fairlead.host.wire import setup
from fairlead.host.wire.compose.reach import KINDS
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.request import Options
from tests.unit.host.pretend import PretendEngine
from tests.unit.host.samples import document, service

PRIVILEGED = document()
PRIVILEGED["services"] = {
    **PRIVILEGED["services"],
    "api": service("app", "api", definition={"privileged": True, "pid": "host"}),
}


def _write(home: Path, text: str) -> Path:
    (home / "policy.json").write_text(text)
    return home


def test_a_host_without_a_policy_forbids_nothing(tmp_path: Path) -> None:
    assert read_policy(tmp_path) == Policy()
    assert Policy().require(parse_release(PRIVILEGED), None) == ""


def test_what_is_forbidden_is_named_with_its_place(tmp_path: Path) -> None:
    home = _write(
        tmp_path, json.dumps({"schema": setup.POLICY_SCHEMA, "forbid": ["privileged", "namespace"]})
    )
    with pytest.raises(InputFault, match="policy of this server") as caught:
        read_policy(home).require(parse_release(PRIVILEGED), None)
    assert len(caught.value.details) == 2
    assert all(line.startswith("api: ") for line in caught.value.details)
    assert read_policy(home).require(parse_release(document()), None) == ""
    Policy(frozenset({"bind"})).require(parse_release(PRIVILEGED), None)


def test_an_ordinary_release_is_let_pass_by_the_strictest_policy() -> None:
    assert Policy(frozenset(KINDS)).require(parse_release(document()), None) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"schema": "fairlead.policy/v2"}',
        '{"schema": "fairlead.policy/v1", "forbid": "all"}',
        '{"schema": "fairlead.policy/v1", "forbid": ["everything"]}',
        '{"schema": "fairlead.policy/v1", "forbid": null}',
        "[" * 100_000,
    ],
)
def test_a_policy_that_cannot_be_read_lets_nothing_pass(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputFault, match="nothing is let pass"):
        read_policy(_write(tmp_path, text))


def test_where_signatures_are_asked_for_a_release_without_one_and_a_part_are_refused(tmp_path: Path) -> None:
    (tmp_path / "signers").write_text("")
    found = read_policy(tmp_path)
    with pytest.raises(InputFault, match="not signed"):
        found.require(parse_release(document()), None)
    found.require_whole(())
    with pytest.raises(InputFault, match="a part"):
        found.require_whole(("api",))


def test_it_is_held_against_a_deploy_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = _write(tmp_path, json.dumps({"schema": setup.POLICY_SCHEMA, "forbid": ["privileged"]}))
    monkeypatch.setattr(setup, "HOME", home)
    with pytest.raises(InputFault, match="policy of this server"):
        decide_deploy(app_paths(tmp_path, "board"), PretendEngine(), parse_release(PRIVILEGED), Options())
