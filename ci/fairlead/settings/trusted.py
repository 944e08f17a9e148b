"""Proxies in front of an app that end TLS: load balancers, CDNs. Which networks their word is heeded from. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network

CLOUDFLARE = (
    *("173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18"),
    *("108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17"),
    *("162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22"),
    *("2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2405:8100::/32"),
    *("2a06:98c0::/29", "2c0f:f248::/32"),
)
"""What https://www.cloudflare.com/ips-v4 and /ips-v6 list, compared with copies of it that others have.

Pinned, so that a deploy asks nobody whom to believe. One that is missing here makes redirects, never trust.
"""
PRIVATE = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
    *("fd00::/8", "::1/128"),
)
"""What no packet from the internet comes from: a load balancer in the same network, or on the same host."""
NAMES = {"cloudflare": CLOUDFLARE, "private": PRIVATE}


def trusted_networks(said: Iterable[str]) -> tuple[str, ...]:
    """The networks of what ``trusted_proxies`` says: addresses, networks, and names for many.

    Raises:
        ValueError: one is none of these, or is everybody.
    """
    found: dict[str, None] = {}
    for one in said:
        for network in NAMES.get(one, (one,)):
            found[_network(network)] = None
    return tuple(found)


def _network(text: str) -> str:
    network = ip_network(text)
    if network.prefixlen == 0:
        raise ValueError(f"{text} is everybody")
    return str(network)
