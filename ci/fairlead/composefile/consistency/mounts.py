"""What is mounted into a container: volumes, tmpfs and devices."""

from __future__ import annotations

from fairlead.composefile.consistency.ground import listed, mapping, plain_text
from fairlead.composefile.loader.volumes import clean_target, volume_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.composefile.consistency.ground import Container, Ground
    from fairlead.positions import ValuePath

_DEVICE_PARTS = 3


def check_mounts(ground: Ground, container: Container) -> None:
    """Mounts that can't be read, that name no volume, or that hide one another."""
    taken: dict[str, str] = {}
    for index, mount in enumerate(listed(container.value.get("tmpfs"))):
        target = plain_text(mount).partition(":")[0]
        _take(ground, container, taken, target, "tmpfs", (*container.path, "tmpfs", index))
    for index, mount in enumerate(listed(container.value.get("volumes"))):
        path = (*container.path, "volumes", index)
        if isinstance(mount, str):
            fix = "write SOURCE:TARGET or SOURCE:TARGET:ro"
            ground.fault(path, f"{container.name}: {_quoted(mount)} is no mount", fix)
        elif isinstance(mount, dict):
            _check_volume(ground, container, mount, path)
            target = clean_target(plain_text(mount.get("target")))
            _take(ground, container, taken, target, "volumes", path)
    _check_devices(ground, container)


def _take(
    ground: Ground, container: Container, taken: dict[str, str], target: str, kind: str, path: ValuePath
) -> None:
    if not target:
        return
    if target in taken:
        what = f"{container.name}: {target} is mounted twice, by {taken[target]} and by {kind}"
        ground.fault(path, what, "leave one of them out")
    taken.setdefault(target, kind)


def _check_volume(ground: Ground, container: Container, mount: dict[str, Any], path: ValuePath) -> None:
    source, target = plain_text(mount.get("source")), plain_text(mount.get("target"))
    if not target and "target" not in mount:
        ground.fault(path, f"{container.name}: a mount without a target", "add target: with a path")
    if mount.get("type") == "volume" and source and source not in ground.declared("volumes"):
        from fairlead.nearest import nearest

        near = nearest(source, ground.declared("volumes"))
        what = f"{container.name} mounts the volume {source}, which is not declared"
        fix = (
            f"did you mean {near}?"
            if near
            else f"declare it under volumes:, or write ./{source} for a folder"
        )
        ground.fault((*path, "source"), what, fix)
    if mount.get("type") == "bind" and not source:
        ground.fault(path, f"{container.name}: a bind mount without a source", "add source: with a path")


def _check_devices(ground: Ground, container: Container) -> None:
    for index, device in enumerate(listed(container.value.get("devices"))):
        path = (*container.path, "devices", index)
        if isinstance(device, str) and len(device.split(":")) > _DEVICE_PARTS:
            what = f"{container.name}: {_quoted(device)} is no device"
            ground.fault(path, what, "write SOURCE:TARGET:rwm, or the long form")
        elif isinstance(device, dict) and not plain_text(device.get("source")):
            ground.fault(path, f"{container.name}: a device without a source")
        elif isinstance(device, dict) and not plain_text(device.get("target")):
            ground.fault(path, f"{container.name}: a device without a target", "add target: with a path")


def _quoted(text: str) -> str:
    return f'"{plain_text(text)[:60]}"'


def check_lost_mounts(ground: Ground) -> None:
    """Two mounts on one path in one list: Compose takes the last, and says nothing.

    A second file may name a path again: that is how it replaces a mount.
    """
    for document in ground.model.read:
        for name, service in mapping(mapping(document.value).get("services")).items():
            taken: set[str] = set()
            for index, mount in enumerate(listed(mapping(service).get("volumes"))):
                target = _target(mount)
                if target and target in taken:
                    path = ("services", name, "volumes", index)
                    what = f"{name}: {target} is mounted twice, and the first mount is lost"
                    ground.fault_in(document, path, what, "leave one of them out")
                taken.add(target)


def _target(mount: Any) -> str:
    if isinstance(mount, str):
        return volume_target(mount) or ""
    return clean_target(plain_text(mapping(mount).get("target")))
