from __future__ import annotations

import json
from typing import Any

import pytest

from fairlead.image.scan.findings import keep_vulnerabilities, parse_report

FOUND = {
    "VulnerabilityID": "CVE-2026-1",
    "PkgName": "bash",
    "InstalledVersion": "5.2-1",
    "FixedVersion": "5.2-2",
    "Severity": "HIGH",
    "Title": "t",
}
REPORT: dict[str, Any] = {
    "SchemaVersion": 2,
    "Metadata": {
        "OS": {"Family": "debian", "Name": "13.1", "EOSL": True},
        "ImageID": "sha256:abc",
        "ImageConfig": {"architecture": "arm", "os": "linux", "variant": "v7"},
    },
    "Results": [
        {
            "Class": "os-pkgs",
            "Packages": [{"AnalyzedBy": "dpkg"}, {"AnalyzedBy": "apk", "BuildInfo": {"Nvr": "x"}}],
            "Vulnerabilities": [FOUND, FOUND, {**FOUND, "VulnerabilityID": "CVE-2026-2", "Severity": "odd"}],
        },
        {"Class": "lang-pkgs", "Type": "python-pkg", "Packages": [{}]},
        {"Class": "lang-pkgs", "Type": "gobinary", "Packages": []},
    ],
}


def test_a_report_is_read() -> None:
    report = parse_report(json.dumps(REPORT))
    assert (report.platform, report.image_id) == ("linux/arm/v7", "sha256:abc")
    assert (report.os_family, report.os_release, report.is_end_of_life) == ("debian", "13.1", True)
    assert (report.os_packages, report.languages) == (2, {"python-pkg": 1})
    assert report.listed_by == frozenset({"dpkg", "apk"})
    assert report.names_repositories
    assert [found.id for found in report.vulnerabilities] == ["CVE-2026-1", "CVE-2026-2"]
    assert report.counts == {"CRITICAL": 0, "HIGH": 1, "MEDIUM": 0, "LOW": 0, "UNKNOWN": 1}


@pytest.mark.parametrize("system", [None, {"Family": "none", "Name": ""}])
def test_no_operating_system_is_no_name(system: dict[str, str] | None) -> None:
    raw = {"SchemaVersion": 2, "Metadata": {"OS": system, "ImageConfig": {}}, "Results": None}
    assert parse_report(json.dumps(raw)).os_family == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        json.dumps(REPORT)[:-9],
        "[]",
        "{}",
        '{"SchemaVersion": 3, "Metadata": {}}',
        '{"SchemaVersion": 2}',
        '{"SchemaVersion": 2, "Metadata": {}, "Results": [{}]}',
        '{"SchemaVersion": 2, "Metadata": {}, "Results": 5}',
        '{"SchemaVersion": 2, "Metadata": [], "Results": []}',
    ],
)
def test_a_report_that_is_cut_off_or_of_another_shape_is_no_report(text: str) -> None:
    with pytest.raises(ValueError, match="it"):
        parse_report(text)


def test_only_what_is_wanted_is_kept() -> None:
    kept = json.loads(keep_vulnerabilities(json.dumps(REPORT), frozenset({("CVE-2026-2", "bash")})))
    assert [found["VulnerabilityID"] for found in kept["Results"][0]["Vulnerabilities"]] == ["CVE-2026-2"]
    assert kept["Metadata"] == REPORT["Metadata"]
