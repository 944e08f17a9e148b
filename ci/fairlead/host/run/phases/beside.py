"""A proxy behind the edge: replaced as a release is, by a second one beside it and one rename, back as well.

The old one runs on until ``retire``: until then ``restore_proxy`` has only to rename back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Optional

from ...disk.atomic import write_file
from ...disk.place import PORTS, Meeting, Place
from ...edge.claims import (
    Claim,
    drop_claim,
    holds_any,
    others_behind,
    parse_claim,
    read_claim,
    read_hosts,
    write_claim,
)
from ...edge.lifecycle import edge_lock, is_outdated, start_edge, stop_edge
from ...edge.meetings import close_meeting, open_meeting, read_meeting
from ...edge.plan import holders_of, leave_fault, plan_claim
from ...engine.containers import Container, find_edge, find_proxy, proxy_project, read_app_containers
from ...shape.project import platform_hashes, render_json, render_proxy_project
from ...watch.inflight import answers_admin
from ...watch.patience import wait_until
from ...watch.probe import Target, listens, probe_http
from ...wire.caddy.snippet import render_switch
from ...wire.errors import EngineFault, ReleaseFault
from ...wire.release import Release
from ..context import Deploy, Host
from ..graceful import end_containers

_ANSWER_WAIT = 5.0
_LISTEN_WAIT = 5.0
_REDIRECT_WAIT = 1.0
_FREE_WITHIN = 2.0
"""Seconds that a holder of 80 and 443 gets for its last requests: until it has ended, nobody else can have them."""
_REVERT_WITHIN = 10.0
_MOVED = (301, 302, 307, 308)


def proxy_mark(release: Release) -> str:
    """The hash of the release's proxy."""
    return platform_hashes(release, render_switch(h2c=release.has_h2c))[release.proxy]


def is_replaced(container: Container, release: Release) -> bool:
    """Whether a container is a proxy of another definition than the release's: it runs on until that is committed."""
    return container.role == "proxy" and not container.release and container.hash != proxy_mark(release)


def write_proxy(host: Host, release: Release, meeting: Meeting) -> None:
    """Write the project of the release's proxy: for us alone, since it says by which name the edge knows it."""
    project = render_proxy_project(release, host.paths, render_switch(h2c=release.has_h2c), meeting)
    write_file(host.paths.proxy_file(proxy_mark(release)), render_json(project))


def bring_up_proxy(host: Host, mark: str) -> None:
    """Bring up a proxy by the hash of its definition, beside whatever there is.

    Raises:
        ReleaseFault: Compose failed, with its last lines.
    """
    done = host.engine.compose(
        proxy_project(host.paths.app, mark),
        host.paths.proxy_file(mark),
        *("up", "--detach", "--no-deps", "--no-build"),
    )
    if not done.ok:
        raise ReleaseFault(
            "the proxy did not come up",
            why=done.tail[-1] if done.tail else f"compose exited with {done.returncode}",
            fix="the one that serves was not touched",
            details=done.tail,
        )


def describe_proxy(host: Host) -> dict[str, Any]:
    """What ``restore_proxy`` needs: the app's claim, and the hash of the proxy that serves now."""
    claim = read_claim(Place(host.paths.root), host.paths.app)
    proxies = _proxies(read_app_containers(host.engine, host.paths))
    running = [one for one in proxies if one.running]
    return {
        "edge": claim.to_json() if claim is not None else None,
        "proxy": running[-1].hash if running else None,
    }


def join_edge(deploy: Deploy) -> None:
    """Let the edge send the release's hostnames to its proxy; start the edge where it does not run.

    Raises:
        ReleaseFault: the proxy does not listen where the edge asks, or the edge does not start.
    """
    host, release = deploy.host, deploy.target.release
    place = Place(host.paths.root)
    meeting = read_meeting(place, host.paths.app)
    edge, claim = release.edge, plan_claim(release, meeting)
    if edge is None or claim is None or meeting is None:
        return
    _see_at_meeting(host, release, meeting)
    containers = host.list_containers()
    _check_answers(release, claim, find_proxy(containers, release.proxy))
    with edge_lock(place, host.paths.app):
        open_meeting(host.engine, place, host.paths.app)
        before = read_claim(place, host.paths.app)
        kept = before.hostnames if before is not None else frozenset()
        write_claim(place, Claim(claim.app, claim.hostnames | kept, claim.scheme, claim.name, claim.port))
        start_edge(
            host.engine,
            place,
            edge.image,
            replace=deploy.options.upgrade_edge,
            before=lambda: _free(host, holders_of(containers, PORTS.values())),
        )
        found = find_edge(host.engine)
    if found is not None and is_outdated(found, edge.image):
        host.note(
            f"the edge of this host runs {found.image}, with another image, Caddyfile or list of trusted proxies "
            "than it would have now: "
            "--upgrade-edge replaces it, with a short gap for all its apps"
        )


def free_ports(deploy: Deploy) -> None:
    """Stop the edge for an app that takes its ports back; it is removed when that was committed.

    Raises:
        InputFault: another app has come behind it meanwhile.
    """
    host = deploy.host
    place = Place(host.paths.root)
    if read_claim(place, host.paths.app) is None:
        return
    with edge_lock(place, host.paths.app):
        others = others_behind(read_hosts(place), host.paths.app)
        if others:
            raise leave_fault(host.paths.app, others)
        edge = find_edge(host.engine)
        _free(host, [edge] if edge is not None and edge.running else [])


