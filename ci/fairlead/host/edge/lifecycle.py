"""Start, replace and stop the edge. It runs while an app has claimed a hostname, and every step may be run again.

Whoever changes the edge or a claim holds the host's own lock for it, beside the lock of the app.
A running edge is left alone unless its replacement was asked for: that cuts the connections of all apps.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator

from ..disk.atomic import SHOWN_FILE, SHOWN_FOLDER, make_folder, write_file
from ..disk.lock import Holder, hold_lock
from ..disk.neighbours import named
from ..disk.place import NETWORK, PROJECT, ROLE, Place
from ..engine.api import ApiFault
from ..engine.containers import Container, find_edge
from ..engine.engine import Engine
from ..shape.project import render_json
from ..watch.evidence import read_evidence
from ..watch.inflight import answers_admin
from ..watch.patience import wait_until
from ..wire import labels
from ..wire.errors import EngineFault, ReleaseFault
from .authority import read_authority
from .caddyfile import render_caddyfile
from .claims import read_hosts
from .meetings import connect_edge, list_meetings, make_networks, read_meetings
from .project import edge_hash, render_edge_project
from .trusted import read_trusted

_LOCK_WAIT = 120.0
_START_WAIT = 15.0
_OPEN = 0o1777
_CLOSED = 0o750
_OTHERS = 0o005


@contextlib.contextmanager
def edge_lock(place: Place, who: str = "") -> Iterator[None]:
    """Hold the edge for ``who``, an app, or for a repair; it takes seconds, so that others wait for it.

    Raises:
        LockFault: it was not free in two minutes.
    """
    make_folder(place.home, SHOWN_FOLDER)
    holder = Holder(
        "a change of the edge",
        named(who) if who else "a repair",
        "",
        os.getpid(),
        round(time.time(), 3),
        brief=True,
    )
    with hold_lock(place.lock, holder, wait=_LOCK_WAIT, on_wait=lambda _: None):
        yield


def is_outdated(edge: Container, image: str) -> bool:
    """Whether the edge is another than this image and this agent would make."""
    return edge.hash != edge_hash(image, read_trusted(), read_authority())


def start_edge(
    engine: Engine,
    place: Place,
    image: str,
    *,
    replace: bool = False,
    before: Callable[[], None] = lambda: None,
) -> bool:
    """Have the edge run, under its lock; False when it did already.

    Args:
        engine: the engine.
        place: where the edge lies.
        image: what to make it of, where there is none yet or it is to be replaced.
        replace: make it anew if it is outdated.
        before: frees the ports; called when all is ready but the start.

    Raises:
        ReleaseFault: it does not start.
    """
    edge = find_edge(engine)
    if edge is not None and edge.running and not (replace and is_outdated(edge, image)):
        return False
    make_folder(place.hosts, SHOWN_FOLDER)
    make_folder(place.apps, SHOWN_FOLDER)
    make_folder(place.run, _OPEN)
    trusted, authority = read_trusted(), read_authority()
    if authority.root:
        write_file(place.acme_root, authority.root.encode(), SHOWN_FILE)
    write_file(place.caddyfile, render_caddyfile(trusted, authority).encode(), SHOWN_FILE)
    group = place.home.stat().st_gid
    project = render_edge_project(place, image, read_meetings(place), group, trusted, authority)
    write_file(place.project, render_json(project))
    if edge is None:
        _make_networks(engine, place)
        _compose(engine, place, "create", "--no-build")
    before()
    _bring_up(engine, place)
    return True


def mend_edge(engine: Engine, place: Place) -> list[str]:
    """Finish what a dead agent left of the edge: it runs if and only if something is claimed. Say what was done."""
    if not place.project.exists():
        return []
    with edge_lock(place):
        edge = find_edge(engine)
        if not read_hosts(place):
            return ["the edge, which no app used: removed"] if stop_edge(engine, place) else []
        if edge is not None and edge.running and answers_admin(place.admin_socket):
            _close_folder(engine, place)
            return _connect_all(engine, place, edge)
        list_meetings(engine, place)
        # Made anew: the old one may know of networks that are gone.
        _bring_up(engine, place, "--force-recreate")
        return ["the edge did not run: started"]


def stop_edge(engine: Engine, place: Place, *, volumes: bool = False) -> bool:
    """Remove the edge and its network when nothing is claimed, under its lock; ``volumes``: its certificates too."""
    if read_hosts(place):
        return False
    found = place.project.exists()
    if found:
        _compose(engine, place, "down", *(("--volumes",) if volumes else ()))
        place.project.unlink(missing_ok=True)
        place.home.chmod(_CLOSED | _OTHERS)
    if _has_network(engine):
        # The proxy of an app that an older Fairlead deployed may still be in it.
        with contextlib.suppress(ApiFault):
            engine.delete(f"/networks/{NETWORK}")
    return found


def _bring_up(engine: Engine, place: Place, *words: str) -> None:
    _make_networks(engine, place)
    _compose(engine, place, "up", "--detach", "--no-build", *words)
    _wait_until_it_answers(engine, place)
    _close_folder(engine, place)


def _make_networks(engine: Engine, place: Place) -> None:
    """Make the networks that the project names: the edge's own, and those of the apps."""
    if not _has_network(engine):
        engine.post("/networks/create", {"Name": NETWORK, "Labels": {labels.ROLE: ROLE}})
    make_networks(engine, read_meetings(place))


