"""The workflows, read as files: what GitHub makes of them, and act does not model. Each rule names its document.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax, from here on SYNTAX.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead.github.matrix import SLOTS
from tests.unit.github.files import ROOT, WORKFLOWS, load, name_of, steps_of, workflow

CHECKOUT = "actions/checkout"
OWN = "./fairlead/.github/actions/"
# Who may write what, and why: whatever is not here is read.
WRITES = {
    ("pipeline", "build"): {"packages"},
    ("pipeline", "merge"): {"packages"},
    ("preview", "push"): {"packages", "pull-requests"},
    ("rollback", "rollback"): {"deployments"},
    ("code-scanning", "validate"): {"security-events"},
}
KEY = "secrets.FAIRLEAD_SSH_KEY"


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in load(path)["jobs"].items():
            yield path.stem, name, job


JOBS = [pytest.param(*each, id=f"{each[0]}-{each[1]}") for each in jobs()]


def used(job: dict[str, Any]) -> list[str]:
    return [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]


def before(jobs: dict[str, Any], name: str) -> set[str]:
    """The jobs that a job waits for, and those that they wait for."""
    needs = set(jobs[name].get("needs") or ())
    return needs.union(*(before(jobs, need) for need in needs))


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_what_a_workflow_gives_an_action_is_an_input_of_it(path: Path) -> None:
    """SYNTAX#jobsjob_idstepswith: one that is none is a warning in a log that nobody reads."""
    for step in steps_of(load(path)):
        own = re.fullmatch(rf"{re.escape(OWN)}(\w+)", step.get("uses", ""))
        if own:
            action = load(ROOT / ".github" / "actions" / own[1] / "action.yml")
            assert set(step.get("with") or ()) <= set(action.get("inputs") or ())


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_what_a_caller_gives_reaches_every_action_that_takes_it(path: Path) -> None:
    """An input that a job forgets is silently as if it were not given, and `check` judges another deploy than `deploy`."""
    document = load(path)
    # YAML 1.1 takes `on` for a truth.
    events: Any = next(value for key, value in document.items() if str(key) in {"on", "True"})
    called = (events.get("workflow_call") or {}).get("inputs") or {}
    for step in steps_of(document):
        own = re.fullmatch(rf"{re.escape(OWN)}(\w+)", step.get("uses", ""))
        takes = load(ROOT / ".github" / "actions" / own[1] / "action.yml")["inputs"] if own else {}
        # The files are judged for every environment.
        judged = {"environment"} if own and own[1] == "validate" else set()
        for name in (set(called) & set(takes)) - judged:
            assert f"inputs.{name}" in str((step.get("with") or {}).get(name)), (
                f"{step['uses']} gets no {name}"
            )


@pytest.mark.parametrize(("file", "name", "job"), JOBS)
def test_a_job_may_what_it_needs_and_ends(file: str, name: str, job: dict[str, Any]) -> None:
    """SYNTAX#permissions: what is not named is `none`. SYNTAX#jobsjob_idtimeout-minutes: else it is six hours."""
    assert workflow(file)["permissions"] == {}
    assert job["permissions"]["contents"] == "read"
    written = {scope for scope, access in job["permissions"].items() if access != "read"}
    assert written == WRITES.get((file, name), set())
    assert 0 < job["timeout-minutes"] <= 60


