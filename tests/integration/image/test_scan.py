from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest

from fairlead.tools.locate import locate
from lab.vulnerabilities import render_leaky
from tests.integration.image.workshop import SETTINGS, SMALL, Workshop

OFFLINE = ("scan", "--offline")


def codes(document: dict[str, Any], image: str = "api") -> set[tuple[str, str]]:
    return {(reason["code"], reason["platform"]) for reason in document["images"][image]["reasons"]}


def one_image(workshop: Workshop, more: str = "") -> None:
    """One image suffices where the verdict is about the database or the policy."""
    workshop.write("fairlead.yaml", f"app: board\nimages:\n  api: {{dockerfile: Dockerfile.api}}\n{more}")


def test_clean_images_pass_and_the_database_was_really_asked(workshop: Workshop) -> None:
    """The flaw of bash is in the database, too mild for the policy: an empty database would show none."""
    built = workshop.ok("build")
    document = workshop.ok("scan")
    assert document["database"]["source"].endswith("/lab/trivy-db")
    for name, image in document["images"].items():
        assert image["verdict"] == "pass"
        assert image["digest"] == built["images"][name]["digest"]
        assert list(image["platforms"]) == ["linux/amd64", "linux/arm64"]
        for platform, scanned in image["platforms"].items():
            assert scanned["counts"]["LOW"] == 1
            report = json.loads((workshop.work / scanned["report"]).read_text())
            assert report["Metadata"]["ImageConfig"]["architecture"] == platform.partition("/")[2]
            sbom = json.loads((workshop.work / scanned["sbom"]).read_text())
            assert "bash" in {component["name"] for component in sbom["components"]}
            sarif = json.loads((workshop.work / scanned["sarif"]).read_text())
            assert sarif["runs"][0]["results"] == []
    assert json.loads((workshop.work / "scan.json").read_text()) == document


def test_a_flaw_that_only_arm64_has_refuses_the_image_and_nothing_hides_it(workshop: Workshop) -> None:
    workshop.write("packages/arm64/lab-critical", render_leaky("lab-critical", architecture="arm64"))
    # Trivy itself would heed all of these.
    workshop.write(".trivyignore", "CVE-2099-0001\n")
    workshop.write("trivy.yaml", "severity: [LOW]\n")
    workshop.commit("leaky")
    workshop.ok("build")
    hiding = {"TRIVY_SEVERITY": "LOW", "TRIVY_IGNOREFILE": str(workshop.root / ".trivyignore")}
    ended = workshop.run("scan", env=hiding)
    assert ended.code == 10, ended
    assert codes(ended.document) == {("vulnerability", "linux/arm64")}
    assert "CVE-2099-0001" in ended.stderr
    scanned = ended.document["images"]["api"]["platforms"]
    assert scanned["linux/amd64"]["counts"]["CRITICAL"] == 0
    assert scanned["linux/arm64"]["counts"]["CRITICAL"] == 1
    sarif = json.loads((workshop.work / scanned["linux/arm64"]["sarif"]).read_text())
    assert [result["ruleId"] for result in sarif["runs"][0]["results"]] == ["CVE-2099-0001"]


@pytest.mark.long
def test_an_exception_passes_its_image_until_its_last_day(workshop: Workshop) -> None:
    workshop.write("packages/amd64/lab-critical", render_leaky("lab-critical"))
    ignore = "{{id: CVE-2099-0001, reason: not reachable in our use, until: {until}, image: {image}}}"
    one = SETTINGS.replace("[linux/amd64, linux/arm64]", "[linux/amd64]")
    workshop.settings("", of=one)
    workshop.ok("build")

    def scan_with(until: str, image: str) -> tuple[int, dict[str, Any]]:
        workshop.settings(f"scan: {{ignore: [{ignore.format(until=until, image=image)}]}}\n", of=one)
        ended = workshop.run(*OFFLINE)
        return ended.code, ended.document

    workshop.refused(10, "scan")
    code, document = scan_with("2099-01-01", "api")
    assert code == 10
    assert (codes(document), codes(document, "web")) == (set(), {("vulnerability", "linux/amd64")})
    code, document = scan_with("2020-01-01", "api")
    assert codes(document) == {("ignore-expired", ""), ("vulnerability", "linux/amd64")}
    everywhere = ignore.format(until="2099-01-01", image="api").replace(", image: api", "")
    workshop.settings(f"scan: {{ignore: [{everywhere}]}}\n", of=one)
    assert workshop.ok(*OFFLINE)["images"]["web"]["verdict"] == "pass"


@pytest.mark.parametrize(("tag", "code"), [("stale", "database-old"), ("empty", "database-empty")])
def test_a_stale_or_empty_database_is_no_database(
    unscanned: Workshop, tmp_path: Path, tag: str, code: str
) -> None:
    repository = f"{unscanned.lab.environ['TRIVY_DB_REPOSITORY']}:{tag}"
    env = {"TRIVY_DB_REPOSITORY": repository, "TRIVY_CACHE_DIR": str(tmp_path / "cache")}
    assert (code, "") in codes(unscanned.refused(10, "scan", env=env))


