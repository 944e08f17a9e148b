"""What a deploy and a rollback decide, and the reasons that they give."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fairlead.host.disk.ledger import JobRun, Ledger
from fairlead.host.plan.job_order import order_jobs
from fairlead.host.plan.plan import Plan, plan_deploy, plan_rollback
from fairlead.host.shape.bundle import Bundle
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.inside import PREFIX
from fairlead.host.wire.owner import Owner
from fairlead.host.wire.request import Options
from tests.unit.host.samples import container, document, nothing, release, service, serving


def _actions(plan: Plan) -> dict[str, tuple[str, str]]:
    return {one.service: (one.action, one.reason) for one in plan.actions}


def test_first_deploy_starts_everything() -> None:
    """Nothing is there: platform, job and release are started, every image pulled."""
    plan = plan_deploy(release(), nothing())
    assert {name: action for name, (action, _) in _actions(plan).items() if not name.startswith(PREFIX)} == {
        "caddy": "start", "db": "start", "migrate": "run", "api": "start", "web": "start", "worker": "start",
    }  # fmt: skip
    assert len([step for step in plan.steps if step.startswith(f"start {PREFIX}")]) == 2
    assert plan.names == {"api": "api-000001", "web": "web-000001", "worker": "worker-000001"}
    assert len(plan.pull) == 4
    assert (plan.unchanged, plan.refusals, plan.resources) == (False, (), True)


def test_same_release_is_unchanged() -> None:
    """Sent by somebody else, and judged anew, it is still the same one."""
    verdict = {**document()["verdict"], "at": 2_000_000_000}
    done = Ledger(jobs={release().services["migrate"].hash: JobRun("migrate", "done", "c", "000001", 0.0)})
    plan = plan_deploy(release(created_by="bob", verdict=verdict), serving(release(), ledger=done))
    assert plan.unchanged
    assert plan.steps == ["nothing: release 000001 is this very one, and it serves"]


def test_one_changed_service_is_started_and_the_rest_carried() -> None:
    """The reason says what changed."""
    made = document(revision="2" * 40)
    made["services"]["web"] = service("app", "web", "c")
    made["services"]["api"] = service("app", "api", definition={"environment": {"X": "1"}}, depends_on={})
    plan = plan_deploy(release(**made), serving(release()))
    actions = _actions(plan)
    assert actions["web"] == ("start", "new image")
    assert actions["api"] == ("start", "changed: environment")
    assert actions["worker"] == ("carry", "unchanged, and it is healthy")
    assert plan.homes == {"web": "000002", "api": "000002", "worker": "000001"}
    assert plan.names["worker"] == "worker-000001"


def test_a_secret_that_changed_restarts_its_reader() -> None:
    """By content, and by name in the reason."""

    def made(sha: str) -> dict[str, object]:
        found = document(secrets={"token": sha * 64})
        web = service("app", "web", mounts=[{"secret": "token", "target": "/t"}])
        found["services"]["web"] = {**web, "hash": sha * 64}
        return found

    plan = plan_deploy(release(**made("2")), serving(release(**made("1"))))
    assert _actions(plan)["web"] == ("start", "secret token changed")


def test_a_sick_container_is_not_carried() -> None:
    """Nothing changed, and yet it has to be started again."""
    state = serving(release())
    sick = tuple(
        replace(one, health="unhealthy") if one.service == "web" else one for one in state.containers
    )
    actions = _actions(plan_deploy(release(), replace(state, containers=sick)))
    assert actions["web"] == ("start", "its containers are not all healthy")
    assert actions["api"][0] == "carry"


def test_changed_state_is_refused_until_it_is_asked_for() -> None:
    """A database is not recreated in passing; a proxy is."""
    made = document()
    made["services"]["db"] = service("state", "db", "d")
    plan = plan_deploy(release(**made), serving(release()))
    assert [one.what for one in plan.refusals] == ["the definition of 'db' has changed, and it keeps data"]
    asked = plan_deploy(release(**made), serving(release()), Options(accept_recreate=("db",)))
    assert (asked.refusals, _actions(asked)["db"][0]) == ((), "update")


def test_older_commit_is_refused() -> None:
    """A deploy that was overtaken must not undo the newer one."""
    plan = plan_deploy(release(revision="2" * 40, revision_time=1), serving(release()))
    assert "older than" in plan.refusals[0].what
    assert (
        plan_deploy(
            release(revision="2" * 40, revision_time=1), serving(release()), Options(allow_older=True)
        ).refusals
        == ()
    )


def test_two_apps_of_one_name() -> None:
    """Another repository's app is not replaced."""
    state = serving(release(), owner=Owner("https://github.com/other/board", "production"))
    assert (
        "belongs to production of https://github.com/other/board"
        in plan_deploy(release(), state).refusals[0].what
    )
    assert plan_deploy(release(), state, Options(take_over=True)).refusals == ()


