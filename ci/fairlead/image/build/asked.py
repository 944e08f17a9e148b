"""What a bake definition asks of its builder: what it must be able to do, and whether it must reach this machine."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.image.registry.credentials import is_loopback, registry_host
from fairlead.tools.builder import Asked

_IMAGE = "docker-image://"


def asked_of(definition: Mapping[str, Any]) -> Asked:
    """What the builder of a definition must be able to do."""
    targets = tuple(definition["target"].values())
    outputs = [_fields(output) for target in targets for output in target.get("output", ())]
    caches = [_fields(cache) for target in targets for cache in target.get("cache-to", ())]
    return Asked(
        layout=any(output.get("type") in {"oci", "tar"} for output in outputs),
        attestations=any(target.get("attest") for target in targets),
        several_platforms=any(len(target.get("platforms", ())) > 1 for target in targets),
        # One that goes into the image itself is exported by any builder.
        cache_export=any(cache.get("type") != "inline" for cache in caches),
    )


def is_on_loopback(definition: Mapping[str, Any]) -> bool:
    """Whether something that the builder reads or writes lies in a registry at a loopback address."""
    return any(is_loopback(registry_host(name)) for name in _references(definition))


def _references(definition: Mapping[str, Any]) -> Iterator[str]:
    for target in definition["target"].values():
        for given in (*target.get("cache-from", ()), *target.get("cache-to", ())):
            yield _fields(given).get("ref", "")
        for source in target.get("contexts", {}).values():
            yield source.removeprefix(_IMAGE) if source.startswith(_IMAGE) else ""


def _fields(given: str) -> dict[str, str]:
    """A specification as buildx reads it: comma-separated, perhaps quoted."""
    pairs = (field.partition("=") for row in csv.reader([given]) for field in row)
    return {name: value for name, _, value in pairs}
