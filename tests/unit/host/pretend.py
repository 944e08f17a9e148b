"""An engine that is a dictionary: for what must hold whatever the engine's containers are, thousands of times over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Optional

from fairlead.host.engine.api import ApiFault
from fairlead.host.engine.engine import Engine
from fairlead.host.wire import labels


class PretendEngine(Engine):
    """Answers what recovery asks of the API; ``raw`` holds containers by id, as ``inspect`` gives them."""

    def __init__(self) -> None:
        super().__init__("/nowhere", environ={})
        self.raw: dict[str, dict[str, Any]] = {}

    def add(self, app: str, service: str, release: str, *, running: bool = True) -> None:
        """A container of a release, or of the platform."""
        name = f"{app}-{release}-{service}-1" if release else f"{app}-{service}-1"
        marks = {labels.APP: app, labels.SERVICE: service, labels.RELEASE: release, labels.HASH: "h"}
        self.raw[name] = {
            "Id": name,
            "Name": f"/{name}",
            "Image": "sha256:" + "a" * 64,
            "Config": {"Labels": marks, "Image": service, "StopTimeout": 1},
            "State": {
                "Running": running,
                "Status": "running" if running else "exited",
                "Health": {"Status": "healthy"},
            },
        }

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        *,
        body: Optional[Mapping[str, Any]] = None,
        timeout: float = 60.0,
    ) -> Any:
        """The few calls that recovery makes."""
        words = path.strip("/").split("/")
        if path == "/_ping":
            return "OK"
        if path == "/containers/json":
            wanted = json.loads(str(query["filters"]))["label"]
            return [raw for raw in self.raw.values() if self._has(raw, wanted)]
        if path in ("/volumes", "/networks"):
            return {"Volumes": []} if path == "/volumes" else []
        if words[0] != "containers" or words[1] not in self.raw:
            raise ApiFault(f"no {method} {path}", status=404)
        if method == "DELETE":
            del self.raw[words[1]]
        elif method == "POST":
            self.raw[words[1]]["State"]["Running"] = words[2] == "start"
        return self.raw.get(words[1])

    def running(self) -> set[str]:
        """The names of what runs."""
        return {name for name, raw in self.raw.items() if raw["State"]["Running"]}

    def _has(self, raw: Mapping[str, Any], wanted: list[str]) -> bool:
        found = raw["Config"]["Labels"]
        return all(found.get(one.partition("=")[0]) == one.partition("=")[2] for one in wanted)
