"""Who asks, for the servers' journals."""

from __future__ import annotations

import getpass
import os
import socket

from fairlead.release.bundle import plan_created_by


def whoami() -> str:
    """The actor of a job, or the user and the machine."""
    return plan_created_by(os.environ, getpass.getuser(), socket.gethostname())
