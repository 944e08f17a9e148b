"""Values of secrets from real programs: sops with age, age alone, and ones that misbehave."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fairlead import process
from fairlead.errors import CommandFailedError, ToolMissingError
from fairlead.release.secret_commands import run_secret_command, secret_commands
from fairlead.release.secrets import Wanted, read_secrets
from fairlead.settings.values import SecretCommand, SecretSettings, Settings
from fairlead.tools.locate import locate

URL = "postgres://app:pa=s#s'w\"ord@db/app"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a key beside it, as a developer has: outside of the repository."""
    root = tmp_path / "repository"
    root.mkdir()
    key = tmp_path / "keys.txt"
    process.run([locate("age-keygen"), "-o", key])
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(key))
    folders = [str(locate(name).parent) for name in ("sops", "age")]
    monkeypatch.setenv("PATH", os.pathsep.join([*folders, os.environ["PATH"]]))
    return root


def _recipient(root: Path) -> str:
    return process.run([locate("age-keygen"), "-y", root.parent / "keys.txt"]).stdout.strip()


def _settings(root: Path, command: SecretCommand | None = None, **each: SecretCommand) -> Settings:
    secrets = SecretSettings(command=command, each=each)
    return Settings(path=root / "fairlead.yaml", root=root, app="board", secrets=secrets)


def test_sops_decrypts_once_what_is_committed(repository: Path) -> None:
    """A dotenv file and a JSON file, encrypted for an age key; sops finds it by its own variable."""
    (repository / "plain.env").write_text(f"DATABASE_URL={URL}\nRAILS_MASTER_KEY=0123456789abcdef\n")
    encrypt = [str(locate("sops")), "--encrypt", "--age", _recipient(repository)]
    encrypted = process.run([*encrypt, repository / "plain.env"]).stdout
    assert "0123456789abcdef" not in encrypted
    (repository / "secrets.env").write_text(encrypted)
    (repository / "plain.json").write_text('{"tls_key": "-----BEGIN-----\\nabc\\n-----END-----\\n"}')
    (repository / "tls.json").write_text(process.run([*encrypt, repository / "plain.json"]).stdout)
    for name in ("plain.env", "plain.json"):
        (repository / name).unlink()
    names = ("SOPS_AGE_KEY_FILE",)
    settings = _settings(
        repository,
        SecretCommand(argv=("sops", "--decrypt", "secrets.env"), env=names),
        tls_key=SecretCommand(argv=("sops", "--decrypt", "--extract", '["tls_key"]', "tls.json"), env=names),
    )
    wanted = [Wanted("database_url"), Wanted("rails_master_key"), Wanted("tls_key")]
    found = read_secrets(wanted, {}, None, secret_commands(settings))
    assert found["database_url"].reveal() == URL.encode()
    assert found["rails_master_key"].reveal() == b"0123456789abcdef"
    assert found["tls_key"].reveal() == b"-----BEGIN-----\nabc\n-----END-----"


def test_without_its_variable_sops_fails_and_says_why(repository: Path) -> None:
    (repository / "plain.env").write_text("A=h1dden-value\n")
    plain = str(repository / "plain.env")
    encrypt = [str(locate("sops")), "--encrypt", "--age", _recipient(repository), plain]
    (repository / "secrets.env").write_text(process.run(encrypt).stdout)
    command = SecretCommand(argv=("sops", "--decrypt", "secrets.env"))
    with pytest.raises(CommandFailedError, match="values of secrets come from it") as caught:
        read_secrets([Wanted("a")], {}, None, secret_commands(_settings(repository, command)))
    assert "`env:` beside it" in caught.value.fix
    assert caught.value.details


def test_age_alone_gives_one_value(repository: Path) -> None:
    process.run(
        [locate("age"), "--encrypt", "-r", _recipient(repository), "-o", repository / "token.age"],
        stdin=b"t0ken-value\n",
    )
    command = SecretCommand(argv=("age", "--decrypt", "-i", "../keys.txt", "token.age"))
    found = read_secrets([Wanted("token")], {}, None, secret_commands(_settings(repository, token=command)))
    assert found["token"].reveal() == b"t0ken-value"


def _python(script: str) -> SecretCommand:
    return SecretCommand(argv=(sys.executable, "-c", script))


def test_a_program_sees_none_of_the_jobs_secrets_and_no_shell_reads_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FAIRLEAD_SSH_KEY", "FAIRLEAD_SECRETS", "GITHUB_TOKEN", "OTHER_TOKEN", "MY_LOGIN"):
        monkeypatch.setenv(name, "h1dden")
    script = (
        "import os, sys; print(*sorted(k for k, v in os.environ.items() if v == 'h1dden'), *sys.argv[1:])"
    )
    command = SecretCommand(argv=(sys.executable, "-c", script, "$(id)", "*"), env=("MY_LOGIN",))
    assert run_secret_command(command, tmp_path) == b"MY_LOGIN $(id) *\n"


def test_a_failure_tells_what_the_program_says_and_nothing_that_it_prints(tmp_path: Path) -> None:
    script = "import sys; print('t0p-secret'); sys.stderr.write('got t0p-secret \\x1b[31m\\nno key fits\\n'); sys.exit(3)"
    with pytest.raises(CommandFailedError) as caught:
        run_secret_command(_python(script), tmp_path)
    said = str(vars(caught.value)).replace(script, "").replace(repr(script), "")
    assert caught.value.why == "no key fits"
    assert caught.value.details[0].startswith("got *** ")
    assert "\x1b" not in said


def test_what_prints_without_end_or_never_ends_is_ended(tmp_path: Path) -> None:
    """The child that holds the stream open is not waited for either."""
    endless = [sys.executable, "-c", "while True: print('x' * 65536)"]
    with pytest.raises(CommandFailedError, match="prints more than 100000 bytes"):
        process.capture(endless, cwd=tmp_path, most=100_000, timeout=300)
    for argv in (["sleep", "600"], ["sh", "-c", "sleep 20 & exit 0"]):
        with pytest.raises(CommandFailedError, match="did not end within 1 s"):
            process.capture(argv, cwd=tmp_path, most=10, timeout=1)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")
    for words, error in ((("no-such-program",), ToolMissingError), (("./plain",), CommandFailedError)):
        with pytest.raises(error, match=words[0]):
            run_secret_command(SecretCommand(argv=words), tmp_path)
