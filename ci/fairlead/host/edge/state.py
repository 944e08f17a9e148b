"""What of the edge is on the host now, as far as an app's plan has to know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional

from ..disk.place import Meeting, Place
from ..engine.containers import find_edge
from ..engine.engine import Engine
from ..wire.errors import InputFault
from ..wire.setup import PUBLIC, Authority
from .authority import read_authority
from .claims import Claim, others_behind, read_claim, read_hosts
from .meetings import read_meeting
from .trusted import read_trusted


@dataclass(frozen=True)
class EdgeState:
    """``claim`` is the app's own, ``hosts`` hostname -> app; ``mark`` is the hash of the edge that is there, or empty.

    ``meeting`` is where the edge meets the app; None where it never did. ``trusted``: the proxies in front that an edge
    made now would heed; ``authority``: whom it would ask for certificates.
    """

    claim: Optional[Claim] = None
    hosts: Mapping[str, str] = field(default_factory=dict)
    running: bool = False
    mark: str = ""
    meeting: Optional[Meeting] = None
    trusted: tuple[str, ...] = ()
    authority: Authority = PUBLIC

    def others(self, app: str) -> list[str]:
        """The other apps behind the edge."""
        return others_behind(self.hosts, app)


def read_edge(engine: Engine, place: Place, app: str) -> EdgeState:
    """Look at files and engine.

    Raises:
        EngineFault: the engine does not answer.
    """
    if not place.home.is_dir():
        return EdgeState()
    edge = find_edge(engine)
    return EdgeState(
        claim=read_claim(place, app),
        hosts=read_hosts(place),
        running=edge is not None and edge.running,
        mark=edge.hash if edge is not None else "",
        meeting=read_meeting(place, app),
        trusted=_trusted(),
        authority=_authority(),
    )


def _authority() -> Authority:
    """As with the list of proxies: what does not hold is told when an edge is made of it."""
    try:
        return read_authority()
    except InputFault:
        return PUBLIC


def _trusted() -> tuple[str, ...]:
    """A list that cannot be read is told when an edge is made of it, and keeps nobody from looking at this host."""
    try:
        return read_trusted()
    except InputFault:
        return ()