def test_without_a_database_nothing_passes(unscanned: Workshop, tmp_path: Path) -> None:
    env = {"TRIVY_DB_REPOSITORY": "127.0.0.1:1/none", "TRIVY_CACHE_DIR": str(tmp_path / "cache")}
    ended = unscanned.run("scan", env=env)
    assert ended.code == 10, ended
    assert {code for code, _ in codes(ended.document)} == {"database-missing", "scanner-error"}
    assert "connection refused" in ended.stderr


def test_what_the_scanner_cannot_see_does_not_pass(scanned: Workshop) -> None:
    def scan_of(dockerfile: str) -> set[str]:
        scanned.write("Dockerfile.api", dockerfile)
        scanned.ok("build")
        return {code for code, _ in codes(scanned.run(*OFFLINE).document)}

    files = "FROM scratch\nCOPY source /srv\n"
    assert scan_of(files) == {"unknown-os"}
    assert scan_of(f"{files}COPY etc /etc\n") == {"no-packages"}
    scanned.write("old/os-release", 'ID=debian\nVERSION_ID="10"\n')
    scanned.write("old/debian_version", "10.13\n")
    packages = "COPY packages/amd64/ /var/lib/dpkg/status.d/\n"
    assert scan_of(f"{files}COPY old /etc\n{packages}") == {"end-of-life"}
    scanned.write("old/os-release", 'ID=debian\nVERSION_ID="99"\n')
    scanned.write("old/debian_version", "99.1\n")
    assert scan_of(f"{files}COPY old /etc\n{packages}") == {"unknown-os-release"}
    scanned.settings("scan: {allow_no_os: [api]}\n", of=SMALL)
    assert scan_of(files) == {"nothing-recognised"}
    waiver = "{id: UNSCANNED-nothing, image: api, reason: a static program of ours, until: 2099-12-31}"
    scanned.settings(f"scan: {{allow_no_os: [api], ignore: [{waiver}]}}\n", of=SMALL)
    assert scan_of(files) == set()


def test_a_platform_that_was_not_built_does_not_pass(workshop: Workshop) -> None:
    one_image(workshop, "platforms: [linux/amd64]\n")
    workshop.ok("build")
    one_image(workshop, "platforms: [linux/amd64, linux/arm64]\n")
    assert codes(workshop.refused(10, "scan")) == {("platform-missing", "linux/arm64")}


@pytest.mark.parametrize(
    ("trick", "code"),
    [
        # A report that was cut off; one of another architecture; a scanner that fails half way.
        ('head -c 400 "$out" > "$out.x"; mv "$out.x" "$out"', "report-broken"),
        ("""sed -i 's/"architecture": "[a-z0-9]*"/"architecture": "s390x"/' "$out\"""", "wrong-image"),
        ('echo "FATAL Fatal error out of luck" >&2; exit 1', "scanner-error"),
    ],
)
def test_a_scanner_that_misbehaves_passes_nothing(
    unscanned: Workshop, tmp_path: Path, trick: str, code: str
) -> None:
    """The real Trivy runs, and then what it wrote is spoilt."""
    fake = tmp_path / "bin" / "trivy"
    fake.parent.mkdir()
    real = locate("trivy")
    fake.write_text(
        f"""#!/bin/bash
"{real}" "$@" || exit $?
[[ $1 == image && $* == *--input* ]] || exit 0
while [[ $# -gt 0 ]]; do [[ $1 == --output ]] && out=$2; shift; done
{trick}
"""
    )
    fake.chmod(0o755)
    ended = unscanned.run("scan", env={"PATH": f"{fake.parent}:{os.environ['PATH']}"})
    assert ended.code == 10, ended
    assert codes(ended.document) == {(code, "linux/amd64")}


@pytest.mark.long
def test_another_trivy_at_work_is_no_reason_to_fail(scanned: Workshop, trivy_cache: Path) -> None:
    with (trivy_cache / "fanal" / "fanal.db").open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert scanned.ok(*OFFLINE)["images"]["api"]["verdict"] == "pass"


def test_a_layout_that_was_swapped_after_the_build_is_refused(workshop: Workshop) -> None:
    workshop.ok("build")
    images = workshop.work / "images"
    (images / "api").rename(images / "x")
    (images / "web").rename(images / "api")
    (images / "x").rename(images / "web")
    assert "is not the one that was built" in workshop.refused(4, "scan")["what"]


def test_without_a_build_there_is_nothing_to_scan(workshop: Workshop) -> None:
    assert "there is no build.json" in workshop.refused(2, "scan")["what"]