def _connect_all(engine: Engine, place: Place, edge: Container) -> list[str]:
    """Have a running edge in the networks of all apps that it serves; what was done, in words."""
    served = set(read_hosts(place).values())
    missing = [one for one in read_meetings(place) if one.app in served and one.network not in edge.networks]
    if not missing:
        return []
    make_networks(engine, missing)
    list_meetings(engine, place)
    return [
        f"the edge did not reach the app {named(app)}: connected"
        for app in connect_edge(engine, edge, missing)
    ]


def _close_folder(engine: Engine, place: Place) -> None:
    """Let nobody into the folder, where its admin socket lies, but the owner and an edge of the owner's group.

    An edge that an older Fairlead started has not that group, nor does it count where the engine renames users.
    """
    if not place.home.stat().st_mode & _OTHERS:
        return
    edge = find_edge(engine)
    remapped = any("userns" in str(one) for one in engine.get("/info").get("SecurityOptions") or ())
    if edge is not None and not is_outdated(edge, edge.image) and not remapped:
        place.home.chmod(_CLOSED)


def _has_network(engine: Engine) -> bool:
    found = engine.get("/networks", filters=json.dumps({"name": [NETWORK]}))
    return any(one["Name"] == NETWORK for one in found)


def _wait_until_it_answers(engine: Engine, place: Place) -> None:
    if wait_until(lambda: answers_admin(place.admin_socket), timeout=_START_WAIT):
        return
    edge = find_edge(engine)
    raise ReleaseFault(
        "the edge of this host does not start",
        why=f"its admin socket did not answer within {_START_WAIT:g} s",
        fix="see what it printed last, quoted here",
        details=_of_edge(read_evidence(engine, edge)) if edge is not None else (),
    )


def _compose(engine: Engine, place: Place, *words: str) -> None:
    done = engine.compose(PROJECT, place.project, *words)
    if not done.ok:
        raise EngineFault(
            f"the edge of this host: `compose {words[0]}` failed",
            why=_of_edge(done.tail)[-1] if done.tail else f"compose exited with {done.returncode}",
            fix="see whether something else holds port 80 or 443: `ss -ltnp`",
            details=_of_edge(done.tail),
        )


def _of_edge(lines: Iterable[str]) -> tuple[str, ...]:
    """Lines that are about every app behind the edge, and may hold what one of them is called by the edge alone."""
    return tuple(named("the edge", line) for line in lines)
