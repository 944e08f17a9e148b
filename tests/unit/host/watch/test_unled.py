"""What a program opens beside the ports that lead to it is seen when it runs, and told where somebody could call."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from fairlead.host.watch import unled
from fairlead.host.watch.listening import Listener
from fairlead.host.watch.unled import explain_unled, find_unled
from tests.unit.host.pretend import PretendEngine
from tests.unit.host.samples import container, release, service


def _listeners(*said: str) -> frozenset[Listener]:
    pairs = (one.rpartition(":") for one in said)
    return frozenset(Listener(ip_address(address), int(port)) for address, _, port in pairs)


def test_what_others_reach_and_nothing_leads_to_is_found() -> None:
    """Not what the kernel chose, nor what is open inside of the container only."""
    found = find_unled(
        _listeners("0.0.0.0:8000", ":::9000", "0.0.0.0:9100", "127.0.0.1:9200", "0.0.0.0:40123"), [8000, 9000]
    )
    assert found == [9100]


@pytest.mark.parametrize(
    ("caller", "api", "told"),
    [
        (service("app", "web"), {}, True),
        (service("ops", "web"), {}, True),
        (service("app", "web"), {"further": [9100]}, False),
        # It has its own way to it, nobody may call it, or they do not meet.
        (service("app", "web", calls=["api"]), {}, False),
        (service("state", "web"), {}, False),
        (service("app", "web", definition={"networks": {"data": None}}), {}, False),
    ],
)
def test_it_is_told_where_somebody_could_call(
    monkeypatch: pytest.MonkeyPatch, caller: dict[str, Any], api: dict[str, Any], told: bool
) -> None:
    monkeypatch.setattr(unled, "read_listeners", lambda *_: _listeners("0.0.0.0:8000", "0.0.0.0:9100"))
    services = {"caddy": service("proxy", "caddy"), "web": caller, "api": service("app", "api", **api)}
    made = release(services=services, volumes={}, routes={"api": 8000})
    words = explain_unled(PretendEngine(), made, made.services["api"], [container("api")])
    assert bool(words) == told
    assert not told or words.startswith("api listens at port 9100 too")
