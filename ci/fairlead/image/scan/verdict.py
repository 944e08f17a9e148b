"""The verdict on an image: pure, and never green because nothing was looked at.

Every way in which a scan can find nothing though there is something is a reason to fail, with a code of its own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from fairlead.image.documents import Reason
from fairlead.image.scan.coverage import Coverage, Gap, plan_coverage
from fairlead.image.scan.findings import SEVERITIES, Report, Vulnerability
from fairlead.settings.images import ScanIgnore, ScanSettings

CODES: Mapping[str, str] = {
    "database-missing": "there is no vulnerability database",
    "database-broken": "the vulnerability database cannot be read",
    "database-empty": "the vulnerability database holds nothing",
    "database-old": "the vulnerability database is older than the policy allows",
    "database-future": "the vulnerability database has a date that is yet to come",
    "platform-missing": "a platform was not built, so it was not scanned",
    "scanner-error": "the scanner failed",
    "report-broken": "the scanner's report is cut off or of an unknown shape",
    "wrong-image": "the report is about another image or platform than was asked for",
    "unknown-os": "the scanner does not recognise the operating system",
    "unknown-os-release": "the vulnerability database knows nothing of this release of the operating system",
    "unsupported-os": "the scanner knows no flaws of this operating system",
    "os-mismatch": "the packages are not those of the operating system that the image says it is",
    "no-packages": "the scanner found no packages",
    "unknown-language": "the scanner or the database knows no flaws of packages of this kind",
    "nothing-recognised": "nothing in the image was recognised, so nothing was looked up",
    "end-of-life": "the operating system gets no more security updates",
    "vulnerability": "a package has a vulnerability",
    "ignore-expired": "the time of an exception is over",
    "ignore-without-reason": "an exception has no reason",
}
"""Every code of a reason, and what it means."""

_CLOCK_TOLERANCE = 3600.0


@dataclass(frozen=True, kw_only=True)
class Database:
    """The vulnerability database that was asked.

    Attributes:
        updated_at: when it was made, seconds since the epoch; None where there is none.
        buckets: what it holds: distributions, sources; None where they could not be read.
        problem: why it is missing or could not be read; empty if all is well.
        source: the repository that it comes from; empty: the scanner's default.
    """

    updated_at: float | None
    buckets: frozenset[str] | None
    problem: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class PlatformScan:
    """The scan of one platform.

    Attributes:
        platform: that was asked for.
        config: digest of the configuration of the image that was asked for.
        report: what the scanner said; None where it failed or its report is broken.
        error: why there is no report.
        is_broken: whether there was a report that could not be read.
        repository: the release by which packages were looked up, where that is not the system's own (Alpine).
    """

    platform: str
    config: str
    report: Report | None
    error: str = ""
    is_broken: bool = False
    repository: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Why an image fails (nothing: it passes), which exceptions were made use of, and what to keep an eye on."""

    reasons: tuple[Reason, ...]
    used: frozenset[ScanIgnore]
    warnings: tuple[str, ...]


def policy_hash(policy: ScanSettings) -> str:
    """The identity of a policy: a verdict of another one is no verdict."""
    values = dataclasses.asdict(policy)
    values["ignore"] = sorted(values["ignore"], key=lambda entry: json.dumps(entry, sort_keys=True))
    values["allow_no_os"] = sorted(values["allow_no_os"])
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def decide(
    policy: ScanSettings,
    image: str,
    scans: tuple[PlatformScan, ...],
    *,
    platforms: tuple[str, ...],
    database: Database,
    now: float,
) -> Verdict:
    """Decide whether an image passes.

    Args:
        policy: the ``scan:`` of fairlead.yaml.
        image: its name.
        scans: one for each platform that was built.
        platforms: those that are wanted.
        database: what the scanner asked.
        now: seconds since the epoch; days are counted in UTC.
    """
    today = date(1970, 1, 1) + timedelta(seconds=now)
    ignores = tuple(entry for entry in policy.ignore if entry.image in {"", image})
    reasons = [*_database_reasons(policy, database, now), *_ignore_reasons(ignores, today)]
    scanned = {scan.platform for scan in scans}
    reasons += [
        Reason(code="platform-missing", platform=platform, message="it was not built, so it was not scanned")
        for platform in platforms
        if platform not in scanned
    ]
    used: set[ScanIgnore] = set()
    warnings: list[str] = []
    for scan in scans:
        reasons += _scan_reasons(policy, scan)
        if scan.report is None:
            continue
        if scan.report.is_end_of_life and policy.end_of_life == "warn":
            warnings.append(f"{image} {scan.platform}: {_end_of_life(scan.report)}")
        valid = tuple(entry for entry in ignores if _is_valid(entry, today))
        for gap in coverage_of(policy, image, scan, database).gaps:
            accepted = tuple(entry for entry in valid if entry.id == gap.waiver)
            used |= set(accepted)
            if accepted:
                warnings.append(f"{image} {scan.platform}: {gap.message}; accepted until {accepted[0].until}")
            else:
                reasons.append(Reason(code=gap.code, platform=scan.platform, message=_gap(gap)))
        for found in scan.report.vulnerabilities:
            matching = frozenset(entry for entry in valid if entry.id == found.id)
            used |= matching
            if not matching and is_refused(policy, found):
                message = _vulnerability(found)
                reasons.append(Reason(code="vulnerability", platform=scan.platform, message=message))
    return Verdict(reasons=tuple(reasons), used=frozenset(used), warnings=tuple(warnings))


