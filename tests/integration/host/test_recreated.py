"""What is recreated is proved as what is rolled is; when it is not fit, the one before is back, with its data."""

from __future__ import annotations

import subprocess
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.__main__ import main
from fairlead.host.disk.routes import read_live
from fairlead.host.door.maintaining import ask_for_page
from fairlead.host.engine.engine import Engine
from fairlead.host.state.maintenance import end_maintenance, start_maintenance
from fairlead.host.state.shown import show_state
from fairlead.host.state.state import read_state
from fairlead.host.watch.patience import wait_until
from fairlead.host.wire.page import WantedPage
from fairlead.host.wire.result import Result
from tests.integration.host.sheet import HOLDING, Sheet, keeping
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE
from tests.ports import free_ports

_STOPPABLE = "admin 0.0.0.0:2019 {\n\t\torigins *\n\t}"


def _sheet(stage: Stage, number: int, text: str | None = None, **changes: Any) -> Sheet:
    sheet = stage.sheet(number)
    sheet.kept(text, **changes)
    # As most apps have it: nobody wrote down what to ask.
    sheet.extra["probes"] = []
    sheet.proxy(HOLDING)
    return sheet


def _impatient(sheet: Sheet) -> Sheet:
    """What never answers well is not waited for as long as what has to."""
    sheet.start_timeout = 3
    return sheet


def _on_loopback(stage: Stage, number: int) -> Sheet:
    text = keeping(f"{number}" * 40, "http://:8000").replace("{\n\theader", "{\n\tbind 127.0.0.1\n\theader")
    return _impatient(_sheet(stage, number, text))


def _crashing(stage: Stage, number: int) -> Sheet:
    return _sheet(stage, number, definition={"command": ["/caddy", "run", "--config", "/missing"]})


def _failing(stage: Stage, number: int) -> Sheet:
    """Its users get the errors meanwhile: it is not given the whole of its time."""
    return _sheet(stage, number, keeping(f"{number}" * 40, status=500))


def _busy(stage: Stage, number: int) -> Sheet:
    """Who says that he is not ready yet may become so: he is."""
    return _impatient(_sheet(stage, number, keeping(f"{number}" * 40, status=503)))


def _failing_in_public(stage: Stage, number: int) -> Sheet:
    """What nobody asks by itself is asked as users do."""
    text = keeping(f"{number}" * 40, status=500)
    return _sheet(stage, number, text, health=None, gate="running")


def _keep(stage: Stage, content: str, folder: Path) -> None:
    """Put a file into the volume, through the container that serves."""
    file = folder / "kept"
    file.write_text(content)
    subprocess.run(
        ["docker", "cp", str(file), f"{stage.app}-web-1:/data/kept"], check=True, capture_output=True
    )


def _get(stage: Stage, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}{path}", timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def _refused(stage: Stage, result: Result, *why: str) -> None:
    """For any of these reasons."""
    told = f"{result.error}"
    assert (result.exit, result.serving) == (6, "000001"), (told, stage.notes())
    assert result.status in ("refused", "reverted")
    assert any(one in told for one in why), told
    assert _get(stage, "/") == "web 1111"
    assert _get(stage, "/data/kept") == "precious"


def _crashes_in_the_watch(stage: Stage, number: int) -> None:
    """The engine starts it again; that it had to is enough."""

    def crash() -> None:
        switched = f"{number:06}"
        assert wait_until(lambda: read_live(stage.paths) == switched, timeout=PATIENCE, poll=0.01)
        found = Engine.connect().inspect(f"{stage.app}-web-1")
        assert found is not None
        address = next(iter(found["NetworkSettings"]["Networks"].values()))["IPAddress"]
        request = urllib.request.Request(f"http://{address}:2019/stop", method="POST")
        urllib.request.urlopen(request, timeout=PATIENCE)

    sheet = _sheet(stage, number, keeping(f"{number}" * 40, options=_STOPPABLE))
    sheet.watch = {"window": 20}
    crashing = threading.Thread(target=crash)
    crashing.start()
    result = stage.deploy(sheet)
    crashing.join()
    assert result.error is not None
    assert result.error.service == "web"
    # Who asks first finds it closing, ended or started again.
    _refused(stage, result, "crashed and was restarted", "exited with code", "did not answer")


