"""What makes a function a rule: its name, and the services it is for. Its grade is told by its page.

A rule is a function here and a page in docs/rules. The grades of all pages stand in ``grades``, made from them:
every finding needs one, and no page is read for that.
"""

from __future__ import annotations

from fairlead.app.model import ROLES
from fairlead.judge.policy.grades import GRADES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fairlead.app.model import Role
    from fairlead.findings import Severity
    from fairlead.judge.policy.subject import AppCheck, ServiceCheck

SERVICE_CHECKS: dict[str, tuple[ServiceCheck, frozenset[Role]]] = {}
"""Rules that look at one service at a time, by name, and at services of which roles."""
APP_CHECKS: dict[str, AppCheck] = {}
"""Rules that look at all services, or at the files, by name."""
SEVERITY_OF_LETTER: dict[str, Severity] = {"E": "error", "W": "warning", "I": "note"}


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


def severity_of(rule: str, *, development: bool = False) -> Severity:
    """How bad a rule's finding is, unless a configuration says otherwise; of an unknown rule: an error."""
    grade = GRADES.get(rule, "E")
    return "note" if development and "d" in grade else SEVERITY_OF_LETTER[grade[0]]


def is_fixed(rule: str) -> bool:
    """Whether neither a severity nor a waiver can change the rule."""
    return "!" in GRADES.get(rule, "!")
