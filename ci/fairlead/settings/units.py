"""Values with a unit, as fairlead.yaml writes them: durations, sizes, shares, hosts."""

from __future__ import annotations

import re

from fairlead.settings.values import Host

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST = 3650 * 86400.0
DEPLOY_SPANS = ("start_timeout", "drain_timeout", "standby", "lock_timeout", "hold_timeout")
"""The durations of the section ``deploy:``."""
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")


def parse_duration(text: str) -> float:
    """Seconds of a duration such as ``90s``, ``1h30m`` or ``500ms``.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(rf"({_DURATION_PART.pattern})+", text):
        raise ValueError(text)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(text))
    if seconds > _LONGEST:
        raise ValueError(f"longer than {_LONGEST / 86400:g} days")
    return seconds


def is_too_long(text: str) -> bool:
    """Whether a text is a duration, but a longer one than a clock can wait for."""
    if not re.fullmatch(rf"({_DURATION_PART.pattern})+", text):
        return False
    try:
        parse_duration(text)
    except ValueError:
        return True
    return False


def is_no_time(text: str) -> bool:
    """Whether a text is a duration of no time at all, such as ``0s``."""
    try:
        return parse_duration(text) == 0
    except ValueError:
        return False


def parse_size(text: str) -> int:
    """Bytes of a size such as ``4G`` or ``512M``; units are powers of 1024.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"[0-9]+(?:\.[0-9]+)?[KMGT]?", text):
        raise ValueError(text)
    factor = 1024 ** (" KMGT".index(text[-1]) if text[-1] in "KMGT" else 0)
    return int(float(text.rstrip("KMGT")) * factor)


def parse_share(text: str) -> float:
    """A share such as ``5%``, from 0 to 1; a checked text is expected."""
    return float(text.rstrip("%")) / 100


def parse_host(text: str) -> Host:
    """The parts of ``user@host:port``; a checked text is expected."""
    from urllib.parse import urlsplit

    user, _, rest = text.rpartition("@")
    parts = urlsplit(f"//{rest}")
    return Host(user=user, name=parts.hostname or rest, port=parts.port or 22)