@pytest.mark.parametrize(("file", "name", "job"), JOBS)
def test_no_token_is_left_in_a_checkout(file: str, name: str, job: dict[str, Any]) -> None:
    """https://github.com/actions/checkout#usage: it is kept in .git/config unless told otherwise."""
    for step in job["steps"]:
        if step.get("uses", "").startswith(f"{CHECKOUT}@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize(("file", "name", "job"), JOBS)
def test_who_reads_the_files_of_an_app_has_its_submodules_and_large_files(
    file: str, name: str, job: dict[str, Any]
) -> None:
    """https://github.com/actions/checkout#usage: neither is fetched unless it is asked for."""
    if file in {"ci", "rollback", "maintenance"}:
        return
    reads = not {f"{OWN}merge"} & set(used(job))
    wanted = {"submodules": "${{ inputs.submodules }}", "lfs": "${{ inputs.lfs }}"} if reads else {}
    for step in job["steps"]:
        if step.get("uses", "").startswith(f"{CHECKOUT}@"):
            given = {key: step["with"][key] for key in ("submodules", "lfs") if key in step["with"]}
            assert given == ({} if step["with"].get("path") == "fairlead" else wanted), (file, name)


@pytest.mark.parametrize(("file", "name", "job"), JOBS)
def test_the_deploy_key_is_where_nobody_else_s_action_and_no_build_is(
    file: str, name: str, job: dict[str, Any]
) -> None:
    """https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions.

    One compromised action of a job gets all secrets of it. An environment's are there in a job that names it only:
    SYNTAX#jobsjob_idenvironment.
    """
    assert "secrets: inherit" not in (ROOT / ".github" / "workflows" / f"{file}.yml").read_text()
    if "secrets." not in str(job):
        assert "environment" not in job
        return
    assert "environment" in job
    own = [one.removeprefix(OWN) for one in used(job) if one != CHECKOUT]
    assert own[0] == "setup"
    assert set(own[1:]) <= {"check", "deploy", "rollback", "maintenance"}
    assert [step["id"] for step in job["steps"] if "run" in step] == ["fairlead"]
    (last,) = [step for step in job["steps"] if KEY in str(step)]
    assert last is job["steps"][-1]


def test_what_was_checked_out_as_fairlead_is_looked_at_before_anything_of_it_is_run() -> None:
    """GitHub Enterprise Server checks the caller out there, whose own action may have the same name."""
    looked = set()
    for file, name, job in jobs():
        steps = job["steps"]
        for number, step in enumerate(steps):
            if step.get("with", {}).get("path") == "fairlead":
                looked.add(steps[number + 1]["run"])
                assert set(steps[number + 1]) == {"id", "run"}
                # `validate` sets itself up.
                assert steps[number + 2]["uses"] in {f"{OWN}setup", f"{OWN}validate"}
        own = [step for step in steps if step.get("uses", "").startswith("./fairlead/")]
        assert not own or any(step.get("id") == "fairlead" for step in steps), (file, name)
    (script,) = looked
    assert "${{" not in script


def test_the_pipeline_hands_on_one_thing_after_the_other() -> None:
    """SYNTAX#jobsjob_idneeds: a job whose need failed or was skipped is skipped, unless its `if` asks for more.

    Where the caller has no tests that job is skipped, and all after it would be.
    """
    jobs = workflow("pipeline")["jobs"]
    assert {name: set(job.get("needs") or ()) for name, job in jobs.items()} == {
        "validate": set(),
        "check": set(),
        "test": {"validate", "check"},
        "build": {"validate", "check", "test"},
        "merge": {"validate", "build"},
        "deploy": {"build", "merge"},
    }
    may_be_skipped = {"test", "merge"}
    for name, job in jobs.items():
        if not may_be_skipped & before(jobs, name):
            continue
        needs = set(job["needs"])
        assert "!cancelled()" in job["if"], name
        done = {need for need in needs if f"needs.{need}.result == 'success'" in job["if"]}
        assert needs - may_be_skipped <= done.union(*(before(jobs, need) for need in done)), name
        for need in needs & may_be_skipped:
            assert f"""contains(fromJSON('["success", "skipped"]'), needs.{need}.result)""" in job["if"], name


def test_what_is_deployed_is_what_was_published() -> None:
    jobs = workflow("pipeline")["jobs"]
    published = "${{ needs.merge.result == 'success' && needs.merge.outputs.published || needs.build.outputs.published }}"
    assert jobs["deploy"]["steps"][-1]["with"]["published"] == published


@pytest.mark.parametrize(("file", "joins"), [("pipeline", {"merge"}), ("preview", {"push", "check"})])
def test_what_several_runners_built_goes_by_artifacts_and_is_held_against_what_they_told(
    file: str, joins: set[str]
) -> None:
    """SYNTAX#jobsjob_idoutputs: of the jobs of a matrix the last to set an output wins, so each has its own.

    https://docs.github.com/en/actions/how-tos/writing-workflows/choosing-what-your-workflow-does/storing-and-sharing-data-from-a-workflow
    """
    jobs = workflow(file)["jobs"]
    told = {name: text for name, text in jobs["build"]["outputs"].items() if name != "published"}
    assert told == {
        f"built-{slot}": f"${{{{ matrix.slot == {slot} && steps.build.outputs.document || '' }}}}"
        for slot in range(1, SLOTS + 1)
    }
    assert {name for name, job in jobs.items() if f"{OWN}merge" in used(job)} == joins
    for name in joins:
        (merge,) = [step for step in jobs[name]["steps"] if step.get("uses") == f"{OWN}merge"]
        assert merge["with"]["built"] == "${{ toJSON(needs.build.outputs) }}"
        verbs = [one.removeprefix(OWN) for one in used(jobs[name]) if one.startswith(OWN)]
        assert verbs[:3] == ["setup", "merge", "scan"]


def test_nothing_of_a_part_is_in_the_registry() -> None:
    """What nobody has scanned cannot be pulled: a job that builds some of the platforms publishes nothing."""
    steps = {
        step.get("id") or step["uses"].partition("@")[0]: step
        for step in workflow("pipeline")["jobs"]["build"]["steps"]
    }
    assert steps["actions/upload-artifact"]["if"] == "needs.validate.outputs.several == 'true'"
    for name in (f"{OWN}scan", "publish"):
        assert steps[name]["if"] == "needs.validate.outputs.several == 'false'"
    build = workflow("preview")["jobs"]["build"]
    assert build["permissions"] == {"contents": "read", "packages": "read"}
    assert not {f"{OWN}scan", f"{OWN}publish"} & set(used(build))


def test_the_tests_of_a_caller_see_no_secret_and_write_nothing() -> None:
    """https://docs.github.com/en/actions/concepts/security/script-injections: his command comes by a variable."""
    job = workflow("pipeline")["jobs"]["test"]
    assert job["permissions"] == {"contents": "read"}
    assert "secrets." not in str(job)
    assert "github.token" not in str(job)
    (ran,) = [step for step in job["steps"] if "run" in step]
    assert ran["env"] == {"FAIRLEAD_TEST": "${{ inputs.test }}"}


def test_what_a_caller_has_to_give_is_what_its_jobs_need() -> None:
    """https://docs.github.com/en/actions/reference/workflows-and-actions/reusing-workflow-configurations.

    A called workflow of which a job, be it one that is skipped, asks for more than its caller gives is not started.
    """
    asked: dict[str, dict[str, str]] = {}
    for file, _, job in jobs():
        for scope, access in job["permissions"].items():
            if asked.setdefault(file, {}).get(scope) != "write":
                asked[file][scope] = access
    assert asked["pipeline"] == {"contents": "read", "packages": "write"}
    assert asked["rollback"] == {"contents": "read", "packages": "read", "deployments": "write"}
    assert asked["maintenance"] == {"contents": "read"}
    assert asked["preview"] == {"contents": "read", "packages": "write", "pull-requests": "write"}
    assert asked["code-scanning"] == {"contents": "read", "security-events": "write"}


def test_findings_are_told_though_they_fail_the_job() -> None:
    """https://docs.github.com/en/code-security/how-tos/find-and-fix-code-vulnerabilities/integrate-with-existing-tools/upload-sarif-file.

    A category is replaced by the next upload for it: two apps of a repository have one each.
    """
    *_, judged, told = workflow("code-scanning")["jobs"]["validate"]["steps"]
    assert told["if"] == "${{ !cancelled() }}"
    file = told["with"]["sarif_file"].removeprefix(f"{judged['with']['directory']}/")
    assert f"sarif={file}" in judged["with"]["format"].split()
    assert "inputs.directory" in told["with"]["category"]


def test_a_runner_may_have_several_labels() -> None:
    """SYNTAX#jobsjob_idruns-on: self-hosted ones are told by a list, and an input is a text."""
    for file, name, job in jobs():
        if file == "ci" or job["runs-on"] == "${{ matrix.runs-on }}":
            continue
        assert job["runs-on"].startswith(
            "${{ startsWith(inputs.runs-on, '[') && fromJSON(inputs.runs-on) ||"
        ), name


def test_nothing_is_built_when_a_pull_request_closes() -> None:
    """https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#pull_request.

    Not by default, but a caller may have `closed` among his types.
    """
    jobs = workflow("preview")["jobs"]
    assert jobs["validate"]["if"] == "github.event.action != 'closed'"
    assert all("validate" in before(jobs, name) for name in jobs if name != "validate")
    assert not any("cancelled()" in str(job.get("if")) for job in jobs.values())
    group = workflow("preview")["concurrency"]["group"]
    assert "github.event.pull_request.number" in group
    assert "inputs.directory" in group


def test_only_what_deploys_is_a_deployment() -> None:
    """https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/control-deployments.

    A job with an environment makes one, unless it says `deployment: false`.
    """
    made = {
        (file, name)
        for file, name, job in jobs()
        if "environment" in job
        and not (isinstance(job["environment"], dict) and job["environment"].get("deployment") is False)
    }
    assert made == {("pipeline", "deploy")}
    # That of a rollback would be of the commit of its run, which is not the one that serves afterwards.
    (step,) = [
        one for one in workflow("rollback")["jobs"]["rollback"]["steps"] if one.get("id") == "rollback"
    ]
    assert step["with"]["deployment"] == "true"
    assert "deployment" not in workflow("pipeline")["jobs"]["deploy"]["steps"][-1]["with"]
    assert workflow("pipeline")["jobs"]["deploy"]["environment"]["url"] == "${{ steps.deploy.outputs.url }}"


def test_a_fork_gets_nothing_to_write_with() -> None:
    jobs = workflow("preview")["jobs"]
    assert "!=" in jobs["check"]["if"]
    assert jobs["check"]["permissions"] == {"contents": "read"}
    assert not any("publish" in one for one in used(jobs["check"]))
    assert "secrets." not in str(jobs["check"])
    assert "==" in jobs["push"]["if"]


def test_one_deploy_of_an_environment_at_a_time_and_none_is_cancelled() -> None:
    """SYNTAX#concurrency: of those that wait in a group the newest is kept. A group a run is none that drops anybody."""
    document = workflow("pipeline")
    assert document["jobs"]["deploy"]["concurrency"] == {
        "group": "fairlead-${{ inputs.directory || '.' }}-${{ inputs.environment || vars.FAIRLEAD_ENVIRONMENT }}",
        "cancel-in-progress": False,
    }
    group = document["concurrency"]["group"]
    assert document["concurrency"]["cancel-in-progress"] is False
    # Two environments of one run are two calls of this workflow.
    assert all(each in group for each in ("github.run_id", "inputs.directory", "inputs.environment"))
    assert not any("concurrency" in job for name, job in document["jobs"].items() if name != "deploy")


def test_a_rollback_waits_in_no_group_where_a_newer_job_would_take_its_place() -> None:
    """SYNTAX#concurrency: GitHub keeps one waiting job of a group. The lock of the server puts them in order."""
    document = workflow("rollback")
    assert document["concurrency"] == {
        "group": "fairlead-rollback-${{ github.run_id }}",
        "cancel-in-progress": False,
    }
    assert "concurrency" not in document["jobs"]["rollback"]


def test_users_are_shut_out_and_let_in_while_a_deploy_is_under_way() -> None:
    """It waits for no lock on the server, and here for no job but another one of its own."""
    assert workflow("maintenance")["concurrency"] == {
        "group": "fairlead-maintenance-${{ inputs.directory || '.' }}-${{ inputs.environment }}",
        "cancel-in-progress": False,
    }


def test_a_run_of_one_event_takes_no_place_of_one_of_another() -> None:
    """SYNTAX#concurrency: one waiting run of a group is kept, and one under way may be cancelled: a push by the night's."""
    for path in WORKFLOWS:
        group = load(path)["concurrency"]["group"]
        assert "github.ref" not in group or "github.event_name" in group, path.name
