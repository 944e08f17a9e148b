"""The logins that ``docker login`` left: in Docker's configuration, or with a credential helper.

A helper is a program of the user's; it is asked as any other, and sees what it logs in with and no secret of the job.
https://github.com/docker/docker-credential-helpers
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from fairlead import passed, process
from fairlead.errors import CommandFailedError, ToolMissingError

DOCKER_HUB = "docker.io"
# Docker files the login of its own registry under the address of an API that is no more.
DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_SECONDS = 60.0
TOKEN = "<token>"  # noqa: S105 - what a helper says in place of a name
"""In place of a name: the password is a token that is good for tokens alone, as Azure's registry gives one."""


def find_docker_login(host: str, config: Mapping[str, Any]) -> tuple[str, str] | None:
    """The name and password for a registry, the name ``TOKEN`` where it is one; None where there is none."""
    server = DOCKER_HUB_KEY if host == DOCKER_HUB else host
    helper = (config.get("credHelpers") or {}).get(server) or config.get("credsStore")
    return (_ask(str(helper), server) if helper else None) or parse_login(host, config)


def parse_login(host: str, config: Mapping[str, Any]) -> tuple[str, str] | None:
    """The login for a registry that stands in the configuration itself."""
    for key, entry in (config.get("auths") or {}).items():
        if _host_of(str(key)) != host or not isinstance(entry, dict):
            continue
        try:
            told = base64.b64decode(str(entry.get("auth") or "")).decode()
        except ValueError:
            continue
        username, _, password = told.partition(":")
        found = username or entry.get("username"), password.rstrip("\0") or entry.get("password")
        if entry.get("identitytoken"):
            found = TOKEN, entry["identitytoken"]
        if all(found):
            return str(found[0]), str(found[1])
    return None


def parse_answer(told: str) -> tuple[str, str] | None:
    """What a helper answers; None where it holds no login."""
    try:
        answer = json.loads(told)
        found = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError):
        return None
    return found if all(found) else None


def _ask(helper: str, server: str) -> tuple[str, str] | None:
    argv = (f"docker-credential-{helper}", "get")
    also = passed.CLOUD_LOGINS.get(helper, ())
    try:
        done = process.run(argv, stdin=server.encode(), also=also, timeout=_SECONDS, check=False)
    except (ToolMissingError, CommandFailedError):
        return None
    return parse_answer(done.stdout) if done.ok else None


def _host_of(key: str) -> str:
    """The host of a key, which may be an address with a scheme and a path."""
    host = key.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return DOCKER_HUB if host == "index.docker.io" else host
