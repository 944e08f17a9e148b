"""What runs where: apps, environments, releases, the timeline."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query

from app.api.dependencies import SessionOf
from app.api.documents import (
    AppOut,
    EnvironmentOut,
    EnvironmentOverviewOut,
    OverviewOut,
    Problem,
    ReleaseOut,
    TimelineOut,
    VersionOut,
)
from app.domain.releases import list_releases
from app.domain.serving import Serving
from app.store.events import list_environments, list_servings, list_timeline, read_version

router = APIRouter(prefix="/api/v1", tags=["board"])

RELEASES_FROM = 500
"""Releases are told from so many of the newest events."""

_absent: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}


@router.get("/version", response_model=VersionOut)
async def get_version(session: SessionOf) -> dict[str, int]:
    """Whether anything happened since the caller last looked."""
    return {"version": await read_version(session)}


Seen = Annotated[int | None, Query(ge=0, description="The version that the caller shows already")]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/overview", response_model=OverviewOut)
async def get_overview(session: SessionOf, seen: Seen = None, limit: Limit = 50) -> dict[str, Any]:
    """What runs where and what happened last, in one answer."""
    version = await read_version(session)
    if seen == version:
        return {"version": version, "environments": None, "events": None}
    return {
        "version": version,
        "environments": await get_all_environments(session),
        "events": (await get_timeline(session, limit=limit))["events"],
    }


@router.get(
    "/apps/{app}/environments/{environment}/overview",
    response_model=EnvironmentOverviewOut,
    responses=_absent,
)
async def get_environment_overview(
    app: str, environment: str, session: SessionOf, seen: Seen = None, limit: Limit = 50
) -> dict[str, Any]:
    """One environment: what serves, its releases, what happened last, in one answer."""
    version = await read_version(session)
    if seen == version:
        return {"version": version, "environment": None, "releases": None, "events": None}
    return {
        "version": version,
        "environment": await get_environment(app, environment, session),
        "releases": await get_releases(app, environment, session),
        "events": (await get_timeline(session, app, environment, limit=limit))["events"],
    }


@router.get("/apps", response_model=list[AppOut])
async def get_apps(session: SessionOf) -> list[dict[str, Any]]:
    """All apps."""
    found = groupby(await list_environments(session), key=lambda row: row[0])
    return [{"name": name, "environments": [row[1] for row in rows]} for name, rows in found]


@router.get("/environments", response_model=list[EnvironmentOut])
async def get_all_environments(session: SessionOf) -> list[dict[str, Any]]:
    """All environments of all apps: the whole board."""
    servings = await list_servings(session, app=None, environment=None)
    return _environments(await list_environments(session), servings)


@router.get("/apps/{app}/environments", response_model=list[EnvironmentOut], responses=_absent)
async def get_environments(app: str, session: SessionOf) -> list[dict[str, Any]]:
    """The environments of an app."""
    rows = await list_environments(session, app)
    if not rows:
        raise HTTPException(404, "no such app")
    return _environments(rows, await list_servings(session, app=app, environment=None))


@router.get("/apps/{app}/environments/{environment}", response_model=EnvironmentOut, responses=_absent)
async def get_environment(app: str, environment: str, session: SessionOf) -> dict[str, Any]:
    """One environment: what serves on its hosts."""
    rows = [row for row in await list_environments(session, app) if row[1] == environment]
    if not rows:
        raise HTTPException(404, "no such environment")
    return _environments(rows, await list_servings(session, app=app, environment=environment))[0]


@router.get("/apps/{app}/environments/{environment}/releases", response_model=list[ReleaseOut])
async def get_releases(app: str, environment: str, session: SessionOf) -> list[dict[str, Any]]:
    """The releases of an environment, the newest first."""
    events = await list_timeline(session, app=app, environment=environment, before=None, limit=RELEASES_FROM)
    return [release.to_document() for release in list_releases(event for _, event in events)]


@router.get("/timeline", response_model=TimelineOut)
async def get_timeline(
    session: SessionOf,
    app: str | None = None,
    environment: str | None = None,
    before: Annotated[int | None, Query(ge=1, description="The ``next`` of the page before")] = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Events, the newest first; of one app or environment, if named."""
    if environment is not None and app is None:
        raise HTTPException(422, "an environment is asked for together with its app")
    events = await list_timeline(session, app=app, environment=environment, before=before, limit=limit + 1)
    page = events[:limit]
    return {
        "events": [event.to_document() for _, event in page],
        "next": page[-1][0] if len(events) > limit else None,
    }


def _environments(
    rows: Iterable[tuple[str, str, str | None]], servings: Iterable[Serving]
) -> list[dict[str, Any]]:
    hosts: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for serving in servings:
        hosts.setdefault((serving.app, serving.environment), []).append(serving.to_document())
    return [
        {"app": app, "name": name, "url": url, "hosts": hosts.get((app, name), [])} for app, name, url in rows
    ]
