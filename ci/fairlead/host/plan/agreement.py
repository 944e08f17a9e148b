"""What becomes of a transaction that was cut off: finished, or taken back. Pure.

One host decides by itself. Several commit together (two-phase commit, presumed abort): a host that has passed its
watch cannot know whether another one was told to commit, so it goes by what it is told of the others; where nobody
tells it, it goes back.
"""

from __future__ import annotations

from typing import Optional

from ..disk.ledger import DEPLOY, Transaction
from ..wire.fleet import FINISH, REVERT
from ..wire.phases import find_phase

BACK = "back"
"""Go back if what served before is fit to serve; where it is not, finish: any release is better than none."""


def plan_recovery(left: Transaction, *, switched: bool, decision: Optional[str] = None) -> str:
    """What to do about an unfinished transaction: ``finish``, ``revert`` or ``back``.

    Args:
        left: the transaction.
        switched: whether requests go to its release now.
        decision: what it was told before it was cut off, or what the client knows from the other hosts: ``finish`` or
            ``revert``; None where nobody was asked.
    """
    if left.committed:
        return FINISH if switched else REVERT
    if may_follow(left) and decision == FINISH:
        return FINISH
    if not switched:
        return REVERT
    if left.hosts and decision == REVERT:
        return BACK if left.previous is not None else REVERT
    if left.previous is None or (left.kind != DEPLOY and not left.hosts):
        # Nothing to go back to; or a rollback, whose release has served before.
        return FINISH
    return BACK


def may_follow(left: Transaction) -> bool:
    """Whether the host has said that it would commit: only then may another one have done so."""
    return bool(left.hosts) and find_phase(left.phase).pledged
