"""Every rule's name with its grade, in the order of the index. Made by `python -m tests.rules` from docs/rules.

A grade is a letter: ``E`` error, ``W`` warning, ``I`` note; then ``d`` if it is a note in files that serve
development only, ``+`` if ``--fix`` can mend it, ``!`` if no severity and no waiver can change it:
without that rule nothing else is known to hold, or it is about what belongs to somebody else.
"""

GRADES = {
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
    # The host.
    "host-namespace": "E",
    "engine-socket": "E",
    "host-device": "E",
    "sensitive-host-path": "E",
    "bind-mount": "Ed",
    "engine-over-tcp": "E",
    # What belongs to others.
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
    "leaked-key": "E",
    "literal-secret": "Ed",
    "default-password": "Ed",
    "secret-in-environment": "W",
    "secret-as-variable": "W",
    "secret-mode-ignored": "E",
    "stale-secret": "W",
    "read-only-with-inline-secret": "E",
    "authentication-off": "Ed",
    # The file itself.
    "yaml-trap": "E",
    "unset-variable": "E",
    "swarm-only": "W",
    "obsolete": "W+",
    "compose-too-old": "E",
    "unknown-extension-field": "W",
    "x-fairlead": "E!",
    "waiver": "E!",
    # Reading the files.
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
    "settings": "E!",
    "profile": "I!",
}
