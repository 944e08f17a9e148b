from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from fairlead.image.scan.findings import Report
from fairlead.image.scan.verdict import (
    CODES,
    Database,
    PlatformScan,
    Verdict,
    decide,
    expired_ignores,
    policy_hash,
    refused_vulnerabilities,
    unused_ignores,
)
from fairlead.settings.images import ScanIgnore, ScanSettings
from tests.unit.image.builders import CONFIG, NOW, PLATFORMS, database, report, scan, vulnerability

IGNORE = ScanIgnore(id="CVE-2026-1", reason="not reachable here", until="2026-12-31")
BOTH = (scan(), scan(platform="linux/arm64"))


def verdict(
    *scans: PlatformScan, policy: ScanSettings | None = None, base: Database | None = None, image: str = "api"
) -> Verdict:
    return decide(
        policy or ScanSettings(),
        image,
        scans or BOTH,
        platforms=PLATFORMS,
        database=base or database(),
        now=NOW,
    )


def codes(made: Verdict) -> list[tuple[str, str]]:
    return [(reason.code, reason.platform) for reason in made.reasons]


def on_arm64(**changes: Any) -> PlatformScan:
    return scan(platform="linux/arm64", report=report(platform="linux/arm64", **changes))


def test_a_clean_image_passes() -> None:
    assert verdict() == Verdict(reasons=(), used=frozenset(), warnings=())


def test_a_vulnerability_of_one_platform_alone_refuses_the_image() -> None:
    made = verdict(scan(), on_arm64(vulnerabilities=(vulnerability(),)))
    assert codes(made) == [("vulnerability", "linux/arm64")]
    assert made.reasons[0].message == "HIGH CVE-2026-1 in bash 5.2-1 (fixed in 5.2-2)"


@pytest.mark.parametrize(
    ("found", "policy", "refused"),
    [
        ({"severity": "HIGH"}, {}, True),
        ({"severity": "CRITICAL"}, {}, True),
        ({"severity": "MEDIUM"}, {}, False),
        ({"severity": "MEDIUM"}, {"severity": "MEDIUM"}, True),
        ({"severity": "HIGH"}, {"severity": "CRITICAL"}, False),
        ({"severity": "UNKNOWN"}, {"severity": "LOW"}, False),
        ({"fixed": ""}, {}, False),
        ({"fixed": ""}, {"unfixed": "fail"}, True),
    ],
)
def test_severity_and_fix_decide(found: dict[str, str], policy: dict[str, Any], refused: bool) -> None:
    made = verdict(scan(), on_arm64(vulnerabilities=(vulnerability(**found),)), policy=ScanSettings(**policy))
    assert bool(made.reasons) is refused


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"updated_at": None, "buckets": None}, "database-missing"),
        ({"buckets": None, "problem": "it is broken"}, "database-broken"),
        ({"buckets": frozenset({"debian 13"})}, "database-empty"),
        ({"updated_at": NOW - 49 * 3600}, "database-old"),
        ({"updated_at": NOW + 2 * 86400}, "database-future"),
    ],
)
def test_a_database_that_cannot_be_trusted_refuses_every_image(
    changes: dict[str, Any], expected: str
) -> None:
    assert (expected, "") in codes(verdict(base=dataclasses.replace(database(), **changes)))


def test_the_age_of_the_database_is_the_policys() -> None:
    old = database(updated_at=NOW - 49 * 3600)
    assert verdict(base=old, policy=ScanSettings(database_max_age=50 * 3600.0)).reasons == ()


def test_a_platform_that_is_wanted_and_was_not_built_refuses() -> None:
    assert codes(verdict(scan())) == [("platform-missing", "linux/arm64")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"report": None, "error": "FATAL"}, "scanner-error"),
        ({"report": None, "error": "no JSON", "is_broken": True}, "report-broken"),
        ({"config": "sha256:" + "d" * 64}, "wrong-image"),
        ({"report": report(platform="linux/amd64")}, "wrong-image"),
    ],
)
def test_a_scan_that_is_not_of_this_image_refuses(changes: dict[str, Any], expected: str) -> None:
    assert codes(verdict(scan(), scan(platform="linux/arm64", **changes))) == [(expected, "linux/arm64")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"os_family": "", "os_release": "", "os_packages": 0}, "unknown-os"),
        ({"os_packages": 0}, "no-packages"),
        ({"os_release": "99.1"}, "unknown-os-release"),
        ({"os_family": "alpine", "os_release": "3.99.1", "listed_by": {"apk"}}, "unknown-os-release"),
        ({"is_end_of_life": True}, "end-of-life"),
    ],
)
def test_an_operating_system_of_which_nothing_is_known_refuses(
    changes: dict[str, Any], expected: str
) -> None:
    assert codes(verdict(scan(), on_arm64(**changes))) == [(expected, "linux/arm64")]


def test_no_operating_system_is_allowed_to_those_who_say_so() -> None:
    bare = on_arm64(os_family="", os_release="", os_packages=0, languages={"gobinary": 3})
    base = database(buckets=frozenset({"vulnerability", "debian 13", "go::The Go Vulnerability Database"}))
    policy = ScanSettings(allow_no_os=("api",))
    assert verdict(scan(), bare, policy=policy, base=base).reasons == ()
    assert codes(verdict(scan(), bare, policy=policy, base=base, image="web")) == [
        ("unknown-os", "linux/arm64")
    ]


