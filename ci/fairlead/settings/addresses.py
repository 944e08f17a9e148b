"""The public names of an environment and the proxies in front of it: what a schema can't tell. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.findings import Finding
from fairlead.nearest import did_you_mean
from fairlead.positions import Document, ValuePath
from fairlead.settings.neighbours import KINDS, plan_standings
from fairlead.settings.trusted import NAMES, trusted_networks
from fairlead.settings.urls import split_url

_MAX_NAMES = 99
"""What a server takes behind its edge, beside the name of the url."""


def address_findings(document: Document) -> Iterator[Finding]:
    """What is wrong with ``hostnames``, ``domains``, ``redirects`` and ``trusted_proxies``."""
    environments = document.value.get("environments")
    standings = plan_standings(document.value)
    for name, environment in environments.items() if isinstance(environments, dict) else ():
        if isinstance(environment, dict):
            path = ("environments", name)
            yield from _names(document, path, environment)
            yield from _trusted(document, path, environment, edge=standings[str(name)].edge)


def _names(document: Document, path: ValuePath, environment: Mapping[str, Any]) -> Iterator[Finding]:
    """Each name leads to one thing, by the scheme and port of the url."""
    url = environment.get("url")
    if not isinstance(url, str) or not url:
        for kind in KINDS:
            if environment.get(kind):
                what = f"{kind} are served by the scheme and port of the url, and there is none"
                yield _fault(document, (*path, kind), what, "say url: https://NAME", key=True)
        return
    seen = {(split_url(url).hostname or "").lower(): "url"}
    for kind, place, name in _listed(environment):
        if name in seen:
            before = seen[name]
            what = f"{name} is {'the name of the url' if before == 'url' else f'one of the {before}'} already"
            yield _fault(document, (*path, *place), what, "a name leads to one thing: leave one of them")
        seen[name] = kind
    if len(seen) > _MAX_NAMES + 1:
        what = f"an environment has {_MAX_NAMES} names at most beside that of its url, and here are {len(seen) - 1}"
        yield _fault(document, path, what, "give some of them to another app of the host", key=True)


def _listed(environment: Mapping[str, Any]) -> Iterator[tuple[str, ValuePath, str]]:
    """Each further name: of which kind, where it stands."""
    for kind in ("hostnames", "redirects"):
        names = environment.get(kind)
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str):
                yield kind, (kind, index), name
    domains = environment.get("domains")
    for service, names in domains.items() if isinstance(domains, dict) else ():
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str):
                yield f"domains of {service}", ("domains", service, index), name


def _trusted(
    document: Document, path: ValuePath, environment: Mapping[str, Any], *, edge: bool
) -> Iterator[Finding]:
    said = environment.get("trusted_proxies")
    if not isinstance(said, list):
        return
    if edge and said:
        what = "behind the edge of a host, the host says which proxies in front are trusted, for all its apps"
        fix = "`fairlead host setup --trusted-proxies` sets it there; remove it here"
        yield _fault(document, (*path, "trusted_proxies"), what, fix, key=True)
        return
    for index, one in enumerate(said):
        if not isinstance(one, str):
            continue
        try:
            trusted_networks((one,))
        except ValueError as error:
            place = (*path, "trusted_proxies", index)
            fix = (
                did_you_mean(one, NAMES) or "an address, a network such as 10.0.0.0/8, cloudflare or private"
            )
            yield _fault(document, place, f"{one}: {error}", fix)


def _fault(document: Document, path: ValuePath, what: str, fix: str = "", *, key: bool = False) -> Finding:
    return Finding(what, document.location(path, key=key), fix, "settings")
