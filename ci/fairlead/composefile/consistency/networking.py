"""Ports, addresses and host names of a container."""

from __future__ import annotations

from fairlead.composefile.consistency.ground import listed, mapping, plain_text
from fairlead.composefile.loader.ports import parse_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.composefile.consistency.ground import Container, Ground
    from fairlead.positions import ValuePath

_PORT_FIX = "write [ADDRESS:]HOST:CONTAINER[/udp], ports from 1 to 65535"
_MAX_PORT = 65535
_PROTOCOLS = frozenset({"", "tcp", "udp", "sctp"})
_BYTES_OF_MAC = (6, 8, 20)


def check_networking(ground: Ground, container: Container) -> None:
    """Ports, addresses and host names that can't be."""
    for index, port in enumerate(listed(container.value.get("ports"))):
        path = (*container.path, "ports", index)
        if isinstance(port, dict):
            _check_port(ground, container, port, path)
        elif isinstance(port, (str, int, float)):
            ground.fault(path, f'{container.name}: "{port}" is no port mapping', _PORT_FIX)
    for index, port in enumerate(listed(container.value.get("expose"))):
        if not isinstance(port, str):
            continue
        # The model has made text of it.
        node = ground.model.node((*container.path, "expose", index))
        is_float = node is not None and isinstance(node.value, float)
        if is_float or ("$" not in port and not parse_range(port.partition("/")[0])):
            what = f"{container.name}: {port} is no port to expose"
            ground.fault((*container.path, "expose", index), what, "write PORT or FIRST-LAST")
    _check_addresses(ground, container)
    _check_hosts(ground, container.path, container)
    _check_hosts(ground, (*container.path, "build"), container)


def _check_port(ground: Ground, container: Container, port: dict[str, Any], path: ValuePath) -> None:
    name = container.name
    target, published = port.get("target"), port.get("published")
    if "target" not in port:
        ground.fault(path, f"{name}: a port without a target", "add target: with the port in the container")
    elif isinstance(target, str) or (isinstance(target, int) and not 0 < target <= _MAX_PORT):
        ground.fault((*path, "target"), f"{name}: {target} is no port", _PORT_FIX)
    if published is not None and published != "" and not _is_published(published):
        ground.fault((*path, "published"), f"{name}: {published} is no port", _PORT_FIX)
    address = plain_text(port.get("host_ip"))
    if address and not is_address(address):
        ground.fault((*path, "host_ip"), f"{name}: {address} is no IP address")
    protocol = plain_text(port.get("protocol"))
    if protocol.lower() not in _PROTOCOLS:
        ground.fault((*path, "protocol"), f"{name}: {protocol} is no protocol", "write tcp, udp or sctp")


def _is_published(published: Any) -> bool:
    return isinstance(published, (str, int)) and parse_range(str(published)) is not None


def _check_addresses(ground: Ground, container: Container) -> None:
    for network, how in mapping(container.value.get("networks")).items():
        path = (*container.path, "networks", network)
        for key in ("ipv4_address", "ipv6_address"):
            address = plain_text(mapping(how).get(key))
            if address and (not is_address(address) or (":" in address) != (key == "ipv6_address")):
                ground.fault((*path, key), f"{container.name}: {address} is no {key.replace('_', ' ')}")
        _check_mac(ground, container, mapping(how).get("mac_address"), (*path, "mac_address"))
    _check_mac(ground, container, container.value.get("mac_address"), (*container.path, "mac_address"))


def _check_mac(ground: Ground, container: Container, mac: Any, path: ValuePath) -> None:
    text = plain_text(mac)
    parts = text.replace("-", ":").split(":")
    pairs = all(len(part) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in part) for part in parts)
    if text and not (pairs and len(parts) in _BYTES_OF_MAC):
        ground.fault(path, f"{container.name}: {text} is no MAC address", "write 02:42:ac:11:00:02")


def _check_hosts(ground: Ground, above: ValuePath, container: Container) -> None:
    value = container.value if above == container.path else mapping(container.value.get("build"))
    hosts = value.get("extra_hosts")
    if isinstance(hosts, dict):
        named = [(host, (*above, "extra_hosts", host)) for host in hosts]
    else:
        named = [
            (_host_of(text), (*above, "extra_hosts", index))
            for index, text in enumerate(map(plain_text, listed(hosts)))
        ]
    for host, path in named:
        if not host or any(character in host for character in ":="):
            fix = 'write "name=address"'
            ground.fault(path, f"{container.name}: an extra host is a name and an address", fix)


def _host_of(entry: str) -> str:
    """The name in ``name=address`` or ``name:address``; nothing if there is no address."""
    for separator in "=:":
        host, found, _address = entry.partition(separator)
        if found:
            return host
    return ""


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    parts = text.split(".")
    if len(parts) == 4 and all(part.isdecimal() and part.isascii() and len(part) <= 3 for part in parts):
        return all(str(int(part)) == part and int(part) < 256 for part in parts)
    if ":" not in text:
        return False
    import ipaddress

    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def is_subnet(text: str) -> bool:
    """Whether a text is an address with the length of its prefix, e.g. ``10.0.0.0/24``."""
    address, slash, length = text.partition("/")
    bits = 128 if ":" in address else 32
    return (
        is_address(address)
        and bool(slash)
        and length.isdecimal()
        and length.isascii()
        and len(length) <= 3
        and int(length) <= bits
    )
