"""Every rule's name with its grade. What a rule means stands in ``catalog``, which only ``explain`` and SARIF load.

A grade is a letter: ``E`` error, ``W`` warning, ``I`` note; then ``d`` if it is a note in files that serve
development only, ``+`` if ``--fix`` can mend it, ``!`` if no severity and no waiver can change it:
without that rule nothing else is known to hold, or it is about what belongs to somebody else.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.findings import Severity

GRADES = {
    # The file as it is read.
    "yaml": "E!",
    "duplicate-key": "E!",
    "interpolation": "E!",
    "include": "E!",
    "extends": "E!",
    "env-file": "E!",
    "unseen": "E!",
    "schema": "E!",
    "model": "E!",
    "compose": "E!",
    "x-fairlead": "E!",
    "yaml-trap": "E",
    "unset-variable": "E",
    "swarm-only": "W",
    "obsolete": "W+",
    "compose-too-old": "E",
    "unknown-extension-field": "W",
    "waiver": "E!",
    # Images.
    "floating-tag": "E",
    "own-image-not-by-commit": "E",
    "unpinned-image": "Ed",
    "unknown-registry": "W",
    "build-in-production": "Ed",
    # Privilege.
    "privileged": "E",
    "runs-as-root": "Ed",
    "capabilities-kept": "Ed",
    "dangerous-capability": "E",
    "new-privileges": "E+",
    "confinement-off": "E",
    "writable-root": "Ed",
    "tmpfs-unbounded": "W+",
    # What of the host a container gets.
    "host-namespace": "E",
    "engine-socket": "E",
    "host-device": "E",
    "sensitive-host-path": "E",
    "bind-mount": "Ed",
    # What belongs to somebody else.
    "foreign-resource": "Ed",
    "host-driver": "Ed",
    "reserved-name": "E!",
    "foreign-source": "E!",
    # Network.
    "published-port": "Ed",
    "debug-port-open": "E",
    "state-reachable": "E",
    "proxy-beside-state": "E",
    "port-clash": "W",
    "container-name": "W",
    # Health.
    "no-healthcheck": "E",
    "slow-first-check": "W+",
    "short-depends-on": "E",
    "healthy-without-check": "E",
    "restart-cascade": "W",
    # Life cycle and jobs.
    "restart-policy": "E",
    "no-init": "W+",
    "stop-grace": "W",
    "job-shape": "E",
    "migration-gates-roll": "E",
    "single-writer": "W",
    # Resources and logs.
    "no-limits": "Ed",
    "mixed-limits": "E",
    "unbounded-logs": "E+",
    "limits-over-host": "W",
    # Data and secrets.
    "anonymous-state": "E",
    "no-backup": "Ed",
    "secret-in-environment": "E",
    "secret-as-variable": "W",
    "secret-mode-ignored": "E",
    "stale-secret": "W",
    "read-only-with-inline-secret": "E",
    # fairlead.yaml, and what a deploy makes of the files.
    "settings": "E!",
    "profile": "I!",
}
_SEVERITIES: dict[str, Severity] = {"E": "error", "W": "warning", "I": "note"}


def severity_of(rule: str, *, development: bool = False) -> Severity:
    """How bad a rule's finding is, unless a configuration says otherwise; of an unknown rule: an error."""
    grade = GRADES.get(rule, "E")
    return "note" if development and "d" in grade else _SEVERITIES[grade[0]]


def is_fixable(rule: str) -> bool:
    """Whether ``--fix`` can mend what the rule finds."""
    return "+" in GRADES.get(rule, "")


def is_fixed(rule: str) -> bool:
    """Whether neither a severity nor a waiver can change the rule."""
    return "!" in GRADES.get(rule, "!")
