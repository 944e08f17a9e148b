from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.errors import ComposeInvalidError
from tests.unit.app.small import small_app, split_small

WEB = "services:\n  web:\n    image: ghcr.io/acme/board/web:1\n    expose: ['8000']\n"
WORKER = "services:\n  web:\n    image: ghcr.io/acme/board/web:1\n"
BOT = "  bot:\n    image: bot:1\n    expose: ['80']\n"


@pytest.mark.parametrize(
    ("lines", "place", "rule", "words"),
    [
        ("volumes_from: [db]", "5:5", "model", "volumes_from"),
        ("network_mode: host", "5:5", "host-namespace", "network_mode: host"),
        ("network_mode: service:db", "5:5", "host-namespace", "network_mode: service:db"),
        ("pid: host", "5:5", "host-namespace", "pid: host"),
        ("external_links: [old]", "5:5", "model", "external_links"),
        ("networks: {default: {ipv4_address: 10.0.0.2}}", "5:26", "model", "ipv4_address"),
        ("ports: [{target: 53, published: '53', protocol: udp}]", "5:5", "published-port", "not HTTP"),
        ("ports: [{target: 22, published: '2222', protocol: tcp}]", "5:5", "published-port", "22/tcp"),
    ],
)
def test_what_two_releases_cannot_share_is_refused_with_its_place(
    tmp_path: Path, lines: str, place: str, rule: str, words: str
) -> None:
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, f"{WEB}    {lines}\n"))
    (finding,) = raised.value.findings
    assert str(finding.location) == f"compose.yaml:{place}"
    assert finding.rule == rule
    assert words in finding.what
    assert finding.fix


@pytest.mark.parametrize("lines", ["container_name: web", "network_mode: host", "pid: host"])
def test_what_is_recreated_may_have_what_it_holds_alone(tmp_path: Path, lines: str) -> None:
    app = small_app(tmp_path, f"{WEB}    x-fairlead: {{rollout: recreate}}\n    {lines}\n")
    assert split_small(app).services["web"]["rollout"] == "recreate"


def test_a_container_name_that_nobody_calls_is_left_out(tmp_path: Path) -> None:
    parts = split_small(small_app(tmp_path, f"{WEB}    container_name: my-web\n"))
    assert "container_name" not in parts.services["web"]["definition"]
    assert [str(note.location) for note in parts.notes if note.rule == "container-name"] == [
        "compose.yaml:5:5"
    ]


@pytest.mark.parametrize("key", ["container_name", "hostname"])
def test_a_name_of_one_container_leads_through_the_switch(tmp_path: Path, key: str) -> None:
    """The engine's name server would know both releases by it, or neither."""
    caller = "  bot:\n    image: bot:1\n    x-fairlead: {health: none}\n    environment: {URL: 'http://my-web:8000'}\n"
    parts = split_small(small_app(tmp_path, f"{WEB}    {key}: my-web\n{caller}"))
    definition = parts.services["web"]["definition"]
    assert key not in definition
    assert definition["networks"] == {"default": {"aliases": ["my-web"]}}


def test_plain_links_say_nothing_that_the_network_does_not(tmp_path: Path) -> None:
    parts = split_small(small_app(tmp_path, f"{WEB}    links: [db, 'cache:cache']\n"))
    assert "links" not in parts.services["web"]["definition"]


def test_a_worker_needs_a_sign_of_health(tmp_path: Path) -> None:
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, WORKER))
    (finding,) = raised.value.findings
    assert (finding.rule, str(finding.location)) == ("no-healthcheck", "compose.yaml:2:3")
    assert "health: none" in finding.fix


@pytest.mark.parametrize("lines", ["x-fairlead: {health: none}", "healthcheck: {test: [CMD, 'true']}"])
def test_a_worker_that_shows_health_or_declines_to_is_rolled(tmp_path: Path, lines: str) -> None:
    parts = split_small(small_app(tmp_path, f"{WORKER}    {lines}\n"))
    expected = "running" if "none" in lines else "healthcheck"
    assert parts.services["web"]["gate"] == expected


