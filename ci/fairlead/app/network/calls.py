"""Which services call which, under what name and at which port, as the files of the app say.

In Compose a service is known by more than its own name: by aliases, its container's name, its ``hostname``, by a link's
name to who has the link, and by each of them with a network's name behind it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.app.files.mentions import Mention, find_mentions, read_mentions, read_small
from fairlead.app.model import ComposeApp, Service
from fairlead.quick.patterns import compile_late

_MAX_BYTES = 64 * 1024
_LONGEST_SCHEME = 31
"""Characters after the first: whatever stands in a file is read in a time that grows no faster than the file."""
_DEFAULTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_COMMENT = compile_late(r"^[^\S\n]*#.*$", re.MULTILINE)
_PASS = compile_late(r"\b(uwsgi|fastcgi|scgi)_pass\s+(?!s?\w*://)|\bphp_(fastcgi)\s+(?:[/*@]\S*\s+)?")
_POOL = compile_late(r"\bupstream\s+([\w.-]+)\s*\{")
_OTHER_THINGS = compile_late(
    r"variable \w*(DB|DATABASE|(?<!HOST)NAME|USER|PASSWORD|SCHEMA|BUCKET|QUEUE|TOPIC|PREFIX|PROJECT)\Z",
    re.IGNORECASE,
)
"""Variables that are called after what may well be called as a container is: a database, above all."""
_HOSTS = ("HOST", "HOSTNAME", "ADDR", "ADDRESS")


@dataclass(frozen=True)
class Call:
    """``caller`` calls ``service``, known to it as ``name``; ``scheme`` is empty where the files do not say how."""

    caller: str
    service: str
    name: str
    port: int
    scheme: str
    where: str


def networks_of(service: Service) -> set[str]:
    """The networks that it is in; none where it shares another's."""
    if service.definition.get("network_mode"):
        return set()
    return set(service.definition.get("networks") or {"default": None})


def aliases_of(service: Service) -> list[str]:
    """The names that the file gives it in its networks."""
    networks = (service.definition.get("networks") or {}).values()
    return list(dict.fromkeys(str(one) for how in networks for one in (how or {}).get("aliases") or ()))


def links_of(service: Service) -> dict[str, str]:
    """What a service calls others by its links, where that is not their own name: name -> service."""
    pairs = (str(link).partition(":") for link in service.definition.get("links") or ())
    return {alias: target for target, _, alias in pairs if alias and alias != target}


def other_names(app: ComposeApp, service: Service) -> list[str]:
    """What the engine's name server knows its container by, in Compose, beside its own name and its aliases."""
    given = str(service.definition.get("container_name") or "")
    project = app.settings.name_of(app.environment)
    names = [given or f"{project}-{service.name}-1", str(service.definition.get("hostname") or "")]
    return [name for name in dict.fromkeys(names) if name and name != service.name]


def read_texts(app: ComposeApp) -> tuple[Mention, ...]:
    """All that may say whom a service calls, as far as it lies in the repository; comments are left out."""
    definitions = {name: one.definition for name, one in app.services.items()}
    found = [*read_mentions(definitions, app.settings.root)]
    for service in app.services.values():
        found += (Mention(service.name, where, text) for where, text in _further_texts(app, service))
    return tuple(
        Mention(one.service, one.where, _COMMENT.sub("", one.text)) if "#" in one.text else one
        for one in found
        if one.text
    )


def _further_texts(app: ComposeApp, service: Service) -> Iterator[tuple[str, str]]:
    definition = service.definition
    for key in ("entrypoint", "healthcheck"):
        yield f"its {key}", _words(definition.get(key))
    yield "its Dockerfile", f"{service.dockerfile.entrypoint}\n{service.dockerfile.command}"
    build = definition.get("build")
    for name, value in _mapping(build.get("args") if isinstance(build, Mapping) else None).items():
        yield f"its build argument {name}", str(value)
    known = _mapping(app.model.get("configs"))
    for given in definition.get("configs") or ():
        config = _mapping(known.get(given.get("source")))
        text = str(config.get("content") or "")
        file = Path(str(config["file"])) if config.get("file") else None
        yield (
            f"its config {given.get('source')}",
            text or (read_small(file, app.settings.root, _MAX_BYTES) if file is not None else ""),
        )


