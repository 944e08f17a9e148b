"""What a host's owner writes beside the door (``fairlead host setup`` for him): files and their form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

HOME = Path("/usr/local/lib/fairlead")
POLICY_SCHEMA = "fairlead.policy/v1"
ROOT_FILE = "acme-root.pem"
DIRECTORY_FILE = "acme-directory"
DIRECTORY = re.compile(r"https://[A-Za-z0-9.:\[\]-]{1,255}(/[A-Za-z0-9._~%/-]{0,500})?")
"""Nothing that would be more than a word in a Caddyfile."""
PEM = "-----BEGIN CERTIFICATE-----"
TRUSTED_FILE = "trusted-proxies"


@dataclass(frozen=True)
class Authority:
    """An ACME directory, and the certificates in PEM that vouch for its address; empty: the public ones."""

    directory: str = ""
    root: str = ""


PUBLIC = Authority()
