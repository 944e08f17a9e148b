"""Where and how a release is asked, and what counts as an answer."""

from __future__ import annotations

import re

import pytest

from fairlead.host.shape.bundle import Bundle
from fairlead.host.watch.inflight import InFlight, sum_in_flight
from fairlead.host.watch.probe import Answer, Target, direct_target, inside_target, published_target
from fairlead.host.watch.questions import Question, plan_public
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.release import Probe
from tests.unit.host.samples import container, document

PORTS = {"80/tcp": [("", 80)], "443/tcp": [("0.0.0.0", 443)], "443/udp": [("0.0.0.0", 443)]}


@pytest.mark.parametrize(
    ("url", "ports", "reached"),
    [
        ("https://a.example.com", PORTS, ("https", "127.0.0.1", 443, "a.example.com")),
        ("http://a.example.com", PORTS, ("http", "127.0.0.1", 80, "a.example.com")),
        ("https://a.example.com:8443", {"443/tcp": [("127.0.0.2", 8443)]}, ("https", "127.0.0.2", 8443, "a.example.com:8443")),
        ("https://a.example.com", {"443/tcp": [("", 9443)]}, ("https", "127.0.0.1", 9443, "a.example.com")),
        ("https://a.example.com", {"80/tcp": [("", 80)]}, None),
        ("https://a.example.com", {}, None),
    ],
)  # fmt: skip
def test_public_url_is_reached_on_this_host(
    url: str, ports: dict[str, list[tuple[str, int]]], reached: tuple[str, str, int, str] | None
) -> None:
    """By the port that the proxy publishes, with the public name."""
    found = published_target(url, "/", ports)
    assert (found and (found.scheme, found.address, found.port, found.host)) == reached


@pytest.mark.parametrize(
    ("answer", "expected", "fault"),
    [
        (Answer(200), Probe("/", 200), ""),
        (Answer(204), Probe("/", 200), "answered 204, expected 200"),
        (Answer(404), Probe("/", None), ""),
        (Answer(502), Probe("/", None), "answered 502"),
        (Answer(400), Probe("/", None), "answered 400"),
        (Answer(421), Probe("/", None), "answered 421"),
        (Answer(400), Probe("/", 400), ""),
        (Answer(200, grpc="SERVING"), Probe("/", 200), ""),
        (Answer(200, grpc="NOT_SERVING"), Probe("/", None), "answered NOT_SERVING to gRPC's health check"),
        (Answer(200, grpc="UNIMPLEMENTED"), Probe("/", None), ""),
        (Answer(200, grpc="UNIMPLEMENTED"), Probe("/", 200), "answered UNIMPLEMENTED to gRPC's health check"),
        (Answer(0, error="did not answer: refused"), Probe("/", 200), "did not answer: refused"),
        (Answer(200, body="all is well"), Probe("/", 200, "well"), ""),
        (Answer(200, body="not so"), Probe("/", 200, "well"), "answered without the text 'well'"),
        (Answer(200, headers={"x-a": "1; b"}), Probe("/", 200, headers={"X-A": "1"}), ""),
        (Answer(200, headers={"x-a": "2"}), Probe("/", 200, headers={"X-A": "1"}), "answered with X-A: 2, expected 1"),
        (Answer(200), Probe("/", 200, headers={"X-A": ""}), "answered without the header X-A"),
    ],
)  # fmt: skip
def test_what_an_answer_is_worth(answer: Answer, expected: Probe, fault: str) -> None:
    """Without a status that is asked for, anything will do but a server's error, and what is said to a wrong Host."""
    assert answer.fault(expected) == fault


def test_requests_in_flight_are_summed() -> None:
    """Each once, though the proxy lists it by the port as written and by the plain one; others do not count."""
    upstreams = [
        {"address": "172.18.0.5:8000", "num_requests": 3, "fails": 0},
        {"address": "172.18.0.5:08000", "num_requests": 1, "fails": 0},
        {"address": "172.18.0.5:008000", "num_requests": 2, "fails": 0},
        {"address": "172.18.0.5:8000", "num_requests": 0, "fails": 0},
        {"address": "172.18.0.5:9000", "num_requests": 1, "fails": 0},
        {"address": "172.18.0.5:00009000", "num_requests": 1, "fails": 0},
        {"address": "172.18.0.6:8000", "num_requests": 9, "fails": 0},
        {"address": "[fd00::5]:08000", "num_requests": 4, "fails": 0},
    ]
    assert sum_in_flight(upstreams, {"172.18.0.5", "fd00::5"}) == InFlight(requests=7, streams=1)
    assert sum_in_flight(upstreams[1:3], {"172.18.0.5"}) == InFlight(requests=3, streams=0)
    assert sum_in_flight(None, {"172.18.0.5"}) == InFlight(0, 0)
    assert sum_in_flight([{"address": "172.18.0.5:00008000", "num_requests": 4}], {"172.18.0.5"}).streams == 4


