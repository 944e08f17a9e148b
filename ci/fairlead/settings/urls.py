"""What the edge of a host can tell of an address: names, at the usual ports. Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)


def is_served_by_name(url: str) -> bool:
    """Whether the edge of a host could serve this url."""
    host = urlsplit(url).netloc.lower().rstrip("/")
    return has_usual_port(url) and not is_address(url) and HOSTNAME.fullmatch(host) is not None


def has_usual_port(url: str) -> bool:
    """Whether the url names no port."""
    return urlsplit(url).netloc.rpartition(":")[2] == urlsplit(url).netloc


def is_address(url: str) -> bool:
    """Whether the url names an IP address instead of a host."""
    try:
        ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return False
    return True
