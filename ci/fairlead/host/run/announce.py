"""Tell the board what happened. It never fails a deploy, and nobody waits for it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
import urllib.parse
import uuid
from typing import Any, Optional, cast

from ..disk.hide import VaultMask
from ..disk.ledger import DEPLOY
from ..disk.paths import Paths
from ..disk.routes import read_live
from ..engine.bounded import Bound, BoundedSocket
from ..engine.containers import find_proxy, read_app_containers
from ..engine.engine import Engine
from ..shape.bundle import Bundle, read_bundle
from ..watch.probe import Target
from ..watch.questions import public_target
from ..watch.tls import LoopbackConnection
from ..wire.answer import render_answer
from ..wire.errors import AgentError
from ..wire.events import WARNING, NoteEvent
from ..wire.release import Events, Release
from ..wire.result import Emit, Result
from ..wire.visible import visible_line

SCHEMA = "fairlead.event/v1"
_PATH = "/api/v1/events"
_ADDRESS = re.compile(r"https?://[^\s]{1,400}")
_TIMEOUT = 3.0
_MAX_ANSWER = 1 << 20
_ATTEMPTS = 4
_PAUSE = 1.0


def announce(
    paths: Paths, engine: Engine, emit: Emit, result: Result, bundle: Bundle, by: str, kind: str
) -> bool:
    """Post the event, a few times if need be; False (and a note) when the board did not take it."""
    events = bundle.release.events
    if events is None:
        return False
    before = read_bundle(paths, result.previous) if result.previous else None
    event = render_announcement(result, bundle.release, by, kind, time.time())
    event["commit"] = render_commit(bundle.release, kind, before.release if before is not None else None)
    masked = VaultMask(paths).document(event)
    body = json.dumps(masked).encode()
    url = events.url.rstrip("/") + _PATH
    fault = ""
    for attempt in range(_ATTEMPTS):
        status, fault = _attempt(paths, engine, bundle.release, events, url, body)
        if not fault or 400 <= status < 500:
            break
        time.sleep(_PAUSE * (attempt + 1))
    if fault:
        emit(NoteEvent(WARNING, f"the board at {url} was not told: {fault}"))
    return not fault


def render_announcement(result: Result, release: Release, by: str, kind: str, now: float) -> dict[str, Any]:
    """The document ``fairlead.event/v1``."""
    seconds = sum(phase.seconds for phase in result.phases)
    return {
        "schema": SCHEMA,
        "id": str(uuid.uuid4()),
        "app": release.app,
        "environment": release.environment,
        "host": socket.gethostname(),
        "kind": kind,
        "status": result.status,
        "release": result.release,
        "previous": result.previous,
        "serving": result.serving,
        "revision": release.revision,
        "revision_time": release.revision_time,
        "by": by,
        "url": release.url,
        "started_at": round(now - seconds, 3),
        "finished_at": round(now, 3),
        "images": {name: service.digest for name, service in release.services.items() if service.digest},
        "phases": [render_answer(phase) for phase in result.phases],
        "error": render_answer(result.error) if result.error is not None else None,
    }


def render_commit(release: Release, kind: str, before: Optional[Release]) -> dict[str, Any]:
    """What the event tells of the commit: the texts of its author, and what leads to more.

    The job is that of the deploy: of a rollback there is none.
    """
    source = release.source if _ADDRESS.fullmatch(release.source) else None
    return {
        "subject": visible_line(release.commit.subject),
        "author": visible_line(release.commit.author),
        "source": source,
        "run": (release.commit.run or None) if kind == DEPLOY else None,
        "before": before.revision if before is not None else None,
    }


def _attempt(
    paths: Paths, engine: Engine, release: Release, events: Events, url: str, body: bytes
) -> tuple[int, str]:
    """The status, 0 for none, and what is wrong, if anything."""
    try:
        token = paths.secret(events.token_secret, release.secrets[events.token_secret]).read_text().strip()
        status = _post(_connection(paths, engine, release, url), url, token, body)
    except (OSError, http.client.HTTPException, AgentError, ValueError) as error:
        return 0, f"{type(error).__name__}: {error}"
    return status, "" if 200 <= status < 300 else f"it answered {status}"


def _post(connection: http.client.HTTPConnection, url: str, token: str, body: bytes) -> int:
    parts = urllib.parse.urlsplit(url)
    headers = {"Host": parts.netloc, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", parts.path, body, headers)
        with connection.getresponse() as answer:
            answer.read(1 << 16)
        return answer.status
    finally:
        connection.close()


def _connection(paths: Paths, engine: Engine, release: Release, url: str) -> http.client.HTTPConnection:
    """To the board: over loopback when it is this very app, so that nothing leaves the host; else as anybody would."""
    own = _own_target(paths, engine, release, url)
    bound = Bound(_TIMEOUT, _MAX_ANSWER)
    if own is not None:
        return LoopbackConnection(own.address, own.port, own.host, bound, tls=own.scheme == "https")
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=bound.left())
    connection.connect()
    connection.sock = cast("socket.socket", BoundedSocket(connection.sock, bound))
    return connection


def _own_target(paths: Paths, engine: Engine, release: Release, url: str) -> Optional[Target]:
    if release.url is None or urllib.parse.urlsplit(url).netloc != urllib.parse.urlsplit(release.url).netloc:
        return None
    live = read_bundle(paths, read_live(paths))
    proxy = find_proxy(read_app_containers(engine, paths), live.release.proxy) if live else None
    return public_target(live.release, _PATH, proxy) if live and proxy else None
