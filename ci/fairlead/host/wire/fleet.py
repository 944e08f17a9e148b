"""One release on several hosts: what each host is told of the others, and the words by which they keep in step. Pure.

Each host runs the same transaction and holds at up to three points, until the client, which talks to all of them,
gives the word. The hosts do not know each other: a host that hears nothing goes back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .contract import Kind, kind, text, texts
from .fields import Fields
from .names import DIGEST, HOLD_TIMEOUT, RELEASE_ID

MIGRATE = "migrate"
"""The jobs that are run once have ended well on the host that runs them."""
SWITCH = "switch"
"""Every host has verified the release."""
COMMIT = "commit"
"""Every host has passed its watch: from here on there is no way back."""
STOP = "stop"
"""Some host failed, or the user gave up: back to what was."""
POINTS = (MIGRATE, SWITCH, COMMIT)
WORDS = (*POINTS, STOP)

FINISH = "finish"
REVERT = "revert"
DECISIONS = (FINISH, REVERT)
"""What a repair is told of a transaction whose end only the other hosts know."""

GONE_SECONDS = 15.0
"""A client of which nothing was heard for so long is taken for gone by the next one; it attends every few seconds."""

_HOST = re.compile(r"[!-~]{1,255}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_MAX_HOSTS = 1000
_LONGEST_HOLD = 24 * 3600.0
_OLDER_NAME = "patience"


def _read_release(fields: Fields, name: str, default: str) -> str:
    release = fields.text(name, 6, default=default)
    if release and not RELEASE_ID.fullmatch(release):
        fields.fault(name, "is no release id")
    return release


def _read_hold_timeout(fields: Fields, name: str, default: float) -> float:
    # A task that the version before has begun, its client and its agent say `patience`.
    known = name if name in fields.raw or _OLDER_NAME not in fields.raw else _OLDER_NAME
    return fields.seconds(known, _LONGEST_HOLD, default=default)


def _list_of(pattern: re.Pattern[str]) -> Kind:
    return texts(pattern, f"is no list of texts like {pattern.pattern}", _MAX_HOSTS)


@dataclass(frozen=True)
class Fleet:
    """What one host of several is told."""

    release: str = field(default="", metadata=kind(_read_release))
    """The lowest id that the release may get, so that it is called the same everywhere."""
    hosts: tuple[str, ...] = field(default=(), metadata=_list_of(_HOST))
    """All of them, as fairlead.yaml names them."""
    hold_timeout: float = field(default=HOLD_TIMEOUT, metadata=kind(_read_hold_timeout, also=_OLDER_NAME))
    """How long a host that holds waits for a client of which nothing is heard."""
    once: tuple[str, ...] = field(default=(), metadata=_list_of(_NAME))
    """The jobs that one host runs for all."""
    runner: str = field(default="", metadata=text(255))
    """That host, empty where it is this one."""
    done: tuple[str, ...] = field(default=(), metadata=_list_of(DIGEST))
    """The hashes of such jobs that have run on any host."""
