"""The phases of a transaction, in their order: this list is the architecture.

A failure up to and in ``verify`` undoes everything and what served goes on serving. One in ``watch`` or
``commit`` does so too, by a rename: what served before is not stopped before ``commit``. After that there is
no way back but a rollback: a failure there is a warning, and the next command finishes the work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .context import Context, Outcome
from .hold import run_agree, run_ready
from .ledger import DEPLOY, ROLLBACK
from .phases.commit import run_commit
from .phases.migrate import run_migrate
from .phases.platform import run_platform
from .phases.prepare import run_prepare
from .phases.prune import run_prune
from .phases.pull import run_pull
from .phases.retire import run_retire
from .phases.start import run_start
from .phases.switch import run_switch
from .phases.verify import run_verify
from .phases.watch import run_watch


@dataclass(frozen=True)
class Phase:
    """One step.

    ``reverts``: a failure in it undoes the transaction; ``kinds``: which transactions have it;
    ``after_result``: in which of them the caller does not wait for it. Who rolls back is in a hurry, and what he
    leaves behind may have uploads and streams open for as long as ``drain_timeout``; ``fleet``: only where there are
    several hosts.
    """

    name: str
    run: Callable[[Context], Outcome]
    reverts: bool
    kinds: tuple[str, ...] = (DEPLOY, ROLLBACK)
    after_result: tuple[str, ...] = ()
    fleet: bool = False


PHASES = (
    Phase("prepare", run_prepare, reverts=True),
    Phase("pull", run_pull, reverts=True),
    Phase("platform", run_platform, reverts=True),
    Phase("migrate", run_migrate, reverts=True, kinds=(DEPLOY,)),
    Phase("start", run_start, reverts=True),
    Phase("verify", run_verify, reverts=True),
    Phase("ready", run_ready, reverts=True, fleet=True),
    Phase("switch", run_switch, reverts=True),
    Phase("watch", run_watch, reverts=True),
    Phase("agree", run_agree, reverts=True, fleet=True),
    Phase("commit", run_commit, reverts=True),
    Phase("retire", run_retire, reverts=False, after_result=(ROLLBACK,)),
    Phase("prune", run_prune, reverts=False, after_result=(ROLLBACK,)),
)

COMMITTING = "commit"
"""The phase from which there is no way back by itself."""
