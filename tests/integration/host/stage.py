"""A stage for the transaction: an app on the real engine, the agent in this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead.host.disk.atomic import make_folder, write_file
from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.engine.engine import Engine
from fairlead.host.run.deploy import run_deploy, run_repair, run_rollback, run_rotation
from fairlead.host.wire.events import render_event
from fairlead.host.wire.inside import PREFIX
from fairlead.host.wire.request import parse_deploy_request, parse_rollback_request, parse_rotation_request
from fairlead.host.wire.result import Event, Result
from tests.integration.host.sheet import SICK, Sheet, site
from tests.patience import PATIENCE

SOURCE = Path(__file__).parents[3] / "ci"
_CARRIER = f"-{PREFIX}"
_RUN_TASK = """
import pathlib, sys
from fairlead.host.door.task_process import run_task
run_task(pathlib.Path(sys.argv[1]), sys.argv)
"""


@dataclass
class Stage:
    """An app on the real engine, under a root of its own; ``events`` is what the last command told, as it travels."""

    root: Path
    app: str
    image: str
    port: int
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def paths(self) -> Paths:
        return app_paths(self.root, self.app)

    def hear(self, event: Event) -> None:
        """Where the events of a command go."""
        self.events.append(render_event(event))

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
        make_folder(blobs)
        for sha256, content in sheet.blobs.items():
            write_file(blobs / sha256, content)
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
        return run_deploy(self.paths, parse_deploy_request(raw, blobs, None), self.hear)

    def rollback(self, to: str | None = None, **options: Any) -> Result:
        """Roll back in this process."""
        self.events.clear()
        raw = {"task": uuid.uuid4().hex[:12], "to": to, "options": options}
        return run_rollback(self.paths, parse_rollback_request(raw, None), self.hear)

    def rotate(self, **secrets: str) -> Result:
        """Give secrets new values (sha256, stored already) in this process."""
        self.events.clear()
        request = parse_rotation_request({"task": uuid.uuid4().hex[:12], "secrets": secrets})
        return run_rotation(self.paths, request, self.hear)

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
        deadline = time.monotonic() + PATIENCE
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
        return run_repair(self.paths, self.hear, decision=decision)

    def notes(self) -> list[str]:
        """What the last command noted."""
        return [event["text"] for event in self.events if event["event"] == "note"]

    def containers(self, *, running: bool = True) -> set[str]:
        """The names of the app's containers, but for those that carry its internal calls."""
        return {name for name in self._containers(running=running) if _CARRIER not in name}

    def carriers(self) -> set[str]:
        """The names of the containers that carry internal calls and run."""
        return {name for name in self._containers(running=True) if _CARRIER in name}

    def _containers(self, *, running: bool) -> set[str]:
        found = Engine.connect().containers(f"dev.fairlead.app={self.app}")
        return {one["Names"][0].lstrip("/") for one in found if not running or one["State"] == "running"}

    def clear(self) -> None:
        """Leave nothing on the engine."""
        engine = Engine.connect()
        with ThreadPoolExecutor(max_workers=8) as pool:
            found = engine.containers(f"dev.fairlead.app={self.app}")
            list(pool.map(engine.remove, [one["Id"] for one in found]))
        own = json.dumps({"label": [f"com.docker.compose.project={self.app}"]})
        for network in engine.get("/networks", filters=own):
            engine.delete(f"/networks/{network['Id']}")
        for volume in engine.get("/volumes", filters=own)["Volumes"] or ():
            engine.delete(f"/volumes/{volume['Name']}")
