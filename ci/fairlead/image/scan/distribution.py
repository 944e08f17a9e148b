"""Which distributions the packages of an image say they are made for, whatever ``/etc/os-release`` says: pure.

Distributions that share a package manager (Alpine and Wolfi, Debian and Ubuntu) have lists of flaws of their own, and
a scanner goes by ``/etc/os-release``, one line of text in the image. Its packages say it too: those that lay out the
system by their names, others by how they write their versions.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

_BY_NAME = {
    "alpine-baselayout": "alpine",
    "alpine-release": "alpine",
    "wolfi-baselayout": "wolfi",
    "chainguard-baselayout": "chainguard",
    "debian-archive-keyring": "debian",
    "ubuntu-keyring": "ubuntu",
    "almalinux-release": "alma",
    "rocky-release": "rocky",
    "oraclelinux-release": "oracle",
    "redhat-release": "redhat",
    "centos-stream-release": "centos",
    "photon-release": "photon",
    "azurelinux-release": "azurelinux",
    "mariner-release": "cbl-mariner",
}
_ENTERPRISE = frozenset({"alma", "rocky", "redhat", "centos", "oracle"})
_BY_VERSION = (
    (re.compile(r"ubuntu"), frozenset({"ubuntu"})),
    (re.compile(r"[+~]deb[0-9]+u[0-9]"), frozenset({"debian"})),
    (re.compile(r"\.el[0-9]"), _ENTERPRISE),
    (re.compile(r"\.amzn[0-9]"), frozenset({"amazon"})),
    (re.compile(r"\.fc[0-9]"), frozenset({"fedora"})),
    (re.compile(r"\.azl[0-9]"), frozenset({"azurelinux"})),
    (re.compile(r"\.cm[0-9]"), frozenset({"cbl-mariner"})),
    (re.compile(r"\.ph[0-9]"), frozenset({"photon"})),
)
_MADE_OF = {
    "echo": {"debian"},
    "chainguard": {"wolfi"},
    "wolfi": {"chainguard"},
    "minimos": {"wolfi", "chainguard"},
    "centos": {"redhat"},
}
"""Distributions that are built of another's packages, and keep what those say."""


def read_origins(packages: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The families that the packages of a report name; those that lay out the system first, as they name one.

    Args:
        packages: of the distribution, as Trivy lists them: ``Name``, ``Version``, ``Release``.
    """
    listed = list(packages)
    named = {_BY_NAME.get(str(one.get("Name", ""))) for one in listed} - {None}
    if named:
        return frozenset(str(name) for name in named)
    versions = [f"{one.get('Version', '')}-{one.get('Release', '')}" for one in listed]
    found: set[str] = set()
    for pattern, families in _BY_VERSION:
        if any(pattern.search(version) for version in versions):
            found |= families
    return frozenset(found)


def is_likely(family: str, origins: Collection[str]) -> bool:
    """Whether an image of this family may hold packages of these; where they name none, nothing contradicts it."""
    return not origins or bool({family, *_MADE_OF.get(family, ())} & {*origins})
