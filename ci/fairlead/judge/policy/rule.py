"""What makes a function a rule: its name, and the services it is for. Its rank and grade are told by its page.

A rule is a function here and a page in docs/rules. The grades of all pages stand in ``grades``, made from them:
every finding needs one, and no page is read for that.

The rank decides the severity: what does not run, and what gives away host or data, is as bad as its letter says;
what fails at night, and hardening, is a warning where the letter says error, but for ``--strict``, and where a release
of Fairlead needs it.
"""

from __future__ import annotations

from fairlead.app.model import ROLES
from fairlead.judge.policy.grades import GRADES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fairlead.app.model import Role
    from fairlead.findings import Finding, Severity
    from fairlead.judge.policy.subject import AppCheck, ServiceCheck

SERVICE_CHECKS: dict[str, tuple[ServiceCheck, frozenset[Role]]] = {}
"""Rules that look at one service at a time, by name, and at services of which roles."""
APP_CHECKS: dict[str, AppCheck] = {}
"""Rules that look at all services, or at the files, by name."""
SEVERITY_OF_LETTER: dict[str, Severity] = {"E": "error", "W": "warning", "I": "note"}
RANKS = {
    1: "does not run",
    2: "gives away host or data",
    3: "will fail you at night",
    4: "hardening",
}
"""What a finding comes to, the gravest first: everything is told in this order."""
GRAVE = 2
"""Up to this rank an error is one by default."""
HARDENING = 4
_UNKNOWN = "E!1"


def service_rule(
    name: str, *, only: tuple[Role, ...] = ROLES, unless: Role | None = None
) -> Callable[[ServiceCheck], ServiceCheck]:
    """The function is the rule of that name: it is shown each service, but for those of other roles."""
    roles = frozenset(role for role in only if role != unless)

    def register(check: ServiceCheck) -> ServiceCheck:
        SERVICE_CHECKS[name] = check, roles
        return check

    return register


def app_rule(name: str) -> Callable[[AppCheck], AppCheck]:
    """The function is the rule of that name, or another half of it: it is shown the app as a whole."""

    def register(check: AppCheck) -> AppCheck:
        APP_CHECKS[name] = check
        return check

    return register


def severity_of(
    rule: str,
    *,
    development: bool = False,
    deployed: bool = False,
    strict: bool = False,
    rank: int = 0,
    told: Severity | None = None,
) -> Severity:
    """How bad a rule's finding is, unless a configuration says otherwise; of an unknown rule: an error.

    Args:
        rule: its name.
        development: the files serve development only.
        deployed: Fairlead deploys them.
        strict: each is as bad as its letter says.
        rank: of this finding, if it is not the rule's.
        told: the severity of this finding by its letter, if it is not the rule's.
    """
    grade = GRADES.get(rule, _UNKNOWN)
    if development and "d" in grade:
        return "note"
    severity = told or SEVERITY_OF_LETTER[grade[0]]
    is_light = (rank or int(grade[-1])) > GRAVE and not strict and not (deployed and "r" in grade)
    return "warning" if is_light and severity == "error" else severity


def rank_of(finding: Finding) -> int:
    """The rank of a finding, by which everything is told: its own, else its rule's."""
    return finding.rank or rank_of_rule(finding.rule)


def rank_of_rule(rule: str) -> int:
    """The rank of a rule's findings, unless one has another; of an unknown rule the gravest."""
    return int(GRADES.get(rule, _UNKNOWN)[-1])


def is_fixed(rule: str) -> bool:
    """Whether neither a severity nor a waiver can change the rule."""
    return "!" in GRADES.get(rule, _UNKNOWN)
