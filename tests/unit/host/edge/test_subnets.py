"""The networks of the edge take small ranges, where the engine comes last, and none that somebody has."""

from __future__ import annotations

import ipaddress
import itertools
import random
from collections.abc import Mapping
from typing import Any, Optional

import pytest

from fairlead.host.disk.place import Meeting
from fairlead.host.edge.meetings import make_networks
from fairlead.host.edge.subnets import Subnet, free_subnets, network_subnets, parse_routes
from fairlead.host.engine.api import EngineApi
from fairlead.host.wire.errors import EngineFault

ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
tun0\t00000000\t0100080A\t0003\t0\t0\t0\t00000080\t0\t0\t0
eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


def _network(text: str) -> Subnet:
    found = ipaddress.ip_network(text)
    assert isinstance(found, Subnet)
    return found


def test_a_hundred_apps_take_one_of_the_thirty_ranges_that_the_engine_has() -> None:
    taken: list[Subnet] = []
    for _ in range(128):
        taken.append(next(free_subnets((), taken)))
    assert {one.supernet(new_prefix=20) for one in taken} == {_network("192.168.240.0/20")}
    assert next(free_subnets((), taken)).subnet_of(_network("192.168.224.0/20"))


def test_nothing_that_somebody_has_is_taken() -> None:
    """Whatever networks and routes there are, big or small: no overlap, and always within the engine's own pools."""
    draw = random.Random(1)  # noqa: S311 - any ranges do
    pools = (
        {"Base": "10.201.0.0/16", "Size": 24},
        {"Base": "fd00::/8", "Size": 64},
        {"Base": "10.9.0.0/28", "Size": 28},
    )
    bases = [_network("10.201.0.0/16"), _network("10.9.0.0/28")]
    for _ in range(50):
        taken = [
            Subnet(
                (draw.choice((0x0AC90000, 0x0A090000)) + draw.randrange(1 << 16), draw.randint(17, 30)),
                strict=False,
            )
            for _ in range(draw.randint(0, 40))
        ]
        for found in itertools.islice(free_subnets(pools, taken), 20):
            assert not any(found.overlaps(one) for one in taken)
            assert any(found.subnet_of(base) for base in bases)
            assert found.prefixlen in (27, 28)
    assert list(free_subnets(pools, [_network("10.0.0.0/8")])) == []


def test_what_is_taken_is_read_from_networks_and_routes() -> None:
    """A way to half of the internet is a VPN's, and says nothing of who has these addresses."""
    assert list(parse_routes(ROUTES)) == [_network("192.168.0.0/16")]
    networks: tuple[dict[str, Any], ...] = (
        {"IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}, {"Subnet": "fd00::/64"}, {}]}},
        {"IPAM": {"Config": None}},
        {},
    )
    assert list(network_subnets(networks)) == [_network("172.17.0.0/16")]


class Full(EngineApi):
    """An engine whose ranges are all in use."""

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        *,
        body: Optional[Mapping[str, Any]] = None,
        timeout: float = 60.0,
    ) -> Any:
        if path == "/info":
            return {"DefaultAddressPools": [{"Base": "10.0.0.0/24", "Size": 24}]}
        assert (method, path) == ("GET", "/networks"), "nothing is made"
        return [{"Name": "somebody's", "IPAM": {"Config": [{"Subnet": "10.0.0.0/8"}]}}]


def test_the_app_for_which_no_range_is_left_is_told_so() -> None:
    with pytest.raises(
        EngineFault, match="no room for a network between the edge of this host and the app «board»"
    ) as caught:
        make_networks(Full(""), [Meeting("board", "0" * 40)])
    assert "default-address-pools" in caught.value.fix
