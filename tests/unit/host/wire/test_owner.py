"""Every request names app, environment, repository and folder, and the host compares them before anything happens."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from fairlead.host.disk import task
from fairlead.host.disk.events import EVENTS
from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.door.answers import READING
from fairlead.host.door.door import Door
from fairlead.host.engine import engine
from fairlead.host.plan.plan import plan_deploy
from fairlead.host.run.deploy import run_repair, run_rollback
from fairlead.host.run.removal import run_remove
from fairlead.host.shape.bundle import Bundle, write_bundle
from fairlead.host.state.ownership import find_namesakes, owner_after, require_owner
from fairlead.host.state.removals import Kept
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.events import render_event
from fairlead.host.wire.frames import FrameReader, FrameWriter
from fairlead.host.wire.owner import TOP, Owner, owner_of, parse_owner
from fairlead.host.wire.request import Options, parse_rollback_request
from fairlead.host.wire.restriction import Restriction
from fairlead.host.wire.result import Result
from tests.unit.host.said import Said
from tests.unit.host.samples import document, nothing, release

OWNER = {"source": "https://github.com/acme/board", "environment": "production"}
OF_THE_HOST = {"hello", "check"}
"""What is asked of the host and not of an app."""
READS = {"state", "plan", "history", "logs", "attach"}


def every_request() -> list[str]:
    """All that the door knows, from its own tables: one that is added later is tested too."""
    door = Door(Path("/nowhere"), FrameReader(0), FrameWriter(1), ())
    return sorted({*READING, *door._telling, *door._taking} - OF_THE_HOST)


def frame(
    request: str, environment: str | None, repository: str | None, directory: str | None = None
) -> dict[str, Any]:
    """A request as a client sends it."""
    named = {"environment": environment, "repository": repository, "directory": directory}
    asked: dict[str, Any] = {key: value for key, value in named.items() if value is not None}
    asked |= {"request": request, "app": "board", "volumes": True, "tail": 1}
    if request in {"deploy", "plan"}:
        of = {"environment": environment, "source": repository, "directory": directory}
        asked["release"] = document(**{key: value for key, value in of.items() if value is not None})
    return asked


def everything_in(folder: Path) -> dict[str, bytes]:
    """Each file and link below a folder, with what is in it."""
    return {
        str(path.relative_to(folder)): (
            path.readlink().as_posix().encode() if path.is_symlink() else path.read_bytes()
        )
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A host with ``board``, which is production's; its engine must not be asked for anything."""

    def connect(*_: Any, **__: Any) -> Any:
        raise AssertionError("the engine was asked before the owner")

    def start(folder: Path, _: Any) -> None:
        (folder / EVENTS).write_text(json.dumps(render_event(Result("ok"))) + "\n")

    monkeypatch.setattr(engine.Engine, "connect", connect)
    monkeypatch.setattr(task, "start_task", start)
    found = app_paths(tmp_path / "srv", "board")
    found.home.mkdir(parents=True)
    found.journal.touch()
    found.origin.write_text(json.dumps(OWNER))
    return found


