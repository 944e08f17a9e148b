"""Calls from service to service: services that say by which Host they were called, and one that calls."""

from __future__ import annotations

import urllib.request

from fairlead.host.engine.containers import Container, read_app_containers
from fairlead.host.engine.engine import Engine
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE

_ANSWERING = """\
{
	admin off
}
:PORT, :9000 {
	header X-Release RELEASE
	respond "TEXT as {http.request.host}"
}
"""
_CALLER = """\
{
	admin off
}
:9000 {
	reverse_proxy {
		dynamic a {
			name {http.request.header.X-Name}
			port {http.request.header.X-Port}
			refresh 1ms
		}
		header_up Host {http.request.header.X-Host}
		transport http {
			keepalive off
		}
	}
}
"""


def answering(sheet: Sheet, name: str, port: int, text: str) -> None:
    """Add a routed service that answers with a text and the Host that it was called by, at port 9000 too."""
    site = _ANSWERING.replace("PORT", str(port)).replace("RELEASE", sheet.revision).replace("TEXT", text)
    sheet.web(name, site)
    sheet.routes[name] = sheet.services[name]["port"] = port


def add_caller(sheet: Sheet) -> None:
    """Add a service of the platform that calls whom it is told to: by a connection of its own each time, and once."""
    definition = {"command": ["/caddy", "run", "--config", "/etc/site", "--adapter", "caddyfile"]}
    mounts = [{"file": sheet.file(_CALLER), "target": "/etc/site", "read_only": True}]
    sheet.service("caller", "ops", definition=definition, mounts=mounts)


def find_caller(stage: Stage) -> Container:
    """The container that calls."""
    (caller,) = (one for one in read_app_containers(Engine.connect(), stage.paths) if one.service == "caller")
    return caller


def call(caller: Container, whom: str, host: str = "") -> str:
    """Let it call ``name:port``; the answer.

    Raises:
        OSError: there was none, or a bad one.
    """
    name, _, port = whom.partition(":")
    headers = {"X-Name": name, "X-Port": port, "X-Host": host or whom}
    request = urllib.request.Request(f"http://{caller.addresses[0]}:9000/", headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return str(answer.read().decode())
