"""All secrets in one variable."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.release.secrets import Wanted, parse_bundle, read_secrets, values_in


def test_one_secret_a_line_whatever_is_in_its_value() -> None:
    text = "# ours\nPOSTGRES_PASSWORD=a=b c#d\r\n\n board-token = x\n"
    assert parse_bundle(text).known == {
        "FAIRLEAD_SECRET_POSTGRES_PASSWORD": b"a=b c#d",
        "FAIRLEAD_SECRET_BOARD_TOKEN": b"x",
    }


def test_the_syntax_of_env_files_is_read_as_people_know_it() -> None:
    text = """\ufeffexport A=one\r
B="two words" # why
  C='a "b" # c'
D="line one
line \\"two\\"\\nthree \\$x \\d"
E=''
F='-----BEGIN-----
x=y
-----END-----
'
G=pa$$w#rd"'
"""
    assert parse_bundle(text).known == {
        "FAIRLEAD_SECRET_A": b"one",
        "FAIRLEAD_SECRET_B": b"two words",
        "FAIRLEAD_SECRET_C": b'a "b" # c',
        "FAIRLEAD_SECRET_D": b'line one\nline "two"\nthree $x \\d',
        "FAIRLEAD_SECRET_E": b"",
        "FAIRLEAD_SECRET_F": b"-----BEGIN-----\nx=y\n-----END-----\n",
        "FAIRLEAD_SECRET_G": b"pa$$w#rd\"'",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a='1'\nb='c4n4ry", "line 2 of FAIRLEAD_SECRETS, begins with a quote that is never closed"),
        ('a="1\n2"\nb="c4n4ry" c4n4ry', "line 3 of FAIRLEAD_SECRETS, goes on after its closing quote"),
        ("a='1'c4n4ry", "goes on after its closing quote"),
        ("a b=c4n4ry", "line 1 of FAIRLEAD_SECRETS is not NAME=value"),
        ('{"a": "c4n4ry\\ud800"}', "has a text with half a character"),
    ],
)
def test_where_no_line_can_be_told_from_the_next_all_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_bundle(text)
    assert message in caught.value.what
    assert "c4n4ry" not in f"{caught.value.what}{caught.value.why}{caught.value.fix}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x=1\na=c4n4ry # it", "the value of a, line 2 of FAIRLEAD_SECRETS, has a blank and a # in it"),
        ("x=1\na= # c4n4ry", "the value of a, line 2 of FAIRLEAD_SECRETS, has a blank and a # in it"),
        ("a=c4n4ry${B}", "has ${ or $( in it"),
        ('a="c4n4ry$(b)"', "has ${ or $( in it"),
        ("a=1\nexport A=c4n4ry", "has two values for A"),
        ('{"A": "1", "a": "c4n4ry"}', "has two values for a"),
        ('{"a": "1", "a": "c4n4ry"}', "has two values for a"),
    ],
)
def test_a_value_that_programs_read_differently_is_refused_to_who_wants_it(text: str, message: str) -> None:
    environ = {"FAIRLEAD_SECRETS": f"{text}\n" if text.startswith("{") else f"{text}\nother=2\n"}
    with pytest.raises(InputError) as caught:
        read_secrets([Wanted("a"), Wanted("zzz")], environ)
    unclear, missing = caught.value.findings
    assert message in unclear.what
    assert "zzz has no value" in missing.what
    assert "c4n4ry" not in f"{caught.value.__dict__}"
    # What nobody wants, or what is given otherwise, is nobody's concern: a .env file holds more than secrets.
    own = {**environ, "FAIRLEAD_SECRET_A": "mine"}
    assert read_secrets([Wanted("a")], own)["a"].reveal() == b"mine"
    assert read_secrets([], environ) == {}
    # It is masked all the same.
    assert any("c4n4ry" in value for value in values_in(environ))


def test_whatever_a_value_is_there_is_a_way_to_write_it() -> None:
    chance = random.Random(17)  # noqa: S311 - reproducible, not secret
    for _ in range(3_000):
        values = [
            "".join(chance.choices("a \t#$'\"\\={}(\n\u2028\x85é", k=chance.randrange(9))) for _ in range(3)
        ]
        text = "".join(f"{'export ' * (n % 2)}N{n}={quoted(value)}\n" for n, value in enumerate(values))
        assert list(parse_bundle(text).known.values()) == [value.encode() for value in values]


def quoted(value: str) -> str:
    if "'" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'


def test_the_values_of_any_text_are_whole_or_refused() -> None:
    """Without quotes and escapes a value is what stands in the line, whatever the characters."""
    chance = random.Random(18)  # noqa: S311 - reproducible, not secret
    for _ in range(3_000):
        value = "".join(chance.choices("ab #$'\"\\={(", k=chance.randrange(9)))
        try:
            found = parse_bundle(f"N={value}").get("FAIRLEAD_SECRET_N")
        except InputError:
            assert set("#$'\"") & set(value)
            continue
        assert found.decode() in {
            value.strip(),
            value.strip()[1:-1],
            value.strip().partition(" #")[0][1:-1],
        } or ("\\" in value)


def test_as_many_lines_as_there_may_be_are_read_at_once() -> None:
    """By the square of them, this would take a quarter of an hour."""
    with pytest.raises(InputError) as caught:
        parse_bundle("a='" + "\n" * 8_000_000 + "'\n" + "b=1\n" * 50_000 + "'")
    assert "line 8050002 of" in caught.value.what


def test_a_json_object_holds_values_of_several_lines() -> None:
    assert parse_bundle('\n {"tls_key": "-----BEGIN\\nend\\n"}').known == {
        "FAIRLEAD_SECRET_TLS_KEY": b"-----BEGIN\nend\n"
    }


@pytest.mark.parametrize(
    "text", ["c4n4ry", "a=1\nc4n4ry", '{"a": {"b": "c4n4ry"}}', '{"a": "c4n4ry"', "=c4n4ry"]
)
def test_what_is_neither_is_refused_without_telling_it(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_bundle(text)
    assert "c4n4ry" not in f"{caught.value.what}{caught.value.why}{caught.value.fix}"


def test_a_name_that_nobody_wants_is_told_beside_the_one_that_is_missing() -> None:
    environ = {"FAIRLEAD_SECRETS": "POSTGRES_PASWORD=c4n4ry\nOTHER=x\nTLS=y"}
    with pytest.raises(InputError) as caught:
        read_secrets([Wanted("postgres_password"), Wanted("tls"), Wanted("zzz")], environ)
    missing, far = caught.value.findings
    assert missing.fix.endswith(
        "; FAIRLEAD_SECRETS has POSTGRES_PASWORD, which no service of this release wants"
    )
    assert "FAIRLEAD_SECRETS has" not in far.fix


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
