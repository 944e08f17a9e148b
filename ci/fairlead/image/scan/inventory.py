"""What is in an image, as its scan saw it: packages and vulnerabilities, in the small form that is kept beside it. Pure.

The next release is compared with it, long after the reports of the scan are gone. It decides nothing: whoever may write
to the registry may write it too, so what is read is held to its form and size, and told as what was kept.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairlead.image.oci.manifests import LARGEST_DOCUMENT, UnfitError, strict_json
from fairlead.image.scan.findings import SEVERITIES, Report, Vulnerability

SCHEMA = "fairlead.inventory/v1"
LARGEST = 1 << 20
"""Bytes of a packed inventory; some thirty thousand packages."""
_MOST_PLATFORMS = 20
_LONGEST = 300
_LARGEST_IMAGE = 1 << 50
"""Bytes; what is larger is no size, and too much for whoever computes with it."""
_GZIP = 31


@dataclass(frozen=True)
class Contents:
    """What is in the image of one platform.

    Attributes:
        size: what is pulled, in bytes; 0 where that is not known.
        packages: each a name and a version.
        vulnerabilities: all of them, whatever the policy says.
    """

    size: int
    packages: frozenset[tuple[str, str]]
    vulnerabilities: frozenset[Vulnerability]


@dataclass(frozen=True)
class Inventory:
    """What is in an image, by platform; ``database`` is the time of the one that was asked, by which scans are in order."""

    platforms: Mapping[str, Contents]
    database: str = ""


def plan_inventory(reports: Mapping[str, Report], sizes: Mapping[str, int], database: str) -> Inventory:
    """The inventory of an image by its reports, and its sizes in bytes, each by platform."""
    platforms = {
        platform: Contents(
            sizes.get(platform, 0),
            frozenset((_cut(name), _cut(version)) for name, version in report.packages),
            frozenset(_bounded(found) for found in report.vulnerabilities),
        )
        for platform, report in reports.items()
    }
    return Inventory(platforms, database)


def pack(inventory: Inventory) -> bytes:
    """The inventory as it is kept: the same bytes for the same findings, so that nothing is written twice."""
    value = {
        "schema": SCHEMA,
        "database": inventory.database,
        "platforms": {
            platform: {
                "size": found.size,
                "packages": sorted(found.packages),
                "vulnerabilities": sorted(
                    (one.id, one.package, one.installed, one.fixed, one.severity)
                    for one in found.vulnerabilities
                ),
            }
            for platform, found in sorted(inventory.platforms.items())
        },
    }
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return gzip.compress(text.encode(errors="replace"), mtime=0)


def unpack(data: bytes) -> Inventory:
    """Read an inventory of whomever.

    Raises:
        UnfitError: it is none, or too large.
    """
    if len(data) > LARGEST:
        raise UnfitError(f"it is larger than {LARGEST >> 20} MiB")
    try:
        unpacked = zlib.decompressobj(_GZIP).decompress(data, LARGEST_DOCUMENT + 1)
    except zlib.error as error:
        raise UnfitError(f"it cannot be unpacked: {error}") from error
    value = strict_json(unpacked)
    platforms = value.get("platforms")
    if value.get("schema") != SCHEMA or not isinstance(platforms, dict) or len(platforms) > _MOST_PLATFORMS:
        raise UnfitError("it is of another form")
    held = {_text(name): _contents(found) for name, found in platforms.items()}
    return Inventory(held, _text(value.get("database")))


def _contents(value: Any) -> Contents:
    if not isinstance(value, dict):
        raise UnfitError("a platform of it is no object")
    size, packages, found = (value.get(key) for key in ("size", "packages", "vulnerabilities"))
    if (
        type(size) is not int
        or not 0 <= size <= _LARGEST_IMAGE
        or not isinstance(packages, list)
        or not isinstance(found, list)
    ):
        raise UnfitError("a platform of it is of another form")
    return Contents(
        size,
        frozenset((name, version) for name, version in (_texts(one, 2) for one in packages)),
        frozenset(_vulnerability(_texts(one, 5)) for one in found),
    )


def _vulnerability(texts: tuple[str, ...]) -> Vulnerability:
    found, package, installed, fixed, severity = texts
    severity = severity if severity in SEVERITIES else "UNKNOWN"
    return Vulnerability(found, package, installed, fixed, severity)


def _texts(value: Any, count: int) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) != count:
        raise UnfitError("an entry of it is of another form")
    return tuple(_text(one) for one in value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise UnfitError("an entry of it is no short text")
    return value


def _bounded(found: Vulnerability) -> Vulnerability:
    """Without its title, and as long as one is read again."""
    return Vulnerability(
        _cut(found.id), _cut(found.package), _cut(found.installed), _cut(found.fixed), found.severity
    )


def _cut(text: str) -> str:
    return text[:_LONGEST]
