"""The policy: what a compose app on a server should be, rule by rule.

Each rule is a function in a module of one idea, and a page in docs/rules, which tells its grade, what it is for,
examples and sources, and is read only when somebody asks (``pages``).
"""

from __future__ import annotations

from fairlead.app.extension import say_merged
from fairlead.findings import SEVERITIES, Finding, Repair
from fairlead.judge.policy import (  # noqa: F401 - each registers its rules
    authentication,
    credentials,
    data,
    extension,
    file,
    foreign,
    health,
    host,
    images,
    leaks,
    lifecycle,
    network,
    ports,
    privilege,
    reserved,
    resources,
    sources,
)
from fairlead.judge.policy.grades import GRADES
from fairlead.judge.policy.rule import APP_CHECKS, SERVICE_CHECKS, severity_of
from fairlead.judge.policy.subject import Policy, Subject, make_policy
from fairlead.judge.policy.waivers import Waived, apply_waivers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from fairlead.findings import Location, Severity
    from fairlead.judge.policy.fault import Fault
    from fairlead.positions import ValuePath

__all__ = [
    "APP_CHECKS",
    "GRADES",
    "SERVICE_CHECKS",
    "Policy",
    "Subject",
    "Waived",
    "apply_waivers",
    "make_policy",
    "policy_findings",
]


def policy_findings(subject: Subject) -> tuple[Finding, ...]:
    """What the rules say about an app, each finding with the severity that the policy gives it; waivers are left."""
    found: list[Finding] = []
    places: dict[tuple[ValuePath, bool], Location] = {}
    views = subject.views
    for rule, (check, roles) in SERVICE_CHECKS.items():
        if subject.policy.severities.get(rule) != "off":
            for view in views:
                if view.role in roles:
                    _collect(found, places, subject, rule, check(view), f"{view.name}: ")
    for rule, app_check in APP_CHECKS.items():
        if subject.policy.severities.get(rule) != "off":
            _collect(found, places, subject, rule, app_check(subject))
    return tuple(found)


def _collect(
    found: list[Finding],
    places: dict[tuple[ValuePath, bool], Location],
    subject: Subject,
    rule: str,
    faults: Iterable[Fault],
    prefix: str = "",
) -> None:
    chosen = subject.policy.severities.get(rule)
    given = next((one for one in SEVERITIES if one == chosen), None)
    for fault in faults:
        # What is missing in a service stands at its name, for each rule.
        at = (*fault.path, *fault.at), fault.key
        place = fault.location or places.get(at)
        if place is None:
            place = places[at] = subject.model.location(at[0], key=fault.key)
        repair = Repair(*fault.repair) if fault.repair is not None else None
        severity = given or _severity(rule, fault, subject)
        what = f"{prefix}{fault.what}"
        fix = say_merged(subject.model, fault.path, fault.fix)
        found.append(Finding(what, place, fix, rule, severity, fault.path, repair, fault.rank))


def _severity(rule: str, fault: Fault, subject: Subject) -> Severity:
    return severity_of(
        rule,
        development=subject.development,
        deployed=subject.deployed,
        strict=subject.strict,
        rank=fault.rank,
        told=fault.severity,
    )
