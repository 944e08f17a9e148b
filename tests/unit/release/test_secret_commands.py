"""Programs that values come from: who is asked, how often, and what becomes of what they print."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.release.secret_commands import SecretCommands, secret_commands
from fairlead.release.secrets import Wanted, parse_values, read_secrets
from fairlead.settings.values import SecretCommand, SecretSettings, Settings

SOPS = SecretCommand(argv=("sops", "--decrypt", "secrets.env"))
PASS = SecretCommand(argv=("pass", "show", "board tls"))


class Programs:
    """What each prints, and how often it was asked."""

    def __init__(self, **printed: bytes) -> None:
        self.printed = printed
        self.asked: list[str] = []

    def __call__(self, command: SecretCommand) -> bytes:
        self.asked.append(command.argv[0])
        return self.printed[command.argv[0]]


def commands(run: Programs, command: SecretCommand | None = SOPS, **each: SecretCommand) -> SecretCommands:
    return SecretCommands(SecretSettings(command=command, each=each), run, parse_values)


def test_a_program_is_asked_once_after_what_the_user_gives_and_before_what_the_compose_file_names(
    tmp_path: Path,
) -> None:
    run = Programs(
        sops=b"# values\nDATABASE_URL=postgres://a=b\ndb-password=two\nEMPTY=\n", **{"pass": b"key\n\n"}
    )
    (tmp_path / "given").write_text("from the folder")
    (tmp_path / "named").write_text("from the compose file")
    wanted = [
        Wanted("database_url", file=tmp_path / "named", home=str(tmp_path)),
        Wanted("db_password"),
        Wanted("tls"),
        Wanted("given"),
        Wanted("empty", file=tmp_path / "named", home=str(tmp_path)),
    ]
    found = read_secrets(wanted, {}, tmp_path, commands(run, tls=PASS))
    assert {name: secret.reveal() for name, secret in found.items()} == {
        "database_url": b"postgres://a=b",
        "db_password": b"two",
        "tls": b"key",
        "given": b"from the folder",
        "empty": b"from the compose file",
    }
    assert run.asked == ["sops", "pass"]


def test_nobody_is_asked_for_what_is_there() -> None:
    run = Programs()
    read_secrets([Wanted("tls")], {"FAIRLEAD_SECRET_TLS": "x"}, None, commands(run, tls=PASS))
    assert run.asked == []


def test_what_no_program_has_is_missing_and_the_programs_are_among_the_places() -> None:
    run = Programs(sops=b'{"other": "x"}', **{"pass": b"\n"})
    with pytest.raises(InputError) as caught:
        read_secrets([Wanted("tls")], {}, None, commands(run, tls=PASS))
    (finding,) = caught.value.findings
    assert "the output of `pass show 'board tls'`, the output of `sops --decrypt secrets.env`" in finding.fix
    assert run.asked == ["pass", "sops"]


@pytest.mark.parametrize("printed", [b"no values at all h1dden", b'{"a": ["h1dden"]}', b'{"a": h1dden'])
def test_an_output_that_is_no_values_is_told_without_a_word_of_it(printed: bytes) -> None:
    with pytest.raises(InputError, match="the output of `sops --decrypt") as caught:
        read_secrets([Wanted("a")], {}, None, commands(Programs(sops=printed)))
    assert "h1dden" not in str(caught.value.__dict__)


def test_where_programs_may_not_be_run_none_is_and_the_other_places_are_named(tmp_path: Path) -> None:
    settings = Settings(
        path=tmp_path,
        root=tmp_path,
        app="board",
        secrets=SecretSettings(command=SecretCommand(argv=("false",))),
    )
    refused = secret_commands(settings, "this job is for a pull request of a fork")
    assert read_secrets([Wanted("a")], {"FAIRLEAD_SECRETS": "a=1"}, None, refused)["a"].reveal() == b"1"
    with pytest.raises(InputError, match="`false` is not run: this job is for a pull request of a fork"):
        read_secrets([Wanted("b")], {}, None, refused)
