"""Which faults strike which commands when: drawn from a seed, or all of them for the table. Nothing here runs anything."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fairlead.host.wire import phases


class Kind(StrEnum):
    """What is under way when the fault strikes."""

    GOOD = "good"
    BAD = "bad"
    CRASHING = "crashing"
    ROLLBACK = "rollback"


class Strike(StrEnum):
    """What happens. The names are those of ``fairlead lab fault``, with what they strike."""

    CLIENT = "client killed"
    AGENT = "agent killed"
    PAUSE = "server paused"
    PARTITION = "partition"
    SLOW = "slow link"
    REGISTRY = "registry down"
    DISK = "disk full"
    CLOCK = "clock skew"
    ENGINE = "engine restarted"
    CRASH = "engine killed"
    HOST = "power cut"


# Those of a host of its own: nobody waits for others there.
PHASES = tuple(phase.name for phase in phases.PHASES if not phase.holds)
# A release that cannot start is refused while it is verified at the latest; one that crashes in use, in its watch.
REACHED = {
    Kind.GOOD: PHASES,
    Kind.BAD: PHASES[: PHASES.index(phases.VERIFY.name) + 1],
    Kind.CRASHING: PHASES[: PHASES.index(phases.WATCH.name) + 1],
    Kind.ROLLBACK: tuple(phase for phase in PHASES if phase != phases.MIGRATE.name),
}
_WEIGHTS = {Kind.GOOD: 4, Kind.BAD: 1, Kind.CRASHING: 2, Kind.ROLLBACK: 3}
_MIDST = (0.0, 0.0, 0.05, 0.2, 0.5, 1.0)


@dataclass(frozen=True)
class Round:
    """One command and what strikes it.

    Attributes:
        number: from 1; the same seed and number give the same round, whatever came before.
        delay: seconds into the phase.
        next: what is run afterwards: ``repair`` on the server, another ``deploy``, or, where the client was killed,
            the same one ``again``, at once: it follows what is under way.
    """

    number: int
    kind: Kind
    phase: str
    strike: Strike
    delay: float = 0.0
    next: str = "repair"

    def __str__(self) -> str:
        when = f"{self.delay:g} s into" if self.delay else "at the beginning of"
        return f"{self.kind}: {self.strike} {when} {self.phase}, then {self.next}"


def plan_rounds(seed: int, count: int) -> list[Round]:
    """Rounds drawn from a seed."""
    return [_draw(seed, number) for number in range(1, count + 1)]


def plan_table() -> list[Round]:
    """Every fault in every phase of a good deploy; killed processes also in the midst of it."""
    numbers = iter(range(1, 10_000))
    return [
        Round(
            next(numbers), Kind.GOOD, phase, strike, delay, "again" if strike is Strike.CLIENT else "repair"
        )
        for strike in Strike
        for phase in PHASES
        for delay in ((0.0, 0.1) if strike is Strike.AGENT else (0.0,))
    ]


def plan_diagonal() -> list[Round]:
    """A lean choice for the tests: the faults that are over at once, in phases where they hurt."""
    return [
        Round(1, Kind.GOOD, "watch", Strike.AGENT, 0.3),
        Round(2, Kind.GOOD, "start", Strike.CLIENT, next="again"),
        Round(3, Kind.ROLLBACK, "switch", Strike.CRASH, next="deploy"),
    ]


def last_on_small_disk(rounds: list[Round]) -> tuple[list[Round], list[Round]]:
    """Those on the server's own disk, and those that need a small one: a power cut would take that away."""
    small = [one for one in rounds if one.strike is Strike.DISK]
    return [one for one in rounds if one not in small], small


def _draw(seed: int, number: int) -> Round:
    dice = random.Random(f"{seed}/{number}")
    kind = dice.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))[0]
    phase, strike = dice.choice(REACHED[kind]), dice.choice(list(Strike))
    if kind is Kind.CRASHING and strike is Strike.PARTITION:
        # It keeps away those whose use makes the release crash: the watch sees nothing, says so, and is right.
        kind = Kind.GOOD
    follows = strike is Strike.CLIENT and kind is Kind.GOOD
    then = ("again",) if follows else ("repair", "repair", "deploy")
    return Round(number, kind, phase, strike, dice.choice(_MIDST), dice.choice(then))


def phases_of(rounds: list[Round]) -> Iterator[str]:
    """The phases that are struck, in their order."""
    struck = {one.phase for one in rounds}
    yield from (phase for phase in PHASES if phase in struck)