@pytest.mark.parametrize(
    ("url", "own", "host"),
    [
        ("https://board.example.com", None, "board.example.com"),
        ("https://board.example.com:443/app", None, "board.example.com"),
        ("http://board.example.com:8080", None, "board.example.com:8080"),
        ("http://[fd00::1]:80", None, "[fd00::1]"),
        ("https://board.example.com", "api.internal", "api.internal"),
        (None, None, "web:8000"),
        (None, "api.internal", "api.internal"),
    ],
)
def test_a_service_is_asked_for_the_host_that_users_ask_for(
    url: str | None, own: str | None, host: str
) -> None:
    """Or for its own, where it says one; for its name only where nobody knows another."""
    raw = document(url=url)
    raw["services"]["web"]["health"] = {"path": "/", "status": None, **({"host": own} if own else {})}
    service = parse_release(raw).services["web"]
    assert service.health is not None
    direct = direct_target(container("web"), 8000, "/", service)
    assert direct is not None
    assert (direct.host, inside_target(container("x"), "web", 8000, "/", service.health.host).host) == (
        host,
        host,
    )


@pytest.mark.parametrize("status", [400, 421])
@pytest.mark.parametrize("public", [True, False])
def test_a_refused_host_is_named(status: int, public: bool) -> None:
    question = Question("web at /", Target("http", "1", 1, "web:8000", "/"), Probe("/", None), public=public)
    fault = question.fault(Answer(status))
    assert fault.startswith(f"answered {status} to the Host web:8000")
    assert ("health: {host" in fault) is not public


def test_a_page_at_a_further_port_is_asked_for_as_the_app_knows_itself() -> None:
    """By its url, or what a service answers to; by gRPC's check, which every server answers, where one speaks that."""
    raw = document(url="https://board.example.com")
    raw["services"]["proxy"] = {**raw["services"].pop(raw["proxy"]["service"]), "role": "proxy"}
    raw["services"]["fairlead-proxy"] = raw["services"].pop("proxy")
    raw["proxy"]["service"] = "fairlead-proxy"
    ports = {"443/tcp": (("", 443),), "13000/tcp": (("", 3000),)}
    for protocol, path in (("http", "/"), ("h2c", "/grpc.health.v1.Health/Check")):
        raw["services"]["web"]["protocol"] = protocol
        bundle = Bundle("000001", parse_release(raw), {})
        asked = [one.target for one in plan_public(bundle, container("fairlead-proxy", ports=ports))]
        further = [one for one in asked if one.port == 3000]
        assert [(one.host, one.path) for one in further] == [("board.example.com:3000", path)]


def test_grpc_at_a_further_port_changes_what_is_asked_there_alone() -> None:
    raw = document(url="https://board.example.com")
    raw["services"]["fairlead-proxy"] = {**raw["services"].pop(raw["proxy"]["service"]), "role": "proxy"}
    raw["proxy"] = {**raw["proxy"], "service": "fairlead-proxy", "h2c": [4317]}
    ports = {"443/tcp": (("", 443),), "13000/tcp": (("", 3000),), "14317/tcp": (("", 4317),)}
    release = parse_release(raw)
    asked = list(plan_public(Bundle("000001", release, {}), container("fairlead-proxy", ports=ports)))
    assert {one.target.port: one.target.path == "/grpc.health.v1.Health/Check" for one in asked} == {
        443: False,
        3000: False,
        4317: True,
    }
    assert release.has_h2c
    said = {one.target.port: re.findall("app_protocol: [a-z]+", one.fault(Answer(502))) for one in asked}
    assert said == {443: [], 3000: ["app_protocol: grpc"], 4317: ["app_protocol: http"]}
    assert not any("app_protocol" in one.fault(Answer(503)) for one in asked)
