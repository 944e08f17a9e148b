"""How much each rule matters, for whoever begins with a file that breaks many of them.

A grade says whether a finding fails a deploy; a rank says what to mend first. Tested: every rule has one.
"""

from __future__ import annotations

from collections.abc import Mapping

DOES_NOT_RUN, GIVES_AWAY, AT_NIGHT, HARDENING = 1, 2, 3, 4

MEANINGS: Mapping[int, str] = {
    DOES_NOT_RUN: "does not run as it is meant",
    GIVES_AWAY: "gives away the host, or data",
    AT_NIGHT: "fails you at night",
    HARDENING: "hardening",
}
_DOES_NOT_RUN = (
    "yaml duplicate-key interpolation include extends env-file unseen schema model compose settings profile"
    " x-fairlead waiver reserved-name foreign-source mixed-limits read-only-with-inline-secret healthy-without-check"
    " compose-too-old unknown-extension-field"
)
_GIVES_AWAY_HOST = (
    "privileged dangerous-capability confinement-off host-namespace engine-socket host-device sensitive-host-path"
    " host-driver foreign-resource engine-over-tcp"
)
GIVES_AWAY_HOST = frozenset(_GIVES_AWAY_HOST.split())
"""Of rank 2 what leads out of the containers: to root on the host, or to other apps."""
_GIVES_AWAY_DATA = (
    "bind-mount published-port debug-port-open state-reachable proxy-beside-state anonymous-state no-backup"
    " secret-in-environment secret-as-variable secret-mode-ignored literal-secret default-password leaked-key"
    " authentication-off"
)
_AT_NIGHT = (
    "floating-tag own-image-not-by-commit build-in-production no-healthcheck slow-first-check short-depends-on"
    " restart-cascade restart-policy no-init stop-grace job-shape migration-gates-roll single-writer no-limits"
    " unbounded-logs limits-over-host port-clash container-name stale-secret unset-variable yaml-trap swarm-only"
    " obsolete tmpfs-unbounded"
)
_HARDENING = "unpinned-image unknown-registry runs-as-root capabilities-kept new-privileges writable-root"

RANKS: Mapping[str, int] = {
    **dict.fromkeys(_DOES_NOT_RUN.split(), DOES_NOT_RUN),
    **dict.fromkeys((*GIVES_AWAY_HOST, *_GIVES_AWAY_DATA.split()), GIVES_AWAY),
    **dict.fromkeys(_AT_NIGHT.split(), AT_NIGHT),
    **dict.fromkeys(_HARDENING.split(), HARDENING),
}
