"""Registry credentials: from the environment, or from Docker's own configuration.

They reach a tool in a file of mode 0600 that is gone when the tool is, never on a command line.

In a job fairlead.yaml is whoever's who opened the pull request: it says no registry that gets a login. One that the
workflow gives is for the registry that the workflow names. The job's own token, which can do more than push, is for
GitHub's registry alone, whoever names another one.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from fairlead import files, passed
from fairlead.errors import InputError
from fairlead.image.registry.docker_login import DOCKER_HUB, DOCKER_HUB_KEY, TOKEN, find_docker_login
from fairlead.report import redact

USERNAME = "FAIRLEAD_REGISTRY_USERNAME"
PASSWORD = "FAIRLEAD_REGISTRY_PASSWORD"  # noqa: S105 - the name of the variable
LOGIN_HOST = "FAIRLEAD_REGISTRY_HOST"
REGISTRY = "FAIRLEAD_REGISTRY"
JOB_TOKEN = "FAIRLEAD_JOB_TOKEN"  # noqa: S105 - the name of the variable
_SERVER = re.compile(r"https://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)/?", re.IGNORECASE)
_INSTALLATION = "ghs_"
"""How the token of a job begins, as that of every installation of a GitHub app.
Source: docs.github.com, "About authentication to GitHub", token formats."""


@dataclass(frozen=True)
class Credentials:
    """A login to one registry host."""

    host: str
    username: str
    password: str = field(repr=False)

    def docker_auth(self) -> dict[str, Any]:
        """As Docker's ``config.json`` holds it."""
        token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        key = DOCKER_HUB_KEY if self.host == DOCKER_HUB else self.host
        return {"auths": {key: {"auth": token}}}


def registry_host(reference: str) -> str:
    """The registry of an image reference: ``ghcr.io``, ``127.0.0.1:5080``; ``docker.io`` where it names none."""
    first, slash, _ = reference.partition("/")
    is_host = slash and ("." in first or ":" in first or first == "localhost")
    return first if is_host else DOCKER_HUB


def is_loopback(host: str) -> bool:
    """Whether a registry is on this machine: plain HTTP is fine there, as for the Docker engine.

    ``localhost`` or an address, as a whole: ``127.0.0.1.example.com`` is anybody's.
    """
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    if name == "localhost":
        return True
    is_bracketed = name.startswith("[") and name.endswith("]")
    try:
        address = ip_address(name[1:-1] if is_bracketed else name)
    except ValueError:
        return False
    return address.is_loopback and is_bracketed == (address.version == 6)


def read_credentials(host: str, environ: Mapping[str, str]) -> Credentials | None:
    """The login from ``FAIRLEAD_REGISTRY_USERNAME`` and ``FAIRLEAD_REGISTRY_PASSWORD``, else the job's own, or None.

    Raises:
        InputError: only one of the two is set, or the login was issued for another host.
    """
    username, password = environ.get(USERNAME, ""), environ.get(PASSWORD, "")
    if not (username or password):
        return _read_job_login(host, environ)
    if password and not username and _in_job(environ):
        username = _actor(environ)
    if bool(username) != bool(password):
        missing = PASSWORD if username else USERNAME
        raise InputError(f"{missing} is empty or not set", why="a login needs both", fix=f"set {missing} too")
    redact(password)
    _refuse_other_host(host, environ, password)
    return Credentials(host, username, password)


def login_host(environ: Mapping[str, str]) -> str | None:
    """The host that the login in the variables was issued for; None for whichever, empty for one nobody told."""
    if environ.get(LOGIN_HOST):
        return environ[LOGIN_HOST]
    if environ.get(REGISTRY):
        return registry_host(f"{environ[REGISTRY].strip()}/image")
    if _in_job(environ):
        return github_registry(environ)
    return "" if environ.get("CI") else None


def github_registry(environ: Mapping[str, str]) -> str:
    """The registry that belongs to ``GITHUB_SERVER_URL``; empty where that does not tell.

    It is ``containers.HOST`` of GHE.com, and of an Enterprise Server with subdomain isolation, without which it has none
    (``docker.HOST`` serves no engine from 25 on). Source: docs.github.com, "Working with the Container registry".
    """
    found = _SERVER.fullmatch(environ.get("GITHUB_SERVER_URL", ""))
    host = found["host"].lower() if found else ""
    if not host or _is_address(host):
        return ""
    return "ghcr.io" if host == "github.com" else f"containers.{host}"


