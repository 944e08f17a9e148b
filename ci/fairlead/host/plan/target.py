"""Which release a rollback goes to."""

from __future__ import annotations

from typing import Optional

from ..disk.ledger import Ledger
from ..disk.paths import Paths
from ..shape.bundle import Bundle, read_bundle
from ..wire.errors import InputFault


def refuse_moved(live: Optional[str], serving: Optional[str]) -> None:
    """Refuse a target that was counted from a release which serves no more.

    Raises:
        InputFault: it is.
    """
    if serving is not None and serving != live:
        raise InputFault(
            f"{live or 'nothing'} serves by now, and not {serving}, from which it was counted where to go back to",
            why="another deploy or rollback has ended meanwhile",
            fix="look at `fairlead history`, and say it again",
        )


def find_target(paths: Paths, ledger: Ledger, live: Optional[str], to: Optional[str]) -> Bundle:
    """The bundle to go back to: ``to``, or what served before ``live``.

    Raises:
        InputFault: there is no such release any more, with those that there are.
    """
    release = to or ledger.previous(live)
    known = [one for one in ledger.releases if ledger.is_startable(one) and one != live]
    if release is None:
        raise InputFault(
            f"there is no release of {paths.app} to go back to",
            why="no release has served before the one that serves" if live else "no release has ever served",
            fix=f"`--to {known[-1]}` goes forward again, to one that can still be started"
            if known
            else "deploy one; `fairlead history` tells what happened",
        )
    bundle = read_bundle(paths, release) if ledger.is_startable(release) else None
    if bundle is None:
        raise InputFault(
            f"release {release} cannot be started any more"
            if release in ledger.releases
            else f"no release {release}",
            why="only a release that has served and was not pruned can be gone back to",
            fix=f"there are: {', '.join(reversed(known))}"
            if known
            else "there is none; deploy the commit again",
        )
    return bundle