def test_with_a_proxy_of_its_own_an_app_publishes_through_that(tmp_path: Path) -> None:
    text = f"{WEB}    ports: [{{target: 8000, published: '8000'}}]\n"
    text += "  caddy:\n    image: caddy\n    x-fairlead: {role: proxy}\n"
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, text))
    assert "import switch web 8000" in raised.value.findings[0].fix


def test_all_that_is_refused_is_told_at_once(tmp_path: Path) -> None:
    text = f"{WEB}    ipc: host\n    pid: host\n    networks: {{default: {{ipv4_address: 10.0.0.2}}}}\n"
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, text))
    assert len(raised.value.findings) == 3


def test_two_services_cannot_publish_one_host_port(tmp_path: Path) -> None:
    text = "services:\n" + "".join(
        f"  {name}:\n    image: postgres\n    ports: [{{target: 5432, published: '5432'}}]\n"
        for name in ("a", "b")
    )
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, text, images=()))
    assert raised.value.findings[0].rule == "port-clash"
    assert "another port" in raised.value.findings[0].fix


def test_a_front_that_ends_tls_itself_is_told_what_to_do(tmp_path: Path) -> None:
    """Stock Caddy with certificates of its own in a volume: it publishes what the added proxy holds for the url."""
    front = "  caddy:\n    image: caddy:2\n    ports: ['80:80', '443:443']\n    volumes: ['certs:/data']\n"
    text = f"{WEB}{front}volumes: {{certs: {{}}}}\n"
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, text, url="https://example.com"))
    (finding,) = raised.value.findings
    assert finding.rule == "port-clash"
    assert "import /fairlead/switch.caddy" in finding.fix
    assert "plain HTTP" in finding.fix


def test_a_needed_service_behind_a_profile_is_refused_until_the_profile_is_deployed(tmp_path: Path) -> None:
    text = f"{WEB}    depends_on: {{db: {{condition: service_started}}}}\n"
    text += "  db: {image: postgres, profiles: [local]}\n"
    with pytest.raises(ComposeInvalidError) as raised:
        small_app(tmp_path, text)
    assert "behind the profile local" in raised.value.findings[0].what
    assert list(small_app(tmp_path, text, profiles=("local",)).services) == ["web", "db"]


def test_two_proxies_are_one_too_many(tmp_path: Path) -> None:
    text = "services:\n" + "".join(f"  {name}: {{image: x, x-fairlead: {{role: proxy}}}}\n" for name in "ab")
    with pytest.raises(ComposeInvalidError) as raised:
        small_app(tmp_path, text, images=())
    assert str(raised.value.findings[0].location) == "compose.yaml:3:3"


def test_an_alias_of_what_is_switched_leads_through_the_switch(tmp_path: Path) -> None:
    """Who carries the calls to a service by its name carries those by another name, too."""
    split_small(small_app(tmp_path, f"{WEB}    networks: {{default: {{aliases: [www.example.com]}}}}\n"))


@pytest.mark.parametrize(
    ("services", "words"),
    [
        (
            f"{WORKER}    x-fairlead: {{health: none}}\n    networks: {{default: {{aliases: [www]}}}}\n",
            "no port",
        ),
        (
            f"{WEB}    networks: {{default: {{aliases: [bot]}}}}\n{BOT}",
            "bot is the name of another service",
        ),
        (
            f"{WEB}    networks: {{default: {{aliases: [www]}}}}\n{BOT}    networks: {{default: {{aliases: [www]}}}}\n",
            "www is an alias of another service",
        ),
    ],
)
def test_an_alias_that_leads_nowhere_or_to_two_is_refused(tmp_path: Path, services: str, words: str) -> None:
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, services))
    assert words in raised.value.findings[0].what


def test_who_has_no_port_is_told_to_say_one(tmp_path: Path) -> None:
    """A service that its front knows from a file of its own: to say the port is what helps."""
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, WORKER))
    assert "x-fairlead: {port: 8000}" in raised.value.findings[0].fix
