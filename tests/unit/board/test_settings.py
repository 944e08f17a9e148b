from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Secret, SettingsError, read_api_settings, read_web_settings, read_worker_settings


@pytest.fixture
def api_environ(tmp_path: Path) -> dict[str, str]:
    files = {"DATABASE_PASSWORD": "pg", "REDIS_PASSWORD": "redis", "EVENTS_TOKEN": "a-token-of-some-length"}
    for name, value in files.items():
        (tmp_path / name).write_text(f"{value}\n")
    return {
        "BOARD_DATABASE_HOST": "postgres",
        "BOARD_REDIS_HOST": "redis",
        **{f"BOARD_{name}_FILE": str(tmp_path / name) for name in files},
    }


def test_secrets_come_from_files_without_the_newline(api_environ: dict[str, str]) -> None:
    settings = read_api_settings(api_environ)
    assert settings.database.password.value == "pg"
    assert settings.events_token.value == "a-token-of-some-length"
    assert settings.process.port == 8000


def test_all_faults_are_told_at_once(api_environ: dict[str, str]) -> None:
    del api_environ["BOARD_DATABASE_HOST"]
    api_environ |= {
        "BOARD_PORT": "eighty",
        "BOARD_LOG_LEVEL": "loud",
        "BOARD_REDIS_PASSWORD_FILE": "/nowhere/redis",
        "BOARD_DATABASE_PASSWORD": "twice",
    }
    with pytest.raises(SettingsError) as caught:
        read_api_settings(api_environ)
    told = str(caught.value).splitlines()
    assert [line.split()[1] for line in told] == [
        "BOARD_LOG_LEVEL",
        "BOARD_PORT",
        "BOARD_DATABASE_HOST",
        "BOARD_DATABASE_PASSWORD",
        "BOARD_REDIS_PASSWORD_FILE",
    ]
    assert "/nowhere/redis: No such file or directory" in told[-1]


def test_a_short_token_is_refused_without_being_shown(api_environ: dict[str, str]) -> None:
    Path(api_environ["BOARD_EVENTS_TOKEN_FILE"]).write_text("tiny")
    with pytest.raises(SettingsError, match="holds 4 characters: expected 16 or more") as caught:
        read_api_settings(api_environ)
    assert "tiny" not in str(caught.value)


def test_a_secret_never_shows() -> None:
    assert f"{Secret('hunter2')} {Secret('hunter2')!r}" == "*** ***"
    assert "hunter2" not in repr(read_web_settings({"BOARD_API_URL": "http://api:8000"}))


@pytest.mark.parametrize("url", ["api:8000", "ftp://api", "http://"])
def test_the_address_of_the_api_must_be_one(url: str) -> None:
    with pytest.raises(SettingsError, match="BOARD_API_URL"):
        read_web_settings({"BOARD_API_URL": url})


def test_webhooks_are_optional_and_their_faults_are_told_by_line(
    api_environ: dict[str, str], tmp_path: Path
) -> None:
    assert read_worker_settings(api_environ).webhooks == ()
    hooks = tmp_path / "hooks"
    hooks.write_text(
        "# who is told\nteam https://hooks.example.com/secret\n\nteam https://x.example\nother\nBad! http://y\n"
    )
    with pytest.raises(SettingsError) as caught:
        read_worker_settings({**api_environ, "BOARD_WEBHOOKS_FILE": str(hooks)})
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "BOARD_WEBHOOKS line 4",
        "BOARD_WEBHOOKS line 5",
        "BOARD_WEBHOOKS line 6",
    ]
    assert "example.com/secret" not in str(caught.value)
    hooks.write_text("team https://hooks.example.com/secret\n")
    (webhook,) = read_worker_settings({**api_environ, "BOARD_WEBHOOKS_FILE": str(hooks)}).webhooks
    assert (webhook.name, webhook.url) == ("team", "https://hooks.example.com/secret")
    assert "secret" not in repr(webhook)
