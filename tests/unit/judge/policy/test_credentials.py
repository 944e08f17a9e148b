"""Secrets are found wherever they stand, by what is written there; what only looks like one is left alone."""

from __future__ import annotations

import json
import random
import string
import time
from pathlib import Path
from typing import Any

import pytest

from fairlead.app.services import infer_services
from fairlead.composefile.loader import load_model
from fairlead.findings import Finding
from fairlead.judge.policy import Subject, make_policy, policy_findings

SECRET_RULES = {"literal-secret", "default-password", "secret-in-environment"}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(service: dict[str, Any], **variables: str) -> list[Finding]:
    """What the rules on secrets say of a service, whatever else is wrong with it."""
    file = Path("compose.yaml")
    file.write_text(json.dumps({"name": "demo", "services": {"web": {"image": "acme/web:1", **service}}}))
    model = load_model([file], variables=variables)
    services = infer_services(model.value["services"], root=Path.cwd(), deployed=False)
    told = policy_findings(Subject(model, services, make_policy()))
    return [finding for finding in told if finding.rule in SECRET_RULES]


def rules(service: dict[str, Any], **variables: str) -> set[str]:
    return {finding.rule for finding in found(service, **variables)}


def random_value(chance: random.Random) -> str:
    return "q" + "".join(chance.choices(string.ascii_letters + string.digits, k=chance.randint(8, 40)))


NAMES = (
    *("DB_PASSWORD", "db.password", "PASSWORD1", "API_KEY_2", "jwtSecret", "SMTP_PASS", "Auth__ApiKey"),
    *("SPRING_DATASOURCE_PASSWORD", "ACCESS_TOKEN", "aws-secret-access-key", "SESSION_KEY"),
)


def places(name: str, value: str) -> dict[str, dict[str, Any]]:
    return {
        "environment": {"environment": {name: value}},
        "list": {"environment": [f"{name}={value}"]},
        "args": {"build": {"context": ".", "args": {name: value}}},
        "args as a list": {"build": {"context": ".", "args": [f"{name}={value}"]}},
        "labels": {"labels": {name: value}},
        "labels as a list": {"labels": [f"{name}={value}"]},
        "address": {"environment": {"URL": f"postgres://app:{value}@db/app"}},
        "connection string": {"environment": {"ConnectionStrings__Default": f"Server=db;Password={value};"}},
        "command": {"command": f"serve --password {value}"},
        "command as a list": {"command": ["serve", f"--password={value}"]},
        "entrypoint": {"entrypoint": ["sh", "-c", f"API_TOKEN={value} exec serve"]},
        "health check": {"healthcheck": {"test": f"redis-cli -a {value} ping"}},
        "health check's words": {"healthcheck": {"test": ["CMD-SHELL", f"mysqladmin ping -p{value}"]}},
    }


@pytest.mark.parametrize("place", places("", ""))
def test_a_value_is_found_in_every_place_under_every_name(place: str) -> None:
    chance = random.Random(place)  # noqa: S311 - the same values each time
    for name in NAMES:
        value = random_value(chance)
        assert rules(places(name, value)[place]) == {"literal-secret"}, (name, value)
        assert rules(places(name, f"${{GIVEN:-{value}}}")[place]) == {"literal-secret"}, (name, value)
        assert rules(places(name, "${GIVEN}")[place]) == {"secret-in-environment"}, name
        assert rules(places(name, "$GIVEN")[place], GIVEN=value) == {"secret-in-environment"}, name
        assert rules(places(name, "changeme")[place]) == {"default-password"}, name
        for finding in found(places(name, value)[place]):
            assert value not in f"{finding.what} {finding.fix}"


BENIGN = (
    *(
        "FORGOT_PASSWORD",
        "MAX_TOKEN",
        "NEXT_PUBLIC_API_KEY",
        "PASSWORD_MIN_LENGTH",
        "TOKEN_TTL",
        "PASSWORD_FILE",
    ),
    *("SECRET_KEY_BASE_FILE", "DISABLE_PASSWORD", "REQUIRE_TOKEN", "SORT_KEY", "PUBLIC_KEY", "SECRETS_DIR"),
    *("KEYBOARD", "PASSENGER_COUNT", "TOKENIZERS_PARALLELISM", "KEYCLOAK_REALM", "AUTHOR", "PWD"),
)
PLACES_OF_NAMES = ("environment", "list", "args", "args as a list", "labels", "labels as a list")


@pytest.mark.parametrize("name", BENIGN)
def test_a_name_that_only_sounds_like_a_secret_is_left_alone(name: str) -> None:
    chance = random.Random(name)  # noqa: S311 - the same values each time
    for place in PLACES_OF_NAMES:
        assert found(places(name, random_value(chance))[place]) == []
        assert found(places(name, "${GIVEN:?}")[place], GIVEN="x") == []


@pytest.mark.parametrize(
    "value", ["", "true", "no", "0", "/run/secrets/x", "./x", "file:/x", "op://a/b", "<secret>"]
)
def test_a_value_that_is_none_is_left_alone(value: str) -> None:
    for place in PLACES_OF_NAMES:
        assert found(places("DB_PASSWORD", value)[place]) == []


def test_a_file_of_variables_is_told_once_with_the_names_of_its_secrets() -> None:
    Path("app.env").write_text(
        "MODE=x\nDB_PASSWORD=hunter2\nAPI_KEY=abc\nURL=redis://:hunter2@cache\nTTL_TOKEN=\n"
    )
    (finding,) = found({"env_file": ["app.env"]})
    assert finding.rule == "secret-in-environment"
    assert finding.what.endswith(
        "app.env gives secrets as variables, which `docker inspect` shows: DB_PASSWORD, API_KEY, URL"
    )
    assert finding.location is not None
    assert (finding.location.path, finding.location.line) == ("app.env", 2)


@pytest.mark.parametrize("value", ["one", "two", None])
def test_what_a_variable_has_here_does_not_change_the_verdict(value: str | None) -> None:
    service = {
        "environment": {
            "DB_PASSWORD": "${GIVEN}",
            "URL": "postgres://a:${GIVEN}@db",
            "API_KEY": "${GIVEN:-abc}",
        },
        "command": "serve --password $GIVEN",
    }
    told = found(service, **({"GIVEN": value} if value else {}))
    assert [(one.rule, one.path[2]) for one in told] == [
        ("literal-secret", "environment"),
        *(("secret-in-environment", step) for step in ("environment", "environment", "command")),
    ]


@pytest.mark.parametrize(
    "piece",
    [
        "${",
        "${A:-",
        "a://b:",
        "a://b:c@",
        "pwd=",
        "-a ",
        "--password ",
        "redis-cli -a x ",
        "=;",
        "$A",
        "$$",
        "}{",
    ],
)
def test_the_time_for_a_text_grows_with_its_length(piece: str) -> None:
    from fairlead.secret_signs.addresses import passwords_in
    from fairlead.secret_signs.words import secrets_in
    from fairlead.secret_signs.written import reduced

    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        best = float("inf")
        for _ in range(3):
            began = time.process_time()
            reduced(text)
            list(passwords_in(text))
            list(secrets_in(text.split()))
            best = min(best, time.process_time() - began)
        return best

    # Of twice the length about twice the time; a square would be four times.
    assert seconds(1 << 18) < 3.2 * seconds(1 << 17) + 0.05
