"""Every rule's name with its grade, in the order of the index. Made by `python -m tests.rules` from docs/rules.

A grade is a letter: ``E`` error, ``W`` warning, ``I`` note; then ``r`` if it is an error where Fairlead deploys the
files, ``d`` if it is a note in files that serve development only, ``+`` if ``--fix`` can mend it, ``!`` if no severity
and no waiver can change it: without that rule nothing else is known to hold, or it is about what belongs to somebody
else. Last comes the rank, by which everything is told, and which makes a warning of an ``E`` above 2 (``rule``).
"""

GRADES = {
    # Images.
    "floating-tag": "E3",
    "own-image-not-by-commit": "Er3",
    "unpinned-image": "Erd4",
    "unknown-registry": "W4",
    "build-in-production": "Erd4",
    # Privilege.
    "privileged": "E2",
    "runs-as-root": "Ed4",
    "capabilities-kept": "Ed4",
    "dangerous-capability": "E2",
    "new-privileges": "E+4",
    "confinement-off": "E2",
    "writable-root": "Ed4",
    "tmpfs-unbounded": "W+3",
    # The host.
    "host-namespace": "E2",
    "engine-socket": "E2",
    "host-device": "E2",
    "sensitive-host-path": "E2",
    "bind-mount": "Erd3",
    "engine-over-tcp": "E2",
    # What belongs to others.
    "foreign-resource": "Ed2",
    "host-driver": "Ed2",
    "reserved-name": "E!2",
    "foreign-source": "E!2",
    # Network.
    "published-port": "Ed4",
    "debug-port-open": "E2",
    "state-reachable": "E4",
    "proxy-beside-state": "E4",
    "port-clash": "W1",
    "container-name": "W4",
    "privileged-port": "Wd4",
    # Health.
    "no-healthcheck": "Er3",
    "slow-first-check": "W+4",
    "short-depends-on": "E3",
    "healthy-without-check": "E1",
    "restart-cascade": "W3",
    # Life cycle and jobs.
    "restart-policy": "Er3",
    "no-init": "W+4",
    "stop-grace": "W4",
    "job-shape": "Er3",
    "migration-gates-roll": "E1",
    "single-writer": "W3",
    # Resources and logs.
    "no-limits": "Ed3",
    "mixed-limits": "E1",
    "unbounded-logs": "E+3",
    "limits-over-host": "W3",
    # Data and secrets.
    "anonymous-state": "Er3",
    "no-backup": "Ed3",
    "leaked-key": "E2",
    "literal-secret": "Ed2",
    "default-password": "Ed2",
    "secret-in-environment": "W4",
    "secret-as-variable": "W4",
    "secret-mode-ignored": "E3",
    "stale-secret": "W3",
    "read-only-with-inline-secret": "E1",
    "authentication-off": "Ed2",
    # The file itself.
    "yaml-trap": "E3",
    "unset-variable": "Er3",
    "swarm-only": "W4",
    "obsolete": "W+4",
    "compose-too-old": "E1",
    "unknown-extension-field": "W3",
    "x-fairlead": "E!1",
    "waiver": "E!2",
    "extension-replaced": "W1",
    # Reading the files.
    "yaml": "E!1",
    "duplicate-key": "E!1",
    "interpolation": "E!1",
    "include": "E!1",
    "extends": "E!1",
    "env-file": "E!1",
    "unseen": "E!1",
    "schema": "E!1",
    "model": "E!1",
    "compose": "E!1",
    "settings": "E!1",
    "profile": "I!3",
}