def test_an_app_with_data_that_is_not_fit(stage: Stage, tmp_path: Path) -> None:
    """However it fails, the one before serves again, on the same volume, and the result says so."""
    assert stage.deploy(_sheet(stage, 1)).status == "live", stage.events
    _keep(stage, "precious", tmp_path)
    for number, (make, why) in enumerate(
        (
            (_on_loopback, "did not answer"),
            (_crashing, "crashed"),
            (_failing_in_public, "answered 500 for 3 s on end"),
            (_busy, "answered 503"),
        ),
        2,
    ):
        result = stage.deploy(make(stage, number))
        _refused(stage, result, why)
        error = result.error
        assert error is not None
        assert "quoted here" in error.fix
        assert any(line.startswith("web: ") for line in error.details), error
        assert any("web" in note and "data are as" in note for note in stage.notes()), stage.notes()
    _crashes_in_the_watch(stage, 6)
    good = stage.deploy(_sheet(stage, 8))
    assert (good.status, _get(stage, "/"), _get(stage, "/data/kept")) == ("live", "web 8888", "precious")
    watch: Any = good.data["watch"]
    assert watch["probes"]["answered"] > 0
    # A commit that leaves its image as it is names the one that runs.
    runs = Engine.connect().inspect(f"{stage.app}-web-1")
    same = _sheet(stage, 9, keeping("8" * 40))
    same.services["web"]["revision"] = "8" * 40
    assert stage.deploy(same).status == "live"
    told = read_state(stage.paths, Engine.connect())
    (web,) = (one for one in show_state(told).services if one.service == "web")
    assert (told.live.release.revision if told.live else "", web.revision) == ("9" * 40, "8" * 40)
    assert web.running_digest == web.digest
    assert stage.rollback().status == "live"
    still = Engine.connect().inspect(f"{stage.app}-web-1")
    assert runs is not None
    assert still is not None
    assert (still["Id"], still["State"]["StartedAt"]) == (runs["Id"], runs["State"]["StartedAt"])


def test_a_first_release_that_is_not_fit_does_not_go_on_serving(stage: Stage) -> None:
    """Nothing serves, and nothing of it runs; the next attempt starts all that it needs."""
    result = stage.deploy(_impatient(_failing(stage, 1)))
    assert (result.exit, result.serving) == (6, None)
    assert "answered 500, expected 200" in f"{result.error}"
    assert stage.containers(running=False) == set()
    assert stage.deploy(_sheet(stage, 2)).serving == "000002"


@pytest.mark.long
def test_a_database_that_crashes_over_and_over(stage: Stage, fetch: Callable[[], str]) -> None:
    """It has no health check: that it has to stay up is asked of everything."""

    def sheet(number: int, command: list[str], **fields: Any) -> Sheet:
        made = stage.good(number)
        made.service("db", "state", definition={"command": command, "restart": "unless-stopped"}, **fields)
        return made

    runs = ["/check", "--", "/caddy", "run"]
    assert stage.deploy(sheet(1, runs)).status == "live", stage.events
    (warning,) = [
        one["text"]
        for one in stage.events
        if one.get("level") == "warning" and "nothing tells" in one["text"]
    ]
    assert "db" in warning
    crashing = stage.deploy(sheet(2, ["/check", "--", "/caddy", "nonsense"]), accept_recreate=["db"])
    assert (crashing.exit, crashing.serving) == (6, "000001"), crashing.error
    assert "db crashed" in f"{crashing.error}" or "db exited" in f"{crashing.error}"
    assert fetch() == "web 1111"
    silent = stage.deploy(sheet(3, [*runs, "--environ"], port=5432), accept_recreate=["db"])
    assert (silent.exit, silent.serving) == (6, "000001"), silent.error
    assert "5432" in f"{silent.error}"
    unasked = stage.deploy(sheet(4, [*runs, "--environ"]), accept_recreate=["db"], require_evidence=True)
    assert (unasked.exit, unasked.serving) == (6, "000001"), unasked.error
    assert "nothing tells" in f"{unasked.error}"


