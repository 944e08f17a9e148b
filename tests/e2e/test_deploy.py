"""The main road, from a commit to a release that serves, and what happens off it."""

from __future__ import annotations

import json
import subprocess
import threading
import time

import pytest

from lab.fault.inflict import inflicted
from lab.fault.plan import Fault
from lab.vulnerabilities import render_leaky
from tests.e2e.workbench import Workbench, containers, on_server, visit
from tests.lab import own_server


def test_a_commit_becomes_a_release_that_serves(tiny: Workbench) -> None:
    """`ship` builds, scans, publishes and deploys; the answer comes from this very commit. A second run does nothing."""
    tiny.edit("server.py", 'GREETING = "hello"', 'GREETING = "good evening"')
    # A package that is known for a flaw, too mild for the policy.
    (tiny.root / "lab-low").write_text(render_leaky("lab-low"))
    tiny.edit("Dockerfile", "COPY server.py", "COPY lab-low /var/lib/dpkg/status.d/\nCOPY server.py")
    revision = tiny.commit("politer")
    printed = str(tiny.ok("ship"))
    status, release, body = visit(tiny.server)
    assert (status, release) == (200, revision)
    assert body.startswith("good evening")
    assert "migrations=1" in body
    assert tiny.ok("--json", "status").document["schema"].startswith("fairlead.")
    before = containers(tiny.server)
    printed += str(tiny.ok("ship"))
    assert containers(tiny.server) == before
    assert "migrations=1" in visit(tiny.server)[2]
    assert tiny.secrets["canary"] not in printed
    # Root's console at 3 a.m. leaves nothing that the next deploy, which is another user's, could not read.
    on_server(tiny.server, "/srv/fairlead/tiny/fairlead", "repair")
    roots = on_server(tiny.server, "find", "/srv/fairlead", "-user", "root", "-not", "-type", "s")
    assert roots == "", "what is no socket of a container's is not root's"
    _go_back_to_what_is_gone(tiny, revision)


def _go_back_to_what_is_gone(tiny: Workbench, revision: str) -> None:
    """A cold rollback: image and container of the release before are gone, and come back by digest."""
    tiny.git("checkout", "--quiet", "HEAD~1")
    ended = tiny.ok("--json", "deploy", "--allow-older")
    assert "web: 1 package changed; vulnerabilities: 1 fixed (LOW)" in ended.stderr
    (image,) = ended.document["changes"]["images"]
    assert [(one["id"], one["package"]) for one in image["contents"]["fixed"]["listed"]] == [
        ("CVE-2099-0004", "lab-low")
    ]
    assert "web" in {one["service"] for one in ended.document["data"]["actions"]}
    before = visit(tiny.server)
    assert before[1] != revision
    name = "tiny-000001-web-000001-1"
    remove = f"image=$(docker inspect -f '{{{{.Image}}}}' {name}) && docker rm {name} && docker rmi -f $image"
    on_server(tiny.server, "sh", "-c", remove)
    with inflicted(tiny.lab, own_server(1), Fault.REGISTRY):
        assert "cannot pull" in tiny.refused(6, "rollback")["what"]
        assert visit(tiny.server) == before
    tiny.ok("rollback")
    assert visit(tiny.server)[1] == revision


def test_a_release_that_is_never_healthy_is_refused(live: Workbench) -> None:
    """Exit 6, the old release serves on, the report holds the health output, and nothing is left behind."""
    before = visit(live.server)[:2]
    running = containers(live.server)
    live.edit("fairlead.yaml", "start_timeout: 20s", "start_timeout: 6s")
    live.vary(FAULT="sick")
    error = live.refused(6, "deploy")
    assert "web" in json.dumps(error)
    assert "503" in json.dumps(error["details"]), "the health output tells why"
    assert visit(live.server)[:2] == before
    assert containers(live.server) == running


