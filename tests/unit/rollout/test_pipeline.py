"""One `ship` goes over the compose files once: what was judged is what is asked about, built and deployed."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

from fairlead.app.layout import lay_out
from fairlead.app.model import ComposeApp
from fairlead.errors import ComposeInvalidError, InputError
from fairlead.host.wire.changes import DeployCall
from fairlead.host.wire.planned import PlanAnswer
from fairlead.host.wire.result import Result
from fairlead.host.wire.status import StateAnswer
from fairlead.identity import Identity
from fairlead.image.documents import PublishDocument, PublishedImage
from fairlead.image.registry.client import Resolved
from fairlead.image.workdir import write_json
from fairlead.judge import request
from fairlead.judge.baseline import FILE_NAME, write_baseline
from fairlead.judge.run import judge
from fairlead.judge.scopes import settings_scopes
from fairlead.positions import load_documents
from fairlead.quick.records import replace
from fairlead.remote.access import AccessOptions
from fairlead.remote.outcome import RolloutEnd
from fairlead.rollout.check import run_check
from fairlead.rollout.gate import pass_gate
from fairlead.rollout.options import RolloutOptions
from fairlead.rollout.pipeline import run_ship
from fairlead.rollout.place import Place
from fairlead.schemas import load_schema
from fairlead.settings.load import load_settings
from fairlead.settings.values import Settings
from tests.recording import RecordingReporter

REVISION = "5" * 40
DIGEST = f"sha256:{'d' * 64}"
SETTINGS = """\
app: shop
registry: registry.example.com/shop
platforms: [linux/amd64]
environments:
  production: {hosts: [deploy@a.example.com], url: https://shop.example.com, variables: {COLOUR: green}}
"""
COMPOSE = """\
services:
  web:
    build: .
    image: ${FAIRLEAD_REGISTRY}/web:${FAIRLEAD_TAG}
    environment: {RELEASE: "${FAIRLEAD_REVISION}", COLOUR: "${COLOUR}"}
    expose: ["8000"]
    configs: [{source: page, target: /srv/page}]
configs:
  page: {file: ./page}
"""


class Server:
    """A server that takes everything, and remembers what it was asked."""

    def __init__(self) -> None:
        self.foreseen: list[DeployCall] = []
        self.deployed: list[DeployCall] = []

    def plan(self, change: DeployCall, **_: Any) -> PlanAnswer:
        self.foreseen.append(change)
        return PlanAnswer()

    def part(self, _host: str, change: DeployCall, _blobs: Any) -> None:
        self.deployed.append(change)

    @contextlib.contextmanager
    def lines(self, place: Place, **_: Any) -> Iterator[Any]:
        yield SimpleNamespace(ask_ahead=partial(self._ask, place))

    @contextlib.contextmanager
    def _ask(self, place: Place, _question: Any) -> Iterator[Any]:
        yield {host: SimpleNamespace(wait=lambda: (self, StateAnswer())) for host in place.hosts}


def _identity(*_: Any) -> Identity:
    return Identity(REVISION, 1_800_000_000, "main", (), (), "https://git.example.com/shop", "Ann <a@b>")


def _publish(settings: Settings, work_dir: Path) -> None:
    images = {
        name: PublishedImage(
            repository=settings.repository_of(name),
            digest=DIGEST,
            tags=(f"sha-{REVISION}",),
            platforms={"linux/amd64": DIGEST},
        )
        for name in settings.images
    }
    write_json(
        work_dir / "publish.json",
        PublishDocument(
            app=settings.app, revision=REVISION, revision_time=1_800_000_000, images=images
        ).to_json(),
    )


def _resolve(_settings: Settings) -> Callable[[str], Resolved]:
    return lambda reference: Resolved(reference, reference.encode())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Everything that a `ship` goes through but processes and networks."""
    server, asked = Server(), request.settings_request
    where = "fairlead.rollout"
    monkeypatch.setattr(
        request, "settings_request", lambda *words, **more: replace(asked(*words, **more), ask=False)
    )
    for name in ("pipeline", "start"):
        monkeypatch.setattr(f"{where}.{name}.open_lines", server.lines)
    for name in ("pipeline", "check"):
        monkeypatch.setattr(f"{where}.{name}.read_identity", _identity)
    for name in ("start", "change"):
        monkeypatch.setattr(f"{where}.{name}.digest_resolver", _resolve)
    monkeypatch.setattr(
        f"{where}.pipeline._Pipeline._make_images",
        lambda self: _publish(self.settings, self.options.work_dir),
    )
    monkeypatch.setattr(
        f"{where}.change.connect_all",
        lambda place, *_: (dict.fromkeys(place.hosts, server), dict.fromkeys(place.hosts, StateAnswer())),
    )
    monkeypatch.setattr(f"{where}.servers.run_parts", lambda *_: RolloutEnd(Result("live"), ()))
    monkeypatch.setattr(f"{where}.pipeline.finish_rollout", lambda *_, **__: None)
    return server


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A repository whose faults are accepted."""
    monkeypatch.chdir(tmp_path)
    files = {
        "fairlead.yaml": SETTINGS,
        "compose.yaml": COMPOSE,
        "Dockerfile": "FROM scratch\n",
        "page": "welcome\n",
    }
    for name, text in files.items():
        Path(name).write_text(text)
    settings = load_settings(tmp_path, {})
    verdict = judge(replace(request.settings_request(settings), ask=False))
    write_baseline(tmp_path / FILE_NAME, verdict.findings)
    return Place(settings, settings.environment(), AccessOptions())


def test_the_compose_files_are_read_and_laid_out_once(
    server: Server, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parsing, merging and judging is most of what this machine does for a release without builds."""
    read: Counter[str] = Counter()

    def counted(path: Path, shown: str) -> Any:
        read[path.name] += 1
        return load_documents(path, shown)

    def laid_out(app: ComposeApp) -> Any:
        read[f"{app.environment.name} of {app.revision[:3]}"] += 1
        return lay_out(app)

    monkeypatch.setattr("fairlead.composefile.loader.reading.load_documents", counted)
    monkeypatch.setattr("fairlead.app.layout.lay_out", laid_out)
    run_ship(place, RolloutOptions(place.settings.root / ".fairlead"), RecordingReporter(), offline=False)
    assert read == {"compose.yaml": 1, "production of 555": 1}
    assert len(server.foreseen) == len(server.deployed) == 1


def test_what_was_judged_has_the_commit_put_in(server: Server, place: Place) -> None:
    run_ship(place, RolloutOptions(place.settings.root / ".fairlead"), RecordingReporter(), offline=False)
    for change in (*server.foreseen, *server.deployed):
        web = change.release["services"]["web"]
        assert web["definition"]["environment"]["RELEASE"] == REVISION
        assert web["expect_release"] == REVISION
        assert change.release["revision"] == REVISION
    (deployed,) = server.deployed
    assert deployed.release["services"]["web"]["image"] == f"registry.example.com/shop/web@{DIGEST}"
    assert len(server.foreseen) == 1


def test_a_check_asks_what_a_deploy_would_meet_and_changes_nothing(
    server: Server, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins: list[str] = []
    monkeypatch.setattr("fairlead.image.registry.client.check_login", lambda image, _: logins.append(image))
    reporter = RecordingReporter()
    run_check(place, RolloutOptions(place.settings.root / ".fairlead"), reporter)
    (asked,) = server.foreseen
    assert (asked.release["revision"], server.deployed) == (REVISION, [])
    assert logins == ["registry.example.com/shop/web"]
    assert not (place.settings.root / ".fairlead").exists()
    assert reporter.document == {
        "schema": "fairlead.check/v1",
        "app": "shop",
        "environment": "production",
        "revision": REVISION,
        "url": "https://shop.example.com",
        "hosts": ["deploy@a.example.com"],
    }
    jsonschema.validate(reporter.document, load_schema("check"))


def test_a_secret_that_is_not_there_is_told_before_a_server_is_asked(server: Server, place: Place) -> None:
    wanted = COMPOSE.replace("configs: [{", "secrets: [token]\n    configs: [{")
    Path("compose.yaml").write_text(f"{wanted}secrets:\n  token: {{environment: TOKEN}}\n")
    with pytest.raises(InputError, match="secret"):
        run_check(place, RolloutOptions(place.settings.root / ".fairlead"), RecordingReporter())
    assert server.foreseen == []


def test_an_app_with_faults_that_were_accepted_is_made_from_the_same_files(
    server: Server, place: Place
) -> None:
    """The verdict has none of it where what comes before could not hold."""
    passed = pass_gate(place.settings, (place.environment,), RecordingReporter(), REVISION)
    judged = tuple(replace(one, layout=None) for one in passed.verdict.judged)
    bare = dataclasses.replace(passed, verdict=replace(passed.verdict, judged=judged))
    found, expected = bare.layout_of(place.environment), passed.layout_of(place.environment)
    assert (found.services, found.app.model) == (expected.services, expected.app.model)
    Path("Dockerfile").unlink()
    with pytest.raises(ComposeInvalidError):
        bare.layout_of(place.environment)


def test_docker_compose_is_asked_the_same_for_every_commit(place: Place) -> None:
    """So what it said is remembered."""
    environments = [place.environment]
    (scope,) = settings_scopes(place.settings, environments, {}, revision=REVISION)
    assert scope.variables["FAIRLEAD_REVISION"] == REVISION
    assert [scope.without_commit] == list(settings_scopes(place.settings, environments, {}))