def test_what_is_not_looked_up_is_accepted_up_to_a_day_and_said() -> None:
    bare = on_arm64(os_family="", os_release="", os_packages=0)
    waiver = dataclasses.replace(IGNORE, id="UNSCANNED-nothing", image="api")
    policy = ScanSettings(allow_no_os=("api",), ignore=(waiver,))
    made = verdict(scan(), bare, policy=policy)
    assert made.reasons == ()
    assert made.used == {waiver}
    assert "nothing was looked up; accepted until 2026-12-31" in made.warnings[0]
    late = dataclasses.replace(waiver, until="2026-01-31")
    made = verdict(scan(), bare, policy=dataclasses.replace(policy, ignore=(late,)))
    assert codes(made) == [("ignore-expired", ""), ("nothing-recognised", "linux/arm64")]
    assert "id UNSCANNED-nothing" in made.reasons[1].message


def test_libraries_of_an_image_without_operating_system_still_count() -> None:
    bare = on_arm64(
        os_family="", os_release="", os_packages=0, languages={"jar": 1}, vulnerabilities=(vulnerability(),)
    )
    base = database(buckets=frozenset({"vulnerability", "debian 13", "maven::x"}))
    made = verdict(scan(), bare, policy=ScanSettings(allow_no_os=("api",)), base=base)
    assert codes(made) == [("vulnerability", "linux/arm64")]


def test_end_of_life_may_be_a_warning() -> None:
    made = verdict(scan(), on_arm64(is_end_of_life=True), policy=ScanSettings(end_of_life="warn"))
    assert made.reasons == ()
    assert made.warnings == ("api linux/arm64: debian 13.1 gets no more security updates",)


VULNERABLE: Report = report(platform="linux/arm64", vulnerabilities=(vulnerability(),))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"image": "api"}, []),
        ({"image": "web"}, ["vulnerability"]),
        ({"id": "CVE-2026-2"}, ["vulnerability"]),
        ({"until": "2026-09-21"}, []),
        ({"until": "2026-09-20"}, ["ignore-expired", "vulnerability"]),
        ({"reason": " "}, ["ignore-without-reason", "vulnerability"]),
    ],
)
def test_an_exception_counts_for_its_image_until_its_last_day_and_with_a_reason(
    changes: dict[str, str], expected: list[str]
) -> None:
    policy = ScanSettings(ignore=(dataclasses.replace(IGNORE, **changes),))
    made = verdict(scan(), scan(platform="linux/arm64", report=VULNERABLE), policy=policy)
    assert [reason.code for reason in made.reasons] == expected


def test_an_expired_exception_refuses_even_where_nothing_is_found() -> None:
    policy = ScanSettings(ignore=(dataclasses.replace(IGNORE, until="2026-01-01"),))
    assert codes(verdict(policy=policy)) == [("ignore-expired", "")]
    assert expired_ignores(policy, NOW) == policy.ignore


def test_an_exception_that_no_image_needs_is_a_warning() -> None:
    policy = ScanSettings(ignore=(IGNORE,))
    assert unused_ignores(policy, verdict(policy=policy).used) == (
        "the exception for CVE-2026-1 matches nothing: take it out",
    )
    used = verdict(scan(), scan(platform="linux/arm64", report=VULNERABLE), policy=policy).used
    assert unused_ignores(policy, used) == ()


def test_what_fails_the_policy_is_what_sarif_shows() -> None:
    found = report(vulnerabilities=(vulnerability(), vulnerability(id="CVE-2026-2", severity="LOW")))
    assert refused_vulnerabilities(ScanSettings(), "api", found, NOW) == {("CVE-2026-1", "bash")}
    assert refused_vulnerabilities(ScanSettings(ignore=(IGNORE,)), "api", found, NOW) == frozenset()


def test_the_hash_of_a_policy_changes_with_its_meaning_only() -> None:
    other = dataclasses.replace(IGNORE, id="CVE-2026-2")
    assert policy_hash(ScanSettings(ignore=(IGNORE, other))) == policy_hash(
        ScanSettings(ignore=(other, IGNORE))
    )
    changed = (
        ScanSettings(severity="LOW"),
        ScanSettings(unfixed="fail"),
        ScanSettings(end_of_life="warn"),
        ScanSettings(database_max_age=1.0),
        ScanSettings(allow_no_os=("api",)),
        ScanSettings(ignore=(IGNORE,)),
        ScanSettings(ignore=(dataclasses.replace(IGNORE, until="2027-01-01"),)),
    )
    assert len({policy_hash(policy) for policy in (ScanSettings(), *changed)}) == len(changed) + 1


def test_every_code_that_a_verdict_gives_is_explained() -> None:
    assert CONFIG.startswith("sha256:")
    made = verdict(
        scan(report=None, error="x"),
        on_arm64(is_end_of_life=True, os_packages=0, os_release="99"),
        base=Database(updated_at=None, buckets=None),
        policy=ScanSettings(ignore=(dataclasses.replace(IGNORE, until="2020-01-01", reason=""),)),
    )
    assert {code for code, _ in codes(made)} <= set(CODES)
