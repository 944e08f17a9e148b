"""The answers to everything but ``state``, ``history`` and ``plan``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .answer import COUNT, NUMBER, SWITCH, WHOLE, WORD, WORDS, beside, parts


@dataclass(frozen=True)
class HelloAnswer:
    """Who answers: versions, user, host, the apps that are there."""

    protocol: int = field(default=1, metadata=COUNT)
    python: str = field(default="", metadata=WORD)
    user: str = field(default="", metadata=WORD)
    hostname: str = field(default="", metadata=WORD)
    root: str = field(default="", metadata=WORD)
    apps: tuple[str, ...] = field(default=(), metadata=WORDS)
    time: float = field(default=0.0, metadata=NUMBER)


@dataclass(frozen=True)
class HostCheck:
    """One check of a host: its name, ``ok``, ``warning`` or ``failed``, what was found, what to do about it."""

    name: str = field(metadata=WORD)
    state: str = field(metadata=WORD)
    found: str = field(metadata=WORD)
    fix: str = field(default="", metadata=WORD)
    document: Mapping[str, Any] = field(default_factory=dict, metadata=WHOLE)


@dataclass(frozen=True)
class CheckAnswer:
    """What a host has and lacks."""

    checks: tuple[HostCheck, ...] = field(default=(), metadata=parts(HostCheck))


@dataclass(frozen=True)
class OrderAnswer:
    """What a task goes by now."""

    word: Optional[str] = field(default=None, metadata=WORD)


@dataclass(frozen=True)
class DrainAnswer:
    """At which paths a host answers 503, whether no request came any more, and what is still open, where that is known."""

    paths: tuple[str, ...] = field(default=(), metadata=WORDS)
    quiet: Optional[bool] = field(default=None, metadata=SWITCH)
    in_flight: Optional[int] = field(default=None, metadata=COUNT)
    streams: Optional[int] = field(default=None, metadata=COUNT)
    document: Mapping[str, Any] = field(default_factory=dict, metadata=WHOLE)


@dataclass(frozen=True)
class UndrainAnswer:
    """Whether the host had been drained."""

    drained: bool = field(default=False, metadata=SWITCH)


@dataclass(frozen=True)
class MaintenanceAnswer:
    """What users get from now on, by ``asked`` questions: of a page that is shown, or, where it ended, of the app.

    ``look`` opens the way past the page. ``unseen`` and ``unserved`` say in words what they do not get.
    """

    on: bool = field(default=False, metadata=SWITCH)
    was_on: Optional[bool] = field(default=None, metadata=beside("was_on", SWITCH))
    since: float = field(default=0.0, metadata=beside("look", NUMBER))
    by: str = field(default="", metadata=beside("look", WORD))
    key: str = field(default="", metadata=beside("look", WORD))
    retry_after: int = field(default=0, metadata=beside("look", COUNT))
    own_page: bool = field(default=False, metadata=beside("look", SWITCH))
    look: Optional[str] = field(default=None, metadata=beside("look", WORD))
    asked: int = field(default=0, metadata=COUNT)
    unseen: tuple[str, ...] = field(default=(), metadata=beside("look", WORDS))
    unserved: tuple[str, ...] = field(default=(), metadata=beside("was_on", WORDS))
    document: Mapping[str, Any] = field(default_factory=dict, metadata=WHOLE)


@dataclass(frozen=True)
class RepairAnswer:
    """What was put in order, in words."""

    repaired: tuple[str, ...] = field(default=(), metadata=WORDS)


@dataclass(frozen=True)
class RemoveAnswer:
    """What was removed, and which volumes and folders stay."""

    containers: tuple[str, ...] = field(default=(), metadata=WORDS)
    images: tuple[str, ...] = field(default=(), metadata=WORDS)
    volumes_kept: tuple[str, ...] = field(default=(), metadata=WORDS)
    data_kept: tuple[str, ...] = field(default=(), metadata=WORDS)
    was_serving: Optional[str] = field(default=None, metadata=WORD)
    document: Mapping[str, Any] = field(default_factory=dict, metadata=WHOLE)
