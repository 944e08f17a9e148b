"""What a deploy takes of the machines: memory of the client and of the agent, and the agent's CPU during its watch."""

from __future__ import annotations

import json
import os
import sys

from bench.measure import Row
from bench.streams import Ground, take_ground
from fairlead import passed, process

_CLIENT_GOAL = 100.0
_AGENT_GOAL = 40.0
_WATCH_GOAL = 2.0
_WINDOW = 20
# Runs on the server: follows the process that holds the app's lock, and says what it took when it has gone.
_FOLLOW = f"""
import json, os, time
home, ticks = "/srv/fairlead/streams", os.sysconf("SC_CLK_TCK")
start, seen = os.stat(home + "/journal.jsonl").st_size, 0
def spent(pid):
    words = open(f"/proc/{{pid}}/stat").read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / ticks
def phase():
    with open(home + "/journal.jsonl") as file:
        file.seek(start)
        return [line for line in file if '"phase":"' in line and '"type":"phase"' in line][-1:]
print("ready", flush=True)
peak, began, cpu, took, share = 0, None, 0.0, 0.0, None
deadline = time.monotonic() + {_WINDOW + 120}
while time.monotonic() < deadline:
    try:
        pid = json.load(open(home + "/lock"))["pid"]
        status = open(f"/proc/{{pid}}/status").read()
        peak = max(peak, int(status.split("VmHWM:")[1].split()[0]))
        now = phase()
        if now and '"phase":"watch"' in now[0]:
            if began is None:
                began, cpu = time.monotonic(), spent(pid)
            share = (spent(pid) - cpu) / max(0.001, time.monotonic() - began)
        seen = True
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        if seen:
            break
    time.sleep(0.1)
print(json.dumps({{"peak_kib": peak, "watch_share": share, "watch_seconds": 0 if began is None else time.monotonic() - began}}))
"""


def measure() -> list[Row]:
    """Rows for the client's memory, the agent's memory, the agent's CPU."""
    ground = take_ground("footprint")
    ground.fairlead("ship")
    client, agent = deploy(ground)
    share = 100 * float(agent["watch_share"] or 0)
    peak = float(agent["peak_kib"] or 0) / 1024
    return [
        Row(
            "memory of the client during a deploy",
            f"{client:.0f} MB",
            "-",
            "-",
            f"< {_CLIENT_GOAL:g} MB",
            client < _CLIENT_GOAL,
        ),
        Row(
            "memory of the agent during a deploy",
            f"{peak:.0f} MB",
            "-",
            "-",
            f"< {_AGENT_GOAL:g} MB",
            0 < peak < _AGENT_GOAL,
        ),
        Row(
            f"CPU of the agent during a watch of {_WINDOW} s",
            f"{share:.1f} % of a core",
            "-",
            "-",
            f"< {_WATCH_GOAL:g} %",
            agent["watch_share"] is not None and share < _WATCH_GOAL,
        ),
    ]


def deploy(ground: Ground) -> tuple[float, dict[str, float | None]]:
    """A deploy of the next release; the client's peak in MB, and what the agent took."""
    file = ground.root / "fairlead.yaml"
    text = file.read_text().replace("keep: 3}", f"keep: 3, watch: {{window: {_WINDOW}s}}}}")
    file.write_text(text.replace("{RELEASE: first}", "{RELEASE: second}"))
    follower = process.open_pipes(["docker", "exec", ground.server.name, "python3", "-c", _FOLLOW])
    assert follower.stdout is not None
    follower.stdout.readline()
    argv = [sys.executable, "-m", "fairlead", "--json", "deploy"]
    client = process.open_pipes(argv, cwd=ground.root, env=ground.environ, also=passed.PYTHON)
    # The largest of the client and of what it has started, such as ssh.
    _, status, used = os.wait4(client.pid, 0)
    client.returncode = os.waitstatus_to_exitcode(status)
    if client.returncode:
        raise RuntimeError(f"the deploy ended with {client.returncode}")
    found: dict[str, float | None] = json.loads(follower.communicate(timeout=60)[0])
    return used.ru_maxrss / 1024, found
