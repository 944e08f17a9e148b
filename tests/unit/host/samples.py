"""Release documents and containers made by hand, for the tests of the agent."""

from __future__ import annotations

from typing import Any

from fairlead.host.disk.ledger import Ledger
from fairlead.host.engine.containers import Container
from fairlead.host.shape.bundle import Bundle
from fairlead.host.shape.project import platform_hashes
from fairlead.host.state.state import State
from fairlead.host.wire.caddy.snippet import render_switch
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.release import Release, service_hash

REVISION = "1" * 40


def image(name: str, mark: str = "a") -> str:
    """A reference by digest."""
    return f"ghcr.io/acme/board/{name}@sha256:{mark * 64}"


def service(role: str, name: str, mark: str = "a", **fields: Any) -> dict[str, Any]:
    """One service of a document; its hash follows its definition."""
    definition = {"image": image(name, mark), "networks": {"edge": None}, **fields.pop("definition", {})}
    mounts = fields.pop("mounts", [])
    return {
        "role": role,
        "rollout": "switch",
        "port": 8000 if role == "app" else None,
        "health": {"path": "/health/ready", "status": 200} if role == "app" else None,
        "gate": "healthcheck",
        "expect_release": None,
        "image": definition["image"],
        "platforms": {"linux/amd64": "sha256:" + "b" * 64},
        "why": "",
        "depends_on": {},
        "mounts": mounts,
        "definition": definition,
        "hash": service_hash(definition, mounts, {}),
        **fields,
    }


def document(**changes: Any) -> dict[str, Any]:
    """A whole release: proxy, database, api and web, a worker, a migration."""
    made: dict[str, Any] = {
        "schema": "fairlead.release/v1",
        "app": "board",
        "environment": "production",
        "source": "https://github.com/acme/board",
        "revision": REVISION,
        "revision_time": 1_790_000_000,
        "created_by": "alice",
        "tool": "fairlead 0.1.0",
        "verdict": {
            "passed": True,
            "fingerprint": "5a" * 32,
            "tool": "fairlead 0.1.0",
            "at": 1_790_000_000,
            "counts": {"error": 0},
        },
        "url": "https://board.example.com",
        "options": {"start_timeout": 120, "drain_timeout": 30, "keep": 5},
        "networks": {"edge": {}, "data": {"internal": True}},
        "volumes": {"pgdata": {}},
        "proxy": {"service": "caddy"},
        "services": {
            "caddy": service("proxy", "caddy", definition={"ports": [{"target": 443, "published": "443"}]}),
            "db": service(
                "state",
                "db",
                definition={"volumes": [{"type": "volume", "source": "pgdata", "target": "/d"}]},
            ),
            "api": service("app", "api", depends_on={"db": {"condition": "service_healthy"}}),
            "web": service("app", "web", depends_on={"api": {"condition": "service_healthy"}}),
            "worker": service("worker", "api"),
            "migrate": service("job", "api"),
        },
        "routes": {"api": 8000, "web": 8000},
        "probes": [{"path": "/", "status": 200}],
        "files": {},
        "secrets": {},
        "events": None,
    }
    made.update(changes)
    return made


def release(**changes: Any) -> Release:
    """The same, parsed."""
    return parse_release(document(**changes))


def container(service_name: str, release_id: str = "", **changes: Any) -> Container:
    """A container that runs and is healthy."""
    fields: dict[str, Any] = {
        "id": f"{service_name}-{release_id}-id",
        "name": f"board-{release_id}-{service_name}-1",
        "project": "board",
        "service": service_name,
        "release": release_id,
        "role": "app",
        "hash": "",
        "image": image(service_name),
        "image_id": "sha256:" + "a" * 64,
        "running": True,
        "restarting": False,
        "created": False,
        "health": "healthy",
        "health_log": (),
        "exit_code": 0,
        "oom_killed": False,
        "restarts": 0,
        "started_at": "2026-01-01T00:00:00Z",
        "addresses": ("172.18.0.5",),
        "sources": (),
        "ports": {},
        "grace": 10.0,
        "oneoff": False,
    }
    fields.update(changes)
    return Container(**fields)


def serving(live: Release, release_id: str = "000001", **changes: Any) -> State:
    """The state of a host on which this release serves, all of it well."""
    hashes = platform_hashes(live, render_switch())
    homes = dict.fromkeys(live.rolled, release_id)
    containers = [
        container(name, "", hash=hashes[name], role=one.role) for name, one in live.platform.items()
    ]
    containers += [container(name, release_id, hash=one.hash) for name, one in live.rolled.items()]
    fields: dict[str, Any] = {
        "app": live.app,
        "ledger": Ledger(),
        "live": Bundle(release_id, live, homes),
        "containers": tuple(containers),
        "next_id": f"{int(release_id) + 1:06d}",
    }
    fields.update(changes)
    return State(**fields)


def nothing() -> State:
    """The state of a host that has never seen the app."""
    return State("board", Ledger(), None, (), "000001")
