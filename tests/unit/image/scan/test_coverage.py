from __future__ import annotations

import json
import random
from typing import Any

import pytest

from fairlead.image.scan import coverage
from fairlead.image.scan.coverage import Coverage, bucket_of, plan_coverage
from fairlead.image.scan.findings import parse_report
from tests.unit.image.builders import report

# As trivy-db writes them, of the summer of 2026.
BUCKETS = frozenset(
    {
        "debian 12", "debian 13", "ubuntu 24.04", "ubuntu 18.04-ESM", "alpine 3.22", "alpine edge", "alma 9", "rocky 9",
        "Red Hat", "Red Hat CPE", "Oracle Linux 9", "amazon linux 1", "amazon linux 2", "amazon linux 2023",
        "Photon OS 5.0", "Azure Linux 3.0", "CBL-Mariner 2.0", "SUSE Linux Enterprise 15.6",
        "SUSE Linux Enterprise Micro 6.0", "openSUSE Leap 15.6", "openSUSE Tumbleweed", "wolfi", "chainguard", "echo",
        "minimos", "bottlerocket", "pip::GitHub Security Advisory Pip", "go::The Go Vulnerability Database",
        "npm::GitHub Security Advisory npm", "vulnerability", "data-source",
    }
)  # fmt: skip
KNOWN = [
    ("debian", "13.1", "dpkg", "debian 13"),
    ("ubuntu", "24.04", "dpkg", "ubuntu 24.04"),
    ("ubuntu", "18.04", "dpkg", "ubuntu 18.04"),
    ("echo", "1", "dpkg", "echo"),
    ("alpine", "3.22.1", "apk", "alpine 3.22"),
    ("wolfi", "20230201", "apk", "wolfi"),
    ("chainguard", "20230214", "apk", "chainguard"),
    ("minimos", "20241031", "apk", "minimos"),
    ("alma", "9.4", "rpm", "alma 9"),
    ("rocky", "9.4", "rpm", "rocky 9"),
    ("redhat", "9.4", "rpm", "Red Hat"),
    ("oracle", "9.4", "rpm", "Oracle Linux 9"),
    ("amazon", "2023.6.20241010", "rpm", "amazon linux 2023"),
    ("amazon", "2 (Karoo)", "rpm", "amazon linux 2"),
    ("photon", "5.0", "rpm", "Photon OS 5.0"),
    ("azurelinux", "3.0.20240727", "rpmqa", "Azure Linux 3.0"),
    ("cbl-mariner", "2.0.20240123", "rpm", "CBL-Mariner 2.0"),
    ("sles", "15.6", "rpm", "SUSE Linux Enterprise 15.6"),
    ("slem", "6.0", "rpm", "SUSE Linux Enterprise Micro 6.0"),
    ("opensuse-leap", "15.6", "rpm", "openSUSE Leap 15.6"),
    ("opensuse-tumbleweed", "20240607", "rpm", "openSUSE Tumbleweed"),
    ("bottlerocket", "1.20.0", "bottlerocket-inventory", "bottlerocket"),
]


def covered(*, repository: str = "", no_os: bool = False, **changes: Any) -> Coverage:
    listed = changes.pop("listed_by", "dpkg")
    return plan_coverage(report(listed_by=frozenset({listed}), **changes), repository, BUCKETS, no_os=no_os)


def codes(found: Coverage) -> list[str]:
    return [gap.code for gap in found.gaps]


@pytest.mark.parametrize(("family", "release", "listed_by", "bucket"), KNOWN)
def test_a_release_that_the_database_has_is_named_as_it_has_it(
    family: str, release: str, listed_by: str, bucket: str
) -> None:
    found = covered(os_family=family, os_release=release, listed_by=listed_by)
    assert found == Coverage((bucket,), ())


@pytest.mark.parametrize(("family", "release", "listed_by", "bucket"), KNOWN)
def test_one_that_it_lacks_is_a_gap_whatever_the_family(
    family: str, release: str, listed_by: str, bucket: str
) -> None:
    made = report(os_family=family, os_release=release, listed_by=frozenset({listed_by}))
    found = plan_coverage(made, "", BUCKETS - {bucket, f"{bucket}-ESM"}, no_os=False)
    assert codes(found) == ["unknown-os-release"]
    assert found.matched == ()


