"""Runs on a server: waits until the transaction that comes next reaches a phase, then freezes or kills its agent.

``strike.py APP PHASE DELAY freeze|kill SECONDS``. Prints one line of JSON when it has happened, or when it cannot
happen any more: the transaction ended before, or did not come in time.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path


def main(app: str, phase: str, delay: float, action: str, seconds: float) -> None:
    """Wait, strike, tell."""
    home = Path("/srv/fairlead") / app
    journal = home / "journal.jsonl"
    position, deadline = journal.stat().st_size, time.monotonic() + seconds
    print("ready", flush=True)
    reached, ended = "", False
    while reached != phase and not ended and time.monotonic() < deadline:
        with journal.open("rb") as stream:
            stream.seek(position)
            lines = stream.read().split(b"\n")[:-1]
        position += sum(len(line) + 1 for line in lines)
        for record in map(json.loads, lines):
            reached = record.get("phase", reached) if record["type"] == "phase" else reached
            ended = ended or record["type"] == "end"
            if reached == phase:
                break
        time.sleep(0.001)
    if reached == phase:
        time.sleep(delay)
        _strike(home, signal.SIGKILL if action == "kill" else signal.SIGSTOP)
    print(json.dumps({"reached": reached == phase, "phase": reached, "at": time.time()}), flush=True)


def _strike(home: Path, number: int) -> None:
    """The process of the transaction is the one that holds the app's lock."""
    try:
        os.kill(json.loads((home / "lock").read_bytes())["pid"], number)
    except (OSError, ValueError, KeyError):
        return  # it has ended


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4], float(sys.argv[5]))