def test_changed_network_is_refused() -> None:
    """Containers hang on it; Compose would tear it down under them."""
    plan = plan_deploy(
        release(networks={"edge": {"internal": True}, "data": {"internal": True}}), serving(release())
    )
    assert plan.refusals[0].what == "the definition of the network 'edge' has changed"


def test_what_left_the_release_is_removed_and_its_volume_never() -> None:
    """Data is removed by people, and the plan says where it is."""
    made = document(routes={"web": 8000})
    del made["services"]["db"], made["services"]["api"]
    made["volumes"] = {}
    plan = plan_deploy(release(**made), serving(release()))
    assert _actions(plan)["api"][0] == "remove"
    assert _actions(plan)["db"] == ("remove", "it is no longer in the release")
    assert plan.left == ("board_pgdata",)
    assert plan.steps[-1] == "keep the volume board_pgdata, with its data: nothing uses it any more"


def test_what_was_left_of_an_earlier_release_is_told() -> None:
    """An older agent let a database run on for ever: it is named, and stopped with this release."""
    state = serving(release())
    left = container("queue", "", role="state", image="redis:8")
    plan = plan_deploy(release(), replace(state, containers=(*state.containers, left)))
    assert _actions(plan)["queue"] == ("remove", "no release has it any more")
    assert not plan.unchanged


def test_a_database_under_another_name_waits_until_the_old_one_has_ended() -> None:
    """Two on one volume would destroy it."""
    made = document()
    made["services"]["database"] = {**made["services"].pop("db")}
    made["services"]["api"]["depends_on"] = {}
    state = serving(release())
    containers = tuple(
        replace(one, volumes=("board_pgdata",)) if one.service == "db" else one for one in state.containers
    )
    plan = plan_deploy(release(**made), replace(state, containers=containers))
    assert "stop db before database is started: both use the volume board_pgdata" in plan.steps


@pytest.mark.parametrize("folder", ["data/rows", "/mnt/rows"])
def test_a_database_under_another_name_waits_for_its_folder_as_well(folder: str) -> None:
    """One of the app, or one that the host had before."""
    database = service("state", "db", mounts=[{"data": "rows", "target": "/d", "read_only": False}])
    source = "/srv/fairlead/board/data/rows"
    if folder.startswith("/"):
        source, bind = folder, {"type": "bind", "source": folder, "target": "/d"}
        database = service("state", "db", definition={"volumes": [bind]})
    live, made = document(data={"rows": {}}), document(revision="2" * 40, data={"rows": {}})
    live["services"]["db"] = made["services"]["database"] = database
    del made["services"]["db"]
    made["services"]["api"]["depends_on"] = {}
    state = serving(release(**live), data=frozenset({"rows"}))
    containers = tuple(
        replace(one, sources=(source,)) if one.service == "db" else one for one in state.containers
    )
    plan = plan_deploy(release(**made), replace(state, containers=containers))
    assert f"stop db before database is started: both use the folder {folder}" in plan.steps


def test_database_that_becomes_another_role_is_not_recreated_in_passing() -> None:
    """It keeps data, whatever it is called from now on."""
    made = document()
    made["services"]["db"] = service("ops", "db", "d")
    plan = plan_deploy(release(**made), serving(release()))
    assert [one.what for one in plan.refusals] == ["the definition of 'db' has changed, and it keeps data"]


