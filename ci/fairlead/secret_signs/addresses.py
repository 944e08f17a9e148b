"""Passwords in addresses (``scheme://user:password@host``) and connection strings (``Server=db;Password=…``)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = frozenset(
    (
        *("password", "pwd", "passwd", "userpassword", "sslpassword", "accountkey", "sharedaccesskey"),
        *("sharedsecretvalue", "clientsecret", "accesstoken"),
    )
)
"""Keys of connection strings, in lower case and without what separates their words."""
_SEPARATORS = dict.fromkeys(map(ord, "_- "), "")
_PIECES = dict.fromkeys(map(ord, "?&;\n"), ";")


def passwords_in(text: str) -> Iterator[str]:
    """Each password that stands in an address or a connection string of a text."""
    if "://" in text:
        yield from _in_addresses(text)
    if "=" in text:
        yield from _in_pairs(text)


def is_closed(password: str) -> bool:
    """Whether a password is there: the container's shell does not fill it in, and it is no documentation."""
    return not password.startswith(("$", "`", "<", "{", "%", "[")) and password.strip("*x.") != ""


def _in_addresses(text: str) -> Iterator[str]:
    for rest in text.split("://")[1:]:
        words = rest.split("/")[0].split("?")[0].split()
        authority = words[0] if words else ""
        user, at, _ = authority.rpartition("@")
        _, colon, password = user.partition(":")
        if at and colon and password:
            yield password


def _in_pairs(text: str) -> Iterator[str]:
    pieces = text.translate(_PIECES).split(";")
    if len(pieces) == 1:
        pieces = text.split()
    if sum("=" in piece for piece in pieces) < 2 and "://" not in text:
        return
    for piece in pieces:
        key, equals, value = piece.partition("=")
        if equals and key.strip().lower().translate(_SEPARATORS) in _KEYS and value.strip():
            yield value.strip().strip("'\"")
