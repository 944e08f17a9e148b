"""The phases of a transaction in their order, and what holds while one of them is under way. Pure.

The agent journals each before it begins; whoever finds a transaction that was cut off, on the host or on the client,
judges by the last one that was begun. What a phase does and how long it may take: ``run/table.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import fleet

BEFORE = "before"
"""What served before serves: a failure takes the release away, and no user has met it."""
SERVING = "serving"
"""Users may be served by the release, and what served before still runs: a failure goes back by a rename."""
COMMITTED = "committed"
"""There is no way back but a rollback: a failure is a warning, and the next command finishes the work."""


@dataclass(frozen=True)
class PhaseFacts:
    """What a phase's name tells.

    ``stage`` is ``BEFORE``, ``SERVING`` or ``COMMITTED``; ``holds`` is the point at which one of several hosts waits in
    it, a phase that a host of its own does not have; ``pledged``: in it a host has said that it would commit, so that
    another one may have done so.
    """

    name: str
    stage: str
    holds: str = ""
    pledged: bool = False


PREPARE = PhaseFacts("prepare", BEFORE)
PULL = PhaseFacts("pull", BEFORE)
PLATFORM = PhaseFacts("platform", BEFORE)
MIGRATE = PhaseFacts("migrate", BEFORE)
START = PhaseFacts("start", BEFORE)
VERIFY = PhaseFacts("verify", BEFORE)
READY = PhaseFacts("ready", BEFORE, holds=fleet.SWITCH)
SWITCH = PhaseFacts("switch", SERVING)
WATCH = PhaseFacts("watch", SERVING)
AGREE = PhaseFacts("agree", SERVING, holds=fleet.COMMIT, pledged=True)
COMMIT = PhaseFacts("commit", SERVING, pledged=True)
"""Its record ends the stage: what fails before it is written goes back, once it is written nothing does."""
RETIRE = PhaseFacts("retire", COMMITTED)
PRUNE = PhaseFacts("prune", COMMITTED)

PHASES = (PREPARE, PULL, PLATFORM, MIGRATE, START, VERIFY, READY, SWITCH, WATCH, AGREE, COMMIT, RETIRE, PRUNE)

_BY_NAME = {one.name: one for one in PHASES}
_NONE = PhaseFacts("", BEFORE)


def find_phase(name: str) -> PhaseFacts:
    """What a name in a journal or an event tells; of none yet, and of another version's: that nobody is served."""
    return _BY_NAME.get(name, _NONE)