def restore_proxy(host: Host, before: Mapping[str, Any]) -> bool:
    """Have the edge and the proxy as ``describe_proxy`` saw them; False where the edge had and has no part in it.

    May be run again after any crash.

    Raises:
        AgentError: the old proxy or the edge cannot be brought back.
    """
    place = Place(host.paths.root)
    app = host.paths.app
    claim = parse_claim(app, before.get("edge"))
    if claim is None and not holds_any(place, app):
        return False
    mark = str(before.get("proxy") or "")
    proxies = _proxies(read_app_containers(host.engine, host.paths))
    old, new = [one for one in proxies if one.hash == mark], [one for one in proxies if one.hash != mark]
    with edge_lock(place, app):
        if claim is None:
            drop_claim(place, app)
            stop_edge(host.engine, place)
            _remove(host, new)
            meeting = read_meeting(place, app)
            if meeting is not None and not any(meeting.network in one.networks for one in old):
                close_meeting(host.engine, place, app)
            _start(host, old, mark)
        else:
            _remove(host, holders_of(new, PORTS.values()))
            _start(host, old, mark)
            write_claim(place, claim)
            edge = find_edge(host.engine)
            if edge is not None and not edge.running:
                host.engine.start(edge.id)
    if claim is not None:
        _end(host, new, _REVERT_WITHIN)
    return True


def drop_replaced(host: Host, release: Release) -> list[str]:
    """Remove the proxies that the release has replaced, when the edge has nothing in flight there; their names.

    An app that has left the edge frees it. Used by recovery too.
    """
    place = Place(host.paths.root)
    claim = read_claim(place, host.paths.app)
    wanted = plan_claim(release, read_meeting(place, host.paths.app))
    if (claim is None and wanted is None) or (wanted is not None and not wanted.name):
        return []
    proxies = _proxies(read_app_containers(host.engine, host.paths))
    mark = proxy_mark(release)
    gone = [one for one in proxies if one.hash != mark]
    if not any(one.hash == mark and one.running for one in proxies):
        return []
    with edge_lock(place, host.paths.app):
        if wanted is not None:
            write_claim(place, wanted)
        else:
            drop_claim(place, host.paths.app)
    if wanted is not None:
        _end(host, gone, release.drain_timeout)
    else:
        # The edge has been stopped: it has nothing under way there, nor can it be asked.
        _remove(host, gone)
        with edge_lock(place, host.paths.app):
            stop_edge(host.engine, place)
            close_meeting(host.engine, place, host.paths.app)
    return [one.name for one in gone]


def _see_at_meeting(host: Host, release: Release, meeting: Meeting) -> None:
    """See that the proxy is where the edge looks for it; one that is not, for its token was lost, is made again."""
    mark = proxy_mark(release)
    proxies = _proxies(read_app_containers(host.engine, host.paths))
    if any(one.hash == mark and one.running and meeting.network not in one.networks for one in proxies):
        write_proxy(host, release, meeting)
        bring_up_proxy(host, mark)


def _check_answers(release: Release, claim: Claim, proxy: Optional[Container]) -> None:
    """See that the proxy answers plain HTTP where the edge will ask, and does not send everybody back to the edge."""
    if proxy is None or not proxy.addresses:
        raise EngineFault(f"the proxy {release.proxy} does not run")
    hostname = min(claim.hostnames)
    target = Target("http", proxy.addresses[0], claim.port, hostname, "/")
    if not wait_until(lambda: listens(target), timeout=_LISTEN_WAIT):
        raise ReleaseFault(
            f"the proxy {release.proxy} does not listen on port {claim.port}, where the edge asks it",
            fix="let its Caddyfile listen there, as `:80` or `http://NAME`; `x-fairlead: {port: N}` tells another port",
            service=release.proxy,
        )
    # An answer may take its time while nothing serves yet; a redirect does not.
    forwarded = {"X-Forwarded-Proto": claim.scheme, "X-Forwarded-Host": hostname}
    answer = probe_http(target, headers=forwarded, timeout=_REDIRECT_WAIT)
    where = answer.headers.get("location", "")
    if answer.status in _MOVED and where.rstrip("/") == f"https://{hostname}":
        raise ReleaseFault(
            f"the proxy {release.proxy} redirects {hostname} to https by itself, which would never end",
            why="behind the edge, which holds the certificate, it is asked by plain HTTP",
            fix=f"write its address as `http://{hostname}` or `:80` in the Caddyfile",
            service=release.proxy,
        )


def _proxies(containers: Collection[Container]) -> list[Container]:
    return [one for one in containers if one.role == "proxy" and not one.release and not one.oneoff]


def _free(host: Host, holders: Collection[Container]) -> None:
    for one in holders:
        host.engine.stop(one.id, grace=one.grace, within=_FREE_WITHIN)


def _start(host: Host, own: Collection[Container], mark: str) -> None:
    """Start the old proxy, or make it again, and wait until it answers."""
    if not own and host.paths.proxy_file(mark).exists():
        bring_up_proxy(host, mark)
    stopped = [one for one in own if not one.running]
    for one in stopped:
        host.engine.start(one.id)
    sockets = (host.paths.proxy_socket(mark), host.paths.admin_socket)
    if (stopped or not own) and not wait_until(
        lambda: any(map(answers_admin, sockets)), timeout=_ANSWER_WAIT
    ):
        host.warn("the proxy was put back, and does not answer yet")


def _end(host: Host, proxies: Sequence[Container], bound: float) -> None:
    """Remove proxies that the edge sends nobody to any more."""
    end_containers(host, proxies, lambda: [Place(host.paths.root).admin_socket], bound)
    _remove(host, proxies)


def _remove(host: Host, proxies: Collection[Container]) -> None:
    for one in proxies:
        if one.running:
            host.engine.stop(one.id, grace=one.grace)
        host.engine.remove(one.id)
        for leftover in (host.paths.proxy_file(one.hash), host.paths.proxy_socket(one.hash)):
            leftover.unlink(missing_ok=True)
