"""Public stacks with a front of their own, as published: deployed, changed, broken and rolled back, with users at them."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

import pytest

from fairlead.errors import ExitCode
from lab.recipe import Recipe
from lab.state import Lab, Server
from tests.e2e.foreign.sources import fetch_gunicorn, fetch_jaeger, fetch_oauth2_proxy
from tests.e2e.foreign.stock import HTTPD, NGINX, PYTHON, TRAEFIK, put_in_registry
from tests.e2e.shapes.visitors import GOOD, Visitors, ask
from tests.e2e.workbench import Workbench, on_server
from tests.ended import Ended


@dataclass(frozen=True)
class Stack:
    """One stack.

    Attributes:
        fetch: brings its repository into a folder.
        compose: its file, from there.
        published: the port of the host that its front has; users come by the url's.
        path, headers: of the page that users ask all the while.
        pages: what is asked after each step: host, path and the status that is right.
        more: other ports that the file publishes: what a shell asks there on the server, and what it must be told.
        change, fault: file, old and new text of a second release, and of one that does not start.
        error: of one that starts, and refuses users.
        says: what tells the first and the second release in what users get.
        hostnames: other names that users know it by.
        images: what fairlead.yaml says of the images that are built, where they are not all in ``images``.
        probes: what it says that a release must answer.
    """

    name: str
    fetch: Callable[[Path], Path]
    compose: str
    stock: Sequence[Recipe]
    url: str
    published: int
    change: tuple[str, str, str]
    fault: tuple[str, str, str]
    says: tuple[str, str]
    error: tuple[str, str, str] | None = None
    path: str = "/"
    hostnames: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    pages: Sequence[tuple[str, str, int]] = ()
    more: Sequence[tuple[str, str]] = ()
    images: str = ""
    probes: str = ""


_APP = "tests/docker/uwsgi/app.py"
_CONFIGURATION = "oauth2-proxy-traefik.cfg"
_JAEGER = "examples/reverse-proxy/docker-compose.yml"
# A call of gRPC with a message of nothing.
_TRACES = (
    "printf '\\0\\0\\0\\0\\0' | curl -si -m 30 --http2-prior-knowledge --data-binary @- -H 'TE: trailers' "
    "-H 'Content-Type: application/grpc' "
    "http://127.0.0.1:4317/opentelemetry.proto.collector.trace.v1.TraceService/Export | tr -d '\\000'"
)
_DENIED = '<Location "/jaeger">\nRequire all denied\n</Location>\n'
_ARCHIVE = "base_path=/jaeger/prefix --set extensions.jaeger_query.storage.traces_archive="
STACKS = (
    Stack(
        "uwsgi",
        fetch_gunicorn,
        "tests/docker/uwsgi/docker-compose.yml",
        (NGINX, PYTHON),
        url="http://{address}",
        published=8080,
        change=(_APP, "Hello from gunicorn uWSGI!", "A second hello"),
        fault=(_APP, "import json\n", "import jsom\n"),
        says=("Hello from gunicorn uWSGI!", "A second hello"),
        pages=(("", "/headers", 200), ("", "/error/404", 404)),
    ),
    Stack(
        "forward-auth",
        fetch_oauth2_proxy,
        "docker-compose-traefik.yaml",
        (TRAEFIK,),
        hostnames=("httpbin.localtest.me", "dex.localtest.me"),
        url="http://oauth2-proxy.localtest.me",
        published=80,
        headers={"Host": "oauth2-proxy.localtest.me"},
        change=(_CONFIGURATION, 'cookie_secure="false"', 'cookie_secure="false"\nscope="openid email"'),
        fault=(_CONFIGURATION, "http://dex.localtest.me/dex", "http://dex.localtest.me/nowhere"),
        says=("scope=openid+email+profile", "scope=openid+email&amp;"),
        pages=(
            ("httpbin.localtest.me", "/", 302),
            ("httpbin.localtest.me", "/no-auto-redirect", 401),
            ("dex.localtest.me", "/dex/.well-known/openid-configuration", 200),
        ),
    ),
    Stack(
        "auth-request",
        fetch_oauth2_proxy,
        "docker-compose.yaml, docker-compose-nginx.yaml",
        (NGINX,),
        url="http://oauth2-proxy.localtest.me",
        published=8080,
        headers={"Host": "oauth2-proxy.localtest.me"},
        change=("nginx.conf", "return 302 /oauth2/sign_in", "return 303 /oauth2/sign_in"),
        fault=("nginx.conf", "auth_request /oauth2/auth;", "auth_requests /oauth2/auth;"),
        says=("302 Found", "303 See Other"),
        pages=(
            ("oauth2-proxy.localtest.me", "/oauth2/auth", 401),
            ("oauth2-proxy.localtest.me", "/oauth2/sign_in", 200),
            ("oauth2-proxy.localtest.me", "/oauth2/start", 302),
        ),
    ),
    Stack(
        "under-a-path",
        fetch_jaeger,
        _JAEGER,
        (HTTPD,),
        url="http://{address}",
        published=18080,
        path="/jaeger/prefix/",
        change=(_JAEGER, "base_path=/jaeger/prefix", f"{_ARCHIVE}some_storage"),
        fault=(_JAEGER, f"{_ARCHIVE}some_storage", f"{_ARCHIVE}nowhere"),
        error=("examples/reverse-proxy/httpd.conf", "ErrorLog ", _DENIED + "ErrorLog "),
        says=('"archiveStorage":false', '"archiveStorage":true'),
        pages=(("", "/", 200), ("", "/jaeger/prefix/api/services", 200), ("", "/nowhere", 404)),
        more=(
            ("curl -fs http://127.0.0.1:16686/jaeger/prefix/", "JAEGER_VERSION"),
            ("curl -fs --json '{}' http://127.0.0.1:4318/v1/traces", "partialSuccess"),
            (_TRACES, "grpc-status: 0"),
        ),
        images="jaeger: {context: cmd/jaeger, dockerfile: cmd/jaeger/Dockerfile, target: release, "
        "args: {base_image: 'debian:trixie-slim', debug_image: 'debian:trixie-slim'}, services: [jaeger]}",
        probes="{path: /jaeger/prefix/, body: JAEGER_VERSION}",
    ),
)


@pytest.mark.parametrize("stack", STACKS, ids=attrgetter("name"))
def test_a_stack(stack: Stack, lab: Lab, server: Server, tmp_path: Path) -> None:
    """Good, changed, broken and back: no request is lost, and each page is what it is by its own compose file."""
    bench = _adopt(stack, lab, server, tmp_path)
    bench.ok("ship")
    assert stack.says[0] in _page(stack, server)
    _ask_pages(stack, server)
    bench.edit(*stack.change)
    told = [_step(stack, bench, lambda: bench.ok("ship"))]
    assert stack.says[1] in _page(stack, server), told
    _ask_pages(stack, server)

    def refused() -> Ended:
        ended = bench.fairlead("ship")
        assert ended.code == ExitCode.ROLLED_BACK, ended
        return ended

    for file, old, new in filter(None, (stack.fault, stack.error)):
        bench.edit(file, old, new)
        told.append(_step(stack, bench, refused))
        assert stack.says[1] in _page(stack, server), told
        bench.edit(file, new, old)
    told.append(_step(stack, bench, lambda: bench.ok("rollback")))
    assert stack.says[0] in _page(stack, server), told
    _ask_pages(stack, server)
    assert not [one for one in told if "lost" in one], told


def _adopt(stack: Stack, lab: Lab, server: Server, folder: Path) -> Workbench:
    """Add fairlead.yaml and a baseline, and nothing else."""
    root = stack.fetch(folder)
    made = sorted(path.name for path in root.glob("images/*"))
    images = [
        f"{name}: {{context: images/{name}, dockerfile: images/{name}/Dockerfile, services: [{name}]}}"
        for name in made
    ] + [stack.images] * bool(stack.images)
    (root / "fairlead.yaml").write_text(
        f"app: {stack.name}\n"
        "platforms: [linux/amd64]\n"
        f"images: {{{', '.join(images)}}}\n"
        f"compose: [{stack.compose}]\n"
        "environments:\n"
        "  lab:\n"
        f"    hosts: [deploy@{server.address}]\n"
        f"    url: {stack.url.format(address=server.address)}\n"
        f"    hostnames: [{', '.join(stack.hostnames)}]\n"
        f"    probes: [{stack.probes}]\n"
    )
    bench = Workbench(root, lab, server)
    contexts = (lab.environ["FAIRLEAD_BUILD_CONTEXTS"], put_in_registry(lab, *stack.stock))
    bench.environ["FAIRLEAD_BUILD_CONTEXTS"] = ",".join(contexts)
    bench.environ["FAIRLEAD_REGISTRY"] = f"{lab.registry}/{stack.name}-{secrets.token_hex(3)}"
    bench.git("init", "--quiet", "--initial-branch", "main")
    # It breaks rules of the policy: what is there today is accepted, as one does with a repository of old.
    bench.ok("validate", "--write-baseline")
    bench.commit("as published")
    return bench


def _step(stack: Stack, bench: Workbench, act: Callable[[], Ended]) -> str:
    """Commit, do it, and say what users saw meanwhile."""
    bench.commit("next")
    caller = functools.partial(ask, path=stack.path)
    with Visitors(bench.server.address, headers=stack.headers, caller=caller) as visitors:
        act()
    return f"{visitors.told()}: {visitors.seen}" if visitors.lost else visitors.told()


def _page(stack: Stack, server: Server) -> str:
    status, text = ask(server.address, path=stack.path, headers=stack.headers)
    assert 0 < status < GOOD, (status, text)
    return text


def _ask_pages(stack: Stack, server: Server) -> None:
    """What the front answers by its rules, and that it is reached by the port that its file publishes."""
    got = {
        (host, path): ask(server.address, path=path, headers={"Host": host} if host else {})[0]
        for host, path, _ in stack.pages
    }
    assert got == {(host, path): status for host, path, status in stack.pages}
    names = [word for name, value in stack.headers.items() for word in ("--header", f"{name}: {value}")]
    on_server(server, "curl", "--fail", "--silent", *names, f"http://127.0.0.1:{stack.published}{stack.path}")
    for words, wanted in stack.more:
        told = on_server(server, "sh", "-c", words)
        assert wanted in told, (words, told)
