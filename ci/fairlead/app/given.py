"""Variables that the files want and a deploy gives: by a secret, or as an empty text that counts as given. Pure."""

from __future__ import annotations

from fairlead.findings import Finding
from fairlead.secret_signs.names import is_secret_name
from fairlead.secret_signs.ways import secret_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fairlead.app.model import Service
    from fairlead.composefile.loader import Model
    from fairlead.findings import Location
    from fairlead.settings.values import Environment, Settings

_EMPTY_STAYS = ("", "-", "?")
"""Operators that take an empty text for a value."""


def replaced_places(services: Mapping[str, Service], model: Model) -> frozenset[Location]:
    """Where values stand that a deploy does not read: the value of a secret comes in their place, in all services that share them."""
    if not any(service.secret_environment for service in services.values()):
        return frozenset()
    replaced: set[Location] = set()
    kept: set[Location] = set()
    for name, service in services.items():
        for variable in service.definition.get("environment") or ():
            place = model.location(("services", name, "environment", variable))
            (replaced if variable in service.secret_environment else kept).add(place)
    return frozenset(replaced - kept)


def empty_secrets(
    settings: Settings, environment: Environment, model: Model, services: Mapping[str, Service]
) -> Iterator[Finding]:
    """A variable with the name of a secret that is given as an empty text: nothing would say that it is missing."""
    replaced = replaced_places(services, model)
    told: set[str] = set()
    for use in model.uses:
        is_left_out = use.path[:1] == ("services",) and use.path[1] not in services
        if use.name in told or is_left_out or use.location in replaced or use.operator not in _EMPTY_STAYS:
            continue
        if not use.is_set or model.variables.get(use.name) != "" or not is_secret_name(use.name):
            continue
        told.add(use.name)
        path = ("environments", environment.name, "variables", use.name)
        is_declared = use.name in environment.variables
        place = settings.document.location(path) if is_declared else use.location
        where = ".".join(path[:-1]) if is_declared else ".env"
        what = f"the variable {use.name}, named like a secret, is empty in {where}: what wants it would run without"
        fix = (
            f"take it out there, and write in the service {secret_way(use.name)}; "
            f"where it may be empty, say so in the compose file: ${{{use.name}:-}}"
        )
        yield Finding(what, place, fix, "unset-variable")
