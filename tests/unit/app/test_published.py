"""Every port that a compose file publishes is served, or the app is refused, or the port is named in words.

Generated apps, by seed: services, ports, roles, networks, proxies. ``FAIRLEAD_FUZZ=100000`` for the long run,
``FAIRLEAD_FUZZ_SEED`` for another seed. A case that fails is told by its seed and number.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fairlead.app.model import GENERATED_PROXY, ComposeApp
from fairlead.app.network.ports import PublishedPort, parse_published
from fairlead.app.split import ReleaseParts
from fairlead.cli.root import command
from fairlead.errors import ComposeInvalidError
from fairlead.host.wire.admission import require_hashes
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.inside import with_inside
from tests.unit.app.small import small_app, split_small
from tests.unit.host.samples import document as sample

COUNT = int(os.environ.get("FAIRLEAD_FUZZ", "300"))
SEED = os.environ.get("FAIRLEAD_FUZZ_SEED", "1")
pytestmark = pytest.mark.timeout(7200 if COUNT > 10_000 else 300)

URLS = (
    "",
    "http://a.example.com",
    "https://a.example.com",
    "http://a.example.com:3000",
    "https://a.example.com:8443",
    "https://192.0.2.7",
    "https://localhost",
)
_PORTS = (80, 443, 3000, 4000, 8000, 8443, 22, 5432, 9229, 50080, 57554, 65535)
_ADDRESSES = ("", "", "", "127.0.0.1", "127.0.0.2", "0.0.0.0", "::1")


def _port(dice: random.Random) -> str:
    target = dice.choice((*_PORTS[:6], *_PORTS[:6], *_PORTS))
    kind = dice.random()
    if kind < 0.1:
        return f'"{target}"'
    published = dice.choice(_PORTS)
    address = dice.choice(_ADDRESSES)
    protocol = "/udp" if dice.random() < 0.07 else ""
    if kind < 0.2 and max(published, target) < 60_000:
        return f'"{published}-{published + 1}:{target}-{target + 1}{protocol}"'
    shown = f"[{address}]" if ":" in address else address
    return f'"{shown + ":" if address else ""}{published}:{target}{protocol}"'


def _service(dice: random.Random, name: str, *, is_proxy: bool) -> Iterator[str]:
    image = "caddy:2.11.7" if is_proxy else dice.choice(("own", "acme/web:1", "nginx:1.29", "postgres:17"))
    yield f"  {name}:"
    yield f"    image: {image if image != 'own' else f'ghcr.io/acme/board/{name}:1'}"
    ports = sorted({_port(dice) for _ in range(dice.choice((0, 1, 1, 1, 2, 3)))})
    if ports:
        yield f"    ports: [{', '.join(ports)}]"
    if dice.random() < 0.3:
        yield f"    expose: ['{dice.choice(_PORTS)}']"
    if dice.random() < 0.4:
        yield f"    networks: [{', '.join(dice.sample(('front', 'back', 'inner'), dice.choice((1, 2))))}]"
    if dice.random() < 0.2:
        yield "    volumes: ['data:/data']"
    said: dict[str, object] = {"role": "proxy"} if is_proxy else {}
    if not is_proxy and dice.random() < 0.4:
        said["role"] = dice.choice(("app", "app", "worker", "job", "state", "ops"))
    if dice.random() < 0.2:
        said["rollout"] = dice.choice(("switch", "recreate"))
    if dice.random() < 0.2:
        said["port"] = dice.choice(_PORTS)
    if said:
        yield f"    x-fairlead: {json.dumps(said)}"


def write_app(dice: random.Random) -> tuple[str, dict[str, Any]]:
    """A compose file, and the environment that it is for."""
    names = ("web", "api", "admin", "db")[: dice.choice((1, 2, 2, 3, 4))]
    lines = ["services:"]
    has_proxy = dice.random() < 0.25
    for name in names:
        lines += _service(dice, name, is_proxy=False)
    if has_proxy:
        lines += _service(dice, "edge", is_proxy=True)
    lines += ["networks: {front: {}, back: {}, inner: {internal: true}}", "volumes: {data: {}}"]
    url = dice.choice(URLS)
    edge = url in URLS[1:3] and dice.random() < 0.3
    hostnames = ("b.example.com",) if edge and dice.random() < 0.5 else ()
    more: dict[str, Any] = {}
    if url and not has_proxy and dice.random() < 0.3:
        more = {"domains": {dice.choice(names): ("c.example.com",)}, "redirects": ("www.example.com",)}
    return "\n".join(lines) + "\n", {
        "url": url,
        "edge": edge,
        "hostnames": hostnames,
        "images": names,
        **more,
    }


def _sites(text: str) -> list[tuple[str, str]]:
    """The sites of a Caddyfile: address and body."""
    return re.findall(r"^((?:https?://|:)\S*(?:, \S+)*) \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)


def _leads(sites: list[tuple[str, str]], inner: int, service: str, target: int) -> bool:
    """Whether a site that is asked at a port of the proxy leads there."""
    usual = {"http": 10080, "https": 10443}
    for addresses, body in sites:
        for address in addresses.split(", "):
            scheme, _, place = address.partition("://")
            port = re.search(r":(\d+)$", place)
            listens = int(port[1]) if port else usual[scheme]
            way = f"switch {service} {target}\n" in body or (
                f"name {service}\n" in body and f"port {target}\n" in body
            )
            if listens == inner and way:
                return True
    return False


def _unserved(app: ComposeApp, parts: ReleaseParts) -> Iterator[tuple[str, PublishedPort]]:
    """The published ports that nobody serves."""
    sites = _sites(_caddyfile(parts))
    entry = parts.services.get(GENERATED_PROXY)
    taken = parse_published(entry["definition"]) if entry else ()
    url = app.environment.url
    held = {80, 443} if url.startswith("https://") and url.count(":") == 1 else set()
    if url == "https://a.example.com:8443":
        held = {8443}
    for service in app.services.values():
        own = parse_published(parts.services[service.name]["definition"])
        for port in parse_published(service.definition):
            behind = (
                one.target
                for one in taken
                if one.published == port.published and one.host_ip in ("", port.host_ip)
            )
            answers = any(
                address.startswith(("https://", "http://a.")) and f" {service.name}" in body
                for addresses, body in sites
                for address in addresses.split(", ")
            )
            by_tls = port.published in held and answers and port.published in {one.published for one in taken}
            # Behind the edge, which publishes both.
            by_tls |= (
                app.environment.edge and port.published in {80, 443} and (answers or service.role == "proxy")
            )
            if (
                port in own
                or by_tls
                or any(_leads(sites, inner, service.name, port.target) for inner in behind)
            ):
                continue
            yield service.name, port


def _caddyfile(parts: ReleaseParts) -> str:
    entry: Mapping[str, Any] = parts.services.get(GENERATED_PROXY, {"mounts": ()})
    return "".join(parts.blobs[parts.files[mount["file"]]["sha256"]].decode() for mount in entry["mounts"])


def _check_release(parts: ReleaseParts) -> None:
    """The server takes it, makes what carries calls inside, and no two of it hold one port."""
    release = parse_release({**sample(), **json.loads(json.dumps(parts.document()))})
    require_hashes(release)
    with_inside(release)
    held = Counter(
        (port.published, port.protocol, port.host_ip)
        for entry in parts.services.values()
        for port in parse_published(entry["definition"])
        if port.published
    )
    assert [key for key, count in held.items() if count > 1] == []
    addresses = [address for addresses, _ in _sites(_caddyfile(parts)) for address in addresses.split(", ")]
    assert len(addresses) == len(set(addresses)), addresses


def _made(
    root: Path, text: str, environment: Mapping[str, Any]
) -> tuple[ComposeApp, ReleaseParts] | ComposeInvalidError:
    try:
        app = small_app(root, text, **environment)
        return app, split_small(app)
    except ComposeInvalidError as error:
        return error


def test_each_published_port_is_served_or_named(tmp_path: Path) -> None:
    """What is taken serves all that was published; what is not served is refused, or stands in a note."""
    seen: Counter[str] = Counter()
    for number in range(COUNT):
        case = f"{SEED}-{number}"
        text, environment = write_app(random.Random(case))  # noqa: S311 - seeded cases
        made = _made(tmp_path, text, environment)
        if not isinstance(made, tuple):
            assert [bool(one.what and one.location) for one in made.findings].count(True), (case, text)
            seen["refused"] += 1
            continue
        app, parts = made
        _check_release(parts)
        told = " ".join(note.what for note in parts.notes)
        for name, port in _unserved(app, parts):
            shown = str(port.published or port.target)
            assert re.search(rf"\b{name}\b.*\b{shown}\b", told), (
                case,
                text,
                environment,
                name,
                port,
                _caddyfile(parts),
            )
            seen["named"] += 1
        seen["served"] += 1
    assert seen["served"] > COUNT / 5, seen
    assert seen["refused"] > COUNT / 10, seen


def test_no_command_ends_in_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`init` and `validate` of the same apps, as they are called."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fairlead.starter.beside.list_files", lambda _: [])
    (tmp_path / ".git").mkdir()
    for number in range(COUNT // 10):
        case = f"{SEED}-{number}"
        text, environment = write_app(random.Random(case))  # noqa: S311 - seeded cases
        (tmp_path / "compose.yaml").write_text(text)
        for words in (["init", "--force"], ["validate", "--no-compose"]):
            result = CliRunner().invoke(command, words)
            assert result.exception is None or isinstance(
                result.exception, SystemExit | ComposeInvalidError
            ), (
                case,
                text,
                environment,
                result.exception,
            )
