"""Waivers in the compose files: ``x-fairlead: {waive: {rule: {reason, until}}}``, for a service or for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fairlead.findings import Finding, Location
from fairlead.judge.policy.grades import GRADES
from fairlead.judge.policy.rule import is_fixed
from fairlead.judge.policy.subject import as_mapping
from fairlead.quick.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.composefile.loader import Model
    from fairlead.findings import Severity
    from fairlead.positions import ValuePath

SHORTEST_REASON = 10
"""Characters that a reason has at least."""


@dataclass(frozen=True)
class Waived:
    """A finding that a waiver takes out.

    Attributes:
        finding: what is waived.
        reason: why.
        until: the last day, ISO 8601, or empty.
        location: of the waiver.
    """

    finding: Finding
    reason: str
    until: str
    location: Location


class _Waiver:
    """A waiver as it stands in the file; ``service`` is empty for one that holds for all."""

    __slots__ = ("path", "reason", "rule", "service", "until", "used")

    def __init__(self, path: ValuePath, service: str, rule: str, value: Any) -> None:
        said = as_mapping(value)
        self.path = path
        self.service = service
        self.rule = rule
        self.reason = str(said.get("reason") or "").strip()
        self.until = str(said.get("until") or "").strip()
        self.used = False

    def covers(self, finding: Finding) -> bool:
        return finding.rule == self.rule and (
            not self.service or finding.path[:2] == ("services", self.service)
        )


def apply_waivers(
    findings: Iterable[Finding], model: Model, *, today: str = ""
) -> tuple[tuple[Finding, ...], tuple[Waived, ...]]:
    """Take out what the files waive.

    Args:
        findings: of all rules: a waiver of a rule that was not asked would look like one that waives nothing.
        model: the files.
        today: the day by which a waiver is over, ISO 8601; the calendar's if empty.

    Returns:
        What counts, with a finding for each waiver that is at fault; and what is waived.
    """
    waivers = list(_waivers(model))
    faults: list[Finding] = []
    good: dict[str, list[_Waiver]] = {}
    for waiver in waivers:
        fault = _fault(waiver, today)
        if fault is None:
            good.setdefault(waiver.rule, []).append(waiver)
        else:
            faults.append(_finding(model, waiver, fault))
    if not waivers:
        return tuple(findings), ()
    kept: list[Finding] = []
    waived: list[Waived] = []
    for finding in findings:
        waiver_of = next((one for one in good.get(finding.rule, ()) if one.covers(finding)), None)
        if waiver_of is None:
            kept.append(finding)
            continue
        waiver_of.used = True
        place = model.location(waiver_of.path, key=True)
        waived.append(Waived(finding, waiver_of.reason, waiver_of.until, place))
    for waiver in (one for several in good.values() for one in several if not one.used):
        # It may have been needed until the last upgrade: nobody's deploy stops for it.
        fault = _Fault(f"the waiver of {waiver.rule} waives nothing", "remove it", severity="warning", rank=3)
        faults.append(_finding(model, waiver, fault))
    return (*kept, *faults), tuple(waived)


def _waivers(model: Model) -> Iterator[_Waiver]:
    value = model.value
    top = as_mapping(as_mapping(value.get("x-fairlead")).get("waive"))
    for rule, said in top.items():
        yield _Waiver(("x-fairlead", "waive", rule), "", str(rule), said)
    for name, service in as_mapping(value.get("services")).items():
        if isinstance(service, dict) and "x-fairlead" in service:
            waive = as_mapping(as_mapping(service["x-fairlead"]).get("waive"))
            for rule, said in waive.items():
                yield _Waiver(("services", name, "x-fairlead", "waive", rule), str(name), str(rule), said)


class _Fault:
    """What is wrong with a waiver, what to do, and at which key of it."""

    __slots__ = ("at", "fix", "rank", "severity", "what")

    def __init__(
        self, what: str, fix: str, at: ValuePath = (), *, severity: Severity = "error", rank: int = 0
    ) -> None:
        self.what = what
        self.fix = fix
        self.at = at
        self.severity = severity
        self.rank = rank


def _fault(waiver: _Waiver, today: str) -> _Fault | None:
    """What is wrong with a waiver itself."""
    if waiver.rule not in GRADES:
        from fairlead.nearest import did_you_mean

        return _Fault(f"there is no rule {waiver.rule}", did_you_mean(waiver.rule, GRADES))
    if is_fixed(waiver.rule):
        why = (
            "it belongs to somebody else"
            if waiver.rule in {"reserved-name", "foreign-source"}
            else "the file does not work, or can't be judged"
        )
        return _Fault(f"{waiver.rule} can't be waived: {why}", "mend what it says")
    if len(waiver.reason) < SHORTEST_REASON:
        what = f"the waiver of {waiver.rule} has no reason"
        return _Fault(what, "write reason: why it does no harm here, in a sentence", ("reason",))
    return _expiry(waiver, today) if waiver.until else None


def _expiry(waiver: _Waiver, today: str) -> _Fault | None:
    from datetime import UTC, date, datetime

    try:
        last = date.fromisoformat(waiver.until)
    except ValueError:
        return _Fault(f"until: {waiver.until} is not a day", "write a day such as 2027-01-31", ("until",))
    now = date.fromisoformat(today) if today else datetime.now(UTC).date()
    if last < now:
        fix = "mend what it waives, or decide again and write a later day"
        return _Fault(f"the waiver of {waiver.rule} ended on {waiver.until}", fix, ("until",))
    return None


def _finding(model: Model, waiver: _Waiver, fault: _Fault) -> Finding:
    name = f"{waiver.service}: " if waiver.service else ""
    place = model.location((*waiver.path, *fault.at), key=True)
    what = f"{name}{fault.what}"
    return Finding(what, place, fault.fix, "waiver", fault.severity, waiver.path, rank=fault.rank)
