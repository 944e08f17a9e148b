"""Who commits and who goes back, over all hosts of an environment. Pure.

Two-phase commit with presumed abort; the client is the coordinator and keeps nothing: the decision is recorded by the
hosts, each in its own journal. As long as no host has committed, whoever is left alone goes back. Once one has, the
others follow, at the latest when the next command asks them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.host.wire.fleet import COMMIT, FINISH, GONE_SECONDS, MIGRATE, POINTS, REVERT, STOP, SWITCH
from fairlead.host.wire.phases import find_phase
from fairlead.host.wire.status import StateAnswer


@dataclass(frozen=True)
class Member:
    """How far a host is in a deploy or rollback, as its events tell.

    ``holding`` is the point at which it waits for a word, empty while it works; ``migrated``: its jobs have run;
    ``ended`` is empty, or how: ``well``, ``failed``, ``lost`` (it cannot be reached any more).
    """

    holding: str = ""
    migrated: bool = False
    ended: str = ""


def plan_word(members: Mapping[str, Member], runner: str, words: frozenset[str]) -> str | None:
    """The next word that all hosts are to be told, or None while it is too early or too late for one.

    Args:
        members: every host.
        runner: the host that runs the jobs which are run once.
        words: the words that were given so far.
    """
    if words & {COMMIT, STOP}:
        return None
    if any(one.ended in {"failed", "lost"} for one in members.values()):
        return STOP
    if MIGRATE not in words and (members[runner].migrated or members[runner].ended):
        return MIGRATE
    # A host may be further than the others: it was told the word by a client that died.
    reached = [POINTS.index(one.holding) if one.holding else -1 for one in members.values() if not one.ended]
    for point in (SWITCH, COMMIT):
        if reached and point not in words and min(reached) >= POINTS.index(point):
            return point
    return None


@dataclass(frozen=True)
class Standing:
    """How a host stands when nobody deploys: contents are hashes that are equal for equal releases.

    ``content`` is what it serves for good; ``left`` is the release of a transaction that has not ended, None where
    there is none. ``may_follow``: it had said that it would commit, ``ordered``: it was told to. ``task`` is at it still,
    and waits for a client that is gone. ``is_busy``: somebody is at work who must not be disturbed.
    """

    content: str | None = None
    left: str | None = None
    may_follow: bool = False
    ordered: bool = False
    task: str = ""
    is_busy: bool = False

    def has_committed(self, content: str | None) -> bool:
        """Whether this release stays on this host."""
        return content is not None and (self.content == content or (self.ordered and self.left == content))


def standing_of(state: StateAnswer) -> Standing:
    """How a host stands, by its ``state``."""
    running = {one.task: one for one in state.tasks or ()}
    left = state.unfinished
    if left is None:
        return Standing(content=state.content, is_busy=bool(running))
    own = running.pop(left.task or "", None)
    # One host alone goes on without its client; one of several is attended, or it is left alone.
    is_attended = own is not None and not (left.hosts and own.heard >= GONE_SECONDS)
    settled = left.committed or left.release != state.serving
    return Standing(
        content=state.content if settled else None,
        left=str(state.unfinished_content),
        may_follow=bool(left.hosts) and find_phase(left.phase).pledged,
        ordered=left.word == COMMIT,
        task=own.task if own is not None else "",
        is_busy=bool(running) or is_attended,
    )


def plan_decisions(standings: Mapping[str, Standing | None]) -> dict[str, str]:
    """Which hosts have to be repaired, and whether they are to ``finish`` or to ``revert``.

    A host that words it would commit follows one that did; where that cannot be known yet, because a host does not
    answer (None) or somebody is still at it, it is left as it is.
    """
    decisions: dict[str, str] = {}
    for name, one in standings.items():
        if one is None or one.left is None or one.is_busy:
            continue
        others = [other for host, other in standings.items() if host != name]
        if not one.may_follow:
            decisions[name] = REVERT
        elif any(other is not None and other.has_committed(one.left) for other in (one, *others)):
            decisions[name] = FINISH
        elif not any(other is None or (other.is_busy and other.left == one.left) for other in others):
            decisions[name] = REVERT
    return decisions
