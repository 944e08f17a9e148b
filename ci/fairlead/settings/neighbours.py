"""Environments that share a host: what the app is called there, and what two of them cannot have. Pure.

On a server an app is its folder and its Compose project, so that two environments need two names. The first one in
the file that lists a host has the app's own name; a later one that lists the same host is called ``<app>-<environment>``.
So an environment that is added below renames nobody, and ``name:`` decides where that does not fit. One that shares a
host stands behind its edge unless it says otherwise: both cannot hold ports 80 and 443.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.findings import Finding
from fairlead.positions import Document, ValuePath
from fairlead.quick.records import dataclass
from fairlead.settings.units import parse_host
from fairlead.settings.urls import is_served_by_name, split_url

RESERVED_APPS = frozenset({"agents", "edge", "fairlead"})
"""Names that Fairlead's own folders and projects have on a server."""
_LONGEST = 31


@dataclass(frozen=True)
class Standing:
    """How an environment stands on its hosts: its name there, whether behind the edge, who else is there by which host."""

    name: str
    edge: bool
    beside: Mapping[str, str]


def plan_standings(raw: Mapping[str, Any]) -> dict[str, Standing]:
    """How each environment of a fairlead.yaml stands; what is of the wrong type is passed over."""
    listed = raw.get("environments")
    environments = {
        str(name): one
        for name, one in (listed.items() if isinstance(listed, dict) else ())
        if isinstance(one, dict)
    }
    hosts = {name: hosts_of(one) for name, one in environments.items()}
    order = list(environments)
    standings = {}
    for number, name in enumerate(order):
        beside = {
            other: min(hosts[name] & hosts[other])[0]
            for other in order
            if other != name and hosts[name] & hosts[other]
        }
        later = any(other in beside for other in order[:number])
        plain = f"{raw.get('app')}-{name}" if later else str(raw.get("app"))
        own, edge = environments[name].get("name"), environments[name].get("edge")
        behind = bool(beside) and _can_stand_behind(environments[name].get("url"))
        standings[name] = Standing(
            own if isinstance(own, str) else plain, edge if isinstance(edge, bool) else behind, beside
        )
    return standings


def neighbour_findings(document: Document) -> Iterator[Finding]:
    """What two environments of one host cannot both have, told at the later one."""
    standings = plan_standings(document.value)
    environments = document.value.get("environments")
    told: list[str] = []
    for name, standing in standings.items():
        path = ("environments", name)
        yield from _name_findings(document, path, environments[name], standing)
        for other in told:
            if other in standing.beside:
                pair = (environments[other], environments[name])
                yield from _clashes(document, path, pair, (standings[other], standing), other)
        told.append(name)


def _name_findings(
    document: Document, path: ValuePath, environment: Mapping[str, Any], standing: Standing
) -> Iterator[Finding]:
    if standing.name in RESERVED_APPS and "name" in environment:
        what = f"an app cannot be called {standing.name}: that name is Fairlead's own"
        yield Finding(what, document.location((*path, "name")), rule="settings")
    if len(standing.name) > _LONGEST and "name" not in environment:
        what = f"it shares a host with {', '.join(standing.beside)}, and {standing.name} is too long for a name there"
        fix = f"say `name:`, at most {_LONGEST} letters, digits and dashes"
        yield Finding(what, document.location(path, key=True), fix, "settings")


def _clashes(
    document: Document,
    path: ValuePath,
    pair: tuple[Mapping[str, Any], Mapping[str, Any]],
    standings: tuple[Standing, Standing],
    other: str,
) -> Iterator[Finding]:
    host = standings[1].beside[other]
    if standings[0].name == standings[1].name:
        place = document.location((*path, "name")) if "name" in pair[1] else document.location(path, key=True)
        what = f"{other} is called {standings[1].name} on {host} already: one would replace the other"
        yield Finding(what, place, "say another `name:` for one of them", "settings")
    for hostname in sorted(served_by(pair[0]) & served_by(pair[1])):
        key = next((kind for kind in KINDS if hostname in set(_names_of(pair[1].get(kind)))), "url")
        what = f"{other} serves {hostname} on {host} already"
        fix = "give each environment a hostname of its own, or a port where neither stands behind the edge"
        yield Finding(what, document.location((*path, key)), fix, "settings")


def hosts_of(environment: Mapping[str, Any]) -> frozenset[tuple[str, int]]:
    """The servers, whoever logs in there."""
    found = set()
    listed = environment.get("hosts")
    for text in listed if isinstance(listed, list) else ():
        try:
            host = parse_host(str(text))
        except ValueError:
            continue
        found.add((host.name.lower(), host.port))
    return frozenset(found)


def served_by(environment: Mapping[str, Any]) -> frozenset[str]:
    """What users call the environment by: a name, or a name and a port."""
    url = environment.get("url")
    named = {name for kind in KINDS for name in _names_of(environment.get(kind))}
    own = split_url(url).netloc.lower() if isinstance(url, str) else ""
    return frozenset({*named, own} - {""})


KINDS = ("hostnames", "domains", "redirects")
"""Where an environment has names beside that of its url."""


def _names_of(listed: object) -> Iterator[str]:
    """The names of a list, or of lists by service."""
    if isinstance(listed, dict):
        for names in listed.values():
            yield from _names_of(names)
    elif isinstance(listed, list):
        yield from (str(one).lower() for one in listed)


def _can_stand_behind(url: object) -> bool:
    """Whether the edge could serve it: by a name, at the usual ports."""
    return isinstance(url, str) and is_served_by_name(url)
