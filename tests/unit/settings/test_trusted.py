from __future__ import annotations

from ipaddress import ip_network

import pytest

from fairlead.settings.trusted import CLOUDFLARE, PRIVATE, trusted_networks


def test_names_stand_for_networks_and_an_address_for_itself() -> None:
    assert trusted_networks(["192.0.2.7", "cloudflare", "2001:db8::/32", "192.0.2.7"]) == (
        "192.0.2.7/32",
        *CLOUDFLARE,
        "2001:db8::/32",
    )


def test_private_is_what_no_packet_from_the_internet_comes_from() -> None:
    assert all(not ip_network(one).is_global for one in PRIVATE)


@pytest.mark.parametrize("said", ["0.0.0.0/0", "::/0", "", "10.0.0.1/8", "example.com", "10.0.0.0/33"])
def test_what_is_no_network_or_everybody_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        trusted_networks([said])
