"""The main road, from a commit to a release that serves, and what happens off it."""

from __future__ import annotations

import json
import subprocess
import threading
import time

from tests.e2e.workbench import Workbench, containers, on_server, visit


def test_a_commit_becomes_a_release_that_serves(tiny: Workbench) -> None:
    """`ship` builds, scans, publishes and deploys; the answer comes from this very commit."""
    revision = tiny.git("rev-parse", "HEAD")
    tiny.ok("ship")
    status, release, body = visit(tiny.server)
    assert (status, release) == (200, revision)
    assert "migrations=1" in body
    assert tiny.ok("--json", "status").document["schema"].startswith("fairlead.")


def test_the_same_commit_again_changes_nothing(tiny: Workbench) -> None:
    """A second run is a no-op: same containers, no migration, exit 0."""
    tiny.ok("ship")
    before = containers(tiny.server)
    tiny.ok("ship")
    assert containers(tiny.server) == before
    assert "migrations=1" in visit(tiny.server)[2]


def test_a_release_that_is_never_healthy_is_refused(tiny: Workbench) -> None:
    """Exit 6, the old release serves on, the report holds the health output, and nothing is left behind."""
    tiny.ok("ship")
    before = visit(tiny.server)[:2]
    running = containers(tiny.server)
    tiny.edit("server.py", "HEALTHY = True", "HEALTHY = False")
    tiny.commit("never healthy")
    error = tiny.refused(6, "ship")
    assert "web" in json.dumps(error)
    assert "503" in json.dumps(error["details"]), "the health output tells why"
    assert visit(tiny.server)[:2] == before
    assert containers(tiny.server) == running


def test_a_release_that_exits_at_start_is_refused_at_once(tiny: Workbench) -> None:
    """A crash is seen when it happens, not at the end of the start timeout; its last words are in the report."""
    tiny.ok("ship")
    tiny.edit(
        "server.py", 'print("listening", len(secret()), flush=True)', 'sys.exit("the disk is made of cheese")'
    )
    tiny.commit("crashes")
    tiny.ok("build")
    tiny.ok("scan")
    tiny.ok("publish")
    started = time.monotonic()
    error = tiny.refused(6, "deploy")
    assert time.monotonic() - started < 15, "the start timeout is 20 s"
    assert "made of cheese" in json.dumps(error["details"])


def test_a_migration_that_fails_stops_the_deploy(tiny: Workbench) -> None:
    """The old release serves on and the job's last lines are in the report."""
    tiny.ok("ship")
    before = visit(tiny.server)
    tiny.edit(
        "server.py",
        '    with Path("/state/migrations")',
        '    sys.exit("no such column: tentacle")\n    with Path("/state/migrations")',
    )
    tiny.commit("bad migration")
    error = tiny.refused(6, "ship")
    assert "tentacle" in json.dumps(error)
    assert visit(tiny.server) == before


def test_no_request_is_lost_over_a_deploy_and_a_rollback(tiny: Workbench) -> None:
    """Requests sent one after the other all through a good deploy, a refused one and a rollback are all answered."""
    first = tiny.git("rev-parse", "HEAD")
    tiny.ok("ship")
    tiny.edit("server.py", 'GREETING = "hello"', 'GREETING = "good evening"')
    second = tiny.commit("politer")
    seen: list[tuple[int, str]] = []
    leave = threading.Event()

    def look() -> None:
        deadline = time.monotonic() + 120
        while not leave.is_set() and time.monotonic() < deadline:
            status, release, _ = visit(tiny.server)
            seen.append((status, release))

    visitor = threading.Thread(target=look)
    visitor.start()
    try:
        tiny.ok("ship")
        tiny.ok("rollback")
        time.sleep(0.5)
    finally:
        leave.set()
        visitor.join()
    assert {status for status, _ in seen} == {200}
    assert {release for _, release in seen} == {first, second}
    assert seen[-1][1] == first


def test_a_changed_variable_restarts_only_its_reader(tiny: Workbench) -> None:
    """The store is carried over: same container before and after."""
    tiny.ok("ship")
    store = on_server(tiny.server, "docker", "inspect", "--format", "{{.Id}}", "tiny-store-1")
    tiny.edit(
        "fairlead.yaml", "    secrets: [canary]", "    secrets: [canary]\n    variables: {COLOUR: green}"
    )
    tiny.commit("green")
    tiny.ok("ship")
    assert "green" in visit(tiny.server)[2]
    assert on_server(tiny.server, "docker", "inspect", "--format", "{{.Id}}", "tiny-store-1") == store


def test_a_secret_is_in_no_log_no_argument_and_no_report(tiny: Workbench) -> None:
    """The canary's value is found in nothing but its own file on the server."""
    canary = tiny.secrets["canary"]
    printed = [
        str(tiny.ok("ship")),
        str(tiny.ok("plan")),
        str(tiny.ok("status")),
        str(tiny.ok("history")),
        str(tiny.ok("logs")),
    ]
    tiny.edit("server.py", "HEALTHY = True", "HEALTHY = False")
    tiny.commit("never healthy")
    printed.append(str(tiny.fairlead("ship")))
    assert not [text for text in printed if canary in text]
    work = subprocess.run(
        ["grep", "-rl", canary, "."], cwd=tiny.root, capture_output=True, text=True, check=False
    )
    assert work.stdout == ""
    found = on_server(
        tiny.server, "grep", "-rl", canary, "/srv/fairlead", "/tmp", "/dev/shm", "/home", check=False
    ).split()
    assert found, "the test would see it"
    assert all(path.startswith("/srv/fairlead/tiny/secrets/canary/") for path in found), found
    assert canary not in on_server(
        tiny.server, "sh", "-c", "docker inspect $(docker ps -aq); docker logs tiny-store-1 2>&1"
    )


def test_the_server_rolls_back_without_the_client(tiny: Workbench) -> None:
    """At 3 a.m., with GitHub down: the server's own command lists, rolls back and says what serves."""
    first = tiny.git("rev-parse", "HEAD")
    tiny.ok("ship")
    tiny.edit("server.py", 'GREETING = "hello"', 'GREETING = "good evening"')
    tiny.commit("politer")
    tiny.ok("ship")
    command = "/srv/fairlead/tiny/fairlead"
    assert "000002" in on_server(tiny.server, command, "history", user="deploy")
    on_server(tiny.server, command, "rollback", user="deploy")
    assert visit(tiny.server)[1] == first
    assert "000001" in on_server(tiny.server, command, "status", user="deploy")
