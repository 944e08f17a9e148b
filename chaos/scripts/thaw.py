"""Runs on a server: lets every frozen process go on."""

import os
import signal
from pathlib import Path

for entry in Path("/proc").glob("[0-9]*/stat"):
    try:
        if entry.read_text().rpartition(")")[2].split()[0] == "T":
            os.kill(int(entry.parent.name), signal.SIGCONT)
    except OSError:
        continue  # it has ended
