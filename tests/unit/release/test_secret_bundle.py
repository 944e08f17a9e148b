"""All secrets in one variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.release.secrets import Wanted, parse_bundle, read_secrets


def test_one_secret_a_line_whatever_is_in_its_value() -> None:
    text = "# ours\nPOSTGRES_PASSWORD=a=b c#d\r\n\n board-token = x\n"
    assert parse_bundle(text) == {
        "FAIRLEAD_SECRET_POSTGRES_PASSWORD": b"a=b c#d",
        "FAIRLEAD_SECRET_BOARD_TOKEN": b" x",
    }


def test_a_json_object_holds_values_of_several_lines() -> None:
    assert parse_bundle('\n {"tls_key": "-----BEGIN\\nend\\n"}') == {
        "FAIRLEAD_SECRET_TLS_KEY": b"-----BEGIN\nend\n"
    }


@pytest.mark.parametrize(
    "text", ["c4n4ry", "a=1\nc4n4ry", '{"a": {"b": "c4n4ry"}}', '{"a": "c4n4ry"', "=c4n4ry"]
)
def test_what_is_neither_is_refused_without_telling_it(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_bundle(text)
    assert "c4n4ry" not in f"{caught.value.what}{caught.value.why}{caught.value.fix}"


def test_a_variable_of_its_own_wins_and_a_file_comes_after(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text("file")
    environ = {"FAIRLEAD_SECRET_A": "own", "FAIRLEAD_SECRETS": "a=bundle\nb=bundle\nc="}
    found = read_secrets([Wanted("a"), Wanted("b"), Wanted("c")], environ, tmp_path)
    assert {name: secret.reveal() for name, secret in found.items()} == {
        "a": b"own",
        "b": b"bundle",
        "c": b"file",
    }
