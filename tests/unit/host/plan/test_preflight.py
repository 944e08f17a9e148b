"""What a host must have, by what it says of itself."""

from __future__ import annotations

import ipaddress

import pytest

from fairlead.host.plan.preflight import (
    check_clock,
    compose_faults,
    engine_faults,
    listening_ports,
    parse_version,
    platform_faults,
    published_ports,
    subnet_faults,
)
from fairlead.host.run.phases.pull import explain_pull
from fairlead.host.run.proxy import validate_argv
from fairlead.host.wire.errors import EngineFault
from tests.unit.host.samples import release


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("26.1.5+dfsg1", (26, 1, 5)),
        ("v2.24.0", (2, 24, 0)),
        ("2.26.1-4", (2, 26, 1)),
        ("dev", (0,)),
        ("", (0,)),
    ],
)
def test_versions(text: str, version: tuple[int, ...]) -> None:
    """Distributions add what they like."""
    assert parse_version(text) == version


def test_old_engine_rootless_engine_old_compose() -> None:
    """Each is one clear line."""
    assert "24.0.7 is too old" in next(engine_faults({"Version": "24.0.7"}, {})).what
    assert "rootless" in next(engine_faults({"Version": "27.0"}, {"SecurityOptions": ["name=rootless"]})).what
    assert not list(
        engine_faults({"Version": "25.0.0"}, {"SecurityOptions": ["name=seccomp,profile=builtin"]})
    )
    assert "2.21.0 is too old" in next(compose_faults("2.21.0")).what
    assert not list(compose_faults("2.24.0"))


def test_other_architecture() -> None:
    """The service and what to do are named; a variant of the architecture is none other."""
    fault = next(platform_faults(release(), "linux", "arm64"))
    assert "no image for this host, which is linux/arm64" in fault.what
    assert not list(platform_faults(release(), "linux", "amd64"))


def test_clock() -> None:
    """A little behind is told, a day is refused."""
    now = float(release().revision_time)
    assert not list(check_clock(release(), now))
    assert list(check_clock(release(), now - 1000)) == ["the host's clock is 1000 s behind the commit's time"]
    with pytest.raises(EngineFault, match="hours behind"):
        list(check_clock(release(), now - 200_000))


def test_ports() -> None:
    """What listens is read from the kernel's table; what is wanted from the platform."""
    table = "  sl  local_address rem_address   st\n   0: 0100007F:1F90 00000000:0000 0A 0\n   1: 0100007F:1F91 00000000:0000 01 0\n"
    assert listening_ports([table]) == {8080}
    assert list(published_ports(release())) == [("caddy", 443)]


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (
            "Error response from daemon: unauthorized: authentication required",
            "the registry refused the login",
        ),
        ("Error response from daemon: manifest unknown", "it is not in the registry"),
        (
            "no matching manifest for linux/arm64 in the manifest list entries",
            "it has no image for this host's platform",
        ),
        ("dial tcp: connection refused", None),
    ],
)
def test_why_a_pull_failed(output: str, reason: str | None) -> None:
    """What another attempt will not change is told apart from what it may."""
    assert explain_pull(output) == reason


@pytest.mark.parametrize(
    ("definition", "image", "argv"),
    [
        ({}, {"Cmd": ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]},
         ("caddy", "validate", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile")),
        ({"command": ["caddy", "run", "--config", "/x", "--watch", "--resume"]}, {}, ("caddy", "validate", "--config", "/x")),
        ({"command": ["run", "--config=/x"]}, {"Entrypoint": ["/usr/bin/caddy"]}, ("/usr/bin/caddy", "validate", "--config=/x")),
        ({"command": ["nginx"]}, {}, None),
        ({"entrypoint": ["/start.sh"]}, {"Cmd": ["caddy", "run"]}, None),
    ],
)  # fmt: skip
def test_how_a_proxy_is_tried(
    definition: dict[str, object], image: dict[str, object], argv: tuple[str, ...] | None
) -> None:
    """The same command, as `validate`; what is not Caddy as known here is not tried."""
    assert validate_argv(definition, image) == argv


def _route(subnet: str, gateway: str = "00000000") -> str:
    network = ipaddress.IPv4Network(subnet)
    address, mask = (
        int(one).to_bytes(4, "little").hex().upper() for one in (network.network_address, network.netmask)
    )
    return f"eth0\t{address}\t{gateway}\t0001\t0\t0\t0\t{mask}\t0\t0\t0\n"


ROUTES = "Iface\n" + "".join(map(_route, ("0.0.0.0/0", "10.0.0.0/24", "172.30.0.0/16", "172.31.0.0/16")))


@pytest.mark.parametrize(
    ("subnet", "told"),
    [
        ("10.0.0.0/29", "10.0.0.0/24"),
        ("10.0.0.0/16", "10.0.0.0/24"),
        ("172.31.5.0/24", "172.31.0.0/16"),
        ("172.30.0.0/16", ""),
        ("172.30.1.0/24", ""),
        ("192.168.9.0/24", ""),
        ("fd00::/64", ""),
        ("nonsense", ""),
    ],
)
def test_a_network_takes_no_addresses_that_the_host_reaches_otherwise(subnet: str, told: str) -> None:
    """Its own network of before has a route as well; the way to everywhere is none to anybody in particular."""
    made = release(networks={"edge": {"ipam": {"config": [{"subnet": subnet}]}}, "data": {}})
    networks = [{"Name": "board_edge", "IPAM": {"Config": [{"Subnet": "172.30.0.0/16"}]}}]
    faults = [fault.what for fault in subnet_faults(made, networks, ROUTES)]
    assert [told in fault for fault in faults] == ([True] if told else [])
