from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fairlead.app.model import GENERATED_PROXY
from fairlead.app.network.sites import inner_port
from fairlead.app.split import ReleaseParts
from fairlead.errors import ComposeInvalidError
from fairlead.settings.values import AcmeSettings, ProxySettings
from tests.unit.app.small import small_app, split_small


def caddyfile(parts: ReleaseParts) -> str:
    mount = parts.services[GENERATED_PROXY]["mounts"][0]
    return parts.blobs[parts.files[mount["file"]]["sha256"]].decode()


def proxy(parts: ReleaseParts) -> Any:
    return parts.services[GENERATED_PROXY]["definition"]


def services(*entries: str) -> str:
    return "services:\n" + "".join(f"  {entry}\n" for entry in entries)


def test_a_name_is_served_with_a_public_certificate_and_80_redirects(tmp_path: Path) -> None:
    parts = split_small(
        small_app(tmp_path, services("web: {image: web, expose: ['8000']}"), url="https://a.example.com")
    )
    text = caddyfile(parts)
    assert "https://a.example.com {\n\timport switch web 8000\n\tinvoke fairlead-stranger\n}" in text
    assert "tls internal" not in text
    assert [(port["published"], port["target"]) for port in proxy(parts)["ports"]] == [
        ("80", 10080),
        ("443", 10443),
    ]


@pytest.mark.parametrize(
    ("url", "address", "sni"),
    [
        ("https://192.0.2.7", "https://192.0.2.7 {", "default_sni 192.0.2.7"),
        ("https://localhost", "https://localhost {", ""),
        ("https://[2001:db8::1]", "https://[2001:db8::1] {", "default_sni 2001:db8::1"),
        ("https://192.0.2.7:8443", "https://192.0.2.7:18443 {", "default_sni 192.0.2.7"),
    ],
)
def test_what_no_public_authority_certifies_gets_a_certificate_of_caddys_own(
    tmp_path: Path, url: str, address: str, sni: str
) -> None:
    text = caddyfile(
        split_small(small_app(tmp_path, services("web: {image: web, expose: ['8000']}"), url=url))
    )
    assert f"{address}\n\ttls internal\n" in text
    assert sni in text


def test_published_ports_are_taken_over(tmp_path: Path) -> None:
    entry = "web: {image: web, ports: [{target: 8000, published: '3000', host_ip: 127.0.0.1}]}"
    parts = split_small(small_app(tmp_path, services(entry)))
    assert "http://:13000 {\n\timport switch web 8000\n\tinvoke fairlead-stranger\n}" in caddyfile(parts)
    assert proxy(parts)["ports"] == [
        {"mode": "ingress", "host_ip": "127.0.0.1", "target": 13000, "published": "3000", "protocol": "tcp"}
    ]
    assert "ports" not in parts.services["web"]["definition"]


def test_who_publishes_80_answers_the_address(tmp_path: Path) -> None:
    text = services(
        "api: {image: api, ports: [{target: 8000, published: '8000'}]}",
        "web: {image: web, ports: [{target: 3000, published: '80'}]}",
    )
    assert "https://a.example.com {\n\timport switch web 3000" in caddyfile(
        split_small(small_app(tmp_path, text, url="https://a.example.com"))
    )


@pytest.mark.parametrize("image", ["nginx:1", "httpd:2.4", "haproxy:3.0-alpine", "lighttpd"])
def test_of_those_that_publish_other_ports_the_web_server_answers_the_address(
    tmp_path: Path, image: str
) -> None:
    """What stands in front is a web server, whichever service the file names first."""
    entries = (
        "auth: {image: auth, ports: ['4180:4180']}",
        f"front: {{image: '{image}', ports: ['8080:8080']}}",
        "web: {image: web, ports: ['5000:5000']}",
    )
    text = caddyfile(split_small(small_app(tmp_path, services(*entries), url="https://a.example.com")))
    assert "https://a.example.com {\n\timport switch front 8080\n" in text


def test_it_is_asked_who_answers_when_nothing_tells(tmp_path: Path) -> None:
    text = services("api: {image: api, expose: ['1']}", "web: {image: web, expose: ['2']}")
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, text, url="https://a.example.com"))
    assert "It may be api, web" in raised.value.findings[0].what


def test_a_service_that_is_recreated_is_waited_for(tmp_path: Path) -> None:
    entry = "web: {image: web, expose: ['80'], x-fairlead: {rollout: recreate}}"
    text = caddyfile(split_small(small_app(tmp_path, services(entry), url="https://a.example.com")))
    assert "name web\n" in text
    assert "import fairlead-maintenance web\n" in text
    assert "lb_try_duration 60s" in text
    assert "keepalive off" in text
    assert "import switch web" not in text


