"""Several apps behind one edge, on the engine of this machine: the edge holds other ports than 80 and 443 here."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk.place import PORTS, PROJECT, Place
from fairlead.host.edge.lifecycle import stop_edge
from fairlead.host.edge.meetings import close_meeting, read_meetings
from fairlead.host.engine.containers import Container, find_edge
from fairlead.host.engine.engine import Engine
from fairlead.tools.cache import cache_dir
from tests.integration.host.sheet import Sheet, site
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE
from tests.ports import free_ports

PROXY = """\
import /fairlead/switch.caddy
http://:80 {
	import switch web 8000
}
"""


class Street:
    """A host with an edge."""

    def __init__(self, root: Path, image: str, edge_image: str) -> None:
        self.root = root
        self.image = image
        self.edge_image = edge_image
        self.engine = Engine.connect()
        self.apps: dict[str, Stage] = {}

    @property
    def place(self) -> Place:
        return Place(self.root)

    @property
    def edge(self) -> Container:
        """The edge's container."""
        found = find_edge(self.engine)
        assert found is not None
        return found

    def app(self, name: str) -> Stage:
        """An app of this host."""
        unique = f"{name}-{os.getpid()}"
        return self.apps.setdefault(name, Stage(self.root, unique, self.image, 0))

    def sheet(
        self,
        name: str,
        number: int,
        *hostnames: str,
        proxy: str = "caddy",
        caddyfile: str = PROXY,
        **definition: Any,
    ) -> Sheet:
        """A release of an app that answers its name and number by these hostnames, behind the edge."""
        sheet = self.app(name).sheet(number)
        sheet.web(text=site(sheet.revision, f"{name} {number}"))
        sheet.service(
            proxy,
            "proxy",
            definition={
                "command": ["/caddy", "run", "--config", "/etc/Caddyfile", "--adapter", "caddyfile"],
                **definition,
            },
            mounts=[{"file": sheet.file(caddyfile), "target": "/etc/Caddyfile", "read_only": True}],
        )
        sheet.extra["proxy"] = {"service": proxy, "image": self.image}
        names = hostnames or (f"{name}.example.com",)
        sheet.extra["url"] = f"http://{names[0]}"
        sheet.extra["edge"] = {
            "hostnames": sorted(names),
            "scheme": "http",
            "port": 80,
            "image": self.edge_image,
        }
        return sheet

    def serve(self, name: str, sheet: Sheet) -> None:
        """Deploy a release of an app, which must be good."""
        result = self.app(name).deploy(sheet)
        assert result.status == "live", (result.error, self.app(name).notes())

    def ask(self, hostname: str, path: str = "/") -> tuple[int, str]:
        """Status and body, as anybody gets them by a hostname."""
        connection = http.client.HTTPConnection("127.0.0.1", PORTS["http"], timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Host": hostname})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def clear(self) -> None:
        """Leave nothing on the engine."""
        for entry in self.place.hosts.iterdir() if self.place.hosts.is_dir() else ():
            entry.unlink()
        if self.place.home.is_dir():
            stop_edge(self.engine, self.place, volumes=True)
        for stage in self.apps.values():
            stage.clear()
        for one in read_meetings(self.place):
            close_meeting(self.engine, self.place, one.app)


@contextlib.contextmanager
def open_street(root: Path, image: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    """The street, one at a time on this machine: an edge has one name on its engine."""
    for scheme, port in zip(("http", "https"), free_ports(2), strict=True):
        monkeypatch.setitem(PORTS, scheme, port)
    with (cache_dir() / f"{PROJECT}-edge.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        street = Street(root, image, _edge_image(image))
        try:
            yield street
        finally:
            street.clear()


def _edge_image(image: str) -> str:
    """The image of the stage, with what Caddy's own says of itself."""
    name = f"fairlead-stage-edge:{image.partition('@sha256:')[2][:12]}"
    engine = Engine.connect()
    if engine.image(name) is None:
        changes = ("ENV PATH=/", "ENV XDG_DATA_HOME=/data", "ENV XDG_CONFIG_HOME=/config")
        words = [word for change in changes for word in ("--change", change)]
        made = subprocess.run(
            ["docker", "create", image, "/caddy"], check=True, capture_output=True, text=True
        ).stdout.strip()
        subprocess.run(["docker", "commit", *words, made, name], check=True, capture_output=True)
        engine.remove(made)
    found = engine.image(name)
    assert found is not None
    return f"{name.partition(':')[0]}@{found['RepoDigests'][0].partition('@')[2]}"