@pytest.mark.parametrize(("family", "release", "listed_by", "bucket"), KNOWN)
def test_a_system_that_was_renamed_does_not_take_its_packages_along(
    family: str, release: str, listed_by: str, bucket: str
) -> None:
    """Debian's packages under another name are not looked up in that one's list, though the database has it."""
    assert bucket
    for other in {"dpkg", "apk", "rpm", ""} - {listed_by, "rpm" if listed_by == "rpmqa" else ""}:
        found = covered(os_family=family, os_release=release, listed_by=other)
        assert codes(found) == ["os-mismatch"], other


def made_for(family: str, release: str, listed_by: str, *packages: tuple[str, str]) -> Coverage:
    """The coverage of a report as Trivy writes it, with these packages."""
    listed = [{"Name": name, "Version": version, "AnalyzedBy": listed_by} for name, version in packages]
    text = {
        "SchemaVersion": 2,
        "Metadata": {
            "OS": {"Family": family, "Name": release},
            "ImageConfig": {"os": "linux", "architecture": "amd64"},
        },
        "Results": [{"Class": "os-pkgs", "Packages": listed}],
    }
    return plan_coverage(parse_report(json.dumps(text)), "", BUCKETS, no_os=False)


ALPINE = (("alpine-baselayout", "3.7.0-r0"), ("musl", "1.2.5-r10"))
DEBIAN = (("bash", "5.2.37-2+b5"), ("libc6", "2.41-12+deb13u1"))
UBUNTU = (("bash", "5.2.21-2ubuntu4"), ("tzdata", "2025b-0+deb12u1"))
ALMA = (("almalinux-release", "9.4-1.el9"), ("bash", "5.1.8-9.el9"))


@pytest.mark.parametrize(
    ("family", "release", "listed_by", "packages"),
    [
        ("wolfi", "20230201", "apk", ALPINE),
        ("chainguard", "20230214", "apk", ALPINE),
        ("minimos", "20241031", "apk", ALPINE),
        ("alpine", "3.22.1", "apk", (("wolfi-baselayout", "20230201-r20"),)),
        ("ubuntu", "24.04", "dpkg", DEBIAN),
        ("ubuntu", "24.04", "dpkg", (("debian-archive-keyring", "2025.1"),)),
        ("echo", "1", "dpkg", (("bash", "5.2.21-2ubuntu4"),)),
        ("photon", "5.0", "rpm", ALMA),
        ("azurelinux", "3.0.20240727", "rpm", (("bash", "5.1.8-9.el9"),)),
        ("rocky", "9.4", "rpm", ALMA),
        ("amazon", "2023.6.20241010", "rpm", (("bash", "5.2.15-1.azl3"),)),
    ],
)
def test_packages_tell_a_system_that_was_renamed_to_one_of_the_same_package_manager(
    family: str, release: str, listed_by: str, packages: tuple[tuple[str, str], ...]
) -> None:
    """The database knows both; looked up in the other's list, a flaw is none."""
    assert codes(made_for(family, release, listed_by, *packages)) == ["os-mismatch"]


@pytest.mark.parametrize(
    ("family", "release", "listed_by", "packages"),
    [
        ("alpine", "3.22.1", "apk", ALPINE),
        ("wolfi", "20230201", "apk", (("wolfi-baselayout", "20230201-r20"),)),
        ("chainguard", "20230214", "apk", (("wolfi-baselayout", "20230201-r20"),)),
        ("debian", "13.1", "dpkg", DEBIAN),
        ("debian", "13.1", "dpkg", (("bash", "5.2.37-2"),)),
        ("ubuntu", "24.04", "dpkg", UBUNTU),
        ("ubuntu", "24.04", "dpkg", (*UBUNTU, ("debian-archive-keyring", "1"), ("ubuntu-keyring", "1"))),
        ("echo", "1", "dpkg", DEBIAN),
        ("alma", "9.4", "rpm", ALMA),
        ("rocky", "9.4", "rpm", (("bash", "5.1.8-9.el9"),)),
        ("amazon", "2023.6.20241010", "rpm", (("bash", "5.2.15-1.amzn2023"), ("x", "1.el9"))),
    ],
)
def test_a_system_with_its_own_packages_is_looked_up(
    family: str, release: str, listed_by: str, packages: tuple[tuple[str, str], ...]
) -> None:
    assert codes(made_for(family, release, listed_by, *packages)) == []


