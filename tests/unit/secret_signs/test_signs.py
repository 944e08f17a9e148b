"""By what a secret is told: names, addresses, connection strings, what is written of a variable."""

from __future__ import annotations

import pytest

from fairlead.secret_signs.addresses import is_closed, passwords_in
from fairlead.secret_signs.names import is_secret_name
from fairlead.secret_signs.values import is_secret_value
from fairlead.secret_signs.words import secrets_in
from fairlead.secret_signs.written import VARIABLE, is_known, is_value, reduced


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "db-password",
        "PGPASSWORD",
        "MYSQL_PWD",
        "JWT_SECRET",
        "apiKey",
        "STRIPE_API_KEY",
        "githubToken",
        "SECRET_KEY_BASE",
        "AWS_SECRET_ACCESS_KEY",
        "REDISCLI_AUTH",
        "DB_PASS",
        "ENCRYPTION_KEY",
        "GCP_CREDENTIALS",
        "PASSWORD1",
        "DB_PASS_2",
        "SERVICE_ROLE_KEY_SECRET",
        "NEO4J_AUTH",
    ],
)
def test_a_secret_is_told_by_its_name(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD_FILE",
        "PASSWORD_MIN_LENGTH",
        "ALLOW_EMPTY_PASSWORD",
        "TOKEN_TTL",
        "AWS_ACCESS_KEY_ID",
        "KEY",
        "PWD",
        "COMPASS",
        "PUBLIC_KEY",
        "SORT_KEY",
        "SECRET_NAME",
        "BYPASS",
        "AUTH",
        "MONKEY",
        "TOKENIZER",
        "FORGOT_PASSWORD",
        "MAX_TOKEN",
        "NEXT_PUBLIC_API_KEY",
        "SECRET_KEY_BASE_FILE",
        "KAFKA_SSL_KEY_CREDENTIALS",
        "KAFKA_SSL_KEYSTORE_CREDENTIALS",
        "SCHEMA_REGISTRY_KAFKASTORE_SSL_TRUSTSTORE_CREDENTIALS",
        "2",
        "",
    ],
)
def test_what_only_sounds_like_a_secret_is_none(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "has_one"),
    [
        ("postgres://app:pw@db/app", True),
        ("redis://:pw@cache", True),
        ("amqp://a:b@one,amqp://c@two", True),
        ("http://proxy:8080", False),
        ("postgres://app@db/app", False),
        ("https://example.com/a:b@c", False),
        ("https://example.com?x=a:b@c", False),
        ("postgres://app:$(cat /run/secrets/pw)@db", False),
        ("postgres://user:xxx@db", False),
        ("://", False),
        ("file:///etc/x", False),
        ("http:// x", False),
        ("Server=db;Password=pw;", True),
        ("Server=db;User Id=app;Pwd=pw", True),
        ("AccountName=a;AccountKey=pw==", True),
        ("host=db password=pw", True),
        ("jdbc:mysql://db/app?user=a&password=pw", True),
        ("password=pw", False),
        ("Server=db;Password=$PW", False),
        ("min=1;max=2", False),
    ],
)
def test_a_password_in_an_address_is_seen(text: str, has_one: bool) -> None:
    assert any(map(is_closed, passwords_in(text))) == has_one


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("plain", "plain"),
        ("${A}", VARIABLE),
        ("$A.b", f"{VARIABLE}.b"),
        ("${A:-x}", "x"),
        ("${A-x}", "x"),
        ("${A:-}", VARIABLE),
        ("${A:?say it}", VARIABLE),
        ("${A:+x}", VARIABLE),
        ("${A:-${B}}", VARIABLE),
        ("${A:-${B:-x}}", "x"),
        ("a${A}b", f"a{VARIABLE}b"),
        ("$$A", "$A"),
        ("$", "$"),
        ("${A", VARIABLE),
        ("${${${${${A", VARIABLE),
    ],
)
def test_what_is_written_is_told_without_variables(written: str, left: str) -> None:
    assert reduced(written) == left


