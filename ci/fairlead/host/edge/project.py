"""The edge's own Compose project. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..disk.place import NETWORK, PORTS, PROJECT, ROLE, SERVICE, Meeting, Place
from ..shape.project import bind_mount
from ..wire import labels
from ..wire.setup import PUBLIC, Authority
from .caddyfile import render_caddyfile


def edge_hash(image: str, trusted: Sequence[str] = (), authority: Authority = PUBLIC) -> str:
    """What the label of an edge that is up to date says. The apps' networks are no part of it: they come and go."""
    parts = (
        image,
        render_caddyfile(trusted, authority),
        json.dumps(_service(Place(Path("/")), image, 0), sort_keys=True),
        *([authority.root] if authority.root else []),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def render_edge_project(
    place: Place,
    image: str,
    meetings: Iterable[Meeting] = (),
    group: int = 0,
    trusted: Sequence[str] = (),
    authority: Authority = PUBLIC,
) -> dict[str, Any]:
    """The edge, its networks, and its volumes, where the certificates are.

    ``group`` is the one that may look into the edge's folder; ``trusted`` the networks of proxies in front; ``authority``
    who certifies names.
    """
    service = _service(place, image, group)
    service["labels"][labels.HASH] = edge_hash(image, trusted, authority)
    document = {"name": PROJECT, "services": {SERVICE: service}, "volumes": {"data": {}, "config": {}}}
    return with_meetings(document, meetings)


def with_meetings(document: Mapping[str, Any], meetings: Iterable[Meeting]) -> dict[str, Any]:
    """The project with the edge in its own network and in those of these apps, and in no other."""
    apart = [meeting.network for meeting in meetings]
    service = {**document["services"][SERVICE], "networks": {"edge": None, **dict.fromkeys(apart)}}
    return {
        **document,
        "services": {SERVICE: service},
        "networks": {
            "edge": {"external": True, "name": NETWORK},
            **{name: {"external": True, "name": name} for name in apart},
        },
    }


def _service(place: Place, image: str, group: int) -> dict[str, Any]:
    ports = [("http", 80, "tcp"), ("https", 443, "tcp"), ("https", 443, "udp")]
    return {
        "image": image,
        "pull_policy": "never",
        "command": ["caddy", "run", "--config", "/fairlead/Caddyfile", "--adapter", "caddyfile"],
        "labels": {labels.ROLE: ROLE},
        "group_add": [str(group)],
        "cap_drop": ["ALL"],
        "cap_add": ["NET_BIND_SERVICE"],
        "security_opt": ["no-new-privileges:true"],
        # It is in the networks of all apps, and no way from one to another.
        "sysctls": {"net.ipv4.ip_forward": "0"},
        "read_only": True,
        "restart": "unless-stopped",
        "logging": {"driver": "local"},
        "stop_grace_period": "30s",
        "ports": [
            {"mode": "ingress", "target": port, "published": str(PORTS[scheme]), "protocol": protocol}
            for scheme, port, protocol in ports
        ],
        "volumes": [
            bind_mount(str(place.home), "/fairlead", read_only=True),
            bind_mount(str(place.run), "/fairlead/run", read_only=False),
            {"type": "volume", "source": "data", "target": "/data"},
            {"type": "volume", "source": "config", "target": "/config"},
        ],
    }
