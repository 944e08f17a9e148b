"""The edge's own Compose project. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

from .. import labels
from ..project import bind_mount
from .caddyfile import render_caddyfile
from .place import NETWORK, PORTS, PROJECT, ROLE, SERVICE, Place


def edge_hash(image: str) -> str:
    """What the label of an edge that is up to date says."""
    return hashlib.sha256(f"{image}\0{render_caddyfile()}".encode()).hexdigest()


def render_edge_project(place: Place, image: str) -> dict[str, Any]:
    """The edge and its volumes, where the certificates are."""
    ports = [(PORTS["http"], "tcp"), (PORTS["https"], "tcp"), (PORTS["https"], "udp")]
    return {
        "name": PROJECT,
        "services": {
            SERVICE: {
                "image": image,
                "pull_policy": "never",
                "command": ["caddy", "run", "--config", "/fairlead/Caddyfile", "--adapter", "caddyfile"],
                "labels": {labels.ROLE: ROLE, labels.HASH: edge_hash(image)},
                "cap_drop": ["ALL"],
                "cap_add": ["NET_BIND_SERVICE"],
                "security_opt": ["no-new-privileges:true"],
                "read_only": True,
                "restart": "unless-stopped",
                "logging": {"driver": "local"},
                "stop_grace_period": "30s",
                "networks": {"edge": None},
                "ports": [
                    {"mode": "ingress", "target": port, "published": str(port), "protocol": protocol}
                    for port, protocol in ports
                ],
                "volumes": [
                    bind_mount(str(place.home), "/fairlead", read_only=True),
                    bind_mount(str(place.run), "/fairlead/run", read_only=False),
                    {"type": "volume", "source": "data", "target": "/data"},
                    {"type": "volume", "source": "config", "target": "/config"},
                ],
            }
        },
        "networks": {"edge": {"external": True, "name": NETWORK}},
        "volumes": {"data": {}, "config": {}},
    }
