"""How a registry asks who is there, and the answer to that: a password, or a token that another server gives for it.

https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.image.registry.credentials import Credentials
from fairlead.image.registry.docker_login import TOKEN

_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]*)\s+(?=[A-Za-z])")
_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True)
class Challenge:
    """What a registry wants to be shown. ``realm`` is where tokens are given."""

    scheme: str
    realm: str = ""
    service: str = ""


@dataclass(frozen=True)
class TokenRequest:
    """A question for a token. ``form`` is sent where it is not empty, else ``query`` is asked for."""

    url: str
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    authorization: str = ""


def parse_challenge(header: str) -> Challenge | None:
    """The challenge that is met: a token where there is the choice; None where none is known."""
    found: dict[str, Challenge] = {}
    marks = list(_SCHEME.finditer(header))
    for mark, following in zip(marks, [*marks[1:], None], strict=False):
        text = header[mark.end() : following.start() if following else len(header)]
        values: Mapping[str, str] = {
            name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain
            for name, quoted, plain in _PARAMETER.findall(text)
        }
        scheme = mark[1].lower()
        found.setdefault(scheme, Challenge(scheme, values.get("realm", ""), values.get("service", "")))
    return found.get("bearer") or found.get("basic")


def basic(login: Credentials) -> str:
    """The header for a name and a password."""
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


def plan_token(challenge: Challenge, scopes: tuple[str, ...], login: Credentials | None) -> TokenRequest:
    """The question for a token of some scopes, with the login if there is one. Pure."""
    asked = (*((("service", challenge.service),) if challenge.service else ()),)
    if login is not None and login.username == TOKEN:
        form = (
            *(("grant_type", "refresh_token"), ("client_id", "fairlead"), ("refresh_token", login.password)),
            *asked,
            ("scope", " ".join(scopes)),
        )
        return TokenRequest(challenge.realm, form=form)
    query = (*asked, *(("scope", scope) for scope in scopes))
    return TokenRequest(challenge.realm, query=query, authorization=basic(login) if login else "")
