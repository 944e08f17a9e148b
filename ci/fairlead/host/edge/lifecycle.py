"""Start, replace and stop the edge. It runs while an app has claimed a hostname, and every step may be run again.

Whoever changes the edge or a claim holds the host's own lock for it, beside the lock of the app.
A running edge is left alone unless its replacement was asked for: that cuts the connections of all apps.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Optional

from .. import labels
from ..api import ApiFault
from ..atomic import make_folder, write_file
from ..containers import Container, read_containers
from ..engine import Engine
from ..errors import EngineFault, ReleaseFault
from ..evidence import read_evidence
from ..inflight import answers_admin
from ..lock import Holder, hold_lock
from ..patience import wait_until
from ..project import render_json
from .caddyfile import render_caddyfile
from .claims import read_hosts
from .place import NETWORK, PROJECT, ROLE, Place
from .project import edge_hash, render_edge_project

_LOCK_WAIT = 120.0
_START_WAIT = 15.0
_OPEN = 0o1777


@contextlib.contextmanager
def edge_lock(place: Place, who: str) -> Iterator[None]:
    """Hold the edge for ``who``, an app; it takes seconds, so that others wait for it.

    Raises:
        LockFault: it was not free in two minutes.
    """
    make_folder(place.home)
    holder = Holder("a change of the edge", who, "", os.getpid(), round(time.time(), 3), brief=True)
    with hold_lock(place.lock, holder, wait=_LOCK_WAIT, on_wait=lambda _: None):
        yield


def find_edge(engine: Engine) -> Optional[Container]:
    """The edge's container, running or not."""
    found = read_containers(engine, f"{labels.ROLE}={ROLE}")
    return found[-1] if found else None


def is_outdated(edge: Container, image: str) -> bool:
    """Whether the edge is another than this image and this agent would make."""
    return edge.hash != edge_hash(image)


def make_network(engine: Engine) -> None:
    """Make the network where the edge meets the proxies, under its lock: it is older than either.

    Raises:
        EngineFault: the engine does not make it.
    """
    if not _has_network(engine):
        engine.post("/networks/create", {"Name": NETWORK, "Labels": {labels.ROLE: ROLE}})


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
    make_folder(place.hosts)
    make_folder(place.apps)
    make_folder(place.run, _OPEN)
    write_file(place.caddyfile, render_caddyfile().encode())
    write_file(place.project, render_json(render_edge_project(place, image)))
    if edge is None:
        _compose(engine, place, "create", "--no-build")
    before()
    _compose(engine, place, "up", "--detach", "--no-build")
    _wait_until_it_answers(engine, place)
    return True


def mend_edge(engine: Engine, place: Place) -> list[str]:
    """Finish what a dead agent left of the edge: it runs if and only if something is claimed. Say what was done."""
    if not place.project.exists():
        return []
    with edge_lock(place, "a repair"):
        edge = find_edge(engine)
        if not read_hosts(place):
            return ["the edge, which no app used: removed"] if stop_edge(engine, place) else []
        if edge is not None and edge.running and answers_admin(place.admin_socket):
            return []
        _compose(engine, place, "up", "--detach", "--no-build")
        _wait_until_it_answers(engine, place)
        return ["the edge did not run: started"]


def stop_edge(engine: Engine, place: Place, *, volumes: bool = False) -> bool:
    """Remove the edge and its network when nothing is claimed, under its lock; ``volumes``: its certificates too."""
    if read_hosts(place):
        return False
    found = place.project.exists()
    if found:
        _compose(engine, place, "down", *(("--volumes",) if volumes else ()))
        place.project.unlink(missing_ok=True)
    if _has_network(engine):
        # The proxy of an app that has never served may still be in it.
        with contextlib.suppress(ApiFault):
            engine.delete(f"/networks/{NETWORK}")
    return found


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
        fix="what it printed last stands below",
        details=read_evidence(engine, edge) if edge is not None else (),
    )


def _compose(engine: Engine, place: Place, *words: str) -> None:
    done = engine.compose(PROJECT, place.project, *words)
    if not done.ok:
        raise EngineFault(
            f"the edge of this host: `compose {words[0]}` failed",
            why=done.tail[-1] if done.tail else f"compose exited with {done.returncode}",
            fix="see whether something else holds port 80 or 443: `ss -ltnp`",
            details=done.tail,
        )
