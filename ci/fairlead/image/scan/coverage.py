"""What the scanner could look up of an image, in the database that it asked: pure.

A scanner that knows a package and has no list of flaws for it finds none, and says so nowhere. So each kind of package
that an image holds is matched against the names of the database's buckets, as the scanner (Trivy 0.74) matches them:
the distribution with as much of its release as counts, and the source of each language. What has none was not looked
at, and is a fault, which an exception of the policy may accept up to a day.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from fairlead.image.scan.distribution import is_likely
from fairlead.image.scan.findings import Report

WAIVER = "UNSCANNED-"
"""An exception of the policy with this before a gap's name accepts the gap."""
NOTHING = "nothing"


@dataclass(frozen=True)
class Gap:
    """Something that was not looked up: the code of the reason, a name by which it can be accepted, and a sentence."""

    code: str
    name: str
    message: str

    @property
    def waiver(self) -> str:
        return WAIVER + re.sub(r"[^A-Za-z0-9]+", "-", self.name).strip("-")


@dataclass(frozen=True)
class Coverage:
    """What of an image was looked up, by the names of the database, and what was not."""

    matched: tuple[str, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True)
class _Family:
    """A distribution: its buckets' prefix, how many numbers of the release follow it, and what lists its packages."""

    bucket: str
    numbers: int
    listed_by: frozenset[str]


_DPKG, _APK, _RPM = frozenset({"dpkg"}), frozenset({"apk"}), frozenset({"rpm", "rpmqa"})
_ALL = 9
_FAMILIES = {
    "debian": _Family("debian", 1, _DPKG),
    "ubuntu": _Family("ubuntu", _ALL, _DPKG),
    "echo": _Family("echo", 0, _DPKG),
    "alpine": _Family("alpine", 2, _APK),
    "wolfi": _Family("wolfi", 0, _APK),
    "chainguard": _Family("chainguard", 0, _APK),
    "minimos": _Family("minimos", 0, _APK),
    "alma": _Family("alma", 1, _RPM),
    "rocky": _Family("rocky", 1, _RPM),
    "redhat": _Family("Red Hat", 0, _RPM),
    "centos": _Family("Red Hat", 0, _RPM),
    "oracle": _Family("Oracle Linux", 1, _RPM),
    "amazon": _Family("amazon linux", 1, _RPM),
    "photon": _Family("Photon OS", _ALL, _RPM),
    "azurelinux": _Family("Azure Linux", 2, _RPM),
    "cbl-mariner": _Family("CBL-Mariner", 2, _RPM),
    "sles": _Family("SUSE Linux Enterprise", _ALL, _RPM),
    "slem": _Family("SUSE Linux Enterprise Micro", _ALL, _RPM),
    "opensuse-leap": _Family("openSUSE Leap", _ALL, _RPM),
    "opensuse-tumbleweed": _Family("openSUSE Tumbleweed", 0, _RPM),
    "bottlerocket": _Family("bottlerocket", 0, frozenset({"bottlerocket-inventory"})),
}
_RED_HAT = {"redhat", "centos"}
_RED_HAT_RELEASES = {"6", "7", "8", "9"}
"""Those for which the scanner knows the repositories itself; other images must name them."""
_LANGUAGES = {
    **dict.fromkeys(("bundler", "gemspec"), "rubygems"),
    **dict.fromkeys(("rustbinary", "cargo"), "cargo"),
    **dict.fromkeys(("composer", "composer-vendor"), "composer"),
    **dict.fromkeys(("gobinary", "gomod"), "go"),
    **dict.fromkeys(("jar", "pom", "gradle", "sbt"), "maven"),
    **dict.fromkeys(("npm", "yarn", "pnpm", "bun", "node-pkg", "javascript"), "npm"),
    **dict.fromkeys(("nuget", "dotnet-core", "packages-props"), "nuget"),
    **dict.fromkeys(("pipenv", "poetry", "pip", "python-pkg", "uv", "pylock"), "pip"),
    "pub": "pub",
    "hex": "erlang",
    "conan": "conan",
    "swift": "swift",
    "cocoapods": "cocoapods",
    "bitnami": "bitnami",
    "kubernetes": "k8s",
    "julia": "julia",
}