@pytest.mark.long
def test_a_release_that_exits_at_start_is_refused_at_once(live: Workbench) -> None:
    """A crash is seen when it happens, not at the end of the start timeout; its last words are in the report."""
    live.edit("fairlead.yaml", "start_timeout: 20s", "start_timeout: 10m")
    live.vary(FAULT="crash")
    started = time.monotonic()
    error = live.refused(6, "deploy")
    assert time.monotonic() - started < 300
    assert "made of cheese" in json.dumps(error["details"])


@pytest.mark.long
def test_a_migration_that_fails_stops_the_deploy(live: Workbench) -> None:
    """The old release serves on and the job's last lines are in the report."""
    before = visit(live.server)
    live.vary(FAULT="migration")
    error = live.refused(6, "deploy")
    assert "tentacle" in json.dumps(error)
    assert visit(live.server) == before


def test_no_request_is_lost_over_a_deploy_and_a_rollback(live: Workbench) -> None:
    """Requests sent one after the other all through a deploy and a rollback are all answered; the store is carried over."""
    store = on_server(live.server, "docker", "inspect", "--format", "{{.Id}}", "tiny-store-1")
    plain = visit(live.server)[2]
    seen: list[tuple[int, str]] = []
    leave = threading.Event()

    def look() -> None:
        deadline = time.monotonic() + 120
        while not leave.wait(0.01) and time.monotonic() < deadline:
            status, _, body = visit(live.server)
            seen.append((status, body))

    visitor = threading.Thread(target=look)
    visitor.start()
    try:
        live.vary(COLOUR="green")
        live.ok("deploy")
        live.ok("rollback")
        time.sleep(0.5)
    finally:
        leave.set()
        visitor.join()
    assert {status for status, _ in seen} == {200}
    assert {"green" in body for _, body in seen} == {True, False}
    assert seen[-1][1] == plain
    assert on_server(live.server, "docker", "inspect", "--format", "{{.Id}}", "tiny-store-1") == store


def test_a_secret_is_in_no_log_no_argument_and_no_report(live: Workbench) -> None:
    """The canary's value is found in nothing but its own file on the server."""
    canary = live.secrets["canary"]
    printed = [str(live.ok(verb)) for verb in ("plan", "status", "history", "logs")]
    live.vary(FAULT="crash")
    printed.append(str(live.fairlead("deploy")))
    assert not [text for text in printed if canary in text]
    work = subprocess.run(
        ["grep", "-rl", canary, "."], cwd=live.root, capture_output=True, text=True, check=False
    )
    assert work.stdout == ""
    found = on_server(
        live.server, "grep", "-rl", canary, "/srv/fairlead", "/tmp", "/dev/shm", "/home", check=False
    ).split()
    assert found, "the test would see it"
    assert all(path.startswith("/srv/fairlead/tiny/secrets/canary/") for path in found), found
    assert canary not in on_server(
        live.server, "sh", "-c", "docker inspect $(docker ps -aq); docker logs tiny-store-1 2>&1"
    )


@pytest.mark.long
def test_a_secret_of_a_program_is_a_variable_of_the_container(live: Workbench) -> None:
    """What `cat` prints here is in the environment of who asks for it, and in no file but its own; `plan` says so."""
    value = "postgres://app:v4riable-9d2a@db/app"
    (live.root / "value").write_text(f"{value}\n")
    health = "x-fairlead: {health: {path: /health}"
    live.edit("compose.yaml", health, f"{health}, secret_environment: {{DATABASE_URL: database_url}}")
    live.edit(
        "fairlead.yaml",
        "environments:",
        "secrets: {each: {database_url: {command: [cat, value]}}}\nenvironments:",
    )
    printed = [str(live.ok(verb)) for verb in ("plan", "deploy", "history", "logs")]
    assert "DATABASE_URL has its value from a secret: `docker inspect`" in printed[0]
    assert not [text for text in printed if "v4riable" in text]
    serving = live.ok("--json", "deploy").document["serving"]
    (web,) = containers(live.server, f"name=web-{serving}")
    read = 'import os; print(os.environ["DATABASE_URL"], end="")'
    assert on_server(live.server, "docker", "exec", web, "python3", "-c", read) == value
    words = ("grep", "-rl", "v4riable", "/srv/fairlead", "/tmp", "/dev/shm", "/home")
    (found,) = on_server(live.server, *words, check=False).split()
    assert found.startswith("/srv/fairlead/tiny/secrets/database_url/")


