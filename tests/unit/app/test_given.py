"""A value that a secret is to have: neither empty without a word, nor in a file that is committed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from fairlead.cli.root import command

APP = "app: shop\nregistry: ghcr.io/acme/shop\nenvironments:\n  production:\n    hosts: [deploy@h]\n"
WEB = "services:\n  web:\n    image: acme/web:1.29\n    expose: ['80']\n    privileged: true\n"
PLAIN = f"{WEB}    environment: {{SECRET_KEY: '${{SECRET_KEY}}', TITLE: '${{TITLE}}'}}\n"
SECRET = "    x-fairlead: {secret_environment: {SECRET_KEY: key}}\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    for name in [name for name in os.environ if name.startswith(("FAIRLEAD_", "GITHUB_"))]:
        monkeypatch.delenv(name)


def _validate(compose: str, variables: str, *words: str) -> tuple[int, str]:
    Path("compose.yaml").write_text(compose)
    Path("fairlead.yaml").write_text(f"{APP}    variables: {variables}\n")
    given = ["--plain", "validate", "--no-compose", *words]
    result = CliRunner().invoke(command, given, catch_exceptions=False)
    return result.exit_code, result.output


def _is_refused(compose: str, variables: str) -> bool:
    """Whether it is told, and stays red with whatever a baseline takes."""
    told = _validate(compose, variables)[1]
    _validate(compose, variables, "--write-baseline")
    code, left = _validate(compose, variables)
    assert (code == 11) == ("SECRET_KEY, named like a secret, is empty" in left), left
    assert (code == 11) == ("SECRET_KEY, named like a secret, is empty" in told), told
    return code == 11


@pytest.mark.parametrize(
    ("compose", "variables"),
    [
        (PLAIN, "{SECRET_KEY: '', TITLE: x}"),
        (PLAIN.replace("${SECRET_KEY}", "${SECRET_KEY-default}"), "{SECRET_KEY: '', TITLE: x}"),
        (PLAIN.replace("${SECRET_KEY}", "https://x:${SECRET_KEY}@y"), "{SECRET_KEY: '', TITLE: x}"),
        # The secret is given as one variable, and the text of another wants it too.
        (PLAIN.replace("TITLE: '${TITLE}'", "OTHER: '${SECRET_KEY}'") + SECRET, "{SECRET_KEY: ''}"),
    ],
)
def test_an_empty_secret_is_refused_whoever_knew_of_it(compose: str, variables: str) -> None:
    assert _is_refused(compose, variables)
    Path("fairlead-baseline.json").unlink()
    told = _validate(compose, variables)[1]
    assert "fairlead.yaml:6:" in told
    assert "secret_environment: {SECRET_KEY: secret_key}" in told
    assert "FAIRLEAD_SECRET_SECRET_KEY" in told


@pytest.mark.parametrize(
    ("compose", "variables"),
    [
        (PLAIN, "{SECRET_KEY: /run/x, TITLE: ''}"),
        (PLAIN.replace("${SECRET_KEY}", "${SECRET_KEY:-}"), "{SECRET_KEY: '', TITLE: x}"),
        (PLAIN + SECRET, "{SECRET_KEY: '', TITLE: x}"),
        (PLAIN.replace("SECRET_KEY: '${SECRET_KEY}', ", ""), "{SECRET_KEY: '', TITLE: x}"),
        (
            f"{PLAIN}    profiles: [tools]\n  api: {{image: acme/a:1, expose: ['80']}}\n",
            "{SECRET_KEY: '', TITLE: x}",
        ),
    ],
)
def test_what_is_not_wanted_or_may_be_empty_is_not(compose: str, variables: str) -> None:
    assert not _is_refused(compose, variables)


def test_an_empty_secret_of_an_env_file_is_refused() -> None:
    Path(".env").write_text("SECRET_KEY=\n")
    assert _is_refused(PLAIN, "{TITLE: x}")


@pytest.mark.parametrize(
    ("environment", "is_told"),
    [
        ("{SECRET_KEY: '${SECRET_KEY}'}", False),
        ("['SECRET_KEY=${SECRET_KEY}']", False),
        ("{SECRET_KEY: 'postgres://app:${SECRET_KEY}@db/app'}", False),
        ("{SECRET_KEY: x, OTHER: '${SECRET_KEY}'}", True),
        ("['SECRET_KEY=x', 'OTHER=${SECRET_KEY}']", True),
    ],
)
@pytest.mark.parametrize("form", ["plain", "merged", "shared"])
def test_what_a_secret_replaces_wants_no_variable(environment: str, is_told: bool, form: str) -> None:
    """Wherever it is written: what decides is whether a container gets the text."""
    compose = f"{WEB}    environment: {environment}\n{SECRET}"
    if form != "plain":
        services = WEB.replace("    image", "    <<: *common\n    image") + SECRET
        # Another service gets the text as it stands.
        services += "  api: {<<: *common, image: 'acme/a:1'}\n" if form == "shared" else ""
        compose = f"x-common: &common\n  environment: {environment}\n{services}"
    told = _validate(compose, "{}")[1]
    assert ("the variable SECRET_KEY is unset" in told) == (is_told or form == "shared"), told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTGRES_PASSWORD", "Tr0ub4dor-91x"),
        ("API_TOKEN", "Tr0ub4dor-91x"),
        ("DATABASE_URL", "postgres://app:Tr0ub4dor-91x@db/app"),
        ("WHATEVER", "ghp_" + "Tr0ub4dor91x" * 3),
    ],
)
@pytest.mark.parametrize("place", ["environment", "combination"])
def test_a_secret_in_fairlead_yaml_is_told_without_its_value(name: str, value: str, place: str) -> None:
    variables = f'{{TITLE: x, {name}: "{value}"}}'
    more = ""
    if place == "combination":
        more = f"\nvalidate: {{combinations: {{other: {{compose: [compose.yaml], variables: {variables}}}}}}}"
        variables = "{TITLE: x}"
    code, told = _validate(WEB.replace("    privileged: true\n", ""), variables + more)
    assert code == 11
    assert f"{name} has its value in this file" in told
    assert "[literal-secret]" in told
    assert "fairlead.yaml:" in told
    assert "Tr0ub4dor" not in told


@pytest.mark.parametrize(
    "variables", ["{TITLE: x}", "{KEY_FILE: ./a.pem}", "{API_KEY: /run/secrets/k}", "{DB_PASSWORD: ''}"]
)
def test_a_plain_variable_in_fairlead_yaml_is_none(variables: str) -> None:
    assert "literal-secret" not in _validate(WEB, variables)[1]
