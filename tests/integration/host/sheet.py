"""Release documents made by hand."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from fairlead.host.wire.release import service_hash

CADDYFILE = """\
import /fairlead/switch.caddy
http://:8080 {
	import switch web 8000
}
"""
# Docker counts nothing before the first check; short, so that the tests do not wait for it.
HEALTHY = {
    "test": ["CMD", "/check", "--version"],
    "interval": "30s",
    "timeout": "5s",
    "retries": 1,
    "start_period": "10s",
    "start_interval": "100ms",
}
# The engine compiles its filter of system calls for each start and each health check: a tenth of their processor time,
# and nothing that these tests are about.
UNFILTERED = ["seccomp=unconfined"]
SICK = {"test": ["CMD", "/check", "nonsense"], "interval": "200ms", "timeout": "5s", "retries": 1}

# As Fairlead makes it for a service that is recreated: requests are held while nobody answers.
HOLDING = """\
import /fairlead/switch.caddy
http://:8080 {
	import fairlead-maintenance web
	reverse_proxy {
		dynamic a {
			name web
			port 8000
			refresh 1s
		}
		lb_try_duration 60s
		lb_try_interval 50ms
		transport http {
			keepalive off
		}
	}
}
"""

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


def site(release: str, body: str = "hello", status: int = 200) -> str:
    """The Caddyfile of a service that answers."""
    return f'{{\n\tadmin off\n}}\n:8000 {{\n\theader X-Release {release}\n\trespond "{body}" {status}\n}}\n'


def keeping(release: str, address: str = ":8000", options: str = "admin off", status: int = 200) -> str:
    """The Caddyfile of a service that shows what it keeps in a volume."""
    return f"""\
{{
	{options}
}}
{address} {{
	header X-Release {release}
	handle_path /data/* {{
		root * /data
		file_server
	}}
	handle {{
		respond "web {release[:4]}" {status}
	}}
}}
"""


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
    standby: float = 0.0
    standby_memory: float = 0.25
    start_timeout: float = 20

    def file(self, text: str) -> str:
        """A config file; the hash of its tree."""
        content = text.encode()
        sha256 = hashlib.sha256(content).hexdigest()
        entry = {"kind": "file", "sha256": sha256, "mode": "0644"}
        tree = _hash(entry)
        self.files[tree], self.blobs[sha256] = entry, content
        return tree

    def folder(self, files: dict[str, str]) -> str:
        """A config folder; the hash of its tree."""
        entries = {}
        for name, text in files.items():
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            entries[name], self.blobs[sha256] = {"sha256": sha256, "mode": "0644"}, text.encode()
        entry = {"kind": "dir", "entries": entries}
        tree = _hash(entry)
        self.files[tree] = entry
        return tree

    def service(self, name: str, role: str, **fields: Any) -> None:
        """Add a service; ``definition`` and ``mounts`` as in the document."""
        definition = {
            "image": self.image,
            "networks": {"default": None},
            "stop_grace_period": "2s",
            "security_opt": UNFILTERED,
        }
        definition.update(fields.pop("definition", {}))
        mounts = fields.pop("mounts", [])
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
            **fields,
        }
        self._name(self.services[name])

    def _name(self, service: dict[str, Any]) -> dict[str, Any]:
        """The service with the hash of what it is now."""
        secrets = {} if service["role"] == "job" else self.secrets
        service["hash"] = service_hash(service["definition"], service["mounts"], secrets)
        return service

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

    def kept(self, text: str | None = None, **changes: Any) -> None:
        """A service with data of its own, and the proxy that leads to it: no release has one beside that of another."""
        definition = {
            "command": ["/caddy", "run", "--config", "/etc/site", "--adapter", "caddyfile"],
            "restart": "unless-stopped",
            "volumes": [{"type": "volume", "source": "data", "target": "/data", "volume": {}}],
            **changes.pop("definition", {}),
        }
        self.extra["volumes"] = {"data": {}}
        tree = self.file(text if text is not None else keeping(self.revision))
        mounts = [{"file": tree, "target": "/etc/site", "read_only": True}]
        fields = {"port": 8000, "health": {"path": "/", "status": 200}, "gate": "http", **changes}
        self.service("web", "app", rollout="recreate", **fields, definition=definition, mounts=mounts)

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
            "options": {
                "start_timeout": self.start_timeout,
                "drain_timeout": 2,
                "keep": 2,
                "standby": self.standby,
                "standby_memory": self.standby_memory,
                "watch": self.watch,
            },
            "networks": {"default": {}},
            "volumes": {},
            "proxy": {"service": "caddy", "image": self.image},
            "services": {name: self._name(one) for name, one in self.services.items()},
            "routes": self.routes,
            "probes": [{"path": "/", "status": 200}],
            "files": self.files,
            "secrets": self.secrets,
            "events": None,
            **self.extra,
        }


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
