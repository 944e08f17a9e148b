"""What each phase of a transaction runs, for whom, and how long it may take.

Their order, and what it is to fail in one, stand where both sides know them: ``wire/phases.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..disk.ledger import DEPLOY, ROLLBACK
from ..wire import phases
from ..wire.phases import (
    AGREE,
    COMMIT,
    MIGRATE,
    PLATFORM,
    PREPARE,
    PRUNE,
    PULL,
    READY,
    RETIRE,
    START,
    SWITCH,
    VERIFY,
    WATCH,
    PhaseFacts,
)
from .context import Deploy, Outcome
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

    ``facts`` are what its name tells both sides; ``kinds``: which transactions have it;
    ``after_result``: in which of them the caller does not wait for it. Who rolls back is in a hurry, and what he
    leaves behind may have uploads and streams open for as long as ``drain_timeout``;
    ``patience`` and ``grace``: the phase is over within so many times the release's ``start_timeout``,
    and so many seconds. Those without have bounds of their own: a watch its window, a job none (see ``migrate``).
    """

    facts: PhaseFacts
    run: Callable[[Deploy], Outcome]
    kinds: tuple[str, ...] = (DEPLOY, ROLLBACK)
    after_result: tuple[str, ...] = ()
    patience: int = 0
    grace: float = math.inf

    @property
    def name(self) -> str:
        return self.facts.name

    def within(self, start_timeout: float) -> float:
        """Seconds that the phase may take."""
        return self.patience * start_timeout + self.grace


_GRACE = 15.0
"""Seconds for what comes after the wait: answers, and the evidence where there are none."""
_COMPOSE_GRACE = 120.0
"""Seconds for Compose to stop what is replaced and to start what is new, however many services that is."""
_PULL_SECONDS = 2 * 3600.0

_ROWS = (
    Phase(PREPARE, run_prepare),
    Phase(PULL, run_pull, grace=_PULL_SECONDS),
    Phase(PLATFORM, run_platform, patience=2, grace=_COMPOSE_GRACE),
    Phase(MIGRATE, run_migrate, kinds=(DEPLOY,)),
    Phase(START, run_start, patience=2, grace=_COMPOSE_GRACE),
    Phase(VERIFY, run_verify, patience=1, grace=_GRACE),
    Phase(READY, run_ready),
    Phase(SWITCH, run_switch, patience=2, grace=_COMPOSE_GRACE),
    Phase(WATCH, run_watch),
    Phase(AGREE, run_agree),
    Phase(COMMIT, run_commit),
    Phase(RETIRE, run_retire, after_result=(ROLLBACK,)),
    Phase(PRUNE, run_prune, after_result=(ROLLBACK,)),
)

_BY_FACTS = {row.facts: row for row in _ROWS}
PHASES = tuple(_BY_FACTS[facts] for facts in phases.PHASES)
