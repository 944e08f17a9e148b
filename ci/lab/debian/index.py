"""What a Debian suite offers, and which packages a wish list needs.

Format of the index: https://wiki.debian.org/DebianRepository/Format#A.22Packages.22_Indices
One suite holds one version of a package, so versions in dependencies need no comparing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fairlead.errors import CommandFailedError

_PRIORITIES = ("required", "important", "standard", "optional", "extra")
_NAME = re.compile(r"^\s*([a-z0-9][a-z0-9+.-]*)")


@dataclass(frozen=True)
class Package:
    """One entry of the index: the fields that matter for choosing and fetching."""

    name: str
    version: str
    architecture: str
    filename: str
    size: int
    sha256: str
    depends: tuple[tuple[str, ...], ...] = ()
    provides: tuple[str, ...] = ()
    essential: bool = False
    priority: str = "optional"

    @property
    def rank(self) -> tuple[int, str]:
        """The order in which providers of a virtual package are preferred."""
        known = self.priority in _PRIORITIES
        return (_PRIORITIES.index(self.priority) if known else len(_PRIORITIES), self.name)


@dataclass(frozen=True)
class Index:
    """All packages of one suite and architecture, by name and by what they provide."""

    packages: Mapping[str, Package]
    providers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def parse_index(text: str) -> Index:
    """Read a ``Packages`` file."""
    packages: dict[str, Package] = {}
    providers: dict[str, list[str]] = {}
    for paragraph in text.split("\n\n"):
        if not paragraph.strip():
            continue
        package = parse_package(paragraph)
        packages[package.name] = package
        for virtual in package.provides:
            providers.setdefault(virtual, []).append(package.name)
    return Index(packages, {name: tuple(names) for name, names in providers.items()})


def parse_package(paragraph: str) -> Package:
    """Read one paragraph of a ``Packages`` file."""
    fields = parse_fields(paragraph)
    return Package(
        name=fields["Package"],
        version=fields["Version"],
        architecture=fields["Architecture"],
        filename=fields.get("Filename", ""),
        size=int(fields.get("Size", "0")),
        sha256=fields.get("SHA256", ""),
        depends=parse_relations(fields.get("Pre-Depends", "")) + parse_relations(fields.get("Depends", "")),
        provides=tuple(names[0] for names in parse_relations(fields.get("Provides", ""))),
        essential=fields.get("Essential") == "yes",
        priority=fields.get("Priority", "optional"),
    )


def parse_fields(paragraph: str) -> dict[str, str]:
    """The fields of a control paragraph; of a folded field the first line, which is all that is needed here."""
    fields = {}
    for line in paragraph.splitlines():
        if line[:1].isspace():
            continue
        name, colon, value = line.partition(":")
        if colon:
            fields[name] = value.strip()
    return fields


def parse_relations(text: str) -> tuple[tuple[str, ...], ...]:
    """``a (>= 1), b:any | c`` -> ``(("a",), ("b", "c"))``."""
    relations = []
    for relation in text.split(","):
        names = tuple(match.group(1) for part in relation.split("|") if (match := _NAME.match(part)))
        if names:
            relations.append(names)
    return tuple(relations)


def resolve(index: Index, wanted: Iterable[str], *, omit: Iterable[str] = ()) -> tuple[Package, ...]:
    """The wanted packages and all that they depend on, sorted by name.

    Args:
        index: what the suite offers.
        wanted: names of real packages.
        omit: packages to leave out, and with them what only they need.

    Raises:
        CommandFailedError: a package is in no index, or nothing meets a dependency.
    """
    left_out = frozenset(omit)
    chosen: dict[str, Package] = {}
    queue: list[str] = []

    def choose(name: str) -> None:
        if name not in chosen:
            if name not in index.packages:
                raise CommandFailedError(
                    f"Debian has no package `{name}`", fix="another suite, or another name in the recipe"
                )
            chosen[name] = index.packages[name]
            queue.append(name)

    for name in wanted:
        choose(name)
    while queue:
        for alternatives in chosen[queue.pop(0)].depends:
            found = _candidate(index, alternatives, chosen, left_out)
            if found:
                choose(found)
    return tuple(chosen[name] for name in sorted(chosen))


def essential(index: Index) -> tuple[str, ...]:
    """The names of the packages that every Debian system has."""
    return tuple(sorted(name for name, package in index.packages.items() if package.essential))


def _candidate(
    index: Index, alternatives: tuple[str, ...], chosen: Mapping[str, Package], left_out: frozenset[str]
) -> str:
    """The name that meets a dependency: chosen already, then in the order told; empty when it is left out."""
    for name in alternatives:
        if name in chosen:
            return name
        met = [provider for provider in index.providers.get(name, ()) if provider in chosen]
        if met:
            return met[0]
    for name in alternatives:
        if name in left_out:
            continue
        if name in index.packages:
            return name
        offers = [index.packages[other] for other in index.providers.get(name, ()) if other not in left_out]
        if offers:
            return min(offers, key=lambda package: package.rank).name
    if left_out.isdisjoint(alternatives):
        raise CommandFailedError(f"no package provides {' | '.join(alternatives)}")
    return ""
