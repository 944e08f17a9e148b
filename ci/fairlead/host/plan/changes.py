"""Why a service is not the one that runs, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ..wire.release import Release, Service


def explain_change(
    old: Optional[Service], new: Service, old_release: Optional[Release], new_release: Release
) -> Optional[str]:
    """What differs between a service and the one of the same name that runs; None when nothing does."""
    if old is None or old_release is None:
        return "it is new"
    if old.hash == new.hash and old.role == new.role:
        return None
    return ", ".join(_differences(old, new, old_release, new_release)) or "its definition changed"


def _differences(old: Service, new: Service, old_release: Release, new_release: Release) -> Iterator[str]:
    if old.pinned != new.pinned:
        yield "new image"
    if old.role != new.role:
        yield f"it was {old.role}, it is {new.role}"
    for secret in sorted({mount.secret for mount in (*old.mounts, *new.mounts) if mount.secret}):
        if old_release.secrets.get(secret) != new_release.secrets.get(secret):
            yield f"secret {secret} changed"
    if {(mount.target, mount.file) for mount in old.mounts if not mount.variable} != {
        (mount.target, mount.file) for mount in new.mounts if not mount.variable
    }:
        yield "config files changed"
    if {(mount.variable, mount.secret) for mount in old.mounts if mount.variable} != {
        (mount.variable, mount.secret) for mount in new.mounts if mount.variable
    }:
        yield "other variables have their values from secrets"
    keys = {*old.definition, *new.definition} - {"image"}
    changed = sorted(key for key in keys if old.definition.get(key) != new.definition.get(key))
    if changed:
        yield f"changed: {', '.join(changed)}"
