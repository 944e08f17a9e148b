"""Several apps on one host: none knows of another, and none loses a request for another's sake."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from fairlead.host.engine.bounded import Bound
from fairlead.host.watch.tls import LoopbackConnection
from lab.load.plan import Part, Plan, Protocol, Target
from lab.load.run import Load
from lab.state import Server
from tests.e2e.conftest import copy_of
from tests.e2e.workbench import Workbench, containers, on_server
from tests.patience import PATIENCE

PROXY = """\
  caddy:
    <<: *hardened
    image: caddy:2.11.7
    user: "10001:10001"
    healthcheck:
      test: ["CMD", "caddy", "version"]
      interval: 10s
      timeout: 5s
      start_period: 10s
      start_interval: 500ms
    cap_add: [NET_BIND_SERVICE]
    command: [caddy, run, --config, /etc/caddy/Caddyfile, --adapter, caddyfile]
    ports: ["80:80"]
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile:ro"]
    tmpfs: [/data, /config]
    networks: [edge]
    restart: unless-stopped
    stop_grace_period: 10s
    x-fairlead: {role: proxy}
  store:
"""
CADDYFILE = "import /fairlead/switch.caddy\n:80 {\n\theader X-Proxy %s\n\timport switch web 8000\n}\n"
PARTS = (Part(Protocol.H1, rate=20, clients=8), Part(Protocol.H2, rate=20, clients=8))


def _own_proxy(bench: Workbench, mark: str) -> None:
    """Give the app a Caddy of its own, whose answers say ``mark``."""
    bench.edit("compose.yaml", '    ports: ["80:8000"]\n', "")
    bench.edit("compose.yaml", "  store:\n    <<", f"{PROXY}    <<")
    (bench.root / "Caddyfile").write_text(CADDYFILE % mark)


def _behind(bench: Workbench, url: str) -> None:
    bench.edit(
        "fairlead.yaml", f"    url: http://{bench.server.address}\n", f"    url: {url}\n    edge: true\n"
    )


def _ask(server: Server, name: str, *, tls: bool) -> tuple[int, dict[str, str]]:
    """Status and headers of ``/`` by a hostname, at the server's usual ports."""
    connection = LoopbackConnection(server.address, 443 if tls else 80, name, Bound(10), tls=tls)
    try:
        connection.request("GET", "/", headers={"Host": name})
        answer = connection.getresponse()
        answer.read()
        return answer.status, dict(answer.getheaders())
    finally:
        connection.close()


def _kill_when(server: Server, app: str, moment: Callable[[], bool]) -> None:
    """Kill the agent that holds the app's lock, as soon as it is so."""
    deadline = time.monotonic() + PATIENCE
    while not moment():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    holder = json.loads(on_server(server, "cat", f"/srv/fairlead/{app}/lock"))
    on_server(server, "kill", "-KILL", str(holder["pid"]))


@pytest.fixture
def shop(published: Workbench, tiny: Workbench, tmp_path: Path) -> Workbench:
    """Another app of the same make, for the same server."""
    bench = copy_of(published, tmp_path / "other")
    bench.edit("fairlead.yaml", "app: tiny\n", "app: shop\n")
    bench.edit("compose.yaml", "name: tiny\n", "name: shop\n")
    return bench


@pytest.mark.long
def test_apps_come_and_go_behind_the_edge_and_the_first_loses_nothing(
    tiny: Workbench, shop: Workbench
) -> None:
    """From an app that holds port 80 itself, over an agent killed in the middle, to a proxy replaced under load."""
    server = tiny.server
    _own_proxy(tiny, "old")
    tiny.ok("deploy")
    error = shop.refused(6, "deploy")
    assert "by the app «tiny»" in error["why"]
    assert "`edge: true`" in error["fix"]

    _behind(tiny, "https://tiny.lab.test")
    deploy = Thread(target=tiny.fairlead, args=("deploy",))
    deploy.start()
    script = "test -e /srv/fairlead/edge/compose.json && echo yes || true"
    _kill_when(server, "tiny", lambda: "yes" in on_server(server, "sh", "-c", script))
    deploy.join()
    tiny.ok("deploy")
    assert _ask(server, "tiny.lab.test", tls=True)[0] == 200
    assert _ask(server, "tiny.lab.test", tls=False)[1]["Location"] == "https://tiny.lab.test/"

    load = Load(
        Plan(Target(True, server.address, 443, "tiny.lab.test"), PARTS, seconds=600), "https://tiny", 1
    )
    try:
        _behind(shop, "http://shop.lab.test")
        shop.ok("deploy")
        assert _ask(server, "shop.lab.test", tls=False)[0] == 200
        told = shop.ok("--json", "remove", "--yes", "--volumes").document
        assert (told["was_serving"], told["volumes_kept"]) == ("000002", []), "000001 was refused"
        assert _ask(server, "shop.lab.test", tls=False)[0] == 404
        (tiny.root / "Caddyfile").write_text(CADDYFILE % "new")
        tiny.ok("deploy")
        assert _ask(server, "tiny.lab.test", tls=True)[1]["X-Proxy"] == "new"
        load.stop()
        report = load.report()
    except BaseException:
        load.kill()
        raise
    assert report.failed == 0, report.document
    assert report.tally().requests > 100

    tiny.edit(
        "fairlead.yaml",
        "    url: https://tiny.lab.test\n    edge: true\n",
        f"    url: http://{server.address}\n",
    )
    tiny.ok("deploy")
    assert _ask(server, server.address, tls=False)[0] == 200, "the only app of a host may have its ports back"
    assert "fairlead-edge-1" not in containers(server)
    tiny.ok("rollback")
    assert _ask(server, "tiny.lab.test", tls=True)[0] == 200

    assert _ask(server, "nobody.lab.test", tls=False)[0] == 404
    with pytest.raises(ssl.SSLError):
        _ask(server, "nobody.lab.test", tls=True)
    assert [name for name in containers(server) if "shop" in name] == []
    tiny.ok("remove", "--yes")
    assert containers(server) == []
    with pytest.raises((OSError, http.client.HTTPException)):
        _ask(server, "tiny.lab.test", tls=False)
