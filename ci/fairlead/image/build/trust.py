"""How far a build is trusted: what it may read of what others made, and what others may read of it.

Caches flow down only. What the default branch built may be read by a pull request; what a pull request built is read by
nobody else, as whoever opens one decides what runs in its build.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What a build may do with caches, and under which tag its images go.

    Attributes:
        reads: whether it may read the cache of the default branch.
        writes: whether it may write it.
        is_tag: whether it is a build of a git tag.
        pull_request: its number; 0 where it is none.
    """

    reads: bool = True
    writes: bool = False
    is_tag: bool = False
    pull_request: int = 0