@pytest.mark.parametrize(
    "text", ["", "true", "0", "/run/secrets/x", "$A", "<secret>", "{{ x }}", "***", "XXX-XXX", "op://a"]
)
def test_a_switch_a_place_and_a_gap_are_no_values(text: str) -> None:
    assert not is_value(text)


@pytest.mark.parametrize(
    ("text", "known"),
    [("Admin", True), ("changeme!", True), ("your-key", True), ("!changeme!", True), ("hunter2", False)],
)
def test_what_everybody_tries_is_known(text: str, known: bool) -> None:
    assert is_known(text) == known


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("serve --db-password=x", ["x"]),
        ("serve --db-password x --verbose", ["x"]),
        ("java -Dspring.datasource.password=x", ["x"]),
        ("PGPASSWORD=x psql", ["x"]),
        ("redis-cli -a x ping", ["x"]),
        ("/usr/bin/mysqladmin ping -px", ["x"]),
        ("mysqladmin ping -u root --password=x", ["x"]),
        ("curl -u app:x http://localhost", ["x"]),
        ("curl -H Authorization: Bearer x", ["x"]),
        ("mysql --password db", []),
        ("psql -p 5432", []),
        ("redis-cli ping | grep -a x", []),
        ("serve --password-file x --max-token 3", []),
        ("serve --token", [""]),
    ],
)
def test_a_secret_on_a_command_line_is_seen(line: str, found: list[str]) -> None:
    assert [value for _, _, value in secrets_in(line.split())] == found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("GOOGLE_APPLICATION_CREDENTIALS", "gcp-credentials.json"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "my-project-123456-0a1b2c3d4e5f.json"),
        ("JWT_PRIVATE_KEY", "keys/jwt.pem"),
        ("JWT_PRIVATE_KEY", f"{VARIABLE}/jwt.pem"),
        ("JWT_SECRET", "config/secrets/jwt.txt"),
        ("private-key", "server.key"),
        ("private-key", "MyServer1.pem"),
        ("credentials", "creds.json"),
        ("APP_AUTH", "basic"),
        ("ADMIN_AUTH", "LDAP"),
        ("SERVICE_AUTH", "oauth2"),
        ("API_AUTH", "bearer"),
        ("api-auth", "SCRAM-SHA-256"),
        ("SESSION_KEY", "user_id"),
        ("DB_PASSWORD", '"none"'),
        ("WIREGUARD_PRIVATE_KEY", "'<PRIVKEY>'"),
        ("DD_API_KEY", "invalid_key_but_this_is_fine"),
    ],
)
def test_a_file_a_method_a_field_and_a_word_for_none_are_no_secrets(name: str, text: str) -> None:
    assert not is_secret_value(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DB_PASSWORD", "hunter2.key"),
        ("API_KEY", "hunter2.key"),
        ("JWT_SECRET", "hunter2.pem"),
        ("JWT_PRIVATE_KEY", "x7Kq9Lm2PzR4.key"),
        ("JWT_PRIVATE_KEY", "9f86d081884c7d659a2feaa0c55ad015.pem"),
        ("ENCRYPTION_KEY", "a b!.pem"),
        ("ENCRYPTION_KEY", "dGhpcyBpcyBh/IHNlY3JldA"),
        ("GCP_CREDENTIALS", '{"private_key": "x"}'),
        ("APP_AUTH", "hunter2"),
        ("REDISCLI_AUTH", "token"),
        ("SESSION_KEY", "q7user_id"),
        ("ENCRYPTION_KEY", "user_id"),
        ("ENCRYPTION_KEY", "dummy"),
        ("DB_PASSWORD", "invalid"),
        ("DB_PASSWORD", '"hunter2"'),
        ("DB_PASSWORD", "'"),
    ],
)
def test_what_looks_like_a_place_or_a_method_hides_no_secret(name: str, text: str) -> None:
    assert is_secret_value(name, text)