def test_an_app_in_the_network_of_the_host(stage: Stage, tmp_path: Path) -> None:
    """It has no address of its own: it is asked at the host's, and that is where the proxy leads."""
    (port,) = free_ports(1)
    gateway = Engine.connect().get("/networks/bridge")["IPAM"]["Config"][0]["Gateway"]
    definition = {
        "command": ["/caddy", "run", "--config", "/etc/site", "--adapter", "caddyfile"],
        "network_mode": "host",
        "volumes": [{"type": "volume", "source": "data", "target": "/data", "volume": {}}],
    }

    def sheet(number: int, status: int = 200) -> Sheet:
        made = _sheet(stage, number)
        made.start_timeout = 20 if status == 200 else 3
        text = keeping(f"{number}" * 40, f"http://:{port}", status=status)
        text = text.replace("{\n\theader", f"{{\n\tbind 127.0.0.1 {gateway}\n\theader")
        made.service(
            "web",
            "app",
            rollout="recreate",
            port=port,
            health={"path": "/", "status": 200},
            gate="http",
            definition=definition,
            mounts=[{"file": made.file(text), "target": "/etc/site", "read_only": True}],
        )
        del made.services["web"]["definition"]["networks"]
        made.proxy(
            HOLDING.replace("name web", "name host.docker.internal").replace("port 8000", f"port {port}")
        )
        made.services["caddy"]["definition"]["extra_hosts"] = {"host.docker.internal": "host-gateway"}
        return made

    assert stage.deploy(sheet(1)).status == "live", stage.events
    _keep(stage, "precious", tmp_path)
    _refused(stage, stage.deploy(sheet(2, status=500)), "answered 500")


@pytest.mark.long
def test_what_serves_already_is_asked_before_it_is_said_to_serve_and_replaced_in_no_gap(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same commit again, or `status`, and what serves does not answer: that is no success.

    While it is recreated, no request fails, with a body or without.
    """
    monkeypatch.setenv("FAIRLEAD_ROOT", str(stage.root))
    status = ("--app", stage.app, "status")
    assert stage.deploy(_sheet(stage, 1)).status == "live"
    assert main(status) == 0
    again = stage.deploy(_sheet(stage, 1))
    assert (again.status, again.exit) == ("unchanged", 0)
    Engine.connect().post(f"/containers/{stage.app}-web-1/pause")
    try:
        result = stage.deploy(_sheet(stage, 1))
        assert (result.status, result.exit, result.serving) == ("failed", 4, "000001")
        assert "did not answer" in f"{result.error}"
        assert main(status) == 4
    finally:
        Engine.connect().post(f"/containers/{stage.app}-web-1/unpause")
    _requests_wait(stage)


def _requests_wait(stage: Stage) -> None:
    fates: Counter[object] = Counter()
    over = threading.Event()

    def ask(body: bytes | None) -> None:
        while not over.wait(0.01):
            try:
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{stage.port}/", body, timeout=PATIENCE
                ) as answer:
                    fates[answer.status] += 1
            except OSError as error:
                fates[str(error)] += 1

    clients = [threading.Thread(target=ask, args=(body,)) for body in (None, b"x" * 1000)]
    for client in clients:
        client.start()
    try:
        result = stage.deploy(_sheet(stage, 2))
    finally:
        over.set()
        for client in clients:
            client.join()
    assert (result.status, set(fates)) == ("live", {200}), fates
    told = start_maintenance(stage.paths, WantedPage(), "alice")
    assert ask_for_page(read_state(stage.paths, Engine.connect()), told) == ([], [])
    end_maintenance(stage.paths, "alice")
    served, _ = ask_for_page(read_state(stage.paths, Engine.connect()), told)
    assert [text.rpartition(": ")[2] for text in served] == ["answered 200"]