@pytest.fixture
def said(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Said:
    return Said(paths.root, monkeypatch)


OTHERS = {
    "environment": ("staging", OWNER["source"]),
    "repository": ("production", "https://github.com/other/board"),
    "both": ("staging", "https://github.com/other/board"),
}


@pytest.mark.parametrize("other", sorted(OTHERS))
@pytest.mark.parametrize("request_", every_request())
def test_who_names_another_environment_or_repository_is_refused_before_anything(
    request_: str, other: str, paths: Paths, said: Said
) -> None:
    """Reading, changing and removing alike: one error that says what, why and what to do, with exit code 2."""
    before = everything_in(paths.root)
    (answer,) = said.ask(Restriction(), frame(request_, *OTHERS[other]))
    assert (answer["status"], answer["exit"]) == ("refused", 2), answer
    error = answer["error"]
    assert "production" in error["what"], error
    assert OTHERS[other][0] in error["why"], error
    assert error["fix"]
    assert everything_in(paths.root) == before


SOURCES = ("", "https://github.com/acme/board", "https://github.com/other/board")
FOLDERS = ("", TOP, "apps/admin", "apps/shop")
owners = some.builds(
    Owner,
    source=some.sampled_from(SOURCES),
    environment=some.sampled_from(["production", "staging"]),
    directory=some.sampled_from(FOLDERS),
)


def differ(one: Owner, other: Owner) -> bool:
    """Whether something is known of both, and not the same."""
    pairs = ((getattr(one, name), getattr(other, name)) for name in ("source", "environment", "directory"))
    return any(mine and theirs and mine != theirs for mine, theirs in pairs)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(request=some.sampled_from(every_request()), owner=owners, claim=owners)
def test_whoever_is_known_to_be_another_is_refused_and_nobody_else(
    request: str, owner: Owner, claim: Owner, paths: Paths, said: Said
) -> None:
    """Repository, environment and folder alike, in whatever is asked; what one side does not know is not compared."""
    paths.origin.write_text(json.dumps(owner.to_json()))
    before = everything_in(paths.root)
    asked = frame(request, claim.environment, claim.source or None, claim.directory or None)
    answer = said.ask(Restriction(), asked)[-1]
    if not differ(owner, claim):
        assert "belongs to" not in str(answer.get("error")), answer
        return
    assert (answer["status"], answer["exit"]) == ("refused", 2), answer
    assert "belongs to" in answer["error"]["what"]
    assert answer["error"]["fix"]
    assert everything_in(paths.root) == before


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(owner=owners, claim=owners)
def test_under_the_lock_and_in_the_plan_it_is_the_same(owner: Owner, claim: Owner, paths: Paths) -> None:
    """A deploy from a repository that is not known is nobody's, though: a folder that is not known is an older client's."""
    paths.origin.write_text(json.dumps(owner.to_json()))
    asked = {"task": "one", **frame("rollback", claim.environment, claim.source, claim.directory)}
    request = parse_rollback_request(asked, None)
    assert request.claim == claim
    try:
        require_owner(paths, claim)
    except InputFault:
        assert differ(owner, claim)
    else:
        assert not differ(owner, claim)
    fields = {"environment": claim.environment, "source": claim.source, "directory": claim.directory}
    refused = plan_deploy(release(**fields), replace(nothing(), owner=owner)).refusals
    assert bool(refused) == (differ(owner, claim) or owner.source != claim.source)


def test_who_means_another_folder_is_told_which_one_and_what_to_do(paths: Paths, said: Said) -> None:
    """Two apps of one repository under one name would replace each other; one that was moved is taken over."""
    for folder, ours, file in (
        ("apps/shop", ", folder apps/shop", "apps/shop/fairlead.yaml"),
        (TOP, ", its top folder", "fairlead.yaml"),
    ):
        paths.origin.write_text(json.dumps({**OWNER, "directory": "apps/admin"}))
        error = said.ask(Restriction(), frame("state", "production", OWNER["source"], folder))[-1]["error"]
        assert error["what"] == (
            f"the app 'board' on this host belongs to production of {OWNER['source']}, folder apps/admin"
        )
        assert error["why"].startswith(f"this is for production of {OWNER['source']}{ours}: ")
        assert error["fix"].startswith(f"choose another `app` in {file}; or, if the app has moved there, ")
        assert "--take-over" in error["fix"]


@pytest.mark.parametrize(
    "directory", [5, ["apps/admin"], {"apps/admin": 1}, "apps/admin/", "\x1b[2J", "x" * 900]
)
def test_no_other_spelling_of_the_folder_passes(directory: Any, paths: Paths, said: Said) -> None:
    paths.origin.write_text(json.dumps({**OWNER, "directory": "apps/admin"}))
    asked = {**frame("state", "production", OWNER["source"]), "directory": directory}
    error = said.ask(Restriction(), asked)[-1]["error"]
    assert "belongs to" in error["what"]
    assert "\x1b" not in str(error.values())


def test_the_folder_is_learned_with_the_next_deploy_and_is_not_forgotten() -> None:
    """An older client does not say it; one that takes the app over does, or it is not known any more."""
    old, new = release(), release(directory="apps/shop")
    known = owner_after(owner_of(old), new, is_new=True)
    assert known.directory == "apps/shop"
    assert owner_after(known, old, is_new=True) == known
    assert owner_after(known, old, is_new=False) == known
    assert owner_after(None, new, is_new=False) == known
    assert owner_after(known, release(directory=TOP), is_new=True).directory == TOP
    moved = release(source="https://github.com/other/board")
    assert owner_after(known, moved, is_new=True) == owner_of(moved)
    assert parse_owner(known.to_json()) == known


@pytest.mark.parametrize("request_", every_request())
def test_one_that_names_the_owner_is_not_refused_for_it(request_: str, said: Said) -> None:
    for repository in (
        OWNER["source"],
        "https://github.com/ACME/Board",
        "http://github.com/acme/board",
        None,
    ):
        answer = said.ask(Restriction(), frame(request_, "production", repository))[-1]
        assert "belongs to" not in str(answer.get("error")), answer


@pytest.mark.parametrize(
    ("owner", "claim", "accepted"),
    [
        ("https://github.com/acme/board", "ghcr.io/acme/board", True),
        ("ghcr.io/acme/board", "https://github.com/acme/board", True),
        ("ghcr.io/acme/board", "ghcr.io/other/board", False),
        ("ghcr.io/acme/board", "GHCR.io/acme/board", True),
        ("", "https://github.com/acme/board", True),
    ],
)
def test_a_registry_stands_for_a_repository_only_beside_another_registry(
    owner: str, claim: str, accepted: bool
) -> None:
    """A clone without a web address is known by its registry, and not taken for another repository's for that."""
    assert Owner(owner, "production").accepts(Owner(claim, "production")) == accepted


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    request=some.sampled_from(every_request()),
    environment=some.one_of(
        some.sampled_from(["Production", "production ", "productio", "", "../production", "production\0"]),
        some.text(max_size=20),
        some.integers(),
        some.lists(some.just("production"), max_size=1),
    ),
)
def test_no_other_spelling_of_the_environment_passes(
    request: str, environment: Any, paths: Paths, said: Said
) -> None:
    if environment == "production":
        return
    before = everything_in(paths.root)
    (answer,) = said.ask(Restriction(), {**frame(request, "production", None), "environment": environment})
    assert answer["exit"] == 2, answer
    assert everything_in(paths.root) == before


