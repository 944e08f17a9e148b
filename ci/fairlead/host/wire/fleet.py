"""One release on several hosts: what each host is told of the others, and the words by which they keep in step. Pure.

Each host runs the same transaction and holds at up to three points, until the client, which talks to all of them,
gives the word. The hosts do not know each other: a host that hears nothing goes back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .fields import Fields
from .names import DIGEST, RELEASE_ID

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
_MAX_PATIENCE = 24 * 3600.0


@dataclass(frozen=True)
class Fleet:
    """What one host of several is told.

    ``hosts`` are all of them as fairlead.yaml names them; ``release`` is the lowest id that the release may get, so
    that it is called the same everywhere; ``patience`` (seconds) is how long a host that holds waits for a client of
    which nothing is heard. ``once`` names the jobs that one host runs for all, ``runner`` is that host, empty where it
    is this one; ``done`` are the hashes of such jobs that have run on any host.
    """

    hosts: tuple[str, ...]
    release: str = ""
    patience: float = 60.0
    once: tuple[str, ...] = ()
    runner: str = ""
    done: tuple[str, ...] = ()


def parse_fleet(options: Fields) -> Optional[Fleet]:
    """The field ``fleet`` of the options; None for a host of its own. Notes what does not hold."""
    if options.raw.get("fleet") is None:
        return None
    fields = options.fields("fleet")
    release = fields.text("release", 6, default="")
    if release and not RELEASE_ID.fullmatch(release):
        fields.fault("release", "is no release id")
    return Fleet(
        hosts=_texts(fields, "hosts", _HOST),
        release=release,
        patience=fields.seconds("patience", _MAX_PATIENCE, default=60.0),
        once=_texts(fields, "once", _NAME),
        runner=fields.text("runner", 255, default=""),
        done=_texts(fields, "done", DIGEST),
    )


def strip_fleet(options: Any) -> Any:
    """The options without what is told of the other hosts: it may differ between two clients that want the same."""
    if not isinstance(options, Mapping):
        return options
    return {key: value for key, value in options.items() if key != "fleet"}


def _texts(fields: Fields, key: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    value = fields.raw.get(key) or []
    holds = isinstance(value, (list, tuple)) and len(value) <= _MAX_HOSTS
    if not holds or not all(isinstance(one, str) and pattern.fullmatch(one) for one in value):
        fields.fault(key, f"is no list of texts like {pattern.pattern}")
        return ()
    return tuple(value)
