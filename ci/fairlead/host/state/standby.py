"""Standby: after a deploy the release before may run on for a while, so that going back to it is one rename.

What stands by gets no new request; what it has open it keeps. Only what the proxy leads to stands by, with what that
calls within its release (a web server is nothing without its FastCGI program): a worker would go on taking work. Whether anything does, and until when, follows from the journal alone, so that no crash can leave
a wrong record of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from ..disk.ledger import DEPLOY, Ledger
from ..disk.paths import Paths
from ..engine.containers import Container
from ..shape.bundle import Bundle, read_bundle
from ..wire.release import Release

if TYPE_CHECKING:
    from ..wire.status import StandingBy


@dataclass(frozen=True)
class Standby:
    """A release that stands by until ``until`` (epoch seconds).

    ``homes``: service that stands by -> the release whose containers it has, without those that serve.
    """

    release: str
    until: float
    homes: Mapping[str, str]

    def has(self, container: Container) -> bool:
        """Whether this container is one of those that stand by."""
        return not container.oneoff and self.homes.get(container.service) == container.release

    @property
    def shown(self) -> StandingBy:
        """As ``status`` shows it."""
        from ..wire.status import StandingBy

        return StandingBy(self.release, self.until, tuple(sorted(self.homes)))


def find_standby(
    paths: Paths, ledger: Ledger, live: Optional[Bundle], containers: Sequence[Container]
) -> Optional[Standby]:
    """What stands by for the release that serves, in time or not; None when nothing may, or nothing of it runs."""
    last = ledger.last_committed
    before = read_bundle(paths, last.previous) if last is not None else None
    standby = plan_standby(ledger, live, before)
    return standby if standby and any(one.running and standby.has(one) for one in containers) else None


def plan_standby(ledger: Ledger, live: Optional[Bundle], before: Optional[Bundle]) -> Optional[Standby]:
    """What stands by: of the release ``before`` the last deploy, what is routed and what that calls within it. Pure.

    Nothing does after a rollback, whose release before is the bad one; after a rotation, for it reads a secret that is
    revoked; after an irreversible migration, for there is no plain way back over it.
    """
    last = ledger.last_committed
    if last is None or live is None or before is None or last.release != live.id:
        return None
    if last.kind != DEPLOY or last.rotations or ledger.irreversible_since(before.id):
        return None
    left = {name: home for name, home in before.homes.items() if live.homes.get(name) != home}
    routed = [name for name in left if name in before.release.routes]
    homes = {name: left[name] for name in with_called(before.release, routed) if name in left}
    committed = ledger.releases[live.id].committed_at or 0.0
    seconds = live.release.standby
    return Standby(before.id, committed + seconds, homes) if seconds and homes else None


def with_called(release: Release, names: Iterable[str]) -> dict[str, None]:
    """These services, and those that they call by their own names within the release. Pure."""
    found = dict.fromkeys(names)
    for _ in release.services:
        found.update(dict.fromkeys(one for name in list(found) for one in release.services[name].calls))
    return found


def find_retired(live: Bundle, containers: Sequence[Container]) -> list[Container]:
    """The containers of releases that run, and that the release which serves does not use. Pure."""
    return [
        one
        for one in containers
        if one.running and one.release and not one.oneoff and live.homes.get(one.service) != one.release
    ]
