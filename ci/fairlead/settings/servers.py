"""What fairlead.yaml says of environments, held against the repository and the edge of a host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairlead.findings import Finding
from fairlead.positions import Document, ValuePath
from fairlead.settings.look import entries, fault, is_file, items
from fairlead.settings.neighbours import plan_standings
from fairlead.settings.units import parse_host
from fairlead.settings.urls import HOSTNAME, has_usual_port, is_address, split_url


def environment_findings(document: Document, root: Path) -> Iterator[Finding]:
    """Host keys that are not there, ports that are none, variables that are nobody's to set."""
    for name, environment in entries(document.value, "environments"):
        if not isinstance(environment, dict):
            continue
        path = ("environments", name)
        known_hosts = environment.get("known_hosts")
        if isinstance(known_hosts, str) and known_hosts and not is_file(root / known_hosts):
            fix = "`ssh-keyscan -t ed25519 HOST` prints the line to check and keep"
            yield fault(document, (*path, "known_hosts"), f"the file {known_hosts} is not there", fix)
        for index, host in enumerate(items(environment, "hosts")):
            if not _has_port(str(host)):
                yield fault(document, (*path, "hosts", index), f"{host}: a port lies between 1 and 65535")
        yield from _url_findings(document, (*path, "url"), environment.get("url"))
        variables = environment.get("variables")
        for variable in variables if isinstance(variables, dict) else ():
            if str(variable).startswith(("FAIRLEAD_", "COMPOSE_", "DOCKER_")):
                what = f"the variable {variable} is not yours to set: Fairlead, Compose and Docker use it"
                yield fault(document, (*path, "variables", variable), what, key=True)


def _url_findings(document: Document, path: ValuePath, url: object) -> Iterator[Finding]:
    """A url of the right form that leads nowhere: what has no such form the schema has told."""
    if isinstance(url, str) and "://" in url and not split_url(url).netloc:
        yield fault(document, path, f"{url}: there is no such address or port", "say url: https://NAME")


def _has_port(host: str) -> bool:
    """Whether what stands for a port is one, or nothing does."""
    try:
        parse_host(host)
    except ValueError:
        return False
    port = host.rpartition(":")[2]
    return not (":" in host and port.isdecimal() and not port.strip("0"))


def edge_findings(document: Document) -> Iterator[Finding]:
    """Behind the edge an app is known by name, at the usual ports."""
    standings = plan_standings(document.value)
    for name, environment in entries(document.value, "environments"):
        if not isinstance(environment, dict):
            continue
        path = ("environments", name)
        if not standings[str(name)].edge:
            continue
        url = environment.get("url")
        if not isinstance(url, str) or not url:
            what = "the edge of a host knows an app by the hostname in its url, and there is none"
            yield fault(document, (*path, "edge"), what, "say url: https://NAME")
            continue
        if not has_usual_port(url) or (url.startswith("https:") and is_address(url)):
            what = f"{url}: the edge of a host serves names, at the usual ports"
            yield fault(document, (*path, "url"), what, "say url: https://NAME, without a port")
        elif not HOSTNAME.fullmatch(split_url(url).netloc.lower().rstrip("/")):
            what = f"{url} names no host that the edge could serve"
            fix = "letters, digits and hyphens between single dots; a name in another script as xn--…"
            yield fault(document, (*path, "url"), what, fix)


def event_findings(document: Document) -> Iterator[Finding]:
    """A board that is nowhere, and a token of it that an environment does not have."""
    events = document.value.get("events")
    events = events if isinstance(events, dict) else {}
    yield from _url_findings(document, ("events", "url"), events.get("url"))
    token = events.get("token")
    for name, environment in entries(document.value, "environments"):
        secrets = items(environment, "secrets")
        if isinstance(token, str) and token not in secrets:
            what = f"the token {token} is not among the secrets of the environment {name}"
            fix = f"add {token} to environments.{name}.secrets"
            yield fault(document, ("events", "token"), what, fix)
