"""What an undone release leaves of the services that it recreated: nothing that answers, and the data as they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .. import labels
from ..containers import read_app_containers
from ..context import Host
from ..inside import ROLE as INSIDE

LATE = ("app", "worker")
"""The roles whose services are code of the release, rolled or not."""


def drop_late(host: Host, updated: Collection[str], project: Mapping[str, Any]) -> list[str]:
    """Where nothing serves, remove what is code of a release that failed: it would be reached without having been proved.

    Args:
        host: the app.
        updated: the platform services that the release has changed.
        project: the platform as it was.

    Returns:
        Those of them that are something else.
    """
    late = set(late_of(project, updated))
    for one in read_app_containers(host.engine, host.paths):
        if one.service in updated and one.role in LATE and not one.release and not one.oneoff:
            late.add(one.service)
            host.engine.stop(one.id, grace=one.grace)
            host.engine.remove(one.id)
    return [name for name in updated if name not in late]


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