@pytest.mark.parametrize(
    ("family", "release", "listed_by"),
    [
        ("debian", "trixie/sid", "dpkg"),
        ("debian", "", "dpkg"),
        ("ubuntu", "99.04", "dpkg"),
        ("alpine", "3.99.0", "apk"),
        ("alpine", "3", "apk"),
        ("redhat", "10.1", "rpm"),
        ("redhat", "", "rpm"),
        ("amazon", "2025", "rpm"),
        ("amazon", "", "rpm"),
        ("photon", "6.0", "rpm"),
        ("sles", "15", "rpm"),
        ("azurelinux", "4.0", "rpm"),
    ],
)
def test_a_release_that_nobody_knows_is_a_gap(family: str, release: str, listed_by: str) -> None:
    assert codes(covered(os_family=family, os_release=release, listed_by=listed_by)) == ["unknown-os-release"]


@pytest.mark.parametrize("family", ["fedora", "centos-stream", "coreos", "activestate", "opensuse", "nixos"])
def test_a_family_without_a_list_is_a_gap(family: str) -> None:
    assert codes(covered(os_family=family, os_release="1")) == ["unsupported-os"]


def test_alpine_is_looked_up_by_where_its_packages_are_from() -> None:
    alpine: dict[str, Any] = {"os_family": "alpine", "os_release": "3.22.1", "listed_by": "apk"}
    assert covered(**alpine, repository="edge").matched == ("alpine edge",)
    found = covered(**alpine, repository="3.99")
    assert [gap.waiver for gap in found.gaps] == ["UNSCANNED-alpine-3-99"]


def test_red_hats_own_images_say_where_their_packages_are_from() -> None:
    ten: dict[str, Any] = {"os_family": "redhat", "os_release": "10.1", "listed_by": "rpm"}
    assert covered(**ten, names_repositories=True).matched == ("Red Hat",)


def test_languages_are_looked_up_each_in_its_own_list() -> None:
    found = covered(languages={"python-pkg": 5, "gobinary": 1, "node-pkg": 2, "pip": 1})
    assert found == Coverage(("debian 13", "go", "npm", "pip"), ())
    found = covered(languages={"jar": 1, "conda-pkg": 2, "brandnew": 1})
    assert found.matched == ("debian 13",)
    assert {gap.waiver for gap in found.gaps} == {
        "UNSCANNED-maven", "UNSCANNED-conda-pkg", "UNSCANNED-brandnew",
    }  # fmt: skip
    assert set(codes(found)) == {"unknown-language"}


def test_an_image_without_anything_is_a_gap_even_where_no_system_is_expected() -> None:
    bare: dict[str, Any] = {"os_family": "", "os_release": "", "os_packages": 0}
    assert codes(covered(**bare)) == ["unknown-os"]
    assert codes(covered(**bare, no_os=True)) == ["nothing-recognised"]
    assert covered(**bare, no_os=True, languages={"gobinary": 1}) == Coverage(("go",), ())
    assert codes(covered(**{**bare, "os_packages": 3}, no_os=True)) == ["unknown-os"]


def test_whatever_a_report_says_it_is_matched_or_a_gap() -> None:
    """Reports drawn from a seed: no combination of system, release, packages and languages is covered by nothing."""
    families = [*coverage._FAMILIES, "", "fedora", "coreos", "x y"]
    kinds = [*coverage._LANGUAGES, "conda-pkg", ""]
    for number in range(3000):
        dice = random.Random(number)  # noqa: S311 - a seeded test
        made = report(
            os_family=dice.choice(families),
            os_release=dice.choice(["", "13", "9.4", "3.22.1", "edge", "2", "x", " ", "24.04", "15.6"]),
            os_packages=dice.choice([0, 1, 90]),
            listed_by=frozenset(dice.sample(["dpkg", "apk", "rpm", "rpmqa", ""], dice.randint(0, 2))),
            languages=dict.fromkeys(dice.sample(kinds, dice.randint(0, 3)), 1),
        )
        some = frozenset(dice.sample(sorted(BUCKETS), dice.randint(0, len(BUCKETS))))
        found = plan_coverage(made, "", some, no_os=dice.random() < 0.5)
        assert found.matched or found.gaps
        for name in found.matched:
            assert name in some or f"{name}-ESM" in some or any(one.startswith(f"{name}::") for one in some)
        if made.os_packages:
            assert found.gaps or bucket_of(made.os_family, made.os_release) in found.matched
        assert all(gap.code in {*_codes()} for gap in found.gaps)


def _codes() -> set[str]:
    from fairlead.image.scan.verdict import CODES

    return set(CODES)
