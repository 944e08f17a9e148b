"""platform: proxy, internal calls, state and ops, brought up to date only where their own definition changed."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from functools import partial

from ...disk.atomic import SHOWN_FILE, write_file
from ...disk.fold import fold_records
from ...disk.paths import Paths
from ...disk.place import Meeting
from ...disk.routes import read_live
from ...engine.containers import Container, find_proxy, platform_project, proxy_project, read_app_containers
from ...plan.actions import KEEP, REMOVE, START, UPDATE
from ...shape.project import Document, platform_hashes, render_json, render_platform_project
from ...state.data import make_data
from ...watch.diagnose import advise_start
from ...watch.evidence import read_evidence
from ...watch.health import FAILED, READY, judge_replicas
from ...watch.inflight import answers_admin, find_admin_sockets, is_public
from ...watch.patience import wait_until
from ...wire import labels
from ...wire.caddy.snippet import render_switch
from ...wire.errors import AgentError, EngineFault, ReleaseFault
from ...wire.inside import ROLE as INSIDE
from ...wire.release import APART, RESOURCES, Release, Service
from ..context import Deploy, Host, Outcome
from ..proxy import check_proxy_config
from .beside import (
    bring_up_proxy,
    describe_proxy,
    free_ports,
    is_replaced,
    join_edge,
    proxy_mark,
    restore_proxy,
    write_proxy,
)
from .carriers import end_carriers, forget_sockets, wait_for_carriers
from .claim import take_place
from .handing import hand_over, open_bridges
from .leading import is_led, lead_as_it_serves, lead_to_come
from .standing import read_before, read_standing, read_switch
from .starting import Look, crashes_of
from .takedown import forget_jobs, note_nameless, take_down_platform
from .undone import LATE, late_of, tell_data

_POLL = 0.1
_ADMIN_WAIT = 5.0
_RESTORE_WAIT = 30.0


def run_platform(deploy: Deploy) -> Outcome:
    """Start what is missing, recreate what changed, and wait until it is healthy.

    Raises:
        ReleaseFault: a service does not become healthy; the caller restores what was.
    """
    changed = [name for name in changed_services(deploy) if not is_late(deploy.target.release.services[name])]
    release = deploy.target.release
    made = make_data(deploy.engine, deploy.paths, release)
    idle = not changed_services(deploy) and not deploy.plan.resources and not deploy.plan.edge
    led = is_led(deploy)
    nothing_changed = Outcome(", ".join(f"data/{one}" for one in made) or "unchanged", skipped=not made)
    if idle and led and not deploy.plan.of(REMOVE, platform=True):
        return nothing_changed
    switch = render_switch(h2c=release.has_h2c)
    project = _with_kept(render_platform_project(release, deploy.paths, switch), deploy)
    keep_for_revert(deploy.host, deploy.progress.number)
    meeting = take_place(deploy)
    write_platform(deploy.paths, project, switch)
    lead_to_come(deploy)
    if idle:
        # What goes runs on until the commit, and is in no project that somebody might bring up by hand.
        return nothing_changed if led else Outcome("where services are called")
    open_bridges(deploy)
    carriers = [name for name in changed if release.services[name].role == INSIDE]
    if carriers and deploy.state.live is not None:
        # Before a proxy that an older agent made gives the names of services away.
        bring_up(deploy.host, carriers)
        wait_for_carriers(deploy, carriers)
    hand_over(deploy, changed)
    if release.proxy in changed and meeting is not None:
        _bring_up_beside(deploy, meeting, [name for name in changed if name != release.proxy])
    else:
        if release.proxy in changed and deploy.state.live is not None:
            project_name = platform_project(deploy.paths.app)
            check_proxy_config(deploy.host, release, project_name, deploy.paths.platform, release.proxy)
        if deploy.plan.edge and release.edge is None:
            free_ports(deploy)
        bring_up(deploy.host, changed)
    wait_for_platform(deploy, changed)
    join_edge(deploy)
    return Outcome(", ".join([*changed, *deploy.plan.edge]) or "networks and volumes")


def _bring_up_beside(deploy: Deploy, meeting: Meeting, others: Collection[str]) -> None:
    """The proxy in a project of its own, beside the one that serves, after everything else of the platform."""
    host, release = deploy.host, deploy.target.release
    mark = proxy_mark(release)
    write_proxy(host, release, meeting)
    bring_up(host, others)
    if deploy.state.live is not None:
        project, file = proxy_project(host.paths.app, mark), host.paths.proxy_file(mark)
        check_proxy_config(host, release, project, file, APART)
    bring_up_proxy(host, mark)


def changed_services(deploy: Deploy) -> list[str]:
    """The platform services that the plan starts or recreates."""
    return [one.service for one in deploy.plan.of(START, UPDATE, platform=True)]


def touched_services(deploy: Deploy) -> list[str]:
    """What a revert has to look after: what is started or recreated, and what ends before that."""
    handed = [one.service for one in deploy.plan.handovers if not one.home]
    return [*changed_services(deploy), *dict.fromkeys(handed)]


def is_late(service: Service) -> bool:
    """Whether a platform service is code of the release (``rollout: recreate``): it comes after the migrations."""
    return service.role in LATE


def keep_for_revert(host: Host, number: int) -> None:
    """Put aside what is up now, in one file, before transaction ``number`` changes anything of it."""
    document = {
        "transaction": number,
        "project": read_standing(host),
        "switch": read_switch(host),
        **describe_proxy(host),
    }
    write_file(host.paths.platform_before, render_json(document))


def restore_platform(host: Host, number: int, updated: Sequence[str]) -> None:
    """Bring the platform services that transaction ``number`` changed back to what they were; new ones are removed.

    Where nothing has ever served there is nothing to go back to: all of them go, whoever started them.

    Raises:
        AgentError: they cannot be brought back.
    """
    if read_live(host.paths) is None and fold_records(host.journal.records).serving is None:
        take_down_platform(host)
        return
    before = read_before(host, number)
    project = before.get("project")
    if project is None:
        return
    if restore_proxy(host, before):
        # What has just been put back: whatever else is done to proxies is for those that publish ports.
        proxies = {one.service for one in read_app_containers(host.engine, host.paths) if one.role == "proxy"}
        updated = [name for name in updated if name not in proxies]
    known = [name for name in updated if name in project["services"]]
    new = [
        one
        for one in read_app_containers(host.engine, host.paths)
        if not one.release and one.service in updated and one.service not in known
    ]
    left = fold_records(host.journal.records).unfinished
    forget_jobs(host, new, left.release if left is not None else "")
    note_nameless(host, new)
    for container in new:
        if container.keeps_nameless:
            host.note(f"{container.name} goes; its data stay in {', '.join(container.nameless)}")
        if container.role != INSIDE:
            host.engine.remove(container.id, volumes=not container.keeps_nameless)
    write_platform(host.paths, project, before.get("switch") or "")
    stale = _stale(host, project, known)
    if stale:
        bring_up(host, stale)
    _wait_restored(host, {*stale, *late_of(project, known)})
    if stale:
        host.note(f"the platform is as it was: {', '.join(stale)}")
        tell_data(host, project, stale)
    # Last, when who carried the calls before does so again; what is under way is answered.
    carriers = [one for one in new if one.role == INSIDE]
    end_carriers(host, carriers)
    for container in carriers:
        host.engine.remove(container.id)
    forget_sockets(host, carriers)
    lead_as_it_serves(host)


def restore_late(host: Host, number: int, updated: Sequence[str]) -> None:
    """Bring back the apps that transaction ``number`` recreated, before anything is waited for: they serve nobody now.

    What fails here is tried again by ``restore_platform``, when there is room on the disk.
    """
    before = read_before(host, number)
    project = before.get("project")
    if project is None or read_live(host.paths) is None:
        return
    stale = _stale(host, project, late_of(project, updated))
    with contextlib.suppress(AgentError, OSError):
        if stale:
            write_platform(host.paths, project, before.get("switch") or "")
            bring_up(host, stale)
            host.note(f"as it was: {', '.join(stale)}")
            tell_data(host, project, stale)


def _wait_restored(host: Host, names: Collection[str]) -> None:
    """Wait until what was put back answers again."""

    def serves() -> bool:
        own = [one for one in read_app_containers(host.engine, host.paths) if _is_platform_of(one, names)]
        proxies = [one for one in own if one.role == "proxy"]
        return all(one.serves for one in own) and (
            not proxies or any(map(answers_admin, filter(is_public, find_admin_sockets(host.paths))))
        )

    if not wait_until(serves, timeout=_RESTORE_WAIT, poll=_POLL):
        host.warn(f"the platform was put back, and does not look healthy yet: {', '.join(sorted(names))}")


def write_platform(paths: Paths, project: Document, switch: str) -> None:
    """Write the project, and what its proxy reads when it starts."""
    # With the variables of databases; the folder is shown to the proxy.
    write_file(paths.platform, render_json(project))
    write_file(paths.switch, switch.encode(), SHOWN_FILE)


def bring_up(host: Host, services: Collection[str]) -> None:
    """Bring up these services of the platform, and all its networks and volumes.

    Raises:
        ReleaseFault: Compose failed, with its last lines.
    """
    words = ("up", "--detach", "--no-deps", "--no-build", *sorted(services), RESOURCES)
    done = host.engine.compose(platform_project(host.paths.app), host.paths.platform, *words)
    if not done.ok:
        raise ReleaseFault(
            f"the platform did not come up: {', '.join(sorted(services)) or 'networks and volumes'}",
            why=done.tail[-1] if done.tail else f"compose exited with {done.returncode}",
            fix="what was up before is put back",
            details=done.tail,
        )


def wait_for_platform(deploy: Deploy, changed: Collection[str]) -> None:
    """Wait until the services are healthy; a crash is seen at once.

    A proxy is taken as it runs while nothing serves: its health check may well ask for a page.

    Raises:
        ReleaseFault: one crashed, or was not healthy within the release's start_timeout.
    """
    host, release = deploy.host, deploy.target.release
    pending = [release.services[name] for name in changed]
    serving = read_live(host.paths) is not None

    def ready() -> bool:
        deploy.checkpoint()
        containers = _without_replaced(host, release)
        look = Look(deploy)
        pending[:] = [
            service
            for service in pending
            if not _is_ready(deploy, look, service, containers, serving=serving)
        ]
        look.end()
        return not pending

    if not wait_until(ready, timeout=release.start_timeout, poll=_POLL):
        service = pending[0]
        containers = _containers_of(_without_replaced(host, release), service)
        raise ReleaseFault(
            f"{service.name} was not healthy within {release.start_timeout:g} s",
            why="its health check has not passed",
            fix=advise_start(containers, release.start_timeout),
            details=_evidence(deploy, containers[0]) if containers else (),
            service=service.name,
        )
    wait_for_carriers(deploy, [name for name in changed if release.services[name].role == INSIDE])
    if release.proxy in changed:
        _see_admin(host, release)


def _evidence(deploy: Deploy, one: Container) -> tuple[str, ...]:
    """What it printed when it crashed, or else last."""
    return crashes_of(deploy).evidence(one) or read_evidence(deploy.engine, one)


def _without_replaced(host: Host, release: Release) -> list[Container]:
    return [one for one in read_app_containers(host.engine, host.paths) if not is_replaced(one, release)]


def _is_ready(
    deploy: Deploy, look: Look, service: Service, containers: list[Container], *, serving: bool
) -> bool:
    own = _containers_of(containers, service)
    first_proxy = service.role == "proxy" and not serving
    if first_proxy:
        return len(own) >= service.replicas and all(one.running for one in own)
    judge = partial(judge_replicas, wanted=service.replicas, gate=service.gate)
    verdict = look.judge(service.name, own, judge)
    if verdict.state == FAILED:
        bad = next((one for one in own if not one.serves), own[0])
        raise ReleaseFault(
            f"{service.name} {verdict.reason}",
            fix="; ".join(filter(None, ("what was up before is put back", advise_start(own)))),
            details=_evidence(deploy, bad),
            service=service.name,
        )
    return verdict.state == READY


def _see_admin(host: Host, release: Release) -> None:
    proxy = find_proxy(read_app_containers(host.engine, host.paths), release.proxy)
    if proxy is None:
        raise EngineFault(f"the proxy {release.proxy} does not run")
    apart = host.paths.proxy_socket(proxy.hash)
    socket = apart if release.edge is not None else host.paths.admin_socket
    if not wait_until(lambda: answers_admin(socket), timeout=_ADMIN_WAIT):
        host.warn(
            "the proxy's admin socket does not answer: requests in flight cannot be counted before an old release "
            "is stopped; a Caddyfile must not say `admin off`"
        )


def _with_kept(project: Document, deploy: Deploy) -> Document:
    """The project with the definitions that stay although the release says something else (data does not go back)."""
    before = read_standing(deploy.host)
    if before is None:
        return project
    current = before.get("services", {})
    hashes = platform_hashes(deploy.target.release, render_switch(h2c=deploy.target.release.has_h2c))
    for one in deploy.plan.of(KEEP, platform=True):
        kept = current.get(one.service)
        if kept is not None and kept.get("labels", {}).get(labels.HASH) != hashes.get(one.service):
            project["services"][one.service] = _without_strangers(kept, project)
            for kind in ("networks", "volumes"):
                project[kind] = {**_used_by(kept, kind, before), **project[kind]}
    return project


def _without_strangers(kept: Document, project: Document) -> Document:
    """A definition of another release, without the neighbours that this one does not have."""
    needs = {name: how for name, how in (kept.get("depends_on") or {}).items() if name in project["services"]}
    rest = {key: value for key, value in kept.items() if key != "depends_on"}
    return {**rest, **({"depends_on": needs} if needs else {})}


def _used_by(service: Document, kind: str, project: Document) -> Document:
    """The networks or volumes of a project that a service of it uses."""
    used = set(service.get("networks") or ())
    if kind == "volumes":
        used = {one.get("source") for one in service.get("volumes") or () if isinstance(one, dict)}
    return {key: how for key, how in (project.get(kind) or {}).items() if key in used}


def _stale(host: Host, project: Document, names: Sequence[str]) -> list[str]:
    """Those services whose containers are not what the project says."""
    containers = read_app_containers(host.engine, host.paths)
    stale = []
    for name in names:
        own = [one for one in containers if _is_platform_of(one, [name])]
        wanted = project["services"][name]["labels"][labels.HASH]
        if not own or any(one.hash != wanted or not one.running for one in own):
            stale.append(name)
    return stale


def _containers_of(containers: list[Container], service: Service) -> list[Container]:
    return [one for one in containers if _is_platform_of(one, [service.name])]


def _is_platform_of(container: Container, names: Collection[str]) -> bool:
    return container.service in names and not container.release and not container.oneoff
