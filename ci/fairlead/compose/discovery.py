"""A front that finds containers by their labels at the engine's socket: it leads users past the switch. Pure.

It would send them to a release as soon as that runs, verified or not, and to two releases at once while both do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from fairlead.compose.known_images import short_name
from fairlead.compose.model import ComposeApp, Service
from fairlead.compose.remarks import Remarks


def check_discovery(app: ComposeApp, remarks: Remarks) -> None:
    """Refuse what such a front of the app would find of a release."""
    for front in app.services.values():
        finder = _FINDERS.get(short_name(front.dockerfile.base or front.reference))
        if finder is None or not _sees_the_engine(front.definition):
            continue
        key, finds = finder
        for one in app.services.values():
            if one is not front and one.is_rolled and finds(one.definition):
                _refuse(front, one, key, remarks)


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


def _sees_the_engine(definition: Mapping[str, Any]) -> bool:
    sources = [str(mount.get("source", "")) for mount in definition.get("volumes", ())]
    said = json.dumps([definition.get("command"), definition.get("environment")])
    return any(source.endswith("docker.sock") for source in sources) or "providers.docker" in said


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
}
