"""What a release changes in how services are called, in words: said before anything is done. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from ..engine.containers import Container
from ..shape.bundle import Bundle
from ..wire.inside import ROLE, find_carrier
from ..wire.release import Release


def plan_carried(release: Release, live: Optional[Bundle], containers: Sequence[Container]) -> Iterator[str]:
    """At which more ports services can be called, and whose calls go through another container from now on."""
    for name, ports in sorted(release.called.items()):
        carrier = find_carrier(release, name)
        if carrier is None or live is None:
            continue
        others = [one for one in containers if one.role == ROLE and one.running and one.carries == name]
        if any(one.service != carrier.name for one in others):
            yield (
                f"carry the calls to {name} by another container beside the one before, of which the networks, names or "
                "image are not these: while this begins and that ends, a caller that does not try again may be refused"
            )
            continue
        more = [port for port in ports if port not in live.release.called.get(name, ())]
        if others and more:
            yield f"let {name} be called at port {' and '.join(map(str, more))} too: no call is refused"