def _words(value: Any) -> str:
    value = value.get("test") if isinstance(value, Mapping) else value
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def find_calls(app: ComposeApp, texts: tuple[Mention, ...]) -> tuple[Call, ...]:
    """Each call that the texts tell, once; of who shares no network with whom it names, none."""
    found: dict[tuple[str, str, int, str], Call] = {}
    known = {caller.name: _names_for(app, caller) for caller in app.services.values()}
    form = _form({name for names in known.values() for name in names}, app)
    for caller in app.services.values():
        names = known[caller.name]
        # Most texts name nobody: to look for that first is what keeps `validate` quick.
        own = [one for one in texts if one.service == caller.name and any(name in one.text for name in names)]
        by_http = find_mentions(own) if own else {}
        for call in (*_pairs(caller, names), *(call for one in own for call in _in_text(one, names, form))):
            http = by_http.get(call.name)
            if not call.scheme and http is not None and http.port == call.port:
                call = Call(call.caller, call.service, call.name, call.port, "http", call.where)
            found.setdefault((call.caller, call.service, call.port, call.scheme), call)
    return tuple(found.values())


def find_named(app: ComposeApp, texts: tuple[Mention, ...], service: Service) -> list[str]:
    """The further names of a service that somebody else speaks of, as a whole word and as a host may be spoken of."""
    others = [one for one in texts if one.service != service.name]
    named = {name: [one for one in others if name in one.text] for name in other_names(app, service)}
    linked = [
        alias for one in app.services.values() for alias, to in links_of(one).items() if to == service.name
    ]
    spoken = [
        name
        for name, found in named.items()
        if any(
            re.search(rf"(?:(?<![\w./-])|(?<=//)){re.escape(name)}(?![\w-])", one.text)
            for one in found
            if not _OTHER_THINGS.search(one.where)
        )
    ]
    return list(dict.fromkeys((*spoken, *linked)))


def _names_for(app: ComposeApp, caller: Service) -> dict[str, str]:
    """What a caller may call others: name -> service."""
    kind, _, neighbour = str(caller.definition.get("network_mode") or "").partition(":")
    shares = app.services.get(neighbour) if kind == "service" else None
    own = networks_of(shares or caller)
    names: dict[str, str] = {}
    for one in app.services.values():
        if one is not caller and own & networks_of(one):
            for name in (one.name, *aliases_of(one), *other_names(app, one)):
                names.setdefault(name, one.name)
    linked = {alias: to for alias, to in links_of(caller).items() if to in app.services}
    return {**names, **linked}


def _form(names: Collection[str], app: ComposeApp) -> re.Pattern[str]:
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    networks = "|".join(
        re.escape(str((how or {}).get("name") or key))
        for key, how in (app.model.get("networks") or {}).items()
    )
    suffix = rf"(?:\.(?:{networks}))?" if networks else ""
    return re.compile(
        rf"(?:\b([A-Za-z][A-Za-z0-9+.-]{{0,{_LONGEST_SCHEME}}}):///?(?:[^\s/@\"'<>]*@)?|(?<![\w.@/:-]))"
        rf"({known}){suffix}"
        r"(?::([0-9]{2,5}))?(?![\w:-]|\.\w)"
    )


def _in_text(mention: Mention, names: Mapping[str, str], form: re.Pattern[str]) -> Iterator[Call]:
    text = mention.text
    if "_pass" in text or "php_" in text:
        text = _PASS.sub(lambda found: f"{found[1] or found[2]}://", text)
    pools = set(_POOL.findall(text)) if "upstream" in text else set()
    for found in form.finditer(text):
        scheme, name, written = (found[1] or "").lower(), found[2], found[3]
        # Who waits for a port only wants a connection.
        scheme = "" if scheme == "tcp" else scheme
        port = int(written) if written else _DEFAULTS.get(scheme, 0)
        if name in names and 0 < port < 65536 and (written or name not in pools):
            yield Call(mention.service, names[name], name, port, scheme, mention.where)


def _pairs(caller: Service, names: Mapping[str, str]) -> Iterator[Call]:
    """``API_HOST: api`` beside ``API_PORT: 9000``."""
    environment = caller.definition.get("environment") or {}
    for variable, value in environment.items():
        kind = next((one for one in _HOSTS if value in names and variable.endswith(one)), "")
        port = str(environment.get(f"{variable.removesuffix(kind)}PORT", "")) if kind else ""
        if port.isdecimal() and 0 < int(port[:6]) < 65536:
            yield Call(caller.name, names[value], value, int(port), "", f"its variable {variable}")