def unused_ignores(policy: ScanSettings, used: frozenset[ScanIgnore]) -> tuple[str, ...]:
    """A warning for each exception that no image needs any more."""
    return tuple(
        f"the exception for {entry.id} matches nothing{f' in {entry.image}' if entry.image else ''}: take it out"
        for entry in policy.ignore
        if entry not in used
    )


def refused_vulnerabilities(
    policy: ScanSettings, image: str, report: Report, now: float
) -> frozenset[tuple[str, str]]:
    """Id and package of what fails the policy, exceptions apart."""
    today = date(1970, 1, 1) + timedelta(seconds=now)
    ignored = {entry.id for entry in policy.ignore if entry.image in {"", image} and _is_valid(entry, today)}
    return frozenset(
        (found.id, found.package)
        for found in report.vulnerabilities
        if found.id not in ignored and is_refused(policy, found)
    )


def is_refused(policy: ScanSettings, found: Vulnerability) -> bool:
    """Whether a vulnerability fails the policy, exceptions apart."""
    is_severe = SEVERITIES.index(found.severity) >= SEVERITIES.index(policy.severity)
    return is_severe and (bool(found.fixed) or policy.unfixed == "fail")


def expired_ignores(policy: ScanSettings, now: float) -> tuple[ScanIgnore, ...]:
    """The exceptions whose last day is over."""
    today = date(1970, 1, 1) + timedelta(seconds=now)
    return tuple(entry for entry in policy.ignore if date.fromisoformat(entry.until) < today)


def _database_reasons(policy: ScanSettings, database: Database, now: float) -> Iterator[Reason]:
    if database.updated_at is None:
        yield _of_all("database-missing", database.problem or "there is no vulnerability database")
        return
    if database.buckets is None:
        yield _of_all("database-broken", database.problem or "the vulnerability database cannot be read")
    elif "vulnerability" not in database.buckets:
        yield _of_all("database-empty", "the vulnerability database holds no vulnerability at all")
    age = now - database.updated_at
    if age > policy.database_max_age:
        allowed = policy.database_max_age / 3600
        yield _of_all(
            "database-old",
            f"the vulnerability database is {age / 3600:.0f} h old; {allowed:.0f} h are allowed",
        )
    if age < -_CLOCK_TOLERANCE:
        yield _of_all("database-future", "the vulnerability database says that it is from the future")


def _ignore_reasons(ignores: tuple[ScanIgnore, ...], today: date) -> Iterator[Reason]:
    for entry in ignores:
        if date.fromisoformat(entry.until) < today:
            yield _of_all("ignore-expired", f"the exception for {entry.id} was good until {entry.until}")
        if not entry.reason.strip():
            yield _of_all("ignore-without-reason", f"the exception for {entry.id} gives no reason")


def coverage_of(policy: ScanSettings, image: str, scan: PlatformScan, database: Database) -> Coverage:
    """What of an image was looked up, and what was not; nothing of either where there is no report or database."""
    if scan.report is None or database.buckets is None:
        return Coverage((), ())
    no_os = image in policy.allow_no_os
    return plan_coverage(scan.report, scan.repository, database.buckets, no_os=no_os)


def _scan_reasons(policy: ScanSettings, scan: PlatformScan) -> Iterator[Reason]:
    def because(code: str, message: str) -> Reason:
        return Reason(code=code, platform=scan.platform, message=message)

    report = scan.report
    if report is None:
        yield because("report-broken" if scan.is_broken else "scanner-error", scan.error)
        return
    if (report.platform, report.image_id) != (scan.platform, scan.config):
        yield because(
            "wrong-image",
            f"asked for {scan.platform} {scan.config}, the report is about {report.platform} {report.image_id}",
        )
    if report.is_end_of_life and policy.end_of_life == "fail":
        yield because("end-of-life", _end_of_life(report))


def _is_valid(entry: ScanIgnore, today: date) -> bool:
    return bool(entry.reason.strip()) and date.fromisoformat(entry.until) >= today


def _of_all(code: str, message: str) -> Reason:
    return Reason(code=code, platform="", message=message)


def _system(report: Report) -> str:
    return f"{report.os_family} {report.os_release}"


def _end_of_life(report: Report) -> str:
    return f"{_system(report)} gets no more security updates"


def _gap(gap: Gap) -> str:
    return f"{gap.message} (to accept that for a while: scan.ignore, id {gap.waiver})"


def _vulnerability(found: Vulnerability) -> str:
    fix = f"fixed in {found.fixed}" if found.fixed else "no fix yet"
    return f"{found.severity} {found.id} in {found.package} {found.installed} ({fix})"
