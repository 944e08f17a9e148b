"""What a repository shows: its compose files, what they build, the variables and secrets that they want."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.composefile.names import COMPOSE_NAMES
from fairlead.errors import InputError
from fairlead.findings import Location
from fairlead.origin import read_repository_slug
from fairlead.positions import Document, load_yaml
from fairlead.sources import SourceRefusedError, check_source, read_source, repository_of
from fairlead.starter.handover import Handover, find_handovers

_COMPOSE_FOLDERS = (".", "compose", "docker", "deploy", "deployment", "infra", "ops")
# ${NAME} and $NAME without a default; `$$` is an escape. Those of Fairlead and Compose are always given.
_VARIABLE = re.compile(
    r"(?<!\$)(?:\$\$)*\$(?:\{(?P<braced>[A-Za-z_]\w*)(?P<rest>[^}]*)\}|(?P<bare>[A-Za-z_]\w*))"
)
_OVERLAY = re.compile(r"(?:docker-)?compose[.-](?:prod|production|live|server|deploy)\.ya?ml")
_GIVEN = ("FAIRLEAD_", "COMPOSE_")
_OWN_REFERENCE = re.compile(r"^\$\{FAIRLEAD_REGISTRY[^}]*\}/(?P<name>[a-z0-9._-]+)")
_MAX_ENV_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Build:
    """A ``build:`` of the compose files: its Dockerfile relative to the repository, and the services that have it."""

    services: tuple[str, ...]
    dockerfile: str


@dataclass(frozen=True)
class Sight:
    """What a repository shows.

    Attributes:
        root: the folder that fairlead.yaml will stand in.
        slug: ``owner/repository`` of its forge, or empty.
        folder: where the root lies in its repository, ``apps/admin`` for instance; empty at its top.
        compose: the compose file that was chosen, relative to the root, or empty.
        others: compose files that were found and not chosen.
        overlays: files beside it that look as if they were merged with it on a server, relative to the root.
        project: the ``name:`` of the compose file, or empty.
        services: the services of the compose file.
        builds: what they build.
        own_images: services whose image is ``${FAIRLEAD_REGISTRY}/<name>``, with that name.
        dockerfiles: Dockerfiles of the root, relative to it.
        secrets: the secrets of its services.
        variables: variables without a default, each with the place of its first use.
        handovers: lines of a Caddyfile of the repository's own that lead to a service.
    """

    root: Path
    slug: str = ""
    folder: str = ""
    compose: str = ""
    others: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    project: str = ""
    services: tuple[str, ...] = ()
    builds: tuple[Build, ...] = ()
    own_images: tuple[tuple[str, str], ...] = ()
    dockerfiles: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    variables: tuple[tuple[str, Location], ...] = ()
    handovers: tuple[Handover, ...] = ()


def read_sight(root: Path, environ: Mapping[str, str]) -> Sight:
    """Look at a repository. A compose file that does not hold shows what could be read of it."""
    root = root.resolve()
    found = _compose_files(root)
    dockerfiles = tuple(sorted(path.name for path in root.glob("Dockerfile*") if path.is_file()))
    slug = read_repository_slug(root, environ)
    inside = _relative(root, Path(repository_of(str(root))))
    inside = "" if inside == "." else inside
    if not found:
        return Sight(root, slug, inside, dockerfiles=dockerfiles)
    compose = found[0]
    _confine(root / compose)
    document = load_yaml(root / compose, compose)
    value: Mapping[str, Any] = document.value if isinstance(document.value, dict) else {}
    services = _mapping(value.get("services"))
    folder = (root / compose).parent
    return Sight(
        root=root,
        slug=slug,
        folder=inside,
        compose=compose,
        others=tuple(found[1:]),
        overlays=tuple(_overlays(folder, root)),
        project=str(value.get("name") or ""),
        services=tuple(services),
        builds=tuple(_builds(services, folder, root)),
        own_images=tuple(_own_images(services)),
        dockerfiles=dockerfiles,
        secrets=tuple(_read_secrets(value)),
        variables=tuple(_variables(document, _defined(folder / ".env"))),
        handovers=find_handovers(services, folder, root),
    )


def _compose_files(root: Path) -> list[str]:
    return [
        os.path.normpath(f"{folder}/{name}")
        for folder in _COMPOSE_FOLDERS
        for name in COMPOSE_NAMES
        if (root / folder / name).is_file()
    ]


def _overlays(folder: Path, root: Path) -> list[str]:
    """``compose.prod.yml`` and its like."""
    return sorted(
        _relative(path, root) for path in folder.iterdir() if _OVERLAY.fullmatch(path.name) and path.is_file()
    )


def _builds(services: Mapping[str, Any], folder: Path, root: Path) -> Iterator[Build]:
    """The builds of the services, one for all services that share it."""
    users: dict[tuple[str, str], list[str]] = {}
    for name, service in services.items():
        build = service.get("build") if isinstance(service, dict) else None
        how: Mapping[str, Any] = {"context": build} if isinstance(build, str) else _mapping(build)
        if not how:
            continue
        context = str(how.get("context", "."))
        if "$" in context or "://" in context:
            continue
        place = folder / context
        dockerfile = place / str(how.get("dockerfile", "Dockerfile"))
        rest = sorted(
            (str(key), str(value)) for key, value in how.items() if key not in ("context", "dockerfile")
        )
        users.setdefault((_relative(dockerfile, root), f"{_relative(place, root)} {rest}"), []).append(name)
    for (name, _), names in users.items():
        yield Build(tuple(names), name)


def _read_secrets(value: Mapping[str, Any]) -> Iterator[str]:
    """The secrets that services read; what only a build is given is none of them."""
    services = [_mapping(service) for service in _mapping(value.get("services")).values()]
    read = {name for service in services for name in _sources(service.get("secrets"))}
    built = {name for service in services for name in _sources(_mapping(service.get("build")).get("secrets"))}
    for name in _mapping(value.get("secrets")):
        if name in read or name not in built:
            yield name
    declared = {
        str(name)
        for service in services
        for name in _mapping(_mapping(service.get("x-fairlead")).get("secret_environment")).values()
    }
    yield from sorted(declared - _mapping(value.get("secrets")).keys())


def _sources(secrets: Any) -> Iterator[str]:
    for secret in secrets if isinstance(secrets, list) else ():
        yield str(secret.get("source", "")) if isinstance(secret, dict) else str(secret)


def _own_images(services: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, service in services.items():
        reference = service.get("image") if isinstance(service, dict) else None
        match = _OWN_REFERENCE.match(str(reference or ""))
        if match:
            yield name, match["name"].partition(":")[0]


def _variables(document: Document, defined: frozenset[str]) -> Iterator[tuple[str, Location]]:
    seen = set(defined)
    for _, node in document.walk():
        for match in _VARIABLE.finditer(node.text) if "$" in node.text else ():
            name = match["braced"] or match["bare"]
            has_default = (match["rest"] or "").startswith((":-", "-", "+", ":+"))
            if name not in seen and not has_default and not name.startswith(_GIVEN):
                seen.add(name)
                yield name, Location(document.path, node.line, node.column)


def _confine(file: Path) -> None:
    """Open no compose file that is not the repository's.

    Raises:
        InputError: it is a link out of it, or no regular file.
    """
    try:
        check_source(str(file), [repository_of(str(file.parent))])
    except SourceRefusedError as error:
        raise InputError(
            f"{file.name} is not read: {error}", fix="make it a file of the repository"
        ) from error


def _defined(env_file: Path) -> frozenset[str]:
    """The names that a ``.env`` sets; Compose reads it by itself."""
    try:
        raw = read_source(str(env_file), [repository_of(str(env_file.parent))], _MAX_ENV_BYTES)
    except (OSError, SourceRefusedError):
        return frozenset()
    lines = raw.decode("utf-8", "replace").splitlines()
    names = (line.strip().removeprefix("export ").partition("=")[0].strip() for line in lines if "=" in line)
    return frozenset(name for name in names if name and not name.startswith("#"))


def _relative(path: Path, root: Path) -> str:
    return os.path.relpath(os.path.normpath(path), root)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
