"""How a container starts, is restarted, ends, and how often it is there."""

from __future__ import annotations

from fairlead.app.images.facts import brings_init, is_official, keeps_nothing
from fairlead.app.images.known import short_name
from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import service_rule
from fairlead.judge.policy.subject import seconds_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairlead.judge.policy.subject import View

_DATABASE_GRACE = 60.0
_SIGNALS = {"postgres": "SIGINT", "postgis": "SIGINT", "pgvector": "SIGINT", "nginx": "SIGQUIT"}
"""What makes an image end in order, where it is not SIGTERM: its own STOPSIGNAL."""
_INITS = ("tini", "dumb-init", "docker-init", "s6-svscan", "/init", "catatonit", "runit", "supervisord")


@service_rule("restart-policy", unless="job")
def restart_policy(view: View) -> Iterator[Fault]:
    """A service that stays down, or that is tried for ever. Whether `always` or `unless-stopped` is taste."""
    restart = view.text("restart")
    if restart in {"", "no"}:
        what = "it stays down when it crashes, and after the host was restarted"
        path = view.at("restart") if restart else view.path
        yield Fault(path, what, "write restart: unless-stopped", key=not restart)
    elif restart == "on-failure":
        what = "restart: on-failure without a number tries for ever"
        yield Fault(view.at("restart"), what, "write restart: on-failure:5, or unless-stopped")
    if restart and "restart_policy" in view.mapping("deploy"):
        what = f"deploy.restart_policy silently takes the place of restart: {restart}"
        yield Fault(view.at("deploy", "restart_policy"), what, "remove it", key=True)


@service_rule("no-init")
def no_init(view: View) -> Iterator[Fault]:
    """A main process that is process 1 and does not know it."""
    if view.get("init") is True or (not view.is_own and brings_init(view.service.reference)):
        return
    entry = " ".join(str(word) for word in view.list("entrypoint")) or view.service.dockerfile.entrypoint
    if any(name in entry for name in _INITS):
        return
    what = "its program is process 1: signals that it does not handle are lost, and zombies stay"
    # Over an init of its own the image dies of another one, and a false is somebody's word.
    is_safe = (view.is_own and not brings_init(view.reference)) or is_official(view.service.reference)
    repair = (view.at("init"), "true") if is_safe and "init" not in view.definition else None
    written = view.at("init") if "init" in view.definition else view.path
    yield Fault(written, what, "write init: true", key="init" not in view.definition, repair=repair)


@service_rule("stop-grace", unless="job")
def stop_grace(view: View) -> Iterator[Fault]:
    """A service that is killed before it is done."""
    yield from _short_grace(view)
    signal = view.text("stop_signal").upper()
    name = short_name(view.reference)
    wanted = _SIGNALS.get(name, "SIGTERM")
    if signal in {"SIGKILL", "KILL", "9"}:
        what = "SIGKILL ends it in the middle of what it does"
        yield Fault(view.at("stop_signal"), what, f"write {wanted}", rank=3)
    elif signal and name in _SIGNALS and signal.removeprefix("SIG") != wanted.removeprefix("SIG"):
        meaning = "ends sessions and flushes its log" if wanted == "SIGINT" else "answers what it has in hand"
        what = f"{signal} is not how {name} ends in order: on {wanted} it {meaning}"
        yield Fault(view.at("stop_signal"), what, f"remove it, or write {wanted}", rank=3)


def _short_grace(view: View) -> Iterator[Fault]:
    grace = seconds_of(view.text("stop_grace_period"))
    is_database = view.role == "state" and not keeps_nothing(view.service.reference)
    if grace is None:
        if view.list("pre_stop"):
            what = "pre_stop is its only drain: Compose alone runs it, not a crash, `docker stop` or a reboot"
            fix = "let the program finish its work on SIGTERM, and write stop_grace_period"
            yield Fault(view.at("pre_stop"), what, fix, key=True)
            return
        what = "it is killed 10 s after it was asked to stop, whatever it has in hand"
        longest = {"worker": "the time of its longest task", "state": "60s or more"}.get(view.role, "30s")
        yield Fault(view.path, what, f"write stop_grace_period: {longest}", key=True)
    elif is_database and grace < _DATABASE_GRACE:
        what = f"a database has {grace:g} s to write what it holds in memory; killed, it recovers at the next start"
        yield Fault(view.at("stop_grace_period"), what, "write stop_grace_period: 60s or more")


@service_rule("job-shape", only=("job",))
def job_shape(view: View) -> Iterator[Fault]:
    """A job that is written like a service, or that every `up` waits for."""
    if view.text("restart") not in {"", "no"}:
        what = f"a job with restart: {view.text('restart')} is started again by the engine, behind who waits for it"
        yield Fault(view.at("restart"), what, 'write restart: "no"')
    if view.list("ports"):
        yield Fault(
            view.at("ports"), "a job publishes a port: nobody knows when it answers", "remove it", key=True
        )
    if view.mapping("healthcheck") and view.get("healthcheck", "disable") is not True:
        what = "a job has a health check: it is done when it ends, not when it is healthy"
        yield Fault(view.at("healthcheck"), what, "remove it", key=True)
    if not view.list("profiles") and view.name not in view.subject.awaited:
        what = (
            "nobody waits for this job, and it has no profile: `up --wait` ends with an error when it is done"
        )
        yield Fault(view.path, what, "write profiles: [jobs], and run it with `compose run --rm`", key=True)


@service_rule("migration-gates-roll")
def migration_gates_roll(view: View) -> Iterator[Fault]:
    """A service that is rolled and says that it waits for a job which the deploy runs before."""
    subject = view.subject
    if not subject.deployed or subject.development or not view.service.is_rolled:
        return
    for name, _ in view.depends_on():
        job = subject.services.get(name)
        if job is not None and job.role == "job":
            what = (
                f"`up` stops the running one before {name} has run: an outage as long as it takes, or longer"
            )
            fix = f"remove it, and write profiles: [jobs] at {name}: the deploy runs it first"
            yield Fault(view.at("depends_on", name), what, fix, key=True)


@service_rule("single-writer", only=("job", "state"))
def single_writer(view: View) -> Iterator[Fault]:
    """Several of what must be alone."""
    for steps in (("deploy", "replicas"), ("scale",)):
        count = view.get(*steps)
        if isinstance(count, int) and count != 1:
            meaning = "run a job" if view.is_job else "write the same data"
            what = f"{count} containers {meaning}" if count else "with 0 containers it does not run"
            yield Fault(view.at(*steps), what, "remove it")
            return
