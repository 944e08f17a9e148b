"""migrate: the one-shot jobs of the new image, each journaled, none run twice.

A job's container belongs to the engine, not to the agent: should the agent die, the job goes on, and recovery
waits for it. A migration that is killed half way is worse than one that nobody waited for.
"""

from __future__ import annotations

from typing import Optional

from ...disk.atomic import make_folder, open_private
from ...disk.journal import JOB
from ...disk.routes import service_name
from ...engine.bounded import Bound
from ...engine.containers import Container, parse_container, release_project
from ...engine.engine import Engine
from ...plan.actions import AWAIT, RUN
from ...shape.bundle import compose_file
from ...watch.evidence import explain_job, read_evidence
from ...watch.patience import wait_until
from ...wire.errors import EngineFault, ReleaseFault, as_fault
from ...wire.fleet import MIGRATE
from ...wire.release import Service
from ..context import Deploy, Host, Outcome
from ..hold import hold

_TELL_EVERY = 30.0
_KEPT_LINES = 20_000
_KEPT_BYTES = 1 << 26
_KEPT_WITHIN = 60.0
_POLL = 0.05


def run_migrate(deploy: Deploy) -> Outcome:
    """Run the jobs that have not run for this definition and image, in the order of the plan.

    Raises:
        ReleaseFault: one failed, with its last lines.
    """
    jobs, elsewhere = _jobs(deploy, RUN), _jobs(deploy, AWAIT)
    for job in jobs:
        _run_job(deploy, job)
    waited = _await_jobs(deploy, elsewhere)
    if not jobs and not elsewhere:
        return Outcome("no job has to run", skipped=True)
    return Outcome(", ".join(filter(None, (*(job.name for job in jobs), waited))))


def _jobs(deploy: Deploy, action: str) -> list[Service]:
    return [
        deploy.target.release.services[one.service] for one in deploy.plan.actions if one.action == action
    ]


def _await_jobs(deploy: Deploy, jobs: list[Service]) -> str:
    """Wait until the jobs have run on another host, and write down that they have; says where."""
    fleet = deploy.options.fleet
    if fleet is None or not jobs:
        return ""
    if any(job.hash not in fleet.done for job in jobs):
        hold(deploy, MIGRATE)
    for job in jobs:
        deploy.host.journal.append(
            JOB,
            service=job.name,
            hash=job.hash,
            release=deploy.target.id,
            container="",
            state="done",
            irreversible=job.irreversible,
        )
    return f"{', '.join(job.name for job in jobs)} on {fleet.runner or 'another host'}"


def finish_job(host: Host, service: str, job_hash: str, release: str, container: Container) -> bool:
    """Wait for a job's container, journal how it ended, and say whether it ended well.

    Used by recovery too, for a job that outlived its agent.
    """
    ended = _wait(host, service, container)
    done = ended is not None and not ended.created and ended.exit_code == 0
    host.journal.append(
        JOB,
        service=service,
        hash=job_hash,
        release=release,
        container=container.name,
        state="done" if done else "failed",
    )
    return done


def _run_job(deploy: Deploy, job: Service) -> None:
    release = deploy.target.id
    project = release_project(deploy.paths.app, release)
    name = f"{project}-{job.name}-job"
    deploy.host.journal.append(
        JOB,
        service=job.name,
        hash=job.hash,
        release=release,
        container=name,
        state="begin",
        irreversible=job.irreversible,
    )
    started = deploy.engine.compose(
        project,
        compose_file(deploy.paths, release),
        *("--profile", "fairlead-job", "run", "--detach", "--no-deps", "--no-TTY", "--name", name),
        service_name(job.name, release),
    )
    raw = deploy.engine.inspect(name)
    if raw is None or not started.ok:
        _fail(deploy, job, f"could not be started (exit code {started.returncode})", started.tail)
    container = parse_container(raw or {})
    done = finish_job(deploy.host, job.name, job.hash, release, container)
    evidence = read_evidence(deploy.engine, container)
    cause = "" if done else explain_job(deploy.engine, container, evidence)
    _keep_output(deploy, job, container)
    ended = _inspect(deploy.engine, container)
    deploy.engine.remove(container.id)
    if not done:
        _fail(
            deploy,
            job,
            f"exited with code {ended.exit_code}" if ended else "its container is gone",
            evidence,
            cause,
        )


def _fail(deploy: Deploy, job: Service, why: str, details: tuple[str, ...], cause: str = "") -> None:
    raise ReleaseFault(
        f"the job {job.name} failed: it {why}"
        if why.startswith(("exited", "could"))
        else f"the job {job.name} failed",
        why=cause or (details[-1] if details else why),
        fix=f"run it on a copy of the data to see more; its whole output: {_output_path(deploy, job)}",
        details=details,
        service=job.name,
    )


def _wait(host: Host, service: str, container: Container) -> Optional[Container]:
    waited = 0.0
    while not wait_until(lambda: not _runs(host.engine, container), timeout=_TELL_EVERY, poll=_POLL):
        waited += _TELL_EVERY
        host.note(f"the job {service} has been running for {waited:g} s")
    return _inspect(host.engine, container)


def _runs(engine: Engine, container: Container) -> bool:
    found = _inspect(engine, container)
    return found is not None and found.running


def _inspect(engine: Engine, container: Container) -> Optional[Container]:
    raw = engine.inspect(container.id)
    return parse_container(raw) if raw is not None else None


def _output_path(deploy: Deploy, job: Service) -> str:
    return str(deploy.paths.task(deploy.request.task) / f"job-{job.name}.log")


def _keep_output(deploy: Deploy, job: Service, container: Container) -> None:
    folder = deploy.paths.task(deploy.request.task)
    try:
        make_folder(folder)
        with open_private(folder / f"job-{job.name}.log") as stream:
            bound = Bound(_KEPT_WITHIN, _KEPT_BYTES)
            lines = deploy.engine.logs(container.id, tail=_KEPT_LINES, bound=bound)
            stream.writelines(f"{line}\n" for line in lines)
    except (OSError, EngineFault) as error:
        fault = as_fault(error)
        deploy.host.warn(f"not all of the output of the job {job.name} is kept: {fault.why or fault.what}")
