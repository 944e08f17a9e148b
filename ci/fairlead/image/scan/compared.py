"""Two inventories against each other: what a release changes in its packages, fixes and brings. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeVar

from fairlead.image.scan.findings import SEVERITIES, Vulnerability
from fairlead.image.scan.inventory import Contents, Inventory

_Key = TypeVar("_Key", bound=Hashable)

_MOST_VERSIONS = 10

KINDS = {"new": "new", "fixed": "fixed", "disclosed": "known only now", "withdrawn": "not told any more"}
"""What may become of a vulnerability, each with its words.

A scanner learns: what it names in an image may be in the one before as well, scanned when nobody knew of it. So only
what comes with a package of another version is ``new``, else it was ``disclosed`` meanwhile; and what goes while its
package stays as it was is not ``fixed``, but ``withdrawn``. Meanwhile is between the two scans, whichever came first:
who goes back, goes to the older one.
"""
_BACK = {"new": "fixed", "fixed": "new", "disclosed": "disclosed", "withdrawn": "withdrawn"}


def compare(before: Inventory, after: Inventory, most: int) -> dict[str, Any]:
    """What differs, over the platforms that both have; ``most``: so many entries of a kind are listed, all counted."""
    if after.database >= before.database:
        return _compare(before, after, most)
    found = _compare(after, before, most)
    listed = [{**one, "before": one["after"], "after": one["before"]} for one in found["packages"]["listed"]]
    return {
        **found,
        "sizes": _sizes(before),
        "packages": {**found["packages"], "listed": listed},
        **{kind: found[other] for kind, other in _BACK.items()},
    }


def _compare(before: Inventory, after: Inventory, most: int) -> dict[str, Any]:
    shared = [platform for platform in after.platforms if platform in before.platforms]
    pairs = {platform: (before.platforms[platform], after.platforms[platform]) for platform in shared}
    found = _join({platform: _vulnerabilities(*pair) for platform, pair in pairs.items()})
    packages = _join({platform: _packages(*pair) for platform, pair in pairs.items()})
    rows = sorted(packages.items())
    return {
        "unknown": "",
        "platforms": shared,
        "sizes": _sizes(before),
        "packages": {
            "count": len(rows),
            "listed": [
                {"package": name, "before": _some(old), "after": _some(new), "platforms": _where(on, shared)}
                for (name, old, new), on in rows[:most]
            ],
        },
        **{kind: _told(found, kind, shared, most) for kind in KINDS},
    }


def _sizes(inventory: Inventory) -> dict[str, int]:
    return {platform: one.size for platform, one in inventory.platforms.items() if one.size}


def sentence(compared: Mapping[str, Any]) -> str:
    """What differs, in a line: ``3 packages changed; vulnerabilities: 1 new (HIGH), 2 fixed (LOW)``."""
    if compared["unknown"]:
        return f"what changed in its packages is not known: {compared['unknown']}"
    count = compared["packages"]["count"]
    packages = f"{count or 'no'} {'package' if count == 1 else 'packages'} changed"
    said = [
        f"{compared[kind]['count']} {words} ({_severities(compared[kind]['severities'])})"
        for kind, words in KINDS.items()
        if compared[kind]["count"]
    ]
    return f"{packages}; vulnerabilities: {', '.join(said) or 'none new, none fixed'}"


def _severities(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" if len(counts) > 1 else name for name, count in counts.items())


def _vulnerabilities(before: Contents, after: Contents) -> dict[tuple[str, Vulnerability], None]:
    """Each with what became of it; one is the same in two images by its id and package."""
    old = {(one.id, one.package): one for one in sorted(before.vulnerabilities)}
    new = {(one.id, one.package): one for one in sorted(after.vulnerabilities)}
    came = [new[key] for key in new if key not in old]
    went = [old[key] for key in old if key not in new]
    return {
        **{(_kind("new", "disclosed", one, before.packages), one): None for one in came},
        **{(_kind("fixed", "withdrawn", one, after.packages), one): None for one in went},
    }


def _kind(changed: str, same: str, one: Vulnerability, other: frozenset[tuple[str, str]]) -> str:
    return same if (one.package, one.installed) in other else changed


def _packages(before: Contents, after: Contents) -> dict[tuple[str, tuple[str, ...], tuple[str, ...]], None]:
    old, new = _versions(before.packages), _versions(after.packages)
    names = sorted({*old, *new})
    return {
        (name, old.get(name, ()), new.get(name, ())): None for name in names if old.get(name) != new.get(name)
    }


def _versions(packages: frozenset[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """All versions of each: an app in JavaScript may have several."""
    found: dict[str, tuple[str, ...]] = {}
    for name, version in sorted(packages):
        found[name] = (*found.get(name, ()), version)
    return found


def _join(by_platform: Mapping[str, Iterable[_Key]]) -> dict[_Key, list[str]]:
    """By what was found, the platforms on which it was."""
    found: dict[_Key, list[str]] = {}
    for platform, keys in by_platform.items():
        for key in keys:
            found.setdefault(key, []).append(platform)
    return found


def _told(
    found: Mapping[tuple[str, Vulnerability], list[str]], kind: str, shared: list[str], most: int
) -> dict[str, Any]:
    rows = [(one, on) for (became, one), on in found.items() if became == kind]
    rows.sort(key=lambda row: (-SEVERITIES.index(row[0].severity), row[0]))
    counts = Counter(one.severity for one, _ in rows)
    return {
        "count": len(rows),
        "severities": {name: counts[name] for name in reversed(SEVERITIES) if counts[name]},
        "listed": [
            {
                "id": one.id,
                "severity": one.severity,
                "package": one.package,
                "version": one.installed,
                "fixed": one.fixed,
                "platforms": _where(on, shared),
            }
            for one, on in rows[:most]
        ],
    }


def _some(versions: tuple[str, ...]) -> list[str]:
    more = len(versions) - _MOST_VERSIONS
    return [*versions[:_MOST_VERSIONS], *([f"{more} more"] if more > 0 else [])]


def _where(on: list[str], shared: list[str]) -> list[str]:
    """The platforms of an entry; none where it is on all of them."""
    return [] if len(on) == len(shared) else on
