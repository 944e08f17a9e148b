"""What the routes are given: a database session, the queue, proof of the caller."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.queue import NotificationQueue
from app.settings import ApiSettings
from app.store.engine import SessionMaker


@dataclass(frozen=True)
class Resources:
    """What the application opens at start and shares between requests."""

    settings: ApiSettings
    engine: AsyncEngine
    sessions: SessionMaker
    queue: NotificationQueue


def get_resources(request: Request) -> Resources:
    """The resources of the application that serves the request."""
    resources: Resources = request.app.state.resources
    return resources


ResourcesOf = Annotated[Resources, Depends(get_resources)]


async def open_session(resources: ResourcesOf) -> AsyncIterator[AsyncSession]:
    """One session for each request; what is not committed is undone."""
    async with resources.sessions() as session:
        yield session


SessionOf = Annotated[AsyncSession, Depends(open_session)]

_bearer = HTTPBearer(auto_error=False, description="The board's events token")


def require_deployer(
    resources: ResourcesOf, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> None:
    """Refuse a caller without the events token; compares in constant time."""
    offered = credentials.credentials if credentials else ""
    expected = resources.settings.events_token.value
    if not hmac.compare_digest(offered.encode(), expected.encode()):
        raise HTTPException(
            401, "the events token is missing or wrong", headers={"WWW-Authenticate": "Bearer"}
        )
