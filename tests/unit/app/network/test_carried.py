"""Whom the files of an app name, at which port and under which name: it is led there, or told in words.

Generated apps, by seed: what each service is, listens at and is called, who calls whom, how, and which file says so.
``FAIRLEAD_FUZZ=100000`` for the long run.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fairlead.app.split import ReleaseParts
from fairlead.errors import ComposeInvalidError
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.inside import find_carrier, networks_of, spoken_by
from fairlead.host.wire.release import Release
from tests.unit.app.small import small_app, split_small
from tests.unit.host.samples import document as sample

COUNT = int(os.environ.get("FAIRLEAD_FUZZ", "150"))
SEED = os.environ.get("FAIRLEAD_FUZZ_SEED", "1")
pytestmark = pytest.mark.timeout(7200 if COUNT > 10_000 else 300)
TWO = """\
services:
  web:
    image: ghcr.io/acme/board/web:1
    expose: ["8000"]
%s
  api:
    image: ghcr.io/acme/board/web:1
%s
"""


def _split(root: Path, web: str, api: str = "expose: ['8000']", more: str = "") -> ReleaseParts:
    lines = (f"    {web}", "".join(f"    {line}\n" for line in api.split("\n")))
    return split_small(small_app(root, TWO % lines + more))


def _release(parts: ReleaseParts) -> Release:
    return parse_release(sample(**parts.document(), secrets={}))


def _listens(release: Release, name: str) -> set[int]:
    return set(spoken_by([release]).get(name, ()))


@pytest.mark.parametrize(
    ("web", "api", "ports"),
    [
        ("init: true", "expose: ['8000', '9000-9002']", {8000, 9000, 9001, 9002}),
        ("init: true", "ports: ['8000:8000', '9000:9000']", {8000, 9000}),
        ("environment: {A: 'http://api:9000/metrics'}", "expose: ['8000']", {8000, 9000}),
        ("environment: {A: 'http://user:word@api:9000'}", "expose: ['8000']", {8000, 9000}),
        ("environment: {A: 'grpc://api:50051'}", "expose: ['8000']", {8000, 50051}),
        ("environment: {A: 'dns:///api:9000'}", "expose: ['8000']", {8000, 9000}),
        ("environment: {API_HOST: api, API_PORT: 9000}", "expose: ['8000']", {8000, 9000}),
        ("command: [serve, '--otlp=api:4317']", "expose: ['8000']", {8000, 4317}),
        ("entrypoint: [wait, 'tcp://api:9000']", "expose: ['8000']", {8000, 9000}),
        ("healthcheck: {test: 'curl http://api:9000'}", "expose: ['8000']", {8000, 9000}),
        ("environment: {A: 'http://api.board_default:9000'}", "expose: ['8000']", {8000, 9000}),
        # Who has no port of its own is led to all the same; what is none of HTTP's is not, and nobody names it.
        ("environment: {A: 'http://api:9000'}", "x-fairlead: {role: worker, health: none}", {9000}),
        ("init: true", "expose: ['8000', '5432', '443', '9000/udp']", {8000}),
    ],
)
def test_each_port_that_others_may_call_leads_through_the_switch(
    tmp_path: Path, web: str, api: str, ports: set[int]
) -> None:
    assert _listens(_release(_split(tmp_path, web, api)), "api") == ports


def test_a_dockerfile_tells_ports_and_a_config_whom_it_calls(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "Dockerfile").write_text("FROM scratch\nEXPOSE 8000 9100/tcp 9200/udp\n")
    text = TWO % ("    configs: [one]", "    build: {context: ./api}\n    expose: ['8000']\n")
    text = f"{text.replace('web:1', 'api:1')}configs: {{one: {{content: 'upstream: http://api:9300'}}}}\n"
    parts = split_small(small_app(tmp_path, text, images=("web", "api")))
    assert _listens(_release(parts), "api") == {8000, 9100, 9300}


def test_what_another_does_with_its_image_is_not_a_workers(tmp_path: Path) -> None:
    """One image for the api and its worker says EXPOSE for the one."""
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "Dockerfile").write_text("FROM scratch\nEXPOSE 8000\n")
    text = TWO % ("", "    build: {context: ./api}\n    x-fairlead: {role: worker, health: none}\n")
    parts = split_small(
        small_app(
            tmp_path,
            text.replace(
                "api:\n    image: ghcr.io/acme/board/web:1", "api:\n    image: ghcr.io/acme/board/api:1"
            ),
            images=("web", "api"),
        )
    )
    assert "further" not in parts.services["api"]


@pytest.mark.parametrize(
    ("web", "words"),
    [
        ("environment: {A: 'redis://api:6000'}", "redis is not HTTP"),
        ("environment: {A: 'api:5432'}", "what is spoken at that port is not HTTP"),
        ("environment: {A: 'https://api:8443/'}", "does not speak TLS inside"),
        ("command: [ship, 'smtp://api:25']", "smtp is not HTTP"),
    ],
)
def test_what_cannot_be_led_is_refused_where_it_is_named(tmp_path: Path, web: str, words: str) -> None:
    with pytest.raises(ComposeInvalidError) as raised:
        _split(tmp_path, web)
    (finding,) = raised.value.findings
    assert words in finding.what
    assert "web calls api at port" in finding.what
    assert "rollout: recreate" in finding.fix
    split_small(
        small_app(tmp_path, TWO % (f"    {web}", "    expose: ['8000']\n    x-fairlead: {rollout: recreate}"))
    )


def test_there_is_an_end_to_the_ports_that_are_led(tmp_path: Path) -> None:
    urls = " ".join(f"http://api:{9000 + number}" for number in range(70))
    with pytest.raises(ComposeInvalidError) as raised:
        _split(tmp_path, f"environment: {{A: '{urls}'}}")
    assert "70 ports" in raised.value.findings[0].what


def test_who_shares_the_network_of_a_neighbour_calls_as_that_does(tmp_path: Path) -> None:
    more = "  side:\n    image: postgres:18\n    network_mode: service:web\n    environment: {A: 'http://api:9000'}\n"
    parts = _split(tmp_path, "x-fairlead: {rollout: recreate}", more=more)
    assert parts.services["api"]["further"] == [9000]


def test_what_nobody_can_know_is_told(tmp_path: Path) -> None:
    """Of a port without a scheme, and of exposed ones that are known for something else."""
    told = [one.what for one in _split(tmp_path, "environment: {A: 'api:9000'}").notes]
    assert [
        one
        for one in told
        if "web calls api at port 9000, says its variable A: it is led there by HTTP" in one
    ]
    told = [one.what for one in _split(tmp_path, "init: true", "expose: ['8000', '6379']").notes]
    assert [one for one in told if "calls of other services to its port 6379 are not led to it" in one]
    told = [one.what for one in _split(tmp_path, "environment: {A: 'http://api:9000', B: 'api:8000'}").notes]
    assert not [one for one in told if "at port" in one]


def test_a_worker_that_is_called_runs_before_the_switch(tmp_path: Path) -> None:
    api = "x-fairlead: {role: worker, health: none, start: after}"
    with pytest.raises(ComposeInvalidError) as raised:
        _split(tmp_path, "environment: {A: 'http://api:9000'}", api)
    assert "must run before the switch" in raised.value.findings[0].what


@pytest.mark.parametrize(
    ("web", "api", "name"),
    [
        ("environment: {A: 'http://my-api:9000'}", "container_name: my-api", "my-api"),
        ("environment: {A: 'http://my-api:9000'}", "hostname: my-api", "my-api"),
        ("environment: {A: 'http://board-api-1:9000'}", "init: true", "board-api-1"),
        ("links: ['api:backend']", "init: true", "backend"),
    ],
)
@pytest.mark.parametrize("rollout", ["switch", "recreate"])
def test_every_name_that_compose_knows_leads_to_it(
    tmp_path: Path, web: str, api: str, name: str, rollout: str
) -> None:
    """What stays has the names that Compose would give it; those of what is rolled are with whoever carries its calls."""
    parts = _split(tmp_path, web, f"expose: ['8000']\nx-fairlead: {{rollout: {rollout}}}\n{api}")
    release = _release(parts)
    carrier = find_carrier(release, "api")
    holder = carrier if carrier is not None else release.services["api"]
    (how,) = networks_of(holder).values()
    kept = {str(holder.definition.get("hostname")), f"{release.app}-api-1" if carrier is None else ""}
    assert name in {*(how.get("aliases") or ()), *kept}
    assert (carrier is None) == (rollout == "recreate")


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ("{A: 'postgres://me:word@store/x'}", ["store"]),
        ("{DB_HOST: store}", ["store"]),
        ("{DB_HOSTNAME: store}", ["store"]),
        ("{A: 'postgres://me:word@db/store'}", []),
        ("{POSTGRES_DB: store, DB_NAME: store}", []),
        ("{A: restore}", []),
    ],
)
def test_a_database_is_no_host_of_its_name(tmp_path: Path, environment: str, names: list[str]) -> None:
    """What keeps data is made anew for another alias: not for a word that means something else."""
    more = "  db:\n    image: postgres:18\n    container_name: store\n"
    parts = _split(tmp_path, f"environment: {environment}", more=more)
    how = parts.services["db"]["definition"]["networks"]["default"]
    assert (how or {}).get("aliases", []) == names


def test_one_name_for_two_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ComposeInvalidError) as raised:
        _split(tmp_path, "links: ['api:db']", more="  db:\n    image: postgres:18\n")
    assert "known by that name too" in raised.value.findings[0].what


def test_what_is_called_within_its_release_has_its_own_name_only(tmp_path: Path) -> None:
    (tmp_path / "front.conf").write_text("location / { fastcgi_pass my-php:9000; }\n")
    text = "services:\n  web:\n    image: nginx:1\n    ports: ['80:80']\n    volumes: ['./front.conf:/etc/nginx/front.conf:ro']\n"
    text += "  php:\n    image: php:8-fpm\n    container_name: my-php\n    x-fairlead: {health: none}\n"
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(small_app(tmp_path, text))
    assert "by the name my-php" in raised.value.findings[0].what
    (tmp_path / "front.conf").write_text("location / { fastcgi_pass php:9000; }\n")
    assert split_small(small_app(tmp_path, text)).services["web"]["calls"] == ["php"]


# ----- generated


@dataclass(frozen=True)
class _Said:
    caller: str
    target: str
    name: str
    port: int


class _App:
    """An app by chance, and who says of whom what."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.said: list[_Said] = []
        self.files: dict[str, str] = {}
        self.names = [
            f"{kind}{number}" for number, kind in enumerate(dice.choices(("web", "api", "bg", "db"), k=4))
        ]
        self.known: dict[str, list[str]] = {}
        blocks = {name: self._block(name) for name in self.names}
        for caller in self.names:
            for _ in range(dice.randint(0, 2)):
                self._call(caller, blocks[caller])
        parts = [
            f"  {name}:\n" + "".join(f"    {line}\n" for line in lines) for name, lines in blocks.items()
        ]
        if dice.random() < 0.3:
            parts.append(
                "  caddy:\n    image: caddy:2\n    x-fairlead: {role: proxy}\n    networks: [one, two]\n"
            )
        self.text = "services:\n" + "".join(parts) + "networks: {one: {}, two: {}}\nvolumes: {data: {}}\n"

    def _block(self, name: str) -> list[str]:
        dice = self.dice
        networks = dice.choice((["one"], ["one"], ["two"], ["one", "two"]))
        aliases = [f"also-{name}"] if dice.random() < 0.3 else []
        self.known[name] = [name, *aliases]
        lines = [f"networks: {{{', '.join(f'{one}: {{aliases: {aliases}}}' for one in networks)}}}"]
        if name.startswith("db"):
            lines += ["image: postgres:18"]
        else:
            lines += ["image: ghcr.io/acme/board/web:1"]
        if dice.random() < 0.4:
            key = dice.choice(("container_name", "hostname"))
            lines.append(f"{key}: the-{name}")
            self.known[name].append(f"the-{name}")
        elif not name.startswith("db"):
            self.known[name].append(f"board-{name}-1")
        if name.startswith(("web", "api")):
            lines.append(
                dice.choice(("expose: ['8000']", "expose: ['8000-8003']", "ports: ['8000', '9000']"))
            )
        if name.startswith("bg"):
            lines.append("x-fairlead: {role: worker, health: none}")
        elif dice.random() < 0.2:
            lines.append("x-fairlead: {rollout: recreate}")
        return lines

    def _call(self, caller: str, lines: list[str]) -> None:
        dice = self.dice
        target = dice.choice([name for name in self.names if name != caller])
        name, port = (
            dice.choice(self.known[target]),
            dice.choice((80, 8000, 8002, 9000, 50051, 5432, 6379, 8443)),
        )
        if dice.random() < 0.2:
            name = f"via-{target}"
            self._add(lines, "links: [", f"'{target}:{name}', ", "]")
        scheme = dice.choice(("http://", "http://u:p@", "", "", "https://", "redis://", "tcp://", "grpc://"))
        url = f"{scheme}{name}:{port}"
        self.said.append(_Said(caller, target, name, port))
        kind = dice.choice(("environment", "command", "file"))
        number = len(self.said)
        if kind == "file":
            self.files[f"{number}.conf"] = f"one {{ server {url}; }}\n"
            self._add(lines, "volumes: [", f"'./{number}.conf:/etc/{number}.conf:ro', ", "]")
        elif kind == "environment":
            self._add(lines, "environment: {", f"A{number}: '{url}', ", "}")
        else:
            self._add(lines, "command: [", f"'--to={url}', ", "]")

    @staticmethod
    def _add(lines: list[str], head: str, entry: str, tail: str) -> None:
        for index, line in enumerate(lines):
            if line.startswith(head):
                lines[index] = line[: -len(tail)] + entry + tail
                return
        lines.append(head + entry + tail)


