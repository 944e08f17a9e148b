"""What of a release belongs together: services that share files of the release, or call each other otherwise than by HTTP.

Such services are started together and serve together: the page of one release never gets the style sheet of another,
and a web server speaks to the FastCGI program of its own release. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from fairlead.app.files.binds import DATA_NAMES
from fairlead.app.images import known as known_images
from fairlead.app.model import ComposeApp, Service
from fairlead.app.remarks import Remarks

LIFETIMES = ("app", "release")


def release_volumes(volumes: Mapping[str, Any]) -> frozenset[str]:
    """The volumes that say ``x-fairlead: {lifetime: release}``."""
    return frozenset(name for name, how in volumes.items() if _lifetime(how) == "release")


def volumes_of(definition: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The named volumes that a service mounts."""
    return {
        str(mount["source"]): mount
        for mount in definition.get("volumes", ())
        if mount.get("type") == "volume" and mount.get("source")
    }


def plan_calls(app: ComposeApp) -> dict[str, tuple[str, ...]]:
    """By service of the release: the services of it that are reached within the release, by their own names."""
    rolled = [one for one in app.services.values() if one.is_rolled]
    return {
        one.name: tuple(
            other.name
            for other in rolled
            if other.is_within and other is not one and _networks(one) & _networks(other)
        )
        for one in rolled
    }


def plan_members(app: ComposeApp) -> frozenset[str]:
    """The services that are started together."""
    ours = release_volumes(app.model.get("volumes") or {})
    calls = plan_calls(app)
    callers = {name for name, called in calls.items() if called}
    sharing = {
        one.name for one in app.services.values() if one.is_rolled and ours & set(volumes_of(one.definition))
    }
    return frozenset({*callers, *(name for called in calls.values() for name in called), *sharing})


def check_together(app: ComposeApp, remarks: Remarks) -> None:
    """Refuse what would serve files of an older release, or speak to it."""
    declared: Mapping[str, Any] = app.model.get("volumes") or {}
    for volume in sorted(release_volumes(declared)):
        _check_volume(app, volume, declared[volume], remarks)
    for volume, how in declared.items():
        if _lifetime(how) not in LIFETIMES:
            _check_shared(app, volume, remarks)
    for one in app.services.values():
        if one.is_within:
            _check_callers(app, one, remarks)


def _check_volume(app: ComposeApp, volume: str, how: Mapping[str, Any], remarks: Remarks) -> None:
    path = ("volumes", volume)
    if (
        how.get("external")
        or how.get("driver_opts")
        or how.get("name") not in {None, f"{app.settings.app}_{volume}"}
    ):
        what = f"the volume {volume} is to be new with each release, and has a place or a name of its own"
        remarks.fault("model", path, what, "remove external:, name: and driver_opts:, or lifetime: release")
    for one in app.services.values():
        if volume not in volumes_of(one.definition) or one.is_rolled:
            continue
        if one.role == "job":
            what = f"{one.name}: a job runs once, and the volume {volume} is new with each release: it would be empty in the next"
            fix = "put the files into the image when it is built, or when the service starts"
        else:
            what = f"{one.name} stays over releases, and the volume {volume} is new with each: it would keep the old files"
            fix = "let it be part of the release, x-fairlead: {role: app, rollout: switch}, or remove lifetime: release"
        remarks.fault("model", ("services", one.name, "volumes"), what, fix)


def _check_shared(app: ComposeApp, volume: str, remarks: Remarks) -> None:
    """A volume between code of ours and a web server: files of the image would never be new, uploads never old."""
    users = [one for one in app.services.values() if volume in volumes_of(one.definition)]
    targets = [str(volumes_of(one.definition)[volume].get("target", "")) for one in users]
    if volume.lower() in DATA_NAMES or any(one.rpartition("/")[2].lower() in DATA_NAMES for one in targets):
        return
    fronts = [one for one in users if _is_web_server(one)]
    ours = [one for one in users if one.image and one.is_rolled and one not in fronts]
    if fronts and ours:
        what = (
            f"{ours[0].name} and {fronts[0].name} share the volume {volume}: the engine fills it from the image once, when it is "
            "empty, so that files of the first release would be served for ever"
        )
        fix = f"say what it holds: volumes: {{{volume}: {{x-fairlead: {{lifetime: release}}}}}} for files of the image, lifetime: app for data that stays"
        remarks.fault("model", ("volumes", volume), what, fix)


def _check_callers(app: ComposeApp, service: Service, remarks: Remarks) -> None:
    """Who stays over releases cannot be led to the one that serves but by HTTP."""
    for one in app.services.values():
        said = json.dumps([one.definition.get(key) for key in ("environment", "command", "entrypoint")])
        if (
            not one.is_rolled
            and one.role != "job"
            and re.search(rf"\b{re.escape(service.name)}:[0-9]+\b", said)
        ):
            what = f"{one.name} stays over releases, and calls {service.name} otherwise than by HTTP: it would be left behind"
            fix = (
                f"let it be part of the release: x-fairlead: {{role: app, rollout: switch}} beside {one.name}"
            )
            remarks.fault("model", ("services", one.name), what, fix)


def _is_web_server(service: Service) -> bool:
    return known_images.is_web_server(service.dockerfile.base or service.reference)


def _networks(service: Service) -> set[str]:
    return set(service.definition.get("networks") or {"default": None})


def _lifetime(how: object) -> str:
    said = how.get("x-fairlead") if isinstance(how, Mapping) else None
    return str(said.get("lifetime", "")) if isinstance(said, Mapping) else ""