@pytest.mark.parametrize(
    ("mode", "upstream", "hosts"),
    [
        ("host", "host.docker.internal", {"host.docker.internal": "host-gateway"}),
        ("service:vpn", "vpn", None),
    ],
)
def test_a_service_in_anothers_network_is_reached_there(
    tmp_path: Path, mode: str, upstream: str, hosts: dict[str, str] | None
) -> None:
    """Its own name is nowhere."""
    vpn = "vpn: {image: vpn, x-fairlead: {role: ops}}"
    entry = f"web: {{image: web, network_mode: '{mode}', x-fairlead: {{rollout: recreate, port: 3000}}}}"
    parts = split_small(small_app(tmp_path, services(vpn, entry), url="https://a.example.com"))
    assert f"name {upstream}\n" in caddyfile(parts)
    assert "port 3000\n" in caddyfile(parts)
    assert proxy(parts).get("extra_hosts") == hosts


def test_a_recreated_service_keeps_publishing_what_is_not_http(tmp_path: Path) -> None:
    entry = (
        "git: {image: gitea, x-fairlead: {rollout: recreate, port: 3000}, ports: "
        "[{target: 3000, published: '3000'}, {target: 22, published: '2222'}]}"
    )
    parts = split_small(small_app(tmp_path, services(entry)))
    assert [port["published"] for port in parts.services["git"]["definition"]["ports"]] == ["2222"]


def test_the_added_proxy_has_no_part_in_calls_between_services(tmp_path: Path) -> None:
    """It answers what the public may ask, and has no name that a service is called by."""
    text = services(
        "backend: {image: b, expose: ['80']}",
        "nginx: {image: nginx, ports: [{target: 80, published: '80'}]}",
    )
    parts = split_small(small_app(tmp_path, text))
    assert "backend" not in caddyfile(parts)
    assert proxy(parts)["networks"] == {"default": None}
    assert parts.proxy == {"service": GENERATED_PROXY, "image": ProxySettings().image}


def test_tls_that_a_rolled_service_ends_itself_needs_the_proxy_to_do_it(tmp_path: Path) -> None:
    entry = "web: {image: web, ports: [{target: 80, published: '80'}, {target: 443, published: '443'}]}"
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, services(entry)))
    assert "speaks TLS itself" in raised.value.findings[0].what
    assert split_small(small_app(tmp_path, services(entry), url="https://a.example.com")).routes == {
        "web": 80
    }


def test_the_proxy_stays_out_of_the_networks_of_databases_that_nobody_calls_from(tmp_path: Path) -> None:
    text = services(
        "web: {image: web, expose: ['80'], networks: {front: , back: }}",
        "db: {image: postgres, networks: {back: }}",
    )
    assert proxy(split_small(small_app(tmp_path, text)))["networks"] == {"front": None}


def test_a_proxy_that_publishes_is_on_a_network_that_leads_out(tmp_path: Path) -> None:
    text = (
        services("web: {image: web, expose: ['80'], networks: {inner: }}")
        + "networks: {inner: {internal: true}}\n"
    )
    parts = split_small(small_app(tmp_path, text, url="https://a.example.com"))
    assert set(proxy(parts)["networks"]) == {"inner", "default"}
    assert parts.networks == {"default": {}, "inner": {"internal": True}}


def test_names_that_compose_made_are_left_to_the_server(tmp_path: Path) -> None:
    text = services("web: {image: web, expose: ['80'], networks: {a: , b: , c: }}")
    text += "networks: {a: {name: board_a}, b: {name: shared}, c: {name: far, external: true}}\n"
    networks = split_small(small_app(tmp_path, text)).networks
    assert networks == {"a": {}, "b": {"name": "shared"}, "c": {"name": "far", "external": True}}


def test_further_names_lead_to_their_services_and_old_ones_are_sent_on(tmp_path: Path) -> None:
    """By the scheme of the url; who has a domain of its own is not taken for who answers the url."""
    text = services("api: {image: api, expose: ['8000']}", "web: {image: web, expose: ['3000']}")
    app = small_app(
        tmp_path,
        text,
        url="https://example.com",
        hostnames=("shop.example.com",),
        domains={"api": ("api.example.com", "api.localhost")},
        redirects=("www.example.com",),
    )
    found = caddyfile(split_small(app))
    assert "https://example.com {\n\timport switch web 3000\n" in found
    assert "https://shop.example.com {\n\timport switch web 3000\n" in found
    assert "https://api.example.com {\n\timport switch api 8000\n" in found
    assert "https://api.localhost {\n\ttls internal\n\timport switch api 8000\n" in found
    assert "https://www.example.com {\n\tredir https://example.com{uri} 308\n}" in found


