"""The policy: what a compose app on a server should be, rule by rule.

Each rule is a function in a module of one idea; a table at the module's end names it. What a rule is for, with
examples and sources, stands in ``catalog``, which is loaded only when somebody asks.
"""

from __future__ import annotations

from fairlead.findings import SEVERITIES, Finding, Repair
from fairlead.judge.policy import (
    credentials,
    data,
    extension,
    file,
    foreign,
    health,
    host,
    images,
    lifecycle,
    network,
    privilege,
    reserved,
    resources,
    sources,
)
from fairlead.judge.policy.subject import Policy, Subject, make_policy
from fairlead.judge.policy.table import GRADES, severity_of
from fairlead.judge.policy.waivers import Waived, apply_waivers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from fairlead.findings import Severity
    from fairlead.judge.policy.catalog import Rule
    from fairlead.judge.policy.subject import AppCheck, Fault, ServiceCheck

    RULES: Mapping[str, Rule]

__all__ = [
    "GRADES",
    "RULES",
    "Policy",
    "Subject",
    "Waived",
    "apply_waivers",
    "make_policy",
    "policy_findings",
]

SERVICE_CHECKS: Mapping[str, ServiceCheck] = {
    **images.SERVICE_CHECKS,
    **privilege.SERVICE_CHECKS,
    **host.SERVICE_CHECKS,
    **network.SERVICE_CHECKS,
    **health.SERVICE_CHECKS,
    **lifecycle.SERVICE_CHECKS,
    **resources.SERVICE_CHECKS,
    **data.SERVICE_CHECKS,
    **credentials.SERVICE_CHECKS,
    **file.SERVICE_CHECKS,
    **sources.SERVICE_CHECKS,
}
"""Rules that look at one service at a time, by name."""
APP_CHECKS: Mapping[str, AppCheck] = {
    **network.APP_CHECKS,
    **resources.APP_CHECKS,
    **data.APP_CHECKS,
    **file.APP_CHECKS,
    **extension.APP_CHECKS,
    **foreign.APP_CHECKS,
    **reserved.APP_CHECKS,
    **sources.APP_CHECKS,
}
"""Rules that look at all services, or at the files, by name."""


def policy_findings(subject: Subject) -> tuple[Finding, ...]:
    """What the rules say about an app, each finding with the severity that the policy gives it; waivers are left."""
    found: list[Finding] = []
    views = subject.views
    for rule, check in SERVICE_CHECKS.items():
        severity = _severity(rule, subject)
        if severity is not None:
            for view in views:
                _collect(found, subject, rule, severity, check(view), f"{view.name}: ")
    for rule, app_check in APP_CHECKS.items():
        severity = _severity(rule, subject)
        if severity is not None:
            _collect(found, subject, rule, severity, app_check(subject))
    return tuple(found)


def _severity(rule: str, subject: Subject) -> Severity | None:
    """The severity of a rule's findings; None where it is switched off."""
    chosen = subject.policy.severities.get(rule)
    if chosen == "off":
        return None
    given = next((one for one in SEVERITIES if one == chosen), None)
    return given or severity_of(rule, development=subject.development)


def _collect(
    found: list[Finding],
    subject: Subject,
    rule: str,
    severity: Severity,
    faults: Iterable[Fault],
    prefix: str = "",
) -> None:
    is_default = rule not in subject.policy.severities and severity != "note"
    for fault in faults:
        place = fault.location or subject.model.location(fault.path, key=fault.key)
        repair = Repair(*fault.repair) if fault.repair is not None else None
        grade = fault.severity if fault.severity is not None and is_default else severity
        found.append(Finding(f"{prefix}{fault.what}", place, fault.fix, rule, grade, fault.path, repair))


def __getattr__(name: str) -> Any:
    """``RULES``, the texts of all rules, when they are asked for: they are long, and a good file needs none."""
    if name == "RULES":
        from fairlead.judge.policy import catalog

        return catalog.RULES
    raise AttributeError(name)
