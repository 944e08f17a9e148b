"""Settings come from the environment, secrets from files; all faults are told at once.

Every variable is documented in docs/app.md.
A secret ``BOARD_X`` is read from the file that ``BOARD_X_FILE`` names, or, for development, from ``BOARD_X``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.webhooks import Webhook, parse_webhooks

TOKEN_LENGTH = 16
"""The shortest token that is accepted from the deployers, in characters."""


class SettingsError(Exception):
    """The environment does not hold what the role needs; ``faults`` has one line for each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(f"settings: {fault}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class Secret:
    """A value that never shows in a log or a traceback."""

    value: str

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__


@dataclass(frozen=True)
class Process:
    """What every role needs: its release, its log level, its port and how long it drains (seconds)."""

    release: str
    log_level: str
    port: int
    drain: float


@dataclass(frozen=True)
class Database:
    """Where Postgres is."""

    host: str
    port: int
    name: str
    user: str
    password: Secret


@dataclass(frozen=True)
class Cache:
    """Where Redis is."""

    host: str
    port: int
    password: Secret


@dataclass(frozen=True)
class ApiSettings:
    """The settings of ``api``; ``events_token`` is what a deployer must show."""

    process: Process
    database: Database
    cache: Cache
    events_token: Secret


@dataclass(frozen=True)
class WebSettings:
    """The settings of ``web``."""

    process: Process
    api_url: str


@dataclass(frozen=True)
class WorkerSettings:
    """The settings of ``worker``; ``reclaim`` is after how many seconds a silent worker's job is taken over."""

    process: Process
    database: Database
    cache: Cache
    webhooks: tuple[Webhook, ...]
    public_url: str
    concurrency: int
    reclaim: float


@dataclass(frozen=True)
class MigrateSettings:
    """The settings of ``migrate``."""

    process: Process
    database: Database


class Environment:
    """Reads one variable at a time and keeps the faults, so that all of them can be told together."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._faults: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        """The variable's text; an empty one counts as missing."""
        value = self._environ.get(name, "").strip() or default
        if value is None:
            self.fault(name, "is missing")
            return ""
        return value

    def number(self, name: str, default: float, *, low: float, high: float) -> float:
        """The variable as a number from ``low`` to ``high``."""
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            self.fault(name, f"is {text!r}: expected a number from {low:g} to {high:g}")
            return default
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """The variable, upper-cased, as one of ``choices``."""
        value = self.text(name, default).upper()
        if value not in choices:
            self.fault(name, f"is {value!r}: expected one of {', '.join(choices)}")
        return value

    def url(self, name: str, default: str | None = None) -> str:
        """The variable as an http(s) address without a slash at the end."""
        value = self.text(name, default)
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
            self.fault(name, f"is {value!r}: expected an address such as http://api:8000")
        return value.rstrip("/")

    def secret(self, name: str, *, shortest: int = 1, optional: bool = False) -> Secret:
        """The secret from ``NAME_FILE``, or from ``NAME``; never both."""
        inline, path = self._environ.get(name, ""), self._environ.get(f"{name}_FILE", "")
        if inline and path:
            self.fault(name, f"and {name}_FILE are both set: keep {name}_FILE")
        if not inline and not path:
            if not optional:
                self.fault(f"{name}_FILE", "is missing: it names the file that holds the secret")
            return Secret("")
        value = self._read(f"{name}_FILE", Path(path)) if path else inline
        if value is not None and len(value) < shortest and not optional:
            self.fault(
                f"{name}_FILE" if path else name,
                f"holds {len(value)} characters: expected {shortest} or more",
            )
        return Secret(value or "")

    def _read(self, name: str, path: Path) -> str | None:
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            self.fault(name, f"names {path}: {reason}")
            return None

    def fault(self, name: str, what: str) -> None:
        """Keep one fault of a variable."""
        self._faults.append(f"{name} {what}")

    def finish(self) -> None:
        """Raise ``SettingsError`` if there was any fault."""
        if self._faults:
            raise SettingsError(tuple(self._faults))


def _process(env: Environment) -> Process:
    return Process(
        release=env.text("BOARD_RELEASE", "unknown"),
        log_level=env.choice("BOARD_LOG_LEVEL", "INFO", tuple(logging.getLevelNamesMapping())),
        port=int(env.number("BOARD_PORT", 8000, low=1, high=65535)),
        drain=env.number("BOARD_DRAIN_SECONDS", 1, low=0, high=60),
    )


def _database(env: Environment) -> Database:
    return Database(
        host=env.text("BOARD_DATABASE_HOST"),
        port=int(env.number("BOARD_DATABASE_PORT", 5432, low=1, high=65535)),
        name=env.text("BOARD_DATABASE_NAME", "board"),
        user=env.text("BOARD_DATABASE_USER", "board"),
        password=env.secret("BOARD_DATABASE_PASSWORD"),
    )


def _cache(env: Environment) -> Cache:
    return Cache(
        host=env.text("BOARD_REDIS_HOST"),
        port=int(env.number("BOARD_REDIS_PORT", 6379, low=1, high=65535)),
        password=env.secret("BOARD_REDIS_PASSWORD"),
    )


def _webhooks(env: Environment) -> tuple[Webhook, ...]:
    webhooks, faults = parse_webhooks(env.secret("BOARD_WEBHOOKS", optional=True).value)
    for fault in faults:
        env.fault("BOARD_WEBHOOKS", fault)
    return webhooks


def read_api_settings(environ: Mapping[str, str]) -> ApiSettings:
    """The settings of ``api``.

    Raises:
        SettingsError: with every fault.
    """
    env = Environment(environ)
    settings = ApiSettings(
        process=_process(env),
        database=_database(env),
        cache=_cache(env),
        events_token=env.secret("BOARD_EVENTS_TOKEN", shortest=TOKEN_LENGTH),
    )
    env.finish()
    return settings


def read_web_settings(environ: Mapping[str, str]) -> WebSettings:
    """The settings of ``web``.

    Raises:
        SettingsError: with every fault.
    """
    env = Environment(environ)
    settings = WebSettings(process=_process(env), api_url=env.url("BOARD_API_URL"))
    env.finish()
    return settings


def read_worker_settings(environ: Mapping[str, str]) -> WorkerSettings:
    """The settings of ``worker``.

    Raises:
        SettingsError: with every fault.
    """
    env = Environment(environ)
    settings = WorkerSettings(
        process=_process(env),
        database=_database(env),
        cache=_cache(env),
        webhooks=_webhooks(env),
        public_url=env.url("BOARD_PUBLIC_URL", "http://localhost"),
        concurrency=int(env.number("BOARD_WORKER_CONCURRENCY", 4, low=1, high=64)),
        reclaim=env.number("BOARD_WORKER_RECLAIM_SECONDS", 30, low=1, high=3600),
    )
    env.finish()
    return settings


def read_migrate_settings(environ: Mapping[str, str]) -> MigrateSettings:
    """The settings of ``migrate``.

    Raises:
        SettingsError: with every fault.
    """
    env = Environment(environ)
    settings = MigrateSettings(process=_process(env), database=_database(env))
    env.finish()
    return settings
