"""A front that finds containers at the engine, by their labels or variables: it leads users past the switch.

It would send them to a release as soon as that runs, verified or not, and to two releases at once while both do. Whether
it looks there its definition says, or its configuration, as far as that lies in the repository.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from fairlead.app.files.mentions import read_mentions, read_small
from fairlead.app.images.known import short_name
from fairlead.app.model import ComposeApp, Service
from fairlead.app.remarks import Remarks

_SOCKETS = frozenset({"docker.sock", "docker-cli.sock", "podman.sock"})
_FOLDERS = frozenset({"/run", "/var/run", "/run/docker", "/run/podman", "/"})
_PROVIDER = re.compile(
    r"""(?:providers[._\s"']*[.\s_]["']?|(?:^|[{,\s])["']?(?=(?:docker|swarm)["']?\s*:))"""
    r"""(?P<kind>docker|swarm)(?P<part>[._]\w)?["']?(?:[ \t]*[=:][ \t]*["']?(?P<value>\w+))?""",
    re.IGNORECASE | re.MULTILINE,
)
"""Of Traefik: an option, a variable, TOML, or, in a text that says ``providers``, YAML."""
_COMMENT = re.compile(r"(?:^|\s)#.*$", re.MULTILINE)
_MAX_BYTES = 64 * 1024


def check_discovery(app: ComposeApp, remarks: Remarks) -> None:
    """Refuse what such a front of the app would find of a release; tell where nobody can know whether it would."""
    for front in app.services.values():
        finder = _FINDERS.get(short_name(front.dockerfile.base or front.reference))
        if finder is None:
            continue
        key, finds = finder
        found = [
            one
            for one in app.services.values()
            if one is not front and one.is_rolled and finds(one.definition)
        ]
        looks = _looks(app, front) if found else False
        for one in found:
            if looks:
                _refuse(front, one, key, remarks)
            elif looks is None:
                _tell(front, one, key, remarks)


def _refuse(front: Service, one: Service, key: str, remarks: Remarks) -> None:
    what = (
        f"{front.name} finds {one.name} at the engine by its {key}: users would get a release before it is verified, "
        "and two at once"
    )
    fix = (
        f"let {front.name} read its routes from a file, with http://{one.name}:PORT, which goes through the switch; or "
        f"leave {front.name} out: the proxy that Fairlead adds serves the url"
    )
    remarks.fault("model", ("services", one.name, key), what, fix)


def _tell(front: Service, one: Service, key: str, remarks: Remarks) -> None:
    what = (
        f"whether {front.name} finds {one.name} at the engine by its {key} nobody can tell: its configuration does not lie "
        "in the repository; users would get a release before it is verified, and two at once"
    )
    fix = f"if it does, let it read its routes from a file, with http://{one.name}:PORT; if not, take the {key} out"
    remarks.note("model", ("services", one.name, key), what, fix)


def _looks(app: ComposeApp, front: Service) -> bool | None:
    """Whether a front looks at the engine; None where nothing that can be read says what else it goes by."""
    if short_name(front.dockerfile.base or front.reference) != "traefik":
        # They do nothing else, by whichever way they get there.
        return True
    definition = front.definition
    if definition.get("use_api_socket") or (definition.get("environment") or {}).get("DOCKER_HOST"):
        return True
    sources = [PurePosixPath(str(mount.get("source", ""))) for mount in definition.get("volumes", ())]
    if any(source.name in _SOCKETS or str(source) in _FOLDERS for source in sources):
        return True
    texts = [_COMMENT.sub("", text) for text in _texts(app, front) if "providers" in text.lower()]
    return any(map(_goes_by_engine, texts)) if texts else None


def _goes_by_engine(text: str) -> bool:
    """Whether it says that Traefik asks the engine: any value but ``true`` is off, whatever else is said of it."""
    asks: dict[str, bool] = {}
    for found in _PROVIDER.finditer(text):
        kind, value = found["kind"].lower(), found["value"]
        if found["part"]:
            asks.setdefault(kind, True)
        else:
            asks[kind] = value is None or value.lower() == "true"
    return any(asks.values())


def _texts(app: ComposeApp, front: Service) -> Iterator[str]:
    """All that tells a front what to do, as far as it lies in the repository."""
    root, definition = app.settings.root, front.definition
    environment = definition.get("environment") or {}
    yield "\n".join(f"{name}={'' if value is None else value}" for name, value in environment.items())
    yield " ".join(str(word) for word in definition.get("entrypoint") or ())
    yield from (one.text for one in read_mentions({front.name: definition}, root))
    known = app.model.get("configs") or {}
    for given in definition.get("configs") or ():
        config = known.get(given.get("source")) or {}
        yield str(config.get("content") or "")
        if config.get("file"):
            yield read_small(Path(config["file"]), root, _MAX_BYTES)


def _by_traefik(definition: Mapping[str, Any]) -> bool:
    labels = _labels(definition)
    return labels.get("traefik.enable", "true").lower() != "false" and any(
        name.startswith("traefik.") for name in labels
    )


def _by_caddy(definition: Mapping[str, Any]) -> bool:
    return any(name.split(".")[0].split("_")[0] == "caddy" for name in _labels(definition))


def _by_nginx(definition: Mapping[str, Any]) -> bool:
    return "VIRTUAL_HOST" in (definition.get("environment") or {})


def _labels(definition: Mapping[str, Any]) -> Mapping[str, str]:
    return {str(name): str(value) for name, value in (definition.get("labels") or {}).items()}


_FINDERS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], bool]]] = {
    "traefik": ("labels", _by_traefik),
    "caddy-docker-proxy": ("labels", _by_caddy),
    "nginx-proxy": ("environment", _by_nginx),
    "docker-gen": ("environment", _by_nginx),
}