@pytest.mark.long
def test_one_service_is_deployed_alone(live: Workbench) -> None:
    """`--only`: what is named gets its new definition, the store runs on though its own has changed."""
    store = on_server(live.server, "docker", "inspect", "--format", "{{.Id}}", "tiny-store-1")
    live.edit("compose.yaml", "stop_grace_period: 60s", "stop_grace_period: 50s")
    live.vary(COLOUR="violet")
    assert "did you mean web?" in live.refused(2, "plan", "--only", "wbe")["fix"]
    plan = live.ok("--json", "plan", "--only", "web").document
    told = {one["service"]: (one["action"], one["reason"]) for one in plan["actions"]}
    assert (told["store"], told["web"][0]) == (
        ("keep", "it has changed, and --only does not name it: it stays as it is"),
        "start",
    )
    live.ok("deploy", "--only", "web")
    assert "violet" in visit(live.server)[2]
    assert on_server(live.server, "docker", "inspect", "--format", "{{.Id}}", "tiny-store-1") == store
    assert "has changed, and it keeps data" in live.refused(2, "deploy")["what"]


@pytest.mark.long
def test_a_secret_is_rotated_in_one_step(live: Workbench) -> None:
    """The new value comes on standard input; then the old one is nowhere on the server, and cannot come back."""
    old, new = live.secrets["canary"], "rotated-77c2-in-no-log"
    live.ok("deploy")
    before = visit(live.server)
    store = on_server(live.server, "docker", "inspect", "--format", "{{.Id}}", "tiny-store-1")
    ended = live.fairlead("secrets", "set", "canary", stdin=f"{new}\n")
    assert (ended.code, new in str(ended)) == (0, False), ended
    assert visit(live.server) == before, "the same images, and no migration"
    assert on_server(live.server, "docker", "inspect", "--format", "{{.Id}}", "tiny-store-1") == store
    for value, number in ((old, 0), (new, 1)):
        words = ("grep", "-rl", value, "/srv/fairlead", "/tmp", "/dev/shm", "/home")
        assert len(on_server(live.server, *words, check=False).split()) == number
    (web,) = containers(live.server, "name=web")
    read = ("docker", "exec", web, "cat", "/run/secrets/canary")
    assert on_server(live.server, *read) == new
    assert "an old value of the secret canary" in live.refused(2, "deploy")["what"]
    serving = live.ok("--json", "rollback", "--reason", "the old one was fine").document["serving"]
    assert live.ok("--json", "history").document["history"][0]["reason"] == "the old one was fine"
    (web,) = containers(live.server, f"name=web-{serving}")
    assert on_server(live.server, "docker", "exec", web, "cat", "/run/secrets/canary") == new
    unknown = live.refused(2, "secrets", "set", "canari", "--configured", env={"FAIRLEAD_SECRET_CANARI": "x"})
    assert "did you mean canary?" in unknown["fix"]
    # On purpose, the old value can be had back.
    live.ok("secrets", "set", "canary", "--configured")
    assert live.ok("--json", "deploy").document["status"] == "unchanged"


@pytest.mark.long
def test_the_server_rolls_back_without_the_client(live: Workbench) -> None:
    """At 3 a.m., with GitHub down: the server's own command lists, rolls back and says what serves."""
    command = "/srv/fairlead/tiny/fairlead"
    plain = on_server(live.server, "readlink", "/srv/fairlead/tiny/live").strip()[-6:]
    live.vary(COLOUR="blue")
    live.ok("deploy")
    assert "blue" in visit(live.server)[2]
    assert plain in on_server(live.server, command, "history", user="deploy")
    on_server(live.server, command, "rollback", "--reason", "blue is gloomy", user="deploy")
    assert "blue is gloomy" in on_server(live.server, command, "history", user="deploy")
    assert "blue" not in visit(live.server)[2]
    assert plain in on_server(live.server, command, "status", user="deploy")
