"""What the owner of one app can do to another that stands behind the same edge."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fairlead.host.edge.claims import read_claim, read_hosts
from fairlead.host.edge.meetings import read_meeting
from fairlead.host.wire.result import Result
from tests.integration.host.street import Street, open_street

AUTHORITY = "acme-v02.api.letsencrypt.org"
SPY = """\
import /fairlead/switch.caddy
http://:80 {{
{ways}	import switch web 8000
}}
"""
WAY = "\thandle /{number} {{\n\t\treverse_proxy {target} {{\n\t\t\ttransport http {{\n\t\t\t\tdial_timeout 1s\n\t\t\t}}\n\t\t}}\n\t}}\n"


@pytest.fixture(scope="module")
def street(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A host whose app `board` stands behind the edge."""
    root = tmp_path_factory.mktemp("street")
    with pytest.MonkeyPatch.context() as patch, open_street(root, image, patch) as made:
        made.serve("board", made.sheet("board", 1))
        yield made


def _in_network(street: Street, app: str) -> dict[str, dict[str, Any]]:
    """Who is in the network of an app and the edge: by name, as the engine has them there."""
    meeting = read_meeting(street.place, street.app(app).app)
    assert meeting is not None
    inside = street.engine.get(f"/networks/{meeting.network}")["Containers"]
    found = {}
    for one in inside:
        raw = street.engine.inspect(one)
        assert raw is not None
        found[raw["Name"].lstrip("/")] = raw["NetworkSettings"]["Networks"][meeting.network]
    return found


def test_the_names_of_another_apps_proxy(street: Street) -> None:
    """Gives its proxy's service, hostname, container and alias the names of another's and of the certificates' authority.

    Holds: in the network where it meets the edge a proxy has names of Fairlead's choosing alone, one with a token that
    is made on the host; all requests reach the app that they are meant for.
    """
    claim = read_claim(street.place, street.app("board").app)
    assert claim is not None
    sheet = street.sheet(
        "shop",
        1,
        proxy=AUTHORITY,
        hostname=claim.name,
        domainname="letsencrypt.org",
        container_name=claim.name,
        networks={"default": {"aliases": [claim.name, AUTHORITY]}},
    )
    street.serve("shop", sheet)
    inside = _in_network(street, "shop")
    (own,) = (name for name in inside if name != street.edge.name)
    shop = read_claim(street.place, street.app("shop").app)
    assert shop is not None
    known = {name for name in inside[own]["DNSNames"] if name != own and len(name) != 12}
    assert known == {shop.name, "fairlead-front"}
    for number in range(30):
        assert street.ask("board.example.com") == (200, "board 1"), number
    assert street.ask("shop.example.com") == (200, "shop 1")


def test_the_way_to_another_apps_proxy(street: Street) -> None:
    """Has its proxy ask another's by address and name, the edge's inner ports, and the admin sockets of both.

    Holds: its network has nobody in it but itself and the edge, which answers it as it answers any stranger; nothing
    else is reached.
    """
    if read_meeting(street.place, street.app("shop").app) is None:
        street.serve("shop", street.sheet("shop", 2))
    board, own = _in_network(street, "board"), _in_network(street, "shop")
    assert set(board) & set(own) == {street.edge.name}
    assert (len(board), len(own)) == (2, 2)
    (proxy,) = (one for name, one in board.items() if name != street.edge.name)
    claim = read_claim(street.place, street.app("board").app)
    assert claim is not None
    edge = own[street.edge.name]["IPAddress"]
    targets = [
        f"{proxy['IPAddress']}:80",
        f"{claim.name}:80",
        f"{board[street.edge.name]['IPAddress']}:80",
        f"{edge}:9180",
        f"{edge}:2019",
        "unix//fairlead/../edge/run/admin.sock",
        f"unix/{street.place.admin_socket}",
        f"unix/{street.app('board').paths.run}/admin.sock",
    ]
    ways = "".join(WAY.format(number=number, target=target) for number, target in enumerate(targets))
    street.serve("shop", street.sheet("shop", 3, caddyfile=SPY.format(ways=ways)))
    with ThreadPoolExecutor(len(targets)) as pool:
        # At once: most of these ways are tried until time is over.
        asked = pool.map(lambda number: street.ask("shop.example.com", f"/{number}")[0], range(len(targets)))
        answers = dict(zip(targets, asked, strict=True))
    assert not {target: status for target, status in answers.items() if status not in (502, 504)}
    assert street.place.home.stat().st_mode & 0o777 == 0o750
    assert street.ask("shop.example.com") == (200, "shop 3")


def test_a_hostname_at_the_same_moment(street: Street) -> None:
    """Deploys with the hostname that another app claims at the same moment, both seeing it free.

    Holds: one of the two has it and serves; the other is refused with 2, keeps nothing of what it took on the way, and
    what it served before, it serves still.
    """
    street.serve("shop", street.sheet("shop", 4))
    before = {"board": 1, "shop": 4}
    gate = threading.Barrier(2)
    results: dict[str, Result] = {}

    def deploy(app: str) -> None:
        sheet = street.sheet(app, 5, f"{app}.example.com", f"also-{app}.example.com", "wanted.example.com")
        gate.wait()
        results[app] = street.app(app).deploy(sheet)

    threads = [threading.Thread(target=deploy, args=(app,)) for app in ("board", "shop")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = (app for app, result in results.items() if result.status == "live")
    (loser,) = set(results) - {winner}
    assert results[loser].exit == 2
    assert f"is served by the app «{street.app(winner).app}»" in str(results[loser].error)
    assert street.ask("wanted.example.com") == (200, f"{winner} 5")
    assert street.ask(f"{loser}.example.com") == (200, f"{loser} {before[loser]}")
    assert street.ask(f"also-{loser}.example.com")[0] == 404
    held = {name for name, app in read_hosts(street.place).items() if app == street.app(loser).app}
    assert held == {f"{loser}.example.com"}
