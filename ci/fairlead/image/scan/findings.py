"""A scanner's report as frozen values: what was scanned, what was found.

The report is Trivy's JSON, schema 2: https://trivy.dev/docs/latest/configuration/reporting/#json
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fairlead.image.oci.manifests import platform_name
from fairlead.image.scan.distribution import read_origins

SEVERITIES = ("UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL")
"""From the mildest to the worst."""

_SCHEMA = 2
_OS_PACKAGES = "os-pkgs"


@dataclass(frozen=True, order=True)
class Vulnerability:
    """A vulnerability of a package. ``fixed`` is empty where there is no fix."""

    id: str
    package: str
    installed: str
    fixed: str
    severity: str
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a scanner says about one image.

    Attributes:
        platform: of the image that was scanned.
        image_id: digest of its configuration.
        os_family: the distribution, such as ``debian``; empty where none was recognised.
        os_release: its release, such as ``13.1``.
        is_end_of_life: whether the distribution makes no more security updates for the release.
        os_packages: how many packages of the distribution were found.
        listed_by: what lists the packages of the distribution: ``dpkg``, ``apk``, ``rpm``.
        origins: the families that those packages name by their names and versions.
        names_repositories: whether those packages say which repositories they are of, as Red Hat's images do.
        languages: how many packages were found, by the kind of their list: ``gobinary``, ``python-pkg``.
        vulnerabilities: all of them, whatever the policy says.
        packages: of the distribution and of languages, each a name and a version as vulnerabilities have them.
    """

    platform: str
    image_id: str
    os_family: str
    os_release: str
    is_end_of_life: bool
    os_packages: int
    listed_by: frozenset[str]
    origins: frozenset[str] = frozenset()
    names_repositories: bool
    languages: Mapping[str, int]
    vulnerabilities: tuple[Vulnerability, ...]
    packages: frozenset[tuple[str, str]] = frozenset()

    @property
    def counts(self) -> dict[str, int]:
        """Vulnerabilities by severity, the worst first."""
        return {
            severity: sum(found.severity == severity for found in self.vulnerabilities)
            for severity in reversed(SEVERITIES)
        }


def parse_report(text: str) -> Report:
    """Read a report.

    Raises:
        ValueError: it is cut off, of another schema, or lacks what a verdict needs.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise ValueError(f"it is no JSON: {error}") from error
    if not isinstance(raw, dict) or raw.get("SchemaVersion") != _SCHEMA:
        raise ValueError(f"it is no report of schema {_SCHEMA}")
    try:
        return _report(raw["Metadata"], raw.get("Results") or [])
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"its shape is unknown: {error!r}") from error


def keep_vulnerabilities(text: str, kept: frozenset[tuple[str, str]]) -> str:
    """The report with these vulnerabilities only, each an id and a package: what a reader must act on."""
    raw = json.loads(text)
    for result in raw.get("Results") or []:
        found = result.get("Vulnerabilities")
        if found:
            result["Vulnerabilities"] = [
                item for item in found if (item["VulnerabilityID"], item["PkgName"]) in kept
            ]
    return json.dumps(raw)


def _report(metadata: Mapping[str, Any], results: list[Mapping[str, Any]]) -> Report:
    system = metadata.get("OS") or {}
    family = system.get("Family", "")
    packages = [
        package
        for result in results
        if result["Class"] == _OS_PACKAGES
        for package in result.get("Packages") or ()
    ]
    return Report(
        platform=platform_name(metadata.get("ImageConfig")),
        image_id=metadata.get("ImageID", ""),
        os_family="" if family == "none" else family,
        os_release=system.get("Name", ""),
        is_end_of_life=bool(system.get("EOSL")),
        os_packages=len(packages),
        listed_by=frozenset(str(package.get("AnalyzedBy", "")) for package in packages),
        origins=read_origins(packages),
        names_repositories=any(package.get("BuildInfo") for package in packages),
        languages=_languages(results),
        vulnerabilities=tuple(sorted(set(_vulnerabilities(results)))),
        packages=frozenset(
            (str(package.get("Name", "")), _version(package))
            for result in results
            for package in result.get("Packages") or ()
        ),
    )


def _version(package: Mapping[str, Any]) -> str:
    """The version of a package as Trivy writes that of a vulnerable one."""
    version = str(package.get("Version") or "")
    release = f"-{package['Release']}" if version and package.get("Release") else ""
    return f"{package['Epoch']}:{version}{release}" if package.get("Epoch") else f"{version}{release}"


def _languages(results: list[Mapping[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for result in results:
        found = len(result.get("Packages") or ())
        if found and result["Class"] != _OS_PACKAGES:
            kind = str(result.get("Type", ""))
            counts[kind] = counts.get(kind, 0) + found
    return counts


def _vulnerabilities(results: list[Mapping[str, Any]]) -> Iterator[Vulnerability]:
    for result in results:
        for found in result.get("Vulnerabilities") or ():
            severity = found.get("Severity", "UNKNOWN")
            yield Vulnerability(
                id=found["VulnerabilityID"],
                package=found["PkgName"],
                installed=found.get("InstalledVersion", ""),
                fixed=found.get("FixedVersion", ""),
                severity=severity if severity in SEVERITIES else "UNKNOWN",
                title=found.get("Title", ""),
            )