def test_job_runs_once_for_its_hash() -> None:
    """Done is done; failed is tried again."""
    job = release().services["migrate"].hash
    done = Ledger(jobs={job: JobRun("migrate", "done", "c", "000001", 0.0)})
    failed = Ledger(jobs={job: JobRun("migrate", "failed", "c", "000001", 0.0)})
    assert _actions(plan_deploy(release(), serving(release(), ledger=done)))["migrate"][0] == "skip"
    assert _actions(plan_deploy(release(), serving(release(), ledger=failed)))["migrate"] == (
        "run",
        "it failed the last time",
    )


def test_a_job_runs_again_whose_work_is_lost() -> None:
    """The database that it worked on went with a deploy that failed, and nobody has to accept a schema that is not there."""
    migrate = release().services["migrate"]
    run = JobRun("migrate", "lost", "c", "000001", 1.0, irreversible=True)
    state = replace(nothing(), ledger=Ledger(jobs={migrate.hash: run}))
    action, reason = _actions(plan_deploy(release(), state))["migrate"]
    assert action == "run"
    assert "a deploy that failed" in reason
    assert state.ledger.irreversible_since("000000") == []


def test_rollback_starts_stopped_keeps_running_creates_pruned() -> None:
    """Warm where it can be."""
    old = Bundle("000001", release(), {"api": "000001", "web": "000001", "worker": "000002"})
    state = serving(release(), "000002")
    stopped = container("web", "000001", running=False, hash=old.release.services["web"].hash)
    plan = plan_rollback(old, replace(state, containers=(*state.containers, stopped)))
    actions = _actions(plan)
    assert actions["web"] == ("start", "its containers are stopped, and startable")
    assert actions["api"] == ("create", "its containers were pruned")
    assert actions["worker"] == ("keep", "it runs")
    assert "migrate" not in actions


def test_rollback_leaves_state_as_it_is() -> None:
    """Its data does not go back, so neither does its definition."""
    made = document()
    made["services"]["db"] = service("state", "db", "d")
    plan = plan_rollback(Bundle("000001", release(), {}), serving(release(**made), "000002"))
    assert _actions(plan)["db"] == ("keep", "its definition differs, but data does not go back")


def _after_irreversible(*states: str) -> Ledger:
    """Jobs that ran for the releases 000001, 000002, ..., all of which cannot be undone."""
    runs = [
        JobRun("migrate", state, "c", f"{number:06d}", 0.0, irreversible=True)
        for number, state in enumerate(states, 1)
    ]
    return Ledger(jobs={run.release: run for run in runs})


@pytest.mark.parametrize(
    ("states", "accepted", "refused"),
    [
        ((), "", False),
        (("done",), "", False),
        (("done", "done"), "", True),
        (("done", "done"), "000002", False),
        (("done", "done"), "000001", True),
        # Another one ran since somebody looked: what was accepted is not what is there.
        (("done", "done", "done"), "000002", True),
        (("done", "done", "done"), "000003", False),
        # Whether it came to its end nobody knows.
        (("done", "begin"), "", True),
        (("done", "failed"), "", False),
    ],
)
def test_rollback_over_an_irreversible_migration(
    states: tuple[str, ...], accepted: str, *, refused: bool
) -> None:
    """Refused, unless the very schema that is there is accepted by its release."""
    state = serving(release(), "000003", ledger=_after_irreversible(*states))
    target = Bundle("000001", release(), dict.fromkeys(release().rolled, "000001"))
    plan = plan_rollback(target, state, Options(accept_schema=accepted))
    assert bool(plan.refusals) == refused
    if refused:
        newest = f"{len(states):06d}"
        assert plan.refusals[0].fix.endswith(f"--accept-schema {newest}")
        assert f"migrate of release {newest}" in plan.refusals[0].why


