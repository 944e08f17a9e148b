"""Whether the parts of a release that name each other are all there, and may be named so. Pure."""

from __future__ import annotations

from ..compose.spelling import as_items
from ..fields import Faults
from ..inside import PREFIX
from ..release import APART, RESOURCES, Release


def check_references(release: Release, faults: Faults) -> None:
    """Note what a release names and does not have, or may not name."""
    proxy = release.services.get(release.proxy)
    if proxy is None or proxy.role != "proxy":
        faults.add("proxy", f"is {release.proxy!r}, which is no service of the role proxy")
    elif release.edge is not None:
        for key in ("ports", "network_mode"):
            if proxy.definition.get(key):
                faults.add(
                    f"services.{proxy.name}", f"has `{key}`, behind the edge, which reaches it by a network"
                )
    for name in release.services:
        if name in (RESOURCES, APART) or name.startswith(PREFIX):
            faults.add("services", f"has one called {name!r}: that name is Fairlead's own")
    for name in release.routes:
        service = release.services.get(name)
        if service is None or not service.is_rolled:
            faults.add("routes", f"names {name!r}, which is no rolled service")
    _check_further(release, faults)
    _check_together(release, faults)
    _check_shared(release, faults)
    _check_mounts(release, faults)
    if release.events is not None and release.events.token_secret not in release.secrets:
        faults.add("events", f"needs the secret {release.events.token_secret!r}, which is not given")


def _check_further(release: Release, faults: Faults) -> None:
    """Each port of a service has one listener, and only what is rolled needs any."""
    for name, service in release.services.items():
        if service.further and (not service.is_rolled or release.routes.get(name) in service.further):
            faults.add(
                f"services.{name}", "has `further` ports that are its routed one, or is no rolled service"
            )


def _check_together(release: Release, faults: Faults) -> None:
    """What is a release's own is shared by its own services."""
    for service in release.services.values():
        if any(one not in release.rolled for one in service.calls) or (
            service.calls and not service.is_rolled
        ):
            faults.add(f"services.{service.name}", "calls what is not of the release, or is not of it")
    for name in sorted(release.release_volumes & set(release.volumes)):
        faults.add("release_volumes", f"names {name!r}, which is a volume of the app too")


def _check_shared(release: Release, faults: Faults) -> None:
    """Whoever carries calls is shown the folder of the app, which is not for the app's own services."""
    for service in release.services.values():
        for _, item in as_items(service.definition.get("volumes_from")):
            name = str(item).strip().partition(":")[0]
            if name == release.proxy or name.startswith(PREFIX):
                faults.add(
                    f"services.{service.name}", f"has the volumes of {name}: the whole folder of the app"
                )


def _check_mounts(release: Release, faults: Faults) -> None:
    for service in release.services.values():
        for mount in service.mounts:
            if mount.secret is not None and mount.secret not in release.secrets:
                faults.add(
                    f"services.{service.name}", f"reads the secret {mount.secret!r}, which is not given"
                )
            if mount.file is not None and mount.file not in release.files:
                faults.add(f"services.{service.name}", f"mounts the file {mount.file!r}, which is not given")
            if mount.data is not None and mount.data not in release.data:
                faults.add(f"services.{service.name}", f"mounts the data {mount.data!r}, which is not given")
    for name, seed in release.data.items():
        tree = release.files.get(seed or "")
        if seed is not None and (tree is None or not tree.is_folder):
            faults.add(f"data.{name}", "begins with a folder that is not given")
