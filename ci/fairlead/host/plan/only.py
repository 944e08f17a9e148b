"""A deploy of some services only: the release that serves, with these services as the new one has them. Pure.

The others keep their definitions, images, config files and secrets, so that the plan carries them over. A job that
one of the chosen waits for (``service_completed_successfully``) goes along, as with ``docker compose up SERVICE``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Optional

from ..shape.project import used_volumes
from ..wire.document import parse_release
from ..wire.errors import InputFault
from ..wire.inside import ROLE
from ..wire.planned import Action
from ..wire.release import Release, Service
from .actions import CARRY, KEEP, SKIP

Document = dict[str, Any]


def choose_services(new: Release, live: Optional[Release], only: Iterable[str]) -> Release:
    """The release to deploy: ``new`` where nothing was chosen, else ``live`` with the chosen services of ``new``.

    Raises:
        InputFault: a service is unknown, nothing serves yet, or what was chosen cannot be had without the rest.
    """
    chosen = tuple(dict.fromkeys(only))
    if not chosen:
        return new
    _check_names(new, chosen)
    if live is None:
        raise InputFault(
            "nothing serves yet, so that there is nothing to keep beside what --only names",
            fix="deploy once without --only",
        )
    taken = {*chosen, *_jobs_before(new, chosen)}
    kept = {name: one for name, one in live.services.items() if name not in taken and one.role != ROLE}
    _check_neighbours(new, live, taken)
    _check_calls(new, live, taken)
    _check_data(new, live, taken)
    _check_routes(new, live, taken)
    _check_secrets(new, live, taken, kept)
    return parse_release(_merge(new, live, taken, kept))


def explain_left(actions: Iterable[Action], new: Release, deployed: Release) -> Iterator[Action]:
    """The actions of the plan for ``deployed``, where they say what --only leaves as it is."""
    for one in actions:
        service = new.services.get(one.service)
        if one.role == ROLE:
            yield one
        elif service is None:
            yield replace(one, reason="it is no longer in the release, and --only does not name it: it stays")
        elif one.action in (CARRY, KEEP, SKIP) and deployed.services[one.service].hash != service.hash:
            yield replace(one, reason="it has changed, and --only does not name it: it stays as it is")
        else:
            yield one
    for name, service in new.services.items():
        if name not in deployed.services and service.role != ROLE:
            reason = "it is new, and --only does not name it"
            yield Action(name, service.role, SKIP, reason, service.pinned, "", service.why)


def _check_names(new: Release, chosen: tuple[str, ...]) -> None:
    own = [name for name, one in new.services.items() if one.role != ROLE]
    unknown = [name for name in chosen if name not in own]
    if unknown:
        near = difflib.get_close_matches(unknown[0], own, n=1, cutoff=0.6)
        known = ", ".join(sorted(own))
        raise InputFault(
            f"--only: there is no service {unknown[0][:60]!r}",
            fix=f"did you mean {near[0]}?" if near else f"known here: {known}",
        )


def _jobs_before(new: Release, chosen: tuple[str, ...]) -> Iterator[str]:
    for name in chosen:
        for other, how in new.services[name].depends_on.items():
            job = new.jobs.get(other)
            if job is not None and how.get("condition") == "service_completed_successfully":
                yield other


def _check_neighbours(new: Release, live: Release, taken: set[str]) -> None:
    for name in sorted(taken):
        for other in new.services[name].depends_on:
            if other in new.services and other not in taken and other not in live.services:
                raise InputFault(
                    f"--only: {name} depends on {other}, which is new",
                    fix=f"add --only {other}, or deploy without --only",
                )


def _check_calls(new: Release, live: Release, taken: set[str]) -> None:
    """Who is called within the release has to be of it."""
    for name in sorted(taken):
        for other in new.services[name].calls:
            if other not in taken and other not in live.rolled:
                raise InputFault(
                    f"--only: {name} calls {other}, of which no release has one of its own yet",
                    fix=f"add --only {other}, or deploy without --only",
                )


def _check_data(new: Release, live: Release, taken: set[str]) -> None:
    """One that takes the place of another, with its data, does not run beside it."""
    gone = {name: one for name, one in live.platform.items() if name not in new.services}
    for name in sorted(taken - set(live.services)):
        for other, old in sorted(gone.items()):
            shared = _data_of(old, live) & _data_of(new.services[name], new)
            if shared and new.services[name].is_platform:
                raise InputFault(
                    f"--only: {name} takes the place of {other}, which would run on beside it",
                    why=f"both keep their data in {min(shared)}, and two on one destroy them",
                    fix="deploy without --only",
                )


def _data_of(service: Service, release: Release) -> set[str]:
    """The volumes and folders that a service has its data in."""
    return {*used_volumes(service, release), *(f"data/{one.data}" for one in service.mounts if one.data)}


def _check_routes(new: Release, live: Release, taken: set[str]) -> None:
    """The proxy learns of a route when it is made again: it must be among the chosen then."""
    changed = [name for name in sorted(taken) if new.routes.get(name) != live.routes.get(name)]
    if changed and new.proxy not in taken:
        raise InputFault(
            f"--only: the route of {changed[0]} changes, which {new.proxy} has to learn",
            why=f"it is {_port(live, changed[0])} with what serves, and {_port(new, changed[0])} with this release",
            fix=f"deploy without --only, or with --only {new.proxy} too",
        )


def _port(release: Release, name: str) -> str:
    port = release.routes.get(name)
    return f"port {port}" if port is not None else "without a route"


def _check_secrets(new: Release, live: Release, taken: set[str], kept: Mapping[str, Service]) -> None:
    """A release has one value of each secret: who reads a new one has to be among the chosen."""
    fresh = _secrets_of(new.services[name] for name in taken)
    for name, service in sorted(kept.items()):
        for secret in sorted(_secrets_of([service]) & fresh):
            if live.secrets.get(secret) != new.secrets.get(secret):
                raise InputFault(
                    f"--only: the secret {secret} has a new value, and {name} reads it too",
                    why="both would go by different values",
                    fix=f"add --only {name}, or deploy without --only",
                )


def _secrets_of(services: Iterable[Service]) -> set[str]:
    return {mount.secret for one in services for mount in one.mounts if mount.secret}


def _merge(new: Release, live: Release, taken: set[str], kept: Mapping[str, Service]) -> Document:
    new_text, live_text = new.document, live.document
    services = {name: _dated(live_text["services"][name], live.revision, new.revision) for name in kept}
    services.update({name: new_text["services"][name] for name in taken})
    fresh = [new.services[name] for name in taken]
    files = {mount.file for one in (*fresh, *kept.values()) for mount in one.mounts if mount.file}
    folders = {**(new_text.get("data") or {}), **(live_text.get("data") or {})}
    used = {mount.data for one in (*kept.values(), *fresh) for mount in one.mounts if mount.data}
    data = {name: folders[name] for name in used}
    own = sorted(
        {*(live_text.get("release_volumes") or ()), *(new_text.get("release_volumes") or ())}
        - {*live_text["volumes"], *_used(new, new_text, "volumes", taken)}
    )
    files |= {one["seed"] for one in data.values() if one.get("seed")}
    secrets = {name: live.secrets[name] for name in _secrets_of(kept.values())}
    secrets.update({name: new.secrets[name] for name in _secrets_of(fresh)})
    if new.events is not None:
        secrets.setdefault(new.events.token_secret, new.secrets[new.events.token_secret])
    routes = {name: port for name, port in live.routes.items() if name in kept}
    routes.update({name: port for name, port in new.routes.items() if name in taken})
    # How the app is reached is the proxy's: it stays with it, or comes with it.
    front = new_text if new.proxy in taken else live_text
    return {
        **{key: value for key, value in new_text.items() if key not in ("edge", "data", "release_volumes")},
        **({"edge": front["edge"]} if front.get("edge") is not None else {}),
        "services": services,
        "routes": {name: routes[name] for name in sorted(routes)},
        **({"release_volumes": own} if own else {}),
        **({"data": {name: data[name] for name in sorted(data)}} if data else {}),
        "networks": {**live_text["networks"], **_used(new, new_text, "networks", taken)},
        "volumes": {**live_text["volumes"], **_used(new, new_text, "volumes", taken)},
        "files": {tree: (new_text["files"].get(tree) or live_text["files"][tree]) for tree in sorted(files)},
        "secrets": {name: secrets[name] for name in sorted(secrets)},
        "proxy": front["proxy"],
    }


def _dated(service: Document, live: str, new: str) -> Document:
    """A service that stays, with the commit that it is of where that is not the release's."""
    revision = service.get("revision") or live
    rest = {key: value for key, value in service.items() if key != "revision"}
    return rest if revision == new else {**rest, "revision": revision}


def _used(release: Release, text: Mapping[str, Any], kind: str, taken: set[str]) -> Document:
    """The networks or volumes that the chosen services use."""
    used: set[str] = set()
    for name in taken:
        definition = release.services[name].definition
        if kind == "networks":
            used |= set(definition.get("networks") or ("default",))
        else:
            volumes = definition.get("volumes") or ()
            used |= {str(one.get("source")) for one in volumes if isinstance(one, Mapping)}
    return {name: how for name, how in text[kind].items() if name in used}
