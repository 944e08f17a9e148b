"""How what travels in a release document has to be written: names that become paths, container names, lines of a Caddyfile."""

from __future__ import annotations

import re

SERVICE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}", re.IGNORECASE)
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
IMAGE = re.compile(r"[a-z0-9][a-zA-Z0-9._:/-]{0,399}(@sha256:[0-9a-f]{64})?")
SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
TARGET = re.compile(r"/[^\x00-\x1f]{1,1000}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}")
URL_PATH = re.compile(r"/[!-~]{0,1000}")
URL = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,255}(/[!-~]{0,1000})?")
HOST = re.compile(r"[A-Za-z0-9.\[\]:_-]{1,255}")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
DATA = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
"""A name in a folder, and nothing else."""
MODE = re.compile(r"0?[0-7]{3}")