def _wrong(app: _App, release: Release) -> Iterator[str]:
    """The calls that end nowhere."""
    for said in app.said:
        target = release.services[said.target]
        shared = networks_of(release.services[said.caller]).keys() & networks_of(target).keys()
        if not shared:
            continue
        if not target.is_rolled:
            named = {target.name, str(target.definition.get("hostname")), f"board-{target.name}-1"}
            named |= {one for how in networks_of(target).values() for one in how.get("aliases") or ()}
            if said.name not in named:
                yield f"{said}: nobody has that name"
            continue
        carrier = find_carrier(release, said.target)
        met = networks_of(carrier) if carrier is not None else {}
        if not any(said.name in met.get(network, {}).get("aliases", ()) for network in shared):
            yield f"{said}: nobody who carries calls has that name"
        if said.port not in _listens(release, said.target):
            yield f"{said}: nobody listens there"
        if {"hostname", "container_name"} & target.definition.keys():
            yield f"{said}: two releases have one name"


def _made(root: Path, text: str) -> ReleaseParts | ComposeInvalidError:
    try:
        return split_small(small_app(root, text))
    except ComposeInvalidError as refused:
        return refused


def test_whom_a_file_names_is_led_to_or_told(tmp_path: Path) -> None:
    """Every service and port that some service's file names is carried, or has its own name, or a finding."""
    kinds = {"led": 0, "refused": 0}
    for number in range(COUNT):
        app = _App(random.Random(f"{SEED}:{number}"))  # noqa: S311 - not to hide
        for file, text in app.files.items():
            (tmp_path / file).write_text(text)
        made = _made(tmp_path, app.text)
        if isinstance(made, ComposeInvalidError):
            assert all(one.what and one.fix for one in made.findings), app.text
            kinds["refused"] += 1
            continue
        release = _release(made)
        wrong = list(_wrong(app, release))
        assert not wrong, f"{SEED}:{number}\n{app.text}\n{app.files}\n{wrong}"
        kinds["led"] += len(app.said)
    assert kinds["led"] > COUNT / 10
    assert kinds["refused"] > COUNT / 20


@pytest.mark.parametrize("hostile", ["a.", "a-", "\n", " \n", "a://", "a://b:", "uwsgi_pass ", "upstream x "])
def test_a_hostile_text_is_read_in_a_time_that_grows_with_its_length(tmp_path: Path, hostile: str) -> None:
    """By the square of it, this would take an hour."""
    text = json.dumps(f"#\n{hostile * 400_000}\n http://api:9000")
    parts = _split(tmp_path, f"environment: {{TEXT: {text}}}")
    assert _listens(_release(parts), "api") == {8000, 9000}


def test_the_same_thousands_of_ports_are_taken_once(tmp_path: Path) -> None:
    """One by one in each of these ranges, this would take half an hour."""
    ranges = json.dumps([f"{first}-65535" for first in range(2, 60_000)])
    parts = _split(tmp_path, "init: true", f"expose: {ranges}")
    assert len(_listens(_release(parts), "api")) == 32