def _read_job_login(host: str, environ: Mapping[str, str]) -> Credentials | None:
    """The job's own login, where ``host`` is GitHub's own registry."""
    token = environ.get(JOB_TOKEN, "")
    if not (token and _in_job(environ) and host == github_registry(environ)):
        return None
    redact(token)
    return Credentials(host, _actor(environ), token)


def _in_job(environ: Mapping[str, str]) -> bool:
    return environ.get("GITHUB_ACTIONS") == "true"


def _actor(environ: Mapping[str, str]) -> str:
    """Who a job runs for; GitHub's registry takes any name beside a token."""
    return environ.get("GITHUB_ACTOR") or "github-actions"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_job_token(password: str, environ: Mapping[str, str]) -> bool:
    own = (environ.get(name) for name in (JOB_TOKEN, "GITHUB_TOKEN"))
    return _in_job(environ) and (password.startswith(_INSTALLATION) or password in own)


def _refuse_other_host(host: str, environ: Mapping[str, str], password: str) -> None:
    if _is_job_token(password, environ):
        own = github_registry(environ)
        if host == own:
            return
        raise InputError(
            f"{host} would get the job's own token, which can do more than push images",
            why=f"it is for {own} alone"
            if own
            else "which registry it is for cannot be told: GITHUB_SERVER_URL is no https address of a named host",
            fix=f"give registry-username and registry-password of {host}, or use docker/login-action before",
        )
    issued = login_host(environ)
    if issued is None or issued == host:
        return
    raise InputError(
        f"{host} would get the login of {USERNAME}, which is not known to be for it",
        why=f"it is the login for {issued}"
        if issued
        else "in a job fairlead.yaml does not say who gets a login",
        fix=f"if it is for {host}, name the registry in {REGISTRY}, or set {LOGIN_HOST}={host}",
    )


def find_credentials(host: str, environ: Mapping[str, str]) -> Credentials | None:
    """The login from the environment, else from Docker's configuration and its credential helpers, or None.

    So the one of docker/login-action counts for its registry.

    For a server that is to pull: a name and a password.
    """
    found = find_login(host, environ)
    return found if found is not None and found.username != TOKEN else None


def find_login(host: str, environ: Mapping[str, str]) -> Credentials | None:
    """As ``find_credentials``; it may be a token for tokens, of the name ``TOKEN``."""
    return read_credentials(host, environ) or find_stored_login(host, environ)


def find_stored_login(host: str, environ: Mapping[str, str]) -> Credentials | None:
    """The login from Docker's configuration and its credential helpers, or None; it may be a token."""
    found = find_docker_login(host, _read_config(_docker_folder(environ) / "config.json"))
    if found is None:
        return None
    username, password = found
    redact(password)
    return Credentials(host, username, password)


@contextlib.contextmanager
def docker_config(credentials: Credentials | None, environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Variables with which docker and buildx are logged in, on top of the user's own configuration."""
    if credentials is None:
        yield {}
        return
    own = _docker_folder(environ)
    with files.temporary_folder("fairlead-login-") as folder:
        for entry in own.iterdir() if own.is_dir() else ():
            if entry.name != "config.json":
                files.borrow(folder / entry.name, entry)
        _write_private(folder / "config.json", _merged(_read_config(own / "config.json"), credentials))
        # Buildx keeps locks and references below its folder: it must be the user's own.
        yield {
            "DOCKER_CONFIG": str(folder),
            "BUILDX_CONFIG": environ.get("BUILDX_CONFIG") or str(own / "buildx"),
        }


def login_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The names of variables that the credential helpers of Docker's configuration log in with."""
    config = _read_config(_docker_folder(environ) / "config.json")
    helpers = {str(config.get("credsStore") or ""), *map(str, (config.get("credHelpers") or {}).values())}
    return tuple(name for helper in sorted(helpers) for name in passed.CLOUD_LOGINS.get(helper, ()))


def _docker_folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _merged(config: dict[str, Any], credentials: Credentials) -> dict[str, Any]:
    login = credentials.docker_auth()["auths"]
    # An empty helper for this host: else the user's credential store would be asked and not the file.
    helpers = {**config.get("credHelpers", {}), **dict.fromkeys(login, "")}
    return {**config, "auths": {**config.get("auths", {}), **login}, "credHelpers": helpers}


def _read_config(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _write_private(path: Path, value: dict[str, Any]) -> Path:
    files.create(path, json.dumps(value), mode=0o600)
    return path
