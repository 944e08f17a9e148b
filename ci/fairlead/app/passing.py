"""``- NAME`` under ``environment:`` without a value: that of whoever deploys, as Compose does it, unless it is a secret. Pure.

What is passed on stands in the release document, where everybody reads it who may: so no secret of a job is.
"""

from __future__ import annotations

from fairlead.findings import Finding
from fairlead.secret_signs.ways import declare_way, secret_way
from fairlead.sources import may_be_passed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fairlead.composefile.loader import Model


def pass_variables(
    definitions: Mapping[str, Any], model: Model, environ: Mapping[str, str], environment: str
) -> tuple[dict[str, Any], list[Finding]]:
    """The services with the caller's values, and what is to be said of each.

    Args:
        definitions: the services, resolved.
        model: where they are written.
        environ: the caller's environment.
        environment: the name of the one that is deployed to.
    """
    passed: dict[str, Any] = {}
    notes: list[Finding] = []
    for service, definition in definitions.items():
        values = definition.get("environment") or {}
        bare = [name for name, value in values.items() if value is None]
        known = {name: environ[name] for name in bare if _is_passed(name, environ)}
        passed[service] = definition
        if known:
            # In a model each dollar is doubled.
            doubled = {name: value.replace("$", "$$") for name, value in known.items()}
            passed[service] = {**definition, "environment": {**values, **doubled}}
        for name in bare:
            what, fix = _say(service, name, environ, environment)
            place = model.location(("services", service, "environment", name))
            notes.append(Finding(what, place, fix, "unset-variable"))
    return passed, notes


def _is_passed(name: str, environ: Mapping[str, str]) -> bool:
    return name in environ and may_be_passed(name, environ[name])


def _say(service: str, name: str, environ: Mapping[str, str], environment: str) -> tuple[str, str]:
    declare = declare_way(name, environment)
    if _is_passed(name, environ):
        return (
            f"{service} gets {name} from the environment of whoever deploys",
            f"{declare}, to have it the same for all",
        )
    if name in environ:
        return (
            f"{service} does not get {name}: what looks like a secret, or is the CI's own, is not passed on as a variable",
            f"give it as a secret: {secret_way(name)}",
        )
    return f"{service} does not get {name}: it has no value here, and is not set where this was run", declare
