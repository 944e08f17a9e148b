"""Where an app is deployed to, and what two apps of a repository have to agree on where that is one server. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairlead.settings.units import parse_host
from fairlead.settings.urls import is_served_by_name, split_url
from fairlead.starter.beside import Others, Tenant, contested, key_of

PLACEHOLDER = "example.com"
"""The domain of the servers in a draft, which nobody has."""
_MOST_SHOWN = 3


@dataclass(frozen=True)
class Place:
    """Where a draft deploys to.

    Attributes:
        host: the server.
        url: the address.
        beside: the environments of other apps that want the ports which the address stands for.
        edge: whether to stand behind the edge with them.
        made_up: the address is a name to be changed, since that of the server is another app's.
    """

    host: str
    url: str
    beside: tuple[Tenant, ...] = ()
    edge: bool = False
    made_up: bool = False


def plan_place(app: str, host: str, url: str, others: Others) -> Place:
    """Take what was named, and make up the rest: a server, and its name as the address unless that is another app's."""
    host = host or f"deploy@{app}.{PLACEHOLDER}"
    name = parse_host(host).name
    wanted = url or (f"https://[{name}]" if ":" in name else f"https://{name}")
    beside = tuple(one for one in others.on({key_of(host)}) if one.usual)
    is_free = is_served_by_name(wanted) and not any(name.lower() in one.names for one in beside)
    made_up = bool(beside) and not url and not is_free
    if made_up:
        wanted = f"https://{app}.{PLACEHOLDER}"
    return Place(host, wanted, beside, bool(beside) and is_served_by_name(wanted), made_up)


def is_taken(app: str, host: str, others: Others) -> bool:
    """Whether another app of the repository is called so on that server."""
    on = others.on({key_of(host or f"deploy@{app}.{PLACEHOLDER}")})
    return any(one.app == app for one in on)


def describe_place(place: Place) -> Iterator[str]:
    """Why a draft says ``edge``, and what the other files lack, a line each."""
    server = parse_host(place.host).name
    for one in place.beside if place.edge else ():
        lacks = "" if one.edge else ", and needs `edge: true` as well"
        yield f"edge: true, as {one.place} deploys to {server} too{lacks}"


def is_made_up(name: str) -> bool:
    """Whether a hostname is one of a draft, that nobody has named yet."""
    return name == PLACEHOLDER or name.endswith(f".{PLACEHOLDER}")


def describe_sharing(own: Tenant, others: Others) -> Iterator[str]:
    """What is to be changed before two apps of the repository are live on one server, with file and line.

    Args:
        own: the environment that a push goes to.
        others: the environments of the other files.
    """
    beside = others.on(own.hosts)
    server = ", ".join(sorted({host for one in beside for host, _ in one.hosts & own.hosts}))
    if beside and is_made_up(split_url(own.url).hostname or "") and not is_made_up(server):
        yield f"name the address of this app, a hostname of its own that leads to {server}: `url` at {own.address}"
    for one in beside:
        if one.app == own.app:
            yield (
                f"{one.address} deploys to {server} too, and its app is called {own.app} as well: "
                f"say another `app:` or `name:` in {own.address.path}, since one would replace the other"
            )
        for name in sorted(own.names & one.names):
            yield f"{name} is the address of {one.app} ({one.address}): give this app a hostname of its own at {own.address}"
    yield from _ports(own, beside, server)
    if others.unread:
        more = len(others.unread) - _MOST_SHOWN
        told = "; ".join(others.unread[:_MOST_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        yield f"look at what could not be read; where it deploys to the same server, both need `edge: true`: {told}"


def _ports(own: Tenant, beside: Sequence[Tenant], server: str) -> Iterator[str]:
    """Who has to stand behind the edge of the server, and does not yet."""
    rivals = tuple(contested(own, beside))
    lacking = [str(one.place) for one in (*rivals, own) if rivals and not one.edge]
    if lacking:
        apps = ", ".join(dict.fromkeys(one.app for one in rivals))
        yield (
            f"{apps} and this app want ports 80 and 443 of {server}: write `edge: true`, beside a `url` with a hostname, "
            f"at {' and '.join(dict.fromkeys(lacking))}; what is live there without it is to be deployed first"
        )