@pytest.mark.parametrize("request_", sorted(set(every_request()) - READS - {"deploy"}))
def test_a_client_that_names_no_environment_changes_nothing(request_: str, paths: Paths, said: Said) -> None:
    """It is older than this agent: what it would change, it cannot have said of whom."""
    before = everything_in(paths.root)
    (answer,) = said.ask(Restriction(), frame(request_, None, None))
    assert answer["exit"] == 2
    assert "does not say which environment" in answer["error"]["what"]
    assert everything_in(paths.root) == before


@pytest.mark.parametrize("request_", sorted(READS))
def test_an_older_client_may_read(request_: str, said: Said) -> None:
    answer = said.ask(Restriction(), frame(request_, None, None))[-1]
    assert "environment" not in (answer.get("error") or {}).get("what", ""), answer


@pytest.mark.parametrize("request_", sorted({"state", "plan", "deploy", "repair", "order", "attach"}))
def test_a_deploy_that_takes_over_is_let_through(request_: str, said: Said) -> None:
    asked = frame(request_, *OTHERS["both"]) | {"take_over": True, "options": {"take_over": True}}
    answer = said.ask(Restriction(), asked)[-1]
    assert "belongs to" not in str(answer.get("error")), answer


@pytest.mark.parametrize(
    "request_",
    ["remove", "rollback", "rotate", "drain", "undrain", "maintenance", "logs", "history"],
)
def test_nothing_else_takes_over(request_: str, said: Said) -> None:
    asked = frame(request_, *OTHERS["both"]) | {"take_over": True, "options": {"take_over": True}}
    assert "belongs to" in said.ask(Restriction(), asked)[-1]["error"]["what"]


@pytest.mark.parametrize("request_", every_request())
@pytest.mark.parametrize("damage", ["missing", "cut off", "of another kind"])
def test_without_its_record_the_releases_tell_whose_the_app_is(
    request_: str, damage: str, paths: Paths, said: Said
) -> None:
    """A state of an older version, one whose first deploy has not ended, a file that a crash left damaged."""
    write_bundle(paths, Bundle("000001", release(), {}))
    if damage == "missing":
        paths.origin.unlink()
    else:
        paths.origin.write_text({"cut off": '{"sour', "of another kind": "[1]"}[damage])
    (answer,) = said.ask(Restriction(), frame(request_, *OTHERS["environment"]))
    assert answer["exit"] == 2
    assert "belongs to" in answer["error"]["what"]


