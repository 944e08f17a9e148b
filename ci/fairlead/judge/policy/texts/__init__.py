"""The texts of the rules, a module a group."""

from __future__ import annotations

from dataclasses import dataclass

SERVICES = "https://docs.docker.com/reference/compose-file/services/"
DEPLOY = "https://docs.docker.com/reference/compose-file/deploy/"
DOCS = "https://docs.docker.com/"
ENGINE = "https://docs.docker.com/engine/"


def cis(*numbers: str) -> str:
    """A source: sections of the CIS Docker Benchmark."""
    return f"CIS Docker Benchmark 1.6, {', '.join(numbers)}"


def measured(what: str) -> str:
    """A source: what was seen on Docker Engine 28.5.2 with Compose 2.40.3."""
    return f"Measured on Docker Engine 28.5.2, Compose 2.40.3: {what}"


@dataclass(frozen=True, kw_only=True)
class Text:
    """What a reader is told of a rule; ``bad`` and ``good`` are compose files, or the services of one."""

    name: str
    title: str
    why: str
    bad: str
    good: str
    sources: tuple[str, ...]