def plan_coverage(report: Report, repository: str, buckets: Collection[str], *, no_os: bool) -> Coverage:
    """Match what an image holds against the database.

    Args:
        report: what the scanner found.
        repository: the release of the packages' source, where the scanner goes by it (Alpine).
        buckets: the names in the database.
        no_os: no operating system is expected.
    """
    matched: list[str] = []
    gaps: list[Gap] = []
    for found in (*_system(report, repository, buckets, no_os=no_os), *_languages(report, buckets)):
        if isinstance(found, Gap):
            gaps.append(found)
        else:
            matched.append(found)
    if not matched and not gaps:
        why = "nothing in it is recognised, neither packages of a system nor of a language: nothing was looked up"
        gaps.append(Gap("nothing-recognised", NOTHING, why))
    return Coverage(tuple(dict.fromkeys(matched)), tuple(dict.fromkeys(gaps)))


def bucket_of(family: str, release: str) -> str:
    """The bucket of a release of a distribution; empty where the scanner has none for the family."""
    known = _FAMILIES.get(family)
    if known is None:
        return ""
    words = (release.split() or [""])[0] if family == "amazon" else release
    numbers = ".".join(words.split(".")[: known.numbers])
    return f"{known.bucket} {numbers}".strip()


def _system(report: Report, repository: str, buckets: Collection[str], *, no_os: bool) -> Iterator[str | Gap]:
    family = report.os_family
    if not family:
        if report.os_packages or not no_os:
            why = "no operating system is recognised, so none of its packages were looked at"
            how = "" if report.os_packages else "; an image that has none belongs into scan.allow_no_os"
            yield Gap("unknown-os", "os", why + how)
        return
    release = repository if family == "alpine" and repository else report.os_release
    system = f"{family} {release}"
    bucket = bucket_of(family, release)
    if not report.os_packages:
        why = f"{family} {report.os_release} without a single package: its package list is gone"
        yield Gap("no-packages", f"{system} packages", why)
    elif not bucket:
        yield Gap("unsupported-os", system, f"the scanner knows no flaws of {family}, whatever the release")
    elif not report.listed_by or not report.listed_by <= _FAMILIES[family].listed_by:
        listed = ", ".join(sorted(report.listed_by)) or "nothing that is known"
        why = f"it says that it is {family}, but its packages are listed by {listed}"
        yield Gap("os-mismatch", system, why)
    elif not is_likely(family, report.origins):
        made_for = " or ".join(sorted(report.origins))
        yield Gap(
            "os-mismatch", system, f"it says that it is {family}, but its packages are made for {made_for}"
        )
    elif not _is_known(report, bucket, buckets):
        yield Gap("unknown-os-release", system, f"the database knows nothing of {system}")
    else:
        yield bucket


def _is_known(report: Report, bucket: str, buckets: Collection[str]) -> bool:
    if report.os_family in _RED_HAT:
        major = report.os_release.partition(".")[0]
        return bucket in buckets and (major in _RED_HAT_RELEASES or report.names_repositories)
    # Of a release of Ubuntu that is out of date the database has the extended one only.
    return bucket in buckets or (report.os_family == "ubuntu" and f"{bucket}-ESM" in buckets)


def _languages(report: Report, buckets: Collection[str]) -> Iterator[str | Gap]:
    for kind in sorted(report.languages):
        ecosystem = _LANGUAGES.get(kind)
        if ecosystem is None:
            yield Gap("unknown-language", kind, f"the scanner knows no flaws of packages of the kind {kind}")
        elif not any(bucket.startswith(f"{ecosystem}::") for bucket in buckets):
            why = f"the database knows nothing of {ecosystem}, of which there are packages ({kind})"
            yield Gap("unknown-language", ecosystem, why)
        else:
            yield ecosystem