def test_behind_the_edge_all_names_are_claimed(tmp_path: Path) -> None:
    app = small_app(
        tmp_path,
        services("api: {image: api, expose: ['8000']}", "web: {image: web, expose: ['3000']}"),
        url="https://example.com",
        edge=True,
        domains={"api": ("api.example.com",)},
        redirects=("www.example.com",),
    )
    parts = split_small(app)
    assert parts.edge is not None
    assert parts.edge["hostnames"] == ["api.example.com", "example.com", "www.example.com"]
    assert "http://www.example.com {\n\tredir https://example.com{uri} 308\n}" in caddyfile(parts)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"domains": {"web": ("b.example.com",)}}, "domains"),
        ({"redirects": ("www.example.com",)}, "redirects"),
        ({"hostnames": ("www.example.com",)}, "hostnames"),
        ({"trusted_proxies": ("10.0.0.0/8",)}, "trusted_proxies"),
        ({"acme": AcmeSettings(directory="https://ca.example.com/dir")}, "proxy.acme"),
    ],
)
def test_a_proxy_of_the_apps_own_is_not_told_names_that_it_does_not_know(
    tmp_path: Path, said: dict[str, Any], words: str
) -> None:
    text = services("web: {image: web, expose: ['80']}", "front: {image: caddy, x-fairlead: {role: proxy}}")
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, text, url="https://example.com", **said))
    (finding,) = raised.value.findings
    assert f"front, the app's own proxy, knows nothing of {words}:" in finding.what
    assert "in a Caddyfile: " in finding.fix


def test_another_authority_certifies_public_names_and_private_ones(tmp_path: Path) -> None:
    """The private ones too, for which Caddy would take its own; and nothing where TLS is not ended."""
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    acme = AcmeSettings(directory="https://ca.example.com/dir", root=tmp_path / "ca.pem")
    text = services("web: {image: web, expose: ['80']}")
    for url in ("https://example.com", "https://board.corp.internal"):
        parts = split_small(small_app(tmp_path, text, url=url, acme=acme))
        written = caddyfile(parts)
        assert "issuer acme {\n\t\t\tdir https://ca.example.com/dir\n" in written
        assert "\t\t\ttrusted_roots /etc/caddy/acme-root.pem\n" in written
        assert "tls internal" not in written
        (_, root) = parts.services[GENERATED_PROXY]["mounts"]
        assert (root["target"], root["read_only"]) == ("/etc/caddy/acme-root.pem", True)
        assert root["file"] in parts.files
    for url in ("https://localhost", "https://192.0.2.7"):
        assert "tls internal" in caddyfile(split_small(small_app(tmp_path, text, url=url, acme=acme)))
    for url, edge in (("http://example.com", False), ("https://example.com", True)):
        parts = split_small(small_app(tmp_path, text, url=url, edge=edge, acme=acme))
        assert "acme" not in caddyfile(parts)
        assert any("proxy.acme says nothing to the edge" in note.what for note in parts.notes) == edge


@pytest.mark.parametrize(
    ("content", "why"), [(None, "not in the repository"), ("no key\n", "no certificate")]
)
def test_a_root_that_is_none_is_refused(tmp_path: Path, content: str | None, why: str) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    acme = AcmeSettings(directory="https://ca.example.com/dir", root=tmp_path / "ca.pem")
    app = small_app(
        tmp_path, services("web: {image: web, expose: ['80']}"), url="https://example.com", acme=acme
    )
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(app)
    assert why in raised.value.findings[0].what


def test_a_domain_of_no_service_is_refused(tmp_path: Path) -> None:
    app = small_app(
        tmp_path,
        services("web: {image: web, expose: ['80']}", "job: {image: web, restart: 'no'}"),
        url="https://example.com",
        domains={"job": ("a.example.com",), "gone": ("b.example.com",)},
    )
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(app)
    assert [finding.what for finding in raised.value.findings] == [
        "domains: job is no service that answers HTTP",
        "domains: gone is no service that answers HTTP",
    ]


