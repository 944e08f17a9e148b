"""A resolved service as a server runs it: without what only builds, names or orders it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from fairlead.app.model import Service
from fairlead.positions import plain

_DROPPED = frozenset(
    {
        # What made the image, or chose the services.
        *("build", "develop", "profiles", "pull_policy", "extends", "attach"),
        # What the release document says in fields of its own.
        *("depends_on", "secrets", "configs", "volumes", "ports", "image"),
        # Read into `environment` and `labels` already, or of no use beside the network's own names.
        *("env_file", "label_file", "links", "container_name"),
    }
)
_OF_ONE = frozenset({"hostname"})
"""What the engine's name server would know the containers of two releases by."""
_ANY_ATTEMPTS = re.compile(r"on-failure(:\d+)?")


def clean_definition(
    service: Service, volumes: Iterable[Mapping[str, Any]], ports: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """The definition of a service in a release document, but for its image.

    Args:
        service: the service.
        volumes: the volumes that stay as they are.
        ports: those that it publishes itself.
    """
    dropped = _DROPPED | _OF_ONE if service.is_rolled else _DROPPED
    definition: dict[str, Any] = {
        key: plain(value)
        for key, value in service.definition.items()
        if key not in dropped and not key.startswith("x-") and value is not None and value != {}
    }
    kept = [plain(volume) for volume in volumes]
    if kept:
        definition["volumes"] = kept
    published = [plain(port) for port in ports]
    if published:
        definition["ports"] = published
    _close_environment(definition, service.secret_environment)
    _settle_restart(definition, service)
    return definition


def add_aliases(definition: dict[str, Any], names: Collection[str]) -> None:
    """Let a service be known by these names too, in each of its networks."""
    if not names or definition.get("network_mode"):
        return
    definition["networks"] = {
        network: {
            **(how or {}),
            "aliases": list(dict.fromkeys((*((how or {}).get("aliases") or ()), *names))),
        }
        for network, how in (definition.get("networks") or {"default": None}).items()
    }


def _close_environment(definition: dict[str, Any], secret: Collection[str]) -> None:
    """Drop variables without a value, which Compose would take from wherever it runs, and those that secrets give."""
    environment = definition.get("environment")
    if environment:
        definition["environment"] = {
            name: value for name, value in environment.items() if value is not None and name not in secret
        }


def _settle_restart(definition: dict[str, Any], service: Service) -> None:
    """A job runs once; all else comes back after a reboot, unless it was stopped: a retired release stays so."""
    policy = _take_restart_policy(definition)
    if service.role == "job":
        definition["restart"] = "no"
        return
    restart = str(definition.get("restart", "always"))
    if policy:
        attempts = policy.get("max_attempts")
        on_failure = f"on-failure:{attempts}" if attempts else "on-failure"
        restart = {"none": "no", "on-failure": on_failure}.get(policy.get("condition", "any"), "always")
    is_kept = restart == "no" or _ANY_ATTEMPTS.fullmatch(restart)
    definition["restart"] = restart if is_kept else "unless-stopped"


def _take_restart_policy(definition: dict[str, Any]) -> Mapping[str, Any]:
    """Take ``deploy.restart_policy``, which beats ``restart``, and the empty parts that Compose prints."""
    deploy = definition.get("deploy")
    if not deploy:
        return {}
    policy: Mapping[str, Any] = deploy.pop("restart_policy", None) or {}
    rest = {key: value for key, value in deploy.items() if value not in (None, {})}
    definition.pop("deploy")
    if rest:
        definition["deploy"] = rest
    return policy
