"""What a client asks for in these tests: a small release, and what travels beside it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fairlead.host.wire.release import service_hash
from fairlead.remote.session import Blob

CONFIG, CANARY = b"config file", b"c4n4ry-5ecret"
SECRETS = {"password": hashlib.sha256(CANARY).hexdigest()}
IMAGE = "registry.example.com/web@sha256:" + "ab" * 32
FILE = {"kind": "file", "sha256": hashlib.sha256(CONFIG).hexdigest(), "mode": "0644"}
TREE = hashlib.sha256(json.dumps(FILE, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _service(role: str, **more: Any) -> dict[str, Any]:
    made = {
        "role": role,
        "rollout": "switch",
        "port": 8000,
        "health": None,
        "gate": "running",
        "expect_release": None,
        "image": IMAGE,
        "platforms": {},
        "why": "declared",
        "depends_on": {},
        "mounts": [],
        "definition": {"image": IMAGE},
        "irreversible": False,
        **more,
    }
    return {**made, "hash": service_hash(made["definition"], made["mounts"], SECRETS)}


def release(**more: Any) -> dict[str, Any]:
    """``fairlead.release/v1``, with some fields in place of its own."""
    mounts = [
        {"secret": "password", "target": "/run/secrets/password"},
        {"file": TREE, "target": "/etc/config", "read_only": True},
    ]
    return {
        "schema": "fairlead.release/v1",
        "app": "board",
        "environment": "production",
        "revision": "1a" * 20,
        "revision_time": 1_800_000_000,
        "created_by": "alice@laptop",
        "tool": "fairlead",
        "verdict": {
            "passed": True,
            "fingerprint": "5a" * 32,
            "tool": "test",
            "at": 1,
            "counts": {"error": 0},
        },
        "source": "",
        "url": None,
        "options": {},
        "networks": {},
        "volumes": {},
        "proxy": {"service": "caddy"},
        "services": {
            "web": _service("app", mounts=mounts),
            "caddy": _service("proxy", port=None, rollout="recreate"),
        },
        "routes": {"web": 8000},
        "probes": [],
        "files": {TREE: FILE},
        "secrets": SECRETS,
        "events": None,
        **more,
    }


BLOBS = (
    Blob("file", FILE["sha256"], CONFIG),
    Blob("secret", "password", CANARY),
    Blob("credentials", "", b'{"auths":{}}'),
)
REQUEST = {"request": "deploy", "release": release(), "options": {}, "by": "alice@laptop"}
