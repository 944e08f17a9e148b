"""What a stranger can make of the edge of a host by what a request says of itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adversary.local_edge import LocalEdge, local_edge

BOARD, SHOP = "board.example.com", "shop.example.com"
FORGED = "203.0.113.66"
CLAIMED = [
    "Forwarded",
    "X-Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Server",
    "X-Forwarded-User",
    "X-Forwarded-Client-Cert",
    "X-Original-Forwarded-For",
    "X-Real-IP",
    "X-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "CF-Connecting-IPv6",
    "Fastly-Client-IP",
    "X-Cluster-Client-IP",
    "X-Azure-ClientIP",
    "X-Remote-IP",
    "X-Remote-Addr",
    "X-ProxyUser-Ip",
    "X-AppEngine-User-IP",
    "X-Envoy-External-Address",
    "X-Original-URL",
    "X-Original-URI",
    "X-Rewrite-URL",
    "X-Original-Host",
    "X-HTTP-Host-Override",
    "X-Host",
    "X-Scheme",
    "X-URL-Scheme",
    "Front-End-Https",
    "Client-Cert",
    "X-SSL-Client-Cert",
    "SSL-Client-Verify",
    "X-ARR-ClientCert",
    "X-Sendfile-Type",
    "X-Accel-Mapping",
    "Proxy",
]
KEPT = ("X-Request-Id", "Traceparent", "X-Fairlead-Probe", "Authorization")


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEdge]:
    """Two apps behind the edge."""
    with local_edge(tmp_path_factory.mktemp("edge"), {BOARD: "board", SHOP: "shop"}) as made:
        yield made


def _spellings(name: str) -> Iterator[str]:
    """As it is, in other cases, and as a server of the CGI kind takes it for the same."""
    yield from (name, name.upper(), name.replace("-", "_"), name.lower().replace("-", "_", 1))


def test_headers_that_only_a_proxy_may_say(edge: LocalEdge) -> None:
    """Says by 40 headers, in four spellings each, who asks, by which host, path and scheme, and with which certificate.

    Holds: the app sees none of them; who asked, by which host and how is told by `X-Forwarded-For`, `-Host` and
    `-Proto`, which are written anew. What is no such claim passes as it came.
    """
    lines = [f"{spelled}: {FORGED}" for name in CLAIMED for spelled in _spellings(name)]
    seen = edge.get(BOARD, *lines, *(f"{name}: kept" for name in KEPT))
    assert seen.app == "board"
    assert not [name for name, value in seen.headers.items() if FORGED in value]
    told = {
        name: seen.headers.get(name) for name in ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto")
    }
    assert told == {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": BOARD, "X-Forwarded-Proto": "http"}
    assert [name for name in KEPT if seen.headers.get(name) != "kept"] == []


def test_the_truth_named_as_hop_by_hop(edge: LocalEdge) -> None:
    """Names `X-Forwarded-For` in `Connection`, so that the proxy takes it away as a matter between two hops.

    Holds: the app is told who asked: what the edge says is added after that.
    """
    seen = edge.get(BOARD, "Connection: X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto")
    assert seen.headers["X-Forwarded-For"] == "127.0.0.1"
    assert seen.headers["X-Forwarded-Host"] == BOARD


def test_another_spelling_of_a_hostname(edge: LocalEdge) -> None:
    """Writes a hostname in capitals, with a dot at its end, with a port, or all of it.

    Holds: each is the same hostname, served by the app that has claimed it, which sees the one spelling.
    """
    for spelled in (BOARD.upper(), f"{BOARD}.", f"{BOARD}:80", f"{BOARD}:", "Board.Example.COM.:8080"):
        seen = edge.get(spelled)
        assert (seen.status, seen.app) == (200, "board"), spelled
        assert seen.headers["Host"].partition(":")[0] == BOARD, spelled
        assert seen.headers["X-Forwarded-Host"] == seen.headers["Host"]
    assert edge.get(f"{BOARD}..").status == 404, "that is another name"


def test_a_hostname_that_is_a_pattern_or_a_path(edge: LocalEdge) -> None:
    """Asks by `*`, `[a-z]*.example.com`, `..`, `x/../board.example.com`, percent signs, NUL, none and a very long one.

    Holds: no app is asked; the edge looks up what is a hostname, and nothing else.
    """
    hosts = (
        *(
            "*",
            "*.example.com",
            "[a-z]*.example.com",
            "?oard.example.com",
            "{board,x}.example.com",
            "\\*",
            "b\\oard",
        ),
        *(
            "..",
            ".",
            "",
            f".{BOARD}",
            f"x/../{BOARD}",
            f"../hosts/{BOARD}",
            "../apps/board",
            f"{BOARD}/",
            f"%62{BOARD[1:]}",
        ),
        *(
            f"{BOARD}%00",
            f"{BOARD}\0",
            f"{BOARD}#",
            f"{BOARD}?",
            f"{BOARD}@{SHOP}",
            f"{SHOP}, {BOARD}",
        ),
        *("a" * 3000, "[::1]", "127.0.0.1", "b\u00f6ard.example.com", "\uff42oard.example.com"),
    )
    for host in hosts:
        seen = edge.get(host)
        assert (seen.app, seen.status in (400, 404)) == (None, True), (host, seen)
    absolute = f"GET http://x/../{BOARD} HTTP/1.1\r\nHost: {BOARD}\r\nConnection: close\r\n\r\n"
    assert edge.send(absolute.encode()).app is None
    assert edge.get(BOARD, f"Host: {SHOP}").status == 400, "two hosts"


def test_a_certificate_for_what_nobody_serves(edge: LocalEdge) -> None:
    """Has the edge ask for certificates by patterns, paths and spellings of a hostname that is served.

    Holds: one is asked for by the very hostname only, so nobody uses up what the authority allows a host.
    """
    assert edge.may_certify(BOARD)
    for name in (
        *(
            "",
            "*",
            "b*",
            "[a-z]*.example.com",
            "..",
            ".",
            "%2e%2e",
            f"x/../{BOARD}",
            f"x%2f..%2f{BOARD}",
            f"{BOARD}/",
        ),
        *(
            f"{BOARD}%00",
            f"{BOARD}%0a",
            "nobody.example.com",
            f"www.{BOARD}",
            "example.com",
            "%2a.example.com",
        ),
    ):
        assert not edge.may_certify(name), name


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_only_the_proxies_that_the_host_names_are_heeded(
    scheme: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Says what a trusted load balancer says: that TLS ended in front, and who asked; or says it through that one.

    Holds: only the networks that the host names are heeded, for the scheme and the last address that is not theirs.
    """
    root, balancer = tmp_path_factory.mktemp("edge"), "127.0.0.3"
    said = ("X-Forwarded-Proto: https", f"X-Forwarded-For: {FORGED}, 198.51.100.7", "X-Forwarded-Host: evil")
    with local_edge(root, {BOARD: "board"}, scheme=scheme, trusted=[f"{balancer}/32"]) as edge:
        heeded = edge.get(BOARD, *said, "X-Real-IP: 6.6.6.6", source=balancer)
        assert (heeded.status, heeded.app) == (200, "board")
        assert heeded.headers["X-Forwarded-Proto"] == "https"
        assert heeded.headers["X-Forwarded-For"] == f"198.51.100.7, {balancer}"
        assert heeded.headers["X-Forwarded-Host"] == BOARD
        assert "X-Real-Ip" not in heeded.headers
        stranger = edge.get(BOARD, *said)
        if scheme == "https":
            assert (stranger.status, stranger.location) == (308, f"https://{BOARD}/")
        else:
            assert stranger.headers["X-Forwarded-Proto"] == "http"
            assert stranger.headers["X-Forwarded-For"] == "127.0.0.1"
        assert edge.get("unknown.example.com", *said, source=balancer).status == 404
