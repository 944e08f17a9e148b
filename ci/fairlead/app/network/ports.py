"""Which port of a service answers HTTP, and which request tells its health: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from fairlead.app.images.dockerfile import DockerfileFacts
from fairlead.app.model import Health
from fairlead.quick.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TLS_PORTS = frozenset({443, 8443})
OTHER_PROTOCOLS = frozenset({21, 22, 23, 25, 53, 110, 143, 465, 587, 993, 995, 1883, 8883})
"""Container ports that are known to speak something else than HTTP, beside those of databases."""
GRPC_PORTS = frozenset({4317, 6334, 14250, 50051})
"""Container ports that are known for gRPC, beside another port that answers HTTP: OpenTelemetry's, Qdrant's, Jaeger's, and
the one of gRPC's own examples."""
_MOST_EXPOSED = 2048
"""Of more than dozens only that there are more is told."""
_H2C = frozenset({"grpc", "h2c"})
# Debuggers that frameworks publish beside their port: Node's inspector, Java's, Go's, Python's.
DEBUG_PORTS = frozenset({9229, 9230, 5005, 2345, 40000, 5678})


@dataclass(frozen=True)
class PublishedPort:
    """A port of the host that leads to a container port. ``published`` is 0 where Docker picks one.

    ``app_protocol`` is what the file says of it: ``http``, or ``grpc`` or ``h2c``, HTTP/2 without TLS.
    """

    target: int
    published: int
    protocol: str = "tcp"
    host_ip: str = ""
    app_protocol: str = ""

    @property
    def is_h2c(self) -> bool:
        """Whether it takes HTTP/2 without TLS: the file says so, or it is known for that."""
        return self.app_protocol in _H2C or (not self.app_protocol and self.target in GRPC_PORTS)


@dataclass(frozen=True)
class FoundPort:
    """A port, and how it was found."""

    port: int
    why: str


def parse_published(definition: Mapping[str, Any]) -> tuple[PublishedPort, ...]:
    """The ports that a resolved service publishes."""
    return tuple(
        PublishedPort(
            target=int(entry["target"]),
            published=int(entry.get("published") or 0),
            protocol=str(entry.get("protocol", "tcp")),
            host_ip=str(entry.get("host_ip", "")),
            app_protocol=str(entry.get("app_protocol") or "").lower(),
        )
        for entry in definition.get("ports", ())
        if str(entry.get("target", "")).isdecimal() and str(entry.get("published") or 0).isdecimal()
    )


def healthcheck_command(definition: Mapping[str, Any], image: DockerfileFacts) -> str:
    """The words of the container's health check, the compose file's before the image's; empty if there is none."""
    check = definition.get("healthcheck")
    if not check:
        return image.healthcheck
    test = check.get("test", [])
    if check.get("disable") or test == ["NONE"]:
        return ""
    if not test:
        return image.healthcheck
    return " ".join(str(word) for word in test) if isinstance(test, list) else str(test)


@cache
def _loopback_url() -> re.Pattern[str]:
    return re.compile(
        r"(?P<scheme>https?)://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(?P<port>[0-9]{1,5}))?(?P<path>/[^\s\"'|;&)\]]*)?"
    )


def find_health_request(command: str) -> tuple[Health | None, int]:
    """The HTTP request that a health check makes to its own container, and its port (0 if it names none)."""
    match = _loopback_url().search(command) if "://" in command else None
    if match is None or match["scheme"] == "https":
        return None, 0
    return Health(path=match["path"] or "/"), int(match["port"] or 80)


def find_port(
    declared: int | None, definition: Mapping[str, Any], image: DockerfileFacts
) -> FoundPort | None:
    """The HTTP port of a service, from the plainest sign to the weakest; None if it has none."""
    if declared is not None:
        return FoundPort(declared, f"x-fairlead says port {declared}")
    _, port = find_health_request(healthcheck_command(definition, image))
    if port:
        return FoundPort(port, f"its health check asks port {port}")
    exposed = exposed_ports(definition)
    if exposed:
        return FoundPort(_likeliest(exposed), f"it exposes port {_likeliest(exposed)}")
    targets = [entry.target for entry in parse_published(definition) if entry.protocol == "tcp"]
    if targets:
        return FoundPort(_likeliest(targets), f"it publishes port {_likeliest(targets)}")
    if len(image.ports) == 1:
        return FoundPort(image.ports[0], f"its Dockerfile exposes port {image.ports[0]}")
    return None


def exposed_ports(definition: Mapping[str, Any]) -> list[int]:
    """The TCP ports that a service exposes, those of ranges one by one; the first thousands of them.

    A file may name the same thousands in thousands of ranges.
    """
    found: list[int] = []
    seen = bytearray(65536)
    for entry in definition.get("expose", ()):
        first, _, last = str(entry).removesuffix("/tcp").partition("-")
        if all(one.isascii() and one.isdigit() and len(one) <= 5 for one in (first, last or first)):
            end = int(last or first) + 1
            port = seen.find(0, int(first), end)
            while port >= 0 and len(found) < _MOST_EXPOSED:
                found.append(port)
                seen[port] = 1
                port = seen.find(0, port + 1, end)
    return found


def _likeliest(ports: list[int]) -> int:
    """The first port that can speak plain HTTP to the proxy."""
    plain = [port for port in ports if port not in TLS_PORTS | DEBUG_PORTS]
    return (plain or ports)[0]