def test_the_url_leads_to_who_publishes_its_port(tmp_path: Path) -> None:
    """Two services that listen on one port of their containers are told apart by the host's."""
    text = services(
        "a: {image: a, ports: [{target: 8000, published: '3000'}]}",
        "b: {image: b, ports: [{target: 8000, published: '4000'}]}",
    )
    found = caddyfile(split_small(small_app(tmp_path, text, url="http://x.example.com:4000")))
    assert "http://x.example.com:14000 {\n\timport switch b 8000\n" in found
    assert "http://:13000 {\n\timport switch a 8000\n" in found


def test_a_port_that_tls_holds_is_nobody_elses(tmp_path: Path) -> None:
    text = services(
        "web: {image: web, ports: [{target: 3000, published: '443'}]}",
        "api: {image: api, ports: [{target: 8000, published: '80'}]}",
    )
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, text, url="https://a.example.com"))
    assert "is held by https://a.example.com, which web answers" in raised.value.findings[0].what


def test_no_two_ports_of_the_host_lead_to_one_of_the_proxy() -> None:
    assert len({inner_port(port) for port in range(1, 65536)}) == 65535
    assert (inner_port(80), inner_port(443)) == (10080, 10443)


def test_every_address_that_a_port_is_published_at_stays(tmp_path: Path) -> None:
    entry = (
        "web: {image: web, ports: [{target: 80, published: '80', host_ip: 127.0.0.1}, "
        "{target: 80, published: '80', host_ip: 127.0.0.2}]}"
    )
    ports = proxy(split_small(small_app(tmp_path, services(entry))))["ports"]
    assert [port["host_ip"] for port in ports] == ["127.0.0.1", "127.0.0.2"]


@pytest.mark.parametrize("role", ["worker", "job"])
def test_a_port_that_nothing_would_serve_is_named(tmp_path: Path, role: str) -> None:
    entry = f"w: {{image: w, x-fairlead: {{role: {role}, health: none}}, ports: [{{target: 80, published: '8080'}}]}}"
    app = small_app(tmp_path, services(entry))
    if role == "job":
        assert any("port 8080 is not published" in note.what for note in split_small(app).notes)
        return
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(app)
    assert "nothing serves the published port 8080" in raised.value.findings[0].what


@pytest.mark.parametrize(
    ("protocol", "entry", "is_h2c"),
    [
        ("http", "'4317:4317'", True),
        ("http", "'9000:50051'", True),
        ("http", "'9000:9000'", False),
        ("http", "{target: 9000, published: '9000', app_protocol: grpc}", True),
        ("http", "{target: 4317, published: '4317', app_protocol: http}", False),
        ("h2c", "'9000:9000'", True),
        ("h2c", "{target: 9000, published: '9000', app_protocol: http}", False),
    ],
)
def test_a_further_port_is_spoken_to_as_it_speaks(
    tmp_path: Path, protocol: str, entry: str, is_h2c: bool
) -> None:
    """One that is known for gRPC, or said to speak it, beside another that answers HTTP; and the other way round."""
    web = f"web: {{image: web, ports: ['8000:8000', {entry}], x-fairlead: {{port: 8000, protocol: {protocol}}}}}"
    parts = split_small(small_app(tmp_path, services(web), url="http://a.example.com:8000"))
    text = caddyfile(parts)
    further = text.rpartition("import switch")[2]
    assert further.startswith("-h2c web") is is_h2c
    number = int(entry.partition("published: '")[2][:4] or entry[1:5])
    assert (number in parts.proxy.get("h2c", ())) is is_h2c


@pytest.mark.parametrize("rollout", ["switch", "recreate"])
@pytest.mark.parametrize("url", ["", "https://a.example.com", "http://a.example.com"])
def test_h2c_goes_all_the_way(tmp_path: Path, url: str, rollout: str) -> None:
    """The proxy takes HTTP/2 without TLS where the public comes so, and hands it on; other apps stay as they were."""
    entry = (
        "rpc: {image: web, ports: [{target: 50051, published: '50051'}], "
        f"x-fairlead: {{port: 50051, protocol: h2c, rollout: {rollout}}}}}"
    )
    parts = split_small(small_app(tmp_path, services(entry), url=url))
    text = caddyfile(parts)
    assert "protocols h1 h2 h2c" in text
    assert ("import switch-h2c rpc 50051" if rollout == "switch" else "versions h2c") in text
    assert parts.services["rpc"]["protocol"] == "h2c"
    plain = split_small(small_app(tmp_path, services("web: {image: web, ports: ['80:8000']}"), url=url))
    assert "h2c" not in caddyfile(plain)
    assert "protocol" not in plain.services["web"]
