"""Values that are given and that no service reads are told by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.composefile.loader import load_model
from fairlead.release.secrets import Wanted, unread_names
from fairlead.rollout.check import tell_unread


@pytest.mark.parametrize(
    "text",
    [
        "db_password=canary\nSECRET_KEY='canary'\nother=canary\n",
        '{"DB_PASSWORD": "canary", "SECRET_KEY": "canary", "other": "canary"}',
    ],
)
def test_names_that_nobody_reads_are_told_and_how_one_is_handed_on(text: str, tmp_path: Path) -> None:
    names = unread_names([Wanted("db-password")], {"FAIRLEAD_SECRETS": text})
    assert names == ("SECRET_KEY", "other")
    (tmp_path / "compose.yaml").write_text(
        "services: {web: {image: 'acme/web:1', environment: {SECRET_KEY: '${SECRET_KEY}'}}}\n"
    )
    told = tell_unread(names, load_model([tmp_path / "compose.yaml"], variables={}))
    assert told[0] == "no service reads SECRET_KEY, other of FAIRLEAD_SECRETS"
    assert len(told) == 2
    assert "secret_environment: {SECRET_KEY: secret_key}" in told[1]
    assert "canary" not in "".join(told)


def test_nothing_is_said_where_all_are_read(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: 'acme/web:1'}}\n")
    model = load_model([tmp_path / "compose.yaml"], variables={})
    for environ in ({}, {"FAIRLEAD_SECRETS": "A_B=x\n"}):
        assert tell_unread(unread_names([Wanted("a.b")], environ), model) == []
