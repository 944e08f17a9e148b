"""Runs on a server: SIGKILL to every process of the host agent."""

import os
import signal
import sys
from pathlib import Path


def main() -> None:
    """Kill what runs a file of the agents' folder."""
    killed = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended
        if any(word.startswith(b"/srv/fairlead/agents/") for word in words[:4]):
            os.kill(int(process.name), signal.SIGKILL)
            killed += 1
    if not killed:
        sys.exit("no agent runs on this server")


if __name__ == "__main__":
    main()