def test_the_plan_says_that_it_watches() -> None:
    """A rollback for a moment only; not at all where it is turned off."""
    options = {"watch": {"window": 7}}
    assert (
        "watch it for 7 s, and go back if it fails" in plan_deploy(release(options=options), nothing()).steps
    )
    target = Bundle("000001", release(options=options), {})
    assert plan_rollback(target, serving(release(), "000002")).window == 0.2
    off = plan_deploy(release(options={"watch": {"window": 0}}), nothing())
    assert not any("watch" in step for step in off.steps)


def test_jobs_run_after_those_that_they_need() -> None:
    """By name where nothing else decides; a circle is named."""
    made = document()
    made["services"]["a-seed"] = service(
        "job", "api", depends_on={"migrate": {"condition": "service_completed_successfully"}}
    )
    assert [job.name for job in order_jobs(release(**made).jobs)] == ["migrate", "a-seed"]
    made["services"]["migrate"] = service("job", "api", depends_on={"a-seed": {}})
    with pytest.raises(InputFault, match="wait for each other"):
        order_jobs(release(**made).jobs)


def test_what_belongs_together_starts_together() -> None:
    """Though only one of them has changed: what they share is of one release."""
    served = document()
    for name in ("api", "web"):
        served["services"][name]["together"] = True
    made = document(revision="2" * 40)
    made["services"]["api"] = service("app", "api", "c", depends_on={}, together=True)
    made["services"]["web"]["together"] = True
    plan = plan_deploy(release(**made), serving(release(**served)))
    assert _actions(plan)["web"] == ("start", "it goes together with api")
    assert plan.homes == {"api": "000002", "web": "000002", "worker": "000001"}


@pytest.mark.parametrize(("before", "after"), [([], ["worker"]), (["worker"], [])])
def test_who_calls_others_within_the_release_from_now_on_is_started(
    before: list[str], after: list[str]
) -> None:
    """Its container has their names, and keeps those of an older release."""
    live, made = document(), document(revision="2" * 40)
    live["services"]["web"] = service("app", "web", calls=before)
    made["services"]["web"] = service("app", "web", calls=after)
    plan = plan_deploy(release(**made), serving(release(**live)))
    assert _actions(plan)["web"] == ("start", "it calls other services within the release")


def test_folders_for_data_are_made_once_and_told() -> None:
    plan = plan_deploy(release(data={"up": {}}), replace(serving(release()), data=frozenset()))
    assert any("make the folder data/up" in step for step in plan.steps)
    there = plan_deploy(release(data={"up": {}}), replace(serving(release()), data=frozenset({"up"})))
    assert not there.data


def test_a_folder_that_is_left_is_told() -> None:
    state = replace(serving(release(data={"up": {}})), data=frozenset({"up"}))
    assert "keep the folder data/up: nothing uses it any more" in plan_deploy(release(), state).steps
    assert not plan_deploy(release(data={"up": {}}), state).left_data


@pytest.mark.parametrize(
    ("target", "refused"), [("/content", True), ("/elsewhere", False)], ids=["in its place", "elsewhere"]
)
def test_what_was_written_is_not_hidden_by_files_of_the_repository(target: str, refused: bool) -> None:
    """A folder that was empty in the repository is data; with a file in it, it would be files of the release."""
    tree = "a" * 64
    live, made = document(data={"content": {}}), document(revision="2" * 40)
    written = [{"data": "content", "target": "/content", "read_only": False}]
    carried = [{"file": tree, "target": target, "read_only": True}]
    live["services"]["web"] = service("app", "web", mounts=written)
    made["services"]["web"] = service("app", "web", mounts=carried)
    made["files"] = {tree: {"kind": "dir", "entries": {}}}
    plan = plan_deploy(release(**made), serving(release(**live)))
    assert [one.what for one in plan.refusals] == (
        ["web has written to /content, and would be shown files of the repository there"] if refused else []
    )


def test_what_is_said_of_a_volume_to_fairlead_is_no_change_of_it() -> None:
    """Who says at last how it is backed up is not refused for that."""
    before: dict[str, dict[str, str]] = {"data": {}}
    after = {"data": {"x-fairlead": {"backup": {"by": "hand, every night"}}}}
    assert plan_deploy(release(volumes=after), serving(release(volumes=before))).refusals == ()
