"""How what passes between both sides is written: names that become paths, ids, hashes."""

from __future__ import annotations

import re

APP_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
RELEASE_ID = re.compile(r"[0-9]{6}")
DIGEST = re.compile(r"[0-9a-f]{64}")
NAMELESS = re.compile(r"[0-9a-f]{64}")
"""What the engine calls a volume that was given no name."""
MAX_DIRECTORY = 500
"""Characters of the folder that an app has in its repository."""
PROTOCOL = 1
"""Of the conversation, from the greeting on; the loader has it too (``remote/loader.py``). Who says none speaks the first one."""
DEPLOY = "deploy"
ROLLBACK = "rollback"
ROTATE = "rotate"
"""The requests that make a release serve."""
LOCK_TIMEOUT = 600.0
"""Seconds that a command waits for another one of the app, where nobody says otherwise."""
HOLD_TIMEOUT = 60.0
"""Seconds that one host of several waits for a client of which nothing is heard."""
HEALTH_PATH = "/grpc.health.v1.Health/Check"
"""Where a service that speaks gRPC is asked for its health. Source: github.com/grpc/grpc, doc/health-checking.md."""
