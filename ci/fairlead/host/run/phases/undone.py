"""What an undone release leaves of the services that it recreated: nothing that answers, and the data as they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ...wire import labels
from ...wire.inside import ROLE as INSIDE
from ..context import Host

LATE = ("app", "worker")
"""The roles whose services are code of the release, rolled or not."""


def late_of(project: Mapping[str, Any], names: Collection[str]) -> list[str]:
    """Those that are code of a release, by the platform as it was."""
    services = project.get("services", {})
    return [name for name in names if _role(services.get(name, {})) in LATE]


def tell_data(host: Host, project: Mapping[str, Any], names: Collection[str]) -> None:
    """Images and definitions go back, data does not: say of whom there may be some."""
    kept = [name for name in names if keeps_data(project["services"][name])]
    if kept:
        host.note(
            f"{', '.join(kept)}: image and definition are those of before, on the same volumes; "
            "their data are as the release that failed left them"
        )


def keeps_data(definition: Mapping[str, Any]) -> bool:
    """Whether a service writes to a volume or a folder of the host; what a proxy writes is no data of the app's."""
    if _role(definition) in ("proxy", INSIDE):
        return False
    return any(
        mount.get("type") in ("volume", "bind") and not mount.get("read_only")
        for mount in definition.get("volumes") or ()
    )


def _role(definition: Mapping[str, Any]) -> str:
    return str(definition.get("labels", {}).get(labels.ROLE, ""))
