"""Address ranges for the networks of the edge: small ones, so that a host has room for more apps than for networks.

Left to itself the engine gives each network one of about thirty ranges, a thousand addresses or more. Those that it
would come to last are cut up here: nothing is taken that it would not have taken itself. Pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_PREFIX = 27
"""The edge, and two generations of a proxy with a dozen replicas."""
_WIDEST = 8
"""A route to more than that is somebody's way to everywhere (a VPN), and says nothing of who uses it."""
_DEFAULT_POOLS: tuple[Mapping[str, Any], ...] = (
    *({"Base": f"172.{number}.0.0/16", "Size": 16} for number in range(17, 32)),
    {"Base": "192.168.0.0/16", "Size": 20},
)
Subnet = ipaddress.IPv4Network


def free_subnets(pools: Iterable[Mapping[str, Any]], taken: Iterable[Subnet]) -> Iterator[Subnet]:
    """Small ranges out of the engine's pools (``/info``) that overlap with nothing taken, the last pool's first."""
    used = list(taken)
    for pool in reversed(list(pools) or _DEFAULT_POOLS):
        base = ipaddress.ip_network(str(pool["Base"]), strict=False)
        if isinstance(base, Subnet):
            for block in reversed(list(base.subnets(new_prefix=max(base.prefixlen, int(pool["Size"]))))):
                for small in block.subnets(new_prefix=max(block.prefixlen, _PREFIX)):
                    if not any(small.overlaps(one) for one in used):
                        yield small


def network_subnets(networks: Iterable[Mapping[str, Any]]) -> Iterator[Subnet]:
    """The IPv4 ranges that the engine's networks have, as it lists them."""
    for network in networks:
        for row in (network.get("IPAM") or {}).get("Config") or ():
            if row.get("Subnet"):
                found = ipaddress.ip_network(str(row["Subnet"]), strict=False)
                if isinstance(found, Subnet):
                    yield found


def parse_routes(table: str) -> Iterator[Subnet]:
    """The ranges that the host knows a way to, from the text of ``/proc/net/route``."""
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) > 7:
            address, mask = (int.from_bytes(bytes.fromhex(words[at]), "little") for at in (1, 7))
            prefix = bin(mask).count("1")
            if prefix >= _WIDEST:
                yield ipaddress.IPv4Network((address, prefix), strict=False)
