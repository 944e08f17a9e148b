"""A deploy of some services only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fairlead.host.disk.ledger import JobRun, Ledger
from fairlead.host.plan.only import choose_services, explain_left
from fairlead.host.plan.plan import Plan, plan_deploy
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.inside import ROLE as INSIDE
from fairlead.host.wire.planned import Action
from fairlead.host.wire.release import Release
from tests.unit.host.samples import document, image, release, service, serving

OLD, NEW = "1" * 40, "2" * 40
DB = {"db": {"condition": "service_healthy"}}


def _new(**services: dict[str, Any] | None) -> Release:
    """The next commit: its own images are new, and these services are changed, added or (None) gone."""
    fresh = {
        "api": service("app", "api", "c", depends_on=DB),
        "web": service("app", "web", "c", depends_on={"api": {"condition": "service_healthy"}}),
        "worker": service("worker", "api", "c"),
        "migrate": service("job", "api", "c"),
    }
    changed = {**document()["services"], **fresh, **services}
    return release(
        revision=NEW,
        revision_time=1_790_000_100,
        services={name: one for name, one in changed.items() if one is not None},
    )


def _plan(new: Release, live: Release, *only: str) -> tuple[Plan, dict[str, Action]]:
    chosen = choose_services(new, live, only)
    migrate = live.services["migrate"]
    run = JobRun("migrate", "done", "board-000001-migrate-job", "000001", 1.0)
    plan = plan_deploy(chosen, serving(live, ledger=Ledger(jobs={migrate.hash: run})))
    told = tuple(explain_left(plan.actions, new, chosen))
    return replace(plan, actions=told), {one.service: one for one in told}


def test_one_service_is_updated_and_the_rest_runs_on() -> None:
    """The plan says of each that stays that it has changed and why it stays; no job runs, one image is pulled."""
    plan, actions = _plan(_new(), release(), "web")
    assert {name: one.action for name, one in actions.items() if one.role != INSIDE} == {
        "caddy": "keep",
        "db": "keep",
        "migrate": "skip",
        "api": "carry",
        "web": "start",
        "worker": "carry",
    }
    assert {one.action for one in actions.values() if one.role == INSIDE} == {"keep"}
    assert actions["api"].reason == "it has changed, and --only does not name it: it stays as it is"
    assert actions["caddy"].reason == "unchanged"
    assert plan.pull == (image("web", "c"),)


def test_the_release_is_of_the_new_commit_and_what_stays_says_of_which_it_is() -> None:
    chosen = choose_services(_new(), release(), ["web"])
    assert chosen.revision == NEW
    assert {name: one.revision for name, one in chosen.services.items() if one.revision} == {
        "api": OLD,
        "worker": OLD,
        "migrate": OLD,
        "caddy": OLD,
        "db": OLD,
    }
    # The rest follows: everything is of that commit then, as if it had come at once.
    rest = choose_services(_new(), chosen, ["api", "worker", "migrate", "caddy", "db"])
    assert rest.document == _new().document


def test_nothing_chosen_is_everything() -> None:
    assert choose_services(_new(), release(), []) == _new()


def test_the_same_again_is_unchanged() -> None:
    chosen = choose_services(_new(), release(), ["web"])
    again = choose_services(_new(), chosen, ["web"])
    assert again.document == chosen.document


def test_a_job_that_is_waited_for_goes_along() -> None:
    """As with `docker compose up web`; one that nobody waits for does not."""
    gate = {"migrate": {"condition": "service_completed_successfully"}}
    _, actions = _plan(_new(web=service("app", "web", "c", depends_on=gate)), release(), "web")
    assert actions["migrate"].action == "run"
    assert "c" * 64 in actions["migrate"].image


def test_a_service_that_left_the_release_stays_until_all_is_deployed() -> None:
    _, actions = _plan(_new(worker=None), release(), "web")
    assert (actions["worker"].action, "no longer" in actions["worker"].reason) == ("carry", True)


def test_a_new_service_that_is_not_chosen_is_told_and_not_started() -> None:
    _, actions = _plan(_new(cache=service("worker", "cache")), release(), "web")
    assert (actions["cache"].action, actions["cache"].reason) == (
        "skip",
        "it is new, and --only does not name it",
    )


def test_platform_services_can_be_chosen() -> None:
    """Under the same conditions as ever: one that keeps data is not recreated unasked."""
    new = _new(db=service("state", "db", "c", definition={"volumes": []}))
    plan, actions = _plan(new, release(), "db")
    assert actions["db"].action == "update"
    assert [one.what for one in plan.refusals] == ["the definition of 'db' has changed, and it keeps data"]


def test_nothing_serves_yet() -> None:
    with pytest.raises(InputFault, match="nothing serves yet"):
        choose_services(_new(), None, ["web"])


@pytest.mark.parametrize(
    ("name", "fix"),
    [("wbe", "did you mean web?"), ("zzz", "known here: api, caddy, db, migrate, web, worker")],
)
def test_an_unknown_name(name: str, fix: str) -> None:
    with pytest.raises(InputFault, match="no service") as caught:
        choose_services(_new(), release(), ["web", name])
    assert caught.value.fix == fix


def test_a_route_that_the_proxy_does_not_know_needs_the_proxy() -> None:
    changed = document(revision=NEW, routes={"api": 8000, "web": 9000})["services"]
    changed["web"] = service("app", "web", "c", port=9000)
    new = release(revision=NEW, services=changed, routes={"api": 8000, "web": 9000})
    with pytest.raises(InputFault, match="route of web changes") as caught:
        choose_services(new, release(), ["web"])
    assert "--only caddy" in caught.value.fix
    assert choose_services(new, release(), ["web", "caddy"]).routes == {"api": 8000, "web": 9000}


def test_a_new_neighbour_must_come_along() -> None:
    new = _new(
        web=service("app", "web", "c", depends_on={"cache": {"condition": "service_started"}}),
        cache=service("worker", "cache"),
    )
    with pytest.raises(InputFault, match="depends on cache, which is new"):
        choose_services(new, release(), ["web"])
    assert "cache" in choose_services(new, release(), ["web", "cache"]).services


@pytest.mark.parametrize("old", [{}, {"seed": "a" * 64}], ids=["empty", "seeded"])
def test_a_folder_of_what_stays_is_kept(old: dict[str, Any]) -> None:
    """Though the new release has none, or none but its own."""
    mounted = service("worker", "api", mounts=[{"data": "uploads", "target": "/up", "read_only": False}])
    files: dict[str, Any] = {one: {"kind": "dir", "entries": {}} for one in old.values()}
    services = {**document()["services"], "worker": mounted}
    live = release(services=services, data={"uploads": old}, files=files)
    chosen = choose_services(_new(), live, ["web"])
    assert dict(chosen.data) == {"uploads": old.get("seed")}


@pytest.mark.parametrize("kind", ["volume", "folder"])
def test_what_takes_the_place_of_another_does_not_run_beside_it(kind: str) -> None:
    """Two databases on one volume or folder destroy it."""
    on_volume = {"definition": {"volumes": [{"type": "volume", "source": "pgdata", "target": "/d"}]}}
    on_folder = {"mounts": [{"data": "rows", "target": "/d", "read_only": False}]}
    database = service("state", "db", **(on_volume if kind == "volume" else on_folder))
    data: dict[str, Any] = {} if kind == "volume" else {"rows": {}}
    live = release(services={**document()["services"], "db": database}, data=data)
    services = {**document()["services"], "database": database, "web": service("app", "web", "c")}
    del services["db"]
    new = release(revision=NEW, services=services, data=data)
    with pytest.raises(InputFault, match="database takes the place of db"):
        choose_services(new, live, ["database"])
    assert "database" in choose_services(new, live, []).services


def test_what_is_called_within_the_release_comes_along() -> None:
    new = _new(
        web=service("app", "web", "c", together=True, calls=["php"]),
        php=service("worker", "php", together=True),
    )
    with pytest.raises(InputFault, match="web calls php"):
        choose_services(new, release(), ["web"])
    assert "php" in choose_services(new, release(), ["web", "php"]).services


def _with_secrets(revision: str, mark: str, **values: str) -> Release:
    mounts = [{"secret": name, "target": f"/run/secrets/{name}"} for name in ("shared", "own")]
    services = document()["services"]
    services["web"] = service("app", "web", mark, mounts=mounts)
    services["api"] = service("app", "api", mark, mounts=mounts[:1])
    return release(
        revision=revision, services=services, secrets={name: one * 64 for name, one in values.items()}
    )


def test_a_secret_of_its_own_comes_along_and_a_shared_one_needs_its_readers() -> None:
    live = _with_secrets(OLD, "a", shared="a", own="a")
    own = choose_services(_with_secrets(NEW, "c", shared="a", own="b"), live, ["web"])
    assert own.secrets == {"shared": "a" * 64, "own": "b" * 64}
    with pytest.raises(InputFault, match="secret shared has a new value, and api reads it too"):
        choose_services(_with_secrets(NEW, "c", shared="b", own="b"), live, ["web"])
    # Who stays keeps the value that it runs with.
    rest = choose_services(_with_secrets(NEW, "c", shared="a", own="b"), live, ["api"])
    assert rest.secrets == {"shared": "a" * 64, "own": "a" * 64}


def test_how_the_app_is_reached_changes_with_its_proxy() -> None:
    """Who moves behind the edge of the host, or from there, has to choose the proxy."""
    edge = {"hostnames": ["board.example.com"], "scheme": "https", "port": 80, "image": image("edge")}
    made = document(edge=edge, revision=NEW)
    made["services"]["caddy"] = service("proxy", "caddy")
    made["services"]["web"] = service("app", "web", "c", depends_on={"api": {"condition": "service_healthy"}})
    behind = release(**made)
    assert choose_services(behind, release(), ("web",)).edge is None
    assert choose_services(behind, release(), ("web", "caddy")).edge == behind.edge
    assert choose_services(_new(), behind, ("web",)).edge == behind.edge
