"""The short form of ``ports``. Pure.

Source: ``ParsePortConfig`` of compose-go and ``nat.ParsePortSpec`` of go-connections.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.yaml_nodes import Node

_PROTOCOLS = frozenset({"tcp", "udp", "sctp"})
_MAX_PORT = 65535
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - what Compose takes for a missing address


def parse_port(text: str) -> list[dict[str, Any]] | None:
    """What ``127.0.0.1:8000-8001:80-81/tcp`` publishes, an entry a container port; None if it can't be read."""
    head, _, container = text.rpartition(":")
    address, _, host = head.rpartition(":")
    number, slash, protocol = container.partition("/")
    protocol = protocol.partition("/")[0].lower() if slash and protocol.partition("/")[0] else "tcp"
    ip = _address(address)
    inner = parse_range(number)
    outer = parse_range(host) if host else (0, 0)
    if ip is None or inner is None or outer is None or protocol not in _PROTOCOLS:
        return None
    count = inner[1] - inner[0]
    if host and outer[1] - outer[0] != count and count:
        return None
    entries = []
    for offset in range(count + 1):
        published = str(outer[0] + offset) if host else ""
        if not count and outer[0] != outer[1]:
            published = f"{published}-{outer[1]}"
        entry = {"mode": "ingress", "host_ip": ip, "target": inner[0] + offset, "published": published}
        entries.append({key: value for key, value in {**entry, "protocol": protocol}.items() if value})
    return sorted(entries, key=lambda entry: f"{entry.get('target', 0)}/{protocol}")


def count_ports(text: str) -> int:
    """How many container ports a short form names; 0 if it can't be read."""
    inner = parse_range(text.rpartition(":")[2].partition("/")[0])
    return 0 if inner is None else inner[1] - inner[0] + 1


def parse_range(text: str) -> tuple[int, int] | None:
    """``80`` or ``80-90`` as first and last."""
    first, dash, rest = text.partition("-")
    last = rest.partition("-")[0] if dash else first
    if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
        return None
    if len(first) > 6 or len(last) > 6 or int(first) > _MAX_PORT or int(last) > _MAX_PORT:
        return None
    return (int(first), int(last)) if int(last) >= int(first) else None


def _address(text: str) -> str | None:
    """An IP address, IPv6 in brackets or not; None if it is none."""
    if not text:
        return ""
    if text.startswith("["):
        inner, bracket, rest = text[1:].partition("]")
        if not bracket or rest or not inner:
            return None if inner or rest or not bracket else ""
        text = inner
    elif ":" in text:
        # As in `::1:80:80`: without brackets, its end can't be told.
        return None
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return None
    return text


def port_key(node: Node) -> str | None:
    """What two entries of ``ports`` share when one replaces the other."""
    value = node.value
    if isinstance(value, dict):
        if "target" not in value:
            return None
        parts = (value.get("host_ip", _EVERYWHERE), value.get("published", ""), value["target"])
        return f"{':'.join(str(part) for part in parts)}/{value.get('protocol', 'tcp')}"
    return str(value) if isinstance(value, (str, int)) else None
