"""The phases of a transaction, in their order: this list is the architecture.

A failure up to and in ``verify`` undoes everything and what served goes on serving. One in ``watch`` or
``commit`` does so too, by a rename: what served before is not stopped before ``commit``. After that there is
no way back but a rollback: a failure there is a warning, and the next command finishes the work.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..disk.ledger import DEPLOY, ROLLBACK
from .context import Context, Outcome
from .hold import run_agree, run_ready
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
    several hosts; ``patience`` and ``grace``: the phase is over within so many times the release's ``start_timeout``,
    and so many seconds. Those without have bounds of their own: a watch its window, a job none (see ``migrate``).
    """

    name: str
    run: Callable[[Context], Outcome]
    reverts: bool
    kinds: tuple[str, ...] = (DEPLOY, ROLLBACK)
    after_result: tuple[str, ...] = ()
    fleet: bool = False
    patience: int = 0
    grace: float = math.inf

    def within(self, start_timeout: float) -> float:
        """Seconds that the phase may take."""
        return self.patience * start_timeout + self.grace


_GRACE = 15.0
"""Seconds for what comes after the wait: answers, and the evidence where there are none."""
_COMPOSE_GRACE = 120.0
"""Seconds for Compose to stop what is replaced and to start what is new, however many services that is."""
_PULL_SECONDS = 2 * 3600.0

PHASES = (
    Phase("prepare", run_prepare, reverts=True),
    Phase("pull", run_pull, reverts=True, grace=_PULL_SECONDS),
    Phase("platform", run_platform, reverts=True, patience=2, grace=_COMPOSE_GRACE),
    Phase("migrate", run_migrate, reverts=True, kinds=(DEPLOY,)),
    Phase("start", run_start, reverts=True, patience=2, grace=_COMPOSE_GRACE),
    Phase("verify", run_verify, reverts=True, patience=1, grace=_GRACE),
    Phase("ready", run_ready, reverts=True, fleet=True),
    Phase("switch", run_switch, reverts=True, patience=2, grace=_COMPOSE_GRACE),
    Phase("watch", run_watch, reverts=True),
    Phase("agree", run_agree, reverts=True, fleet=True),
    Phase("commit", run_commit, reverts=True),
    Phase("retire", run_retire, reverts=False, after_result=(ROLLBACK,)),
    Phase("prune", run_prune, reverts=False, after_result=(ROLLBACK,)),
)

COMMITTING = "commit"
"""The phase from which there is no way back by itself."""
