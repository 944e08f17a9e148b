"""Secrets: where they are looked for, and that they do not show."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.findings import Location
from fairlead.release.secrets import Secret, Wanted, parse_secret, parse_typed, read_secrets, variable_of

CANARY = b"c4n4ry-value"


def test_a_secret_shows_nowhere_by_mistake(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(CANARY)
    logging.getLogger("test").warning("%s %r", secret, {"a": [secret]})
    text = f"{secret} {secret!r} {[secret]} {vars(Wanted('x'))}" + caplog.text
    assert CANARY.decode() not in text
    assert "***" in text
    assert secret.reveal() == CANARY


def test_secrets_are_compared_by_value() -> None:
    assert Secret(b"a") == Secret(b"a")
    assert len({Secret(b"a"), Secret(b"a"), Secret(b"b")}) == 2
    assert Secret(b"a") != b"a"


def test_the_variable_of_a_name() -> None:
    assert variable_of("postgres-password.v2") == "FAIRLEAD_SECRET_POSTGRES_PASSWORD_V2"


def test_each_place_comes_before_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "token").write_bytes(b"from the folder\n")
    own = tmp_path / "own"
    own.write_bytes(b"from the compose file")
    want = Wanted("token", file=own, variable="TOKEN", home=str(tmp_path))
    environ = {"FAIRLEAD_SECRET_TOKEN": "from ours", "TOKEN": "from theirs"}
    assert read_secrets([want], environ, folder)["token"].reveal() == b"from ours"
    del environ["FAIRLEAD_SECRET_TOKEN"]
    assert read_secrets([want], environ, folder)["token"].reveal() == b"from the folder\n"
    assert read_secrets([want], environ)["token"].reveal() == b"from theirs"
    assert read_secrets([want], {})["token"].reveal() == b"from the compose file"


def test_all_missing_secrets_are_told_at_once_with_where_they_were_looked_for(tmp_path: Path) -> None:
    wanted = [
        Wanted("a", location=Location("compose.yaml", 7, 3)),
        Wanted("b", file=tmp_path / "none", variable="B", home=str(tmp_path)),
        Wanted("c"),
    ]
    with pytest.raises(InputError) as caught:
        read_secrets(wanted, {"FAIRLEAD_SECRET_C": "there", "FAIRLEAD_SECRET_A": ""}, tmp_path)
    first, second = caught.value.findings
    assert str(first).startswith("compose.yaml:7:3: the secret a has no value")
    assert "FAIRLEAD_SECRET_A" in first.fix
    assert all(
        place in second.fix
        for place in ("FAIRLEAD_SECRET_B", f"{tmp_path}/b", "variable B", f"{tmp_path}/none")
    )


def test_a_secret_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^the secret a is refused$") as caught:
        read_secrets([Wanted("a")], {"FAIRLEAD_SECRET_A": "x" * 600_000})
    assert caught.value.fix == ""


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("none", "the secret none is missing"),
        ("theirs", "the secret theirs is refused"),
        ("none,neither", "2 secrets are missing: none, neither"),
        ("large,theirs", "2 secrets are refused: large, theirs"),
        ("large,none", "2 secrets are missing or refused: large, none"),
    ],
)
def test_only_what_has_no_value_is_missing(names: str, told: str) -> None:
    environ = {"FAIRLEAD_SECRET_LARGE": "x" * 600_000, "GITHUB_TOKEN": "x"}
    wanted = [Wanted(name, variable="GITHUB_TOKEN" if name == "theirs" else "") for name in names.split(",")]
    with pytest.raises(InputError) as caught:
        read_secrets(wanted, environ)
    assert caught.value.what == told


def test_a_typed_value_ends_before_its_line_break_and_a_file_is_taken_as_it_is() -> None:
    """As `gh secret set` and `docker secret create` do."""
    assert parse_typed("token", b"two\nlines\r\n\n").reveal() == b"two\nlines"
    assert parse_secret("token", b"key\n").reveal() == b"key\n"


@pytest.mark.parametrize(
    ("value", "told"), [(b"", "is empty"), (b"\n", "is empty"), (b"x" * 600_000, "larger than")]
)
def test_a_value_that_is_none(value: bytes, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse_typed("token", value)


@pytest.mark.parametrize("file", ["/proc/self/environ", "/etc/passwd", "../outside", "leaves", "pipe"])
def test_a_file_that_is_not_the_repositorys_is_no_source(tmp_path: Path, file: str) -> None:
    home = tmp_path / "repository"
    home.mkdir()
    (tmp_path / "outside").write_bytes(CANARY)
    (home / "leaves").symlink_to("../outside")
    os.mkfifo(home / "pipe")
    with pytest.raises(InputError) as caught:
        read_secrets([Wanted("a", file=home / file, home=str(home))], {})
    assert "no source" in str(caught.value.findings[0])
    assert CANARY.decode() not in str(caught.value.findings)


@pytest.mark.parametrize(
    "name", ["FAIRLEAD_SSH_KEY", "GITHUB_TOKEN", "DOCKER_AUTH_CONFIG", "ACTIONS_RUNTIME_TOKEN"]
)
def test_a_variable_of_somebody_elses_is_no_source(name: str) -> None:
    with pytest.raises(InputError) as caught:
        read_secrets([Wanted("a", variable=name)], {name: "theirs"})
    assert "not the repository's" in str(caught.value.findings[0])


def test_a_file_in_the_folder_of_secrets_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(CANARY)
    want = Wanted("other", file=tmp_path / "key", home="/nowhere")
    assert read_secrets([want], {}, tmp_path)["other"].reveal() == CANARY
