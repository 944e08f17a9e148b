"""What the edge of a host can tell of an address: names, at the usual ports. Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)


def split_url(url: str) -> SplitResult:
    """The parts of a url; empty ones where it is none: with a port or an address that cannot be, `https://[1:2]:0`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return urlsplit("")
    return urlsplit("") if port == 0 else parts


def is_served_by_name(url: str) -> bool:
    """Whether the edge of a host could serve this url."""
    host = split_url(url).netloc.lower().rstrip("/")
    return has_usual_port(url) and not is_address(url) and HOSTNAME.fullmatch(host) is not None


def has_usual_port(url: str) -> bool:
    """Whether the url names no port."""
    netloc = split_url(url).netloc
    return netloc.rpartition(":")[2] == netloc


def holds_usual_ports(url: object) -> bool:
    """Whether what answers there holds 80 or 443 of its host, as far as is known: without a url nobody knows."""
    return not isinstance(url, str) or split_url(url).port in {None, 80, 443}


def is_address(url: str) -> bool:
    """Whether the url names an IP address instead of a host."""
    try:
        ip_address(split_url(url).hostname or "")
    except ValueError:
        return False
    return True
