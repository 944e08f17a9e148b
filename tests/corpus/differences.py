"""Where Fairlead and ``docker-compose config`` differ on purpose: all of it, each with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fairlead.findings import Finding


@dataclass(frozen=True)
class Difference:
    """A finding about files that ``config`` takes: what it says, and why it is right all the same."""

    says: str
    reason: str


STRICTER = (
    Difference("must be an image reference", "Compose hands it on unread; the engine refuses it at `up`"),
    Difference("must be a restart policy", "handed on unread; the engine refuses it at `up`"),
    Difference("must be a capability", "handed on unread; the engine refuses it at `up`"),
    Difference("must be a signal", "handed on unread; the engine refuses it at `up`"),
    Difference("is no MAC address", "handed on unread; the engine refuses it at `up`"),
    Difference("is no ipv[46] address", "handed on unread; the engine refuses it at `up`"),
    Difference(
        "is no (subnet|IP address)", "handed on unread; host_ip of ports is refused since Compose 2.37"
    ),
    Difference("is no port$", "a long port is handed on unread; the engine refuses what is above 65535"),
    Difference("is no protocol", "a long port is handed on unread; the engine refuses it"),
    Difference("is no port to expose", "handed on unread; the engine refuses it"),
    Difference("the soft limit of .* is above", "handed on unread; the engine refuses it at `up`"),
    Difference("a bind mount without a source", "the engine refuses it at `up`"),
    Difference("a device without a source", "the engine refuses it at `up`"),
    Difference("the first mount is lost", "Compose takes the last mount of a list, and says nothing"),
    Difference("is mounted twice, by", "refused since Compose 2.36; one mount hides the other"),
    Difference(
        "the container_name .* is that of", "`config` says nothing in some versions; the engine refuses it"
    ),
    Difference(
        "ends in a space", "refused since Compose 2.34, in a list only; no program looks for such a variable"
    ),
    Difference('must be a number, not "-1"', "as text, -1 is refused before Compose 5.2"),
    Difference("(scale|replicas) must be 0 or more", "refused since Compose 2.36"),
    Difference("count and device_ids exclude each other", "refused since Compose 2.30"),
    Difference("builds from the service", "looked at since Compose 2.33"),
    Difference("is no device$", "refused since Compose 2.30"),
    Difference(
        "not a date$",
        "a date without quotes is refused by Compose 2.40, and printed by others as `2001-01-01 00:00:00 +0000 UTC`",
    ),
    Difference("is no number that Compose can write", "`.inf` and `.nan` are taken by Compose 2.40 alone"),
    Difference(
        'must be a size, not "\\d{4}-', "a date for a size is dropped by some versions, and refused by others"
    ),
    Difference(
        "not YAML to Compose before 5",
        "go-yaml v3 takes a ? in brackets for a key; Compose 5 reads it as text",
    ),
    Difference("a port without a target", "`target: 0` is handed on unread; the engine refuses it"),
)

OF_OVERRIDES = (
    Difference(
        "must be (a|text)", "merging makes a list of a text, and drops what it can't merge, before the schema"
    ),
)


LOOSER = (
    Difference(
        "time.Time",
        "Compose 2.40 alone refuses a date without quotes where a number may stand, too; rule yaml-trap tells it",
    ),
)
"""What a Compose says of files that we take, and why we take them all the same."""


def is_known(said: str) -> bool:
    """Whether what a Compose says of files that we take stands in the table."""
    return any(re.search(difference.says, said) for difference in LOOSER)


def is_intended(finding: Finding, *, in_override: bool = False) -> bool:
    """Whether a finding about files that Compose takes stands in the tables."""
    table = (*STRICTER, *OF_OVERRIDES) if in_override else STRICTER
    return any(re.search(difference.says, finding.what) for difference in table)
