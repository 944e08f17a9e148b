"""Why there is no certificate for a name: what the authority said to Caddy, which only Caddy's log tells."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Optional

from ..engine.bounded import Bound
from ..engine.containers import Container, find_edge, find_proxy
from ..engine.engine import Engine
from ..wire.cut import cut
from ..wire.errors import AgentError
from ..wire.plainjson import parse_json
from ..wire.release import Release

_LINES = 5000
_SECONDS = 5.0
_BYTES = 1 << 24
_MAX_TOLD = 400
_OBTAIN = "tls.obtain"
_RENEW = "tls.renew"

_DNS = (
    "DNS does not know the name",
    "make an A or AAAA record for {name} that leads to this host",
)
_UNREACHED = (
    "under that name the authority does not find this host",
    "let DNS lead {name} to this host and nowhere else (A and AAAA), and open ports 80 and 443 to everybody",
)
_LIMITED = (
    "the authority has issued too many lately, and refuses more for now",
    "Caddy tries again by itself: wait until then, or ask for fewer names",
)
_CAA = (
    "a CAA record of the domain lets other authorities certify it, not this one",
    "let the CAA record name this authority, or remove it",
)
_FORBIDDEN = ("the authority certifies no such name", "take a name of a public domain that is yours")
_OTHER = ("the authority refused", "correct what it says; Caddy tries again by itself")
_NO_AUTHORITY = (
    "this host does not reach the authority",
    "let the host out to the authority's address, and give it a DNS that works",
)
# By the problem's type (RFC 8555 and what authorities make of it), and words where several mean one type.
_CAUSES = (
    ("error:rateLimited", _LIMITED),
    ("error:caa", _CAA),
    ("error:dns", _DNS),
    ("NXDOMAIN", _DNS),
    ("resolve URL", _DNS),
    ("error:connection", _UNREACHED),
    ("error:unauthorized", _UNREACHED),
    ("error:tls", _UNREACHED),
    ("error:rejectedIdentifier", _FORBIDDEN),
    ("error:", _OTHER),
    ("dial tcp", _NO_AUTHORITY),
    ("Client.Timeout", _NO_AUTHORITY),
)


@dataclass(frozen=True)
class CertificateRefusal:
    """A name for which there is no certificate: why, with the line of Caddy's log, and what to do."""

    why: str
    fix: str

    def __str__(self) -> str:
        return f"{self.why}; {self.fix}"


def explain_certificate(lines: Iterable[str], name: str) -> Optional[CertificateRefusal]:
    """Why the last try for a name failed, by Caddy's log; None where it did not, or the log does not tell. Pure."""
    message = ""
    for line in lines:
        entry = _entry(line)
        if entry.get("logger") not in (_OBTAIN, _RENEW) or entry.get("identifier") != name:
            continue
        if entry.get("level") == "error":
            message = str(entry.get("error") or entry.get("msg") or "")
        elif "successfully" in str(entry.get("msg")):
            message = ""
    if not message:
        return None
    cause, fix = next((found for mark, found in _CAUSES if mark in message), _OTHER)
    quoted = cut(" ".join(message.split()), _MAX_TOLD)
    return CertificateRefusal(
        f"{name} has no certificate: {cause} (Caddy's log: {quoted})", fix.format(name=name)
    )


def read_refusal(
    engine: Engine, release: Release, containers: Iterable[Container]
) -> Optional[CertificateRefusal]:
    """The same for the name of a release's url, out of the log of whoever ends its TLS."""
    url = urllib.parse.urlsplit(release.url or "")
    ends: Optional[Container] = (
        find_proxy(list(containers), release.proxy) if release.edge is None else find_edge(engine)
    )
    if url.scheme != "https" or ends is None:
        return None
    try:
        lines = list(engine.logs(ends.id, tail=_LINES, bound=Bound(_SECONDS, _BYTES)))
    except AgentError:
        return None
    return explain_certificate(lines, url.hostname or "")


def _entry(line: str) -> dict[str, Any]:
    """A line of the log; nothing where it is none of Caddy's."""
    if not line.startswith("{"):
        return {}
    try:
        found = parse_json(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
