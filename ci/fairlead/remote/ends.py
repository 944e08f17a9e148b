"""How a task ended on every host, before it is told as one (``outcome``)."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.errors import FairleadError
from fairlead.host.wire.errors import EXIT_OK
from fairlead.host.wire.result import Result
from fairlead.remote.outcome import ends_for_another

End = Result | FairleadError | None
"""How a host ended: its result, why nobody knows, or None where it was never asked."""


@dataclass
class Ends:
    """How it ended on each host, which one failed first, the words that were said, and whether the user said stop.

    ``joined`` are the hosts that were at it already, for another command.
    """

    by_host: dict[str, End]
    culprit: str | None = None
    words: frozenset[str] = frozenset()
    stopped: bool = False
    joined: frozenset[str] = frozenset()

    @property
    def is_anothers(self) -> bool:
        """Whether nothing but another command at the same task ended it: its user stopped it, or it would wait no longer."""
        failed = {host: end for host, end in self.by_host.items() if end is not None and not is_well(end)}
        return (
            not self.stopped
            and bool(failed)
            and all(
                isinstance(end, Result) and ends_for_another(end, joined=host in self.joined)
                for host, end in failed.items()
            )
        )


def is_well(end: Result | FairleadError) -> bool:
    """Whether the host ended well."""
    return isinstance(end, Result) and end.exit == EXIT_OK
