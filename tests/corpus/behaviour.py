"""As which Compose a docker-compose reads: a distribution builds an old one with a newer compose-go."""

from __future__ import annotations

from collections.abc import Callable

_WATCH = "services: {a: {image: b, develop: {watch: [{path: ., target: /a, WATCH}]}}}"
PROBES = (
    ("5.7", "services: {a: {image: b, umask: 18}}"),
    ("5.4", "services: {a: {image: b, pre_start: [{command: c}]}}"),
    ("2.40", _WATCH.replace("WATCH", "action: sync, initial_sync: true")),
    ("2.38", "services: {a: {image: b}}\nmodels: {m: {model: x}}"),
    ("2.35", "services: {a: {image: b, provider: {type: x}}}"),
    ("2.34", "services: {a: {image: b, pull_policy: daily}}"),
    ("2.33", "services: {a: {image: b}}\nnetworks: {k: {enable_ipv4: true}}"),
    ("2.32", _WATCH.replace("WATCH", "action: restart")),
    ("2.30", "services: {a: {image: b, gpus: all}}"),
)
"""What a Compose takes that those before it refuse, newest first."""
OLDEST = "2.24"


def reads_as(takes: Callable[[str], bool]) -> str:
    """The newest Compose whose files are taken; ``takes`` says whether one is."""
    return next((version for version, text in PROBES if takes(text)), OLDEST)
