"""The switch as files: what the proxy reads."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from fairlead.host.disk import routes
from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.wire.caddy.counted import (
    AGAIN,
    DARK_HEADER,
    GROUP_ZEROS,
    PROBE_HEADER,
    STREAM_ZEROS,
    TALLIES,
    TRIAL,
)
from fairlead.host.wire.caddy.snippet import EITHER, render_inside, render_switch


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """An app's folders, empty."""
    found = app_paths(tmp_path, "board")
    make_layout(found)
    return found


def test_snippet_has_one_refresh_everywhere() -> None:
    """Caddy keeps one cache for the process; a handler without `refresh` would keep an address for a minute."""
    for text in (render_switch(), render_inside("web", {8000: "http", 9000: EITHER})):
        assert text.count("dynamic a {") == text.count("refresh 1s") == 1
        assert "header_regexp X-Fairlead-Dark .{32,}" in text


def test_only_we_go_uncounted_and_see_a_drained_host() -> None:
    """A header that anybody can send opens nothing: wherever one is looked for, it holds the token, and one of a size."""
    for text in (render_switch(), render_inside("web", {8000: "http"})):
        for header in (DARK_HEADER, PROBE_HEADER):
            asked = re.findall(rf"^\t+(\w+) {header} (.+)$", text, re.MULTILINE)
            assert len(asked) == len(re.findall(header, text)) > 0
            assert asked == [
                ("header_regexp", ".{32,}"),
                ("header", "{file./fairlead/run/dark-token}"),
            ] * (len(asked) // 2)


def test_only_the_port_tells_who_is_called() -> None:
    """The snippet of the public proxy has no site; where calls arrive, no site looks at the Host."""
    assert not re.search(r"^\S*:\d", render_switch(), re.MULTILINE)
    text = render_inside("api", {9000: "http", 8000: "h2c"})
    sites = re.findall(r"^(\S*:\d+) \{\n\timport (.*)\n\}", text, re.MULTILINE)
    assert sites == [("http://:8000", "inside-h2c api 8000"), ("http://:9000", "inside api 9000")]
    # Caddy takes no plain HTTP at the port that it keeps for TLS.
    assert "https_port 1\n" in render_inside("web", {443: "http"})


def test_at_a_further_port_it_is_spoken_what_the_caller_speaks() -> None:
    """Nobody has said what: gRPC comes by HTTP/2, and a page by HTTP/1. What is routed stays as it was."""
    text = render_inside("api", {8000: "http", 9000: EITHER})
    assert "http://:8000 {\n\timport inside api 8000\n}\n" in text
    site = text.split("http://:9000 {")[1]
    assert re.findall(
        r"\t(@\S+ protocol \S+|handle.*|import.*)$", site.partition("\n}")[0], re.MULTILINE
    ) == [
        "@fairlead-http2 protocol http/2",
        "handle @fairlead-http2 {",
        "import inside-h2c api 9000",
        "handle {",
        "import inside api 9000",
    ]
    assert "protocols h1 h2c" in text


def test_each_request_is_counted_for_one_thing() -> None:
    """The digits of the tallies are all sixteen, each once, and as many as a tally's share says."""
    found = {
        one.name: [digit for digit in "0123456789abcdef" if re.match(one.digits, digit)] for one in TALLIES
    }
    assert sorted(digit for digits in found.values() for digit in digits) == list("0123456789abcdef")
    assert [len(found[one.name]) for one in TALLIES] == [one.share for one in TALLIES]
    assert len({one.zeros for one in TALLIES} - {0, STREAM_ZEROS}) == len(TALLIES)


def test_chance_gives_half_of_the_calls_to_either_release() -> None:
    """By another digit than that which says what is counted, and each by one of the two rules."""
    rules = re.findall(r"vars_regexp \{http.request.uuid\} (\^\..+)$", render_switch(), re.MULTILINE)
    found = [[bool(re.match(rule, f"0{digit}")) for digit in "0123456789abcdef"] for rule in rules]
    assert len(found) == 2
    assert sum(found[0]) == sum(found[1]) == 8
    assert found[0] == [not one for one in found[1]]


def test_switch_is_one_link(paths: Paths) -> None:
    """`live` points to a folder of names; who asks sees the old one or the new one."""
    assert routes.read_live(paths) is None
    routes.write_routes(paths, "000001", {"web": "web-000001"})
    routes.switch_to(paths, "000001")
    assert paths.live.readlink() == Path("routes/000001")
    assert (paths.live / "web").read_bytes() == b"web-000001"
    assert (paths.inside / "web").read_bytes() == b"web-000001"
    assert routes.read_live(paths) == "000001"
    paths.live.unlink()
    paths.live.symlink_to("routes/../../../etc")
    assert routes.read_live(paths) is None


def test_dark_route_closes_behind_itself(paths: Paths) -> None:
    """The token is new each time, and afterwards nobody's."""
    routes.write_routes(paths, "000002", {"web": "web-000002"})
    token = routes.open_dark(paths, "000002")
    assert len(token) == 64
    assert paths.dark_token.read_text() == token
    assert (paths.dark / "web").read_text() == "web-000002"
    routes.close_dark(paths)
    assert paths.dark.readlink() == Path("live")
    assert len(paths.dark_token.read_text()) == 64
    assert paths.dark_token.read_text() != token


def test_new_neighbours_are_found_before_the_switch(paths: Paths) -> None:
    """Only those that are new: who serves already is asked as before."""
    routes.write_routes(paths, "000001", {"web": "web-000001"})
    routes.switch_to(paths, "000001")
    names = {"web": "web-000002", "api": "api-000002"}
    assert routes.open_inside(paths, "000002", names)
    assert (paths.inside / "web").read_text() == "web-000001"
    assert (paths.inside / "api").read_text() == "api-000002"
    routes.close_inside(paths)
    assert paths.inside.readlink() == Path("live")
    assert not list(paths.routes.glob("*.inside"))
    assert not routes.open_inside(paths, "000003", {"web": "web-000003"})


def test_modes_let_a_strange_user_in_the_proxy_read(paths: Paths) -> None:
    """Whatever the umask: routes are readable, `run` is writable, secrets are closed."""
    before = os.umask(0o077)
    try:
        routes.write_routes(paths, "000001", {"web": "web-000001"})
    finally:
        os.umask(before)
    assert (
        paths.route("000001").stat().st_mode & 0o777,
        (paths.route("000001") / "web").stat().st_mode & 0o777,
    ) == (0o755, 0o644)
    assert paths.run.stat().st_mode & 0o7777 == 0o1777
    assert paths.secrets.stat().st_mode & 0o777 == 0o700


def test_no_two_things_are_counted_at_one_port() -> None:
    """The zeros of each tally and group, and of streams, are its own."""
    zeros = [
        one.zeros + further
        for one in (*TALLIES, AGAIN, TRIAL)
        for further in (GROUP_ZEROS if one.grouped else (0,))
    ]
    assert len({*zeros, STREAM_ZEROS, 0}) == len(zeros) + 2


def _group(client: str, forwarded: str = "") -> str:
    """The zeros that the snippet's map gives to a client."""
    # Quoted, or Caddy reads a number.
    lines = re.findall(r'^\t\t"~(.+)" "(0+)"$', render_switch().split("map ")[1], re.MULTILINE)
    return next((zeros for rule, zeros in lines if re.search(rule, f"{forwarded}|{client}")), "")


def test_a_network_is_of_one_group_whatever_its_clients_say() -> None:
    """Every address of a /24 or a /48 is one voice; a header of somebody who comes from outside changes nothing."""
    chance = random.Random(9)  # noqa: S311 - the same each time
    found = set()
    for _ in range(300):
        first, second, third = (chance.randrange(256) for _ in range(3))
        public = 11 + first % 100
        clients = [f"{public}.{second}.{third}.{chance.randrange(256)}" for _ in range(3)]
        forged = [
            "",
            "10.1.2.3",
            "9.9.1.9, 9.9.2.9",
            "2001:db8:3::1",
            "|10.0.0.1",
            "9.9.1.9|10.0.0.1",
            "x" * 99,
        ]
        groups = {_group(one, chance.choice(forged)) for one in clients}
        assert len(groups) == 1
        assert {_group(f"{one}", "") for one in clients} == groups
        # Behind a load balancer with a private address its last word counts, whatever comes before it.
        assert {_group("10.0.0.7", f"{chance.choice(forged)}, {one}") for one in clients} == groups
        found |= groups
        wide = f"2001:{first:x}:{(second << 8) + third:x}:"
        groups = {_group(f"{wide}{chance.randrange(65536):x}::{chance.randrange(65536):x}") for _ in range(3)}
        assert len(groups) == 1
        found |= groups
    assert {len(one) for one in found} == set(GROUP_ZEROS)


def test_the_token_is_written_over_whatever_a_proxy_put_there(paths: Paths, tmp_path: Path) -> None:
    """A folder with something in it, a link to a file of ours, a pipe: the way back must not hang on it, nor write there."""
    precious = tmp_path / "precious"
    precious.write_text("as it was")
    for put in (
        lambda place: (place.mkdir(), (place / "x").mkdir()),
        lambda place: place.symlink_to(precious),
        os.mkfifo,
    ):
        paths.dark_token.unlink()
        put(paths.dark_token)
        routes.close_dark(paths)
        assert len(paths.dark_token.read_text()) == 64
    assert precious.read_text() == "as it was"


def test_before_is_there_in_a_watch_only(paths: Paths) -> None:
    """A link as the others are, and nothing when the watch is over, however often that is said."""
    routes.write_routes(paths, "000001", {"web": "web-000001"})
    routes.open_before(paths, "000001")
    routes.open_trial(paths, "000001")
    assert (paths.before / "web").read_text() == (paths.trial / "web").read_text() == "web-000001"
    for _ in range(2):
        routes.close_before(paths)
        assert not os.path.lexists(paths.before)
        assert not os.path.lexists(paths.trial)


def test_what_leads_to_h2c_is_there_only_where_a_service_speaks_it() -> None:
    """Another text would replace the proxies of everybody else."""
    for plain, both in (
        (render_switch(), render_switch(h2c=True)),
        (render_inside("web", {8000: "http"}), render_inside("web", {8000: "http", 9000: "h2c"})),
    ):
        assert "h2c" not in plain
        assert "versions h2c" in both
    assert render_switch(h2c=True).startswith(render_switch())
    way = render_switch(h2c=True).split("(switch-h2c)")[1]
    assert not re.search(r"import fairlead-(address|upstream) ", way)