@pytest.mark.parametrize("request_", every_request())
def test_an_app_that_is_half_removed_is_still_its_owners(request_: str, paths: Paths, said: Said) -> None:
    """Another environment's `remove --volumes` must not widen it to its data."""
    paths.origin.unlink()
    paths.removing.write_text(json.dumps({"by": "", "volumes": False, "owner": OWNER}))
    before = everything_in(paths.root)
    (answer,) = said.ask(Restriction(), frame(request_, *OTHERS["environment"]))
    assert "belongs to" in answer["error"]["what"]
    assert everything_in(paths.root) == before


def test_a_task_that_waited_for_the_lock_looks_again(paths: Paths) -> None:
    """Meanwhile the app may have become another's; nothing is repaired or removed for it."""
    before = everything_in(paths.root)
    staging = Owner(OWNER["source"], "staging")
    told: list[Any] = []
    removed = run_remove(paths, told.append, claim=staging, volumes=True, engine=some_engine())
    repaired = run_repair(paths, told.append, claim=staging, engine=some_engine())
    asked = {"task": "one", "environment": "staging", "repository": OWNER["source"]}
    back = run_rollback(paths, parse_rollback_request(asked, None), told.append, some_engine())
    for result in (removed, repaired, back):
        assert result.exit == 2
        assert result.error is not None
        assert "belongs to production" in result.error.what
    after = everything_in(paths.root)
    assert {name: after[name] for name in before} == before
    assert not paths.removing.exists()


def some_engine() -> engine.Engine:
    """An engine that is nowhere: whoever asks it anything fails."""
    return engine.Engine("/nowhere/docker.sock")


def test_an_environment_is_never_renamed_without_a_word() -> None:
    """By another name it would begin anew, beside what serves and without its data."""
    first = replace(nothing(), namesakes=("board",))
    (refusal,) = plan_deploy(release(app="board-staging", configured_app="board"), first).refusals
    assert "is called «board» on this host" in refusal.what
    assert "«board», as `name:`" in refusal.fix
    assert not plan_deploy(release(app="board-staging"), nothing()).refusals


def test_volumes_that_stayed_are_their_owners() -> None:
    """The data of what was removed is not another environment's to go on with."""
    left = replace(nothing(), kept=Kept(Owner(OWNER["source"], "staging"), ["board_pgdata"]))
    (refusal,) = plan_deploy(release(), left).refusals
    assert "belong to staging" in refusal.what
    assert "board_pgdata" in refusal.why
    assert not plan_deploy(release(), left, Options(take_over=True)).refusals
    own = replace(left, kept=Kept(Owner(source=OWNER["source"], environment="production"), ["x"]))
    assert not plan_deploy(release(), own).refusals
    top = replace(left, kept=Kept(Owner(OWNER["source"], "production", directory=TOP), ["x"]))
    (refusal,) = plan_deploy(release(directory="apps/shop"), top).refusals
    assert refusal.what.endswith(f"belong to production of {OWNER['source']}, its top folder")
    assert "folder apps/shop" in refusal.why


def test_two_apps_of_one_repository_are_no_namesakes(paths: Paths) -> None:
    """A monorepo deploys several apps to one environment: what fairlead.yaml calls them tells them apart."""
    shop = app_paths(paths.root, "shop")
    shop.home.mkdir()
    shop.journal.touch()
    shop.origin.write_text(json.dumps(OWNER))
    assert find_namesakes(app_paths(paths.root, "board-eu"), release(app="board-eu")) == []
    renamed = release(app="board-eu", configured_app="board")
    assert find_namesakes(app_paths(paths.root, "board-eu"), renamed) == ["board"]
    assert find_namesakes(paths, release()) == []
    paths.origin.write_text(json.dumps({**OWNER, "directory": "apps/admin"}))
    other = release(app="board-eu", configured_app="board", directory="apps/shop")
    assert find_namesakes(app_paths(paths.root, "board-eu"), other) == []


def test_what_older_agents_read_is_written_as_they_know_it() -> None:
    """They compare the record whole: nothing is added to it where nothing is to be said."""
    assert owner_of(release()).to_json() == OWNER
    renamed = owner_of(release(app="board-eu", configured_app="board"))
    assert parse_owner(renamed.to_json()) == renamed
    assert renamed.to_json() == {**OWNER, "app": "board"}
