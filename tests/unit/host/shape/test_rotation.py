"""Secrets that got new values: who is restarted, what is revoked, what older releases read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from fairlead.host.disk.fold import fold_records
from fairlead.host.disk.journal import BEGIN, COMMIT, Record
from fairlead.host.disk.ledger import Rotation
from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.disk.routes import switch_to, write_routes
from fairlead.host.engine.engine import Engine
from fairlead.host.plan import decide
from fairlead.host.plan.decide import plan_rotated
from fairlead.host.plan.plan import plan_deploy, plan_rollback
from fairlead.host.shape.bundle import Bundle, read_bundle, rewrite_projects, write_bundle
from fairlead.host.shape.rotation import read_rotations, refuse_revoked, replace_secrets, write_rotations
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.release import Release, service_hash
from fairlead.host.wire.request import Options
from tests.unit.host.samples import container, document, release, service, serving

OLD, NEW, NEWER = "a" * 64, "b" * 64, "c" * 64


def _release(value: str = OLD, **changes: Any) -> Release:
    """Web and the migration read the secret, api does not."""
    mounts = [{"secret": "password", "target": "/run/secrets/password"}]
    services = document()["services"]
    for name, role in (("web", "app"), ("migrate", "job")):
        one = service(role, name, mounts=mounts)
        one["hash"] = service_hash(one["definition"], mounts, {"password": value} if role == "app" else {})
        services[name] = one
    return release(services=services, secrets={"password": value}, **changes)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = app_paths(tmp_path, "board")
    made.home.mkdir()
    return made


def test_only_its_readers_have_another_identity() -> None:
    """The same as if a deploy had brought the value; a job has done its work whatever the password."""
    assert replace_secrets(_release(), {"password": NEW}) == _release(NEW)


def test_it_is_not_the_job_that_deployed_the_commit() -> None:
    told = {"subject": "Mend it", "author": "Ann", "run": "https://github.com/acme/board/actions/runs/7"}
    commit = replace_secrets(_release(commit=told), {"password": NEW}).commit
    assert (commit.subject, commit.author, commit.run) == ("Mend it", "Ann", "")


def test_readers_are_restarted_and_no_job_runs() -> None:
    live = _release()
    rotated = replace_secrets(live, {"password": NEW})
    plan = plan_rotated(
        plan_deploy(rotated, serving(live)), {"password": NEW}, {"password": frozenset({OLD, NEW})}
    )
    actions = {one.service: (one.action, one.reason) for one in plan.actions}
    assert actions["web"] == ("start", "secret password changed")
    assert actions["api"][0] == "carry"
    assert actions["migrate"] == ("skip", "the images stay as they are")
    assert plan.rotations == {"password": Rotation("000002", NEW, frozenset({OLD}))}
    assert plan.steps[-1] == "remove the old value of the secret password"


def test_an_unknown_secret() -> None:
    with pytest.raises(InputFault) as caught:
        replace_secrets(_release(), {"pasword": NEW})
    assert caught.value.fix == "did you mean password?"


def _records(*rotations: tuple[str, str, list[str], bool]) -> list[Record]:
    made: list[Record] = []
    for release_id, value, revoked, committed in rotations:
        number = len(made) + 1
        secrets = {"password": {"release": release_id, "value": value, "revoked": revoked}}
        began = {
            "kind": "deploy",
            "release": release_id,
            "previous": None,
            "task": "t",
            "by": "a",
            "revision": "1" * 40,
        }
        made.append(Record(number, 1.0, BEGIN, {**began, "revision_time": 1, "secrets": secrets}))
        if committed:
            made.append(Record(number + 1, 1.0, COMMIT, {"tx": number, "release": release_id}))
    return made


def test_the_commit_revokes() -> None:
    """What was not committed revokes nothing; a value that is given again counts again."""
    assert fold_records(_records(("000002", NEW, [OLD], False))).rotations == {}
    once = fold_records(_records(("000002", NEW, [OLD], True))).rotations
    assert once == {"password": Rotation("000002", NEW, frozenset({OLD}))}
    twice = fold_records(_records(("000002", NEW, [OLD], True), ("000003", NEWER, [NEW], True))).rotations
    assert twice == {"password": Rotation("000003", NEWER, frozenset({OLD, NEW}))}
    back = fold_records(_records(("000002", NEW, [OLD], True), ("000003", OLD, [NEW], True))).rotations
    assert back == {"password": Rotation("000003", OLD, frozenset({NEW}))}


def test_a_bundle_from_before_reads_the_new_value(paths: Paths) -> None:
    """Its projects too, once they are written again; one from after it keeps what it has."""
    for number in ("000001", "000002"):
        write_bundle(paths, Bundle(number, _release(), dict.fromkeys(_release().rolled, number)))
    write_rotations(paths, {"password": Rotation("000002", NEW, frozenset({OLD}))})
    before, after = read_bundle(paths, "000001"), read_bundle(paths, "000002")
    assert before is not None
    assert after is not None
    assert (before.release, after.release) == (_release(NEW), _release())
    compose = paths.release("000001") / "compose.json"
    old, new = (f"secrets/password/{one}" for one in (OLD, NEW))
    assert old in compose.read_text()
    rewrite_projects(paths, before)
    assert (old in compose.read_text(), new in compose.read_text()) == (False, True)


def test_a_container_with_the_old_value_is_not_started_again() -> None:
    """Who does not read the secret is."""
    target = Bundle("000001", _release(NEW), dict.fromkeys(_release().rolled, "000001"))
    hashes = {name: one.hash for name, one in _release().rolled.items()}
    stopped = [container(name, "000001", running=False, hash=one) for name, one in hashes.items()]
    state = serving(_release(NEW), "000002")
    state = serving(_release(NEW), "000002", containers=(*state.containers, *stopped))
    actions = {one.service: (one.action, one.reason) for one in plan_rollback(target, state).actions}
    assert actions["web"] == ("create", "a secret that it reads was rotated")
    assert actions["api"][0] == "start"


def test_a_deploy_with_the_old_value_is_refused(paths: Paths) -> None:
    """Nothing is known of other values, nor of other secrets."""
    refuse_revoked(paths, {"password": OLD})
    write_rotations(paths, {"password": Rotation("000002", NEW, frozenset({OLD}))})
    for value in (NEW, NEWER):
        refuse_revoked(paths, {"password": value, "token": OLD})
    with pytest.raises(InputFault, match="old value of the secret password"):
        refuse_revoked(paths, {"password": OLD})


@pytest.mark.parametrize("text", ["", "[]", '{"password": 1}', '{"password": {"release": "000001"}}', "\xff"])
def test_a_damaged_note_is_none(paths: Paths, text: str) -> None:
    """The journal has it, and the next prune writes it anew."""
    paths.rotations.write_text(text, encoding="latin-1")
    assert read_rotations(paths) == {}
    write_rotations(paths, {"password": Rotation("000002", NEW, frozenset())})
    assert read_rotations(paths)["password"].value == NEW


class _Declaring:
    """An engine whose images all declare a volume; what else is asked of it has no answer."""

    def image(self, _reference: str) -> dict[str, Any]:
        return {"Config": {"Volumes": {"/data": {}}}}


@pytest.mark.parametrize("accepted", [(), ("web",)])
def test_who_would_begin_empty_is_named_in_the_plan(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, accepted: tuple[str, ...]
) -> None:
    """Before anything is done: whoever asks for the plan, or rotates, hears it at once."""
    live = _release()
    write_bundle(paths, Bundle("000001", live, dict.fromkeys(live.rolled, "000001")))
    write_routes(paths, "000001", {})
    switch_to(paths, "000001")
    monkeypatch.setattr(decide, "read_state", lambda *_: serving(live))
    options = Options(accept_recreate=accepted)
    engine = cast("Engine", _Declaring())
    _, plan, _ = decide.decide_rotation(paths, engine, {"password": NEW}, options)
    assert [one.what.partition(" ")[0] for one in plan.refusals] == ([] if accepted else ["web"])
