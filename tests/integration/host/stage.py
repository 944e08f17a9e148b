"""A stage for the transaction: one tiny image, release documents made by hand, the agent in this process."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead.host.deploy import run_deploy, run_repair, run_rollback, run_rotation
from fairlead.host.engine import Engine
from fairlead.host.orders import give_order
from fairlead.host.paths import Paths, app_paths
from fairlead.host.request import (
    DeployRequest,
    parse_deploy_request,
    parse_rollback_request,
    parse_rotation_request,
)
from fairlead.host.result import Result

SOURCE = Path(__file__).parents[3] / "ci"
_RUN_TASK = """
import pathlib, sys
from fairlead.host.perform import run_task
run_task(pathlib.Path(sys.argv[1]), sys.argv)
"""
CADDYFILE = """\
import /fairlead/switch.caddy
http://:8080 {
	import switch web 8000
}
"""
# Docker counts nothing before the first check; short, so that the tests do not wait for it.
HEALTHY = {
    "test": ["CMD", "/caddy", "version"],
    "interval": "30s",
    "timeout": "5s",
    "retries": 1,
    "start_period": "10s",
    "start_interval": "100ms",
}
SICK = {"test": ["CMD", "/caddy", "nonsense"], "interval": "200ms", "timeout": "5s", "retries": 1}

# Good to whom the dark route let in, and to nobody else.
TWO_FACED = """\
{
	admin off
}
:8000 {
	header X-Release RELEASE
	@dark header X-Fairlead-Dark *
	respond @dark "hello" 200
	respond "no" 503
}
"""


def build_image(caddy: Callable[[], bytes], name: str, mark: str) -> str:
    """Import an image that holds Caddy and nothing else, once; return its reference by digest."""
    engine = Engine.connect()
    found = engine.image(f"{name}:{mark}")
    if found is None:
        _import_image(caddy(), f"{name}:{mark}")
        found = engine.image(f"{name}:{mark}")
    assert found is not None
    return f"{name}@{found['RepoDigests'][0].partition('@')[2]}"


def _import_image(caddy: bytes, tag: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        program = tarfile.TarInfo("caddy")
        program.size, program.mode = len(caddy), 0o755
        archive.addfile(program, io.BytesIO(caddy))
        for folder in ("tmp", "data"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(entry)
    argv = ["docker", "import", "--change=ENV HOME=/tmp", "--change=STOPSIGNAL SIGTERM", "-", tag]
    subprocess.run(argv, input=buffer.getvalue(), check=True, capture_output=True)


def site(release: str, body: str = "hello", status: int = 200) -> str:
    """The Caddyfile of a service that answers."""
    return f'{{\n\tadmin off\n}}\n:8000 {{\n\theader X-Release {release}\n\trespond "{body}" {status}\n}}\n'


@dataclass
class Sheet:
    """A release document in the making."""

    app: str
    image: str
    port: int
    revision: str = "1" * 40
    revision_time: int = 1_700_000_000
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    routes: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    watch: dict[str, Any] = field(default_factory=lambda: {"window": 0.5})

    def file(self, text: str) -> str:
        """A config file; the hash of its tree."""
        content = text.encode()
        sha256 = hashlib.sha256(content).hexdigest()
        entry = {"kind": "file", "sha256": sha256, "mode": "0644"}
        tree = _hash(entry)
        self.files[tree], self.blobs[sha256] = entry, content
        return tree

    def service(self, name: str, role: str, **fields: Any) -> None:
        """Add a service; ``definition`` and ``mounts`` as in the document."""
        definition = {"image": self.image, "networks": {"default": None}, "stop_grace_period": "2s"}
        definition.update(fields.pop("definition", {}))
        mounts = fields.pop("mounts", [])
        known = {mount.get("secret"): self.secrets.get(mount.get("secret", "")) for mount in mounts}
        self.services[name] = {
            "role": role,
            "rollout": "switch",
            "port": None,
            "health": None,
            "gate": "healthcheck" if "healthcheck" in definition else "running",
            "expect_release": None,
            "image": self.image,
            "platforms": {},
            "why": "the test says so",
            "depends_on": {},
            "mounts": mounts,
            "definition": definition,
            "hash": _hash({"definition": definition, "mounts": mounts, "secrets": known}),
            **fields,
        }

    def proxy(self, caddyfile: str = CADDYFILE) -> None:
        """The proxy, published on loopback."""
        self.service(
            "caddy",
            "proxy",
            definition={
                "command": ["/caddy", "run", "--config", "/etc/Caddyfile", "--adapter", "caddyfile"],
                "ports": [
                    {"target": 8080, "published": str(self.port), "host_ip": "127.0.0.1", "protocol": "tcp"}
                ],
                "networks": {"default": {"aliases": sorted(self.routes)}},
            },
            mounts=[{"file": self.file(caddyfile), "target": "/etc/Caddyfile", "read_only": True}],
        )

    def web(self, name: str = "web", text: str | None = None, **changes: Any) -> None:
        """A service that answers on port 8000 through the switch."""
        definition = {
            "command": ["/caddy", "run", "--config", "/etc/site", "--adapter", "caddyfile"],
            "healthcheck": HEALTHY,
            "restart": "unless-stopped",
            **changes.pop("definition", {}),
        }
        self.routes[name] = 8000
        tree = self.file(text if text is not None else site(self.revision, f"{name} {self.revision[:4]}"))
        self.service(
            name,
            "app",
            port=8000,
            **{"expect_release": self.revision, "health": {"path": "/", "status": 200}, **changes},
            definition=definition,
            mounts=[{"file": tree, "target": "/etc/site", "read_only": True}],
        )

    def job(
        self,
        name: str = "migrate",
        command: tuple[str, ...] = ("/caddy", "version"),
        *,
        irreversible: bool = False,
    ) -> None:
        """A one-shot."""
        definition = {"command": [*command], "labels": {"for": self.revision}}
        self.service(name, "job", definition=definition, irreversible=irreversible)

    def document(self) -> dict[str, Any]:
        """``fairlead.release/v1``."""
        return {
            "schema": "fairlead.release/v1",
            "app": self.app,
            "environment": "production",
            "source": "https://example.com/acme/stage",
            "revision": self.revision,
            "revision_time": self.revision_time,
            "created_by": "alice",
            "tool": "test",
            "verdict": {
                "passed": True,
                "fingerprint": "5a" * 32,
                "tool": "test",
                "at": 1,
                "counts": {"error": 0},
            },
            "url": f"http://stage.example.com:{self.port}",
            "options": {"start_timeout": 20, "drain_timeout": 2, "keep": 2, "watch": self.watch},
            "networks": {"default": {}},
            "volumes": {},
            "proxy": {"service": "caddy"},
            "services": self.services,
            "routes": self.routes,
            "probes": [{"path": "/", "status": 200}],
            "files": self.files,
            "secrets": self.secrets,
            "events": None,
            **self.extra,
        }


@dataclass
class Stage:
    """An app on the real engine, under a root of its own; ``events`` is what the last command told."""

    root: Path
    app: str
    image: str
    port: int
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def paths(self) -> Paths:
        return app_paths(self.root, self.app)

    def sheet(self, number: int) -> Sheet:
        """The document of commit ``number``: its revision is that digit, forty times, or four of them, ten times."""
        revision = f"{number:x}" * 40 if number < 16 else f"{number:04x}" * 10
        return Sheet(self.app, self.image, self.port, revision, 1_700_000_000 + number)

    def good(self, number: int, *, job: bool = False) -> Sheet:
        """A release that is fit: a proxy, a web service, a migration if asked for."""
        sheet = self.sheet(number)
        sheet.web()
        sheet.proxy()
        if job:
            sheet.job()
        return sheet

    def sick(self, number: int) -> Sheet:
        """A release whose health check never passes."""
        sheet = self.sheet(number)
        sheet.web(definition={"healthcheck": SICK})
        sheet.proxy()
        return sheet

    def crashing(self, number: int) -> Sheet:
        """A release that exits as soon as it starts."""
        sheet = self.sheet(number)
        sheet.web(definition={"command": ["/caddy", "run", "--config", "/missing"]})
        sheet.proxy()
        return sheet

    def failing_job(self, number: int) -> Sheet:
        """A release whose migration fails."""
        sheet = self.sheet(number)
        sheet.web()
        sheet.proxy()
        sheet.job(command=("/caddy", "nonsense"))
        return sheet

    def wrong_answer(self, number: int) -> Sheet:
        """A release that is healthy by its own account, and answers 503."""
        sheet = self.sheet(number)
        sheet.web(text=site(sheet.revision, status=503))
        sheet.proxy()
        return sheet

    def wrong_release(self, number: int) -> Sheet:
        """A release that says it is another one."""
        sheet = self.sheet(number)
        sheet.web(text=site("0" * 40))
        sheet.proxy()
        return sheet

    def proxy_id(self) -> str:
        """The id of the proxy's container."""
        found = Engine.connect().inspect(f"{self.app}-caddy-1")
        assert found is not None
        return str(found["Id"])

    def request(self, sheet: Sheet, **options: Any) -> tuple[dict[str, Any], Path]:
        """What the door would have written, and the folder with the blobs."""
        task = uuid.uuid4().hex[:12]
        blobs = self.paths.task(task) / "blobs"
        blobs.mkdir(parents=True)
        for sha256, content in sheet.blobs.items():
            (blobs / sha256).write_bytes(content)
        return {
            "kind": "deploy",
            "task": task,
            "release": sheet.document(),
            "options": options,
            "by": "alice",
        }, blobs

    def deploy(self, sheet: Sheet, **options: Any) -> Result:
        """Deploy in this process."""
        self.events.clear()
        raw, blobs = self.request(sheet, **options)
        return run_deploy(self.paths, parse_deploy_request(raw, blobs, None), self.events.append)

    def rollback(self, to: str | None = None, **options: Any) -> Result:
        """Roll back in this process."""
        self.events.clear()
        raw = {"task": uuid.uuid4().hex[:12], "to": to, "options": options}
        return run_rollback(self.paths, parse_rollback_request(raw, None), self.events.append)

    def rotate(self, **secrets: str) -> Result:
        """Give secrets new values (sha256, stored already) in this process."""
        self.events.clear()
        request = parse_rotation_request({"task": uuid.uuid4().hex[:12], "secrets": secrets})
        return run_rotation(self.paths, request, self.events.append)

    def kill_in(self, request: dict[str, Any], phase: str) -> None:
        """Run a request in a process of its own, and kill that as soon as it says that the phase has begun."""
        folder = self.paths.task(request["task"])
        folder.mkdir(exist_ok=True)
        (folder / "request.json").write_text(json.dumps(request))
        events = folder / "events.jsonl"
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN_TASK, str(folder)],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        deadline = time.monotonic() + 30
        mark = f'"phase":"{phase}","state":"begin"'
        while not (events.exists() and mark in events.read_text()):
            assert process.poll() is None, events.read_text() if events.exists() else "no events"
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.kill()
        process.wait()

    def repair(self, decision: str | None = None) -> Result:
        """Repair in this process."""
        self.events.clear()
        return run_repair(self.paths, self.events.append, decision=decision)

    def notes(self) -> list[str]:
        """What the last command noted."""
        return [event["text"] for event in self.events if event["event"] == "note"]

    def containers(self, *, running: bool = True) -> set[str]:
        """The names of the app's containers."""
        found = Engine.connect().containers(f"dev.fairlead.app={self.app}")
        return {one["Names"][0].lstrip("/") for one in found if not running or one["State"] == "running"}

    def clear(self) -> None:
        """Leave nothing on the engine."""
        engine = Engine.connect()
        for one in engine.containers(f"dev.fairlead.app={self.app}"):
            engine.remove(one["Id"])
        for network in engine.get(
            "/networks", filters=json.dumps({"label": [f"com.docker.compose.project={self.app}"]})
        ):
            engine.delete(f"/networks/{network['Id']}")


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass
class Held:
    """A deploy as one of a fleet, in a thread of this process; the words that a client would give are given by hand."""

    stage: Stage
    sheet: Sheet
    fleet: dict[str, Any]
    result: Result | None = None

    def __post_init__(self) -> None:
        self.stage.events.clear()
        options = {"fleet": {"hosts": ["a", "b"], "patience": 30, **self.fleet}}
        raw, blobs = self.stage.request(self.sheet, **options)
        self.folder = blobs.parent
        self._thread = threading.Thread(target=self._deploy, args=(parse_deploy_request(raw, blobs, None),))
        self._thread.start()

    def wait_for(self, point: str) -> None:
        """Wait until it holds at a point."""
        deadline = time.monotonic() + 30
        while {"event": "hold", "point": point} not in self.stage.events:
            assert self._thread.is_alive(), self.result
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def say(self, word: str, why: str = "") -> None:
        give_order(self.folder, word, why)

    def end(self) -> Result:
        """Wait for its end."""
        self._thread.join(30)
        assert self.result is not None
        return self.result

    def _deploy(self, request: DeployRequest) -> None:
        self.result = run_deploy(self.stage.paths, request, self.stage.events.append)
